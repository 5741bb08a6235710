"""Curves of costs over rows, where slopes were measured: all costs of a unit side by side."""

from __future__ import annotations

from collections.abc import Sequence

from engine.bench.records.line import Setting
from engine.bench.report.figures import TIMES, Figure
from engine.bench.report.shapes.shape import Axis, Curves, Series

ROWS, OF, CELL = "rows", "of", "cell"  # settings
SAME = (None, "none")  # cells that no name needs


def growths(figures: Sequence[Figure]) -> list[Curves]:
    """A plot for each unit of time, whose series are costs; steep ones first."""
    steep = {
        (one.line.settings[OF], one.line.settings.get(CELL)): one.middle
        for one in figures
        if one.line.what == "slope" and OF in one.line.settings
    }
    costs: dict[str, dict[tuple[Setting, Setting], list[Figure]]] = {}
    for one in figures:
        key = (one.line.what, one.line.settings.get(CELL))
        if key in steep and ROWS in one.line.settings and one.line.unit in TIMES and one.middle > 0:
            costs.setdefault(one.line.unit, {}).setdefault(key, []).append(one)
    return [
        _plot(unit, {_name(*key): found[key] for key in sorted(found, key=lambda k: -steep[k])})
        for unit, found in costs.items()
    ]


def _name(what: Setting, cell: Setting) -> str:
    return str(what) if cell in SAME else f"{what}, {cell}"


def _plot(unit: str, found: dict[str, list[Figure]]) -> Curves:
    return Curves(
        f"cost by rows, {unit}",
        f"Cost in {unit} over rows, the steepest first: {', '.join(found)}.",
        Axis("rows", is_log=True),
        Axis(f"cost, {unit} (down is better, flat does not grow)", is_log=True),
        tuple(_series(name, group) for name, group in found.items()),
    )


def _series(name: str, group: Sequence[Figure]) -> Series:
    ordered = sorted(group, key=lambda one: float(one.line.settings[ROWS] or 0))
    points = tuple((float(one.line.settings[ROWS] or 0), one.middle) for one in ordered)
    return Series(name, points, tuple(range(len(points))), tuple(one.interval for one in ordered))
