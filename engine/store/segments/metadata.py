"""The DuckDB wall of searches: the other columns of a segment, and its row masks.

Columns are read from Parquet when first needed and kept, text as a dictionary of its distinct values,
which DuckDB compares once each. Of a large segment only the row groups are read that an answer needs.
"""

from __future__ import annotations

import contextlib
import itertools
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.core.arrays import Mask, Rows
from engine.core.filters.in_memory import Held, mask_of
from engine.core.filters.sql import to_sql
from engine.core.filters.tree import Node, columns_of
from engine.errors import CorruptFile
from engine.store.segments.columns import Columns, Take, held_for_filters, number_form, taker
from engine.store.segments.finished_rows import FinishedRows, Form, Row, finished
from engine.store.segments.row_groups.filling import FilledNumbers
from engine.store.segments.row_groups.row_groups import RowGroups
from engine.threads import ThreadLock

if TYPE_CHECKING:
    import duckdb

_ROW = "row_number"
_SMALL_ROWS = 2048
_GROUPS_FROM = 131_072  # rows from which reading whole columns delays a first answer noticeably
_MOST_TOGETHER = 8  # sets of columns that are asked for again and again
_one_at_a_time = ThreadLock()  # guards the database
_view_numbers = itertools.count()
_forgotten: deque[str] = deque()  # views of segments that are gone; filled by the collector


