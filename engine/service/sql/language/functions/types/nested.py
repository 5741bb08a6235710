"""Types of lists, structures and maps that are written out, of their parts, and of names in lambdas.

Knows expressions; not where the types of columns come from.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
from sqlglot import exp

from engine.core.types import is_list

TypeOf = Callable[[exp.Expression], pa.DataType | None]
_PARTS = (exp.Bracket, exp.Dot, exp.Explode, exp.Flatten)
# Lists of the same values as the first, whatever stands behind it.
_SAME_VALUES = (
    exp.ArrayAppend, exp.ArrayCompact, exp.ArrayDistinct, exp.ArrayExcept, exp.ArrayFilter,
    exp.ArrayPrepend, exp.ArrayRemove, exp.ArraySlice, exp.ArraySort,
)  # fmt: skip
_LISTS = (exp.ArrayAgg, exp.ArrayUniqueAgg)
_MADE = (exp.Map, exp.Reduce, exp.Struct, exp.Transform, exp.VarMap)
_CLASSES = (*_PARTS, *_SAME_VALUES, *_LISTS, *_MADE)
_NAMES = {"get", "map_filter", "map_values", "transform_keys", "transform_values", "zip_with"}
_is = pa.types


def is_nested(node: exp.Expression) -> bool:
    """Whether the type of a node is told by `type_of_nested`."""
    return isinstance(node, _CLASSES) or _name(node) in _NAMES


def _name(node: exp.Expression | None) -> str:
    return str(node.this).lower() if isinstance(node, exp.Anonymous) else ""


def type_of_nested(node: exp.Expression, of: TypeOf) -> pa.DataType | None:
    """The type of a list, a structure or a map, or of a part of one; None where it can't be told."""
    if isinstance(node, exp.Anonymous):
        return _of_name(node, of)
    if isinstance(node, _PARTS):
        return _part(node, of)
    if isinstance(node, _SAME_VALUES):
        return of(node.this)
    if isinstance(node, exp.Reduce):
        finish = node.args.get("finish")
        return _body(finish, of) if finish is not None else of(node.args["initial"])
    if isinstance(node, exp.Struct):
        return _structure(node, of)
    if isinstance(node, (exp.Map, exp.VarMap)):
        return _map(*(value_type(of(node.args[side])) for side in ("keys", "values")))
    if isinstance(node, _LISTS):
        return _list(of(node.this))
    return _list(_body(node.expression, of))  # of `transform`


def _of_name(node: exp.Anonymous, of: TypeOf) -> pa.DataType | None:
    """The type of a function without a class: of its first argument, and of its lambda."""
    name, given = _name(node), node.expressions
    whole = of(given[0]) if given else None
    if name == "get":
        return value_type(whole)
    if name == "zip_with":
        return _list(_body(given[-1], of))
    if whole is None or not _is.is_map(whole):
        return None
    if name == "map_filter":
        return whole
    if name == "map_values":
        return _list(whole.item_type)
    body = _body(given[-1], of)
    return _map(body, whole.item_type) if name == "transform_keys" else _map(whole.key_type, body)


def _body(node: exp.Expression, of: TypeOf) -> pa.DataType | None:
    return of(node.this) if isinstance(node, exp.Lambda) else None


def _list(value: pa.DataType | None) -> pa.DataType | None:
    return None if value is None else pa.list_(value)


def _map(key: pa.DataType | None, value: pa.DataType | None) -> pa.DataType | None:
    return None if key is None or value is None else pa.map_(key, value)


def _structure(node: exp.Struct, of: TypeOf) -> pa.DataType | None:
    fields = []
    for one in node.expressions:
        if isinstance(one, exp.PropertyEQ):
            kind = of(one.expression)
        else:
            kind = of(one) if one.alias_or_name else None
        if kind is None:
            return None
        fields.append(pa.field(one.alias_or_name, kind))
    return pa.struct(fields)


def _part(node: exp.Expression, of: TypeOf) -> pa.DataType | None:
    """A field of a structure, a value of a list or of a map."""
    whole = of(node.this)
    if isinstance(node, exp.Dot):
        return type_of_field(whole, node.name)
    if whole is not None and _is.is_map(whole):
        return whole.item_type if isinstance(node, exp.Bracket) else None
    return value_type(whole)


def type_of_field(whole: pa.DataType | None, name: str) -> pa.DataType | None:
    """The type of a structure's field, whose name may be in other letters."""
    if whole is None or not _is.is_struct(whole):
        return None
    found = [one.type for one in whole.fields if one.name.lower() == name.lower()]
    return found[0] if len(found) == 1 else None


# ------------------------------------------------------------------ lambdas
def type_in_lambda(name: exp.Identifier, of: TypeOf) -> pa.DataType | None:
    """The type of a name that a lambda gives to what it is called with."""
    within = name.find_ancestor(exp.Lambda)
    while within is not None:
        names = [one.name.lower() for one in within.expressions]
        if name.name.lower() in names:
            given = _given(within, of)
            place = names.index(name.name.lower())
            return given[place] if place < len(given) else None
        within = within.find_ancestor(exp.Lambda)
    return None


def _given(each: exp.Lambda, of: TypeOf) -> list[pa.DataType | None]:
    """The types of the values that a lambda is called with."""
    around = each.parent
    if isinstance(around, exp.Reduce):
        return [of(around.args["initial"]), value_type(of(around.this))]
    if isinstance(around, exp.ArraySort):
        return [value_type(of(around.this))] * 2
    if isinstance(around, (exp.ArrayFilter, exp.Exists, exp.Transform)):
        return [value_type(of(around.this)), pa.int32()]  # and its place
    lists = [of(one) for one in around.expressions if one is not each] if around else []
    if _name(around) in ("forall", "zip_with"):
        return [value_type(one) for one in lists]
    whole = lists[0] if lists else None
    if _name(around) in _NAMES and whole is not None and _is.is_map(whole):
        return [whole.key_type, whole.item_type]
    return []


def value_type(whole: pa.DataType | None) -> pa.DataType | None:
    """The type of a list's values; None for what is no list."""
    return whole.value_type if whole is not None and is_list(whole) else None
