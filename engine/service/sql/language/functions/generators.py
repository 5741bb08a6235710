"""`explode`, `inline` and `stack`: lists and maps that become rows; PIVOT: rows that become columns.

Knows expressions; not tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from engine.errors import BadStatement, NotSupported
from engine.service.sql.language.functions.calls import call, number, structure

OF_MAP = "of_map"  # mark of an explode whose argument is one
_MAPS = (exp.Map, exp.VarMap, exp.StrToMap, exp.MapFromEntries)


def many_columns(node: exp.Expression) -> bool:
    """Whether a selected expression is several columns, which have names of their own."""
    return _is_of_map(node) or isinstance(node, (exp.Inline, exp.Stack))


def _is_of_map(node: exp.Expression) -> bool:
    marked = bool(node.meta.get(OF_MAP))
    return type(node) is exp.Explode and (marked or isinstance(node.this, _MAPS))


def _filled(values: exp.Expression) -> exp.Expression:
    """A list that holds a null where it is empty or null itself."""
    some = exp.GT(this=call("len", values), expression=number(0))
    return exp.Case(
        ifs=[exp.If(this=some, true=values.copy())],
        default=exp.Array(expressions=[exp.Null()]),
    )


def _fields(values: exp.Expression) -> exp.Expression:
    """Rows of a list of structures, each field a column."""
    depth = exp.Kwarg(this=exp.var("max_depth"), expression=number(2))
    return exp.Anonymous(this="unnest", expressions=[values.copy(), depth])


def _explode(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.PosexplodeOuter):
        raise NotSupported("The function posexplode_outer is not supported in SQL here.")
    if isinstance(node, exp.ExplodeOuter):
        return exp.Explode(this=_filled(node.this))
    beside = isinstance(node.parent, (exp.Lateral, exp.Aliases))
    if isinstance(node, exp.Posexplode):
        return node if beside else _two_columns(node, node.this, ("pos", "col"))
    if _is_of_map(node) and not beside:
        return _pairs(node, node.this, ("key", "value"))
    return node


def _with_places(values: exp.Expression, names: Sequence[str]) -> exp.Expression:
    """A list's values as structures, each with its place from 0, an INT, before it."""
    value, place = (exp.to_identifier(f"vitrine_{one}") for one in ("value", "place"))
    from_0 = exp.cast(exp.Sub(this=place.copy(), expression=number(1)), "int")
    row = structure(zip(names, (from_0, value.copy())))
    return call("list_transform", values, exp.Lambda(this=row, expressions=[value, place]))


def _two_columns(
    node: exp.Expression, values: exp.Expression, names: Sequence[str]
) -> exp.Expression:
    """Put two selected expressions in the place of one: a list's places from 0, and its values."""
    places = exp.Sub(this=call("generate_subscripts", values, number(1)), expression=number(1))
    parts = (exp.cast(places, "int"), exp.Explode(this=values.copy()))
    node.replace([exp.alias_(one, name, quoted=True) for one, name in zip(parts, names)])
    return node


def _pairs(node: exp.Expression, values: exp.Expression, names: Sequence[str]) -> exp.Expression:
    """Put two selected expressions in the place of one: a map's keys, and its values."""
    node.replace(_keys_and_values(values, names))
    return node


def _keys_and_values(values: exp.Expression, names: Sequence[str]) -> list[exp.Expression]:
    return [
        exp.alias_(exp.Explode(this=call(part, values)), name, quoted=True)
        for part, name in zip(("map_keys", "map_values"), names)
    ]


def _inline(node: exp.Expression) -> exp.Expression:
    return node if isinstance(node.parent, (exp.Lateral, exp.Aliases)) else _fields(node.this)


