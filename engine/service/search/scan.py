"""Rows of one version in the order of their keys. Knows the API's typed values; not queries.

Each page says where it ended, and the next one starts behind that key, so that a scan may span versions:
a row that all of them hold is visited once, also while other rows come and go.
"""

from __future__ import annotations

import bisect
import threading
import weakref
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Rows
from engine.core.assumptions import MAX_SCANNED_ROWS
from engine.core.reply import typed_fields
from engine.core.schema import IndexSpec
from engine.core.values import integer_of, shown
from engine.errors import InvalidParameterValue
from engine.service.search.hits import fetch
from engine.store.indexes.versions import Part, Version
from engine.store.segments.columns import number_array
from engine.store.segments.segment import Segment

DEFAULT_ROWS = 10
_orders: weakref.WeakKeyDictionary[Segment, KeyOrder] = weakref.WeakKeyDictionary()
_one_at_a_time = threading.Lock()  # guards the dictionary


def scan(
    spec: IndexSpec, version: Version, num_results: object, last_primary_key: object
) -> dict[str, Any]:
    """The API's scan reply: rows after a key, with every stored column.

    Args:
        num_results: 1 to 10,000; None for 10.
        last_primary_key: the last key of the page before, as text or as it is; None starts at the
            smallest. Its row may be gone meanwhile.

    Returns:
        `{"data": [{"fields": [...]}, ...], "last_primary_key": text}`; `{}` behind the last row:
        clients loop until a page is empty. Integer keys ascend as numbers, text by code point.

    Raises:
        InvalidParameterValue: another number of rows, or a key that is not of the key's type.
    """
    rows, last = rows_after(spec, version, num_results, last_primary_key)
    if last is None:
        return {}
    data = [{"fields": typed_fields(row)} for row in rows]
    return {"data": data, "last_primary_key": last}


def rows_after(
    spec: IndexSpec, version: Version, num_results: object, last_primary_key: object
) -> tuple[list[dict[str, Any]], str | None]:
    """The rows of a scan's page, each with its values by column, and the last one's key as text.

    Behind the last row there are none, and no key. See `scan`.
    """
    wanted = _row_count(num_results)
    is_text = version.columns[spec.primary_key].kind == "string"
    after = None if last_primary_key is None else _key(last_primary_key, is_text, spec)
    found: list[tuple[Any, int, int]] = []
    for number, part in enumerate(version.parts):
        pairs = _order_of(part.segment, spec).rows_after(after, part)
        found += [(key, number, row) for key, row in islice(pairs, wanted)]
    found = sorted(found)[:wanted]
    if not found:
        return [], None
    # Columns of the engine's own are left out.
    names = [name for name in version.columns if not name.startswith("__")]
    parts = np.array([part for _, part, _ in found], dtype=np.int64)
    rows = np.array([row for _, _, row in found], dtype=np.int64)
    values = zip(*fetch(version, parts, rows, names))
    return [dict(zip(names, row)) for row in values], str(found[-1][0])


def _row_count(given: object) -> int:
    """How many rows a page of a scan has."""
    wanted = DEFAULT_ROWS if given is None else given
    if (
        isinstance(wanted, bool)
        or not isinstance(wanted, int)
        or not 1 <= wanted <= MAX_SCANNED_ROWS
    ):
        raise InvalidParameterValue(
            f"num_results is {shown(given)}; a scan expects an integer from 1 to "
            f"{MAX_SCANNED_ROWS}."
        )
    return wanted


def _key(given: object, is_text: bool, spec: IndexSpec) -> Any:
    """A key as the index holds it: text may stand for a number, and a number for text."""
    if is_text and isinstance(given, (str, int)) and not isinstance(given, bool):
        return given if isinstance(given, str) else shown(given)
    if not is_text and isinstance(given, float) and given.is_integer():
        return int(given)  # queries send integers as floats
    if not is_text and isinstance(given, (str, int)) and not isinstance(given, bool):
        try:
            return integer_of(given) if isinstance(given, str) else given
        except ValueError:
            pass
    kind = "text" if is_text else "an integer"
    raise InvalidParameterValue(
        f"last_primary_key is {shown(given)}; the key {spec.primary_key!r} is {kind}. Give the "
        "last_primary_key of the page before."
    )


def _order_of(segment: Segment, spec: IndexSpec) -> KeyOrder:
    with _one_at_a_time:
        known = _orders.get(segment)
    if known is None:
        known = KeyOrder(segment.metadata.column(spec.primary_key))
        with _one_at_a_time:
            known = _orders.setdefault(segment, known)
    return known


class KeyOrder:
    """The rows of a segment in the order of their keys; sorted once."""

    def __init__(self, keys: pa.Array) -> None:
        """Sort distinct keys without nulls: integers, or text by code point."""
        import pyarrow.compute as pc  # queries don't need it

        if pa.types.is_dictionary(keys.type):
            keys = keys.dictionary_decode()
        self._keys = keys
        self._numbers = number_array(keys) if pa.types.is_integer(keys.type) else None
        # Text is compared as UTF-8 bytes, whose order is that of the code points.
        order = pc.sort_indices(keys).to_numpy(zero_copy_only=False)
        self._order: Rows = order.astype(np.uint32)  # half the memory; segments hold fewer rows

    def rows_after(self, key: Any, part: Part) -> Iterator[tuple[Any, int]]:
        """(key, row) of the live rows behind a key, ascending; of all for None.

        Args:
            part: this segment as a version sees it.
        """
        start = 0
        if key is not None:
            places = range(len(self._order))
            start = bisect.bisect_right(places, key, key=lambda place: self._key(place))
        for place in range(start, len(self._order)):
            row = int(self._order[place])
            if part.delete_bitmap is None or row not in part.delete_bitmap:
                yield self._key(place), row

    def _key(self, place: int) -> Any:
        row = int(self._order[place])
        return self._keys[row].as_py() if self._numbers is None else int(self._numbers[row])
