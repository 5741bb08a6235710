"""Cells of a large approximate index: how many, and how far their rows lie from centres. Knows numpy."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from engine.core.arrays import Floats32, Matrix, Rows
from engine.store.segments.ann.compression import CellSample, worse_half

CELLS_FROM = 200_000  # rows from which choosing cells is quicker than reading all codes
_MOST_CELL_ROWS = 1024  # rows of a cell, about
_DOUBT = 10  # rows like the average that a cell is thought to have beside those of a sample
# How much wider than measured a cell's products are thought to spread, because real rows have longer
# tails than a normal distribution: with the widths of cells, and where they are not known.
_WIDER, _WIDER_BLINDLY = 1.3, 1.5
_BLOCK_NUMBERS = 1 << 24  # products with centres that are held at once


def cells_for(rows: int) -> int:
    """How many cells a segment of so many rows is divided into; 1 for none.

    More cells mean fewer rows that a query reads, and more time for centres, here and in the build.
    """
    if rows < CELLS_FROM:
        return 1
    return round(max(rows / _MOST_CELL_ROWS, math.sqrt(rows)))


def widths_file(ann: Path) -> Path:
    """Where the widths of an index's cells lie."""
    return ann.with_name("cells.npy")


def rests_of(rows: Matrix, axes: Matrix | None, centres: Matrix) -> tuple[Matrix, Rows]:
    """(s, w) vectors minus the centres of their cells, and (s,) their cells.

    Args:
        axes: (k, w) float32 orthonormal, those of the centres; None where these have all w numbers.
    """
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
        return CellSample(centres, sizes, _WIDER_BLINDLY * worse_half(rests), evenly)
    return CellSample(centres, sizes, rests * (_WIDER / widths[cell, None]), widths)
