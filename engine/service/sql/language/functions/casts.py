"""Casts to whole numbers, texts and times, and where values become texts, as the cloud means them."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from engine.errors import NotSupported
from engine.service.sql.language.column_types import in_full
from engine.service.sql.language.functions.calls import call, call_once, may_fail, typed_call

_WHOLE = {
    exp.DType.TINYINT: "tinyint",
    exp.DType.SMALLINT: "smallint",
    exp.DType.INT: "int",
    exp.DType.BIGINT: "bigint",
}
_TEXTS = (exp.DType.TEXT, exp.DType.VARCHAR)
_ZONED = "timestamptz"


def _by_name(kind: str) -> Callable[[list[exp.Expression]], exp.Expression]:
    to = exp.DataType.build(kind, dialect="databricks")
    return lambda args: exp.Cast(this=args[0] if args else None, to=to.copy())


# Types whose names are functions, which the parser doesn't know.
FUNCTIONS = {
    kind.split("(")[0].upper(): _by_name(kind)
    for kind in ("bigint", "binary", "decimal(10, 0)", "smallint", "tinyint")
}


def as_cast(node: exp.Expression) -> exp.Expression:
    """A cast that cuts fractions off; its times have a zone, which texts don't show."""
    value, kind = node.this, node.args["to"]
    safe = "try_" if isinstance(node, exp.TryCast) else ""
    if not isinstance(kind, exp.DataType):
        return node
    if kind.this == exp.DType.DECIMAL:
        node.set("to", in_full(kind))
    if isinstance(value, exp.Null):
        return node
    if kind.this in _WHOLE:
        return node if _is_whole(value) else _macro(f"vitrine_{safe}{_WHOLE[kind.this]}", value)
    if kind.this in _TEXTS:
        is_text = isinstance(value, exp.Literal) and (value.is_string or value.is_int)
        return node if is_text else _macro("vitrine_text", value)
    if kind.this == exp.DType.TIMESTAMP and not isinstance(node.parent, _OF_ZONES):
        node.set("to", exp.DataType.build(_ZONED))
    elif kind.this == exp.DType.ARRAY and len(kind.expressions) == 1:
        return _list_cast(node, kind.expressions[0])
    return node


def _macro(name: str, value: exp.Expression) -> exp.Expression:
    """A call of a macro, which names its argument some ten times: of one that holds several such calls,
    each of which would be there as often, it is computed before."""
    made = {f"vitrine_{one}" for one in (*_WHOLE.values(), "text")}
    inside = sum(str(one.this) in made for one in value.find_all(exp.Anonymous))
    return call_once(name, value) if inside >= _SEVERAL else call(name, value)


_SEVERAL = 3
_OF_ZONES = (exp.AtTimeZone, exp.FromTimeZone)  # which take times without one


def casts(node: exp.Expression) -> bool:
    """Whether an expression, put into DuckDB's words, casts values, which fails for some."""
    made = {f"vitrine_{name}" for name in _WHOLE.values()}
    return any(
        isinstance(one, exp.Cast) or str(one.this) in made
        for one in node.find_all(exp.Cast, exp.Anonymous)
    )


def _list_cast(node: exp.Expression, kind: exp.Expression) -> exp.Expression:
    """A cast of a list, each of its values cast by itself where that isn't as DuckDB does."""
    one = exp.to_identifier("vitrine_x")
    inner = as_cast(type(node)(this=one, to=kind.copy()))
    if isinstance(inner, (exp.Cast, exp.TryCast)):
        return node
    each = exp.Lambda(this=inner, expressions=[one.copy()])
    node.set("this", call("list_transform", node.this, each))
    return node


def _is_whole(value: exp.Expression) -> bool:
    if isinstance(value, exp.Literal):
        return bool(value.is_int)
    return isinstance(value, exp.Cast) and value.args["to"].this in _WHOLE


def _pieces(node: exp.Expression) -> exp.Expression:
    """Values that become one text: times among them without their zone; lists stay lists."""
    node.set("expressions", [_piece(one) for one in node.expressions])
    return node


def _pipe(node: exp.Expression) -> exp.Expression:
    for place in ("this", "expression"):
        node.set(place, _piece(node.args[place]))
    return node


def _piece(value: exp.Expression) -> exp.Expression:
    known = (exp.Literal, exp.Null, exp.DPipe, exp.Concat, exp.ConcatWs, exp.Array)
    return value if isinstance(value, known) else typed_call("vitrine_piece", value)


def _rounded(node: exp.Expression) -> exp.Expression:
    """The next whole number below or above, which is a BIGINT."""
    if node.args.get("decimals") is not None or node.args.get("to") is not None:
        return node
    return exp.cast(node.copy(), "bigint")


def _tried(kind: type[exp.Binary]) -> Callable[[exp.Expression], exp.Expression]:
    """An operation that is null where it fails; of what DuckDB's `try` refuses, by name."""

    def change(node: exp.Expression) -> exp.Expression:
        if may_fail(node) or node.find(exp.AggFunc, exp.Window):
            raise NotSupported(
                f"try_{kind.key} of a quotient or an aggregate is not supported; compute that in a "
                "subquery."
            )
        both = (exp.paren(one.copy()) for one in (node.this, node.expression))
        return call("try", kind(this=next(both), expression=next(both)))

    return change


CHANGES: dict[type[exp.Expression], Callable[[exp.Expression], exp.Expression]] = {
    exp.Cast: as_cast,  # and TryCast, which is one
    exp.Concat: _pieces,
    exp.ConcatWs: _pieces,
    exp.DPipe: _pipe,
    exp.Ceil: _rounded,
    exp.Floor: _rounded,
    exp.SafeAdd: _tried(exp.Add),
    exp.SafeSubtract: _tried(exp.Sub),
    exp.SafeMultiply: _tried(exp.Mul),
}
