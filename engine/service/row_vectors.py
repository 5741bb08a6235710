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
    def reasons(self) -> dict[int, str]:
        """Why each other row has none."""

    def compute(self, rows: Mask) -> dict[int, str]:
        """Get the vectors of some good rows ready; returns which failed, and why."""

    def take(self, rows: Mask) -> Matrix:
        """(m, dimension) float32 of rows that were computed and did not fail, in order."""


class RowVectors(Protocol):
    """The vectors of a source table.

    Attributes:
        retry: some row failed that may not fail at the next try, with the same table.
        model: `encoder` and `fingerprint` of the model that makes them; None where they are there.
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
        return _Computed(*to_matrix(column, self._spec.dimension))


class NoVectors:
    """The rows of a full-text index: vectors of length 0."""

    retry = False
    model = None

    def of(self, batch: pa.RecordBatch) -> BatchVectors:
        rows = batch.num_rows
        return _Computed(np.empty((rows, 0), dtype=np.float32), np.ones(rows, dtype=np.bool_), {})


class _Computed:
    """Vectors that are there: `matrix` holds those of the good rows, in order."""

    def __init__(self, matrix: Matrix, good: Mask, reasons: dict[int, str]) -> None:
        self._matrix, self.good, self.reasons = matrix, good, reasons

    def compute(self, rows: Mask) -> dict[int, str]:
        return {}

    def take(self, rows: Mask) -> Matrix:
        return self._matrix[rows[self.good]]
