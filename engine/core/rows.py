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
        return RowSet.of_mask(self.mask() & other.mask())

    def __contains__(self, row: int) -> bool:
        return bool(self.bitmap[row >> 3] >> (row & 7) & 1)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the set takes."""
        return int(self.bitmap.nbytes + (self._few.nbytes if self._few is not None else 0))
