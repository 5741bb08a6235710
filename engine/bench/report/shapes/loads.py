"""A server under load: latency and throughput over the load that was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from engine.bench.report.figures import Figure
from engine.bench.report.shapes.frames import Frame, frames, joined
from engine.bench.report.shapes.shape import Axis, Curves, Series

LOADS = {"clients": "clients", "rate": "queries/s asked for", "offered": "queries/s asked for"}


def loads(figures: Sequence[Figure]) -> list[Curves]:
    """A plot of each quantity over each kind of load; the number of workers is part of a name."""
    made = []
    for load, label in LOADS.items():
        loaded = [one for one in figures if isinstance(one.line.settings.get(load), (int, float))]
        for what in dict.fromkeys(one.line.what for one in loaded):
            of_what = [one for one in loaded if one.line.what == what]
            if len({one.line.settings[load] for one in of_what}) > 1:
                made += [
                    _plot(frame, load, label, what) for frame in frames(of_what, {load, "workers"})
                ]
    return made


def _plot(frame: Frame, load: str, label: str, what: str) -> Curves:
    groups: dict[str, list[Figure]] = {}
    for one in frame.figures:
        workers = one.line.settings.get("workers")
        known = "" if workers is None else f", {workers} worker{'' if workers == 1 else 's'}"
        groups.setdefault(one.line.contestant + known, []).append(one)
    unit = frame.figures[0].line.unit
    way = {"lower": " (down is better)", "higher": " (up is better)"}
    return Curves(
        joined(f"{what} by {label}", frame.name),
        f"{what} in {unit} over {label} of {', '.join(groups)}.",
        Axis(label, is_log=True),
        Axis(f"{what}, {unit}{way.get(frame.figures[0].line.better, '')}", is_log=True),
        tuple(_series(name, group, load) for name, group in groups.items()),
    )


def _series(name: str, group: Sequence[Figure], load: str) -> Series:
    ordered = sorted(group, key=lambda one: float(one.line.settings[load] or 0))
    points = [(float(one.line.settings[load] or 0), one.middle) for one in ordered]
    return Series(
        name, tuple(points), tuple(range(len(points))), tuple(one.interval for one in ordered)
    )
