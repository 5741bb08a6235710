"""Texts beside numbers, days and times, which the cloud takes for values of those types.

The rules are Spark's, where it is strict (ANSI). Knows types and expressions; not where types come from.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from sqlglot import exp

from engine.service.sql.language.functions.calls import argument_of

_is = pa.types
ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.SafeDivide)
COMPARISONS = (
    exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Between,
    exp.In,
)  # fmt: skip
# Of one number, which a text is taken for.
OF_A_NUMBER = (
    exp.Abs, exp.Avg, exp.Ceil, exp.Exp, exp.Floor, exp.Ln, exp.Median, exp.Neg, exp.Round, exp.Sqrt,
    exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Sum, exp.Variance, exp.VariancePop,
)  # fmt: skip
OF_DAYS = (exp.DateDiff,)  # unless it is one in units of time
_SAID = {pa.bool_(): "boolean", pa.date32(): "date", pa.float64(): "double", pa.int64(): "bigint"}
_LARGEST = 1 << 63


def operands(node: exp.Expression) -> list[exp.Expression]:
    """The parts of an operation whose types have to do with each other."""
    if isinstance(node, exp.GenerateSeries):
        return [node.args["start"], node.args["end"]]
    if isinstance(node, exp.Between):
        return [node.this, node.args["low"], node.args["high"]]
    if isinstance(node, exp.In):
        return [node.this, *node.expressions]
    if isinstance(node, (*ARITHMETIC, *COMPARISONS, *OF_DAYS)):
        return [node.this, node.expression]
    return [argument_of(node) or node.this]


def taken(node: exp.Expression, of: Sequence[pa.DataType | None]) -> list[pa.DataType | None]:
    """The types that operands of these types are taken for; those that stay as they are.

    A text beside whole numbers is a BIGINT, beside other numbers a DOUBLE, and so it is in a function
    of numbers; beside a truth value, a day or a time it is one.
    """
    others = [one for one in of if one is not None and not _is_text(one)]
    if len(others) == len(of):
        return list(of)
    if isinstance(node, OF_A_NUMBER):
        meant: pa.DataType | None = pa.float64()
    elif isinstance(node, OF_DAYS):
        meant = None if node.args.get("big_int") else pa.date32()
    elif None in of or not isinstance(node, (*ARITHMETIC, *COMPARISONS)):
        meant = None
    else:
        meant = _meant(others, isinstance(node, COMPARISONS))
    return [meant if meant and one is not None and _is_text(one) else one for one in of]


def _meant(others: Sequence[pa.DataType], compared: bool) -> pa.DataType | None:
    """What a text is beside values of these types; None for a text."""
    numbers = [one for one in others if is_number(one)]
    if numbers and len(numbers) == len(others):
        return pa.int64() if all(map(_is.is_integer, numbers)) else pa.float64()
    kinds = set(others)
    if compared and len(kinds) == 1:
        (kind,) = kinds
        if _is.is_timestamp(kind) or kind in (pa.bool_(), pa.date32()):
            return kind
    return None


def _is_text(kind: pa.DataType) -> bool:
    return bool(_is.is_string(kind) or _is.is_large_string(kind))


def is_number(kind: pa.DataType) -> bool:
    """Whether values of a type are numbers."""
    return bool(_is.is_integer(kind) or _is.is_floating(kind) or _is.is_decimal(kind))


def cast_where_meant(
    given: Sequence[exp.Expression],
    of: Sequence[pa.DataType | None],
    meant: Sequence[pa.DataType | None],
) -> None:
    """Cast the operands that are taken for another type than theirs, in their places."""
    for one, kind, wanted in zip(given, of, meant):
        if wanted is None or wanted == kind:
            continue
        is_constant = isinstance(one, exp.Literal)
        if is_constant and not is_number(wanted):
            continue  # DuckDB takes a constant for what stands beside it
        said = "timestamp" if _is.is_timestamp(wanted) else _SAID[wanted]
        inner = one
        if is_constant and _is.is_integer(wanted) and _is_whole(str(one.this)):
            inner = exp.Literal.number(int(one.this))
        cast = exp.Cast(this=exp.Null(), to=exp.DataType.build(said))
        one.replace(cast)
        cast.set("this", inner)  # itself, no copy: what is within is judged later


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and int(text) < _LARGEST
