"""Recall against speed: for each contestant its settings as points, those that none beats as a line."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from engine.bench.records.line import Setting
from engine.bench.report.figures import TIMES, Figure
from engine.bench.report.questions import questions
from engine.bench.report.shapes.frames import Frame, frames, joined
from engine.bench.report.shapes.shape import Axis, Curves, Series
from engine.bench.statistics.pareto import frontier

RECALL = "recall"  # what quantities of that kind begin with
RATES = {"queries/s", "requests/s"}
Point = tuple[Figure, Figure]  # recall, speed


def tradeoffs(figures: Sequence[Figure]) -> list[Curves]:
    """Plots of recall against queries a second and against latency, one for each question."""
    meant = [one for one in figures if _is_speed(one) or one.line.what.startswith(RECALL)]
    asked = {name for names in questions(meant).values() for name in names}
    own = {name for one in meant for name in one.line.settings} - asked
    made = []
    for frame in frames(meant, own):
        for quantity in dict.fromkeys(one.line.what for one in frame.figures if _is_speed(one)):
            made += _plots(frame, quantity)
    return made


def _is_speed(one: Figure) -> bool:
    line = one.line
    return line.unit in RATES or (line.unit in TIMES and line.what.startswith("latency"))


def _plots(frame: Frame, quantity: str) -> list[Curves]:
    """A plot for each kind of recall that was measured with a speed."""
    kinds = dict.fromkeys(o.line.what for o in frame.figures if o.line.what.startswith(RECALL))
    return [plot for kind in kinds if (plot := _plot(frame, kind, quantity))]


def _plot(frame: Frame, kind: str, quantity: str) -> Curves | None:
    paired = _paired(frame.figures, kind, quantity)
    if len(paired) < 2:
        return None
    unit = paired[0][1][1].line.unit
    is_rate = paired[0][1][1].line.better == "higher"
    names = dict.fromkeys(contestant for contestant, _ in paired)
    series = [_series(n, [point for who, point in paired if who == n], is_rate) for n in names]
    way = "up" if is_rate else "down"
    return Curves(
        joined(f"{kind} and {quantity}", frame.name),
        f"{kind} against {quantity} in {unit} of {', '.join(names)}; right and {way} is better.",
        Axis(f"{kind} (right is better)", is_recall=True),
        Axis(f"{quantity}, {unit} ({way} is better)", is_log=True),
        tuple(series),
    )


def _paired(figures: Collection[Figure], kind: str, quantity: str) -> list[tuple[str, Point]]:
    """Recall and speed that were measured under the same settings."""
    recalls = {_key(one): one for one in figures if one.line.what == kind}
    speeds = {_key(one): one for one in figures if one.line.what == quantity}
    return [
        (one.line.contestant, (one, speeds[key]))
        for key, one in recalls.items()
        if key in speeds and speeds[key].middle > 0
    ]


def _key(one: Figure) -> tuple[str, tuple[tuple[str, Setting], ...]]:
    return one.line.contestant, tuple(sorted(one.line.settings.items()))


def _series(name: str, points: Sequence[Point], is_rate: bool) -> Series:
    placed = [(recall.middle, speed.middle) for recall, speed in points]
    merits = [(recall, speed if is_rate else -speed) for recall, speed in placed]
    return Series(
        name, tuple(placed), tuple(frontier(merits)), tuple(s.interval for _, s in points)
    )
