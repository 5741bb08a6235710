"""Rows as Python's dicts made a table, and the API's schema of one. Knows values; not where rows go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.types import is_list, schema_type
from engine.errors import InvalidInputException


def table_of(rows: object) -> pa.Table:
    """Rows as a table.

    Args:
        rows: an Arrow table, or a list of dicts: their columns are those of all rows together, in the
            order of first sight; a row that lacks a column has null in it.

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
    plain = [_plain(value) for value in values]
    mixed = _mixed(plain)
    if mixed:
        raise InvalidInputException(
            f"column {name!r} of rows can't be one column: it mixes {' and '.join(mixed)}. Give all its "
            "values in one type."
        )
    try:
        array = pa.array(plain)
    except OverflowError:
        raise InvalidInputException(
            f"column {name!r} of rows holds an integer of more than 64 bits. Give the column the type "
            "string or decimal(38,0) where types are given, or its values as texts."
        ) from None
    except pa.ArrowException as error:
        raise InvalidInputException(
            f"column {name!r} of rows can't be one column: {error!s:.200}"
        ) from None
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array


def _plain(value: Any) -> Any:
    """NumPy's values as Python's; its times stay, because theirs have no nanoseconds."""
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in "mM":
        return list(value)
    return value.tolist() if hasattr(value, "tolist") else value


# What a value is, by the first of these that it is an instance of.
_KINDS: tuple[tuple[Any, str], ...] = (
    ((bool, np.bool_), "booleans"),
    (int, "integers"),
    (float, "floats"),
    (Decimal, "decimals"),
    (str, "texts"),
    (bytes, "bytes"),
    (np.datetime64, "times without a zone"),
    (dt.date, "dates"),
    (dt.time, "times of day"),
    ((dt.timedelta, np.timedelta64), "durations"),
    (Mapping, "dicts"),
    ((list, tuple, set, frozenset), "lists"),
)
# Numbers that are one column: Arrow refuses an integer that the other type does not hold.
_TOGETHER = ({"integers", "floats"}, {"integers", "decimals"})


def _mixed(values: Sequence[Any]) -> list[str]:
    """The kinds of values that don't go into one column, also within lists and dicts; else none."""
    kinds = sorted({_kind(value) for value in values if value is not None})
    if len(kinds) > 1 and set(kinds) not in _TOGETHER:
        return kinds
    if kinds == ["lists"]:
        return _mixed([_plain(one) for value in values if value is not None for one in value])
    if kinds == ["dicts"]:
        rows = [value for value in values if value is not None]
        names = dict.fromkeys(name for row in rows for name in row)
        fields = (_mixed([_plain(row.get(name)) for row in rows]) for name in names)
        return next(filter(None, fields), [])
    return []


def _kind(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return "times without a zone" if value.tzinfo is None else "times with a zone"
    return next((word for kind, word in _KINDS if isinstance(value, kind)), type(value).__name__)


def vector_columns(table: pa.Table) -> list[str]:
    """The columns that hold lists of floats, in order."""
    return [
        field.name
        for field in table.schema
        if is_list(field.type) and pa.types.is_floating(field.type.value_type)
    ]


def dimension_of(table: pa.Table, column: str) -> int:
    """Length of the first vector in a column. Raises InvalidInputException: it has none."""
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
    return {field.name: _schema_type(field) for field in table.schema}


def _schema_type(field: pa.Field) -> str:
    word = schema_type(field.type)
    if word is None:
        kind = _innermost(field.type)
        raise InvalidInputException(
            f"column {field.name!r} is of type {kind}, which an index of vectors can't hold. Give "
            "schema=."
        )
    return word


def _innermost(kind: pa.DataType) -> pa.DataType:
    """Of a list the type of its items, through all lists."""
    return _innermost(kind.value_type) if is_list(kind) else kind