class RowTable:
    """The metadata rows of one segment; safe to use from many threads."""

    def __init__(self, path: Path | pa.Buffer | pa.Table) -> None:
        """Open `rows.parquet` of a segment, or the bytes of such a file; or take a table as it is.

        Raises:
            CorruptFile: not readable as Parquet. OSError: the system refused to open it.
        """
        self._lock = ThreadLock()  # of reading, too: a Parquet file is read by one thread
        self._columns: dict[str, pa.Array] = {}
        self._groups: RowGroups | None = None
        if isinstance(path, pa.Table):
            self.schema: pa.Schema = path.schema
            self.rows: int = path.num_rows
            self._columns |= {name: _one_array(path.column(name)) for name in self.schema.names}
        else:
            self._path = path
            self._open_parquet()
        self._takers: dict[str, Take] = {}
        self._together: dict[tuple[str, ...], Columns] = {}
        self._finished: dict[tuple[tuple[str, ...], Form | None], FinishedRows] = {}
        self._held: dict[str, Held | None] = {}
        self._view = f"segment_{next(_view_numbers)}"
        # Names of our own: DuckDB's ignore letter case, and a user's column may be called anything.
        # A column keeps its name for good, because another thread may be using it.
        self._aliases: dict[str, str] = {}

    def _open_parquet(self) -> None:
        try:
            self._plain = self._parquet = self._open()
            self.schema = self._plain.schema_arrow
            texts = [f.name for f in self.schema if pa.types.is_string(f.type)]
            if texts:
                known = self._plain.metadata
                self._parquet = self._open(read_dictionary=texts, metadata=known)
        except (pa.ArrowException, OSError) as error:
            if getattr(error, "errno", None) is not None:  # the system's word, not Arrow's
                raise
            raise self._damaged(error) from None
        known = self._parquet.metadata
        self.rows = known.num_rows
        if self.rows >= _GROUPS_FROM and isinstance(self._path, Path):
            sizes = [known.row_group(group).num_rows for group in range(known.num_row_groups)]
            starts = np.cumsum([0, *sizes], dtype=np.int64)
            self._groups = RowGroups(self.schema, starts, self._read_group, self._lock)

    def _open(self, **options: Any) -> pq.ParquetFile:
        # Kept open, so that this version stays readable after its files were collected; not mapped,
        # because a mapped file that is cut short ends the process. And not pq.read_table, which
        # imports pyarrow.dataset, and with it pandas, for a second.
        source = self._path if isinstance(self._path, Path) else pa.BufferReader(self._path)
        return pq.ParquetFile(source, memory_map=False, page_checksum_verification=True, **options)

    def _damaged(self, error: Exception) -> CorruptFile:
        return CorruptFile(f"{self._path} is damaged ({error}). Sync the index again.")

    def column(self, name: str) -> pa.Array:
        """One whole column, as one array; text that repeats is a dictionary array.

        Raises:
            CorruptFile: its bytes are not those that were written.
        """
        with self._lock:
            if name not in self._columns:
                if self._groups is not None and number_form(self.schema.field(name).type):
                    numbers = self._groups.whole(name)
                    assert isinstance(numbers, FilledNumbers)
                    return self._columns.setdefault(name, numbers.as_arrow())
                # One read of a small file costs as much as one of a column of it.
                self._load([name] if self.rows > _SMALL_ROWS else self.schema.names)
            return self._columns[name]

    def _load(self, names: list[str]) -> None:
        if not names:
            return
        read = self._read(self._parquet, names)
        many = []  # text that hardly repeats
        for name in names:
            column = _one_array(read.column(name))
            if pa.types.is_dictionary(column.type) and 2 * len(column.dictionary) > len(column):
                many.append(name)
            else:
                self._columns.setdefault(name, column)
        del read
        if many:  # read again, plainly: decoding would import pyarrow.compute, for 50 ms
            plain = self._read(self._plain, many)
            for name in many:
                self._columns.setdefault(name, plain.column(name).combine_chunks())
        pa.default_memory_pool().release_unused()  # reading took several times what is kept

    def _read(self, parquet: pq.ParquetFile, names: list[str]) -> pa.Table:
        try:
            # Not in threads: each would keep memory for itself.
            return parquet.read(columns=names, use_threads=False)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from None

    def _read_group(self, names: Sequence[str], group: int, as_words: bool) -> list[pa.Array]:
        parquet = self._parquet if as_words else self._plain
        try:
            read = parquet.read_row_group(group, columns=list(names), use_threads=False)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from None
        return [_one_array(read.column(name)) for name in names]

    def take(self, name: str, rows: Rows) -> list[Any]:
        """Values of a column for some rows, as Python objects."""
        if self._groups is not None:
            return self._groups.take((name,), rows)[0]
        take = self._takers.get(name)
        if take is None:
            take = self._takers.setdefault(name, taker(self.column(name)))
        return take(rows)

    def take_all(self, names: Sequence[str], rows: Rows) -> list[list[Any]]:
        """Values of some columns for some rows: a list for each column."""
        key = tuple(names)
        if self._groups is not None:
            return self._groups.take(key, rows)
        return self._columns_of(key).take(rows)

    def _columns_of(self, names: tuple[str, ...]) -> Columns:
        together = self._together.get(names)
        if together is None:
            if len(self._together) >= _MOST_TOGETHER:
                self._together.clear()
            with self._lock:
                self._load([name for name in names if name not in self._columns])
                columns = [self._columns[name] for name in names]
            together = self._together.setdefault(names, Columns(columns))
        return together

    def take_rows(
        self, names: Sequence[str], rows: Sequence[int], form: Form | None = None
    ) -> list[Row]:
        """Values of some columns, at least one, by row; `form` makes something of a column's values."""
        key = tuple(names)
        if self._groups is not None:
            return finished(self._groups.take(key, np.array(rows, dtype=np.int64)), form)
        known = self._finished.get((key, form))
        if known is None:
            if len(self._finished) >= _MOST_TOGETHER:
                self._finished.clear()
            made = FinishedRows(self._columns_of(key), form)
            known = self._finished.setdefault((key, form), made)
        return known.take(rows)

    def has_taken(self, names: Sequence[str]) -> bool:
        """Whether `take_all` was asked for these columns before, and needs to read nothing any more."""
        known = self._together if self._groups is None else self._groups.whole_sets
        return tuple(names) in known

    def read(self, rows: Rows) -> pa.Table:
        """Some rows with all columns, as a table of the schema that was written."""
        # From a buffer, not pa.array: that imports pandas where it is installed, for a second.
        numbers = pa.py_buffer(np.ascontiguousarray(rows, dtype=np.int64))
        places = pa.Array.from_buffers(pa.int64(), len(rows), [None, numbers])
        taken = [self.column(name).take(places) for name in self.schema.names]
        plain = [
            column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
            for column in taken
        ]
        return pa.Table.from_arrays(plain, schema=self.schema)

    def mask(self, condition: Node) -> Mask:
        """The row mask of a filter, deleted rows included: (rows,) bool, a fresh array."""
        found = mask_of(condition, self.held)
        return self.mask_by_sql(condition) if found is None else found

    def held(self, name: str) -> Held | None:
        """A column as filters read it in memory; None where they can't, and SQL has to."""
        if name not in self._held:
            self._held.setdefault(name, self._held_of(name))
        return self._held[name]

    def _held_of(self, name: str) -> Held | None:
        if self._groups is None:
            return held_for_filters(self.column(name))
        column = self._groups.whole(name)
        return None if column is None else column.held()

    def mask_by_sql(self, condition: Node) -> Mask:
        """The same, of any filter, by DuckDB."""
        names = columns_of(condition)
        with self._lock:
            if not names <= self._aliases.keys():
                self._register(names)
            sql, parameters = to_sql(condition, self._aliases)
        with _using_database() as database:
            found = database.execute(
                f"SELECT {_ROW} FROM {self._view} WHERE {sql}", parameters
            ).fetchnumpy()[_ROW]
        mask = np.zeros(self.rows, dtype=np.bool_)
        mask[found] = True
        return mask

    def _register(self, names: set[str]) -> None:
        """Show more columns to DuckDB; they stay until this object is gone."""
        if not self._aliases:
            weakref.finalize(self, _forgotten.append, self._view)
        aliases = dict(self._aliases)
        for name in sorted(names - aliases.keys()):
            aliases[name] = f"column_{len(aliases)}"
        # From a buffer, not pa.array: that imports pandas where it is installed, for a second.
        numbers = pa.py_buffer(np.arange(self.rows, dtype=np.int64))
        rows = pa.Array.from_buffers(pa.int64(), self.rows, [None, numbers])
        table = pa.Table.from_arrays(
            [*(self.column(name) for name in aliases), rows], names=[*aliases.values(), _ROW]
        )
        with _using_database() as database:
            database.register(self._view, table)
        self._aliases = aliases


@contextlib.contextmanager
def _using_database() -> Iterator[duckdb.DuckDBPyConnection]:
    with _one_at_a_time:
        while _forgotten:  # not in a finalizer: that may run in the middle of a query
            _database().unregister(_forgotten.popleft())
        database = _database()
        try:
            yield database
        except BaseException:
            # A result that was not read to its end would refuse every later filter.
            with contextlib.suppress(Exception):
                database.fetchall()
            raise


@lru_cache(maxsize=1)
def _database() -> duckdb.DuckDBPyConnection:
    """The process's one database in memory: opening another takes ten times as long as a filter."""
    import duckdb  # a tenth of a second that only filters need

    # What it lacks it would fetch from a host, and load what lies in the user's home folder.
    offline = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    return duckdb.connect(config={"threads": 2, **offline})


def _one_array(column: Any) -> pa.Array:
    if not isinstance(column, pa.ChunkedArray):
        return column
    if pa.types.is_dictionary(column.type):
        whole = column.unify_dictionaries().combine_chunks()
        return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    return column.combine_chunks()
