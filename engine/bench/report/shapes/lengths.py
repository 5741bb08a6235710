"""Bars: one quantity of several contestants side by side, with intervals; and parts of a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.bench.report.figures import Figure
from engine.bench.report.numbers import setting
from engine.bench.report.shapes.frames import GROUP, Frame, frames, joined
from engine.bench.report.shapes.shape import Axis, Bar, Bars, Shares

STAGE = "stage"  # the setting that names a part


def bars(figures: Sequence[Figure]) -> list[Bars]:
    """A plot for each quantity and each place, where at least two bars stand side by side.

    What no direction is good in has none, nor have groups of queries: the tables have them.
    """
    made = []
    meant = [
        one for one in figures if one.line.better != "neither" and GROUP not in one.line.settings
    ]
    for what in dict.fromkeys(one.line.what for one in meant):
        for frame in frames([one for one in meant if one.line.what == what], ()):
            if len(frame.figures) > 1 and any(one.middle for one in frame.figures):
                made.append(_bars(what, frame))
    return made


def _bars(what: str, frame: Frame) -> Bars:
    line = frame.figures[0].line
    way = "long" if line.better == "higher" else "short"
    ordered = sorted(frame.figures, key=lambda one: one.middle, reverse=way == "long")
    names = ", ".join(one.line.contestant for one in ordered)
    return Bars(
        joined(what, frame.name),
        f"{what} in {line.unit}, with 95 % intervals, the best first: {names}",
        Axis(f"{what}, {line.unit} ({way} is better)"),
        tuple(Bar(o.line.contestant, o.middle, o.interval) for o in ordered),
    )


def shares(figures: Sequence[Figure]) -> list[Shares]:
    """The stages' shares of the time: a plot for each quantity, a bar for each contestant and place."""
    parts: dict[str, dict[str, dict[str, float]]] = {}
    meant = [one for one in figures if one.line.unit == "share" and STAGE in one.line.settings]
    for frame in frames(meant, {STAGE}):
        for one in frame.figures:
            line = one.line
            name = joined(line.contestant, frame.name)
            bar = parts.setdefault(line.what, {}).setdefault(name, {})
            bar[setting(line.settings[STAGE])] = one.middle
    return [_shares(what, found) for what, found in parts.items()]


def _shares(what: str, parts: Mapping[str, Mapping[str, float]]) -> Shares:
    names = tuple(dict.fromkeys(stage for found in parts.values() for stage in found))
    rows = tuple((bar, tuple(found.get(n, 0.0) for n in names)) for bar, found in parts.items())
    return Shares(f"{what} of each stage", f"Shares of {', '.join(names)}.", names, rows)
