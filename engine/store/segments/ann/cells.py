"""Cells of a large approximate index: rows near a centre, and rows that lie near none."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import NamedTuple

import faiss
import numpy as np

from engine.core.arrays import Floats32, Matrix, Rows
from engine.errors import CorruptFile
from engine.store.numpy_files import read_arrays
from engine.store.segments.ann.compression import CellSample, worse_half
from engine.store.segments.ann.points import Points, read_points, write_points
from engine.store.segments.ann.products import threads_of

CELLS_FROM = 200_000  # rows from which choosing cells is quicker than reading all codes
_CELL_ROWS = 190  # of a cell, about; with fewer, half filled blocks need more of the disk
_DOUBT = 10  # rows like the average that a cell is thought to have beside its own
# How much wider than measured a cell's products are thought to spread, because real rows have longer
# tails than a normal distribution: where the widths of cells are known, and where they are not.
_WIDER, _WIDER_BLINDLY = 1.3, 1.5
# Rows of another segment fit to the same centres if no more of them are apart, in shares of all, and the
# others lie no farther from their centres, in mean squares.
_MORE_APART, _FARTHER = 0.02, 1.1


def most_cells(rows: int) -> int:
    """How many cells a segment of so many rows is divided into at most; 1 for none.

    More cells mean fewer rows that a query reads, and more time for centres, here and in the build.
    """
    if rows < CELLS_FROM:
        return 1
    return round(max(rows / _CELL_ROWS, math.sqrt(rows)))


class Centres(NamedTuple):
    """Where cells lie, and how far a row of a cell may lie from its centre.

    Rows that lie farther from all centres are apart: they have a place of their own behind the cells,
    which every query reads. Otherwise a small group without a centre would hide in any cell.

    Attributes:
        points: (c, k) float32, on the axes of the codes.
        reach: a squared distance.
    """

    points: Matrix
    reach: float

    def nearest(self, turned: Matrix) -> tuple[Rows, Floats32]:
        """Cells of (s, k) vectors on the same axes, c for those apart; squared distances to centres."""
        index = faiss.IndexFlatL2(self.points.shape[1])
        index.add(np.ascontiguousarray(self.points))
        # It compares products while they are in the processor's caches, where numpy writes them first.
        with threads_of(os.cpu_count() or 1):
            found, nearest = index.search(np.ascontiguousarray(turned), 1)
        cell, away = nearest[:, 0], np.maximum(found[:, 0], 0)
        cell[away > self.reach] = len(self.points)
        return cell, away


class Widths:
    """How long the rests of each cell's rows are, gathered while rows are added."""

    def __init__(self, cells: int) -> None:
        self._sums, self._counts = np.zeros(cells), np.zeros(cells)

    def add(self, cell: Rows, squares: Floats32) -> None:
        """Rows of cells, with squared lengths of vectors minus centres; those apart don't count."""
        cells, known = len(self._sums), cell < len(self._sums)
        self._sums += np.bincount(cell[known], weights=squares[known], minlength=cells)
        self._counts += np.bincount(cell[known], minlength=cells)

    def measured(self) -> Floats32:
        """How much longer than all rests those of each cell are: (c,) float32.

        A cell with few rows is taken for one like the others.
        """
        mean = self.rest
        widths = np.sqrt((self._sums + _DOUBT * mean) / (self._counts + _DOUBT) / mean)
        return widths.astype(np.float32)

    @property
    def rest(self) -> float:
        """The mean square that was added."""
        return max(float(self._sums.sum()) / max(1.0, float(self._counts.sum())), 1e-30)


class Cells(NamedTuple):
    """What is written of the cells of one segment.

    Attributes:
        points, reach: see `Centres`; c of them.
        widths: (c,) float32, see `Widths`.
        rest: mean squared distance of rows from their centres, without those that are apart.
        sizes: (c + 1,) rows of each; those of the last are apart.
    """

    points: Points
    reach: float
    widths: Floats32
    rest: float
    sizes: Rows

    @property
    def centres(self) -> Centres:
        """Where the cells lie."""
        return Centres(self.points.matrix, self.reach)

    def write(self, ann: Path, like: Path | None = None) -> None:
        """Write it beside an index.

        Args:
            like: an index that has the same centres, see `write_points`.

        Raises:
            OSError: the disk is full, or the like.
        """
        write_points(self.points.matrix, ann, like)
        np.savez(
            cells_file(ann),
            reach=np.float64(self.reach),
            widths=self.widths,
            rest=np.float64(self.rest),
            sizes=self.sizes,
        )

    @classmethod
    def read(cls, ann: Path) -> Cells:
        """What was written beside an index.

        Raises:
            CorruptFile: it can't be read.
        """
        file = cells_file(ann)
        try:
            held = read_arrays(file)
            reach, rest = float(held["reach"]), float(held["rest"])
            return cls(read_points(ann), reach, held["widths"], rest, held["sizes"])
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise CorruptFile(f"{file} can't be read ({error}). Sync the index again.") from None

    def fit(self, rows: Matrix, turned: Matrix) -> bool:
        """Whether other rows, (s, w), lie about as near to the centres as those of this segment.

        Args:
            turned: (s, k), the same on the axes of the centres.
        """
        cell, away = self.centres.nearest(turned)
        away += outside(rows, turned)
        near = cell < len(self.points.matrix)
        apart = float(self.sizes[-1]) / max(1, int(self.sizes.sum()))
        if not near.any() or 1 - float(near.mean()) > apart + _MORE_APART:
            return False
        return float(away[near].mean(dtype=np.float64)) <= _FARTHER * self.rest


def outside(rows: Matrix, turned: Matrix) -> Floats32:
    """Squared lengths of (s, w) vectors outside the axes on which they are (s, k) numbers."""
    if rows.shape == turned.shape:
        return np.zeros(len(rows), dtype=np.float32)
    squares: Floats32 = np.einsum("ij,ij->i", rows, rows) - np.einsum("ij,ij->i", turned, turned)
    return squares


def cells_file(ann: Path) -> Path:
    """Where the cells of an index are described."""
    return ann.with_name("cells.npz")


def cell_sample(rows: Matrix, axes: Matrix | None, cells: Cells) -> CellSample:
    """What some rows, (s, w), say of the cells.

    Args:
        axes: (k, w) float32 orthonormal, those of the centres; None where these have all w numbers.
    """
    points = cells.points.matrix
    cell, _ = cells.centres.nearest(rows if axes is None else rows @ axes.T)
    near = cell < len(points)
    rows, cell = rows[near], cell[near]
    rests = _rests(rows, points[cell], axes) * (_WIDER / cells.widths[cell])[:, None]
    if not len(rests):
        rests = np.zeros((1, rows.shape[1]), dtype=np.float32)
    return CellSample(cells.points, cells.sizes, rests, cells.widths, has_apart=True)


def blind_cell_sample(
    rows: Matrix, centres: Matrix, sizes: Rows, axes: Matrix | None
) -> CellSample:
    """The same where rows of any kind are in each cell: those of earlier releases and of factories."""
    turned = rows if axes is None else rows @ axes.T
    cell = np.argmax(turned @ centres.T, axis=1)
    rests = _rests(rows, centres[cell], axes)
    evenly = np.ones(len(centres), dtype=np.float32)
    return CellSample(
        Points(centres), sizes, _WIDER_BLINDLY * worse_half(rests), evenly, has_apart=False
    )


def _rests(rows: Matrix, points: Matrix, axes: Matrix | None) -> Matrix:
    """(s, w) vectors minus their centres, (s, k) on the axes."""
    return rows - (points if axes is None else points @ axes)
