"""Approximate indexes are made here: by product quantization, or what a FAISS factory string says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from engine.core.arrays import Floats32, Matrix
from engine.errors import InvalidParameterValue
from engine.store.segments.ann.cells import cell_widths, cells_for, widths_file
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
from engine.store.segments.ann.lists import write_lists
from engine.store.segments.ann.outlines import OUTLINE_AXES, outline_axes_file
from engine.store.segments.ann.products import threads_of

_TRAINING_ROWS = 20_000  # pairs of numbers have 16 centroids each: more rows change nothing
_CELL_TRAINING_ROWS = 50  # for each cell
_ADD_ROWS = 65_536


def build_codes(file: Path, matrix: Vectors, lengths: Floats32 | None, seed: int = SEED) -> None:
    """Compress (n, d) vectors and write the result as a FAISS index.

    Beside it go the widths of its cells, and the axes that small segments are outlined on.

    Args:
        lengths: (n,) of -|x|²/2 where vectors are not unit length, else None.
    """
    rng = np.random.default_rng(seed)
    cells = cells_for(len(matrix))
    wanted = _TRAINING_ROWS + (cells > 1) * _CELL_TRAINING_ROWS * cells
    sample = sample_of(rng, matrix, lengths, wanted)
    principal = principal_axes(sample)
    dimension = matrix.shape[1]  # outlines are of vectors as they are
    own = principal if sample.shape[1] == dimension else principal_axes(sample[:, :dimension])
    if own is not None:
        np.save(outline_axes_file(file), own.leading(OUTLINE_AXES))
    axes = coded_axes(principal, rng)
    index = _untrained(sample, axes, cells, seed)
    if cells > 1:
        np.save(
            widths_file(file), cell_widths(sample, axes, _coarse(index).reconstruct_n(0, cells))
        )
    # Hundreds of small groups are trained one after another: threads would meet at a barrier after
    # each step, which takes seconds where something else wants the cores.
    with threads_of(1):
        index.train(sample)
    with threads_of(os.cpu_count() or 1):
        _add(index, matrix, lengths)
        if cells > 1:
            write_lists(_coded(index), file)
        _write(index, file)


def _untrained(sample: Matrix, axes: Matrix | None, cells: int, seed: int) -> Any:
    """An empty index of codes of the main axes, or of all numbers; with its cells' centres."""
    width = sample.shape[1] if axes is None else len(axes)
    coarse = faiss.IndexFlatIP(width)
    groups = width if width < 2 * LEAST_CODES else width // 2  # a divisor of the width
    codes = faiss.IndexIVFPQFastScan(coarse, width, cells, groups, 4, faiss.METRIC_INNER_PRODUCT)
    codes.by_residual = False
    codes.pq.cp.niter, codes.pq.cp.seed = 10, seed
    if cells > 1:
        coarse.add(_centres(sample if axes is None else sample @ axes.T, cells, seed))
    if axes is None:
        return codes
    projection = faiss.LinearTransform(sample.shape[1], width, False)
    faiss.copy_array_to_vector(axes.ravel(), projection.A)
    projection.is_trained, projection.is_orthonormal = True, True
    return faiss.IndexPreTransform(projection, codes)


def _coarse(index: Any) -> Any:
    """What finds the cells of an index that `_untrained` made."""
    return faiss.downcast_index(_coded(index).quantizer)


def _coded(index: Any) -> Any:
    """The part with the codes of an index that `_untrained` made."""
    inner = index.index if isinstance(index, faiss.IndexPreTransform) else index
    return faiss.downcast_index(inner)


def _centres(sample: Matrix, cells: int, seed: int) -> Matrix:
    """Centres of cells, (cells, w) float32, by k-means."""
    clustering = faiss.Clustering(sample.shape[1], cells)
    clustering.niter, clustering.seed = 8, seed
    clustering.max_points_per_centroid = 256
    nearest = faiss.IndexFlatL2(sample.shape[1])
    with threads_of(os.cpu_count() or 1):
        clustering.train(np.ascontiguousarray(sample), nearest)
    centres: Matrix = faiss.vector_to_array(clustering.centroids).reshape(cells, -1)
    return centres


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
