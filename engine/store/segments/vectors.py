"""A file of vectors: written as a stream, memory-mapped, scanned exactly. Knows numpy; not FAISS.

What leaves here are candidate rows that surely hold the nearest k; `core.ranking.scoring` re-scores
them. The file is numpy's own format, whose data is aligned: a matrix product over FAISS's flat file,
which is not, takes five times as long.

Vectors that are not unit length have a second file with -|x|²/2 of each row; added to the inner
product it orders rows by Euclidean distance, which is how the API ranks. Those that are stored in fewer
bytes (`packing`) have a file with the factor of each row; what is said here of vectors is said of them
as they are stored.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from engine.core.arrays import UNIT_TOLERANCE, Floats32, Matrix, Rows, Vector, squared_lengths
from engine.core.schema import VectorStorage
from engine.errors import CorruptFile
from engine.store.mapped_file import MappedFile
from engine.store.numpy_files import read_array
from engine.store.segments.ann.outlines import outlined_rows
from engine.store.segments.ann.products import products_of_all
from engine.store.segments.packing import DTYPES, PackedMatrix, packed

# Margins from which float32 may not hold products or halves of squares any more.
_MOST_MARGIN = 1e30
_LONG = 3  # lengths that a row has of others'
_ALONE = 1 << 21  # numbers that one thread multiplies; segments of more have an approximate index
BLOCK = 64  # products of which the greatest is compared first, to find the k-th greatest of all
_WHOLE_SHARE = 0.25  # above this share of rows one product of the whole matrix is cheaper


@dataclass(frozen=True)
class Shape:
    """What must be known of the vectors besides their bytes.

    Attributes:
        dimension: length of a vector; 0 in a full-text index, where all rows are empty.
        lifted: some row is not unit length, so there is a file of -|x|²/2.
        longest: the greatest L2 length of a row; bounds rounding.
        zeros: rows of length 0, which the API accepts.
        storage: the numbers that vectors are stored as.
    """

    dimension: int
    lifted: bool
    longest: float
    zeros: int
    storage: VectorStorage = "float32"

    def to_dict(self) -> dict[str, Any]:
        """Its values by name; `storage` only where it says something: older releases don't know it."""
        return {k: v for k, v in asdict(self).items() if k != "storage" or v != "float32"}


def shape_of(squared: np.ndarray, dimension: int) -> Shape:
    """The shape of vectors of a dimension by their squared lengths, (n,) float64."""
    some = bool(len(squared)) and dimension > 0
    lifted = some and float(np.abs(squared - 1.0).max()) > UNIT_TOLERANCE
    zeros = int((squared == 0).sum()) if dimension else 0
    return Shape(dimension, lifted, float(np.sqrt(squared.max(initial=0.0))), zeros)


class VectorWriter:
    """Appends vectors to a file without holding them in memory."""

    def __init__(self, file: Path, dimension: int, storage: VectorStorage = "float32") -> None:
        self.file = file
        self.lengths_file = file.with_name("lengths.npy")
        self._storage: VectorStorage = storage
        self._dimension = dimension
        self._out = file.open("wb")
        self._write_header(0)
        self._squared: list[np.ndarray] = []
        self._factors: list[np.ndarray] = []

    def _write_header(self, rows: int) -> None:
        # The version and the padding are fixed, so that the header keeps its size when the number
        # of rows is filled in: numpy leaves room for it to grow.
        header = {
            "descr": DTYPES[self._storage],
            "fortran_order": False,
            "shape": (rows, self._dimension),
        }
        np.lib.format.write_array_header_1_0(self._out, header)

    def append(self, vectors: Matrix | PackedMatrix) -> None:
        """Add (n, dimension) float32, or vectors that were stored in the same way."""
        block = np.ascontiguousarray(vectors, dtype=np.float32)
        written = block
        if self._storage != "float32":
            pack = vectors
            if not (isinstance(pack, PackedMatrix) and pack.codes.dtype == DTYPES[self._storage]):
                pack = packed(block, self._storage)
                block = pack[:]
            self._factors.append(pack.factors)
            written = np.ascontiguousarray(pack.codes)
        self._squared.append(squared_lengths(block))
        self._out.write(written.data.cast("B") if written.size else b"")

    @property
    def zeros(self) -> int:
        """Vectors of length 0 so far; none of dimension 0."""
        if not self._dimension:
            return 0
        return sum(int((squared == 0).sum()) for squared in self._squared)

    def finish(self) -> Shape:
        """Complete the file, and write the lengths where they are needed."""
        squared = np.concatenate(self._squared) if self._squared else np.empty(0)
        self._out.seek(0)
        self._write_header(len(squared))
        self._out.close()
        shape = shape_of(squared, self._dimension)
        if shape.lifted:
            np.save(self.lengths_file, _halves(squared))
        if self._factors:
            np.save(_factors_file(self.file), np.concatenate(self._factors))
        return replace(shape, storage=self._storage)

    def close(self) -> None:
        """Stop writing; the file is of no use."""
        self._out.close()


