"""How far two lines' values lie apart, and how sure that is: pure functions of arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2_000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Ratio:
    """The second's middle as a multiple of the first's.

    Attributes:
        value: None where either middle is not above 0; the p-value is then of their difference.
        interval: the bootstrap's 95 %, both sides drawn anew; None where `value` is.
        p: two-sided, of equal middles, by the bootstrap's standard error and Student's t: few values say
            little of how far they spread.
    """

    value: float | None
    interval: tuple[float, float] | None
    p: float


def ratio(
    first: Sequence[float] | np.ndarray,
    second: Sequence[float] | np.ndarray,
    statistic: Callable[..., np.ndarray] = np.median,
    seed: int = 0,
    are_paired: bool = False,
) -> Ratio:
    """Compare two samples by their medians or means.

    Args:
        are_paired: values of one place belong together, as one query's in both runs do; else the samples
            are independent.

    The logarithm's standard error is the bootstrap's: a ratio and its inverse are judged alike.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapters 8 and 13.
    """
    sides = [np.asarray(one, dtype=np.float64) for one in (first, second)]
    rng = np.random.default_rng(seed)
    others = np.random.default_rng(seed) if are_paired else rng
    drawn = [_drawn(one, statistic, own) for one, own in zip(sides, (rng, others))]
    freedom = min(map(len, sides)) - 1  # at least so many degrees, whichever side spreads more
    middles = [float(statistic(np.asarray([one]), axis=1)[0]) for one in (first, second)]
    if not 0 < min(middles) <= max(middles) < math.inf or min(one.min() for one in drawn) <= 0:
        return Ratio(None, None, _p(middles[1] - middles[0], drawn[1] - drawn[0], freedom))
    spread = np.log(drawn[1]) - np.log(drawn[0])
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.exp(np.percentile(spread, [tail, 100 - tail]))
    value = middles[1] / middles[0]
    return Ratio(value, (float(low), float(high)), _p(math.log(value), spread, freedom))


def _drawn(
    values: np.ndarray, statistic: Callable[..., np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    """The statistic of so many samples with replacement; few at a time, so that memory stays small."""
    found = np.empty(RESAMPLES)
    step = max(1, 2_000_000 // len(values))
    for start in range(0, RESAMPLES, step):
        count = min(step, RESAMPLES - start)
        picked = values[rng.integers(0, len(values), (count, len(values)))]
        found[start : start + count] = statistic(picked, axis=1)
    return found


def _p(effect: float, drawn: np.ndarray, freedom: int) -> float:
    """Of no effect at all, two-sided, by Student's distribution."""
    error = float(np.std(drawn))
    if abs(effect) < 1e-12:
        return 1.0
    return student(abs(effect) / error, max(1, freedom)) if error > 0 else 0.0


def student(t: float, freedom: int) -> float:
    """The chance of a value as far from 0 as t, by degrees of freedom; above 200 the normal's.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 1964, 26.7.3 and 26.7.4.
    """
    if freedom > 200:
        return math.erfc(t / math.sqrt(2))
    angle = math.atan(t / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    is_odd = freedom % 2
    term, total = (cosine, 0.0) if is_odd else (1.0, 0.0)
    for step in range(1 + is_odd, freedom, 2):
        total += term
        term *= cosine**2 * step / (step + 1)
    within = 2 / math.pi * (angle + sine * total) if is_odd else sine * total
    return max(0.0, 1 - within)
