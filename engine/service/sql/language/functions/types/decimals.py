"""Arithmetic whose result's type the cloud's rules say: of decimals, and of floats beside whole numbers.

The rules are Spark's. Knows types and expressions; not where the types come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

import pyarrow as pa
from sqlglot import exp

from engine.core.types import DECIMAL_DIGITS, catalog_type, is_list
from engine.service.sql.language.functions.calls import (
    call,
    call_once,
    cast,
    data_type,
    innermost,
    is_surrounded,
    number,
)
from engine.service.sql.language.functions.types.coercion import is_number

RECKONING = "reckoning"  # mark of a node that carries one
TRIED = "tried"  # mark of a sum that is null where it is too great
_is = pa.types
_QUOTIENTS = (exp.Div, exp.SafeDivide)
_LEAST_SCALE = 6  # digits behind the point that a quotient has, and that a wide result keeps
_WHOLE = {pa.int8(): 3, pa.int16(): 5, pa.int32(): 10, pa.int64(): 20}  # digits as decimals
_MORE_IN_SUM, _MORE_IN_MEAN = 10, 4  # digits
_TIMES = (exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ)
_TIME = "timestamptz"
_MOST_PLACES = 15  # behind the point to which a DOUBLE is rounded by its text
_MOST_SECONDS = 30  # digits of a decimal that becomes a time exactly
_PRODUCT = 19  # digits from which on DuckDB makes a product as wide as it has to be
_WAYS = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.SafeDivide: "/",
    exp.IntDiv: "div",
    exp.Mod: "%",
}
_EXACT = Context(prec=160, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Reckoning:
    """How a node is carried out.

    Attributes:
        kind: the type of its result, as SQL says it.
        scale: of a decimal: its digits behind the point.
        fits: whether DuckDB's own decimals hold all digits on the way.
        left: of a product: the type that its first operand needs for all digits to be there.
    """

    kind: str
    scale: int = 0
    fits: bool = True
    left: str = ""


# ------------------------------------------------------------------ types
def literal_type(node: exp.Literal, is_negative: bool = False) -> pa.DataType | None:
    """The type of a constant: whole numbers by size, those with a point decimals of their digits."""
    if node.is_string:
        return pa.float64() if is_negative else pa.string()
    text = str(node.this)
    if not text.replace(".", "", 1).isdecimal():
        return (
            pa.float64() if text.replace(".", "", 1)[:1].isdigit() and "e" in text.lower() else None
        )
    if "." not in text:
        value = int(text)
        if value < 1 << 31:
            return pa.int32()
        return pa.int64() if value < (1 << 63) + is_negative else _limited(len(text), 0)
    return _of_text(text)


def _of_text(text: str) -> pa.DataType:
    _, digits, exponent = Decimal(text).as_tuple()
    scale = max(-int(exponent), 0)
    return _limited(max(len("".join(map(str, digits)).lstrip("0")), scale), scale)


def common_type(kinds: Sequence[pa.DataType | None]) -> pa.DataType | None:
    """The type that holds values of all; None where it can't be told."""
    known = {one for one in kinds if one is None or not _is.is_null(one)}
    if len(known) < 2:
        return next(iter(known), pa.null() if kinds else None)
    if None in known:
        return None
    if all(is_list(one) for one in known):
        value = common_type([one.value_type for one in known if one is not None])
        return None if value is None else pa.list_(value)
    if not all(is_number(one) for one in known):
        times = [one for one in known if _is.is_timestamp(one)]
        return times[0] if len(times) == 1 and known - {pa.date32()} == set(times) else None
    if any(_is.is_floating(one) for one in known):
        return pa.float64()
    if all(_is.is_integer(one) for one in known):
        return max((one for one in known if one), key=lambda one: int(one.bit_width))
    parts = [_digits(one) for one in known]
    scale = max(s for _, s in parts)
    return _limited(max(p - s for p, s in parts) + scale, scale)