class VectorFile:
    """Memory-mapped vectors; `rows` is their number. Safe to use from many threads."""

    _outlined: tuple[Matrix, Matrix] | None = None  # axes and outlines, see `upper_products`

    def __init__(self, file: Path, shape: Shape) -> None:
        """Open what a `VectorWriter` wrote.

        Raises:
            CorruptFile: not readable, or vectors of another length.
        """
        self.shape = shape
        self._mapped = MappedFile(file)
        stored = _loaded(file, mapped=shape.dimension > 0)
        if stored.ndim != 2 or stored.shape[1] != shape.dimension:
            raise CorruptFile(
                f"{file} holds an array of shape {stored.shape}, expected vectors of length "
                f"{shape.dimension}. Sync the index again."
            )
        self.matrix: Matrix | PackedMatrix = self._matrix(stored)
        self.rows: int = len(self.matrix)
        self.lengths: Floats32 | None = (
            _loaded(file.with_name("lengths.npy"), mapped=False) if shape.lifted else None
        )

    def _matrix(self, stored: np.ndarray) -> Matrix | PackedMatrix:
        """The stored vectors, read as float32."""
        expected = np.dtype(DTYPES[self.shape.storage])
        if stored.dtype != expected:
            raise CorruptFile(
                f"{self._mapped.file} holds {stored.dtype}, expected {expected}. Sync the index again."
            )
        if self.shape.storage == "float32":
            return stored
        return PackedMatrix(stored, _loaded(_factors_file(self._mapped.file), mapped=False))

    def check_size(self) -> None:
        """Make sure that the mapped file is still whole: reading beyond its end ends the process.

        Raises:
            CorruptFile: it was cut short.
        """
        self._mapped.check_size()

    def take(self, rows: Rows) -> Matrix:
        """The vectors of some rows: (len(rows), dimension) float32, a fresh array.

        Raises:
            CorruptFile: the file was cut short.
        """
        self.check_size()
        if isinstance(self.matrix, PackedMatrix):
            return self.matrix.some(rows)[:]
        taken: Matrix = self.matrix.take(rows, axis=0)
        return taken

    def as_stored(self, rows: Rows) -> Matrix | PackedMatrix:
        """The vectors of some rows, in the bytes that they are stored in. Raises as `take`."""
        if not isinstance(self.matrix, PackedMatrix):
            return self.take(rows)
        self.check_size()
        return self.matrix.some(rows)

    @cached_property
    def zero_rows(self) -> Rows:
        """The rows whose vectors have length 0, ascending; looked for once."""
        if self.lengths is None or not self.shape.zeros:
            return np.empty(0, dtype=np.int64)
        rows: Rows = np.flatnonzero(self.lengths == 0)
        if len(rows) > self.shape.zeros:  # so short that float32 holds no half of the square
            rows = rows[~self.take(rows).any(axis=1)]
        return rows

    @cached_property
    def long_rows(self) -> Rows:
        """The few rows that are much longer than most, ascending, whose codes are off by much more.

        At most one in nine: they are longer than three times the root of the mean square.
        """
        if self.lengths is None:
            return np.empty(0, dtype=np.int64)
        rows: Rows = np.flatnonzero(self.lengths < _LONG**2 * self.lengths.mean(dtype=np.float64))
        return rows

    def products(self, query: Vector, rows: Rows | None = None) -> Floats32:
        """Inner products that order rows as the API does, greatest first, in float32.

        Args:
            query: (dimension,) float32.
            rows: which rows; None for all, as one product of the whole matrix.
        """
        out: Floats32
        if rows is None and isinstance(self.matrix, np.ndarray) and self.matrix.size <= _ALONE:
            out = products_of_all(query, self.matrix)
        elif rows is None:
            out = self.matrix @ query
        elif isinstance(self.matrix, PackedMatrix):
            out = self.matrix.products(query, rows)
        else:
            out = self.matrix.take(rows, axis=0) @ query
        if self.lengths is not None:
            out += self.lengths if rows is None else self.lengths[rows]
        return out

    def can_tell(self, margin: float) -> bool:
        """Whether products of a query with this `margin` tell rows apart: vectors may be too long."""
        return margin < _MOST_MARGIN  # false for NaN too

    def upper_products(self, axes: Matrix, outline: Vector) -> Floats32:
        """What `products` of all rows are at most, but for rounding, from fewer numbers: (n,) float32.

        Args:
            axes: what rows are outlined on; outlines on the last ones are kept. outline: the query's.
        """
        known = self._outlined
        if known is None or known[0] is not axes:
            matrix: Any = self.matrix
            self.check_size()
            known = self._outlined = axes, outlined_rows(matrix, self.lengths, axes)
        return products_of_all(outline, known[1])

    def margins(self, queries: Matrix) -> Floats32:
        """`margin` of each of (b, dimension) queries."""
        per_length, per_square, fixed = self._rounding
        squared = np.einsum("ij,ij->i", queries, queries, dtype=np.float64)
        margins = np.sqrt(squared) * per_length + squared * per_square + fixed
        with np.errstate(over="ignore"):
            out: Floats32 = margins.astype(np.float32)
        return out

    def margin(self, query: Vector) -> float:
        """How far apart rows may lie by products in float32 that exact scores take for equal."""
        return self.margin_of(squared_length(query))

    def margin_of(self, squared: float) -> float:
        """The same for a query's squared length."""
        per_length, per_square, fixed = self._rounding
        return math.sqrt(squared) * per_length + squared * per_square + fixed

    @cached_property
    def _rounding(self) -> tuple[float, float, float]:
        """A margin's parts: for the query's length, for its square, and for itself."""
        dimension, longest = self.shape.dimension, self.shape.longest
        unit = dimension * 2.0**-23 * longest
        least = dimension * 2.0**-148  # what products of tiny numbers are rounded by
        fixed = unit * longest if self.shape.lifted else 0.0
        return unit, (dimension + 4) * 2.0**-52, fixed + least

    def nearest(
        self, query: Vector, k: int, rows: Rows | None = None, farthest: float = math.inf
    ) -> Rows:
        """Rows that surely hold the k nearest to the query: an exact scan.

        Args:
            query: (dimension,) float32. k: at least 1.
            rows: sorted rows to consider; None for all.
            farthest: squared distance beyond which a row is of no use.

        Returns:
            at least min(k, rows that are considered and of use) rows, in no useful order.
        """
        considered = self.rows if rows is None else len(rows)
        margin = self.margin(query)
        if not self.can_tell(margin) or (considered <= k and math.isinf(farthest)):
            return np.arange(self.rows) if rows is None else rows
        whole = rows is None or considered > _WHOLE_SHARE * self.rows
        products = self.products(query, None if whole else rows)
        if whole and rows is not None:
            products = products[rows]
        if math.isinf(farthest):
            near = at_least_kth(products, k, margin)
        else:
            near = np.flatnonzero(products >= self.least_product(query, farthest) - 2 * margin)
            if len(near) > 2 * k:
                near = near[at_least_kth(products[near], k, margin)]
        return near if rows is None else rows[near]

    def least_product(self, query: Vector, farthest: float) -> float:
        """What a row's product is at least, if its squared distance is at most `farthest`."""
        return self.least_of(squared_length(query), farthest)

    def least_of(self, squared: float, farthest: float) -> float:
        """The same for a query's squared length."""
        length = 0.0 if self.lengths is not None else 1.0 - UNIT_TOLERANCE
        # Both sums are of float64, each in an order of its own.
        rounding = self._rounding[1] * (squared + farthest)
        return (squared + length - farthest) / 2 - rounding


