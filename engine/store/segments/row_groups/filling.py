"""Columns in memory that are filled one row group after another, and read where they are filled.

Each kind keeps a value once, in the form that answers are read from: no Arrow array lies beside it.
Knows Arrow and numbers of groups; not files, not threads: who fills has a lock. A group is marked as
filled when all of it is there, so that others read at the same time.
"""

from __future__ import annotations

import contextlib
import mmap
import sys
from collections.abc import Sequence
from typing import Any, Union

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.core.arrays import Mask, Rows
from engine.core.filters.in_memory import Held, Numbers, Texts
from engine.store.segments.columns import (
    NumberForm,
    Take,
    number_array,
    number_form,
    taker,
    valid_mask,
    without_nulls,
)

_MOST_TEXTS = (
    65_535  # different ones that are kept as Python objects; two bytes a row beside "none"
)
_JUDGED_ROWS = 1024  # of a group, from which its texts say whether those of the column repeat
_BEGIN_AND_END = np.array([[0], [1]])


def untouched(count: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Numbers, 0 each, that take memory page by page as they are written.

    Not by numpy, which asks the system for pages of two megabytes: a group would take, and wait for,
    many times its own size.
    """
    size = max(1, count * dtype.itemsize)
    if sys.platform == "win32":
        memory = mmap.mmap(-1, size)
    else:
        memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return np.frombuffer(memory, dtype=dtype, count=count)


class FilledColumn:
    """A column of `starts[-1]` rows in groups.

    Attributes:
        filled: (groups,) bool of those that can be read. left: how many can't yet.
    """

    def __init__(self, starts: Rows) -> None:
        """
        Args:
            starts: (groups + 1,) the first row of each group, and the number of rows.
        """
        self.filled: Mask = np.diff(starts) == 0
        self.left = int(np.count_nonzero(~self.filled))
        self._starts, self._rows = starts, int(starts[-1])
        self._nulls: Mask | None = None  # made at the first one

    def fill(self, group: int, column: pa.Array) -> None:
        """Keep the values of a group that isn't filled yet."""
        self._keep(group, slice(*self._starts[group : group + 2].tolist()), column)
        self.filled[group] = True
        self.left -= 1

    def _keep(self, group: int, rows: slice, column: pa.Array) -> None:
        raise NotImplementedError

    def _keep_nulls(self, rows: slice, column: pa.Array) -> None:
        valid = valid_mask(column)
        if valid is None:
            return
        if self._nulls is None:
            self._nulls = untouched(self._rows, np.dtype(np.bool_))
        self._nulls[rows] = ~valid

    def _with_nulls(self, values: list[Any], rows: Rows) -> list[Any]:
        return values if self._nulls is None else without_nulls(values, ~self._nulls[rows])

    def take(self, rows: Rows, groups: Rows) -> list[Any]:
        """Values of rows of filled groups as Python objects, nulls as None.

        Args:
            groups: (n,) the group of each row.
        """
        raise NotImplementedError

    def held(self) -> Held | None:
        """The whole column as filters read it in memory; None for one of another kind than they know."""
        return None


class FilledNumbers(FilledColumn):
    """Numbers and times."""

    def __init__(self, starts: Rows, kind: pa.DataType, form: NumberForm) -> None:
        super().__init__(starts)
        self._kind, self._as_objects = kind, form.as_objects
        self._values: npt.NDArray[Any] = untouched(self._rows, form.dtype)

    def _keep(self, group: int, rows: slice, column: pa.Array) -> None:
        flat = np.frombuffer(column.buffers()[1], dtype=self._values.dtype)
        self._values[rows] = flat[column.offset : column.offset + len(column)]
        self._keep_nulls(rows, column)

    def take(self, rows: Rows, groups: Rows) -> list[Any]:
        return self._with_nulls(self._as_objects(self._values[rows]), rows)

    def when_whole(self) -> Take:
        """A function from rows to values, of a column without anything left to fill."""
        values, as_objects = self._values, self._as_objects
        if self._nulls is None:
            return lambda rows: as_objects(values[rows])
        return lambda rows: self._with_nulls(as_objects(values[rows]), rows)

    def held(self) -> Held | None:
        if pa.types.is_integer(self._kind):
            return Numbers(self._values, None if self._nulls is None else ~self._nulls)
        if not pa.types.is_floating(self._kind):
            return None
        known = ~np.isnan(self._values)
        if self._nulls is not None:
            known &= ~self._nulls
        return Numbers(self._values, None if known.all() else known)

    def as_arrow(self) -> pa.Array:
        """The whole column, without a copy."""
        bits = None
        if self._nulls is not None:
            bits = pa.py_buffer(np.packbits(~self._nulls, bitorder="little"))
        return pa.Array.from_buffers(self._kind, self._rows, [bits, pa.py_buffer(self._values)])


class FilledWords(FilledColumn):
    """Texts that repeat: one or two bytes a row say which of the column's different ones it has.

    Attributes:
        repeats: whether that is so; else it is to be kept as `FilledTexts`, and nothing more filled.
    """

    def __init__(self, starts: Rows) -> None:
        super().__init__(starts)
        self.repeats = True
        self._texts: list[str | None] = [None]
        self._number: dict[str, int] = {}
        self._codes: npt.NDArray[Any] = untouched(self._rows, np.dtype(np.uint8))

    def fill(self, group: int, column: pa.Array) -> None:
        """The same; a column of a dictionary. Sets `repeats` where texts are too many."""
        texts = column.dictionary.to_pylist()
        rarely = len(column) >= _JUDGED_ROWS and 8 * len(texts) > 7 * len(column)
        new = [text for text in texts if text not in self._number]
        if rarely or len(self._number) + len(new) > _MOST_TEXTS:
            self.repeats = False
            return
        for text in new:
            self._number[text] = len(self._texts)
            self._texts.append(text)
        super().fill(group, column)

    def _keep(self, group: int, rows: slice, column: pa.Array) -> None:
        if len(self._texts) > 1 + np.iinfo(self._codes.dtype).max:
            self._widen()
        numbers = [self._number[text] for text in column.dictionary.to_pylist()]
        codes = np.array([*numbers, 0], dtype=self._codes.dtype)
        places, valid = number_array(column.indices), valid_mask(column.indices)
        self._codes[rows] = codes[places if valid is None else np.where(valid, places, -1)]

    def _widen(self) -> None:
        wide = untouched(self._rows, np.dtype(np.uint16))
        for group in np.flatnonzero(self.filled).tolist():
            rows = slice(*self._starts[group : group + 2].tolist())
            wide[rows] = self._codes[rows]
        self._codes = wide

    def take(self, rows: Rows, groups: Rows) -> list[Any]:
        texts = self._texts
        return [texts[code] for code in self._codes[rows].tolist()]

    @property
    def coded(self) -> tuple[list[str | None], npt.NDArray[Any]]:
        """The different texts, and (n,) of each row its number among them."""
        return self._texts, self._codes

    def held(self) -> Held | None:
        return Texts(self._codes, self._number, none=0)


class FilledTexts(FilledColumn):
    """Texts of a row's own: those of a group in one, which is bytes where they are not all ASCII."""

    def __init__(self, starts: Rows) -> None:
        super().__init__(starts)
        self._texts: list[Any] = [""] * len(self.filled)
        self._is_ascii = True
        # Of each group where its texts begin, and where the last one ends.
        self._places = untouched(self._rows + len(self.filled), np.dtype(np.int32))

    def _keep(self, group: int, rows: slice, column: pa.Array) -> None:
        _, offsets, data = column.buffers()
        places = np.frombuffer(offsets, dtype=np.int32)[column.offset :][: len(column) + 1]
        first, last = places[[0, -1]].tolist()
        self._places[rows.start + group : rows.stop + group + 1] = places - first
        text = data.slice(first, last - first).to_pybytes() if data else b""
        if text.isascii():  # so that an answer's need not be decoded one by one
            self._texts[group] = text.decode()
        else:
            self._is_ascii, self._texts[group] = False, text
        self._keep_nulls(rows, column)

    def take(self, rows: Rows, groups: Rows) -> list[Any]:
        return self.take_at(rows, groups.tolist(), ends_of(rows, groups))

    def take_at(self, rows: Rows, groups: list[int], ends: Rows) -> list[Any]:
        """The same, of what other columns need too: groups, and `ends_of` these."""
        texts, (starts, stops) = self._texts, self._places[ends].tolist()
        values: list[Any]
        if self._is_ascii:
            values = [texts[group][a:b] for group, a, b in zip(groups, starts, stops)]
        else:
            values = [
                part if type(part := texts[group][a:b]) is str else part.decode()
                for group, a, b in zip(groups, starts, stops)
            ]
        return self._with_nulls(values, rows)


def groups_of(ends: Rows, rows: Rows) -> Rows:
    """The group of each row.

    Args:
        ends: (groups,) the row after each group.
    """
    return ends.searchsorted(rows, "right")  # naming the side takes longer


def ends_of(rows: Rows, groups: Rows) -> Rows:
    """Where each row's text begins and ends: (2, n) places."""
    ends: Rows = (rows + groups) + _BEGIN_AND_END
    return ends


class FilledPieces(FilledColumn):
    """Values of any other type: an Arrow array for each group, and one in their place at the end."""

    def __init__(self, starts: Rows) -> None:
        super().__init__(starts)
        self._pieces: list[pa.Array | None] = [None] * len(self.filled)
        self._takes: list[Take] = [_nothing] * len(self.filled)
        self._whole: Take | None = None

    def _keep(self, group: int, rows: slice, column: pa.Array) -> None:
        self._pieces[group], self._takes[group] = column, taker(column)
        if self.left == 1:
            with contextlib.suppress(pa.ArrowException):  # items that 32 bits can't count
                self._whole = taker(
                    pa.concat_arrays([each for each in self._pieces if each is not None])
                )
                self._takes = []
            self._pieces = []

    def take(self, rows: Rows, groups: Rows) -> list[Any]:
        takes = self._takes  # before the whole one is looked for: it takes their place
        if self._whole is not None:
            return self._whole(rows)
        out: list[Any] = [None] * len(rows)
        for group in np.unique(groups).tolist():
            here = np.flatnonzero(groups == group)
            values = takes[group](rows[here] - self._starts[group])
            for place, value in zip(here.tolist(), values):
                out[place] = value
        return out

    def when_whole(self) -> Take:
        """The same as of `FilledNumbers`."""
        if self._whole is not None:
            return self._whole
        return lambda rows: self.take(rows, groups_of(self._starts[1:], rows))


AnyColumn = Union[FilledNumbers, FilledWords, FilledTexts, FilledPieces]


def _nothing(rows: Rows) -> list[Any]:
    raise AssertionError("read before it was filled")


def empty_column(kind: pa.DataType, starts: Rows) -> AnyColumn:
    """A column of a type with nothing filled."""
    form = number_form(kind)
    if form is not None:
        return FilledNumbers(starts, kind, form)
    return FilledWords(starts) if pa.types.is_string(kind) else FilledPieces(starts)


def all_filled(columns: Sequence[FilledColumn], groups: Rows) -> bool:
    """Whether all of these groups can be read."""
    return all(not column.left or column.filled[groups].all() for column in columns)


class WholeColumns:
    """Some columns together, without anything left to fill: their values in the least time."""

    def __init__(self, columns: Sequence[AnyColumn], starts: Rows) -> None:
        each = list(enumerate(columns))
        self._ends, self._count = starts[1:], len(each)
        self._words = [(at, *one.coded) for at, one in each if isinstance(one, FilledWords)]
        self._texts = [(at, one) for at, one in each if isinstance(one, FilledTexts)]
        self._others = [
            (at, one.when_whole())
            for at, one in each
            if isinstance(one, (FilledNumbers, FilledPieces))
        ]

    def take(self, rows: Rows) -> list[list[Any]]:
        """Values of the rows, nulls as None: a list for each column."""
        out: list[list[Any]] = [[]] * self._count
        for at, texts, codes in self._words:
            out[at] = [texts[code] for code in codes[rows].tolist()]
        for at, take in self._others:
            out[at] = take(rows)
        if self._texts:
            groups = groups_of(self._ends, rows)
            listed, ends = groups.tolist(), ends_of(rows, groups)
            for at, column in self._texts:
                out[at] = column.take_at(rows, listed, ends)
        return out
