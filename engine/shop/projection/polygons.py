"""Polygons as texts, and which points lie within one. Knows numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.core.arrays import Mask
from engine.core.values import shown
from engine.errors import InvalidParameterValue

_MOST = 500  # corners
_FARTHEST = 1 << 20
Corners = list[tuple[int, int]]


def corners_of(text: str) -> Corners:
    """The corners that a text names: `x,y,x,y,x,y`, integers.

    Raises:
        InvalidParameterValue: it is of another form, or has fewer than 3 corners, or too many.
    """
    parts = text.split(",")
    try:
        numbers = [int(part) for part in parts]
    except ValueError:
        numbers = []
    fits = 6 <= len(numbers) <= 2 * _MOST and len(numbers) % 2 == 0
    if not fits or max(map(abs, numbers)) > _FARTHEST:
        raise InvalidParameterValue(
            f"the polygon is {shown(text)}; expected x,y,x,y,x,y: from 3 to {_MOST} corners, integers."
        )
    return list(zip(numbers[::2], numbers[1::2]))


def inside(points: npt.NDArray[np.int16], corners: Corners) -> Mask:
    """(n,) whether points lie within a polygon, by the even-odd rule: each edge to the right turns it.

    Args:
        points: (n, 2). corners: (c, 2) in their order; the last is joined to the first.
    """
    x, y = points.T.astype(np.float64)
    polygon = np.array(corners, dtype=np.float64)
    found = np.zeros(len(points), dtype=np.bool_)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0)):
        if y0 == y1:
            continue
        crosses = (y0 > y) != (y1 > y)
        found ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return found