def result_type(node: exp.Expression, of: Sequence[pa.DataType]) -> pa.DataType | None:
    """The type of an operation or an aggregate of operands of these types; None for unknown."""
    if isinstance(node, (exp.Round, exp.Ceil, exp.Floor)):
        return _rounded(node, of[0])
    if isinstance(node, (exp.Sum, exp.Avg)):
        return _of_aggregate(node, of[0])
    left, right = of
    if isinstance(node, exp.GenerateSeries):
        whole = all(map(_is.is_integer, of))
        return pa.list_(common_type(of)) if whole else None
    if _is.is_date(left) and _is.is_date(right) and isinstance(node, exp.Sub):
        return pa.duration("us")
    if isinstance(node, exp.Add) and {left, right} == {pa.date32(), pa.duration("us")}:
        return pa.date32()
    if not (is_number(left) and is_number(right)):
        return None
    if _is.is_decimal(left) or _is.is_decimal(right):
        if _is.is_floating(left) or _is.is_floating(right):
            return pa.float64()
        return _of_decimals(node, *_both(node, left, right))[0]
    if isinstance(node, exp.IntDiv):
        return pa.int64()
    if isinstance(node, _QUOTIENTS):
        return pa.float64()
    if left == right:
        return left
    return common_type(of)


def _digits(kind: pa.DataType) -> tuple[int, int]:
    return (kind.precision, kind.scale) if _is.is_decimal(kind) else (_WHOLE[kind], 0)


