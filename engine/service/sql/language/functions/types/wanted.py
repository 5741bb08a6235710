"""What functions take their arguments for, where the cloud casts those of other types: one table.

Knows expressions and types; not where types come from.
"""

from __future__ import annotations

import pyarrow as pa
from sqlglot import exp

from engine.service.sql.language.functions.calls import argument_of

NUMBER, WHOLE, DAY, TEXT = pa.float64(), pa.int64(), pa.date32(), pa.string()
TIME = pa.timestamp("us", "UTC")
_is = pa.types
_OF_A_NUMBER = (
    exp.Abs, exp.Acos, exp.Acosh, exp.ApproxQuantile, exp.Asin, exp.Asinh, exp.Atan, exp.Atanh, exp.Avg,
    exp.Cbrt, exp.Ceil, exp.Cos, exp.Cosh, exp.Cot, exp.Csc, exp.Degrees, exp.Exp, exp.Floor, exp.IsNan,
    exp.Kurtosis, exp.Ln, exp.Median, exp.Neg, exp.Quantile, exp.Radians, exp.Rint, exp.Round, exp.Sec,
    exp.Sign, exp.Sin, exp.Sinh, exp.Skewness, exp.Sqrt, exp.Stddev, exp.StddevPop, exp.StddevSamp,
    exp.Sum, exp.Tan, exp.Tanh, exp.Variance, exp.VariancePop,
)  # fmt: skip
_OF_TWO_NUMBERS = (
    exp.Atan2, exp.Corr, exp.CovarPop, exp.CovarSamp, exp.Log, exp.Nanvl, exp.Pow, exp.RegrAvgx,
    exp.RegrAvgy, exp.RegrIntercept, exp.RegrR2, exp.RegrSlope, exp.RegrSxx, exp.RegrSxy, exp.RegrSyy,
)  # fmt: skip
_OF_A_TEXT = (
    exp.Ascii, exp.Initcap, exp.Left, exp.Lower, exp.Pad, exp.RegexpExtract, exp.RegexpLike,
    exp.RegexpReplace, exp.RegexpSplit, exp.Repeat, exp.Replace, exp.Right, exp.Substring,
    exp.Reverse, exp.SubstringIndex, exp.SplitPart, exp.Translate, exp.Trim, exp.Upper,
)  # fmt: skip
_BOTH = ("this", "expression")
_PLACES: tuple[tuple[tuple[type[exp.Expression], ...], tuple[str, ...], pa.DataType], ...] = (
    (_OF_A_NUMBER, ("this",), NUMBER),
    (_OF_TWO_NUMBERS, _BOTH, NUMBER),
    ((exp.WidthBucket,), ("this", "min_value", "max_value"), NUMBER),
    ((exp.BitwiseLeftShift, exp.BitwiseRightShift), ("this",), WHOLE),
    (_OF_A_TEXT, ("this",), TEXT),
    ((exp.Contains, exp.EndsWith, exp.Levenshtein, exp.StartsWith), _BOTH, TEXT),
    ((exp.StrPosition,), ("this", "substr"), TEXT),
    ((exp.AddMonths, exp.LastDay, exp.NextDay, exp.Quarter), ("this",), DAY),
    ((exp.Hour, exp.Minute, exp.Second), ("this",), TIME),
    ((exp.TimestampDiff,), _BOTH, TIME),
)
_OF_CLASS = {
    one: [(name, kind) for name in names] for classes, names, kind in _PLACES for one in classes
}
# Of functions without a class: of their first arguments.
_OF_NAME = {
    "bround": (NUMBER,),
    "expm1": (NUMBER,),
    "hypot": (NUMBER, NUMBER),
    "log1p": (NUMBER,),
    "mask": (TEXT,),
    "negative": (NUMBER,),
    "positive": (NUMBER,),
    "skewness": (NUMBER,),
}
NAMES = _OF_NAME.keys()
CLASSES = (*_OF_CLASS, exp.DateDiff, exp.Extract, exp.WithinGroup)


def wanted(node: exp.Expression) -> list[tuple[exp.Expression, pa.DataType]]:
    """The arguments of a function that it takes for values of some type, each with that type."""
    if isinstance(node, exp.Anonymous):
        return list(zip(node.expressions, _OF_NAME.get(str(node.this).lower(), ())))
    if isinstance(node, exp.Extract):
        return [(node.expression, TIME)]
    if isinstance(node, exp.DateDiff):
        kind = TIME if node.args.get("big_int") else DAY  # in units, or in days
        return [(node.this, kind), (node.expression, kind)]
    if isinstance(node, exp.WithinGroup):
        is_of_numbers = isinstance(node.this, exp.PercentileCont)
        return [(one.this, NUMBER) for one in node.expression.expressions if is_of_numbers]
    if isinstance(node, exp.AggFunc) and len(_OF_CLASS.get(type(node), ())) == 1:
        argument = argument_of(node)
        return [] if argument is None else [(argument, NUMBER)]
    named = _OF_CLASS.get(type(node), [])
    return [(node.args[name], kind) for name, kind in named if node.args.get(name) is not None]


def is_text(kind: pa.DataType) -> bool:
    """Whether values of a type are texts."""
    return bool(_is.is_string(kind) or _is.is_large_string(kind))


def taken_for(kind: pa.DataType | None, meant: pa.DataType) -> pa.DataType | None:
    """The type that a value of a type is taken for, where one of another is wanted."""
    if kind is None:
        return None
    if meant == TEXT:
        plain = _is.is_nested(kind) or _is.is_null(kind) or _is.is_binary(kind) or is_text(kind)
        return kind if plain else TEXT
    return meant if is_text(kind) else kind
