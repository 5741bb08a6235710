"""Vectors before product quantization: augmented, and projected on their main axes. Knows numpy.

And what a sample of rows says of the codes' errors. Not FAISS, which makes the codes (see `ann`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.core.arrays import Floats32, Matrix, Rows
from engine.store.segments.packing import PackedMatrix

Vectors = Matrix | PackedMatrix
LEAST_CODES = 128  # groups of numbers with a code of four bits, where vectors have so many numbers
CELLS_FROM = 200_000  # rows from which choosing cells is quicker than reading all codes
_MOST_CELL_ROWS = 1024  # rows of a cell, about
_DOUBT = 10  # rows like the average that a cell is thought to have beside those of a sample
# How much wider than measured a cell's products are thought to spread, because real rows have longer
# tails than a normal distribution: with the widths of cells, and where they are not known.
_WIDER, _WIDER_BLINDLY = 1.3, 1.5
_BLOCK_NUMBERS = 1 << 24  # products with centres that are held at once
_LOST_SHARE = 0.04  # of the variance may lie outside the axes that are kept
_MOST_TURNED = 1536  # longer vectors keep all axes: finding the main ones takes too long


@dataclass(frozen=True)
class Sample:
    """What is known of an approximate index from some of its rows; w is the width of its vectors.

    Attributes:
        errors: (s, w) float32, vectors minus what their codes say: with a query they give the
            spread of the error of its products. Of rows that are coded badly, because some kinds
            of rows are coded worse than others.
        cells: what it says of the cells; None where one cell holds all.
    """

    errors: Matrix
    cells: CellSample | None = None

    @cached_property
    def all_rows(self) -> Rows:
        """(1, s) numbers of all errors."""
        return np.arange(len(self.errors))[None, :]


@dataclass(frozen=True)
class CellSample:
    """The c cells of an approximate index, in the k numbers of its main axes.

    Attributes:
        axes: (k, w) float32 orthonormal; None where centres have all w numbers.
        centres: (c, k) float32.
        sizes: (c,) rows in each cell.
        rests: (s, w) float32, vectors minus the centres of their cells, made as long as those of an
            average cell, and longer by what a normal tail does not say of real rows: with a query they
            give how far a cell's products spread.
        widths: (c,) float32, how much longer a cell's rests are than an average cell's.
    """

    axes: Matrix | None
    centres: Matrix
    sizes: Rows
    rests: Matrix
    widths: Floats32

    @cached_property
    def numbers(self) -> tuple[Rows, Rows]:
        """(1, c) and (1, s) numbers of all centres and rests."""
        return np.arange(len(self.centres))[None, :], np.arange(len(self.rests))[None, :]


def cells_for(rows: int) -> int:
    """How many cells a segment of so many rows is divided into; 1 for none.

    More cells mean fewer rows that a query reads, and more time for centres, here and in the build.
    """
    if rows < CELLS_FROM:
        return 1
    return round(max(rows / _MOST_CELL_ROWS, math.sqrt(rows)))


def rests_of(rows: Matrix, axes: Matrix | None, centres: Matrix) -> tuple[Matrix, Rows]:
    """(s, w) vectors minus the centres of their cells, and (s,) their cells; see `CellSample`."""
    step = max(1, _BLOCK_NUMBERS // len(centres))
    turned = rows if axes is None else rows @ axes.T
    parts = [turned[at : at + step] @ centres.T for at in range(0, len(rows), step)]
    cell = np.concatenate([np.argmax(products, axis=1) for products in parts])
    return rows - (centres if axes is None else centres @ axes)[cell], cell


def cell_widths(rows: Matrix, axes: Matrix | None, centres: Matrix) -> Floats32:
    """How much longer than all rests those of each cell are, from (s, w) rows: (c,) float32.

    A cell with few rows in the sample is taken for one like the others.
    """
    rests, cell = rests_of(rows, axes, centres)
    squares = np.einsum("ij,ij->i", rests, rests)
    mean = max(float(squares.mean()), 1e-30)
    sums = np.bincount(cell, weights=squares, minlength=len(centres))
    counts = np.bincount(cell, minlength=len(centres))
    widths = np.sqrt((sums + _DOUBT * mean) / (counts + _DOUBT) / mean)
    return widths.astype(np.float32)


def cell_sample(
    rows: Matrix,
    axes: Matrix | None,
    centres: Matrix,
    sizes: Rows,
    widths: Floats32 | None,
) -> CellSample:
    """What some rows, (s, w), say of the cells; widths are None in segments that lack them."""
    rests, cell = rests_of(rows, axes, centres)
    if widths is None:
        evenly = np.ones(len(centres), dtype=np.float32)
        return CellSample(axes, centres, sizes, _WIDER_BLINDLY * worse_half(rests), evenly)
    return CellSample(axes, centres, sizes, rests * (_WIDER / widths[cell, None]), widths)


def augmented_width(dimension: int, lifted: bool) -> int:
    """Numbers in a vector as FAISS holds it: with -|x|²/2 where needed, made even by a zero."""
    return dimension + lifted + (dimension + lifted) % 2


def augmented(vectors: Matrix, lengths: Floats32 | None) -> Matrix:
    """(n, d) vectors as FAISS holds them: (n, augmented_width) float32.

    Args:
        lengths: (n,) of -|x|²/2 where vectors are not unit length, else None.
    """
    rows, dimension = vectors.shape
    width = augmented_width(dimension, lengths is not None)
    if width == dimension:
        return np.ascontiguousarray(vectors)
    wide = np.zeros((rows, width), dtype=np.float32)
    wide[:, :dimension] = vectors
    if lengths is not None:
        wide[:, dimension] = lengths
    return wide


def main_axes(sample: Matrix, rng: np.random.Generator) -> Matrix | None:
    """The principal axes of (s, w) sampled vectors, fewer than w: (kept, w) float32 orthonormal.

    Real embeddings lie near a subspace; codes of its axes alone are shorter and more exact. The axes
    are turned at random within the subspace, so that all carry about as much. None where rows fill
    the whole space.
    """
    rows, width = sample.shape
    if not LEAST_CODES < width <= _MOST_TURNED:
        return None
    wide = sample.astype(np.float64)
    energy, axes = np.linalg.eigh(wide.T @ wide / rows)  # ascending; not centred: queries aren't
    variance = float(energy.sum() - (wide.mean(axis=0) ** 2).sum())
    lost = np.cumsum(energy) <= _LOST_SHARE * variance
    needed = width - int(np.count_nonzero(lost))
    kept = next((size for size in (128, 256, 384, 512) if size >= needed), width)
    if kept > 0.75 * width:
        return None
    turn, _ = np.linalg.qr(rng.standard_normal((kept, kept)))
    return np.ascontiguousarray((axes[:, -kept:] @ turn).T, dtype=np.float32)


def sample_of(
    rng: np.random.Generator, matrix: Vectors, lengths: Floats32 | None, wanted: int
) -> Matrix:
    """At most `wanted` of (n, d) vectors, augmented."""
    rows = some_rows(rng, len(matrix), wanted)
    return augmented(matrix[rows], None if lengths is None else lengths[rows])


def some_rows(rng: np.random.Generator, rows: int, wanted: int) -> Rows:
    """Distinct rows, ascending, so that they are read in the order of the file."""
    if rows <= wanted:
        return np.arange(rows)
    return np.sort(rng.choice(rows, wanted, replace=False))


def worse_half(errors: Matrix) -> Matrix:
    """The longer half of some error vectors."""
    lengths = np.einsum("ij,ij->i", errors, errors)
    return np.ascontiguousarray(errors[np.argsort(lengths)[len(errors) // 2 :]])
