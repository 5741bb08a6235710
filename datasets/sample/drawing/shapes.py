"""Outlines in drawing units: the picture is 100 units wide, (50, 50) is its centre, y grows down.

An outline is an ``(n, 2)`` array of points.  Paths are written as a start point followed by steps:
``(x, y)`` is a straight line, ``(cx, cy, x, y)`` a quadratic curve, ``(ax, ay, bx, by, x, y)`` a
cubic one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Outline = NDArray[np.float64]
CURVE_STEPS = 12


def path(*steps: Sequence[float]) -> Outline:
    """Flatten a path of straight, quadratic and cubic steps into points."""
    points = [np.array([steps[0][:2]], dtype=np.float64)]
    t = np.linspace(0.0, 1.0, CURVE_STEPS + 1)[1:, None]
    for step in steps[1:]:
        start = points[-1][-1]
        knots = [start, *np.asarray(step, dtype=np.float64).reshape(-1, 2)]
        if len(knots) == 2:
            points.append(knots[1][None, :])
        elif len(knots) == 3:
            points.append((1 - t) ** 2 * knots[0] + 2 * t * (1 - t) * knots[1] + t**2 * knots[2])
        else:
            points.append(
                (1 - t) ** 3 * knots[0]
                + 3 * t * (1 - t) ** 2 * knots[1]
                + 3 * t**2 * (1 - t) * knots[2]
                + t**3 * knots[3]
            )
    return np.concatenate(points)


def mirror(*steps: Sequence[float], centre: float = 50.0) -> Outline:
    """Close a symmetric shape from its right half, x given as distance from the centre line."""
    half = path(*steps)
    right = half + np.array([centre, 0.0])
    left = half * np.array([-1.0, 1.0]) + np.array([centre, 0.0])
    return np.concatenate([right, left[::-1]])


def flipped(outline: Outline, centre: float = 50.0) -> Outline:
    """The outline mirrored left to right about a vertical line."""
    return np.stack([2 * centre - outline[:, 0], outline[:, 1]], axis=1)


def both(outline: Outline, centre: float = 50.0) -> list[Outline]:
    """The outline and its mirror image."""
    return [outline, flipped(outline, centre)]


def ellipse(
    cx: float, cy: float, rx: float, ry: float, start: float = 0.0, stop: float = 360.0
) -> Outline:
    """Points on an ellipse between two angles in degrees (0 = right, 90 = down)."""
    angle = np.radians(np.linspace(start, stop, 49))
    return np.stack([cx + rx * np.cos(angle), cy + ry * np.sin(angle)], axis=1)


def rounded(x0: float, y0: float, x1: float, y1: float, r: float = 2.0) -> Outline:
    """A rectangle with rounded corners."""
    r = min(r, (x1 - x0) / 2, (y1 - y0) / 2)
    return path(
        (x0 + r, y0), (x1 - r, y0), (x1, y0, x1, y0 + r), (x1, y1 - r), (x1, y1, x1 - r, y1),
        (x0 + r, y1), (x0, y1, x0, y1 - r), (x0, y0 + r), (x0, y0, x0 + r, y0),
    )  # fmt: skip


def tube(centre_line: Outline, *half_widths: float) -> Outline:
    """A band around a line; half widths are spread evenly along it and interpolated."""
    line = np.asarray(centre_line, dtype=np.float64)
    direction = np.gradient(line, axis=0)
    direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-9)
    normal = np.stack([-direction[:, 1], direction[:, 0]], axis=1)
    along = np.linspace(0.0, 1.0, len(line))
    width = np.interp(along, np.linspace(0.0, 1.0, len(half_widths)), half_widths)[:, None]
    return np.concatenate([line + normal * width, (line - normal * width)[::-1]])


def limb_outline(centre_line: Outline, *half_widths: float) -> Outline:
    """A band with a round beginning, as a shoulder has."""
    band = tube(centre_line, *half_widths)
    first, last = band[0], band[-1]
    middle, arm = (first + last) / 2, (last - first) / 2
    side = np.array([-arm[1], arm[0]])
    if np.dot(side, centre_line[1] - centre_line[0]) > 0:
        side = -side
    turn = np.linspace(0.0, np.pi, 13)[1:-1, None]
    return np.concatenate([band, middle + arm * np.cos(turn) + side * np.sin(turn)])


def part(line: Outline, start: float, stop: float) -> Outline:
    """The piece of a line between two fractions of its length, resampled evenly."""
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    travelled = np.concatenate([[0.0], np.cumsum(steps)]) / max(float(steps.sum()), 1e-9)
    wanted = np.linspace(start, stop, 24)
    return np.stack([np.interp(wanted, travelled, line[:, axis]) for axis in (0, 1)], axis=1)


def at(line: Outline, fraction: float) -> tuple[float, float]:
    """The point at a fraction of a line's length."""
    x, y = part(line, fraction, fraction)[0]
    return float(x), float(y)
