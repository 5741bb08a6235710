"""Curves: latency and throughput over the load on a server, or over how much a filter keeps."""

from __future__ import annotations

from collections.abc import Sequence

from engine.bench.report.figures import Figure
from engine.bench.report.shapes.frames import GROUP, Frame, frames, joined
from engine.bench.report.shapes.shape import Axis, Curves, Series

SWEEPS = {
    "clients": "clients",
    "rate": "queries/s asked for",
    "selectivity": "share of rows that the filter keeps",
    "text_weight": "weight of the text beside the photo",
}
SHOWN = ("latency", "throughput", "server_cpu")  # what quantities begin with; the tables have all
QUALITY = {"text_weight"}  # over which shares and scores are shown
ALONG = {"workers", "kept"}  # what is part of a name, and what follows from the selectivity


def loads(figures: Sequence[Figure]) -> list[Curves]:
    """A plot of each quantity over clients, rates or selectivities; `workers` are part of a name."""
    made = []
    for sweep, label in SWEEPS.items():
        swept = [one for one in figures if _is_swept(one, sweep)]
        for what in dict.fromkeys(one.line.what for one in swept):
            of_what = [one for one in swept if one.line.what == what]
            for frame in frames(of_what, {sweep, *ALONG}):
                if len({one.line.settings[sweep] for one in frame.figures}) > 1:
                    made.append(_plot(frame, sweep, label, what))
    return made


def _is_swept(one: Figure, sweep: str) -> bool:
    value = one.line.settings.get(sweep)
    if not isinstance(value, (int, float)) or GROUP in one.line.settings:
        return False
    if sweep in QUALITY:
        return one.line.better == "higher"
    return one.line.what.startswith(SHOWN) and one.middle > 0


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
        Axis(f"{what}, {unit}{way.get(frame.figures[0].line.better, '')}", is_log=unit != "share"),
        tuple(_series(name, group, load) for name, group in groups.items()),
    )


def _series(name: str, group: Sequence[Figure], load: str) -> Series:
    ordered = sorted(group, key=lambda one: float(one.line.settings[load] or 0))
    points = [(float(one.line.settings[load] or 0), one.middle) for one in ordered]
    return Series(
        name, tuple(points), tuple(range(len(points))), tuple(one.interval for one in ordered)
    )
