"""When requests arrive: a schedule that no answer changes."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from engine.errors import InvalidParameterValue

Arrivals = Literal["poisson", "constant"]
ARRIVALS: tuple[Arrivals, ...] = get_args(Arrivals)


def schedule(arrivals: Arrivals, rate: float, seconds: float, seed: int) -> np.ndarray:
    """Seconds from the start at which requests are due, ascending: (n,) float64, n = rate x seconds.

    Args:
        arrivals: `poisson`, gaps drawn from the exponential distribution, as many people who know
            nothing of each other ask; `constant`, equal gaps.
        rate: requests a second. seed: of the gaps.
    Source: Schroeder, Wierman, Harchol-Balter, Open Versus Closed: A Cautionary Tale, NSDI 2006.
    """
    if arrivals not in ARRIVALS:
        raise InvalidParameterValue(f"arrivals {arrivals!r}; expected one of {list(ARRIVALS)}")
    if not rate > 0 or not seconds > 0:
        raise InvalidParameterValue(f"rate {rate} and seconds {seconds}; expected above 0")
    count = max(1, round(rate * seconds))
    if arrivals == "constant":
        return np.arange(count) / rate
    return np.cumsum(np.random.default_rng(seed).exponential(1 / rate, count))
