"""Where the vectors of a source table's rows come from. Knows batches; not what an index holds.

A sync asks in two steps: first which rows of a batch can have a vector at all, then, once it knows
which rows are new or changed, for the vectors of those.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import pyarrow as pa

from engine.core.arrays import Mask, Matrix
from engine.core.schema import IndexSpec
from engine.store.vector_columns import to_matrix


class BatchVectors(Protocol):
    """The vectors of one batch of rows."""

    @property
    def good(self) -> Mask:
        """(n,) rows that can have a vector, as far as is known."""

    @property
    def absent(self) -> Mask:
        """(n,) rows that say that they have none; the others that aren't good are faulty."""

    @property
    def reasons(self) -> dict[int, str]:
        """Why each row that isn't good has none."""

    @property
    def given(self) -> Matrix | None:
        """(m, dimension) float32 of the good rows, where the table itself holds vectors."""

    def compute(self, rows: Mask) -> dict[int, str]:
        """Get the vectors of some good rows ready; returns which failed, and why."""

    def take(self, rows: Mask) -> Matrix:
        """(m, dimension) float32 of rows that were computed and did not fail, in order."""


class RowVectors(Protocol):
    """The vectors of a source table.

    Attributes:
        retry: some row failed that may not fail at the next try, with the same table.
        model: `encoder` and `fingerprint` of the model that makes them; None where no model does.
    """

    @property
    def retry(self) -> bool: ...

    @property
    def model(self) -> Mapping[str, str] | None: ...

    def of(self, batch: pa.RecordBatch) -> BatchVectors:
        """The vectors of a batch, which has the index's columns."""


class StoredVectors:
    """Vectors that the table holds in a column."""

    retry = False
    model = None

    def __init__(self, spec: IndexSpec) -> None:
        self._spec = spec

    def of(self, batch: pa.RecordBatch) -> BatchVectors:
        column = batch.column(self._spec.vector_column)
        matrix, good, reasons = to_matrix(column, self._spec.dimension)
        absent = column.is_null().to_numpy(zero_copy_only=False)
        return _Known(matrix, good, absent, reasons, matrix)


class NoVectors:
    """The rows of a full-text index: vectors of length 0."""

    retry = False
    model = None

    def of(self, batch: pa.RecordBatch) -> BatchVectors:
        rows = batch.num_rows
        none = np.empty((rows, 0), dtype=np.float32)
        return _Known(none, np.ones(rows, dtype=np.bool_), np.zeros(rows, dtype=np.bool_), {}, None)


class _Known:
    """Vectors that need no computing: `matrix` holds those of the good rows, in order."""

    def __init__(
        self,
        matrix: Matrix,
        good: Mask,
        absent: Mask,
        reasons: dict[int, str],
        given: Matrix | None,
    ) -> None:
        self._matrix, self.given = matrix, given
        self.good, self.absent, self.reasons = good, absent, reasons

    def compute(self, rows: Mask) -> dict[int, str]:
        return {}

    def take(self, rows: Mask) -> Matrix:
        return self._matrix[rows[self.good]]
