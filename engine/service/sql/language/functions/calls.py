"""Calls of the functions that DuckDB is given beside its own. Knows expressions; not what is called."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable

from sqlglot import exp

FAILED = "vitrine_failed"
_AROUND = (exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.Window)  # an aggregate
_LATER_KNOWN = (exp.AggFunc, exp.Window, exp.Query)  # whose types a call can't be picked by


def call(name: str, *arguments: exp.Expression) -> exp.Expression:
    """A call of a function by DuckDB's name."""
    return exp.Anonymous(this=name, expressions=[one.copy() for one in arguments])


def typed_call(name: str, value: exp.Expression, *more: exp.Expression) -> exp.Expression:
    """A call of a function whose form the type of its first argument picks.

    Types of aggregates come too late for that, so these are given to it by a list of one.
    """
    return call_once(name, value, *more) if _is_known_late(value) else call(name, value, *more)


def call_once(name: str, value: exp.Expression, *more: exp.Expression) -> exp.Expression:
    """A call of a macro that computes its first argument once, however often it names it."""
    one = exp.to_identifier("vitrine_one")
    each = exp.Lambda(this=call(name, one, *more), expressions=[one.copy()])
    listed = call("list_transform", exp.Array(expressions=[value.copy()]), each)
    return call("list_extract", listed, number(1))


def _is_known_late(value: exp.Expression) -> bool:
    if value.find(*_LATER_KNOWN):
        return True
    select = value.find_ancestor(exp.Select)
    late = {
        one.alias.lower()
        for one in (select.expressions if select is not None else [])
        if isinstance(one, exp.Alias) and one.this.find(*_LATER_KNOWN)
    }
    return any(not one.table and one.name.lower() in late for one in value.find_all(exp.Column))


def structure(fields: Iterable[tuple[str, exp.Expression]]) -> exp.Struct:
    """A structure of named values."""
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=value.copy())
            for name, value in fields
        ]
    )


@functools.lru_cache(maxsize=256)
def _built(kind: str) -> exp.DataType:
    return exp.DataType.build(kind, dialect="duckdb")


def data_type(kind: str) -> exp.DataType:
    """A type by DuckDB's word, which is parsed once: that takes longer than the rest of a statement."""
    return _built(kind).copy()


def cast(node: exp.Expression, kind: str) -> exp.Cast:
    """A cast of a copy to a type by DuckDB's word."""
    return exp.Cast(this=node.copy(), to=data_type(kind))


def as_json(text: exp.Expression) -> exp.TryCast:
    """A text as JSON; null where it is none."""
    return exp.TryCast(this=text.copy(), to=data_type("json"))


def is_larger(node: exp.Expression, parts: int) -> bool:
    """Whether an expression has more parts than some; no more are looked at."""
    return next(itertools.islice(node.walk(), parts, None), None) is not None


def number(value: int) -> exp.Literal:
    """A number as an expression."""
    return exp.Literal.number(value)


def innermost(node: exp.Expression) -> exp.Expression:
    """The aggregate that a window and a filter are around; the node itself where it is neither."""
    while isinstance(node, _AROUND):
        node = node.this
    return node


def is_surrounded(node: exp.Expression) -> bool:
    """Whether a node is the aggregate of a window or of a filter, or a filter of a window."""
    return isinstance(node.parent, _AROUND) and node.arg_key == "this"


def argument_of(aggregate: exp.Expression) -> exp.Expression | None:
    """The one argument of an aggregate, within its DISTINCT; None where it has another number."""
    inner = aggregate.this
    if isinstance(inner, exp.Distinct):
        return inner.expressions[0] if len(inner.expressions) == 1 else None
    return inner if isinstance(inner, exp.Expression) else None


def failure(message: exp.Expression) -> exp.Expression:
    """What fails with a message where it is computed, and has no type of its own.

    DuckDB's `error` is volatile, which keys of windows and aliases that are named again may not be.
    The cast lets DuckDB know that it may fail, so that it keeps conditions in their order.
    """
    failed = cast(call(FAILED, message), "boolean")
    return exp.Case(ifs=[exp.If(this=failed, true=exp.Null())])


def may_fail(node: exp.Expression) -> bool:
    """Whether an expression, put into DuckDB's words, fails for some values with a message of ours."""
    return any(str(one.this) == FAILED for one in node.find_all(exp.Anonymous))
