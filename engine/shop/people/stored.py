"""The rows of users' tables by user, each file read once, a row decoded when it is asked for.

With 100,000 users a new interaction changes one file of a hundred; that one alone is read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.types import is_list
from engine.errors import InvalidState
from engine.store.tables.table import Table, read_batches

KEY, VECTOR = "user_id", "user_embedding"
_ROWS = 65_536  # of a batch


@dataclass(frozen=True, eq=False)
class Part:
    """The rows of one file.

    Attributes:
        rows: without the vectors. numbers, starts: row n's vector is `numbers[starts[n]:starts[n + 1]]`;
            float32; empty for null.
    """

    rows: pa.Table
    numbers: Any
    starts: Any

    def column(self, name: str) -> list[Any]:
        """A column's values; None for all where there is none."""
        if name not in self._columns:
            there = name in self.rows.column_names
            empty = [None] * self.rows.num_rows
            self._columns[name] = self.rows.column(name).to_pylist() if there else empty
        return self._columns[name]

    def row(self, place: int) -> dict[str, Any]:
        """All columns of one row."""
        found: dict[str, Any] = self.rows.slice(place, 1).to_pylist()[0]
        return {**found, VECTOR: self.numbers[self.starts[place] : self.starts[place + 1]]}

    @cached_property
    def places(self) -> dict[str, tuple[Part, int]]:
        """User -> this part, and its row."""
        keys = enumerate(self.column(KEY))
        return {str(key): (self, place) for place, key in keys if key is not None}

    @cached_property
    def counts(self) -> dict[str, float]:
        """User -> the interactions that its row counts; infinite where it doesn't say."""
        given = self.column("num_interactions")
        known = [isinstance(n, (int, float)) and n == n for n in given]
        return {
            key: given[place] if known[place] else np.inf for key, (_, place) in self.places.items()
        }

    @cached_property
    def told(self) -> list[str]:
        """Each row's id, name and segment as one text to look for letters in."""
        columns = [self.column(name) for name in (KEY, "name", "segment")]
        rows = zip(*columns)
        return ["\n".join(str(v) for v in row if v is not None).casefold() for row in rows]

    @cached_property
    def _columns(self) -> dict[str, list[Any]]:
        return {}


class StoredRows:
    """One table's rows by user. Not safe to use from several threads at once."""

    def __init__(self) -> None:
        self._parts: dict[object, Part] = {}
        self._places: dict[str, tuple[Part, int]] = {}

    def counts(self) -> dict[str, float]:
        """Of all users, see `Part.counts`."""
        counts: dict[str, float] = {}
        for part in self._parts.values():
            counts.update(part.counts)
        return counts

    def read(self, table: Table | None) -> dict[str, tuple[Part, int]]:
        """User -> where its row is; the last one, where it has several.

        Raises:
            InvalidState: the table has no column of users.
        """
        if table is None:
            self._parts, self._places = {}, {}
            return self._places
        if KEY not in table.schema.names:
            raise InvalidState(
                f"Table {table.name} has no column {KEY}. Columns: {', '.join(table.schema.names)}."
            )
        known, self._parts = self._parts, {}
        for identity, batches in _files(table):
            self._parts[identity] = known.get(identity) or _part(table, batches)
        if list(known) != list(self._parts):
            self._places = {}
            for part in self._parts.values():
                self._places.update(part.places)
        return self._places


def _files(table: Table) -> Iterator[tuple[object, Iterator[pa.RecordBatch]]]:
    """What tells each file's bytes, in the types of the table, and its rows."""
    if table.delta is not None:
        yield table.state(), table.batches()
        return
    types = str(table.schema)
    for path, size, changed in table.identity():
        yield (path, size, changed, types), read_batches(table, Path(path), None, _ROWS)


def _part(table: Table, batches: Iterator[pa.RecordBatch]) -> Part:
    rows = pa.Table.from_batches(batches, schema=table.schema)
    place = rows.schema.get_field_index(VECTOR)
    if place < 0 or not is_list(rows.schema.types[place]):
        return Part(rows, np.empty(0, np.float32), np.zeros(rows.num_rows + 1, np.int64))
    lists = rows.column(place).cast(pa.large_list(pa.float32())).combine_chunks()
    lists = lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists
    lengths = np.asarray(lists.value_lengths().fill_null(0), dtype=np.int64)
    numbers = np.asarray(lists.flatten().fill_null(np.nan), dtype=np.float32)
    return Part(rows.remove_column(place), numbers, np.concatenate([[0], np.cumsum(lengths)]))


def text_of(row: tuple[Part, int] | None, column: str) -> str | None:
    """One text of a row, without decoding the others."""
    if row is None:
        return None
    part, place = row
    value = part.column(column)[place]
    return None if value is None or value != value else str(value)
