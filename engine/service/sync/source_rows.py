"""Rows of a source table as a sync takes them: key, vector, content hash. Knows no index's rows.

A row can't be used where a value can't be stored, its key is null, or it has no vector; each says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Mask, Matrix
from engine.core.schema import IndexSpec
from engine.errors import BadSourceFile
from engine.service.cancellation import check
from engine.service.sync.origins import FileId
from engine.service.sync.row_vectors import BatchVectors, RowVectors
from engine.service.sync.stored_columns import stored, unstorable
from engine.store.segments.hashing import content_hashes
from engine.store.segments.segment import GROUP_COLUMN, HASH_COLUMN
from engine.store.tables.table import Table, read_batches

BATCH_ROWS = 8192
REPEATED = "the primary key appears a second time"
KEYLESS = "the primary key is null"
WHOLE_TABLE: FileId = ("", 0, 0)  # stands for the file of a table that is not read file by file


@dataclass
class RowCounts:
    """Rows of an index and of its source table, counted while they are compared.

    Attributes:
        inserted, updated, deleted: rows of the index.
        kept: rows that stay because the table holds something faulty in their place.
        failures: (primary key, reason) of rows of the table that can't be used.
    """

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    kept: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)


class SourceRows:
    """The rows of a source table, in the form that one index takes them.

    Attributes:
        table: the source table, as it was when the sync began.
        spec: the index.
        fields: the index's columns as they are stored, the table's vectors among them.
        vectors: where the rows' vectors come from.
    """

    def __init__(
        self,
        table: Table,
        spec: IndexSpec,
        fields: list[pa.Field],
        vectors: RowVectors,
        progress: Callable[[int], object],
    ) -> None:
        """`progress` is called with the number of rows that are done with."""
        self.table, self.spec, self.fields, self.vectors = table, spec, fields, vectors
        self._progress = progress
        self._metadata = pa.schema([field for field in fields if field.name != spec.vector_column])

    def skip(self, count: int) -> None:
        """Rows are done with that were read by an earlier build."""
        self._progress(count)

    def read(self, file: FileId) -> Iterator[SourceBatch]:
        """The rows of one of the table's files, or of `WHOLE_TABLE`, a batch at a time.

        Raises:
            BadSourceFile: it can't be read, or lacks a column of the index.
            Cancelled: the caller has gone.
        """
        columns = self.spec.columns
        if file == WHOLE_TABLE:
            batches = self.table.batches(columns, BATCH_ROWS)
        else:
            batches = read_batches(self.table, Path(file[0]), columns, BATCH_ROWS)
        for batch in batches:
            check()
            self._check_columns(batch, file)
            storable, left_out = self._storable(batch)
            yield self.batch(storable, left_out)
            self._progress(batch.num_rows)

    def batch(self, batch: pa.RecordBatch, left_out: list[tuple[str, str]]) -> SourceBatch:
        """Rows that have the index's columns; see `SourceBatch.left_out`."""
        return SourceBatch(batch, self, self._metadata, left_out)

    def _check_columns(self, batch: pa.RecordBatch, file: FileId) -> None:
        lost = [name for name in self.spec.columns if name not in batch.schema.names]
        if lost:
            raise BadSourceFile(
                f"it has no column {', '.join(lost)}, which index {self.spec.name} holds; its columns "
                f"are {', '.join(batch.schema.names)}. Put the column back, or delete the index and "
                "create it again",
                file=file[0],
            )

    def _storable(self, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, list[tuple[str, str]]]:
        """The rows whose values an index can hold, and key and reason of the others."""
        reasons = unstorable(batch)
        if not reasons:
            return batch, []
        keys = batch.column(self.spec.primary_key)
        kept = np.ones(batch.num_rows, dtype=np.bool_)
        kept[list(reasons)] = False
        left_out = [(_key_text(keys[row]), reason) for row, reason in sorted(reasons.items())]
        return batch.filter(pa.array(kept)), left_out


class SourceBatch:
    """A batch of `n` rows of a source table.

    Attributes:
        keys: the rows' primary keys.
        usable: (n,) rows with a key and, as far as is known, a vector.
        faulty: (n,) rows that should have a vector and have none that can be used.
        failed: why rows can't be used, by position.
        left_out: (primary key, reason) of rows that are not among the n, as they can't be stored.
    """

    def __init__(
        self,
        batch: pa.RecordBatch,
        rows: SourceRows,
        metadata: pa.Schema,
        left_out: list[tuple[str, str]],
    ) -> None:
        self._batch, self._metadata, self.left_out = batch, metadata, left_out
        self.keys: list[Any] = batch.column(rows.spec.primary_key).to_pylist()
        self._vectors: BatchVectors = rows.vectors.of(batch)
        keyless = [row for row, key in enumerate(self.keys) if key is None]
        self.usable: Mask = self._vectors.good.copy()
        self.usable[keyless] = False
        self.faulty: Mask = ~self._vectors.good & ~self._vectors.absent
        self.failed = dict(self._vectors.reasons) | dict.fromkeys(keyless, KEYLESS)

    def compute_vectors(self, rows: Mask) -> None:
        """Get the vectors of some usable rows ready; those that fail are usable no more."""
        failed = self._vectors.compute(rows)
        self.usable[list(failed)] = False
        self.faulty[list(failed)] = True
        self.failed |= failed

    @property
    def failures(self) -> list[tuple[str, str]]:
        """(primary key, reason) of each row that can't be used, in the batch's order."""
        return [(str(self.keys[row]), self.failed[row]) for row in sorted(self.failed)]

    @cached_property
    def hashes(self) -> np.ndarray:
        """(n,) uint64 content hashes of the rows as stored: equal for equal rows of any two files.

        Those of rows without a usable vector mean nothing.
        """
        table, given = self._stored, self._vectors.given
        if given is None:
            return content_hashes(table)
        good = self._vectors.good
        hashes = np.zeros(len(self.keys), dtype=np.uint64)
        hashes[good] = content_hashes(table if good.all() else table.filter(pa.array(good)), given)
        return hashes

    def take(self, rows: Mask, group: int) -> tuple[pa.Table, Matrix]:
        """Some rows as a segment holds them, whose vectors were computed: all columns, and vectors.

        Args:
            group: of files that the rows come from; see `origins`.
        """
        groups = pa.array(np.full(len(self.keys), group, dtype=np.int64))
        own = [pa.field(HASH_COLUMN, pa.uint64()), pa.field(GROUP_COLUMN, pa.int64())]
        columns = [*self._stored.columns, pa.array(self.hashes), groups]
        table = pa.table(columns, schema=pa.schema([*self._metadata, *own]))
        return table.filter(pa.array(rows)), self._vectors.take(rows)

    @cached_property
    def _stored(self) -> pa.Table:
        """Every column but the vector, as the index stores it."""
        columns = [
            stored(self._batch.column(field.name), field.type, field.name)
            for field in self._metadata
        ]
        return pa.table(columns, schema=self._metadata)


def _key_text(key: pa.Scalar) -> str:
    """A key in a report, also one whose text is no UTF-8."""
    try:
        return str(key)
    except UnicodeDecodeError:
        data: bytes = key.as_buffer().to_pybytes()
        return data.decode(errors="replace")
