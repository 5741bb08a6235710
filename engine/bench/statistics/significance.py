"""Whether two systems differ beyond noise, query by query."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.core.arrays import Vector
from engine.errors import InvalidParameterValue

RESAMPLES = 10_000


def paired_randomization(
    first: Sequence[float] | Vector,
    second: Sequence[float] | Vector,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> float:
    """The two-sided p-value of a difference of means of paired values, by swapping signs.

    The values of one query belong together. Equal systems have p <= 0.05 in one of twenty cases.

    Source: Smucker, Allan, Carterette, A Comparison of Statistical Significance Tests for Information
    Retrieval Evaluation, CIKM 2007: Fisher's randomization test.
    """
    a, b = (np.asarray(values, dtype=np.float64) for values in (first, second))
    if a.shape != b.shape or a.ndim != 1 or not len(a):
        raise InvalidParameterValue(f"paired values of one length: got {a.shape} and {b.shape}")
    difference = a - b
    observed = abs(difference.sum())
    rng = np.random.default_rng(seed)
    beyond, step = 0, max(1, 4_000_000 // len(difference))
    slack = 1e-12 * np.abs(difference).sum()  # sums in another order are no difference
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        signs = rng.integers(0, 2, (count, len(difference)), dtype=np.int8) * 2 - 1
        beyond += int((np.abs(signs @ difference) >= observed - slack).sum())
    return (beyond + 1) / (resamples + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values of several comparisons, adjusted so that one false find in all has the level's rate.

    Source: Holm, A Simple Sequentially Rejective Multiple Test Procedure, 1979.
    """
    order = np.argsort(p_values)
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted
