"""Shapes to SVG."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from engine.bench.report.numbers import shown
from engine.bench.report.plots.canvas import (
    INK,
    MARKS,
    SERIES,
    SOFT,
    SURFACE,
    colour,
    new_axes,
    styled,
    svg,
)
from engine.bench.report.plots.labels import spread
from engine.bench.report.plots.scales import scaled
from engine.bench.report.shapes.shape import Bars, Curves, Series, Shape, Shares

WIDTH, HEIGHT = 4.5, 3.3  # inches: 432 x 317 pixels, read on a telephone too
ROW = 0.32  # inches of a bar
APART = 0.07  # of the height, between names beside lines
LEADER = {"arrowstyle": "-", "linewidth": 0.8, "alpha": 0.6, "shrinkA": 2, "shrinkB": 4}
OURS = "vitrine"  # drawn a little thicker
NAME = 22  # characters of a bar's name in a line


def drawn(shape: Shape) -> str:
    """A plot as SVG."""
    with styled():
        if isinstance(shape, Curves):
            return _curves(shape)
        return _bars(shape) if isinstance(shape, Bars) else _shares(shape)


def is_ours(name: str) -> bool:
    """Whether it is this engine (`vitrine`, `vitrine_exact`, `vitrine 0.6.0`), not a model of it."""
    return name == OURS or name.startswith((f"{OURS} ", f"{OURS}_"))


def _curves(shape: Curves) -> str:
    figure, axes = new_axes(WIDTH, HEIGHT)
    for place, one in enumerate(shape.series):
        _line(axes, place, one)
    scaled(axes, "x", shape.x, [x for one in shape.series for x, _ in one.points])
    scaled(axes, "y", shape.y, [y for one in shape.series for _, y in one.points])
    figure.draw_without_rendering()
    _name_lines(axes, shape.series)
    return svg(figure, shape.said)


def _line(axes: Any, place: int, one: Series) -> None:
    look = {"color": colour(place), "marker": MARKS[(place + place // SERIES) % len(MARKS)]}
    thick = 2.4 if is_ours(one.name) else 1.5
    joined = [one.points[at] for at in one.line]
    alone = [point for at, point in enumerate(one.points) if at not in one.line]
    if joined:
        dashes = "-" if place < SERIES else "--"
        xs, ys = zip(*joined)
        axes.plot(
            xs, ys, linewidth=thick, markersize=6, linestyle=dashes, clip_on=False, zorder=3, **look
        )
    if alone:
        xs, ys = zip(*alone)
        axes.plot(xs, ys, linestyle="none", markersize=4, alpha=0.45, zorder=2, **look)
    for (x, _), interval in zip(one.points, one.intervals):
        if interval is not None:
            axes.vlines(x, *interval, color=colour(place), linewidth=1, alpha=0.7, zorder=1)


def _name_lines(axes: Any, series: Sequence[Series]) -> None:
    """Names at the right of the axes, each with a thin line to its curve's last point."""
    ends = [one.points[one.line[-1]] if one.line else one.points[-1] for one in series]
    to_axes = axes.transData + axes.transAxes.inverted()
    placed = [to_axes.transform(end) for end in ends]
    heights = spread([float(y) for _, y in placed], APART, 0.0, 1.0)
    for place, (one, (x, y), height) in enumerate(zip(series, placed, heights)):
        axes.annotate(
            one.name,
            xy=(x, y),
            xytext=(1.06, height),
            xycoords="axes fraction",
            textcoords="axes fraction",
            va="center",
            fontsize=9,
            fontweight="bold" if is_ours(one.name) else "normal",
            arrowprops={**LEADER, "color": colour(place)},
        )


def _bars(shape: Bars) -> str:
    figure, axes = new_axes(WIDTH, 0.9 + ROW * len(shape.bars))
    places = range(len(shape.bars))
    ends = [one.interval[1] if one.interval else one.value for one in shape.bars]
    for place, one in enumerate(shape.bars):
        tint = colour(0) if is_ours(one.name) else SOFT
        axes.barh(place, one.value, height=0.62, color=tint, alpha=0.75)
        if one.interval is not None:
            axes.hlines(place, *one.interval, color=INK, linewidth=1.4)
        axes.annotate(f" {shown(one.value)}", (ends[place], place), va="center", fontsize=9)
    axes.set_yticks(places, [_folded(one.name) for one in shape.bars], color=INK)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlim(min(0.0, *(one.value for one in shape.bars)), max(ends) * 1.16 or 1)
    axes.set_xlabel(shape.x.label)
    return svg(figure, shape.said)


def _shares(shape: Shares) -> str:
    figure, axes = new_axes(WIDTH, 1.3 + 0.42 * len(shape.bars))
    for place, (_, parts) in enumerate(shape.bars):
        left = 0.0
        for which, part in enumerate(parts):
            name = shape.parts[which] if place == 0 else None
            axes.barh(
                place,
                100 * part,
                left=100 * left,
                height=0.62,
                color=colour(which),
                label=name,
                edgecolor=SURFACE,
            )
            left += part
    axes.set_yticks(range(len(shape.bars)), [_folded(name) for name, _ in shape.bars], color=INK)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of the time, %")
    figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=9, handlelength=1)
    return svg(figure, shape.said)


def _folded(name: str) -> str:
    return "\n".join(textwrap.wrap(name, NAME, break_long_words=False)) or name
