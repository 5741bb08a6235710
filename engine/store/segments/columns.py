"""One column of a segment, and its values for some rows as Python objects. Knows Arrow; not files.

Rows of an answer come from here, by position: a query through SQL would take milliseconds. The usual
types are read straight from Arrow's buffers, in about the time of a list lookup. A float32 comes as the
shortest decimal that reads back to it, and a time that Python's own can't say as a `FarTime`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.core.arrays import Mask, Rows
from engine.core.arrow.objects import object_of
from engine.core.filters.in_memory import Held, Numbers, Texts
from engine.core.values import FarTime, shortest_forms

_MAX_DECODED = 65_536  # distinct values that are kept as Python objects
_OBJECT_BYTES = 64  # of a Python object beside its content

Take = Callable[[Rows], list[Any]]
Numbers1D = npt.NDArray[Any]


@dataclass(frozen=True)
class NumberForm:
    """How values of a type lie in memory: as numbers of a dtype, and what Python objects they are."""

    dtype: np.dtype[Any]
    as_objects: Callable[[Numbers1D], list[Any]]


def taker(column: pa.Array) -> Take:
    """A function from rows to the column's values, nulls as None."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _dictionary(column)
    form = number_form(kind)
    if form is not None:
        return _numbers(column, form)
    if pa.types.is_string(kind):
        return _strings(column)
    if pa.types.is_list(kind):
        return _lists(column, taker(column.values))
    if pa.types.is_map(kind):
        keys, items = taker(column.keys), taker(column.items)
        return _lists(column, lambda rows: list(zip(keys(rows), items(rows))))
    if pa.types.is_struct(kind):
        return _structs(column)
    return lambda rows: [object_of(column[row]) for row in rows.tolist()]


def valid_mask(column: pa.Array) -> Mask | None:
    """(n,) bool of the values that are not null; None where all are present."""
    bits = column.buffers()[0]
    if bits is None or column.null_count == 0:
        return None
    whole = np.unpackbits(np.frombuffer(bits, dtype=np.uint8), bitorder="little")
    return whole[column.offset : column.offset + len(column)].view(np.bool_)


def number_array(column: pa.Array) -> np.ndarray:
    """The numbers of a column without a copy; anything where the value is null."""
    dtype = np.dtype(column.type.to_pandas_dtype())
    flat = np.frombuffer(column.buffers()[1], dtype=dtype)
    return flat[column.offset : column.offset + len(column)]


def held_for_filters(column: pa.Array) -> Held | None:
    """A column as filters read it in memory; None for one of another kind than they know."""
    kind = column.type
    if pa.types.is_integer(kind):
        return Numbers(number_array(column), valid_mask(column))
    if pa.types.is_float32(kind) or pa.types.is_float64(kind):
        values, valid = number_array(column), valid_mask(column)
        known = ~np.isnan(values)
        if valid is not None:
            known &= valid
        return Numbers(values, None if known.all() else known)
    if not _is_coded(column) or not pa.types.is_string(kind.value_type):
        return None
    numbers = {text: number for number, text in enumerate(column.dictionary.to_pylist())}
    if len(numbers) < len(column.dictionary) or None in numbers:
        return None
    codes, valid = number_array(column.indices), valid_mask(column.indices)
    none = len(numbers)
    return Texts(codes if valid is None else np.where(valid, codes, none), numbers, none)


def _with_nulls(take: Take, column: pa.Array) -> Take:
    valid = valid_mask(column)
    if valid is None:
        return take
    return lambda rows: without_nulls(take(rows), valid[rows])


def without_nulls(values: list[Any], valid: Mask) -> list[Any]:
    """The values, None where there is none."""
    return [value if known else None for value, known in zip(values, valid.tolist())]


def number_form(kind: pa.DataType) -> NumberForm | None:
    """How values of a type lie in a buffer and what is made of them; None where they are no numbers."""
    if pa.types.is_integer(kind) or pa.types.is_float64(kind):
        return NumberForm(np.dtype(kind.to_pandas_dtype()), np.ndarray.tolist)
    if pa.types.is_float32(kind):
        return NumberForm(np.dtype(np.float32), shortest_forms)
    if pa.types.is_date32(kind):
        return NumberForm(np.dtype(np.int32), lambda counts: _as_times(counts, "D"))
    if kind == pa.timestamp("us"):
        return NumberForm(np.dtype(np.int64), lambda counts: _as_times(counts, "us"))
    return None


def _as_times(counts: Numbers1D, unit: Literal["us", "D"]) -> list[Any]:
    # numpy gives the bare number where no datetime can say it
    return [
        FarTime(moment, unit) if type(moment) is int else moment
        for moment in counts.astype(f"datetime64[{unit}]").tolist()
    ]


