"""Types of lists, structures and maps that are written out, of their parts, and of names in lambdas.

Knows expressions; not where the types of columns come from.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
from sqlglot import exp

from engine.core.types import is_list
from engine.service.sql.language.functions.types.decimals import common_type

TypeOf = Callable[[exp.Expression], pa.DataType | None]
PARTS = (exp.Bracket, exp.Dot, exp.Explode)
MADE = (exp.Array, exp.ArrayFilter, exp.Map, exp.Struct, exp.Transform, exp.VarMap)
_is = pa.types


def type_made(node: exp.Expression, of: TypeOf) -> pa.DataType | None:
    """The type of one of `MADE`; None where it can't be told."""
    if isinstance(node, exp.ArrayFilter):
        return of(node.this)
    if isinstance(node, exp.Struct):
        return _structure(node, of)
    if isinstance(node, (exp.Map, exp.VarMap)):
        keys, values = (_value(of(node.args[side])) for side in ("keys", "values"))
        return None if keys is None or values is None else pa.map_(keys, values)
    if isinstance(node, exp.Transform):
        value = of(node.expression.this) if isinstance(node.expression, exp.Lambda) else None
    else:
        value = common_type([of(one) for one in node.expressions])
    return None if value is None else pa.list_(value)


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


def type_of_part(node: exp.Expression, of: TypeOf) -> pa.DataType | None:
    """The type of one of `PARTS`: a field of a structure, a value of a list or of a map."""
    whole = of(node.this)
    if isinstance(node, exp.Dot):
        return type_of_field(whole, node.name)
    if whole is not None and _is.is_map(whole):
        return whole.item_type if isinstance(node, exp.Bracket) else None
    return _value(whole)


def type_of_field(whole: pa.DataType | None, name: str) -> pa.DataType | None:
    """The type of a structure's field, whose name may be in other letters."""
    if whole is None or not _is.is_struct(whole):
        return None
    found = [one.type for one in whole.fields if one.name.lower() == name.lower()]
    return found[0] if len(found) == 1 else None


def type_in_lambda(name: exp.Identifier, of: TypeOf) -> pa.DataType | None:
    """The type of a name that a lambda gives to the values of a list, or to their places."""
    within = name.find_ancestor(exp.Lambda)
    while within is not None:
        names = [one.name for one in within.expressions]
        if name.name in names:
            of_list = within.parent
            if not isinstance(of_list, (exp.ArrayFilter, exp.Exists, exp.Transform)):
                return None
            return pa.int32() if names.index(name.name) else _value(of(of_list.this))
        within = within.find_ancestor(exp.Lambda)
    return None


def _value(whole: pa.DataType | None) -> pa.DataType | None:
    return whole.value_type if whole is not None and is_list(whole) else None
