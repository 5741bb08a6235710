"""The FAISS wall: approximate nearest neighbours within a segment. The only file with faiss.

Two kinds of index. By default product quantization: two bits a number (four for each pair of numbers),
which one core scans at 10 to 20 GB/s of codes, a sixteenth of the floats; large segments are divided
into cells (IVF), of which a query probes some. Or what a FAISS factory string says, for those who
study other structures.

What leaves here is a shortlist: rows with approximate products, in no certain completeness.
`service.search.shortlist` re-scores them exactly, and asks for more where recall needs it.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from engine.core.arrays import Floats32, Matrix, Rows, Vector
from engine.core.rows import RowSet
from engine.errors import CorruptFile, InvalidParameterValue
from engine.store.segments.compression import (
    LEAST_CODES,
    Sample,
    Turned,
    Vectors,
    augmented,
    augmented_width,
    main_axes,
    sample_of,
    some_rows,
    worse_half,
)
from engine.store.segments.packing import PackedMatrix

_TRAINING_ROWS = 20_000  # pairs of numbers have 16 centroids each: more rows change nothing
_CELL_TRAINING_ROWS = 50  # for each cell
_CELL_ROWS = 1024  # rows of a cell, about
_CELLS_FROM = 200_000  # rows from which a scan of all codes takes longer than choosing cells
_ADD_ROWS = 65_536
_UNPACKED_ROWS = 16_384  # for many queries at once
_SAMPLE_ROWS = 256  # of which the worse half counts: a standard deviation to 6 percent
_SEED = 1234
_KEPT_SELECTIONS = 16  # row masks whose parameters are kept; each takes a bit of each row


def build_codes(file: Path, matrix: Vectors, lengths: Floats32 | None, seed: int = _SEED) -> None:
    """Compress (n, d) vectors and write the result as a FAISS index.

    Args:
        lengths: (n,) of -|x|²/2 where vectors are not unit length, else None.
    """
    rng = np.random.default_rng(seed)
    cells = 1 if len(matrix) < _CELLS_FROM else round(len(matrix) / _CELL_ROWS)
    wanted = _TRAINING_ROWS + (cells > 1) * _CELL_TRAINING_ROWS * cells
    sample = sample_of(rng, matrix, lengths, wanted)
    index = _untrained(sample, main_axes(sample, rng), cells, seed)
    # Hundreds of small groups are trained one after another: threads would meet at a barrier after
    # each step, which takes seconds where something else wants the cores.
    with _threads(1):
        index.train(sample)
    with _threads(os.cpu_count() or 1):
        _add(index, matrix, lengths)
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


def _centres(sample: Matrix, cells: int, seed: int) -> Matrix:
    """Centres of cells, (cells, w) float32, by k-means."""
    clustering = faiss.Clustering(sample.shape[1], cells)
    clustering.niter, clustering.seed = 8, seed
    clustering.max_points_per_centroid = 256
    nearest = faiss.IndexFlatL2(sample.shape[1])
    with _threads(os.cpu_count() or 1):
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
    with _threads(os.cpu_count() or 1):
        index = _factory(matrix.shape[1], factory, metric)
        try:
            if not index.is_trained:
                rows = some_rows(np.random.default_rng(_SEED), len(matrix), 200_000)
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


def _read(file: Path, rows: int, width: int) -> Any:
    try:
        index = faiss.read_index(str(file))
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise CorruptFile(f"{file} is damaged ({reason}). Sync the index again.") from None
    if (index.ntotal, index.d) != (rows, width):
        raise CorruptFile(
            f"{file} holds {index.ntotal} vectors of length {index.d}, expected {rows} of {width}. "
            "Sync the index again."
        )
    return index


class AnnFile:
    """An approximate index of one segment, in memory. Safe to use from many threads.

    Attributes:
        is_factory: a factory string made it. is_graph: it is a graph (HNSW, NSG).
        cell_count: cells that a query can probe some of; 1 where it reads all.
    """

    def __init__(
        self, file: Path, rows: int, dimension: int, lifted: bool, factory: str | None = None
    ) -> None:
        """Read what `build_codes`, or with a factory string `build_factory`, wrote.

        Raises:
            CorruptFile: FAISS can't read it, or it is of other vectors.
        """
        width = dimension if factory is not None else augmented_width(dimension, lifted)
        self._index = _read(file, rows, width)
        self.is_factory = factory is not None
        # A factory's index of vectors of any length goes by distance, as graphs need it.
        self._by_distance = self.is_factory and lifted
        self._tail = np.zeros(width - dimension, dtype=np.float32)
        self._unfiltered: dict[int | None, Any] = {}
        # With the row mask, so that no other has its identity.
        self._filtered: dict[tuple[int, int | None], tuple[RowSet, Any, Any]] = {}
        if not self.is_factory:
            self._tail[:lifted] = 1
        self.is_graph = isinstance(self._index, (faiss.IndexHNSW, faiss.IndexNSG))
        self._turned = isinstance(self._index, faiss.IndexPreTransform)
        self._inner = faiss.downcast_index(self._index.index) if self._turned else self._index
        # Of one's own codes queries are turned here: FAISS takes three times as long for one.
        self._searched = self._index if self.is_factory else self._inner
        has_cells = isinstance(self._inner, faiss.IndexIVF) and not (
            factory and (self._turned or lifted)
        )
        self.cell_count: int = self._inner.nlist if has_cells else 1

    def sample(self, matrix: Vectors, lengths: Floats32 | None) -> Sample:
        """Measure the codes' errors on some hundred of the segment's rows."""
        rows = sample_of(np.random.default_rng(_SEED), matrix, lengths, _SAMPLE_ROWS)
        errors = np.zeros((1, self._index.d), dtype=np.float32)
        inner, kept = self._inner, 0
        if not self.is_factory:
            codes = inner.pq.compute_codes(np.ascontiguousarray(rows @ self._axes.T))
            errors = worse_half(rows - inner.pq.decode(codes) @ self._axes)
            kept = len(self._axes) if self._turned else 0
        lens = np.vstack([self._axes[:kept], errors]) if kept else errors
        if self.cell_count == 1:
            return Sample(kept, lens, rows[:0], np.empty(0, dtype=np.int64), rows[:0])
        centres = inner.quantizer.reconstruct_n(0, inner.nlist) @ self._axes
        sizes = np.array([inner.invlists.list_size(i) for i in range(inner.nlist)], dtype=np.int64)
        cell = np.argmax(rows @ centres.T, axis=1)
        return Sample(kept, lens, centres, sizes, worse_half(rows - centres[cell]))

    @property
    def _axes(self) -> Matrix:
        """(kept, w) float32: the axes that vectors are projected on before they are coded."""
        if not self._turned:
            return np.eye(self._index.d, dtype=np.float32)
        turn = faiss.downcast_VectorTransform(self._index.chain.at(0))
        axes: Matrix = faiss.vector_to_array(turn.A).reshape(turn.d_out, turn.d_in)
        return axes

    def turned(self, query: Vector, sample: Sample) -> Turned:
        """A (d,) float32 query with 1 for the length and zeros for the padding, on the codes' axes."""
        # Not by numpy's matrix product: its threads go on spinning for a while after a call, and take
        # a core from FAISS's.
        wide = np.concatenate([query, self._tail]) if len(self._tail) else query
        wide, seen = np.ascontiguousarray(wide), np.empty(len(sample.lens), dtype=np.float32)
        pointers = [faiss.swig_ptr(array) for array in (seen, wide, sample.lens)]
        faiss.fvec_inner_products_ny(*pointers, len(wide), len(seen))
        errors = seen[sample.kept :]
        # Around zero, not around their mean: that of all rows is zero, by how centroids are placed.
        spread = math.sqrt(float(errors.dot(errors)) / len(errors))
        return Turned(wide, seen[: sample.kept] if sample.kept else wide, spread)

    def error_spreads(self, sample: Sample, queries: Matrix) -> Floats32:
        """Standard deviation of the error of approximate products, for each of (m, d) queries."""
        rows = sample.all_rows.repeat(len(queries), axis=0)
        wide, threads = self._widen_all(queries), os.cpu_count() or 1
        errors = products_by_row(wide, sample.errors, rows, threads)
        spreads: Floats32 = np.sqrt(np.einsum("ij,ij->i", errors, errors) / errors.shape[1])
        return spreads

    def _widen_all(self, queries: Matrix) -> Matrix:
        if not len(self._tail):
            return queries
        tails = np.broadcast_to(self._tail, (len(queries), len(self._tail)))
        return np.ascontiguousarray(np.hstack([queries, tails]))

    def search(
        self, query: Turned, wanted: int, allowed: RowSet | None = None, cells: int | None = None
    ) -> tuple[Rows, Floats32]:
        """A shortlist: rows with the greatest approximate products, and these.

        Args:
            wanted: how many, at least 1.
            allowed: the row mask to choose from; None for all rows.
            cells: how many cells to probe, nearest first; None for all. For a graph: how many
                rows it keeps in sight (`efSearch`).

        Returns:
            at most `wanted` rows and their products, greatest first.
        """
        rows, products = np.empty(wanted, dtype=np.int64), np.empty(wanted, dtype=np.float32)
        # For one query FAISS's threads cost more than they bring.
        with _threads(1):
            parameters, _selector = self._parameters(allowed, cells, wanted)
            pointers = [faiss.swig_ptr(array) for array in (query.codes, products, rows)]
            self._searched.search_c(1, pointers[0], wanted, *pointers[1:], parameters)
        if self._by_distance:
            products = (np.float32(query.wide @ query.wide) - products) / np.float32(2)
        if rows[-1] >= 0:
            return rows, products
        found = rows >= 0
        return rows[found], products[found]

    def within(
        self, query: Turned, lowest: float, allowed: RowSet | None, cells: int | None
    ) -> Rows:
        """All rows whose approximate product is more than `lowest`, in no order; not of a factory's."""
        parameters, _selector = self._parameters(allowed, cells, 1)
        with _threads(1):
            found = self._searched.range_search(query.codes[None, :], lowest, params=parameters)
        rows: Rows = found[2]
        return rows

    def search_many(
        self, queries: Matrix, wanted: int, allowed: RowSet | None, cells: int | None
    ) -> tuple[Rows, Floats32]:
        """The same for (m, dimension) queries at once: (m, wanted) rows, -1 where there are fewer."""
        wide = self._widen_all(queries)
        parameters, _selector = self._parameters(allowed, cells, wanted)
        with _threads(os.cpu_count() or 1):
            if self._turned and not self.is_factory:
                wide = self._index.chain.at(0).apply(wide)
            products, rows = self._searched.search(wide, wanted, params=parameters)
        assert not self._by_distance  # one by one only
        return rows, products

    def _parameters(
        self, allowed: RowSet | None, cells: int | None, wanted: int
    ) -> tuple[Any, Any]:
        """Parameters of a search, and the selector that they point to, to be held until it ends."""
        if allowed is None and cells in self._unfiltered:
            return self._unfiltered[cells], None
        known = self._filtered.get((id(allowed), cells))
        if known is not None and known[0] is allowed:
            return known[1:]
        inner = _parameters_of(self._inner, max(cells or 0, wanted), cells)
        selector = None
        if allowed is not None:
            inner.sel = selector = faiss.IDSelectorBitmap(allowed.bitmap)
        if self.is_factory:
            if self._turned:
                inner = faiss.SearchParametersPreTransform(index_params=inner)
            return inner, selector
        # Making them takes as long as scoring 50 rows.
        if allowed is None:
            self._unfiltered[cells] = inner
        else:
            if len(self._filtered) >= _KEPT_SELECTIONS:
                self._filtered = {}
            self._filtered[id(allowed), cells] = (allowed, inner, selector)
        return inner, selector


