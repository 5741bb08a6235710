"""Bitmaps of rows of one segment, such as its delete bitmap or the row mask of a filter.

Knows numpy; not where the rows come from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.core.arrays import Mask, Rows

Bits = npt.NDArray[np.uint8]

_BITS: Bits = np.left_shift(1, np.arange(8)).astype(np.uint8)  # of the rows of a byte
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
        """A set of given row numbers, in any order."""
        grown = GrowingRows(total)
        grown.add(rows)
        return grown.built()

    @staticmethod
    def of_bits(bitmap: Bits, total: int) -> RowSet:
        """The rows of a bitmap as `bitmap` is, whose bits from `total` on are 0; it is kept, not copied.

        Eight rows at a time: what a mask of all rows would take is not made.
        """
        count = _bits_in(bitmap)
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
        left = self.total - self.count
        if left > _FEW * self.total:
            return RowSet(self.total, bitmap, left)
        return RowSet.of_bits(bitmap, self.total)

    def holds(self, rows: Rows) -> Mask:
        """(n,) which of some rows are in the set."""
        return _held(self.bitmap, rows)

    def __contains__(self, row: int) -> bool:
        return bool(self.bitmap[row >> 3] >> (row & 7) & 1)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the set takes."""
        return int(self.bitmap.nbytes + (self._few.nbytes if self._few is not None else 0))


class GrowingRows:
    """A set of rows that rows are added to; it costs what is added, and one copy of a bitmap."""

    def __init__(self, total: int, start: RowSet | None = None) -> None:
        """Begin with the rows of a set, or with none; the bitmap is copied when a row comes."""
        self._total, self._start = total, start
        self._bitmap: Bits | None = None
        self._added: list[Rows] = []
        self.added_count = 0

    @property
    def added(self) -> Rows:
        """The rows that came and were not there before, ascending."""
        return np.sort(np.concatenate([np.empty(0, dtype=np.int64), *self._added]))

    def holds(self, rows: Rows) -> Mask:
        """(n,) which of some rows are in the set."""
        bitmap = self._bitmap
        if bitmap is None and self._start is not None:
            bitmap = self._start.bitmap
        if bitmap is None:
            return np.zeros(len(rows), dtype=np.bool_)
        return _held(bitmap, rows)

    def add(self, rows: Rows) -> int:
        """Add rows; returns how many of them were not there."""
        new = np.unique(rows[~self.holds(rows)])
        if len(new):
            np.bitwise_or.at(self._own_bitmap(), new >> 3, _BITS[new & 7])
            self._added.append(new)
            self.added_count += len(new)
        return len(new)

    def _own_bitmap(self) -> Bits:
        if self._bitmap is None and self._start is not None:
            self._bitmap = self._start.bitmap.copy()
        if self._bitmap is None:
            self._bitmap = np.zeros((self._total + 7) // 8, dtype=np.uint8)
        return self._bitmap

    def built(self) -> RowSet:
        """The set as it is now; rows that are added later are not in it."""
        start = self._start if self._start is not None else _none_of(self._total)
        count, few = start.count + self.added_count, None
        if count <= _FEW * self._total:
            held = start._few if start._few is not None else start.rows().astype(np.int32)
            few = np.insert(held, np.searchsorted(held, self.added), self.added)
        return RowSet(self._total, self._own_bitmap().copy(), count, few)

    def mask(self) -> Mask:
        """(total,) bool, a fresh array."""
        bits = self._own_bitmap()
        return np.unpackbits(bits, count=self._total, bitorder="little").view(np.bool_)


def _none_of(total: int) -> RowSet:
    return RowSet(total, np.empty(0, dtype=np.uint8), 0, np.empty(0, dtype=np.int32))


def _held(bitmap: Bits, rows: Rows) -> Mask:
    found: Mask = (bitmap[rows >> 3] & _BITS[rows & 7]) != 0
    return found


def _bits_in(bitmap: Bits) -> int:
    """How many bits are 1, eight bytes at a time."""
    if not hasattr(np, "bitwise_count"):  # before numpy 2
        return int.from_bytes(bitmap.tobytes(), "little").bit_count()
    whole = len(bitmap) // 8 * 8
    rest = int.from_bytes(bitmap[whole:].tobytes(), "little").bit_count()
    return rest + int(np.bitwise_count(bitmap[:whole].view(np.uint64)).sum(dtype=np.int64))


def _rows_of(bitmap: Bits) -> Rows:
    """The row numbers of a bitmap, ascending; only bytes with a row in them are taken apart."""
    filled = np.flatnonzero(bitmap)
    places = np.flatnonzero(np.unpackbits(bitmap[filled], bitorder="little").view(np.bool_))
    rows: Rows = filled[places >> 3] * 8 + (places & 7)
    return rows
