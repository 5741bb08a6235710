"""A line's values as figures: the middle with its interval, the tail, the distance from the floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.bench.records.journal import Journal
from engine.bench.records.line import Line
from engine.bench.statistics.intervals import bootstrap, percentile

LEAST = 5  # values, for an interval
TAIL = 20  # values, for a 95th percentile
LONG_TAIL = 100  # values, for a 99th
RESAMPLES = 1_000
TIMES = {"ns", "us", "µs", "ms", "s", "min"}


@dataclass(frozen=True)
class Figure:
    """What is shown of a line.

    Attributes:
        middle: the median; the mean where values are shares or scores of single queries, whose median
            says nothing (most queries find all or nothing).
        statistic: which of both, `median` or `mean`.
        interval: the bootstrap's 95 % of the middle; None of fewer than five values.
        p95, p99: of times; None of fewer than twenty and a hundred values.
        floors: the middle as a multiple of the machine's own floor.
        run: the id of the run.
    """

    line: Line
    run: str
    middle: float
    statistic: str
    interval: tuple[float, float] | None
    p95: float | None
    p99: float | None
    floors: float | None

    @property
    def count(self) -> int:
        return len(self.line.values)


def falls_short(line: Line) -> bool:
    """Whether it was measured without the recall that all had to reach: it is never the best."""
    return False in (line.more.get("reached"), line.more.get("reaches"))


def is_mean(line: Line) -> bool:
    """Whether the mean is the middle: as a line's `more` says, else of shares and scores."""
    said = line.more.get("statistic")
    return said == "mean" if said in {"mean", "median"} else line.unit in {"share", "score"}


def is_timed(unit: str) -> bool:
    """Whether a quantity depends on how fast the machine is: a time, or so many a second."""
    return unit.split("/")[0] in TIMES or unit.endswith("/s")


def middle(line: Line) -> float:
    """The mean of shares and scores, the median of all else."""
    return float(np.mean(line.values)) if is_mean(line) else line.median


def figure(line: Line, run: str = "") -> Figure:
    """The figures of one line; the same values give the same interval, always."""
    statistic = np.mean if is_mean(line) else np.median
    interval = said_interval(line)
    if len(line.values) >= LEAST:
        interval = bootstrap(line.values, statistic, resamples=RESAMPLES)
    found = middle(line)
    return Figure(
        line,
        run,
        found,
        statistic.__name__,
        interval,
        _tail(line, 95, TAIL),
        _tail(line, 99, LONG_TAIL),
        found / line.floor.value if line.floor is not None and line.floor.value > 0 else None,
    )


def said_interval(line: Line) -> tuple[float, float] | None:
    """Of a single value that was computed with its interval, such as a difference of means."""
    said = line.more.get("interval")
    if not isinstance(said, (list, tuple)) or len(said) != 2:
        return None
    if not all(isinstance(bound, (int, float)) for bound in said):
        return None
    return float(said[0]), float(said[1])


def _tail(line: Line, share: int, least: int) -> float | None:
    """A percentile of times; as the line itself says it where it keeps only some of its values."""
    if line.unit not in TIMES:
        return None
    said = line.more.get(f"p{share}")
    if isinstance(said, (int, float)):
        return float(said)
    return percentile(line.values, share) if len(line.values) >= least else None


def latest(journal: Journal) -> list[tuple[Line, str]]:
    """Each line with its run's id; of lines with one key the last that was read."""
    kept: dict[tuple[object, ...], tuple[Line, str]] = {}
    for line, run in zip(journal.lines, journal.run_of):
        kept[line.key] = (line, run)
    return list(kept.values())
