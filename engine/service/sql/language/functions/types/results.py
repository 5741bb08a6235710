"""Functions whose results have another type in DuckDB than the cloud gives them: one table.

Knows expressions and names of types; not values.
"""

from __future__ import annotations

from sqlglot import exp

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
    return exp.cast(made.copy(), kind)


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
