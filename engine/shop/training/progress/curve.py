"""The picture of a training: losses and held-out figures by step, a row for each stage. Knows Pillow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

Points = list[tuple[float, float]]

_WIDTH, _HEIGHT, _MARGIN, _LEGEND = 560, 300, 46, 130  # of a panel, in pixels
_COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2")
_INK, _GRID = "#222222", "#dddddd"
_LINES = 4  # of the grid


def draw_curve(lines: Sequence[Mapping[str, Any]], file: Path) -> None:
    """Draw the lines of a log as a PNG file."""
    stages = list(dict.fromkeys(str(line["stage"]) for line in lines))
    picture = Image.new("RGB", (2 * _WIDTH, max(1, len(stages)) * _HEIGHT), "white")
    pen = ImageDraw.Draw(picture)
    for row, stage in enumerate(stages):
        some = [line for line in lines if line["stage"] == stage]
        for column, (title, key) in enumerate((("losses", "losses"), ("held out", "held_out"))):
            corner = column * _WIDTH, row * _HEIGHT
            _panel(pen, corner, f"{stage}: {title}", _series(some, key))
    picture.save(file, "PNG")


def _series(lines: Sequence[Mapping[str, Any]], key: str) -> dict[str, Points]:
    """Points by name; where steps were taken again after a crash, the later ones."""
    found: dict[str, dict[float, float]] = {}
    for line in lines:
        for name, value in line.get(key, {}).items():
            found.setdefault(name, {})[float(line["step"])] = float(value)
    return {name: sorted(points.items()) for name, points in found.items()}


def _panel(
    pen: ImageDraw.ImageDraw, corner: tuple[int, int], title: str, series: Mapping[str, Points]
) -> None:
    left, top = corner[0] + _MARGIN, corner[1] + _MARGIN // 2
    right, bottom = corner[0] + _WIDTH - _LEGEND, corner[1] + _HEIGHT - _MARGIN
    pen.text((left, corner[1] + 4), title, fill=_INK)
    points = [point for some in series.values() for point in some]
    if not points:
        pen.text((left + 8, top + 20), "nothing yet", fill=_INK)
        return
    last = max(x for x, _ in points) or 1.0
    high = max(1e-9, *(y for _, y in points))
    for part in range(_LINES + 1):
        y = bottom - part * (bottom - top) // _LINES
        pen.line([(left, y), (right, y)], fill=_GRID)
        pen.text((corner[0] + 4, y - 6), f"{high * part / _LINES:.3g}", fill=_INK)
    pen.text((left, bottom + 6), "0", fill=_INK)
    pen.text((right - 30, bottom + 6), f"{last:,.0f} steps", fill=_INK)
    for number, (name, some) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        place = [
            (left + x / last * (right - left), bottom - max(0.0, y) / high * (bottom - top))
            for x, y in some
        ]
        pen.line(place, fill=colour, width=2)
        for across, down in place if len(place) < 20 else place[-1:]:
            pen.ellipse([across - 2, down - 2, across + 2, down + 2], fill=colour)
        pen.text((right + 8, top + 16 * number), f"{name[:14]} {some[-1][1]:.3g}", fill=colour)
