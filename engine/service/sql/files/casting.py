"""Columns of files in the types that a statement asks for; a value that has no form there is null.

Knows values. 19.99 is no INT, `yes` no BOOLEAN and a number no time, as Spark reads files.
"""

from __future__ import annotations

import contextlib
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext

import pyarrow as pa
import pyarrow.compute as pc

from engine.core.types import DECIMAL_DIGITS
from engine.service.table_files.conversions import converted

_SHORT = (r"^(\d{4})-(\d)(-|$)", r"^(\d{4}-\d\d)-(\d)(\D|$)")


def cast_columns(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows in other types, by the places of their columns."""
    columns = [_cast(column, field.type) for column, field in zip(rows.columns, schema)]
    return pa.table(columns, schema=schema)


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if column.type == kind:
        return column
    if pa.types.is_null(column.type):
        return pa.chunked_array([pa.nulls(len(column), kind)])
    if not _is_plain(column.type):
        return pa.chunked_array(_lenient(column, kind).chunks, kind)
    coded = column.combine_chunks()  # each value is looked at once
    if not pa.types.is_dictionary(coded.type):
        coded = coded.dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.unify_dictionaries().combine_chunks()
    values = _lenient(pa.chunked_array([coded.dictionary]), kind).combine_chunks()
    return pa.chunked_array([values.take(coded.indices)], kind)


def _is_plain(kind: pa.DataType) -> bool:
    return not pa.types.is_nested(kind)


def _lenient(values: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_decimal(kind):
        return pa.chunked_array([_decimals(values, kind)])
    if pa.types.is_string(values.type) and (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
        for short in _SHORT:  # 2024-1-5
            values = pc.replace_substring_regex(values, short, r"\1-0\2\3")
    found = converted(values, kind)
    if found is not None:
        return found
    if len(values) < 2:
        return pa.chunked_array([pa.nulls(len(values), kind)])
    middle = len(values) // 2
    halves = [_lenient(part, kind) for part in (values.slice(0, middle), values.slice(middle))]
    return pa.chunked_array([chunk for half in halves for chunk in half.chunks], kind)


def _decimals(values: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    """Decimals with the type's places, half up as Spark has it."""
    unit = Decimal(1).scaleb(-kind.scale)
    made: list[Decimal | None] = []
    with localcontext() as context:
        context.prec = 2 * DECIMAL_DIGITS
        for value in values.to_pylist():
            number = None
            if isinstance(value, (str, int, float, Decimal)) and not isinstance(value, bool):
                with contextlib.suppress(InvalidOperation):
                    number = Decimal(str(value)).quantize(unit, ROUND_HALF_UP)
            fits = number is not None and number.adjusted() < kind.precision - kind.scale
            made.append(number if fits else None)
    return pa.array(made, kind)
