"""Filters: the tree, what it means on one row (the oracle), and the dict dialect.

Knows columns and values; not tables or SQL, nor the text dialect (`filter_text`), which shares the
rules on values. A condition on a null (or NaN) is unknown, and only rows for which the whole filter
is true pass: SQL's three-valued logic.
Truth: the filtering guide of the Vector Search API; what it leaves open is marked "assumed".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Union

from engine.core.filters.operators import refused_key, refused_value
from engine.core.schema import Column, Columns, unknown_column
from engine.core.values import (
    DATE_EXAMPLE,
    TIME_EXAMPLE,
    decimal_of,
    exact_number_of,
    is_text,
    plain,
    shown,
    single_of,
    to_date,
    to_timestamp,
)
from engine.errors import BadRequest

Operator = Literal["=", "!=", "<", "<=", ">", ">="]
Scalar = Union[int, float, Decimal, str, bool, date, datetime]

MAX_ELEMENTS = 1024  # values in one condition, documented limit of the service
MAX_NESTING = 100  # of AND, OR and NOT around a condition: trees are walked by recursion
BLANKS = " \t\n\r\f\v"  # what separates tokens for LIKE


@dataclass(frozen=True)
class Compare:
    column: Column
    operator: Operator
    value: Scalar


@dataclass(frozen=True)
class AnyOf:
    """The value (or, in an array column, one of its elements) is one of `values`; or none is."""

    column: Column
    values: tuple[Scalar, ...]
    negated: bool = False


@dataclass(frozen=True)
class Like:
    """SQL's LIKE: `%` stands for any run of characters, `_` for one; nothing escapes them."""

    column: Column
    pattern: str


@dataclass(frozen=True)
class Words:
    """Every one of `words` is there, as a whole word between blanks; in any order (assumed)."""

    column: Column
    words: tuple[str, ...]


@dataclass(frozen=True)
class IsNull:
    """Whether there is no value; NaN is none either (assumed). Never unknown."""

    column: Column
    negated: bool = False


@dataclass(frozen=True)
class Is:
    """IS TRUE, IS NOT TRUE, IS FALSE, IS NOT FALSE of a boolean column. Never unknown."""

    column: Column
    value: bool
    negated: bool = False


@dataclass(frozen=True)
class Not:
    """True where the part is false; unknown where it is unknown."""

    part: Node


@dataclass(frozen=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Or:
    parts: tuple[Node, ...]


Node = Union[Compare, AnyOf, Like, Words, IsNull, Is, Not, And, Or]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


# ------------------------------------------------------------------ meaning on one row: the oracle
def matches(node: Node, row: Mapping[str, Any]) -> bool:
    """Whether a row passes. Slow and obvious: what the SQL of `filter_sql` is tested against."""
    return _truth(node, row) is True


def _truth(node: Node, row: Mapping[str, Any]) -> bool | None:
    if isinstance(node, Not):
        truth = _truth(node.part, row)
        return None if truth is None else not truth
    if isinstance(node, (And, Or)):
        truths = [_truth(part, row) for part in node.parts]
        decisive = isinstance(node, Or)
        if decisive in truths:
            return decisive
        return None if None in truths else not decisive
    value = row[node.column.name]
    if isinstance(value, float) and math.isnan(value):
        value = None
    if isinstance(node, IsNull):
        return (value is None) != node.negated
    if isinstance(node, Is):
        return (value is node.value) != node.negated
    return None if value is None else _holds(node, value)


def _holds(node: Compare | AnyOf | Like | Words, value: Any) -> bool:
    if isinstance(node, Compare):
        return _COMPARISONS[node.operator](_held(value, node.column), node.value)
    if isinstance(node, Words):
        held = _words(value)
        return all(word in held for word in node.words)
    if isinstance(node, Like):
        wild = {"%": ".*", "_": "."}
        pattern = "".join(wild.get(letter, re.escape(letter)) for letter in node.pattern)
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    items = value if node.column.is_array else [value]
    stored = [_held(item, node.column) for item in items]
    return any(item == wanted for item in stored for wanted in node.values) != node.negated


def _held(value: Any, column: Column) -> Any:
    """A stored value; a float32 may be given by its shortest form, as replies show it."""
    return single_of(value) if column.single and value is not None else value


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(f"[^{BLANKS}]+", text))


def columns_of(node: Node) -> set[str]:
    """The names of the columns that a filter reads."""
    if isinstance(node, Not):
        return columns_of(node.part)
    if isinstance(node, (And, Or)):
        return set().union(*(columns_of(part) for part in node.parts))
    return {node.column.name}


