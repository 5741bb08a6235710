"""How far a device's product can be from the truth: the arithmetic of a first pass. Knows no device.

A first pass works on scaled numbers: rows by a power of two that brings the longest to at most 1, each
query by its own. With x' and q' as the device holds them (rounded), |q·x - q'·x'| is at most
|q - q'| |x| + |q'| |x - x'| by the inequality of Cauchy and Schwarz; both differences are measured, not
assumed. Adding up d products moves a sum by at most d units of rounding of |q'| |x'|.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from engine.core.arrays import UNIT_TOLERANCE, Matrix
from engine.store.segments.vectors import Shape

Precision = Literal["float16", "bfloat16", "float32"]
PRECISIONS: tuple[Precision, ...] = ("float16", "bfloat16", "float32")
Floats = npt.NDArray[np.float64]

# Units of rounding of one addition. Tensor cores cut off digits where processors round, and keep two
# or more beyond float32's while they align: twice float32's unit, doubled again to be safe.
_SUM = {"float16": 2.0**-22, "bfloat16": 2.0**-22, "float32": 2.0**-23}
_SLACK = 1.001  # of lengths and differences that were themselves computed in float32
# A query much longer or shorter than the rows is left to the processor: its distances differ in
# digits that even float64 hardly has.
MOST_RATIO = 2.0**20


@dataclass(frozen=True)
class Scales:
    """The powers of two that rows (one) and queries (m,) are multiplied by."""

    rows: float
    queries: Floats


def row_scale(longest: float) -> float:
    """The power of two that brings rows of at most this length to at most 1."""
    return 2.0 ** -math.ceil(math.log2(longest)) if longest > 0 else 1.0


def query_scales(queries: Matrix, longest: float) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The power of two for each of (m, d) queries, and which of them a device may answer."""
    lengths = np.sqrt(np.einsum("ij,ij->i", queries, queries, dtype=np.float64))
    usable = (lengths <= MOST_RATIO * longest) & (lengths * MOST_RATIO >= longest) & (lengths > 0)
    exponents = np.ceil(np.log2(np.where(usable, lengths, 1.0)))
    return np.exp2(-exponents), usable


def product_bounds(
    shape: Shape,
    precision: Precision,
    scales: Scales,
    lengths: Floats,
    query_residuals: Floats,
    row_residual: float,
) -> Floats:
    """The most that a scaled product of each query can be off, (m,).

    Args:
        lengths: (m,) of the scaled queries. query_residuals: (m,) what rounding them moved them by.
        row_residual: the most that rounding moved a scaled row by.
    """
    longest = shape.longest * scales.rows
    held_query, held_row = lengths + query_residuals, longest + row_residual
    bound = query_residuals * longest + held_query * row_residual
    bound = bound + shape.dimension * _SUM[precision] * held_query * held_row
    scale = scales.rows * scales.queries
    if shape.lifted:  # -|x|²/2 is a float32 and is added in float32
        bound = bound + 2.0**-21 * (shape.longest**2 * scale + held_query * held_row)
    else:  # unit rows are ranked by products, as if their lengths were equal
        bound = bound + UNIT_TOLERANCE * scale
    out: Floats = bound * _SLACK
    return out
