"""From primary keys to rows of one segment. Knows integers and text; not files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Rows
from engine.store.segments.columns import number_array

_COMPARED = 65_536  # keys at a time


class KeyIndex:
    """Finds the rows of keys. Integers by binary search, text by a dictionary made at first use."""

    def __init__(self, column: pa.Array) -> None:
        """Index a column of distinct keys without nulls: integers or text."""
        self._row_of: dict[Any, int] | None = None
        self._order: Rows | None = None  # rows by key; None where the keys ascend
        if pa.types.is_integer(column.type) and not pa.types.is_uint64(column.type):
            keys = number_array(column).astype(np.int64, copy=False)
            # As most tables have them: nothing to sort, and no copy beside the column.
            self._order = None if _ascend(keys) else np.argsort(keys, kind="stable")
            self._sorted: Rows = keys if self._order is None else keys[self._order]
        else:
            self._row_of = {key: row for row, key in enumerate(column.to_pylist())}

    def find(self, keys: Sequence[Any]) -> Rows:
        """The row of each key, -1 where there is none: (len(keys),) int64."""
        if self._row_of is not None:
            # By type too: 1.0 and True are equal to the key 1 and are not that key.
            rows = (self._row_of.get(key, -1) if type(key) in (int, str) else -1 for key in keys)
            return np.fromiter(rows, dtype=np.int64, count=len(keys))
        low, high = -(2**63), 2**63 - 1
        whole = [type(key) is int and low <= key <= high for key in keys]
        wanted = np.array([key if good else 0 for key, good in zip(keys, whole)], dtype=np.int64)
        places = np.searchsorted(self._sorted, wanted)
        places[places == len(self._sorted)] = 0
        if not len(self._sorted):
            return np.full(len(keys), -1, dtype=np.int64)
        hit = (self._sorted[places] == wanted) & np.array(whole, dtype=np.bool_)
        return np.where(hit, places if self._order is None else self._order[places], -1)


def _ascend(keys: Rows) -> bool:
    """Whether each is more than the one before; a part at a time, so that it takes no memory."""
    parts = (keys[start : start + _COMPARED + 1] for start in range(0, len(keys), _COMPARED))
    return all(bool((part[1:] > part[:-1]).all()) for part in parts)
