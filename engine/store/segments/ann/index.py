"""Approximate nearest neighbours within a segment, searched.

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
from engine.errors import CorruptFile
from engine.store.numpy_files import read_array
from engine.store.segments.ann.cells import Cells, blind_cell_sample, cell_sample, cells_file
from engine.store.segments.ann.compression import (
    SEED,
    CellSample,
    Sample,
    Turned,
    Vectors,
    augmented,
    augmented_width,
    sample_of,
    shortest_rows,
    worse_half,
)
from engine.store.segments.ann.lists import MappedLists
from engine.store.segments.ann.outlines import outline_axes_file
from engine.store.segments.ann.products import axes_of, products_by_row, threads_of

_SAMPLE_ROWS = 256  # of which the worse half counts: a standard deviation to 6 percent
_SHORT_BY = 1  # of the usual error of a row's length: what a short row's is off by to count as one
_LONG_LIST = 4096  # rows; four times as many where it is too short
_ROUNDED = 1e-3  # of the range of approximate products: so near to its end hardly a row is
_KEPT_SELECTIONS = 16  # row masks whose parameters are kept; each takes a bit of each row


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
    """An approximate index of one segment, in memory or mapped. Safe to use from many threads.

    Attributes:
        is_factory: a factory string made it. is_graph: it is a graph (HNSW, NSG).
        cell_count: cells that a query can probe some of; 1 where it reads all.
        outline_axes: what rows of smaller segments may be outlined on, see `outlines`.
    """

    def __init__(
        self, file: Path, rows: int, dimension: int, lifted: bool, factory: str | None = None
    ) -> None:
        """Read what `build_codes`, or with a factory string `build_factory`, wrote.

        Raises:
            CorruptFile: FAISS can't read it, or it is of other vectors. OSError: it can't be mapped.
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
        self._mapped: MappedLists | None = None
        self._described: Cells | None = None  # segments before 0.7 have neither
        if has_cells and not self.is_factory and cells_file(file).exists():
            self._described = Cells.read(file)
            self._mapped = MappedLists(self._inner, self._described.sizes, file)
        self._steps = 0.0 if self.is_factory else _steps_of(self._inner.pq)
        self.outline_axes: Matrix | None = None  # segments of older indexes have none
        if not self.is_factory and outline_axes_file(file).exists():
            self.outline_axes = read_array(outline_axes_file(file))

    def sample(self, matrix: Vectors, lengths: Floats32 | None) -> Sample:
        """Measure the codes' errors on some hundred of the segment's rows."""
        rows = sample_of(np.random.default_rng(SEED), matrix, lengths, _SAMPLE_ROWS)
        errors, kept = np.zeros((1, self._index.d), dtype=np.float32), 0
        short = np.empty(0, dtype=np.int64)
        if not self.is_factory:
            errors = worse_half(self._errors(rows))
            kept = len(self._axes) if self._turned else 0
            if lengths is not None:
                short = self._short(matrix, lengths, errors)
        lens = np.vstack([self._axes[:kept], errors]) if kept else errors
        return Sample(kept, lens, short, self._cells(rows) if self.cell_count > 1 else None)

    def _errors(self, rows: Matrix) -> Matrix:
        """(s, w) vectors minus what their codes say."""
        pq = self._inner.pq
        codes = pq.compute_codes(np.ascontiguousarray(rows @ self._axes.T))
        errors: Matrix = rows - pq.decode(codes) @ self._axes
        return errors

    def _short(self, matrix: Vectors, lengths: Floats32, errors: Matrix) -> Rows:
        """See `Sample.short`; `errors` are those of a sample of all rows."""
        rows, place = shortest_rows(lengths), matrix.shape[1]
        usual = float(np.sqrt(np.mean(errors[:, place].astype(np.float64) ** 2)))
        off = self._errors(augmented(matrix[rows], lengths[rows]))[:, place]
        short: Rows = rows[off > _SHORT_BY * usual]
        return short

    def _cells(self, rows: Matrix) -> CellSample:
        """What some of the segment's rows, (s, w), say of its cells."""
        axes = self._axes if self._turned else None
        if self._described is not None:
            return cell_sample(rows, axes, self._described)
        inner = self._inner
        sizes = np.array([inner.invlists.list_size(i) for i in range(inner.nlist)], dtype=np.int64)
        return blind_cell_sample(rows, inner.quantizer.reconstruct_n(0, inner.nlist), sizes, axes)

    @property
    def _axes(self) -> Matrix:
        """(kept, w) float32: the axes that vectors are projected on before they are coded."""
        axes = axes_of(self._index)
        return np.eye(self._index.d, dtype=np.float32) if axes is None else axes

    def turned(self, query: Vector, sample: Sample) -> Turned:
        """A (d,) float32 query with 1 for the length and zeros for the padding, on the codes' axes."""
        # Not by numpy's matrix product: its threads go on spinning for a while after a call, and take
        # a core from FAISS's.
        wide = np.concatenate([query, self._tail]) if len(self._tail) else query
        wide, seen = np.ascontiguousarray(wide), np.empty(len(sample.lens), dtype=np.float32)
        pointers = [faiss.swig_ptr(array) for array in (seen, wide, sample.lens)]
        faiss.fvec_inner_products_ny(*pointers, len(wide), len(seen))
        errors = seen[sample.kept :]
        codes = seen[: sample.kept] if sample.kept else wide
        # Around zero, not around their mean: that of all rows is zero, by how centroids are placed.
        of_codes = math.sqrt(float(errors.dot(errors)) / len(errors))
        return Turned(wide, codes, math.hypot(of_codes, self._rounding(codes)))

    def error_spreads(self, sample: Sample, queries: Matrix) -> Floats32:
        """Standard deviation of the error of approximate products, for each of (m, d) queries."""
        rows = sample.all_rows.repeat(len(queries), axis=0)
        wide, threads = self._widen_all(queries), os.cpu_count() or 1
        errors = products_by_row(wide, sample.errors, rows, threads)
        of_codes = np.einsum("ij,ij->i", errors, errors) / errors.shape[1]
        rounding = self._rounding(wide @ self._axes.T if self._turned else wide)
        spreads: Floats32 = np.sqrt(of_codes + rounding * rounding)
        return spreads

    def _rounding(self, codes: Matrix) -> Floats32:
        """Deviation that FAISS's tables of bytes add to approximate products: (m,), or of one query.

        A step of all of them is that of the widest: of numbers that reach much farther than others, as
        the length of a row that is much longer than most, hardly anything else is left.
        """
        reached = np.abs(codes)
        reached *= self._steps
        deviation: Floats32 = reached.max(axis=-1)
        return deviation

    def _widen_all(self, queries: Matrix) -> Matrix:
        if not len(self._tail):
            return queries
        tails = np.broadcast_to(self._tail, (len(queries), len(self._tail)))
        return np.ascontiguousarray(np.hstack([queries, tails]))

    def search(
        self,
        query: Turned,
        wanted: int,
        allowed: RowSet | None = None,
        cells: tuple[Rows, Floats32] | None = None,
    ) -> tuple[Rows, Floats32]:
        """A shortlist: rows with the greatest approximate products, and these.

        Args:
            wanted: how many, at least 1. Of a graph also how many rows are kept in sight (`efSearch`).
            allowed: the row mask to choose from; None for all rows.
            cells: numbers of the cells to probe, and the query's products with their centres; None
                where there is but one.

        Returns:
            at most `wanted` rows and their products, greatest first.
        """
        rows, products = np.empty(wanted, dtype=np.int64), np.empty(wanted, dtype=np.float32)
        probes = None if cells is None else len(cells[0])
        if probes == 0:
            return rows[:0], products[:0]
        codes, found, numbers = map(faiss.swig_ptr, (query.codes, products, rows))
        # For one query FAISS's threads cost more than they bring.
        with threads_of(1):
            parameters, _selector = self._parameters(allowed, wanted, probes)
            if cells is None:
                self._searched.search_c(1, codes, wanted, found, numbers, parameters)
            else:
                probed = map(faiss.swig_ptr, cells)
                self._searched.search_preassigned_c(
                    1, codes, wanted, *probed, found, numbers, False, parameters
                )
        if self._by_distance:
            products = (np.float32(query.wide @ query.wide) - products) / np.float32(2)
        if rows[-1] >= 0:
            return rows, products
        known = rows >= 0
        return rows[known], products[known]

    def within(
        self,
        query: Turned,
        lowest: float,
        allowed: RowSet | None = None,
        cells: tuple[Rows, Floats32] | None = None,
    ) -> Rows:
        """All rows whose approximate product is more than `lowest`, in no order; not of a factory's."""
        if cells is None:
            if lowest <= self._least_product(query):  # FAISS takes that for a bound above all
                return np.arange(self._index.ntotal) if allowed is None else allowed.rows()
            parameters, _selector = self._parameters(allowed, 1, None)
            with threads_of(1):
                found = self._searched.range_search(query.codes[None, :], lowest, params=parameters)
            rows: Rows = found[2]
            return rows
        # FAISS has no such search of chosen cells: a list that is long enough.
        wanted = _LONG_LIST
        while True:
            rows, products = self.search(query, wanted, allowed, cells)
            if len(rows) < wanted or products[-1] <= lowest:
                return rows[products > lowest]
            wanted *= 4

    def _least_product(self, query: Turned) -> float:
        """What hardly an approximate product of one cell's codes is below."""
        pq = self._inner.pq
        table = np.empty((pq.M, pq.ksub), dtype=np.float32)
        pq.compute_inner_prod_table(*map(faiss.swig_ptr, (query.codes, table)))
        least, greatest = float(table.min(axis=1).sum()), float(table.max(axis=1).sum())
        return least + _ROUNDED * (greatest - least)

    def search_many(
        self, queries: Matrix, wanted: int, allowed: RowSet | None = None
    ) -> tuple[Rows, Floats32]:
        """A shortlist of all rows, one cell, for (m, dimension) queries at once.

        Returns:
            (m, wanted) rows, -1 where there are fewer, and their products.
        """
        assert self.cell_count == 1
        wide = self._widen_all(queries)
        parameters, _selector = self._parameters(allowed, wanted, None)
        with threads_of(os.cpu_count() or 1):
            if self._turned and not self.is_factory:
                wide = self._index.chain.at(0).apply(wide)
            products, rows = self._searched.search(wide, wanted, params=parameters)
        assert not self._by_distance  # one by one only
        return rows, products

    def _parameters(
        self, allowed: RowSet | None, wanted: int, probes: int | None
    ) -> tuple[Any, Any]:
        """Parameters of a search, and the selector that they point to, to be held until it ends.

        Raises:
            CorruptFile: what will be searched was cut short.
        """
        if self._mapped is not None:
            self._mapped.check_size()
        if allowed is None and probes in self._unfiltered:
            return self._unfiltered[probes], None
        known = self._filtered.get((id(allowed), probes))
        if known is not None and known[0] is allowed:
            return known[1:]
        inner = _parameters_of(self._inner, wanted, probes)
        selector = None
        if allowed is not None:
            inner.sel = selector = faiss.IDSelectorBitmap(allowed.bitmap)
        if self.is_factory:
            if self._turned:
                inner = faiss.SearchParametersPreTransform(index_params=inner)
            return inner, selector
        # Making them takes as long as scoring 50 rows.
        if allowed is None:
            self._unfiltered[probes] = inner
        else:
            if len(self._filtered) >= _KEPT_SELECTIONS:
                self._filtered = {}
            self._filtered[id(allowed), probes] = (allowed, inner, selector)
        return inner, selector


def _steps_of(pq: Any) -> Floats32:
    """By what products are rounded for each number of a query that is 1: (k,); see `_rounding`."""
    centroids = faiss.vector_to_array(pq.centroids).reshape(pq.M, pq.ksub, pq.dsub)
    apart: Floats32 = (centroids.max(axis=1) - centroids.min(axis=1)).ravel()
    step = max(1 / 255, pq.M / 65535)  # of one table, of all together
    apart *= np.float32(pq.dsub * step * math.sqrt(pq.M / 12))
    return apart


def _parameters_of(index: Any, in_sight: int, probes: int | None) -> Any:
    if isinstance(index, faiss.IndexHNSW):
        return faiss.SearchParametersHNSW(efSearch=in_sight)
    if isinstance(index, faiss.IndexIVF):
        return faiss.SearchParametersIVF(nprobe=probes or index.nlist)
    return faiss.SearchParameters()
