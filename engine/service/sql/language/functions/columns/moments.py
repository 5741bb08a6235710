"""Measures of how values are spread, of lists of them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def skewness(lists: pa.ChunkedArray) -> pa.Array:
    """The third moment of each list's numbers by their spread; null for none and for equal ones."""
    return pa.array([_skewness(one.values) for one in lists], pa.float64())


def _skewness(values: pa.Array | None) -> float | None:
    if values is None:
        return None
    numbers = values.drop_null().cast(pa.float64()).to_numpy(zero_copy_only=False)
    if not len(numbers):
        return None
    apart = numbers - numbers.mean()
    second = float(np.square(apart).sum())
    if second == 0:
        return None
    return float(np.sqrt(len(numbers)) * np.power(apart, 3).sum() / second**1.5)
