"""JSON texts of requests as values: nothing taken twice, no number changed. Knows JSON; not fields.

orjson reads a query vector in a fraction of json's time, but takes the last of two equal names, turns
integers beyond 64 bits to floats and refuses NaN with the whole text. Where one of these may be, json
reads the text again.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable
from typing import Any

import orjson

from engine.core.values import exact_number_of, shown
from engine.errors import InvalidParameterValue

_LARGE = 256 << 10
_FEW = 50  # names of an object that is no list of rows
_SPACED = re.compile(rb'"[ \t\n\r]+:')
# While orjson runs, no other thread does: of several with large texts, the event loop, which waits
# its turn among them, would wait for each.
_one_at_a_time = threading.Lock()


def parse_json(text: str | bytes) -> Any:
    """A JSON text as values.

    Raises:
        ValueError: not JSON; NaN and Infinity are not, and neither is what nests too deep.
        InvalidParameterValue: an object has a name twice; names it.
    """
    values = _load(text)
    if _may_repeat(text, values):
        _read(text)
    return values


def _load(text: str | bytes) -> Any:
    if len(text) <= _LARGE:
        return orjson.loads(text)
    with _one_at_a_time:
        return orjson.loads(text)


def parse_rows(text: str | bytes) -> Any:
    """The same for rows, each of which is checked on its own: NaN and half characters come through."""
    try:
        values = parse_json(text)
    except orjson.JSONDecodeError:
        return _read(text)
    rows = [row.values() for row in values if isinstance(row, dict)] if _is_list(values) else []
    return _read(text) if any(map(_has_large_number, rows)) else values


def parse_keys(text: str | bytes) -> Any:
    """The same for an object with lists of keys: integers beyond 64 bits are what they are."""
    values = parse_json(text)
    given = values.values() if isinstance(values, dict) else []
    large = _has_large_number(given) or any(map(_has_large_number, filter(_is_list, given)))
    return _read(text) if large else values


def parse_exactly(text: str | bytes) -> Any:
    """The same for filters, in which a number that no double holds is a Decimal."""
    return _read(text, parse_float=exact_number_of)


def _read(text: str | bytes, **options: Any) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, **options)
    except RecursionError:
        raise ValueError("it nests too deep") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidParameterValue(
            f"The JSON object {shown(dict(pairs))} has the name {twice!r} "
            f"{names.count(twice)} times; give each name once."
        )
    return values


def _may_repeat(text: str | bytes, values: Any) -> bool:
    """Whether more names may be written than were read; where not, none is repeated for sure."""
    data = text.encode() if isinstance(text, str) else text
    names = _count_names(values)
    if not _stands_more_often(b":", data, names):  # each name has one; texts may hold more
        return False
    # A name ends in `":`. Inside a text the quote is escaped, but so is a backslash that ends a name.
    if _SPACED.search(data):
        data = data.translate(None, b" \t\n\r")
    written = data.count(b'":')
    if b"\\" in data:
        written += data.count(b'\\\\":') - data.count(b'\\":')
    return written > names


def _stands_more_often(sign: bytes, data: bytes, times: int) -> bool:
    """Whether a sign stands more often in a text than that.

    `count` looks at each byte, which takes a twentieth of a query's time; `find` leaps to the sign.
    """
    if times > _FEW:
        return data.count(sign) > times
    place = -1
    for _ in range(times + 1):
        place = data.find(sign, place + 1)
        if place < 0:
            return False
    return True


def _count_names(values: Any) -> int:
    """Names of all objects; not those in lists that begin with something else, such as a vector."""
    if isinstance(values, dict):
        inner = [v for v in values.values() if isinstance(v, (dict, list))]
        return len(values) + sum(map(_count_names, inner))
    if isinstance(values, list) and values and isinstance(values[0], (dict, list)):
        return sum(map(_count_names, values))
    return 0


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _has_large_number(values: Iterable[Any]) -> bool:
    """Whether one is a float that an integer beyond 64 bits may have become."""
    return any(type(value) is float and not -(2**63) < value < 2**63 for value in values)
