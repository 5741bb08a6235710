"""The columns of a large segment, of which only those row groups are read that answers need.

So the first answer of a process costs the same whatever the number of rows. Each later one reads some
more beside its own, until all is there: a stream of queries soon reads nothing at all, none of them
pays for the whole, and what is kept is never more than the whole column. No thread of its own does
it: that would take a core from queries, and processes end, fork and close indexes at any moment.
Knows groups and columns; what a read costs and raises is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Rows
from engine.errors import CorruptFile
from engine.store.segments.row_groups.filling import (
    AnyColumn,
    FilledPieces,
    FilledTexts,
    FilledWords,
    WholeColumns,
    all_filled,
    empty_column,
    groups_of,
)
from engine.threads import ThreadLock

_AHEAD_ROWS = 262_144  # that a query reads at most beside its own: 32 groups, a tenth of a second

_MOST_SETS = 64  # of columns that are asked for together

# Arrays of some columns of one group; the last argument says whether texts come as dictionaries.
Read = Callable[[Sequence[str], int, bool], list[pa.Array]]


class RowGroups:
    """Values of columns for rows; safe to use from many threads.

    Attributes:
        whole_sets: columns that were asked for together and of which nothing needs to be read any more.
    """

    def __init__(self, schema: pa.Schema, starts: Rows, read: Read, lock: ThreadLock) -> None:
        """Nothing is read before it is needed.

        Args:
            starts: (groups + 1,) the first row of each group, and the number of rows.
            lock: held while one group is read.
        """
        self._schema, self._starts, self._read = schema, starts, read
        self._columns: dict[str, AnyColumn] = {}
        self.whole_sets: dict[tuple[str, ...], WholeColumns] = {}
        self._asked: set[tuple[str, ...]] = set()
        self._damaged: set[int] = set()  # groups that were not readable when nobody asked for them
        self._lock = lock

    def take(self, names: tuple[str, ...], rows: Rows) -> list[list[Any]]:
        """Values of some columns for some rows: a list for each column.

        Raises:
            what reading raises, of groups that hold one of the rows.
        """
        whole = self.whole_sets.get(names)
        if whole is not None:
            return whole.take(rows)
        groups = groups_of(self._starts[1:], rows)
        return [column.take(rows, groups) for column in self._with(names, groups)]

    def whole(self, name: str) -> AnyColumn | None:
        """A column with all groups; None where it is one that filters can't read in memory.

        Raises:
            what reading raises.
        """
        for group in range(len(self._starts) - 1):
            [column] = self._now((name,))
            if isinstance(column, (FilledTexts, FilledPieces)):
                return None
            if not column.filled[group]:
                with self._lock:
                    self._fill((name,), [group])
        return self._now((name,))[0]

    def _with(self, names: tuple[str, ...], groups: Rows) -> list[AnyColumn]:
        """The columns, with these groups filled."""
        columns = self._now(names)
        if not all_filled(columns, groups):
            wanted = np.unique(groups).tolist()
            with self._lock:
                columns = self._fill(names, wanted)
        if names in self._asked:
            self._read_ahead(names)
        if len(self._asked) >= _MOST_SETS:
            self._asked, self.whole_sets = set(), {}
        self._asked.add(names)
        if not any(column.left for column in columns):
            self.whole_sets[names] = WholeColumns(columns, self._starts)
        return columns

    def _now(self, names: Iterable[str]) -> list[AnyColumn]:
        known = self._columns
        if not all(name in known for name in names):
            with self._lock:
                for name in names:
                    if name not in known:
                        known[name] = empty_column(self._schema.field(name).type, self._starts)
        return [known[name] for name in names]

    def _fill(self, names: Sequence[str], groups: Sequence[int]) -> list[AnyColumn]:
        """Read what is missing of some groups; with the lock."""
        while True:  # again where a column's texts were found to be too many
            columns = dict(zip(names, self._now(names)))
            left = {
                group: [name for name, column in columns.items() if not column.filled[group]]
                for group in groups
            }
            if not any(left.values()):
                return [columns[name] for name in names]
            for group, missing in left.items():
                self._fill_group(missing, group)

    def _fill_group(self, names: Sequence[str], group: int) -> None:
        plain = [name for name in names if isinstance(self._columns[name], FilledTexts)]
        for some, as_words in ((plain, False), ([n for n in names if n not in plain], True)):
            for name, read in zip(some, self._read(some, group, as_words) if some else ()):
                column = self._columns[name]
                column.fill(group, read)
                if isinstance(column, FilledWords) and not column.repeats:
                    self._columns[name] = FilledTexts(self._starts)

    def _read_ahead(self, names: Sequence[str]) -> None:
        missing = np.logical_or.reduce([~column.filled for column in self._now(names)])
        rows = 0
        for group in np.flatnonzero(missing).tolist():
            rows += int(self._starts[group + 1] - self._starts[group])
            # Another thread that reads does it for all.
            if rows > _AHEAD_ROWS or not self._lock.acquire(blocking=False):
                return
            try:
                if group not in self._damaged:
                    self._fill(names, [group])
            except CorruptFile:
                self._damaged.add(group)  # its rows say so when they are asked for
            finally:
                self._lock.release()
