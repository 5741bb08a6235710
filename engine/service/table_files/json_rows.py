"""Files of JSON objects as rows: one a line, one after the other, or one list of them. Knows JSON; not
types."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from engine.errors import BadSourceFile
from engine.service.table_files.csv_rows import decoded

_NO_BLANK = re.compile(r"[ \t\r\n]*")
_LONG = re.compile(r"[0-9]{20}")
_NAME = re.compile(r'"[ \t\r\n]*:')


def read_json(path: Path, encoding: str | None = None) -> list[dict[str, Any]]:
    """The objects of a file in order; blank lines are passed over.

    Raises:
        BadSourceFile: a line that is no JSON object; names it.
    """
    return json_rows(decoded(path, encoding), str(path))


def json_rows(text: str, source: str) -> list[dict[str, Any]]:
    """The objects of a text; see `read_json`. `source` is what messages call it."""
    if text.lstrip()[:1] == "[":
        return _list(text, source)
    try:
        return list(_lines(text, source))
    except BadSourceFile:
        rows = one_after_another(text)
        if rows is None or not all(isinstance(row, dict) for row in rows):
            raise
        return rows


def one_after_another(text: str) -> list[Any] | None:
    """The values of a text that holds JSON of several lines each, or several a line; None for none."""
    decoder, place = json.JSONDecoder(object_pairs_hook=_object), 0
    found: list[Any] = []
    while True:
        place = _NO_BLANK.match(text, place).end()  # type: ignore[union-attr]
        if place == len(text):
            return found
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            return None
        found.append(value)


def _list(text: str, source: str) -> list[dict[str, Any]]:
    try:
        rows = loads(text)
    except json.JSONDecodeError as error:
        raise BadSourceFile(
            f"this is not JSON ({error.msg})", file=source, line=error.lineno if error.doc else None
        ) from None
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise BadSourceFile(f"item {number} is {row!r:.80}; expected an object", file=source)
    return list(rows)


def _lines(text: str, source: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = loads(line)
        except json.JSONDecodeError as error:
            raise BadSourceFile(
                f"this is not JSON ({error.msg})", file=source, line=number
            ) from None
        if not isinstance(row, dict):
            raise BadSourceFile(
                f"this is {row!r:.80}; expected an object", file=source, line=number
            )
        yield row


def loads(text: str) -> Any:
    """As orjson reads it; integers beyond 64 bits, NaN and the like as json does.

    Raises:
        JSONDecodeError: it is no JSON, or an object has a name twice, of which one would be lost.
    """
    if _LONG.search(text) is None:  # orjson makes doubles of them
        with contextlib.suppress(orjson.JSONDecodeError):
            value = orjson.loads(text)
            if len(_NAME.findall(text)) <= _count_names(value):
                return value
    try:
        return json.loads(text, object_pairs_hook=_object)
    except RecursionError:
        raise json.JSONDecodeError("it nests too deep", text, 0) from None
    except ValueError as error:
        if isinstance(error, json.JSONDecodeError):
            raise
        raise json.JSONDecodeError("an integer has too many digits", text, 0) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise json.JSONDecodeError(f"an object has the name {twice!r:.80} twice", "", 0)
    return values


def _count_names(value: Any) -> int:
    """Names of all objects; a text may hold what looks like one, then there are more in the file."""
    if isinstance(value, dict):
        return len(value) + sum(map(_count_names, value.values()))
    if isinstance(value, list) and value and isinstance(value[0], (dict, list)):
        return sum(map(_count_names, value))
    return 0
