"""`explode`, `inline`, `stack` and `json_tuple`: lists, maps and texts that become rows and columns.

Where one is selected its columns are; where it stands among relations a query that selects them does.
Knows expressions; not tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from engine.errors import BadStatement, NotSupported
from engine.service.sql.language.functions.calls import as_json, call, cast, number

OF_MAP = "of_map"  # mark of an explode whose argument is one
UNNAMED = "col"  # the name of one column, as long as it isn't known to be of a map
NAMES = {"inline_outer", "json_tuple"}  # of those without a class
_MAPS = (exp.Map, exp.VarMap, exp.StrToMap, exp.MapFromEntries)
_CLASSES = (exp.Explode, exp.Inline, exp.Stack)
_TAKING = (exp.Aliases, exp.Lateral, exp.Table)  # what stands around one, and takes all its columns
_Column = tuple[str, exp.Expression]  # a name, and a list whose values are its rows


def is_generator(node: exp.Expression | None) -> bool:
    """Whether an expression makes rows, of one column or more."""
    return isinstance(node, _CLASSES) or _name(node) in NAMES


def many_columns(node: exp.Expression) -> bool:
    """Whether a selected expression is several columns, which have names of their own."""
    is_plain = isinstance(node, exp.Explode) and not isinstance(node, exp.Posexplode)
    return is_of_map(node) if is_plain else is_generator(node)


def is_of_map(node: exp.Expression) -> bool:
    """Whether what becomes rows is a map, whose keys and values are two columns."""
    marked = bool(node.meta.get(OF_MAP))
    return isinstance(node, exp.Explode) and (marked or isinstance(node.this, _MAPS))


def inlined(node: exp.Expression) -> exp.Expression | None:
    """The list whose structures' fields are the columns of a generator; None for other generators."""
    if isinstance(node, exp.Inline):
        return _argument(node.this)
    return node.expressions[0] if _name(node) == "inline_outer" and node.expressions else None


def _name(node: exp.Expression | None) -> str:
    return str(node.this).lower() if isinstance(node, exp.Anonymous) else ""


# ------------------------------------------------------------------ where they stand
def generator(node: exp.Expression) -> exp.Expression:
    """One that is selected, as its columns; any other is put in its place by what is around it.

    Raises:
        BadStatement: several columns where one is expected, or other names than there are columns.
        NotSupported: see `_stacked`.
    """
    if isinstance(node.parent, _TAKING):
        return node
    if isinstance(node.parent, exp.Alias) and not (
        is_of_map(node) and node.parent.alias == UNNAMED
    ):
        return _columns(node, [node.parent.alias])[0].unalias()
    made = _columns(node)
    if isinstance(node.parent, (exp.Alias, exp.Select)):  # the name of one column goes with it
        node.replace(made)
        return node
    if len(made) > 1:
        raise BadStatement(
            f"{node.sql(dialect='databricks'):.80} makes {len(made)} columns; one is expected within "
            "an expression. Select it by itself in a subquery."
        )
    return made[0].unalias()


def _aliases(node: exp.Expression) -> exp.Expression:
    """`explode(map) AS (k, v)` and `stack(...) AS (a, b)`."""
    if not is_generator(node.this):
        raise NotSupported(f"{node.sql(dialect='databricks'):.80}: these names are not supported.")
    node.replace(_columns(node.this, [name.name for name in node.expressions]))
    return node


def _lateral(node: exp.Expression) -> exp.Expression:
    """`LATERAL explode(x)` and `LATERAL VIEW`; one that is OUTER has a row where a list is empty."""
    if not is_generator(node.this):
        return node
    query, alias = _relation(node, is_outer=bool(node.args.get("outer")))
    return exp.Lateral(this=query, alias=alias)


def _table(node: exp.Expression) -> exp.Expression:
    """`FROM explode(x)`."""
    if not is_generator(node.this):
        return node
    query, alias = _relation(node)
    query.set("alias", alias)
    for name in ("joins", "pivots", "sample"):
        query.set(name, node.args.get(name))
    return query


def _relation(
    node: exp.Expression, is_outer: bool = False
) -> tuple[exp.Subquery, exp.TableAlias | None]:
    """A query that selects the columns of what stands in a relation, and the name of its rows."""
    alias = node.args.get("alias")
    names = [one.name for one in alias.columns] if alias else []
    query = exp.select(*_columns(node.this, names, is_outer)).subquery()
    table = alias.this if alias else None
    return query, exp.TableAlias(this=table.copy()) if table else None


def with_views(select: exp.Expression) -> exp.Expression:
    """A query whose `LATERAL VIEW`s, each already a query, are joined to its rows."""
    for one in select.args.get("laterals") or []:
        select.append("joins", exp.Join(this=one.copy(), kind="CROSS"))
    select.set("laterals", None)
    return select


