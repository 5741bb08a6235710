"""Centres of cells, which segments of one build have in common: a file, a matrix, a product."""

from __future__ import annotations

import contextlib
import os
import weakref
from pathlib import Path

import numpy as np

from engine.core.arrays import Floats32, Matrix, Vector
from engine.digests import sha256
from engine.errors import CorruptFile
from engine.store.numpy_files import read_array
from engine.store.segments.ann.products import products_of_all


class Points:
    """Where cells lie: (c, k) float32. Safe to use from many threads."""

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix
        self._last: tuple[Vector, Floats32] | None = None

    def products(self, query: Vector) -> Floats32:
        """A query's products with all of them, (c,), not to be written to.

        The next segment that has them asks for the same, and is given what was worked out.
        """
        last = self._last
        if last is None or not np.array_equal(last[0], query):
            last = self._last = query.copy(), products_of_all(query, self.matrix)
        return last[1]


_in_use: weakref.WeakValueDictionary[str, Points] = weakref.WeakValueDictionary()


def points_file(ann: Path) -> Path:
    """Where the centres of an index lie."""
    return ann.with_name("centres.npy")


def write_points(points: Matrix, ann: Path, like: Path | None) -> None:
    """Write centres beside an index, as float16 where that is what they are.

    Args:
        like: another index that has the same: its file is this one's too, where the disk can do that.

    Raises:
        OSError: the disk is full, or the like.
    """
    file = points_file(ann)
    if like is not None:
        with contextlib.suppress(OSError):  # a disk that can't, or the other index is gone
            os.link(points_file(like), file)
            return
    with np.errstate(over="ignore"):
        halves = points.astype(np.float16)
    np.save(file, halves if (halves == points).all() else points)


def read_points(ann: Path) -> Points:
    """The centres that lie beside an index; those that another one has are in memory once.

    Raises:
        CorruptFile: they can't be read.
    """
    file = points_file(ann)
    try:
        digest = sha256(file)
        known = _in_use.get(digest)
        if known is None:
            known = Points(read_array(file).astype(np.float32))
        return _in_use.setdefault(digest, known)
    except (OSError, ValueError, EOFError) as error:
        raise CorruptFile(f"{file} can't be read ({error}). Sync the index again.") from None
