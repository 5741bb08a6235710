"""The filter tree, and what it means on one row: the oracle of filtering. Knows columns and values.

Not how a filter is written (`dict_form`, `text_form`), nor SQL (`sql`), nor tables. A condition on a
null (or NaN) is unknown, and only rows for which the whole filter is true match: SQL's three-valued
logic. Truth: the filtering guide of the Vector Search API; what it leaves open is marked "assumed".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Union

from engine.core.schema import Column
from engine.core.values import FarTime, half_of, single_of

Operator = Literal["=", "!=", "<", "<=", ">", ">="]
Scalar = Union[int, float, Decimal, str, bool, date, datetime, FarTime]

MAX_ELEMENTS = 1024  # values in one condition, documented limit of the service
MAX_NESTING = 100  # of AND, OR and NOT around a condition: trees are walked by recursion
BLANKS = " \t\n\r\f\v"  # what separates tokens for LIKE


@dataclass(frozen=True)
class Compare:
    """A comparison of a column's single value; unknown where that is null."""

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
    """The text has every one of `words`, as a whole word between blanks; in any order (assumed)."""

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
    """True where all parts are; false where one is, else unknown."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Or:
    """True where one part is; false where all are, else unknown."""

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
    """Whether a row matches. Slow and obvious: what the SQL of `sql.to_sql` is tested against."""
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
        held = words_of(value)
        return all(word in held for word in node.words)
    if isinstance(node, Like):
        wild = {"%": ".*", "_": "."}
        pattern = "".join(wild.get(letter, re.escape(letter)) for letter in node.pattern)
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    items = value if node.column.is_array else [value]
    stored = [_held(item, node.column) for item in items]
    return any(item == wanted for item in stored for wanted in node.values) != node.negated


def _held(value: Any, column: Column) -> Any:
    """A stored value; one of a narrow float may be given by its shortest form, as replies show it."""
    return value if value is None else narrowed(value, column)


def narrowed(value: Any, column: Column) -> Any:
    """A double as the nearest of the floats that a column holds; any other value as it is."""
    if column.half:
        return half_of(value)
    return single_of(value) if column.single else value


def words_of(text: str) -> tuple[str, ...]:
    """What lies between the blanks of a text."""
    return tuple(re.findall(f"[^{BLANKS}]+", text))


def columns_of(node: Node) -> set[str]:
    """The names of the columns that a filter reads."""
    if isinstance(node, Not):
        return columns_of(node.part)
    if isinstance(node, (And, Or)):
        return set().union(*(columns_of(part) for part in node.parts))
    return {node.column.name}
