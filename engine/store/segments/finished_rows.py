"""Rows of a segment as finished Python values; those asked for last are kept. Knows no files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine.store.segments.columns import Columns

Form = Callable[[Sequence[Any]], Sequence[Any]]  # what is made of the values of one column
Row = tuple[Any, ...]

_MOST_BYTES = 8 << 20  # of the rows that are kept of some columns, about
_MOST_ROWS = 16_384
_LET_GO = 4  # the oldest of so many parts go where there is no room
_SMALL_SHARE = 16  # of what is kept: an answer of more rows would drive out all others


class FinishedRows:
    """Values of some columns by row. Safe to use from many threads.

    A segment never changes, so a row that was finished once stays right. Columns with values that a
    caller could change (lists, structs) are finished each time.
    """

    def __init__(self, columns: Columns, form: Form | None = None) -> None:
        """
        Args:
            form: what is made of a column's values; None for the values as they are stored.
        """
        self._columns, self._form = columns, form
        self._most = min(_MOST_ROWS, int(_MOST_BYTES / columns.row_bytes))
        if columns.are_nested:
            self._most = 0
        self._kept: dict[int, Row] = {}

    def take(self, rows: Sequence[int]) -> list[Row]:
        """The values of some rows, in their order."""
        if len(rows) * _SMALL_SHARE > self._most:
            return self._made(rows)
        kept = self._kept
        found = [kept.get(row) for row in rows]
        if None not in found:
            return found  # type: ignore[return-value]
        missing = [row for row, values in zip(rows, found) if values is None]
        if len(kept) + len(missing) > self._most:
            for row in list(kept)[: self._most // _LET_GO]:  # other threads may do the same
                kept.pop(row, None)
        made = dict(zip(missing, self._made(missing)))
        kept.update(made)
        return [made[row] if values is None else values for row, values in zip(rows, found)]

    def _made(self, rows: Sequence[int]) -> list[Row]:
        return finished(self._columns.take(np.array(rows, dtype=np.int64)), self._form)


def finished(columns: Sequence[Sequence[Any]], form: Form | None) -> list[Row]:
    """Rows of at least one column's values, each column brought into a form before."""
    return list(zip(*(columns if form is None else map(form, columns))))