def _parameters_of(index: Any, in_sight: int, cells: int | None) -> Any:
    if isinstance(index, faiss.IndexHNSW):
        return faiss.SearchParametersHNSW(efSearch=in_sight)
    if isinstance(index, faiss.IndexIVF):
        return faiss.SearchParametersIVF(nprobe=cells or index.nlist)
    return faiss.SearchParameters()


def products_by_row(queries: Matrix, matrix: Matrix, rows: Rows, threads: int = 1) -> Floats32:
    """Inner products of (m, d) queries, each with its own (m, n) rows of a matrix: (m, n) float32.

    By FAISS, which reads the rows where they lie; numpy would copy them together first.
    """
    out = np.empty(rows.shape, dtype=np.float32)
    queries, rows = np.ascontiguousarray(queries), np.ascontiguousarray(rows)
    pointers = [faiss.swig_ptr(array) for array in (out, queries, matrix, rows)]
    with _threads(threads):
        faiss.fvec_inner_products_by_idx(*pointers, matrix.shape[1], *rows.shape)
    return out


def products_of_all(query: Vector, matrix: Matrix) -> Floats32:
    """Inner products of a query with all rows of a matrix, by this thread alone: (n,) float32.

    A small matrix is read in less time than other threads need to be woken; on a busy machine numpy's
    would be waited for a hundred times as long as the product takes.
    """
    out = np.empty(len(matrix), dtype=np.float32)
    query, matrix = np.ascontiguousarray(query), np.ascontiguousarray(matrix)
    faiss.fvec_inner_products_ny(*map(faiss.swig_ptr, (out, query, matrix)), *matrix.shape[::-1])
    return out


