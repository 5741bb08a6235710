"""`session_window(time, gap)`: rows grouped by spans in which one follows another within a gap.

Knows expressions; not tables.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from engine.errors import BadStatement, NotSupported
from engine.service.sql.language.functions.calls import cast, number, structure
from engine.service.sql.language.functions.rows.windows import micros

NAME = "session_window"
_TIME, _NEW, _COUNT, _ROWS = (f"vitrine_{one}" for one in ("time", "new", "count", "rows"))


def with_sessions(select: exp.Expression) -> exp.Expression:
    """A query in which `session_window(...)`, and `session_window` by name, is a column of its rows.

    Rows without a time are in no session, and so not in the result.

    Raises:
        BadStatement: other arguments than a time and a length. NotSupported: several sessions, or one
            that rows are not grouped by.
    """
    calls = [one for one in select.find_all(exp.Anonymous) if _is_of(one, select)]
    if not calls:
        return select
    group = select.args.get("group")
    if any(one != calls[0] for one in calls) or group is None or calls[0] not in group.expressions:
        raise NotSupported(
            "session_window is supported where rows are grouped by it: GROUP BY session_window(time, "
            "'5 minutes'), once in a query."
        )
    if len(calls[0].expressions) != 2:
        raise BadStatement(
            "[WRONG_NUM_ARGS] The function session_window takes 2 arguments, a time and a length; it is "
            f"given {len(calls[0].expressions)}."
        )
    time, gap = calls[0].expressions[0].copy(), micros(calls[0].expressions[1])
    keys = [one.copy() for one in group.expressions if one != calls[0]]
    for one in calls:
        one.replace(exp.column(exp.to_identifier(NAME)))
    return _of_sessions(select, time, gap, keys)


def _is_of(node: exp.Anonymous, select: exp.Expression) -> bool:
    return str(node.this).lower() == NAME and node.find_ancestor(exp.Select) is select


def _of_sessions(
    select: exp.Expression, time: exp.Expression, gap: int, keys: Sequence[exp.Expression]
) -> exp.Expression:
    """The query over its own rows, each with the session that it is in."""
    names: dict[str, exp.Alias] = {}
    at = exp.alias_(cast(time, "timestamptz"), _TIME)
    parts = [exp.alias_(one, f"vitrine_key_{place}") for place, one in enumerate(keys)]
    for one in select.expressions:  # a field has its name also where the rows are ordered by it
        if isinstance(one, exp.Column) and one.table.lower() == NAME:
            one.replace(exp.alias_(one.copy(), one.name, quoted=True))
    for column in _columns(select):
        said = column.sql(dialect="databricks").lower()
        names.setdefault(said, exp.alias_(column.copy(), f"vitrine_of_{len(names)}"))
        instead = exp.column(exp.to_identifier(names[said].alias))
        is_selected = column.parent is select
        column.replace(exp.alias_(instead, column.name, quoted=True) if is_selected else instead)
    rows = exp.select(*names.values(), *parts, at)
    for name in ("from_", "joins", "laterals", "where"):
        rows.set(name, select.args.get(name))
        select.set(name, None)
    there = exp.Is(this=exp.paren(time.copy()), expression=exp.Null()).not_()
    rows = rows.where(there, copy=False)
    keyed = [exp.column(one.alias) for one in parts]
    select.set("from_", exp.From(this=_numbered(rows, keyed, gap).subquery(_ROWS)))
    return select


def _columns(select: exp.Expression) -> list[exp.Column]:
    """The columns of its rows that a query names, but where it says which rows these are."""
    named = {one.alias_or_name.lower() for one in select.expressions}
    return [
        one
        for one in select.find_all(exp.Column)
        if one.find_ancestor(exp.Select) is select
        and one.find_ancestor(exp.From, exp.Join, exp.Where, exp.Lateral) is None
        and NAME not in (one.name.lower(), one.table.lower())
        # In an order, and of groups, a name is first that of what is selected.
        and (
            one.table
            or one.name.lower() not in named
            or not one.find_ancestor(exp.Order, exp.Having)
        )
    ]


def _numbered(rows: exp.Select, keys: Sequence[exp.Expression], gap: int) -> exp.Select:
    """Rows with their sessions: a new one begins where the last row of its kind is longer ago."""
    at = exp.column(_TIME)
    span = exp.Interval(this=number(gap), unit=exp.var("MICROSECOND"))
    before = _over(exp.Lag(this=at.copy()), keys, at)
    late = exp.GT(this=at.copy(), expression=exp.Add(this=before, expression=span.copy()))
    first = exp.Is(this=before.copy(), expression=exp.Null())
    begins = exp.Case(ifs=[exp.If(this=exp.or_(first, late), true=number(1))], default=number(0))
    found = exp.select("*", exp.alias_(begins, _NEW)).from_(rows.subquery(_ROWS))
    count = _over(exp.Sum(this=exp.column(_NEW)), keys, at)
    frame = exp.WindowSpec(
        kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW"
    )
    count.set("spec", frame)
    found = exp.select("*", exp.alias_(count, _COUNT)).from_(found.subquery(_ROWS))
    of_one = [*keys, exp.column(_COUNT)]
    start = _over(exp.Min(this=at.copy()), of_one)
    end = exp.Add(this=_over(exp.Max(this=at.copy()), of_one), expression=span)
    session = exp.alias_(structure([("start", start), ("end", end)]), NAME)
    return exp.select("*", session).from_(found.subquery(_ROWS))


def _over(
    aggregate: exp.Expression, parts: Sequence[exp.Expression], order: exp.Expression | None = None
) -> exp.Window:
    ordered = order and exp.Order(expressions=[exp.Ordered(this=order.copy())])
    return exp.Window(
        this=aggregate, partition_by=[one.copy() for one in parts] or None, order=ordered
    )
