"""The DuckDB wall: the other columns of a segment; which rows pass a filter. The only file with duckdb.

Columns are read from Parquet when first needed and kept; rows of an answer are fetched by position
from Arrow, never by SQL.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.core.arrays import Mask, Rows
from engine.core.filter_sql import to_sql
from engine.core.filters import And, Node, Or
from engine.errors import CorruptFile
from engine.store.vector_columns import column_lists

_ROW = "row_number"
_one_at_a_time = threading.Lock()  # guards the database
_MAX_MASKS = 64  # cached filters of a segment; a mask takes one byte a row


class RowTable:
    """The metadata rows of one segment; safe to use from many threads."""

    def __init__(self, path: Path) -> None:
        """Open `rows.parquet` of a segment.

        Raises:
            CorruptFile: not readable as Parquet.
        """
        try:
            # Kept open, so that this version stays readable after its files were collected. And not
            # pq.read_table, which imports pyarrow.dataset, and with it pandas, for a second.
            self._parquet = pq.ParquetFile(path, memory_map=True)
        except (pa.ArrowInvalid, OSError) as error:
            raise CorruptFile(f"{path} is damaged ({error}). Sync the index again.") from None
        self.rows: int = self._parquet.metadata.num_rows
        self._columns: dict[str, pa.Array] = {}
        self._masks: OrderedDict[Node, Mask] = OrderedDict()
        self._lock = threading.RLock()

    def column(self, name: str) -> pa.Array:
        """One whole column."""
        with self._lock:
            if name not in self._columns:
                table = self._parquet.read(columns=[name])
                self._columns[name] = column_lists(table.column(0))
            return self._columns[name]

    def take(self, name: str, rows: Rows) -> list[Any]:
        """Values of a column for some rows, as Python objects."""
        column = self.column(name)
        return [column[int(row)].as_py() for row in rows]

    def mask(self, condition: Node) -> tuple[Mask, bool]:
        """Which rows pass a filter, (rows,) bool, and whether the answer was cached.

        The mask is shared: callers only read it.
        """
        with self._lock:
            cached = self._masks.get(condition)
            if cached is not None:
                self._masks.move_to_end(condition)
                return cached, True
            mask = self._evaluate(condition)
            mask.setflags(write=False)
            self._masks[condition] = mask
            if len(self._masks) > _MAX_MASKS:
                self._masks.popitem(last=False)
            return mask, False

    def _evaluate(self, condition: Node) -> Mask:
        names = sorted(_columns_of(condition))
        # Names of our own: DuckDB's ignore letter case, and a user's column may be called anything.
        aliases = {name: f"column_{place}" for place, name in enumerate(names)}
        arrays = [self.column(name) for name in names]
        # From a buffer, not pa.array: that imports pandas where it is installed, for a second.
        numbers = pa.py_buffer(np.arange(self.rows, dtype=np.int64))
        rows = pa.Array.from_buffers(pa.int64(), self.rows, [None, numbers])
        table = pa.Table.from_arrays([*arrays, rows], names=[*aliases.values(), _ROW])
        sql, parameters = to_sql(condition, aliases)
        with _one_at_a_time:
            database = _database().register("segment", table)
            try:
                found = database.execute(
                    f"SELECT {_ROW} FROM segment WHERE {sql}", parameters
                ).fetchnumpy()[_ROW]
            finally:
                database.unregister("segment")
        mask = np.zeros(self.rows, dtype=np.bool_)
        mask[found] = True
        return mask


@lru_cache(maxsize=1)
def _database() -> duckdb.DuckDBPyConnection:
    """The process's one database in memory: opening another takes ten times as long as a filter."""
    return duckdb.connect(config={"threads": 2})


def _columns_of(node: Node) -> set[str]:
    if isinstance(node, (And, Or)):
        return set().union(*(_columns_of(part) for part in node.parts))
    return {node.column.name}
