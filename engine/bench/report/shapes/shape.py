"""Plots without a library: named points on named axes."""

from __future__ import annotations

from dataclasses import dataclass

Interval = tuple[float, float] | None


@dataclass(frozen=True)
class Axis:
    """A quantity with its unit, as it stands beside the axis; how it is drawn where not linear."""

    label: str
    is_log: bool = False
    is_recall: bool = False


@dataclass(frozen=True)
class Series:
    """Points of one contestant.

    Attributes:
        line: places of the points that a line joins, in its order; the others stand alone.
        intervals: of each point's y.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    line: tuple[int, ...]
    intervals: tuple[Interval, ...] = ()


@dataclass(frozen=True)
class Curves:
    """Several series on one pair of axes. `said`: what the plot shows, for who doesn't see it."""

    title: str
    said: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]


@dataclass(frozen=True)
class Bar:
    """One bar with its interval."""

    name: str
    value: float
    interval: Interval = None


@dataclass(frozen=True)
class Bars:
    """Bars from the top down."""

    title: str
    said: str
    x: Axis
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Shares:
    """Bars that are divided: parts of a whole, each part with its name.

    Attributes:
        bars: name of each bar, and the share of each part in [0, 1].
    """

    title: str
    said: str
    parts: tuple[str, ...]
    bars: tuple[tuple[str, tuple[float, ...]], ...]


Shape = Curves | Bars | Shares