def exact_nearest(queries: Matrix, matrix: Vectors, wanted: int) -> tuple[Rows, Floats32]:
    """Rows of `matrix` with the greatest products for many queries, by FAISS's matrix product.

    Returns:
        (m, wanted) rows and products, greatest first; -1 where there are fewer rows.
    """
    step = _UNPACKED_ROWS if isinstance(matrix, PackedMatrix) else max(1, len(matrix))
    rows = np.full((len(queries), wanted), -1, dtype=np.int64)
    products = np.full((len(queries), wanted), -np.inf, dtype=np.float32)
    with _threads(os.cpu_count() or 1):
        for start in range(0, len(matrix), step):
            part = matrix[start : start + step]
            found = faiss.knn(queries, part, wanted, metric=faiss.METRIC_INNER_PRODUCT)
            if step >= len(matrix):
                return found[1], found[0]
            beyond = np.where(found[1] < 0, -np.inf, found[0])
            every = np.hstack([rows, found[1] + start]), np.hstack([products, beyond])
            best = np.argsort(-every[1], axis=1, kind="stable")[:, :wanted]
            rows, products = (np.take_along_axis(each, best, axis=1) for each in every)
    rows[np.isneginf(products)] = -1
    return rows, products


class _threads:  # noqa: N801 - used as a block: `with _threads(1):`
    """FAISS's threads for a block; its number is the calling thread's, which gets its own one back."""

    __slots__ = ("_before", "_count")

    def __init__(self, count: int) -> None:
        self._count = count

    def __enter__(self) -> None:
        self._before = faiss.omp_get_max_threads()
        if self._before != self._count:
            faiss.omp_set_num_threads(self._count)

    def __exit__(self, *_: object) -> None:
        if self._before != self._count:
            faiss.omp_set_num_threads(self._before)
