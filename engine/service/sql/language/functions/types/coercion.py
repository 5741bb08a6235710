"""Texts beside numbers, days and times, which the cloud takes for values of those types.

The rules are Spark's, where it is strict (ANSI). Knows types and expressions; not where types come from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa
from sqlglot import exp

from engine.core.types import is_list
from engine.service.sql.language.functions.calls import data_type
from engine.service.sql.language.functions.types import wanted
from engine.service.sql.language.functions.types.wanted import DAY, NUMBER, TEXT, WHOLE, is_text

_is = pa.types
ARITHMETIC = (
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.SafeAdd, exp.SafeDivide,
    exp.SafeMultiply, exp.SafeSubtract,
)  # fmt: skip
_BITS = (exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor)
COMPARISONS = (
    exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Between,
    exp.In,
)  # fmt: skip
# Of several values one, or a list of them: all are of one type.
_CHOICES = (exp.Array, exp.Case, exp.Coalesce, exp.If, exp.Nvl2)
_PMOD = "pmod"
NAMES = {_PMOD, *wanted.NAMES}
CLASSES = (*ARITHMETIC, *_BITS, *COMPARISONS, *_CHOICES, *wanted.CLASSES, exp.GenerateSeries)
_SAID = {pa.bool_(): "boolean", DAY: "date", NUMBER: "double", WHOLE: "bigint", TEXT: "string"}
_LARGEST = 1 << 63
_BEGINNING = re.compile(r"(\d{4})(?:-(\d\d?))?")


def is_judged(node: exp.Expression) -> bool:
    """Whether the types of a node's operands have to do with each other, or with the node."""
    if isinstance(node, exp.Anonymous):
        return str(node.this).lower() in NAMES
    return isinstance(node, CLASSES)


def operands(node: exp.Expression) -> list[exp.Expression]:
    """The parts of an operation whose types have to do with each other, or with the operation."""
    if isinstance(node, exp.GenerateSeries):
        return [node.args["start"], node.args["end"]]
    if isinstance(node, exp.Between):
        return [node.this, node.args["low"], node.args["high"]]
    if isinstance(node, exp.In):
        return [node.this, *node.expressions]
    if isinstance(node, (*ARITHMETIC, *_BITS, *COMPARISONS)):
        return [node.this, node.expression]
    if isinstance(node, (exp.Cast, exp.Length)):
        return [node.this]
    if _is_pmod(node):
        return list(node.expressions)
    choices = branches(node)
    if choices is None:
        return [one for one, _ in wanted.wanted(node)]
    return choices


def branches(node: exp.Expression) -> list[exp.Expression] | None:
    """The values of which an expression is one, or a list; None for other expressions."""
    if isinstance(node, exp.Array):
        return list(node.expressions)
    if isinstance(node, (exp.Coalesce, exp.Greatest, exp.Least)):
        return [node.this, *node.expressions]
    if isinstance(node, (exp.Case, exp.If, exp.Nvl2)):
        ifs = [one.args["true"] for one in node.args.get("ifs") or []]
        more = [node.args.get(one) for one in ("true", "false", "default")]
        return ifs + [one for one in more if one is not None]
    return None


def taken(node: exp.Expression, of: Sequence[pa.DataType | None]) -> list[pa.DataType | None]:
    """The types that operands of these types are taken for; those that stay as they are.

    A text beside whole numbers is a BIGINT, beside other numbers a DOUBLE; beside a truth value, a day
    or a time it is one; in a function it is what the function wants.
    """
    if isinstance(node, _CHOICES):
        return chosen(of)
    if isinstance(node, (*ARITHMETIC, *_BITS, *COMPARISONS)) or _is_pmod(node):
        return _beside(node, of)
    kinds = [kind for _, kind in wanted.wanted(node)]
    return [wanted.taken_for(one, kind) for one, kind in zip(of, kinds)] if kinds else list(of)


def chosen(of: Sequence[pa.DataType | None]) -> list[pa.DataType | None]:
    """The types that values of these types are taken for, where each may be the one."""
    others = [one for one in of if one is not None and not is_text(one) and not _is.is_null(one)]
    if None in of or not others:
        return list(of)
    if all(map(is_list, others)) and len(others) + of.count(pa.null()) == len(of):
        values = iter(chosen([one.value_type for one in others]))
        return [pa.list_(next(values)) if one in others else one for one in of]
    meant = _meant(others, compared=True)
    if any(one is not None and is_text(one) for one in of):
        return [meant if meant and one is not None and is_text(one) else one for one in of]
    mixed = len(set(others)) > 1 and all(map(is_number, others))
    single = mixed and any(map(_is.is_float32, others))
    return [NUMBER if single and one is not None and _is.is_floating(one) else one for one in of]


def _beside(node: exp.Expression, of: Sequence[pa.DataType | None]) -> list[pa.DataType | None]:
    others = [one for one in of if one is not None and not is_text(one) and not _is.is_null(one)]
    if None in of or not others:
        return list(of)
    compared = isinstance(node, (*COMPARISONS, exp.Sub))  # of a day and a text the days between
    meant = _meant(others, compared)
    return [meant if meant and one is not None and is_text(one) else one for one in of]


def _meant(others: Sequence[pa.DataType], compared: bool) -> pa.DataType | None:
    """What a text is beside values of these types; None for a text."""
    if all(map(is_number, others)):
        return WHOLE if all(map(_is.is_integer, others)) else NUMBER
    kinds = set(others)
    if compared and all(_is.is_timestamp(one) or one == DAY for one in kinds):
        return max(others, key=_is.is_timestamp)
    return pa.bool_() if compared and kinds == {pa.bool_()} else None


def _is_pmod(node: exp.Expression) -> bool:
    return (
        isinstance(node, exp.Anonymous)
        and str(node.this).lower() == _PMOD
        and len(node.expressions) == 2
    )


def is_number(kind: pa.DataType) -> bool:
    """Whether values of a type are numbers."""
    return bool(_is.is_integer(kind) or _is.is_floating(kind) or _is.is_decimal(kind))


def cast_where_meant(
    given: Sequence[exp.Expression],
    of: Sequence[pa.DataType | None],
    meant: Sequence[pa.DataType | None],
) -> None:
    """Cast the operands that are taken for another type than theirs, in their places."""
    for one, kind, kind_meant in zip(given, of, meant):
        if kind_meant is None or kind_meant == kind:
            continue
        is_text_constant = isinstance(one, exp.Literal) and one.is_string
        inner = one
        if is_text_constant and _is.is_integer(kind_meant) and _is_whole(str(one.this)):
            inner = exp.Literal.number(int(one.this))
        elif is_text_constant and _is.is_temporal(kind_meant):
            inner = exp.Literal.string(_whole_day(str(one.this)))
        cast = exp.Cast(this=exp.Null(), to=data_type(said(kind_meant)))
        one.replace(cast)
        cast.set("this", inner)  # itself, no copy: what is within is judged later


def _whole_day(text: str) -> str:
    """A constant that says a year, or a year and a month, as its first day; others as they are."""
    found = _BEGINNING.fullmatch(text.strip())
    return text if found is None else f"{found[1]}-{int(found[2] or 1):02}-01"


def said(kind: pa.DataType) -> str:
    """A type that something is taken for, in DuckDB's words."""
    if is_list(kind):
        return f"{said(kind.value_type)}[]"
    return "timestamp" if _is.is_timestamp(kind) else _SAID[kind]


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and int(text) < _LARGEST
