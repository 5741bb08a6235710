"""Percentiles and bootstrap intervals of measured values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from engine.core.arrays import Vector
from engine.errors import InvalidParameterValue

RESAMPLES = 2_000
CONFIDENCE = 0.95


def percentile(values: Sequence[float] | Vector, share: float) -> float:
    """The value that so many percent of all are at most, linear between two (numpy's definition)."""
    if not len(values):
        raise InvalidParameterValue("a percentile needs at least one value")
    return float(np.percentile(np.asarray(values, dtype=np.float64), share))


def bootstrap(
    values: Sequence[float] | Vector,
    statistic: Callable[..., np.ndarray] = np.mean,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> tuple[float, float]:
    """The percentile interval of a statistic, by drawing the values anew with replacement.

    Args:
        statistic: takes `axis`, as numpy's mean and median do.
    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    data = np.asarray(values, dtype=np.float64)
    if not len(data):
        raise InvalidParameterValue("an interval needs at least one value")
    rng = np.random.default_rng(seed)
    found = np.empty(resamples)
    step = max(1, 4_000_000 // len(data))  # values drawn at a time, so that memory stays small
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        drawn = data[rng.integers(0, len(data), (count, len(data)))]
        found[start : start + count] = statistic(drawn, axis=1)
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(found, [tail, 100 - tail])
    return float(low), float(high)