# ------------------------------------------------------------------ the dict dialect
_SUFFIXES = ("NOT", "<", "<=", ">", ">=", "LIKE")


def parse_dict(filters: object, columns: Columns) -> Node | None:
    """The filter tree of a dict, or of a list of dicts joined by AND; None for no condition.

    Args:
        filters: `{"column[ OR column...][ OPERATOR]": value}`, as in `similarity_search`.
        columns: the index's columns by name; values are checked against their kinds.

    Raises:
        BadRequest: an unknown operator (the service's text), an unknown column, or a value that
            the column's kind can't be compared with.
    """
    if filters is None:
        return None
    dicts = filters if isinstance(filters, (list, tuple)) else [filters]
    conditions: list[Node] = []
    for entry in dicts:
        if not isinstance(entry, Mapping):
            raise BadRequest(
                f"filters is {shown(entry)} of type {type(entry).__name__}; expected a dict such as "
                '{"price <": 50}, or a list of dicts.'
            )
        conditions.extend(_condition(key, value, columns) for key, value in entry.items())
    if not conditions:
        return None
    return conditions[0] if len(conditions) == 1 else And(tuple(conditions))


def _condition(key: object, value: object, columns: Columns) -> Node:
    if not isinstance(key, str):
        raise BadRequest(
            f"filter key {shown(key)} is not text; expected 'column' or 'column OPERATOR'."
        )
    if key.startswith("$") and key not in columns:
        raise refused_key(key, value)
    if key in columns:
        return _leaf(key, columns[key], "", value)
    name, _, suffix = key.rpartition(" ")
    if suffix in _SUFFIXES and name in columns:  # before OR: a name may hold that word
        return _leaf(key, columns[name], suffix, value)
    parts = [_split(key, part, columns) for part in key.split(" OR ")]
    if len(parts) == 1:
        return _leaf(key, *parts[0], value)
    values = list(value) if isinstance(value, (list, tuple)) else [value] * len(parts)
    if len(values) != len(parts):
        raise BadRequest(
            f"filter {key!r} names {len(parts)} columns but has {len(values)} values; give one "
            "value for each column, in the same order."
        )
    values = [_alone(item) for item in values]
    if any(isinstance(item, (list, tuple)) for item in values):
        raise BadRequest(f"filter {key!r}: each column of an OR takes a single value.")
    leaves = [_leaf(key, *part, item) for part, item in zip(parts, values)]
    return Or(tuple(leaves))


def _alone(value: object) -> object:
    """A list's only value: LlamaIndex sends ranges, and columns of an OR, as lists of one."""
    return value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value


def _split(key: str, part: str, columns: Columns) -> tuple[Column, str]:
    """The column and the operator of one part of a key."""
    if part in columns:
        return columns[part], ""
    name, _, suffix = part.rpartition(" ")
    if suffix in _SUFFIXES and name in columns:
        return columns[name], suffix
    if any(part.startswith(f"{known} ") for known in columns):
        error = BadRequest(f"Invalid operator used in filter: {key}")
        error.hint = (
            f"Behind a column stands nothing or one of {', '.join(_SUFFIXES)}, after one blank and "
            'with none behind it, such as {"price >=": 10}.'
        )
        raise error
    unknown = name if suffix in _SUFFIXES and name else part
    raise unknown_column("Filter", unknown, columns)


def _leaf(key: str, column: Column, suffix: str, value: object) -> Node:
    if column.kind == "other":
        raise not_filtered(key, column)
    if suffix == "LIKE":
        return _like_leaf(key, column, value)
    if suffix in ("", "NOT"):
        wanted: Sequence[object] = value if isinstance(value, (list, tuple)) else [value]
        if not 1 <= len(wanted) <= MAX_ELEMENTS:
            raise BadRequest(
                f"Filter {key!r} has {len(wanted)} values; expected 1 to {MAX_ELEMENTS}."
            )
        values = tuple([coerced(key, column, item) for item in wanted])
        if column.is_array or len(values) > 1 or isinstance(value, (list, tuple)):
            return AnyOf(column, values, negated=suffix == "NOT")
        return Compare(column, "!=" if suffix == "NOT" else "=", values[0])
    operators: dict[str, Operator] = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}
    check_ordered(key, column, suffix)
    return Compare(column, operators[suffix], coerced(key, column, _alone(value)))


