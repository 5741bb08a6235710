"""The FAISS wall: an immutable file of vectors, searched by inner product. The only file with faiss.

Hides what FAISS does not promise: its order of equal scores, its padding with row -1, its bare
assertions. What leaves here are candidate rows that surely hold the nearest k; `core.scoring` ranks
them exactly.

Vectors that are not unit length get one more coordinate, -|x|²/2, and queries a 1 there: the inner
product then orders rows by Euclidean distance, which is how the API ranks.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np

from engine.core.arrays import UNIT_TOLERANCE, Mask, Matrix, Rows, Vector, squared_lengths
from engine.errors import CorruptFile

_SLACK = 32  # rows fetched beyond k, so that near ties are settled by exact scores


@dataclass(frozen=True)
class Shape:
    """What must be known of a file of vectors besides its bytes.

    Attributes:
        dimension: length of the vectors as callers know them.
        lifted: the extra coordinate was added, because some row is not unit length.
        longest: the greatest L2 length of a stored row; bounds rounding.
    """

    dimension: int
    lifted: bool
    longest: float


def write_vectors(path: Path, vectors: Matrix) -> Shape:
    """Write (n, d) float32 as a FAISS flat inner-product index."""
    dimension = vectors.shape[1]
    squared = squared_lengths(vectors)
    lifted = bool(len(squared)) and float(np.abs(squared - 1.0).max()) > UNIT_TOLERANCE
    if lifted:
        vectors = np.hstack([vectors, (-squared / 2)[:, None].astype(np.float32)])
        squared = squared_lengths(vectors)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors, dtype=np.float32))
    faiss.write_index(index, str(path))
    return Shape(dimension, lifted, float(np.sqrt(squared.max(initial=0.0))))


class VectorFile:
    """A memory-mapped file of vectors; `rows` is their number."""

    def __init__(self, path: Path, shape: Shape) -> None:
        """Open a file that `write_vectors` made.

        Raises:
            CorruptFile: FAISS can't read it, or it holds vectors of another length.
        """
        try:
            self._index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise CorruptFile(f"{path} is damaged ({error}). Sync the index again.") from None
        width = shape.dimension + shape.lifted
        if self._index.d != width:
            raise CorruptFile(f"{path} holds vectors of length {self._index.d}, expected {width}.")
        self.rows: int = self._index.ntotal
        self._shape = shape
        if self.rows:
            flat = faiss.rev_swig_ptr(self._index.get_xb(), self.rows * width)
        else:
            flat = np.empty(0, dtype=np.float32)
        self._matrix: Matrix = flat.reshape(self.rows, width)
        self._matrix.setflags(write=False)

    def take(self, rows: Rows) -> Matrix:
        """The vectors of some rows: (len(rows), dimension) float32, a fresh array."""
        taken: Matrix = self._matrix[rows, : self._shape.dimension]
        return taken

    def _lift(self, query: Vector) -> Vector:
        return np.append(query, np.float32(1)) if self._shape.lifted else query

    def _margin(self, lifted_query: Vector) -> float:
        """More than float32 rounding can move an inner product of this query."""
        length = float(np.linalg.norm(lifted_query))
        return float(self._matrix.shape[1] * 2.0**-23 * length * self._shape.longest)

    def scan(self, query: Vector, k: int, passing: Mask | None = None) -> Rows:
        """Rows that surely hold the k nearest to the query, by a FAISS scan over all rows.

        Args:
            query: (dimension,) float32.
            k: at least 1.
            passing: (rows,) mask of rows to consider; None for all.

        Returns:
            At least min(k, passing rows) rows, in no useful order.
        """
        allowed = self.rows if passing is None else int(passing.sum())
        lifted = self._lift(query)
        wanted = min(k + _SLACK, allowed)
        # For one query FAISS's threads cost more than they bring: 2.5 times the time on two cores.
        faiss.omp_set_num_threads(1)
        with contextlib.ExitStack() as keep:
            parameters = None
            if passing is not None:
                bits = np.packbits(passing, bitorder="little")
                selector = faiss.IDSelectorBitmap(bits)
                keep.callback(lambda: (bits, selector))  # FAISS holds bare pointers to both
                parameters = faiss.SearchParameters(sel=selector)
            while wanted:
                products, found = self._index.search(lifted[None, :], wanted, params=parameters)
                lowest = products[0, min(k, wanted) - 1] - self._margin(lifted)
                if wanted == allowed or products[0, -1] < lowest:
                    rows: Rows = found[0][products[0] >= lowest]
                    return rows
                wanted = min(wanted * 4, allowed)
        return np.empty(0, dtype=np.int64)

    def gather(self, query: Vector, k: int, rows: Rows) -> Rows:
        """The same promise as `scan`, by reading only the vectors of the given rows."""
        if len(rows) <= k:
            return rows
        lifted = self._lift(query)
        products = self._matrix[rows] @ lifted
        kth = np.partition(products, len(rows) - k)[len(rows) - k]
        near: Rows = rows[products >= kth - self._margin(lifted)]
        return near
