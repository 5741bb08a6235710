"""Places on a map for what it was not made of: among the nearest of what has one. Knows vectors."""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt

from engine.core.arrays import Matrix
from engine.store.segments.ann.products import exact_nearest

Places = npt.NDArray[np.int16]
_NEAREST = 10
_BLOCK = 4096
EDGE = 32_000  # the farthest place from the middle of a map, along either axis


def middle(places: Places) -> Places:
    """The median of places, (2,): of neighbours in two regions it lies in one, not between them."""
    return cast(Places, np.median(places, axis=0).round().astype(np.int16))


def places_among(directions: Matrix, known: Matrix, places: Places) -> Places:
    """(m, 2) for unit vectors (m, d): each at the median of its nearest among `known`, (n, d).

    Args:
        places: (n, 2) of the known ones, of which there is at least one.
    """
    out = np.empty((len(directions), 2), dtype=np.int16)
    wanted = min(_NEAREST, len(known))
    for start in range(0, len(directions), _BLOCK):
        part = slice(start, start + _BLOCK)
        rows, _ = exact_nearest(np.ascontiguousarray(directions[part]), known, wanted)
        out[part] = np.median(places[rows], axis=1).round()
    return out


def scaled(points: npt.NDArray[np.float64]) -> Places:
    """Points (n, 2) around the middle of a map, the farthest at its edge; one scale for both axes."""
    if not len(points):
        return np.zeros((0, 2), dtype=np.int16)
    middle_of_all = (points.max(axis=0) + points.min(axis=0)) / 2
    centred = points - middle_of_all
    farthest = float(np.abs(centred).max())
    if farthest > 0:
        centred *= EDGE / farthest
    return cast(Places, centred.round().astype(np.int16))
