"""Vectors in fewer bytes: float16 or int8 numbers, and a factor for each row. Knows numpy; not files.

A row of `int8` reaches from -127 to 127, whatever its greatest number, and its factor gives it back
its length: so unit vectors stay unit, and a product is off by the angle alone. One factor for each
column instead loses two to four times as many of the nearest on real embeddings. A row of `float16` is
kept as it is where that can say its numbers, so what came as float16 comes back bit for bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.core.arrays import Floats32, Matrix, Rows, Vector
from engine.core.schema import VectorStorage

DTYPES: dict[VectorStorage, str] = {"float32": "<f4", "float16": "<f2", "int8": "|i1"}
# What float16 says with all its digits, of the greatest number of a row.
_LEAST_HALF, _MOST_HALF = 2.0**-6, 65504.0
_LEAST, _LEAST_NORMAL = 2.0**-149, 2.0**-126  # of float32
_MOST, _NEAR_MOST = float(np.finfo(np.float32).max), 2.0**127
_BLOCK_NUMBERS = 1 << 17  # unpacked at once: half a MB, which stays in the processor's cache


class PackedMatrix:
    """Rows of packed vectors that read as an (n, d) float32 matrix: by slice or by rows."""

    def __init__(self, codes: np.ndarray, factors: Floats32) -> None:
        """
        Args:
            codes: (n, d) float16 or int8; may be a mapped file. factors: (n,) float32.
        """
        self.codes, self.factors = codes, factors
        self.shape: tuple[int, int] = (codes.shape[0], codes.shape[1])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | np.ndarray) -> Matrix:
        """Some rows as float32, a fresh array."""
        unpacked: Matrix = _floats(self.codes[rows])
        unpacked *= self.factors[rows][:, None]
        return unpacked

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        whole = self[:]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def __matmul__(self, query: Vector) -> Floats32:
        """Products of all rows with a (d,) float32, unpacked block by block."""
        out = np.empty(len(self), dtype=np.float32)
        step = max(1, _BLOCK_NUMBERS // max(1, self.shape[1]))
        for start in range(0, len(self), step):
            part = slice(start, start + step)
            np.matmul(_floats(self.codes[part]), query, out=out[part])
        out *= self.factors
        return out

    def some(self, rows: Rows) -> PackedMatrix:
        """Some rows as they are stored, copied together."""
        return PackedMatrix(self.codes.take(rows, axis=0), self.factors[rows])

    def products(self, query: Vector, rows: Rows) -> Floats32:
        """Products of some rows with a (d,) float32."""
        found: Floats32 = self.some(rows) @ query
        return found


def packed(vectors: Matrix, storage: VectorStorage) -> PackedMatrix:
    """(n, d) finite float32 in fewer bytes; `storage` is float16 or int8. Each row keeps its length."""
    greatest = np.abs(vectors).max(axis=1, initial=0.0).astype(np.float64)
    if storage == "float16":
        codes = _halves(vectors, greatest)
    else:
        step = np.where(greatest > 0, greatest / 127, 1.0)
        # A factor says the least numbers of float32 only in whole ones of them.
        step = np.where(step < _LEAST_NORMAL, np.ceil(step / _LEAST) * _LEAST, step)
        codes = np.rint(vectors / step[:, None]).astype(np.int8)
    return PackedMatrix(codes, _factors(vectors, codes))


def _factors(vectors: Matrix, codes: np.ndarray) -> Floats32:
    """What gives each row its length back, or the greatest that keeps its numbers finite."""
    lengths, coded = _lengths(vectors), _lengths(codes)
    factors = np.divide(lengths, coded, out=np.zeros_like(lengths), where=coded > 0)
    if lengths.max(initial=0.0) > _NEAR_MOST:
        reach = np.abs(codes.astype(np.float64)).max(axis=1, initial=0.0)
        factors = np.minimum(factors, (1 - 2.0**-22) * _MOST / np.maximum(reach, 1.0))
    singles: Floats32 = factors.astype(np.float32)
    return singles


def as_stored(vectors: Matrix, storage: VectorStorage) -> Matrix:
    """(n, d) float32 as they read after they were stored."""
    return vectors if storage == "float32" else packed(vectors, storage)[:]


def _halves(vectors: Matrix, greatest: np.ndarray) -> np.ndarray:
    """Rows as float16; those whose numbers are too great or small are moved by a power of two."""
    fits = (greatest >= _LEAST_HALF) & (greatest <= _MOST_HALF)
    if not fits.all():
        moved = np.where(fits | (greatest == 0), 0, 1 - np.frexp(greatest)[1])
        vectors = np.ldexp(vectors, moved[:, None])
    return vectors.astype("<f2")


def _lengths(rows: np.ndarray) -> np.ndarray:
    wide = rows.astype(np.float64)
    lengths: np.ndarray = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    return lengths


def _floats(codes: np.ndarray) -> Matrix:
    """Codes as float32, a fresh array. float16 by its bits: numpy's own way is slower by far."""
    if codes.dtype == np.int8:
        return codes.astype(np.float32)
    bits = codes.view(np.int16).astype(np.int32)
    bits <<= 13  # the mantissa's place; the sign stays on top, and two bits below it repeat it
    bits &= np.int32(-0x70000001)
    unpacked: Matrix = bits.view(np.float32)
    unpacked *= np.float32(2.0**112)  # the exponents' difference; subnormal numbers come right too
    return unpacked
