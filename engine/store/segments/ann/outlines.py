"""Outlines: some numbers of each row that bound its product with any query from above. Knows numpy.

A row's numbers along the main axes of a large segment near it, and the length of what they leave out: no
product is more than that of the numbers and that of the lengths together. Most of a small segment's rows
are told to be too far by an eighth of their bytes, for sure.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from engine.core.arrays import Floats32, Matrix, Vector
from engine.store.segments.ann.products import products_of_all, projected

# With the length of the rest and -|x|²/2, four registers of the widest processors.
OUTLINE_AXES = 62
# Of a squared length, added to that of the rest: more than what float32 loses of its difference.
_SLACK = 1e-5
_MOST_SQUARED = 1e70  # of a query, so that its outline is finite in float32
_STEP = 8192  # rows outlined at a time


def outline_axes_file(ann: Path) -> Path:
    """Where the main axes of an index's vectors lie."""
    return ann.with_name("axes.npy")


def outlined_rows(vectors: Matrix, lengths: Floats32 | None, axes: Matrix) -> Matrix:
    """Outlines of (n, d) vectors on (a, d) orthonormal axes: (n, a + 2) float32.

    Args:
        vectors: an array, or what reads as one by slices.
        lengths: (n,) of -|x|²/2 where vectors are not unit length, else None.
    """
    count = len(axes)
    out = np.zeros((len(vectors), count + 2), dtype=np.float32)
    for start in range(0, len(out), _STEP):
        part = slice(start, start + _STEP)
        rows = vectors[part]
        out[part, :count] = along = projected(rows, axes)
        out[part, count] = _rests(_squares(rows), _squares(along))
    if lengths is not None:
        out[:, count + 1] = lengths
    return out


def outlined_query(query: Vector, squared: float, axes: Matrix) -> Vector | None:
    """What outlines are multiplied with: (a + 2,) float32; None where float32 can't say it.

    Args:
        squared: the query's squared length.
    """
    if squared > _MOST_SQUARED:
        return None
    out = np.empty(len(axes) + 2, dtype=np.float32)
    out[:-2] = along = products_of_all(query, axes)
    out[-2] = math.sqrt(max(squared * (1 + _SLACK) - float(along.dot(along)), 0.0))
    out[-1] = 1.0
    return out


def _rests(squares: np.ndarray, along: np.ndarray) -> np.ndarray:
    rests: np.ndarray = np.sqrt(np.maximum(squares * (1 + _SLACK) - along, 0.0))
    return rests


def _squares(rows: Matrix) -> np.ndarray:
    squares: np.ndarray = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
    return squares
