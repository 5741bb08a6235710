"""`window(time, length)`: rows grouped by spans of time. Knows expressions; not tables."""

from __future__ import annotations

import re

from sqlglot import exp

from engine.errors import BadStatement, NotSupported
from engine.service.sql.language.functions.calls import call, number

NAME = "window"
_RELATION = "vitrine_windows"
_MICROS = {
    "WEEK": 604_800_000_000,
    "DAY": 86_400_000_000,
    "HOUR": 3_600_000_000,
    "MINUTE": 60_000_000,
    "SECOND": 1_000_000,
    "MILLISECOND": 1000,
    "MICROSECOND": 1,
}
_PART = re.compile(r"\s*([+-]?\d+)\s+([a-zA-Z]+)\s*")


def with_windows(select: exp.Expression) -> exp.Expression:
    """A query in which `window(...)`, and `window` by name, is a column of a relation beside its own.

    Rows without a time are in no window, and so not in the result.

    Raises:
        BadStatement: other arguments than a time and lengths. NotSupported: several windows.
    """
    calls = [
        one
        for one in select.find_all(exp.Anonymous)
        if str(one.this).lower() == NAME and one.find_ancestor(exp.Select) is select
    ]
    if not calls:
        return select
    if any(one != calls[0] for one in calls):
        raise NotSupported("Several different time windows in one query are not supported.")
    if select.args.get("from_") is None:
        raise BadStatement(
            "window needs the rows of a table: SELECT ... FROM ... GROUP BY window(...)."
        )
    listed = exp.Unnest(
        expressions=[_windows(calls[0])],
        alias=exp.TableAlias(this=exp.to_identifier(_RELATION), columns=[_column().this]),
    )
    for one in calls:
        one.replace(_column())
    for column in list(select.find_all(exp.Column)):
        if column.find_ancestor(exp.Select) is not select or column.table == _RELATION:
            continue
        if column.table.lower() == NAME and len(column.parts) == 2:
            part = call("struct_extract", _column(), exp.Literal.string(column.name.lower()))
            selected = column.parent is select and column.arg_key == "expressions"
            column.replace(exp.alias_(part, column.name, quoted=True) if selected else part)
        elif column.name.lower() == NAME and not column.table:
            column.replace(_column())
    select.append("joins", exp.Join(this=listed, kind="CROSS"))
    return select


def _column() -> exp.Column:
    return exp.column(exp.to_identifier(NAME, quoted=True), table=_RELATION)


def _windows(node: exp.Anonymous) -> exp.Expression:
    """The windows in which a time is, as a list."""
    given = node.expressions
    if not 2 <= len(given) <= 4:
        raise BadStatement(
            "[WRONG_NUM_ARGS] The function window takes 2 to 4 arguments: a time, a length, and how far "
            f"apart windows begin, and from when; it is given {len(given)}."
        )
    lengths = [micros(one) for one in given[1:]]
    width = lengths[0]
    apart = lengths[1] if len(lengths) > 1 else width
    start = lengths[2] if len(lengths) > 2 else 0
    if not 0 < apart <= width or abs(start) >= apart:
        raise BadStatement(
            "[DATATYPE_MISMATCH] window: expected a length above 0, a distance of at most that, and a "
            f"start below the distance; given {', '.join(one.sql() for one in given[1:])}."
        )
    time = exp.cast(given[0].copy(), "timestamptz")
    return call("vitrine_windows", time, number(width), number(apart), number(start))


def micros(node: exp.Expression) -> int:
    """How long a constant such as '10 minutes' is. Raises BadStatement: it is none, or of months."""
    text = node.name if isinstance(node, exp.Literal) and node.is_string else ""
    parts = _PART.findall(text.lower().removeprefix("interval "))
    units = [unit.upper().removesuffix("S") for _, unit in parts]
    if (
        not parts
        or _PART.sub("", text.lower().removeprefix("interval "))
        or not set(units) <= _MICROS.keys()
    ):
        raise BadStatement(
            f"window: {node.sql(dialect='databricks'):.60} is no length; expected a constant such as "
            "'10 minutes', of weeks, days, hours, minutes or seconds."
        )
    return sum(int(count) * _MICROS[unit] for (count, _), unit in zip(parts, units))


def window_time(window: exp.Expression) -> exp.Expression:
    """The last moment of a window."""
    end = call("struct_extract", window, exp.Literal.string("end"))
    micro = exp.Interval(this=exp.Literal.string("1"), unit=exp.var("MICROSECOND"))
    return exp.paren(exp.Sub(this=end, expression=micro))
