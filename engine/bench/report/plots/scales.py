"""Axes: recall by its nines, times and rates by their logarithms, all else as it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.bench.report.numbers import shown
from engine.bench.report.shapes.shape import Axis

DECADES = 2.5  # of a logarithmic axis, from where on 2 and 5 aren't marked
LEAST_SPAN = 2.3  # of a logarithmic axis, from its middle to each end: two marks at least
THOUSAND = 1000
MARKS_OF_AN_AXIS = 4  # at most, where it is linear: numbers such as 0.99025 are wide
NINES = (0.0, 0.5, 0.9, 0.99, 0.999, 1.0)  # marked, where recall is shown
MISSED = 3e-4  # added to what is missing of 1: where 1 itself stands


def scaled(axes: Any, which: str, axis: Axis, values: Sequence[float]) -> None:
    """Set one axis up for its values."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    own = getattr(axes, f"{which}axis")
    own.set_label_text(axis.label)
    own.set_major_locator(MaxNLocator(MARKS_OF_AN_AXIS))
    if axis.is_log and min(values) > 0:
        _by_logarithm(axes, which, values)
    elif axis.is_recall:
        _by_nines(axes, which, values)
    own.set_major_formatter(FuncFormatter(_marked))


def _by_logarithm(axes: Any, which: str, values: Sequence[float]) -> None:
    """Of at least half a decade."""
    from matplotlib.ticker import LogLocator, NullLocator

    own = getattr(axes, f"{which}axis")
    low, high = min(values), max(values)
    getattr(axes, f"set_{which}scale")("log")
    decades = math.log10(high / low)
    own.set_major_locator(LogLocator(subs=(1.0,) if decades > DECADES else (1.0, 2.0, 5.0)))
    own.set_minor_locator(NullLocator())
    middle = math.sqrt(high * low)
    bounds = min(low / 1.1, middle / LEAST_SPAN), max(high * 1.1, middle * LEAST_SPAN)
    getattr(axes, f"set_{which}lim")(*bounds)


def _by_nines(axes: Any, which: str, values: Sequence[float]) -> None:
    """0.9 to 0.99 takes as much room as 0.99 to 0.999: what counts happens near 1."""
    from matplotlib.ticker import FixedLocator, NullLocator

    own = getattr(axes, f"{which}axis")
    getattr(axes, f"set_{which}scale")("function", functions=(nines, share_of))
    low = max(mark for mark in NINES[:-1] if mark <= min(min(values), 0.99))
    own.set_major_locator(FixedLocator([mark for mark in NINES if mark >= low]))
    own.set_minor_locator(NullLocator())
    getattr(axes, f"set_{which}lim")(low, 1.0)


def nines(share: Any) -> Any:
    """How many nines a share has: 0.9 one, 0.99 two; 1 itself three and a half."""
    return -np.log10(np.clip(1 - np.asarray(share) + MISSED, MISSED / 10, None))


def share_of(count: Any) -> Any:
    """The share with so many nines."""
    return 1 + MISSED - 10.0 ** -np.asarray(count)


def _marked(value: float, _: object) -> str:
    return shown(value) if value >= THOUSAND else f"{value:g}"