def _stack(node: exp.Expression, names: Sequence[str] = ()) -> exp.Expression:
    """Values in rows of equal length."""
    if isinstance(node.parent, exp.Lateral):
        raise NotSupported("LATERAL VIEW stack is not supported; select stack in a subquery.")
    if isinstance(node.parent, exp.Aliases) and not names:
        return node
    count = int(node.name) if isinstance(node.this, exp.Literal) and node.this.is_int else 0
    if count < 1:
        raise NotSupported("stack is supported with a constant number of rows alone.")
    values = [*node.expressions]
    width = -(-len(values) // count)
    values += [exp.Null() for _ in range(width * count - len(values))]
    if isinstance(node.parent, exp.Alias) and width == 1:
        return exp.Explode(this=exp.Array(expressions=[one.copy() for one in values]))
    names = names or [f"col{place}" for place in range(width)]
    if len(names) != width:
        raise BadStatement(f"stack gives {width} columns; {len(names)} names are given.")
    rows = [structure(zip(names, values[row * width :])) for row in range(count)]
    return _fields(exp.Array(expressions=rows))


def _aliases(node: exp.Expression) -> exp.Expression:
    """`explode(map) AS (k, v)` and `stack(...) AS (a, b)`."""
    names = [name.name for name in node.expressions]
    if isinstance(node.this, exp.Stack):
        return _stack(node.this, names)
    if type(node.this) is exp.Explode and len(names) == 2:
        return _pairs(node, node.this.this, names)
    if isinstance(node.this, exp.Posexplode) and len(names) == 2:
        return _two_columns(node, node.this.this, names)
    raise NotSupported(f"{node.sql(dialect='databricks'):.80}: these names are not supported.")


def _lateral(node: exp.Expression) -> exp.Expression:
    """`LATERAL explode(x)` beside other relations, and `LATERAL VIEW OUTER`, which keeps empty lists."""
    if not isinstance(node.this, exp.Explode):
        return node
    alias = node.args.get("alias")
    if node.args.get("view") and alias and not alias.columns and type(node.this) is exp.Explode:
        names = ["key", "value"] if _is_of_map(node.this) else ["col"]
        alias.set("columns", [exp.to_identifier(name) for name in names])
    if _is_of_map(node.this) and not node.args.get("view"):
        return _lateral_pairs(node.this.this, alias)
    of_map = type(node.this) is exp.Explode and len(alias.columns if alias else ()) == 2
    if of_map and not node.args.get("outer"):
        node.set("this", exp.Inline(this=call("map_entries", node.this.this)))
        return node
    if of_map:
        raise NotSupported("LATERAL VIEW OUTER explode of a map is not supported.")
    if node.args.get("outer"):
        node.this.set("this", _filled(node.this.this))
        node.set("outer", False)
    names = [one.name for one in alias.columns] if alias else []
    if isinstance(node.this, exp.Posexplode) and len(names) == 2:
        node.set("this", exp.Inline(this=_with_places(node.this.this, names)))
        return node
    if node.args.get("view"):
        return node
    return exp.Unnest(expressions=[node.this.this.copy()], alias=_columns_alias(alias))


def _lateral_pairs(values: exp.Expression, alias: exp.Expression | None) -> exp.Lateral:
    """The keys and values of a map beside other relations."""
    named = _columns_alias(alias)
    names = [one.name for one in named.columns]
    names = names if len(names) == 2 else ["key", "value"]
    select = exp.select(*_keys_and_values(values, names))
    return exp.Lateral(this=select.subquery(), alias=exp.TableAlias(this=named.this))


def _columns_alias(alias: exp.Expression | None) -> exp.TableAlias:
    """The alias of an unnested list: the name of its table, and of its column."""
    table = alias.this if isinstance(alias, exp.TableAlias) and alias.this else None
    columns = list(alias.columns) if isinstance(alias, exp.TableAlias) else []
    return exp.TableAlias(
        this=table or exp.to_identifier("explode"), columns=columns or [exp.to_identifier("col")]
    )


# ------------------------------------------------------------------ rows that become columns
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


CHANGES: dict[type[exp.Expression], Callable[[exp.Expression], exp.Expression]] = {
    exp.Explode: _explode,
    exp.Inline: _inline,
    exp.Stack: _stack,
    exp.Aliases: _aliases,
    exp.Lateral: _lateral,
}
