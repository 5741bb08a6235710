"""Filters as text, such as `price < 50 AND brand = 'Acme'`, to the filter tree.

Knows which columns there are and which conditions suit their kinds; not the grammar (`grammar`), nor
tables. What values a column takes is decided in `coercion`, for both dialects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.core.filters.coercion import check_ordered, coerced, like_pattern, not_filtered
from engine.core.filters.grammar import parsed
from engine.core.filters.syntax import Condition, ConditionKind, Expression, Group, Value
from engine.core.filters.tree import (
    MAX_ELEMENTS,
    And,
    AnyOf,
    Compare,
    Is,
    IsNull,
    Like,
    Node,
    Not,
    Or,
)
from engine.core.schema import Column, Columns, unknown_column
from engine.errors import BadRequest

_LONGEST_SHOWN = 80  # characters of a condition in a message


def _node(part: Expression, text: str, columns: Columns) -> Node:
    if isinstance(part, Group):
        nodes = tuple([_node(inner, text, columns) for inner in part.flat()])
        if part.word == "NOT":
            return Not(nodes[0])
        return And(nodes) if part.word == "AND" else Or(nodes)
    written = text[part.start : part.end][:_LONGEST_SHOWN]
    column = columns.get(part.name.name)
    if column is None:
        raise unknown_column("Filter", part.name.name, columns)
    if column.kind == "other":
        raise not_filtered(written, column)
    if column.is_array:
        raise BadRequest(
            f"Filter {written!r}: column {column.name!r} holds arrays, which a filter as text "
            f'can\'t ask for; use a dict such as {{"{column.name}": value}}.'
        )
    return _MAKERS[part.kind](written, column, part)


def _comparison(written: str, column: Column, test: Condition) -> Node:
    if test.operator not in ("=", "!="):
        check_ordered(written, column, test.operator)
    return Compare(column, test.operator, _coerced(written, column, test.values[0]))


def _any_of(written: str, column: Column, test: Condition) -> Node:
    if len(test.values) > MAX_ELEMENTS:
        raise BadRequest(
            f"Filter {written!r} has {len(test.values)} values; expected 1 to {MAX_ELEMENTS}."
        )
    values = tuple([_coerced(written, column, value) for value in test.values])
    return AnyOf(column, values, test.negated)


def _like(written: str, column: Column, test: Condition) -> Node:
    return Like(column, like_pattern(written, column, test.values[0].value))


def _is_null(written: str, column: Column, test: Condition) -> Node:
    return IsNull(column, test.negated)


def _is(written: str, column: Column, test: Condition) -> Node:
    if column.kind != "boolean":
        raise BadRequest(
            f"Filter {written!r}: IS TRUE and IS FALSE need a boolean column; {column.name!r} holds "
            f"{column.kind} values."
        )
    return Is(column, bool(test.values[0].value), test.negated)


def _coerced(written: str, column: Column, value: Value) -> Any:
    if value.value is None:
        raise BadRequest(
            f"Filter {written!r}: nothing equals NULL; ask for it by {column.name} IS NULL."
        )
    return coerced(written, column, value.value)


_MAKERS: Mapping[ConditionKind, Callable[[str, Column, Condition], Node]] = {
    "comparison": _comparison,
    "IN": _any_of,
    "LIKE": _like,
    "IS NULL": _is_null,
    "IS": _is,
}


def parse_text(text: str, columns: Columns) -> Node | None:
    """The filter tree of a text such as `price < 50 AND base_color IN ('Red', 'Blue')`.

    Comparisons, [NOT] IN, LIKE, BETWEEN, IS [NOT] NULL, TRUE, FALSE, joined by AND, OR, NOT and
    brackets. Text goes in single quotes, a column of any name in backticks or double quotes; times
    as text, or by TO_TIMESTAMP('...') and the like. Keywords in any letter case, columns exactly.

    Args:
        text: blank for no filter, which gives None.
        columns: the index's columns by name; values are checked against their kinds.

    Raises:
        BadRequest: a syntax error, with its position; an unknown column; a value of another kind;
            more than `MAX_ELEMENTS` values in a list or `MAX_NESTING` levels of AND, OR and NOT.
    """
    expression = parsed(text, columns)
    return None if expression is None else _node(expression, text, columns)
