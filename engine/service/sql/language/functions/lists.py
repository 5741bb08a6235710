"""Functions of lists, maps and parts of texts whose meaning differs between Databricks and DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from engine.errors import BadStatement, NotSupported
from engine.service.sql.language.functions.calls import call, call_once, failure, number, structure
from engine.service.sql.language.functions.types import decimals

OF_LIST = "of_list"  # mark of a bracket behind a list
_PAIR = "vitrine_pair"  # of names that no user gives


# ------------------------------------------------------------------ lambdas
def _counted(node: exp.Expression) -> exp.Expression:
    """A lambda of a value and its place, which counts from 0; DuckDB's counts from 1."""
    each = node.expression
    if isinstance(each, exp.Lambda) and len(each.expressions) > 1:
        place = each.expressions[1].name.lower()
        for found in list(each.this.find_all(exp.Identifier)):
            if found.name.lower() == place and _stands_for_value(found, each):
                whole = found.parent if isinstance(found.parent, exp.Column) else found
                less = exp.Sub(this=found.copy(), expression=number(1))
                whole.replace(exp.paren(exp.cast(less, "int")))
    return node


def _stands_for_value(node: exp.Identifier, outer: exp.Lambda) -> bool:
    """Whether a name in a lambda is its own parameter: no field, and none of a lambda within it."""
    parent = node.parent
    if isinstance(parent, exp.Column):
        if len(parent.parts) > 1:
            return False
    elif isinstance(parent, exp.Dot) and node.arg_key == "expression":
        return False
    elif isinstance(parent, (exp.PropertyEQ, exp.ColumnDef, exp.TableAlias, exp.Table)):
        if node.arg_key != "expression":
            return False
    elif isinstance(parent, exp.Alias) and node.arg_key == "alias":
        return False
    while parent is not None and parent is not outer:
        if isinstance(parent, exp.Lambda) and node.name.lower() in {
            one.name.lower() for one in parent.expressions
        }:
            return False
        parent = parent.parent
    return True


def _exists(node: exp.Expression) -> exp.Expression:
    """`exists(list, lambda)`; that of a query stays."""
    if not isinstance(node.expression, exp.Lambda):
        return node
    return call("vitrine_any", call("list_transform", node.this, node.expression))


def forall(values: exp.Expression, each: exp.Expression) -> exp.Expression:
    """Whether a lambda holds for all values of a list."""
    return call("vitrine_all", call("list_transform", values, each))


def zip_with(left: exp.Expression, right: exp.Expression, each: exp.Expression) -> exp.Expression:
    """A lambda of two lists' values, pair by pair; of the shorter one null where it has ended.

    Both lists go through a list of one, so that what they are made of stands there, and runs, once.
    """
    if not isinstance(each, exp.Lambda) or len(each.expressions) != 2:
        raise BadStatement("zip_with takes two lists and a lambda of two values.")
    pair = _paired(each, (1, 2))
    lists = pair.replace(_PAIR, f"{_PAIR}s")
    one = exp.Lambda(this=each.this.copy(), expressions=[exp.to_identifier(pair)])
    zipped = call("list_transform", call("list_zip", _field(lists, 1), _field(lists, 2)), one)
    missing = [exp.Is(this=_field(lists, place), expression=exp.Null()) for place in (1, 2)]
    case = exp.Case(ifs=[exp.If(this=exp.or_(*missing), true=exp.Null())], default=zipped)
    whole_lists = exp.Array(expressions=[call("row", left, right)])
    made = exp.Lambda(this=case, expressions=[exp.to_identifier(lists)])
    return call("list_extract", call("list_transform", whole_lists, made), number(1))


def _paired(each: exp.Lambda, fields: Sequence[int | str]) -> str:
    """Let a lambda of two values read them from a pair; its name, which no lambda within has."""
    inner = [one.name for one in each.find_all(exp.Identifier) if one.name.startswith(_PAIR)]
    pair, names = f"{_PAIR}_{len(inner)}", [one.name.lower() for one in each.expressions]
    for found in list(each.this.find_all(exp.Identifier)):
        if found.name.lower() in names and _stands_for_value(found, each):
            whole = found.parent if isinstance(found.parent, exp.Column) else found
            whole.replace(_field(pair, fields[names.index(found.name.lower())]))
    return pair


def of_entries(name: str, values: exp.Expression, each: exp.Expression) -> exp.Expression:
    """`map_filter`, `transform_values` and `transform_keys`: a lambda of a map's key and value."""
    if not isinstance(each, exp.Lambda) or len(each.expressions) != 2:
        raise BadStatement(f"{name} takes a map and a lambda of its keys and values.")
    pair = _paired(each, ("key", "value"))
    made, way = each.this, "list_filter"
    if name != "map_filter":
        is_key, way = name == "transform_keys", "list_transform"
        key, value = (made, _field(pair, "value")) if is_key else (_field(pair, "key"), made)
        made = structure([("key", key), ("value", value)])
    one = exp.Lambda(this=made.copy(), expressions=[exp.to_identifier(pair)])
    return call("map_from_entries", call(way, call("map_entries", values), one))


def _field(name: str, field: int | str) -> exp.Expression:
    """A field of a pair, by its place from 1, or by its name."""
    said = number(field) if isinstance(field, int) else exp.Literal.string(field)
    return call("struct_extract", exp.to_identifier(name), said)


def _reduce(node: exp.Expression) -> exp.Expression:
    """`aggregate`: its last lambda is given the result by a list of one."""
    finish = node.args.get("finish")
    if finish is None:
        return node
    node.set("finish", None)
    result = exp.Array(expressions=[node.copy()])
    return call("list_extract", call("list_transform", result, finish), number(1))


