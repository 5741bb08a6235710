"""Types of functions' results: those that DuckDB gives otherwise, and those that are always the same.

Knows expressions and names of types; not values.
"""

from __future__ import annotations

import pyarrow as pa
from sqlglot import exp
from sqlglot.dialects.databricks import Databricks

from engine.service.sql.language.functions.calls import cast

_INTS: tuple[type[exp.Expression], ...] = (
    exp.BitLength, exp.BitwiseCount, exp.Day, exp.DayOfMonth, exp.DayOfWeek, exp.DayOfYear, exp.Hour,
    exp.Length, exp.Levenshtein, exp.Minute, exp.Month, exp.Quarter, exp.RegexpCount, exp.RegexpInstr,
    exp.Second, exp.StrPosition, exp.UnixDate, exp.WeekOfYear, exp.Year,
)  # fmt: skip
_OF_CLASS: dict[type[exp.Expression], str] = {
    **dict.fromkeys(_INTS, "int"),
    exp.ArrayPosition: "bigint",
    exp.Grouping: "tinyint",
    exp.IntDiv: "bigint",
    exp.Sign: "double",
}
_OF_NAME = {"date_part": "int", "octet_length": "int", "weekday": "int"}
# Types of results, whatever a function is given, as the parser's own table of the dialect has them.
_OF_TABLE = {
    exp.DType.BINARY: pa.binary(),
    exp.DType.BOOLEAN: pa.bool_(),
    exp.DType.DATE: pa.date32(),
    exp.DType.DOUBLE: pa.float64(),
    exp.DType.VARCHAR: pa.string(),
}
_TEXTS = (
    exp.Left,
    exp.Pad,
    exp.Reverse,
    exp.SplitPart,
    exp.Substring,
    exp.SubstringIndex,
    exp.UnixToStr,
)
_TEXT_NAMES = {
    "base64", "bin", "conv", "format_number", "mask", "monthname", "parse_url", "quote", "to_char",
    "to_varchar", "url_decode", "url_encode",
}  # fmt: skip
_KNOWN: dict[type[exp.Expression], pa.DataType] = {
    **dict.fromkeys(_TEXTS, pa.string()),
    exp.Count: pa.int64(),
    exp.CurrentTimestamp: pa.timestamp("us", "UTC"),
    exp.ApproxQuantile: pa.float64(),
    exp.Median: pa.float64(),
    exp.Null: pa.null(),
    exp.RegexpSplit: pa.list_(pa.string()),
    exp.StrToTime: pa.timestamp("us", "UTC"),
    exp.TimestampTrunc: pa.timestamp("us", "UTC"),
}
# Over a window; elsewhere they are none.
_RANKS = (exp.DenseRank, exp.Ntile, exp.Rank, exp.RowNumber)


def with_type(node: exp.Expression, made: exp.Expression) -> exp.Expression:
    """What stands for a node in DuckDB's words, in the type that the node has in the cloud.

    Args:
        node: as its user wrote it. made: what was made of it, or itself.
    """
    kind = said_type(node)
    if kind is None or isinstance(made, exp.Cast):
        return made
    return cast(made, kind)


def known_type(node: exp.Expression) -> pa.DataType | None:
    """The type of a function's result where it is the same for all arguments; None for others."""
    if isinstance(node, exp.Anonymous):
        return pa.string() if str(node.this).lower() in _TEXT_NAMES else None
    if type(node) in _KNOWN:
        return _KNOWN[type(node)]
    return _OF_TABLE.get(Databricks.EXPRESSION_METADATA.get(type(node), {}).get("returns"))


def said_type(node: exp.Expression) -> str | None:
    """The type of a function's result in the cloud, whatever it is given; None for others."""
    if isinstance(node, exp.Window):
        return "int" if isinstance(node.this, _RANKS) else None
    if isinstance(node, exp.Anonymous):
        return _OF_NAME.get(str(node.this).lower())
    if isinstance(node, exp.Extract):
        return "int"
    if isinstance(node, exp.DateDiff):
        return None if node.args.get("big_int") else "int"
    return _OF_CLASS.get(type(node))
