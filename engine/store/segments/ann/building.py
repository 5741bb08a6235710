"""Approximate indexes are made here: by product quantization, or what a FAISS factory string says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import faiss
import numpy as np

from engine.core.arrays import Floats32, Matrix
from engine.errors import CorruptFile, InvalidParameterValue
from engine.store.segments.ann.cells import (
    Cells,
    Centres,
    Widths,
    cells_file,
    most_cells,
    outside,
)
from engine.store.segments.ann.compression import (
    LEAST_CODES,
    SEED,
    Vectors,
    augmented,
    coded_axes,
    principal_axes,
    sample_of,
    some_rows,
)
from engine.store.segments.ann.grouping import SAMPLE_ROWS, centres_of
from engine.store.segments.ann.lists import write_lists
from engine.store.segments.ann.outlines import OUTLINE_AXES, outline_axes_file
from engine.store.segments.ann.points import Points
from engine.store.segments.ann.products import axes_of, threads_of

_TRAINING_ROWS = 20_000  # pairs of numbers have 16 centroids each: more rows change nothing
_ADD_ROWS = 65_536
# Lengths of vectors whose squared distances float32 can say, and of our own codes those of -|x|²/2:
# beyond, k-means finds no centre, and FAISS ends the process.
_LONGEST, _LONGEST_OF_FACTORIES = 1e9, 1e18


def can_build(longest: float, factory: str | None) -> bool:
    """Whether vectors up to a length can be learnt from, by `build_codes` or what a factory says."""
    return longest <= (_LONGEST if factory is None else _LONGEST_OF_FACTORIES)


def build_codes(
    file: Path,
    matrix: Vectors,
    lengths: Floats32 | None,
    like: Path | None = None,
    seed: int = SEED,
) -> None:
    """Compress (n, d) vectors and write the result as a FAISS index.

    Beside it go its cells with their codes, and the axes that small segments are outlined on.

    Args:
        lengths: (n,) of -|x|²/2 where vectors are not unit length, else None.
        like: another index of such vectors, whose axes and centres are taken where they fit as well: a
            query then compares itself with them once.
    """
    rng = np.random.default_rng(seed)
    most = most_cells(len(matrix))
    division = None
    if like is not None and most > 1:
        sample = sample_of(rng, matrix, lengths, _TRAINING_ROWS)
        division = _fitting(like, sample)
    shared = None if division is None else like
    if division is None:
        wanted = _TRAINING_ROWS + (most > 1) * SAMPLE_ROWS * most
        sample = sample_of(rng, matrix, lengths, wanted)
    principal = principal_axes(sample)
    dimension = matrix.shape[1]  # outlines are of vectors as they are
    own = principal if sample.shape[1] == dimension else principal_axes(sample[:, :dimension])
    if own is not None:
        np.save(outline_axes_file(file), own.leading(OUTLINE_AXES))
    if division is None:
        axes = coded_axes(principal, rng)
        turned = sample if axes is None else sample @ axes.T
        division = _Division(axes, centres_of(turned, most, seed) if most > 1 else None)
    _write_codes(_trained(sample, division, seed), division, matrix, lengths, file, shared)


class _Division(NamedTuple):
    """The (k, w) axes that codes are made of, None for all numbers; centres of cells, None for one."""

    axes: Matrix | None
    centres: Centres | None


def _fitting(like: Path, sample: Matrix) -> _Division | None:
    """How another index divides its rows, if those of a sample lie about as near to its centres."""
    if not cells_file(like).exists():
        return None
    try:
        cells, index = Cells.read(like), faiss.read_index(str(like))
    except (CorruptFile, RuntimeError):
        return None  # whoever reads that index will say so
    if index.d != sample.shape[1]:
        return None
    axes = axes_of(index)
    fits = cells.fit(sample, sample if axes is None else sample @ axes.T)
    return _Division(axes, cells.centres) if fits else None


def _trained(sample: Matrix, division: _Division, seed: int) -> Any:
    """A trained index of codes of the axes, without rows, with a list for each cell."""
    axes, centres = division
    width = sample.shape[1] if axes is None else len(axes)
    coarse = faiss.IndexFlatIP(width)
    lists = 1
    if centres is not None:  # and one of the rows that are apart
        coarse.add(np.vstack([centres.points, np.zeros((1, width), dtype=np.float32)]))
        lists = coarse.ntotal
    groups = width if width < 2 * LEAST_CODES else width // 2  # a divisor of the width
    # Only codes in the order of rows can be put into cells that are chosen here.
    kind = faiss.IndexIVFPQFastScan if centres is None else faiss.IndexIVFPQ
    codes = kind(coarse, width, lists, groups, 4, faiss.METRIC_INNER_PRODUCT)
    codes.by_residual = False
    codes.pq.cp.niter, codes.pq.cp.seed = 10, seed
    index = codes
    if axes is not None:
        projection = faiss.LinearTransform(sample.shape[1], width, False)
        faiss.copy_array_to_vector(axes.ravel(), projection.A)
        projection.is_trained, projection.is_orthonormal = True, True
        index = faiss.IndexPreTransform(projection, codes)
    # Hundreds of small groups are trained one after another: threads would meet at a barrier after
    # each step, which takes seconds where something else wants the cores.
    with threads_of(1):
        index.train(sample)
    return index


def _write_codes(
    index: Any,
    division: _Division,
    matrix: Vectors,
    lengths: Floats32 | None,
    file: Path,
    shared: Path | None,
) -> None:
    """Add all rows to a trained index and write it; `shared`: an index that has the same centres."""
    with threads_of(os.cpu_count() or 1):
        if division.centres is None:
            _add(index, matrix, lengths)
            _write(index, file)
        else:
            packed, cells = _in_cells(index, division.axes, division.centres, matrix, lengths, file)
            cells.write(file, shared)
            _write(packed, file)


def _in_cells(
    index: Any,
    axes: Matrix | None,
    centres: Centres,
    matrix: Vectors,
    lengths: Floats32 | None,
    file: Path,
) -> tuple[Any, Cells]:
    """Add all rows to a trained index and write their codes beside its file.

    Returns:
        The index to be written, without codes and centres, which are read from files beside it; it has
        parts of the trained one, which it must not outlive. And what is known of the cells.
    """
    coded = index if axes is None else faiss.downcast_index(index.index)
    widths = Widths(len(centres.points))
    for start in range(0, len(matrix), _ADD_ROWS):
        part = slice(start, start + _ADD_ROWS)
        rows = augmented(matrix[part], None if lengths is None else lengths[part])
        turned = rows if axes is None else np.ascontiguousarray(rows @ axes.T)
        cell, away = centres.nearest(turned)
        widths.add(cell, away + outside(rows, turned))
        coded.add_core(len(turned), faiss.swig_ptr(turned), None, faiss.swig_ptr(cell), None)
    packed = faiss.IndexIVFPQFastScan(coded)
    sizes = write_lists(packed, file)
    packed.quantizer.reset()
    points = Points(centres.points)
    cells = Cells(points, centres.reach, widths.measured(), widths.rest, sizes)
    return packed if axes is None else faiss.IndexPreTransform(index.chain.at(0), packed), cells


def _add(index: Any, matrix: Vectors, lengths: Floats32 | None) -> None:
    for start in range(0, len(matrix), _ADD_ROWS):
        part = slice(start, start + _ADD_ROWS)
        index.add(augmented(matrix[part], None if lengths is None else lengths[part]))


def build_factory(file: Path, matrix: Vectors, lengths: Floats32 | None, factory: str) -> None:
    """Make what a FAISS factory string says and write it: for vectors of any length by distance.

    Raises:
        InvalidParameterValue: FAISS does not know the string, or can't train it on these rows.
    """
    metric = faiss.METRIC_INNER_PRODUCT if lengths is None else faiss.METRIC_L2
    with threads_of(os.cpu_count() or 1):
        index = _factory(matrix.shape[1], factory, metric)
        try:
            if not index.is_trained:
                rows = some_rows(np.random.default_rng(SEED), len(matrix), 200_000)
                index.train(np.ascontiguousarray(matrix[rows]))
            for start in range(0, len(matrix), _ADD_ROWS):
                index.add(np.ascontiguousarray(matrix[start : start + _ADD_ROWS]))
        except RuntimeError as error:
            raise _not_usable(factory, error) from None
        _write(index, file)


def _write(index: Any, file: Path) -> None:
    try:
        faiss.write_index(index, str(file))
    except RuntimeError as error:  # what FAISS makes of a full disk
        raise OSError(str(error).splitlines()[-1].strip()) from None


def check_factory(factory: str, dimension: int) -> None:
    """Refuse a factory string that FAISS does not know for this dimension.

    Raises:
        InvalidParameterValue: with FAISS's reason.
    """
    _factory(dimension, factory, faiss.METRIC_INNER_PRODUCT)


def _factory(dimension: int, factory: str, metric: int) -> Any:
    try:
        return faiss.index_factory(dimension, factory, metric)
    except RuntimeError as error:
        raise _not_usable(factory, error) from None


def _not_usable(factory: str, error: Exception) -> InvalidParameterValue:
    reason = str(error).splitlines()[-1].strip()
    return InvalidParameterValue(
        f"faiss_factory {factory!r} can't be used here: {reason} Give a FAISS factory string such "
        "as 'HNSW32' or 'IVF1024,Flat', or leave it out."
    )