def _sort(node: exp.Expression) -> exp.Expression:
    """`array_sort` by a lambda of two values: each goes behind those that it says come before.

    The list goes through a list of one, so that what it is made of stands there, and runs, once.
    """
    each = node.expression
    if each is None:
        return node
    if not isinstance(each, exp.Lambda) or len(each.expressions) != 2:
        raise BadStatement("array_sort takes a list, and a lambda of two of its values.")
    values, place, other, pair = (
        f"vitrine_sorted_{one}" for one in ("list", "at", "other", "pair")
    )
    first, second = each.expressions
    refused = failure(exp.Literal.string("[COMPARATOR_RETURNS_NULL] array_sort: null is no order."))
    said = exp.Coalesce(this=each.this.copy(), expressions=[exp.cast(refused, "int")])
    before = exp.LT(  # of equal ones the first
        this=exp.Add(
            this=exp.Mul(this=number(2), expression=call("sign", said)),
            expression=call(
                "sign", exp.Sub(this=exp.to_identifier(other), expression=exp.to_identifier(place))
            ),
        ),
        expression=number(0),
    )
    rank = call(
        "len", call("list_filter", exp.to_identifier(values), _lambda(before, first.name, other))
    )
    row = structure([("rank", rank), ("value", exp.to_identifier(second.name))])
    ranked = call("list_transform", exp.to_identifier(values), _lambda(row, second.name, place))
    ordered = call(
        "list_transform", call("list_sort", ranked), _lambda(_field(pair, "value"), pair)
    )
    whole = call(
        "list_transform", exp.Array(expressions=[node.this.copy()]), _lambda(ordered, values)
    )
    return call("list_extract", whole, number(1))


def _lambda(body: exp.Expression, *names: str) -> exp.Lambda:
    return exp.Lambda(this=body, expressions=[exp.to_identifier(name) for name in names])


# ------------------------------------------------------------------ lists
def _element(node: exp.Expression) -> exp.Expression:
    """A value of a list by its place, which has to be there; `try_element_at` and maps have null."""
    if not node.meta.get(OF_LIST) or node.args.get("safe") or len(node.expressions) != 1:
        return node
    values, place = node.this, node.expressions[0]
    name = "vitrine_element" if node.args.get("offset") == 1 else "vitrine_at"
    # Within a lambda there are no aggregates and queries.
    is_plain = isinstance(values, (exp.Column, exp.Identifier))
    called = call if is_plain or place.find(exp.AggFunc, exp.Window, exp.Query) else call_once
    return called(name, values, place)


def _sequence(node: exp.Expression) -> exp.Expression:
    """Numbers or days in steps, down where the end is below the start."""
    start, end, step = (node.args.get(name) for name in ("start", "end", "step"))
    if step is None:
        if start.find(exp.AggFunc, exp.Window):
            raise NotSupported("sequence from an aggregate needs its step as third argument.")
        return call("vitrine_sequence", start, end)
    return call("vitrine_steps", start, end, step) if isinstance(step, exp.Interval) else node


def _intersect(node: exp.Expression) -> exp.Expression:
    return call("vitrine_intersect", *node.expressions)


def _size(node: exp.Expression) -> exp.Expression:
    return exp.cast(call("cardinality", node.this), "int")


# ------------------------------------------------------------------ parts of texts
def _end(node: exp.Expression) -> exp.Expression:
    """The first or last letters of a text: none for a number below 0."""
    if not isinstance(node.expression, exp.Literal):
        node.set("expression", call("greatest", node.expression, number(0)))
    return node


def _pad(node: exp.Expression) -> exp.Expression:
    """A text of some length: with nothing to fill it with it is only cut."""
    fill = node.args.get("fill_pattern")
    if fill is None or (isinstance(fill, exp.Literal) and fill.name):
        return node
    none = exp.EQ(this=exp.paren(fill.copy()), expression=exp.Literal.string(""))
    cut = exp.Left(this=node.this.copy(), expression=node.expression.copy())
    node.set(
        "fill_pattern",
        exp.Case(ifs=[exp.If(this=none, true=exp.Literal.string(" "))], default=fill.copy()),
    )
    return exp.Case(ifs=[exp.If(this=none.copy(), true=cut)], default=node.copy())


def _substring(node: exp.Expression) -> exp.Expression:
    """A part of a text: from 0 is from 1, and a length below 0 is none."""
    for name, below, instead in (("start", exp.EQ, 1), ("length", exp.LT, 0)):
        said = node.args.get(name)
        if said is not None and not (isinstance(said, exp.Literal) and said.name != "0"):
            test = below(this=exp.paren(said.copy()), expression=number(0))
            node.set(name, exp.Case(ifs=[exp.If(this=test, true=number(instead))], default=said))
    return node


CHANGES: dict[type[exp.Expression], Callable[[exp.Expression], exp.Expression]] = {
    exp.Bracket: _element,
    exp.Left: _end,
    exp.Right: _end,
    exp.Pad: _pad,
    exp.Transform: _counted,
    exp.ArrayFilter: _counted,
    exp.Exists: _exists,
    exp.Reduce: _reduce,
    exp.ArraySort: _sort,
    exp.GenerateSeries: lambda node: decimals.as_marked(node, _sequence(node)),
    exp.ArrayDistinct: lambda node: call("vitrine_distinct", node.this),
    exp.ArrayRemove: lambda node: call("vitrine_remove", node.this, node.expression),
    exp.ArrayExcept: lambda node: call("vitrine_except", node.this, node.expression),
    exp.ArrayIntersect: _intersect,
    exp.ArrayPosition: lambda node: call("vitrine_position", node.this, node.expression),
    exp.ArraySize: _size,
    exp.Substring: _substring,
    exp.SubstringIndex: lambda node: call(
        "vitrine_before", node.this, node.args["delimiter"], node.args["count"]
    ),
}
