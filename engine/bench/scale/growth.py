"""How a cost grows with rows: an exponent with its interval, and the form that fits. Pure functions.

Knows sizes and measured values; not what was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.bench.comparing.ratio import student

RESAMPLES = 1_000
LEVEL = 0.05
REJECTED = 3.84  # of chi squared with one degree of freedom, beyond 95 %
LEAST_ERROR = 0.05  # of a median, as a share: what a machine drifts between two sizes
SINGLE_ERROR = 0.15  # of a cost that was measured once
SIZES = 3  # at least, to tell one curve from another

Growth = Callable[[np.ndarray], np.ndarray]
FORMS: Mapping[str, Growth] = {  # in the order of how fast they grow
    "constant": np.zeros_like,
    "logarithm": np.log,
    "root": np.sqrt,
    "linear": np.asarray,
    "faster": lambda rows: rows**1.5,
}
SLOW = ("constant", "logarithm")


@dataclass(frozen=True)
class Fit:
    """How one cost grows.

    Attributes:
        exponent: b of cost ~ rows^b. 0: not at all; 1: in proportion; 0.5: four times the rows, twice
            the cost. A fixed part of the cost makes it smaller: what is told of small sizes.
        interval: 95 %; None where two sizes with a value each say nothing of it.
        form: of `FORMS`, as cost = fixed + factor * form(rows); None of fewer than three sizes.
        also: forms that these sizes and values can't tell from it.
    """

    exponent: float
    interval: tuple[float, float] | None
    form: str | None
    also: tuple[str, ...] = ()

    @property
    def is_slow(self) -> bool:
        """Whether a growth no faster than the logarithm fits best."""
        return self.form is None or self.form in SLOW

    @property
    def is_surely_fast(self) -> bool:
        """Whether it grows faster than the logarithm beyond what chance explains."""
        return not self.is_slow and not set(SLOW) & set(self.also)

    @property
    def said(self) -> str:
        """The form in words, with those that it may be as well."""
        if self.form is None:
            return "not known"
        return f"{self.form} (or {', '.join(self.also)})" if self.also else self.form


def fit(rows: Sequence[int], values: Sequence[Sequence[float]], seed: int = 0) -> Fit:
    """How a cost grows.

    Args:
        rows: sizes, each once, two at least.
        values: of each size all that was measured, above 0 in the middle.
    """
    sizes, medians = np.asarray(rows, float), np.array([np.median(each) for each in values])
    drawn = _drawn_medians(values, seed)
    errors = [_error(each, own, middle) for each, own, middle in zip(values, drawn, medians)]
    exponent = slope(rows, medians.tolist())
    form, also = _form(sizes, medians, np.array(errors))
    return Fit(exponent, _interval(sizes, medians, values, drawn), form, also)


def slope(rows: Sequence[int], medians: Sequence[float]) -> float:
    """The exponent b of cost ~ rows^b, by least squares on logarithms."""
    found = np.polyfit(np.log(np.asarray(rows, float)), np.log(np.maximum(medians, 1e-9)), 1)
    return float(found[0])


def _drawn_medians(values: Sequence[Sequence[float]], seed: int) -> list[np.ndarray]:
    """Of each size medians of values drawn anew with replacement."""
    rng = np.random.default_rng(seed)
    return [
        np.median(rng.choice(np.asarray(each, float), (RESAMPLES, len(each))), axis=1)
        for each in values
    ]


def _error(values: Sequence[float], drawn: np.ndarray, middle: float) -> float:
    """A median's standard error as a share of it."""
    if len(values) < 2:
        return SINGLE_ERROR
    return max(LEAST_ERROR, float(np.std(drawn)) / middle)


def _interval(
    sizes: np.ndarray,
    medians: np.ndarray,
    values: Sequence[Sequence[float]],
    drawn: Sequence[np.ndarray],
) -> tuple[float, float] | None:
    """The wider of two: what chance does to values, and how far sizes lie from one straight line."""
    x = np.log(sizes)
    weights = (x - x.mean()) / np.sum((x - x.mean()) ** 2)
    found = []
    if all(len(each) > 1 for each in values):
        slopes = weights @ np.log(np.maximum(drawn, 1e-9))
        found.append(tuple(np.percentile(slopes, [100 * LEVEL / 2, 100 - 100 * LEVEL / 2])))
    if len(sizes) >= SIZES:
        y = np.log(np.maximum(medians, 1e-9))
        b = float(weights @ y)
        left = y - y.mean() - b * (x - x.mean())
        freedom = len(sizes) - 2
        error = np.sqrt(np.sum(left**2) / freedom / np.sum((x - x.mean()) ** 2))
        far = _quantile(freedom) * float(error)
        found.append((b - far, b + far))
    if not found:
        return None
    low, high = max(found, key=lambda bounds: bounds[1] - bounds[0])
    return float(low), float(high)


def _quantile(freedom: int) -> float:
    """Student's t that is exceeded on either side in 5 % of cases."""
    low, high = 0.0, 1_000.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if student(middle, freedom) > LEVEL else (low, middle)
    return low


def _form(
    sizes: np.ndarray, medians: np.ndarray, errors: np.ndarray
) -> tuple[str | None, tuple[str, ...]]:
    """The form that fits, and those that can't be told from it.

    A constant where it fits as well as any other, since it has a number less to fit with; else the best.
    """
    if len(sizes) < SIZES:
        return None, ()
    misfits = {
        name: _misfit(grown(sizes), medians, errors, has_factor=name != "constant")
        for name, grown in FORMS.items()
    }
    least = min(misfits.values())
    able = [name for name, misfit in misfits.items() if misfit <= least + REJECTED]
    best = able[0] if able[0] == "constant" else min(able, key=lambda name: misfits[name])
    return best, tuple(name for name in able if name != best)


def _misfit(grown: np.ndarray, medians: np.ndarray, errors: np.ndarray, has_factor: bool) -> float:
    """Chi squared of cost = fixed + factor * grown, neither below 0: residuals as shares of the cost."""
    scale = 1 / (medians * errors)
    target = 1 / errors
    fixed, factor = scale, grown / grown.max() * scale if has_factor else np.zeros_like(scale)
    tried = [_left(target, fixed[:, None])]
    if has_factor:
        tried.append(_left(target, factor[:, None]))
        both = np.stack([fixed, factor], axis=1)
        if (np.linalg.lstsq(both, target, rcond=None)[0] >= 0).all():
            tried.append(_left(target, both))
    return min(tried)


def _left(target: np.ndarray, parts: np.ndarray) -> float:
    found = np.linalg.lstsq(parts, target, rcond=None)[0]
    return float(np.sum((target - parts @ found) ** 2))
