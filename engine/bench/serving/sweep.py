"""The highest rate at which a server keeps a bound, found by halving. Pure but for what it asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Swept:
    """The highest rate that kept the bound, 0 for none, and each rate that was tried with its figure.

    `is_open` where even the highest that may be tried kept it.
    """

    rate: float
    tried: tuple[tuple[float, float], ...]
    is_open: bool = False


def highest_rate(
    figure: Callable[[float], float],
    bound: float,
    low: float,
    high: float,
    resolution: float,
) -> Swept:
    """Halve the range of rates, on a scale of factors, until it is narrower than `resolution`.

    Args:
        figure: what must stay at most `bound` at a rate, as the 99th percentile of latency.
        low, high: the range, requests a second; `low` is tried where nothing above it holds.
        resolution: a factor above 1.
    """
    tried: list[tuple[float, float]] = []

    def holds(rate: float) -> bool:
        tried.append((rate, figure(rate)))
        return tried[-1][1] <= bound

    if holds(high):
        return Swept(high, tuple(tried), is_open=True)
    least, best = low, 0.0
    while high / low > resolution:
        middle = (low * high) ** 0.5
        if holds(middle):
            low = best = middle
        else:
            high = middle
    if best == 0.0 and holds(least):
        best = least
    return Swept(best, tuple(tried))
