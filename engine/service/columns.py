"""Types of columns: as tables have them, as an index stores them, as the API knows them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.schema import Column, Kind
from engine.errors import InvalidState

_EXACT_INTEGERS = 2**53  # above, a double may be another whole number than the decimal


def stored_type(kind: pa.DataType) -> pa.DataType:
    """The type that an index stores a column in: plain, and times in UTC without a zone."""
    if pa.types.is_dictionary(kind):
        return stored_type(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us")
    if pa.types.is_date64(kind):
        return pa.date32()
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        return pa.float64()
    if pa.types.is_large_list(kind) or pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return pa.list_(stored_type(kind.value_type))
    return kind


def stored_field(field: pa.Field) -> pa.Field:
    """A field of a table as an index stores it."""
    return pa.field(field.name, stored_type(field.type))


def stored(column: pa.Array, field: pa.Field) -> pa.Array:
    """A column of a table in the type that an index stores it in, as `stored_field` gives it.

    Values stay what they are: times with a zone are told in UTC, nanoseconds are cut to microseconds,
    which is all that the API knows, and decimals become the nearest doubles.

    Raises:
        InvalidState: a value that has no place in that type, such as a time out of its range.
    """
    try:
        return _stored(column, field.type)
    except pa.ArrowException as error:
        raise InvalidState(
            f"Column {field.name!r} holds a value that an index can't store as {field.type}: {error}. "
            "Mend it in the table, or leave the column out with columns_to_sync."
        ) from None


def _stored(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if column.type == kind:
        return column
    if pa.types.is_dictionary(column.type):
        return _stored(column.dictionary_decode(), kind)
    if pa.types.is_timestamp(column.type):
        return _times(column)
    if pa.types.is_decimal(column.type):
        return _doubles(column)
    if pa.types.is_list(kind):
        return _lists(column, kind)
    return column.cast(kind)


def _times(column: pa.Array) -> pa.Array:
    unit = column.type.unit
    if column.type.tz is not None:
        column = column.cast(pa.timestamp(unit, tz="UTC")).cast(pa.timestamp(unit))
    return column.cast(pa.timestamp("us"), safe=unit != "ns")


def _doubles(column: pa.Array) -> pa.Array:
    # Through text, whose reading rounds once: Arrow's own way makes 19.990000000000002 of 19.99.
    doubles = column.cast(pa.string()).cast(pa.float64())
    numbers = doubles.to_numpy(zero_copy_only=False)
    for place in np.flatnonzero(np.abs(numbers) > _EXACT_INTEGERS).tolist():
        value = column[place].as_py()
        if Decimal(float(numbers[place])) != value:
            raise pa.ArrowInvalid(f"{value} has more digits than a double holds")
    return doubles


def _lists(column: pa.Array, kind: pa.DataType) -> pa.Array:
    element = column.type.value_type
    if stored_type(element) == element:
        return column.cast(kind)
    lists = pa.concat_arrays([column.cast(pa.list_(element))])
    offsets = pa.array(lists.offsets.to_numpy())  # a copy, because those of a slice take no mask
    values = _stored(lists.values, kind.value_type)
    return pa.ListArray.from_arrays(offsets, values, mask=lists.is_null())


_KINDS: list[tuple[Any, Kind]] = [
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_integer, "int"),
    (pa.types.is_floating, "float"),
    (pa.types.is_string, "string"),
    (pa.types.is_date, "date"),
    (pa.types.is_timestamp, "timestamp"),
]


def column_of(field: pa.Field) -> Column:
    """What the API knows of a stored column."""
    is_array = pa.types.is_list(field.type)
    kind = field.type.value_type if is_array else field.type
    return Column(field.name, next((k for test, k in _KINDS if test(kind)), "other"), is_array)