def _numbers(column: pa.Array, form: NumberForm) -> Take:
    flat = np.frombuffer(column.buffers()[1], dtype=form.dtype)
    values, as_objects = flat[column.offset : column.offset + len(column)], form.as_objects
    return _with_nulls(lambda rows: as_objects(values[rows]), column)


def _lists(column: pa.Array, take: Take) -> Take:
    """Lists, or maps, whose items `take` reads by their places."""
    offsets = np.frombuffer(column.buffers()[1], dtype=np.int32)
    offsets = offsets[column.offset : column.offset + len(column) + 1].astype(np.int64)

    def taken(rows: Rows) -> list[Any]:
        starts, ends = offsets[rows], offsets[rows + 1]
        items = [np.arange(start, end) for start, end in zip(starts, ends)]
        values = iter(take(np.concatenate(items))) if items else iter(())
        return [list(islice(values, len(places))) for places in items]

    return _with_nulls(taken, column)


def _structs(column: pa.StructArray) -> Take:
    names = [field.name for field in column.type]
    takes = [taker(column.field(place)) for place in range(len(names))]

    def taken(rows: Rows) -> list[Any]:
        parts = [take(rows) for take in takes]
        return [dict(zip(names, values)) for values in zip(*parts)] if parts else [{} for _ in rows]

    return _with_nulls(taken, column)


def _strings(column: pa.Array) -> Take:
    _, offsets_buffer, data = column.buffers()
    offsets = np.frombuffer(offsets_buffer, dtype=np.int32)
    offsets = offsets[column.offset : column.offset + len(column) + 1]
    text = data.to_pybytes() if data is not None else b""  # slices of bytes cost a third of views'

    def taken(rows: Rows) -> list[Any]:
        starts, ends = offsets[rows].tolist(), offsets[rows + 1].tolist()
        return [text[start:end].decode() for start, end in zip(starts, ends)]

    return _with_nulls(taken, column)


class Columns:
    """Some columns of a segment together: their values for rows, a list for each column.

    The codes of dictionary columns lie side by side, so that a row's are read at once.

    Attributes:
        row_bytes: what the values of a row take as Python objects, about.
        are_nested: some values hold others, which their reader could change.
    """

    def __init__(self, columns: Sequence[pa.Array]) -> None:
        coded = [place for place, column in enumerate(columns) if _is_coded(column)]
        self._coded = [(place, [*columns[place].dictionary.to_pylist(), None]) for place in coded]
        self._others = [
            (place, taker(column)) for place, column in enumerate(columns) if place not in coded
        ]
        self._count = len(columns)
        self.are_nested = any(pa.types.is_nested(column.type) for column in columns)
        self.row_bytes = _OBJECT_BYTES + 8 * len(columns)
        for place, _ in self._others:
            column = columns[place]
            self.row_bytes += _OBJECT_BYTES + column.nbytes // max(1, len(column))
        self._codes = np.empty((len(columns[0]) if columns else 0, len(coded)), dtype=np.int32)
        for number, place in enumerate(coded):
            indices = columns[place].indices
            self._codes[:, number] = number_array(indices)
            valid = valid_mask(indices)
            if valid is not None:
                self._codes[~valid, number] = len(columns[place].dictionary)

    def take(self, rows: Rows) -> list[list[Any]]:
        """Values of the rows, nulls as None."""
        out: list[list[Any]] = [[]] * self._count
        if self._coded:
            codes = self._codes.take(rows, axis=0).T.tolist()
            for (place, values), column in zip(self._coded, codes):
                out[place] = [values[code] for code in column]
        for place, take in self._others:
            out[place] = take(rows)
        return out


def _is_coded(column: pa.Array) -> bool:
    return pa.types.is_dictionary(column.type) and len(column.dictionary) <= _MAX_DECODED


def _dictionary(column: pa.DictionaryArray) -> Take:
    codes = number_array(column.indices)
    if len(column.dictionary) <= _MAX_DECODED:
        decoded = column.dictionary.to_pylist()

        def taken(rows: Rows) -> list[Any]:
            return [decoded[code] for code in codes[rows].tolist()]
    else:
        values = taker(column.dictionary)

        def taken(rows: Rows) -> list[Any]:
            return values(codes[rows].astype(np.int64))

    valid = valid_mask(column.indices)
    if valid is None:
        return taken

    def some(rows: Rows) -> list[Any]:
        known = valid[rows]
        values = iter(taken(rows[known]))
        return [next(values) if is_known else None for is_known in known.tolist()]

    return some