def _both(
    node: exp.Expression, left: pa.DataType, right: pa.DataType
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Digits of both operands; a whole number that is written out has as many as it shows."""
    return _shown_digits(node.this, left), _shown_digits(node.expression, right)


def _shown_digits(node: exp.Expression, kind: pa.DataType) -> tuple[int, int]:
    inner = node.this if isinstance(node, exp.Neg) else node
    if isinstance(inner, exp.Literal) and inner.is_int:
        return len(str(int(inner.this))), 0
    return _digits(kind)


def _of_decimals(
    node: exp.Expression, left: tuple[int, int], right: tuple[int, int]
) -> tuple[pa.DataType, bool]:
    """The type of an operation of decimals, and whether it has all digits of the exact result."""
    (p, s), (q, t) = left, right
    if isinstance(node, exp.IntDiv):
        return pa.int64(), False
    scale = max(s, t)
    if isinstance(node, exp.Mul):
        digits, scale = p + q + 1, s + t
    elif isinstance(node, _QUOTIENTS):
        scale = max(_LEAST_SCALE, s + q + 1)
        digits = p - s + t + scale
    elif isinstance(node, exp.Mod):
        digits = min(p - s, q - t) + scale
    else:
        digits = max(p - s, q - t) + scale + 1
    return _limited(digits, scale), digits <= DECIMAL_DIGITS


def _limited(digits: int, scale: int) -> pa.DataType:
    """A decimal of so many digits; where they are too many, those behind the point give way."""
    if digits > DECIMAL_DIGITS:
        least = min(scale, _LEAST_SCALE)
        scale, digits = max(DECIMAL_DIGITS - (digits - scale), least), DECIMAL_DIGITS
    return pa.decimal128(max(digits, 1), scale)


def _rounded(node: exp.Expression, of: pa.DataType) -> pa.DataType | None:
    said = node.args.get("decimals")
    if not _is.is_decimal(of):
        return of if isinstance(node, exp.Round) and is_number(of) else None
    whole = of.precision - of.scale + 1
    places = _places(said)
    if places is None:
        return None
    if places < 0:
        return pa.decimal128(min(max(whole, 1 - places), DECIMAL_DIGITS), 0)
    kept = min(of.scale, places)
    return pa.decimal128(min(whole + kept, DECIMAL_DIGITS), kept)


def _places(said: exp.Expression | None) -> int | None:
    if said is None:
        return 0
    sign, inner = (-1, said.this) if isinstance(said, exp.Neg) else (1, said)
    return sign * int(inner.this) if isinstance(inner, exp.Literal) and inner.is_int else None


def _of_aggregate(node: exp.Expression, of: pa.DataType) -> pa.DataType | None:
    if not _is.is_decimal(of):
        is_sum = isinstance(node, exp.Sum) and _is.is_integer(of)
        return pa.int64() if is_sum else pa.float64() if is_number(of) else None
    if isinstance(node, exp.Sum):
        return pa.decimal128(min(of.precision + _MORE_IN_SUM, DECIMAL_DIGITS), of.scale)
    digits, scale = of.precision + _MORE_IN_MEAN, of.scale + _MORE_IN_MEAN
    return pa.decimal128(min(digits, DECIMAL_DIGITS), min(scale, DECIMAL_DIGITS))


# ------------------------------------------------------------------ how they are carried out
def reckoning(node: exp.Expression, of: Sequence[pa.DataType]) -> Reckoning | None:
    """How a node of operands of these types is carried out; None where DuckDB does as the cloud."""
    if isinstance(node, exp.Length):
        plain = "" if _is.is_binary(of[0]) else "text"
        return None if _is.is_string(of[0]) or _is.is_nested(of[0]) else Reckoning(plain)
    if isinstance(node, exp.Cast) or (isinstance(node, exp.Round) and not _is.is_decimal(of[0])):
        return _from_number(node, of[0])
    kind = result_type(node, of)
    if kind is None:
        return Reckoning("double") if isinstance(node, exp.Sum) and _is.is_null(of[0]) else None
    if _is.is_duration(kind):
        return Reckoning("interval")
    if _is.is_date(kind):
        return Reckoning("date")
    if isinstance(node, exp.Sum) and _is.is_integer(kind):
        return Reckoning("bigint")
    if _is.is_list(kind):
        return Reckoning(f"{catalog_type(kind.value_type)[1]}[]")
    if isinstance(node, exp.IntDiv):
        return Reckoning("bigint", fits=False) if any(map(_is.is_decimal, of)) else None
    if _is.is_decimal(kind):
        fits = True
        if len(of) == 2:
            fits = _of_decimals(node, *_both(node, *of))[1]
        digits, scale = _shown_digits(node.this, of[0])
        return Reckoning(
            _said(kind.precision, kind.scale), kind.scale, fits, _said(max(digits, _PRODUCT), scale)
        )
    single = any(_is.is_float32(one) for one in of)
    return Reckoning("double") if len(of) == 2 and kind == pa.float64() and single else None


def _from_number(node: exp.Expression, of: pa.DataType) -> Reckoning | None:
    """How a DOUBLE becomes a decimal, or is rounded: by its shortest text, in which 1.005 is a half.

    And how numbers become times: they are seconds.
    """
    if isinstance(node, exp.Cast) and node.args["to"].this in _TIMES and is_number(of):
        return Reckoning(_TIME, fits=_is.is_decimal(of) and of.precision <= _MOST_SECONDS)
    if not _is.is_float64(of):
        return None
    if isinstance(node, exp.Cast):
        is_decimal = node.args["to"].this == exp.DType.DECIMAL
        return Reckoning(node.args["to"].sql(dialect="duckdb")) if is_decimal else None
    places = _places(node.args.get("decimals"))
    within = places is not None and 0 <= places <= _MOST_PLACES
    return Reckoning("double", places) if within and places is not None else None


def _said(digits: int, scale: int) -> str:
    return f"decimal({digits}, {scale})"


def reckoned(node: exp.Expression) -> exp.Expression:
    """A marked operation in DuckDB's words."""
    way: Reckoning = node.meta[RECKONING]
    if isinstance(node, exp.Length):
        return (
            exp.Length(this=call("vitrine_text", node.this))
            if way.kind
            else call("octet_length", node.this)
        )
    if isinstance(node, exp.Cast) and way.kind == _TIME:
        return _time_of(node.this, way)
    if isinstance(node, exp.Cast):
        text = cast(node.this, "text")
        for none in ("nan", "inf", "-inf"):
            text = call("nullif", text, exp.Literal.string(none))
        return type(node)(this=text, to=node.args["to"].copy())
    if isinstance(node, exp.Round) and way.kind == "double":
        # Of columns and what DuckDB sees to be the same: the rest is not computed again and again.
        called = call_once if node.this.find(exp.Anonymous, exp.Query, exp.Rand) else call
        return called("vitrine_round", node.this, number(way.scale), number(10**way.scale))
    if not isinstance(node, (exp.Binary, exp.SafeDivide)) or way.kind == "date":
        return cast(node, way.kind)
    if way.kind == "interval":
        return call("to_days", cast(exp.paren(node.copy()), "int"))
    sides = (node.this, node.expression)
    if isinstance(node, exp.SafeDivide):
        sides = (node.this, call("nullif", node.expression, number(0)))
    if not way.fits or (isinstance(node, (*_QUOTIENTS, exp.Mod)) and way.kind != "double"):
        sign = exp.Literal.string(_WAYS[type(node)])
        texts = [cast(one, "text") for one in sides]
        return cast(call("vitrine_decimal", sign, *texts, number(way.scale)), way.kind)
    if isinstance(node, exp.Mul) and way.kind != "double":
        return cast(exp.Mul(this=cast(sides[0], way.left), expression=sides[1].copy()), way.kind)
    left, right = (cast(one, way.kind) for one in sides)
    return cast(type(node)(this=left, expression=right), way.kind)


def _time_of(seconds: exp.Expression, way: Reckoning) -> exp.Expression:
    """A time so many seconds after 1970; what is less than a microsecond is cut off."""
    exact = seconds.copy() if way.fits else cast(seconds, "double")
    micros = exp.Mul(this=exp.paren(exact), expression=number(1_000_000))
    whole = cast(call("trunc", micros), "bigint")
    return call("timezone", exp.Literal.string("UTC"), call("make_timestamp", whole))


def as_marked(node: exp.Expression, made: exp.Expression) -> exp.Expression:
    """What was made of a node, in the type that its mark says."""
    way: Reckoning | None = node.meta.get(RECKONING)
    return made if way is None else cast(made, way.kind)


def aggregated(node: exp.Expression) -> exp.Expression | None:
    """A marked sum or mean, with the window and the filter around it; None for what is none."""
    inner = innermost(node)
    way: Reckoning | None = inner.meta.get(RECKONING)
    if is_surrounded(node) or way is None or not isinstance(inner, (exp.Sum, exp.Avg)):
        return None
    if isinstance(inner, exp.Sum):
        if inner.meta.get(TRIED):
            return exp.TryCast(this=node.copy(), to=data_type(way.kind))
        return call("vitrine_sum", node) if way.kind == "bigint" else cast(node, way.kind)
    parts = [node.copy(), node.copy()]
    for place, kind in enumerate((exp.Sum, exp.Count)):
        one = innermost(parts[place])
        made = kind(this=one.this.copy())
        parts[place] = made if one is parts[place] else one.replace(made).root()
    texts = [cast(one, "text") for one in parts]
    sign = exp.Literal.string("/")
    return cast(call("vitrine_decimal", sign, *texts, number(way.scale)), way.kind)


def decimal_results(
    signs: pa.ChunkedArray, left: pa.ChunkedArray, right: pa.ChunkedArray, scales: pa.ChunkedArray
) -> pa.Array:
    """Sums, differences, products, quotients and rests of decimals given as texts, exactly.

    Returns:
        texts with as many digits behind the point as `scales` says, halves away from zero.
    """
    rows = zip(*(one.to_pylist() for one in (signs, left, right, scales)))
    return pa.array([_exactly(*row) for row in rows], pa.string())


def _exactly(sign: str, left: str, right: str, scale: int) -> str:
    a, b = Decimal(left), Decimal(right)
    if sign == "/":
        value = _EXACT.divide(a, b)
    elif sign in ("%", "div"):
        value = _EXACT.remainder(a, b) if sign == "%" else _EXACT.divide_int(a, b)
    else:
        value = {"+": _EXACT.add, "-": _EXACT.subtract, "*": _EXACT.multiply}[sign](a, b)
    return format(value.quantize(Decimal(1).scaleb(-scale), context=_EXACT), "f")
