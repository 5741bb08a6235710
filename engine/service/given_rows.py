"""Plain dicts as a table, and the API's schema of one. Knows Arrow's types; not where rows go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from engine.errors import InvalidInputException

_TYPES = (
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_int64, "long"),
    (pa.types.is_integer, "integer"),
    (pa.types.is_float32, "float"),
    (pa.types.is_floating, "double"),
    (pa.types.is_string, "string"),
    (pa.types.is_large_string, "string"),
    (pa.types.is_date, "date"),
    (pa.types.is_timestamp, "timestamp"),
)


def table_of(rows: object) -> pa.Table:
    """Rows as a table.

    Args:
        rows: an Arrow table, or a list of dicts: their columns are those of all rows together, in the
            order of first sight; a row without a column has a null there.

    Raises:
        InvalidInputException: something else, no row at all, or a column with values of two types.
    """
    if isinstance(rows, pa.Table):
        return rows
    if not isinstance(rows, (list, tuple)) or not all(isinstance(row, Mapping) for row in rows):
        raise InvalidInputException(
            f"rows is {rows!r:.80}; expected an Arrow table or a list of dicts."
        )
    if not rows:
        raise InvalidInputException(
            "rows is an empty list, which has no columns. Give an Arrow table with a schema instead."
        )
    names = list(dict.fromkeys(name for row in rows for name in row))
    arrays = [_array(name, [row.get(name) for row in rows]) for name in names]
    return pa.table(arrays, names=names)


def _array(name: str, values: Sequence[Any]) -> pa.Array:
    plain = [value.tolist() if hasattr(value, "tolist") else value for value in values]
    try:
        array = pa.array(plain)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise InvalidInputException(
            f"column {name!r} of rows can't be one column: {error!s:.200}"
        ) from None
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array


def vector_columns(table: pa.Table) -> list[str]:
    """The columns that hold lists of floats, in order."""
    return [
        field.name
        for field in table.schema
        if _is_list(field.type) and pa.types.is_floating(field.type.value_type)
    ]


def dimension_of(table: pa.Table, column: str) -> int:
    """Length of the first vector in a column. Raises InvalidInputException: there is none."""
    for value in table.column(column) if column in table.column_names else ():
        if value.is_valid:
            return len(value)
    raise InvalidInputException(
        f"rows have no vector in a column {column!r}; they have {', '.join(table.column_names)}."
    )


def schema_of(table: pa.Table) -> dict[str, str]:
    """The API's types of a table's columns, as a direct access index takes them.

    Raises:
        InvalidInputException: a type that the API has no word for.
    """
    return {field.name: _type_of(field.name, field.type) for field in table.schema}


def _type_of(name: str, kind: pa.DataType) -> str:
    if _is_list(kind):
        inner = (
            "float" if pa.types.is_floating(kind.value_type) else _type_of(name, kind.value_type)
        )
        return f"array<{inner}>"
    for is_it, word in _TYPES:
        if is_it(kind):
            return word
    raise InvalidInputException(
        f"column {name!r} is of type {kind}, which an index of vectors can't hold. Give schema=."
    )


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )
