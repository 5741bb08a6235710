"""Vectors before product quantization: augmented, and projected on their main axes. Knows numpy.

And what a sample of rows says of the codes' errors. Not FAISS, which makes the codes (see `ann`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from engine.core.arrays import Floats32, Matrix, Rows, Vector
from engine.store.segments.ann.points import Points
from engine.store.segments.packing import PackedMatrix

Vectors = Matrix | PackedMatrix
SEED = 1234  # of what is drawn while an index is made
_SHORT = 2  # standard deviations of lengths squared that a row is shorter than most
_MOST_SHORT = 8192  # rows; scoring so many of 512 numbers takes a millisecond
LEAST_CODES = 128  # groups of numbers with a code of four bits, where vectors have so many numbers
_LOST_SHARE = 0.04  # of the variance may lie outside the axes that are kept
_MOST_TURNED = 1536  # longer vectors keep all axes: finding the main ones takes too long


@dataclass(frozen=True)
class CellSample:
    """The c cells of an approximate index.

    Attributes:
        centres: (c, k), on the k axes of the codes.
        sizes: (c,) rows in each cell, then how many are apart from all cells.
        rests: (s, w) float32, vectors minus the centres of their cells, made as long as those of an
            average cell, and longer by what a normal tail does not say of real rows: with a query they
            give how far a cell's products spread.
        widths: (c,) float32, how much longer a cell's rests are than an average cell's.
        has_apart: rows that lie far from all centres are apart; else they are in any cell, and `sizes`
            has no more than the cells.
    """

    centres: Points
    sizes: Rows
    rests: Matrix
    widths: Floats32
    has_apart: bool

    @cached_property
    def rows(self) -> Floats32:
        """(c,) rows in each cell, as expected numbers of rows are counted."""
        return self.sizes[: len(self.widths)].astype(np.float32)


@dataclass(frozen=True)
class Sample:
    """What is known of an approximate index from some of its rows; w is the width of its vectors.

    Attributes:
        kept: how many axes queries are projected on; 0 where codes are of the vectors' own numbers.
        lens: (kept + s, w) float32, what a query is multiplied with before a first pass: these axes,
            then `errors`.
        short: the few rows that are much shorter than most and whose codes say that they are longer,
            ascending: every approximate product of theirs is too small, by more than `errors` tell.
        cells: what it says of the cells; None where one cell holds all.
    """

    kept: int
    lens: Matrix
    short: Rows
    cells: CellSample | None = None

    @cached_property
    def errors(self) -> Matrix:
        """(s, w) float32, vectors minus what their codes say.

        With a query they give the spread of the error of its products. Of rows that are coded badly,
        because some kinds of rows are coded worse than others.
        """
        return self.lens[self.kept :]

    @cached_property
    def all_rows(self) -> Rows:
        """(1, s) numbers of all errors."""
        return np.arange(len(self.errors))[None, :]


class Turned(NamedTuple):
    """A query as an approximate index takes it.

    Attributes:
        wide: (w,) float32, augmented. codes: the same as codes are compared with it.
        spread: standard deviation of the error of its approximate products.
    """

    wide: Vector
    codes: Vector
    spread: float


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


class Axes(NamedTuple):
    """Principal axes of vectors of width w, with what they hold.

    Attributes:
        energy: (w,) float64, mean squares along the axes, ascending.
        axes: (w, w) float64, orthonormal columns in that order.
        variance: of the vectors around their mean.
    """

    energy: np.ndarray
    axes: np.ndarray
    variance: float

    def leading(self, count: int) -> Matrix:
        """The axes with the most energy: (count, w) float32 orthonormal."""
        return np.ascontiguousarray(self.axes[:, -count:].T, dtype=np.float32)


def principal_axes(sample: Matrix) -> Axes | None:
    """The principal axes of (s, w) sampled vectors; None where w is too small or large for them."""
    rows, width = sample.shape
    if not LEAST_CODES < width <= _MOST_TURNED:
        return None
    wide = sample.astype(np.float64)
    energy, axes = np.linalg.eigh(wide.T @ wide / rows)  # not centred: queries aren't
    return Axes(energy, axes, float(energy.sum() - (wide.mean(axis=0) ** 2).sum()))


def coded_axes(principal: Axes | None, rng: np.random.Generator) -> Matrix | None:
    """The axes that codes are made of, fewer than w: (kept, w) float32 orthonormal.

    Real embeddings lie near a subspace; codes of its axes alone are shorter and more exact. The axes
    are turned at random within the subspace, so that all carry about as much. None where rows fill
    the whole space.
    """
    if principal is None:
        return None
    width = len(principal.energy)
    lost = np.cumsum(principal.energy) <= _LOST_SHARE * principal.variance
    needed = width - int(np.count_nonzero(lost))
    kept = next((size for size in (128, 256, 384, 512) if size >= needed), width)
    if kept > 0.75 * width:
        return None
    turn, _ = np.linalg.qr(rng.standard_normal((kept, kept)))
    return np.ascontiguousarray((principal.axes[:, -kept:] @ turn).T, dtype=np.float32)


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


def shortest_rows(lengths: Floats32) -> Rows:
    """The rows that are much shorter than most, ascending: some, where they are many.

    Args:
        lengths: (n,) of -|x|²/2.
    """
    with np.errstate(invalid="ignore"):  # infinite for vectors that are too long
        above = lengths - np.float32(lengths.mean(dtype=np.float64))
        most = max(float(above.max(initial=0.0)), -float(above.min(initial=0.0)))
    if not 0 < most < np.inf:
        return np.empty(0, dtype=np.int64)
    above /= np.float32(most)  # so that no square is too great or small
    rows: Rows = np.flatnonzero(above > _SHORT * np.sqrt(float(above @ above) / len(above)))
    if len(rows) > _MOST_SHORT:
        rows = np.sort(rows[np.argpartition(-above[rows], _MOST_SHORT)[:_MOST_SHORT]])
    return rows


def worse_half(errors: Matrix) -> Matrix:
    """The longer half of some error vectors."""
    lengths = np.einsum("ij,ij->i", errors, errors)
    return np.ascontiguousarray(errors[np.argsort(lengths)[len(errors) // 2 :]])
