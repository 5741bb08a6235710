"""Types that a statement may give a column, each in full. Knows the cloud's types; not columns."""

from __future__ import annotations

from sqlglot import exp

from engine.errors import NotSupported

_T = exp.DataType.Type
_OFFERED = {
    _T.TINYINT, _T.SMALLINT, _T.INT, _T.BIGINT, _T.FLOAT, _T.DOUBLE, _T.DECIMAL, _T.BOOLEAN,
    _T.TEXT, _T.CHAR, _T.VARCHAR, _T.BINARY, _T.DATE, _T.TIMESTAMP, _T.TIMESTAMPTZ,
    _T.TIMESTAMPLTZ, _T.TIMESTAMPNTZ, _T.ARRAY, _T.MAP, _T.STRUCT,
}  # fmt: skip
_DECIMAL = ("10", "0")  # digits, and those behind the point, where none are said


def column_type(node: exp.DataType, column: str) -> exp.DataType:
    """A column's type with the digits of its decimals.

    Raises:
        NotSupported: a type that a table here can't hold, also within another; names it.
    """
    for one in node.find_all(exp.DataType):
        if one.this not in _OFFERED:
            raise NotSupported(
                f"Column {column:.80}: the type {one.sql():.60} is not supported. "
                "Offered are numbers, decimals, strings, booleans, dates, timestamps, binary, and "
                "arrays, maps and structs of them."
            )
    return in_full(node)


def in_full(node: exp.DataType) -> exp.DataType:
    """A copy of a type in which each DECIMAL that says no digits has the cloud's: (10,0)."""
    whole = node.copy()
    for one in whole.find_all(exp.DataType):
        if one.this == _T.DECIMAL and not one.expressions:
            digits = [exp.DataTypeParam(this=exp.Literal.number(text)) for text in _DECIMAL]
            one.set("expressions", digits)
    return whole