# ------------------------------------------------------------------ what they make
def _columns(
    node: exp.Expression, names: Sequence[str] = (), is_outer: bool = False
) -> list[exp.Expression]:
    """What is selected for a generator, with its own names unless others are given."""
    structures = inlined(node)
    if structures is not None:
        values = structures
        if is_outer or not isinstance(node, exp.Inline):
            values = _filled(values)
        if not names:
            return [_fields(values)]
        made = _by_place(values, names)
    elif isinstance(node, exp.Stack):
        made = _stacked(node)
    elif isinstance(node, exp.Explode):
        made = _exploded(node, is_outer, len(names))
    else:
        made = _of_json(node)
    if names and len(names) != len(made):
        raise BadStatement(
            f"[UDTF_ALIAS_NUMBER_MISMATCH] {node.sql(dialect='databricks'):.80} makes {len(made)} "
            f"columns; {len(names)} names are given."
        )
    given = names or [name for name, _ in made]
    return [exp.alias_(one, name, quoted=True) for name, (_, one) in zip(given, made)]


def _exploded(node: exp.Expression, is_outer: bool, names: int) -> list[_Column]:
    values = _argument(node.this)
    pair = 3 if isinstance(node, exp.Posexplode) else 2  # names, of what may be a map
    of_map = is_of_map(node) or (names == pair and not isinstance(values, exp.Array))
    lists: list[_Column] = [(UNNAMED, values)]
    if of_map:
        parts = (("key", "map_keys"), ("value", "map_values"))
        lists = [(name, call(part, values)) for name, part in parts]
    if isinstance(node, exp.Posexplode):
        count = cast(call("cardinality" if of_map else "len", values), "bigint")
        lists.insert(0, ("pos", cast(call("range", count), "int[]")))
    if is_outer or isinstance(node, exp.ExplodeOuter):
        lists = [(name, _filled(one)) for name, one in lists]
    return [(name, exp.Explode(this=one.copy())) for name, one in lists]


def _argument(node: exp.Expression) -> exp.Expression:
    return node.expression if isinstance(node, exp.Kwarg) else node  # collection => x


def _filled(values: exp.Expression) -> exp.Expression:
    """A list that holds a null where it is empty or null itself."""
    some = exp.GT(this=call("len", values), expression=number(0))
    return exp.Case(
        ifs=[exp.If(this=some, true=values.copy())],
        default=exp.Array(expressions=[exp.Null()]),
    )


def _fields(values: exp.Expression) -> exp.Expression:
    """The fields of a list's structures, each a column of its own name."""
    depth = exp.Kwarg(this=exp.var("max_depth"), expression=number(2))
    return exp.Anonymous(this="unnest", expressions=[values.copy(), depth])


def _by_place(values: exp.Expression, names: Sequence[str]) -> list[_Column]:
    """The fields of a list's structures, by place for each name."""
    one = exp.to_identifier("vitrine_row")
    made = []
    for place, name in enumerate(names, 1):
        field = call("struct_extract_at", one, number(place))
        each = exp.Lambda(this=field, expressions=[one.copy()])
        made.append((name, exp.Explode(this=call("list_transform", values, each))))
    return made


def _stacked(node: exp.Expression) -> list[_Column]:
    """Values in rows of equal length, each column a list.

    Raises:
        NotSupported: the number of rows is no constant.
    """
    count = int(node.name) if isinstance(node.this, exp.Literal) and node.this.is_int else 0
    if count < 1:
        raise NotSupported("stack is supported with a constant number of rows alone.")
    values = [*node.expressions]
    width = -(-len(values) // count)
    values += [exp.Null() for _ in range(width * count - len(values))]
    lists = [
        exp.Array(expressions=[v.copy() for v in values[place::width]]) for place in range(width)
    ]
    return [(f"col{place}", exp.Explode(this=one)) for place, one in enumerate(lists)]


def _of_json(node: exp.Expression) -> list[_Column]:
    """Fields of a text's JSON as texts, in one row; nulls where it isn't JSON."""
    if len(node.expressions) < 2:
        raise BadStatement(
            "[WRONG_NUM_ARGS] The function json_tuple takes a text and at least one field's name; it is "
            f"given {len(node.expressions)} arguments."
        )
    text, *fields = node.expressions
    json = as_json(text)
    paths = (
        call("concat", exp.Literal.string('$."'), one, exp.Literal.string('"')) for one in fields
    )
    return [(f"c{at}", call("json_extract_string", json, one)) for at, one in enumerate(paths)]


CHANGES: dict[type[exp.Expression], Callable[[exp.Expression], exp.Expression]] = {
    **dict.fromkeys(_CLASSES, generator),
    exp.Aliases: _aliases,
    exp.Lateral: _lateral,
    exp.Table: _table,
}
