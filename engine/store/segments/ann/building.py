"""Approximate indexes are made here: by product quantization, or what a FAISS factory string says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from engine.core.arrays import Floats32, Matrix
from engine.errors import InvalidParameterValue
from engine.store.segments.ann.cells import Cells, Centres, Widths, most_cells
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
from engine.store.segments.ann.products import threads_of

_TRAINING_ROWS = 20_000  # pairs of numbers have 16 centroids each: more rows change nothing
_ADD_ROWS = 65_536


def build_codes(file: Path, matrix: Vectors, lengths: Floats32 | None, seed: int = SEED) -> None:
    """Compress (n, d) vectors and write the result as a FAISS index.

    Beside it go its cells with their codes, and the axes that small segments are outlined on.

    Args:
        lengths: (n,) of -|x|²/2 where vectors are not unit length, else None.
    """
    rng = np.random.default_rng(seed)
    most = most_cells(len(matrix))
    wanted = _TRAINING_ROWS + (most > 1) * SAMPLE_ROWS * most
    sample = sample_of(rng, matrix, lengths, wanted)
    principal = principal_axes(sample)
    dimension = matrix.shape[1]  # outlines are of vectors as they are
    own = principal if sample.shape[1] == dimension else principal_axes(sample[:, :dimension])
    if own is not None:
        np.save(outline_axes_file(file), own.leading(OUTLINE_AXES))
    axes = coded_axes(principal, rng)
    centres = None
    if most > 1:
        centres = centres_of(sample if axes is None else sample @ axes.T, most, seed)
    index = _untrained(sample, axes, centres, seed)
    # Hundreds of small groups are trained one after another: threads would meet at a barrier after
    # each step, which takes seconds where something else wants the cores.
    with threads_of(1):
        index.train(sample)
    with threads_of(os.cpu_count() or 1):
        if centres is None:
            _add(index, matrix, lengths)
            _write(index, file)
        else:
            _write(_in_cells(index, axes, centres, matrix, lengths, file), file)


def _untrained(sample: Matrix, axes: Matrix | None, centres: Centres | None, seed: int) -> Any:
    """An empty index of codes of the main axes, or of all numbers; with a list for each cell."""
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
    if axes is None:
        return codes
    projection = faiss.LinearTransform(sample.shape[1], width, False)
    faiss.copy_array_to_vector(axes.ravel(), projection.A)
    projection.is_trained, projection.is_orthonormal = True, True
    return faiss.IndexPreTransform(projection, codes)


def _in_cells(
    index: Any,
    axes: Matrix | None,
    centres: Centres,
    matrix: Vectors,
    lengths: Floats32 | None,
    file: Path,
) -> Any:
    """Add all rows to a trained index; write their codes, and what is known of cells, beside its file.

    Returns:
        The index to be written: without codes and centres, which are read from these. It has parts of
        the trained one, which it must not outlive.
    """
    coded = index if axes is None else faiss.downcast_index(index.index)
    widths = Widths(len(centres.points))
    for start in range(0, len(matrix), _ADD_ROWS):
        part = slice(start, start + _ADD_ROWS)
        rows = augmented(matrix[part], None if lengths is None else lengths[part])
        turned = rows if axes is None else np.ascontiguousarray(rows @ axes.T)
        cell, away = centres.nearest(turned)
        if axes is not None:  # and what lies outside the axes
            away += np.einsum("ij,ij->i", rows, rows) - np.einsum("ij,ij->i", turned, turned)
        widths.add(cell, away)
        coded.add_core(len(turned), faiss.swig_ptr(turned), None, faiss.swig_ptr(cell), None)
    packed = faiss.IndexIVFPQFastScan(coded)
    sizes = write_lists(packed, file)
    packed.quantizer.reset()
    Cells(centres, widths.measured(), sizes).write(file)
    return packed if axes is None else faiss.IndexPreTransform(index.chain.at(0), packed)


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
