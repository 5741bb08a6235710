"""What changed between two runs: lines are paired by their keys and judged together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from engine.bench.comparing.queries import are_same_queries, other_asked
from engine.bench.comparing.ratio import Ratio, ratio
from engine.bench.comparing.sides import Side, differences, drift, is_same_machine
from engine.bench.records.journal import Run
from engine.bench.records.line import Line
from engine.bench.report.figures import LEAST, is_mean, is_timed, said_interval
from engine.bench.statistics.significance import holm

LEVEL = 0.05  # of all lines together: Holm's correction
QUIET = 1.02  # times of a machine whose floors stood still differ by so much
Verdict = Literal["worse", "better", "changed", "same", "not judged"]
ORDER: tuple[Verdict, ...] = ("worse", "better", "changed", "not judged", "same")


@dataclass(frozen=True)
class Change:
    """A line of both runs.

    Attributes:
        in_floors: whether middles are multiples of each machine's own floor.
        noise: a ratio within 1/noise and noise is no change: the machine itself moved so much.
        p: adjusted for the number of lines; None where there is nothing to draw from.
        why: of `not judged`, the reason.
    """

    line: Line
    before: float
    after: float
    in_floors: bool
    ratio: float | None
    interval: tuple[float, float] | None
    p: float | None
    noise: float
    verdict: Verdict
    why: str = ""

    @property
    def worsening(self) -> float:
        """By which share it is worse: 0.1 is 10 % more time, or a rate that is 10 % less; 0 else."""
        if self.verdict != "worse":
            return 0.0
        if self.ratio is None:
            return float("inf")
        return self.ratio - 1 if self.line.better == "lower" else 1 - self.ratio

    def to_json(self) -> dict[str, Any]:
        """All of it, by names."""
        line = self.line
        own = {
            "case": line.case,
            "contestant": line.contestant,
            "what": line.what,
            "settings": dict(line.settings),
            "unit": f"x {line.floor.of}" if self.in_floors and line.floor else line.unit,
        }
        judged = ("before", "after", "ratio", "interval", "p", "noise", "verdict", "why")
        return {**own, **{name: getattr(self, name) for name in judged}}


@dataclass(frozen=True)
class Comparison:
    """What two runs have in common, and what not.

    Attributes:
        warnings: what differs beside what was to be compared.
        changes: worse ones first, then better ones, each the largest first.
        appeared, disappeared: lines that only the second or the first has.
    """

    warnings: tuple[str, ...]
    changes: tuple[Change, ...]
    appeared: tuple[Line, ...]
    disappeared: tuple[Line, ...]

    def of(self, verdict: Verdict) -> list[Change]:
        return [one for one in self.changes if one.verdict == verdict]


def compare(first: Side, second: Side) -> Comparison:
    """Pair the lines of two sides by key and say what changed beyond noise.

    A change: its p-value, adjusted by Holm for all pairs, is at most 5 %, and the ratio of middles is
    farther from 1 than the machine's own floors moved between the two runs. On different machines times
    and rates are compared as multiples of their floors.
    """
    shared = [key for key in first.lines if key in second.lines]
    measured = [_measured(first, second, key) for key in shared]
    judged = [place for place, (_, found) in enumerate(measured) if found is not None]
    adjusted = holm([found.p for _, found in measured if found is not None])
    p_of = dict(zip(judged, adjusted))
    changes = [
        _judged(pair, found, p_of.get(place)) for place, (pair, found) in enumerate(measured)
    ]
    warnings = differences(first, second)
    if any(one.in_floors for one in changes):
        warnings.append(
            "the machines differ: times and rates are multiples of each machine's floor"
        )
    return Comparison(
        tuple(warnings),
        tuple(sorted(changes, key=_place)),
        tuple(line for key, line in second.lines.items() if key not in first.lines),
        tuple(line for key, line in first.lines.items() if key not in second.lines),
    )


@dataclass(frozen=True)
class _Pair:
    line: Line
    values: tuple[np.ndarray, np.ndarray]
    in_floors: bool
    noise: float
    why: str
    is_few: bool  # values of one kind, too few of them to draw from
    are_apart: bool | None = None  # the intervals that both lines bring, where they do


def _measured(first: Side, second: Side, key: tuple[object, ...]) -> tuple[_Pair, Ratio | None]:
    lines = first.lines[key], second.lines[key]
    runs = first.run_of[key], second.run_of[key]
    timed = is_timed(lines[0].unit)
    in_floors, why = False, ""
    if lines[0].unit != lines[1].unit:
        why = f"the unit was {lines[0].unit} and is {lines[1].unit}"
    elif said := other_asked(*lines):
        why = said
    elif timed and not is_same_machine(*runs):
        in_floors = all(one.floor is not None and one.floor.value > 0 for one in lines)
        why = "" if in_floors else "another machine, and no floor to compare by"
    values = [np.asarray(one.values) for one in lines]
    if in_floors:
        values = [each / one.floor.value for each, one in zip(values, lines) if one.floor]
    least = min(map(len, values))
    is_few = not why and least < LEAST
    if is_few:
        why = f"{'one value' if least == 1 else f'{least} values'}, no interval"
    apart = _are_apart(*lines) if is_few else None
    noise = _noise(timed, *runs)
    pair = _Pair(lines[1], (values[0], values[1]), in_floors, noise, why, is_few, apart)
    if why:
        return pair, None
    statistic = np.mean if is_mean(lines[0]) else np.median
    return pair, ratio(*pair.values, statistic, are_paired=are_same_queries(*lines))


def _are_apart(first: Line, second: Line) -> bool | None:
    """Whether two values, each computed with its interval, differ: no number is in both intervals."""
    before, after = said_interval(first), said_interval(second)
    if before is None or after is None:
        return None
    return before[1] < after[0] or after[1] < before[0]


def _noise(timed: bool, first: Run, second: Run) -> float:
    if not timed:
        return 1.0
    return QUIET if not is_same_machine(first, second) else max(QUIET, drift(first, second))


def _judged(pair: _Pair, found: Ratio | None, p: float | None) -> Change:
    statistic = np.mean if is_mean(pair.line) else np.median
    before, after = (float(statistic(values)) for values in pair.values)
    value = after / before if before > 0 and after > 0 else None
    verdict: Verdict = "same" if pair.is_few and before == after else "not judged"
    if found is not None:
        verdict = _verdict(pair, after - before, found, p)
    elif pair.are_apart is not None:
        verdict = _direction(pair, after - before) if pair.are_apart else "same"
    return Change(
        pair.line,
        before,
        after,
        pair.in_floors,
        value,
        None if found is None else found.interval,
        p,
        pair.noise,
        verdict,
        pair.why if verdict == "not judged" else "",
    )


def _verdict(pair: _Pair, difference: float, found: Ratio, p: float | None) -> Verdict:
    if p is None or p > LEVEL:
        return "same"
    if found.value is not None and 1 / pair.noise <= found.value <= pair.noise:
        return "same"
    if found.interval is not None and found.interval[0] <= 1 <= found.interval[1]:
        return "same"
    return _direction(pair, difference)


def _direction(pair: _Pair, difference: float) -> Verdict:
    if pair.line.better == "neither":
        return "changed"
    return "better" if (difference < 0) == (pair.line.better == "lower") else "worse"


def _place(one: Change) -> tuple[int, float]:
    far = float("inf") if one.ratio is None else abs(np.log(one.ratio))
    return ORDER.index(one.verdict), -far


def worse_than(found: Comparison, share: float) -> Sequence[Change]:
    """Lines that are worse by more than a share."""
    return [one for one in found.changes if one.worsening > share]
