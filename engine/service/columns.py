"""Types of columns: as tables have them, as an index stores them, as the API knows them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.schema import Column, Kind
from engine.errors import InvalidState
from engine.store.segments.columns import number_array, valid_mask


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
    if pa.types.is_float16(kind):
        return pa.float64()
    if pa.types.is_decimal(kind):
        return _stored_decimal(kind)
    if pa.types.is_large_list(kind) or pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return pa.list_(stored_type(kind.value_type))
    return kind


def _stored_decimal(kind: pa.DataType) -> pa.DataType:
    """A decimal that Parquet and filters know; what has more than 38 digits stays as it is."""
    scale = max(kind.scale, 0)
    digits = max(kind.precision + scale - kind.scale, scale)
    return pa.decimal128(digits, scale) if digits <= _DECIMAL_DIGITS else kind


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
    if _holds_halves(column.type):
        column = _shortest_halves(column)
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


def unstorable(batch: pa.RecordBatch) -> dict[int, str]:
    """Rows with a value that no index can hold, by position, with the reason."""
    reasons: dict[int, str] = {}
    for field, column in zip(batch.schema, batch.columns):
        for row in _broken(column):
            reasons[row] = f"column {field.name!r} holds text that is not UTF-8"
        if pa.types.is_timestamp(field.type) and field.type.unit in ("s", "ms"):
            for row in _beyond(column):
                reasons[row] = f"column {field.name!r} holds a time beyond the years that are known"
    return reasons


def _broken(column: pa.Array) -> list[int]:
    """Rows whose texts, also inside lists, are not UTF-8: half a character, or another encoding."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return [row for row in range(len(column)) if not _is_valid(column.slice(row, 1))]
    return []


def _is_valid(column: pa.Array) -> bool:
    # A slice of lists is checked with all that lies behind it, so that items are taken out first.
    try:
        (column.flatten() if _is_list(column.type) else column).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _beyond(column: pa.Array) -> list[int]:
    """Rows whose seconds or milliseconds are too many for microseconds of 64 bits."""
    most = (2**63 - 1) // {"s": 10**6, "ms": 10**3}[column.type.unit]
    counts = number_array(column.view(pa.int64()))
    outside = (counts > most) | (counts < -most)
    known = valid_mask(column)
    return list(np.flatnonzero(outside if known is None else outside & known).tolist())


def _holds_halves(kind: pa.DataType) -> bool:
    return bool(pa.types.is_float16(kind.value_type if _is_list(kind) else kind))


def _is_list(kind: pa.DataType) -> bool:
    tests = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(test(kind) for test in tests)


def _shortest_halves(column: pa.Array) -> pa.Array:
    """float16 as doubles of the shortest decimals that read back to them: 19.98, not 19.984375."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        kind = pa.large_list(pa.float64()) if pa.types.is_large_list(column.type) else None
        offsets, known = column.buffers()[1], column.buffers()[0]
        return pa.Array.from_buffers(
            kind or pa.list_(pa.float64()),
            len(column),
            [known, offsets],
            offset=column.offset,
            children=[_shortest_halves(column.values)],
        )
    if _is_list(column.type):
        return _shortest_halves(column.cast(pa.list_(pa.float16())))
    known, bits = column.buffers()
    halves = np.frombuffer(bits, dtype=np.uint16)[: column.offset + len(column)]
    numbers = pa.py_buffer(_halves()[halves])
    return pa.Array.from_buffers(pa.float64(), len(column), [known, numbers], offset=column.offset)


@lru_cache(maxsize=1)
def _halves() -> np.ndarray:
    """The shortest form of every float16, by its bits."""
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    return np.array([float(str(number)) for number in every])


_DECIMAL_DIGITS = 38  # of the cloud's widest decimal, and of DuckDB's
_KINDS: list[tuple[Any, Kind]] = [
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_integer, "int"),
    (pa.types.is_floating, "float"),
    (pa.types.is_decimal128, "decimal"),
    (pa.types.is_string, "string"),
    (pa.types.is_date, "date"),
    (pa.types.is_timestamp, "timestamp"),
]


def column_of(field: pa.Field) -> Column:
    """What the API knows of a stored column."""
    is_array = pa.types.is_list(field.type)
    kind = field.type.value_type if is_array else field.type
    return Column(
        field.name,
        next((word for test, word in _KINDS if test(kind)), "other"),
        is_array,
        single=pa.types.is_float32(kind),
        scale=kind.scale if pa.types.is_decimal128(kind) else 0,
    )
