"""Bitmaps of rows of one segment, such as its delete bitmap or the row mask of a filter.

Knows numpy; not where the rows come from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.core.arrays import Mask, Rows

Bits = npt.NDArray[np.uint8]

_FEW = 1 / 16  # up to this share the row numbers are kept too; four bytes each


@dataclass(frozen=True)
class RowSet:
    """Some of the rows 0 to `total` - 1, as a bitmap; immutable.

    Attributes:
        bitmap: one bit a row, the lowest bit first: (total + 7) // 8 bytes.
        count: how many rows are in the set.
    """

    total: int
    bitmap: Bits
    count: int
    _few: npt.NDArray[np.int32] | None = None

    @staticmethod
    def of_mask(mask: Mask) -> RowSet:
        """The rows where an (n,) mask is true."""
        count = int(np.count_nonzero(mask))
        few = np.flatnonzero(mask).astype(np.int32) if count <= _FEW * len(mask) else None
        return RowSet(len(mask), np.packbits(mask, bitorder="little"), count, few)

    @staticmethod
    def of_rows(rows: Rows, total: int) -> RowSet:
        """A set of given row numbers."""
        mask = np.zeros(total, dtype=np.bool_)
        mask[rows] = True
        return RowSet.of_mask(mask)

    @staticmethod
    def of_bits(bitmap: Bits, total: int) -> RowSet:
        """The rows of a bitmap as `bitmap` is, whose bits from `total` on are 0; it is kept, not copied.

        Eight rows at a time: what a mask of all rows would take is not made.
        """
        count = int.from_bytes(bitmap.tobytes(), "little").bit_count()  # numpy counts from 2.0 on
        few = _rows_of(bitmap).astype(np.int32) if count <= _FEW * total else None
        return RowSet(total, bitmap, count, few)

    def mask(self) -> Mask:
        """(total,) bool, a fresh array."""
        return np.unpackbits(self.bitmap, count=self.total, bitorder="little").view(np.bool_)

    def rows(self) -> Rows:
        """The row numbers, ascending."""
        if self._few is not None:
            return self._few.astype(np.int64)
        return np.flatnonzero(self.mask())

    def others(self) -> Rows:
        """The row numbers that are not in the set, ascending."""
        return np.flatnonzero(~self.mask())

    def __and__(self, other: RowSet) -> RowSet:
        return RowSet.of_bits(self.bitmap & other.bitmap, self.total)

    def __invert__(self) -> RowSet:
        """The rows that are not in the set."""
        bitmap = ~self.bitmap
        if self.total % 8:
            bitmap[-1] &= (1 << self.total % 8) - 1
        return RowSet.of_bits(bitmap, self.total)

    def __contains__(self, row: int) -> bool:
        return bool(self.bitmap[row >> 3] >> (row & 7) & 1)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the set takes."""
        return int(self.bitmap.nbytes + (self._few.nbytes if self._few is not None else 0))


def _rows_of(bitmap: Bits) -> Rows:
    """The row numbers of a bitmap, ascending; only bytes with a row in them are taken apart."""
    filled = np.flatnonzero(bitmap)
    places = np.flatnonzero(np.unpackbits(bitmap[filled], bitorder="little").view(np.bool_))
    rows: Rows = filled[places >> 3] * 8 + (places & 7)
    return rows
