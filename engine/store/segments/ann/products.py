"""Exact inner products by FAISS, and its threads: it reads rows where they lie, without a copy."""

from __future__ import annotations

import os
from typing import Any

import faiss
import numpy as np

from engine.core.arrays import Floats32, Matrix, Rows, Vector
from engine.store.segments.packing import PackedMatrix

_UNPACKED_ROWS = 16_384  # for many queries at once


def products_by_row(queries: Matrix, matrix: Matrix, rows: Rows, threads: int = 1) -> Floats32:
    """Inner products of (m, d) queries, each with its own (m, n) rows of a matrix: (m, n) float32.

    By FAISS, which reads the rows where they lie; numpy would copy them together first.
    """
    out = np.empty(rows.shape, dtype=np.float32)
    queries, rows = np.ascontiguousarray(queries), np.ascontiguousarray(rows)
    pointers = [faiss.swig_ptr(array) for array in (out, queries, matrix, rows)]
    with threads_of(threads):
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


def projected(vectors: Matrix, axes: Matrix) -> Matrix:
    """(n, w) vectors along (a, w) float32 axes, by this thread alone: (n, a) float32."""
    turn = faiss.LinearTransform(axes.shape[1], len(axes), False)
    faiss.copy_array_to_vector(np.ascontiguousarray(axes, dtype=np.float32).ravel(), turn.A)
    turn.is_trained = True
    with threads_of(1):
        along: Matrix = turn.apply(np.ascontiguousarray(vectors, dtype=np.float32))
    return along


def axes_of(index: Any) -> Matrix | None:
    """(k, w) float32: the axes that an index projects vectors on; None where it does not."""
    if not isinstance(index, faiss.IndexPreTransform):
        return None
    turn = faiss.downcast_VectorTransform(index.chain.at(0))
    axes: Matrix = faiss.vector_to_array(turn.A).reshape(turn.d_out, turn.d_in)
    return axes


def exact_nearest(
    queries: Matrix, matrix: Matrix | PackedMatrix, wanted: int
) -> tuple[Rows, Floats32]:
    """Rows of `matrix` with the greatest products for many queries, by FAISS's matrix product.

    Returns:
        (m, wanted) rows and products, greatest first; -1 where there are fewer rows.
    """
    step = _UNPACKED_ROWS if isinstance(matrix, PackedMatrix) else max(1, len(matrix))
    rows = np.full((len(queries), wanted), -1, dtype=np.int64)
    products = np.full((len(queries), wanted), -np.inf, dtype=np.float32)
    with threads_of(os.cpu_count() or 1):
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


class threads_of:  # noqa: N801 - used as a block: `with threads_of(1):`
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
