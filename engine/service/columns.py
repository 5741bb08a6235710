"""Types of columns: as tables have them, as an index stores them, as the API knows them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from engine.core.schema import Column, Kind
from engine.errors import InvalidState


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


def stored(column: pa.Array, kind: pa.DataType, name: str | None = None) -> pa.Array:
    """A column of a table in the type that an index stores it in.

    Values stay what they are; of nanoseconds those below a microsecond are cut, as the API knows none.

    Args:
        name: of the column, for the error.

    Raises:
        InvalidState: a value that the type does not hold, such as a time out of its range.
    """
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        column = column.cast(pa.timestamp(column.type.unit, tz="UTC"))
        column = column.cast(pa.timestamp(column.type.unit))
    try:
        same = column.type == kind
        return column if same else column.cast(kind, safe=not _holds_nanoseconds(column.type))
    except pa.ArrowException as error:
        raise InvalidState(
            f"{'A column' if name is None else f'Column {name!r}'} holds a value that an index can't "
            f"store as {kind}: {error}. Mend it in the table, or leave the column out with "
            "columns_to_sync."
        ) from None


def _holds_nanoseconds(kind: pa.DataType) -> bool:
    while hasattr(kind, "value_type"):  # of lists and dictionaries
        kind = kind.value_type
    return bool(pa.types.is_timestamp(kind) and kind.unit == "ns")


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