def _like_leaf(key: str, column: Column, value: object) -> Like | Words:
    pattern = like_pattern(key, column, value)
    if "%" in pattern:
        return Like(column, pattern)
    words = _words(pattern)
    if not words:
        raise BadRequest(f"Filter {key!r}: LIKE needs at least one word to look for.")
    return Words(column, words)


# ------------------------------------------------------------------ rules of both dialects
# `written` is the condition as its author wrote it, or the key of a dict.
def not_filtered(written: str, column: Column) -> BadRequest:
    """The refusal of a column of kind "other"."""
    return BadRequest(
        f"Filter {written!r}: column {column.name!r} holds values that can't be filtered."
    )


def check_ordered(written: str, column: Column, operator: str) -> None:
    """Refuse a range over texts, booleans or arrays (assumed)."""
    if column.is_array or column.kind in ("string", "boolean"):
        raise BadRequest(
            f"Filter {written!r}: operator {operator} needs a column of numbers, dates or "
            f"timestamps; {column.name!r} holds "
            f"{'arrays' if column.is_array else column.kind + ' values'}."
        )


def like_pattern(written: str, column: Column, value: object) -> str:
    """The pattern of a LIKE; refuses a column that holds no text."""
    if column.kind != "string" or column.is_array:
        raise BadRequest(
            f"Filter {written!r}: LIKE needs a string column; {column.name!r} is none."
        )
    return str(coerced(written, column, value))


def coerced(written: str, column: Column, value: object) -> Scalar:
    """The value in the column's kind. Numeric text counts as a number (assumed).

    Raises:
        BadRequest: the column's kind can't be compared with such a value; null is none.
    """
    if isinstance(value, Mapping):
        raise refused_value(written, column.name, value)
    try:
        return _COERCIONS[column.kind](plain(value), column)
    except (ValueError, TypeError, OverflowError):
        raise BadRequest(
            f"Filter {written!r}: {shown(value)} of type {type(value).__name__} can't be "
            f"compared with column {column.name!r}, which holds {column.kind} values; expected "
            f"{_TAKEN[column.kind]}."
        ) from None


# ------------------------------------------------------------------ values
def _to_number(value: object) -> int | float | Decimal:
    """A number in the range of doubles, or any integer; an integer where it is whole."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise TypeError
    number = exact_number_of(value) if isinstance(value, str) else value
    if isinstance(number, int):
        return number
    if not (number.is_finite() if isinstance(number, Decimal) else math.isfinite(number)):
        raise ValueError
    if isinstance(number, Decimal) and math.isinf(float(number)):
        raise ValueError
    return int(number) if number == int(number) else number


def _to_integer(value: object, column: Column) -> int | float | Decimal:
    """A number to compare integers with, which may have a fraction.

    Beyond 64 bits no stored integer is equal, and an infinity compares the same way.
    """
    number = _to_number(value)
    if -(2**63) <= number < 2**64:
        return number
    return math.inf if number > 0 else -math.inf


def _to_float(value: object, column: Column) -> float:
    """A double; of a column of float32 the nearest of those, so that 19.99 is what was written."""
    number = _to_number(value)
    try:
        double = float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf
    nearest = single_of(double) if column.single else double
    return nearest if math.isfinite(nearest) else double


def _to_decimal(value: object, column: Column) -> Decimal:
    """A decimal number exactly as written; of a double what its shortest form says."""
    if isinstance(value, float) and math.isfinite(value):
        return decimal_of(value)
    number = _to_number(value)
    return decimal_of(number) if isinstance(number, float) else Decimal(number)


def _to_text(value: object, column: Column) -> str:
    if not isinstance(value, str):
        raise TypeError
    if not is_text(value):
        raise ValueError
    return value


def _to_boolean(value: object, column: Column) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


_COERCIONS: dict[str, Callable[[object, Column], Scalar]] = {
    "int": _to_integer,
    "float": _to_float,
    "decimal": _to_decimal,
    "string": _to_text,
    "boolean": _to_boolean,
    "date": lambda value, column: to_date(value),
    "timestamp": lambda value, column: to_timestamp(value),
}
_TAKEN: dict[str, str] = {
    "int": "a number such as 42",
    "float": "a number such as 19.99",
    "decimal": "a number such as 19.99",
    "string": "text without lone surrogates",
    "boolean": "true or false",
    "date": f"a date such as '{DATE_EXAMPLE}'",
    "timestamp": f"a time such as '{TIME_EXAMPLE}'",
}