class HeldVectors(VectorFile):
    """Vectors that are in memory as a whole; no file can be cut short under them."""

    def __init__(self, matrix: Matrix, shape: Shape) -> None:
        """Take (n, dimension) float32 and what `shape_of` says of them."""
        self.shape, self.matrix, self.rows = shape, matrix, len(matrix)
        self.lengths = _halves(squared_lengths(matrix)) if shape.lifted else None

    def check_size(self) -> None:
        """All is here."""


def squared_length(vector: Vector) -> float:
    """Of one vector, in float64, which holds it of any in float32."""
    wide = vector.astype(np.float64)
    return float(wide @ wide)


def _halves(squared: np.ndarray) -> Floats32:
    """-|x|²/2 in float32; infinite for vectors that are too long, see `VectorFile.can_tell`."""
    with np.errstate(over="ignore"):
        halves: Floats32 = (-squared / 2).astype(np.float32)
    return halves


def at_least_kth(products: Floats32, k: int, margin: float) -> Rows:
    """Positions of all products that are at most `margin` below the k-th greatest.

    With k blocks there are k products at least as great as the k-th greatest of their maxima: a
    bound that costs one pass and a small selection, where selecting among all costs several passes.
    """
    blocks = len(products) // BLOCK
    if blocks > 4 * k:
        greatest = products[: blocks * BLOCK].reshape(blocks, BLOCK).max(axis=1)
        bound = np.partition(greatest, blocks - k)[blocks - k]
        places = np.flatnonzero(products >= bound - margin)
        if len(places) <= 2 * k:
            return np.asarray(places)
        chosen = products[places]
        kth = np.partition(chosen, len(chosen) - k)[len(chosen) - k]
        return np.asarray(places[chosen >= kth - margin])
    kth = np.partition(products, len(products) - k)[len(products) - k]
    near: Rows = np.flatnonzero(products >= kth - margin)
    return near


def _factors_file(file: Path) -> Path:
    return file.with_name("factors.npy")


def _loaded(file: Path, mapped: bool) -> np.ndarray:
    try:
        # A plain view: numpy's memmap class costs microseconds at every slice.
        loaded: np.ndarray = np.asarray(read_array(file, mapped))
    except (ValueError, EOFError) as error:
        raise CorruptFile(f"{file} is damaged ({error}). Sync the index again.") from None
    return loaded
