"""Arrays of a file as vectors and rows: checked, and copied only where they must be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from engine.core.arrays import Matrix, Rows
from engine.errors import BadSourceFile


def as_matrix(values: np.ndarray[Any, Any], path: Path) -> Matrix:
    """(n, d) float32: the array itself where it is that already, else a copy.

    Raises BadSourceFile: another shape, or no numbers.
    """
    if values.ndim != 2 or not values.shape[1]:
        raise BadSourceFile(
            f"an array of shape {values.shape}; expected (vectors, dimension)", file=str(path)
        )
    if values.dtype.kind not in "fiu":
        raise BadSourceFile(f"an array of {values.dtype}; expected numbers", file=str(path))
    return values if values.dtype == np.dtype("<f4") else values.astype(np.float32)


def as_rows(values: np.ndarray[Any, Any], count: int, path: Path) -> Rows:
    """(q, k) int64 rows of `count` vectors.

    Raises BadSourceFile: another shape, or a row beyond them.
    """
    if values.ndim != 2 or values.dtype.kind not in "iu":
        raise BadSourceFile(
            f"neighbors are an array of {values.dtype} of shape {values.shape}; expected whole numbers "
            "(queries, k)",
            file=str(path),
        )
    if values.size and not -1 <= values.min() <= values.max() < count:
        raise BadSourceFile(
            f"neighbors name rows from {values.min()} to {values.max()}; there are {count} vectors",
            file=str(path),
        )
    return values.astype(np.int64)
