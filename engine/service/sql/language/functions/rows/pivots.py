"""PIVOT: rows that become columns, as groups. Knows expressions; not tables."""

from __future__ import annotations

from sqlglot import exp

from engine.service.sql.language.functions.calls import number


def without_pivots(tree: exp.Expression) -> exp.Expression:
    """A query whose PIVOTs are groups with an aggregate of some rows per column; changes the tree.

    A column is null where a group has no row of its value, also a count.
    """
    for node in list(tree.find_all(exp.Table, exp.Subquery)):
        pivots = node.args.get("pivots") or []
        made = _grouped(node, pivots[0]) if len(pivots) == 1 else None
        if made is not None:
            node.replace(made)
    return tree


def _grouped(node: exp.Expression, pivot: exp.Expression) -> exp.Subquery | None:
    """What a PIVOT of one column is; None for others, which DuckDB has."""
    fields = pivot.args.get("fields") or []
    if pivot.args.get("unpivot") or len(fields) != 1 or not isinstance(fields[0], exp.In):
        return None
    column, values = fields[0].this, fields[0].expressions
    if not isinstance(column, exp.Column) or not all(
        one.find(exp.AggFunc) for one in pivot.expressions
    ):
        return None
    used = {
        one.name: one.this
        for part in [column, *pivot.expressions]
        for one in part.find_all(exp.Column)
    }
    select = exp.select(exp.Star(except_=[name.copy() for name in used.values()]))
    for value in values:
        for aggregate in pivot.expressions:
            name = _value_name(value)
            if len(pivot.expressions) > 1:
                name += f"_{aggregate.alias or aggregate.sql(dialect='databricks').lower()}"
            plain = value.this if isinstance(value, exp.PivotAlias) else value
            same = exp.NullSafeEQ(this=column.copy(), expression=plain.copy())
            select = select.select(
                exp.alias_(_of_some(aggregate.unalias(), same), name, quoted=True)
            )
    alias = pivot.args.get("alias") or node.args.get("alias")
    source = node.copy()
    source.set("pivots", None)
    select = select.from_(source)
    select.set("group", exp.Group(all=True))
    return exp.Subquery(this=select, alias=alias and alias.copy())


def _value_name(value: exp.Expression) -> str:
    if isinstance(value, exp.PivotAlias):
        return str(value.args["alias"].name)
    is_text = isinstance(value, exp.Literal) and value.is_string
    return str(value.name) if is_text else value.sql(dialect="databricks").lower()


def _of_some(aggregate: exp.Expression, condition: exp.Expression) -> exp.Expression:
    """An expression of aggregates over the rows of a condition; null where there are none."""
    whole = exp.paren(aggregate.copy())
    for one in list(whole.find_all(exp.AggFunc)):
        if one.find_ancestor(exp.AggFunc) is None:
            one.replace(_filtered(one, condition))
    some = exp.GT(
        this=_filtered(exp.Count(this=exp.Star(), big_int=True), condition), expression=number(0)
    )
    return exp.Case(ifs=[exp.If(this=some, true=whole.this)])


def _filtered(aggregate: exp.Expression, condition: exp.Expression) -> exp.Filter:
    return exp.Filter(this=aggregate.copy(), expression=exp.Where(this=condition.copy()))
