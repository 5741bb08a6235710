"""A filter as a condition of SQL, for tables of products. Knows the filter's tree; not rows.

Truth: `engine.core.filters.tree.matches`. What is neither true nor false doesn't match in either.
"""

from __future__ import annotations

import math
from collections.abc import Set
from datetime import date, datetime
from decimal import Decimal

from engine.core.filters.tree import (
    BLANKS,
    And,
    AnyOf,
    Compare,
    Is,
    IsNull,
    Like,
    Node,
    Not,
    Or,
    Scalar,
    Words,
)
from engine.core.values import FarTime
from engine.shop.as_code.snippets import CantSay
from engine.shop.as_code.writing.quoting import sql_name, sql_text


def condition(node: Node, with_nan: Set[str] = frozenset()) -> str:
    """A condition that is true for exactly the rows that match.

    Args:
        with_nan: columns that hold NaN, which is no value for a filter, and for SQL greater than all.

    Raises:
        CantSay: a value that SQL has no word for.
    """
    if isinstance(node, Not):
        return f"NOT ({condition(node.part, with_nan)})"
    if isinstance(node, (And, Or)):
        joiner = " AND " if isinstance(node, And) else " OR "
        return joiner.join(_grouped(part, with_nan) for part in node.parts)
    name = sql_name(node.column.name)
    if isinstance(node, IsNull):
        return _is_null(node, name, node.column.name in with_nan)
    if isinstance(node, Is):
        return f"{name} IS {'NOT ' * node.negated}{'TRUE' if node.value else 'FALSE'}"
    if node.column.name in with_nan:
        return f"CASE WHEN isnan({name}) THEN NULL ELSE {_test(node, name)} END"
    return _test(node, name)


def _grouped(part: Node, with_nan: Set[str]) -> str:
    text = condition(part, with_nan)
    return f"({text})" if isinstance(part, (And, Or)) else text


def _is_null(node: IsNull, name: str, with_nan: bool) -> str:
    if not with_nan:
        return f"{name} IS {'NOT ' * node.negated}NULL"
    test = f"({name} IS NULL OR isnan({name}))"
    return f"NOT {test}" if node.negated else test


def _test(node: Compare | AnyOf | Like | Words, name: str) -> str:
    if isinstance(node, Compare):
        operator = "<>" if node.operator == "!=" else node.operator
        return f"{name} {operator} {literal(node.value)}"
    if isinstance(node, Like):
        pattern = node.pattern.replace("\\", "\\\\")  # nothing escapes in a filter's pattern
        return f"{name} LIKE {sql_text(pattern)}"
    if isinstance(node, Words):
        held = f"split({name}, {sql_text(f'[{BLANKS}]+')})"
        tests = [f"array_contains({held}, {sql_text(word)})" for word in node.words]
        return f"({' AND '.join(tests)})" if len(tests) > 1 else tests[0]
    values = [literal(value) for value in node.values]
    if node.column.is_array:
        either = " OR ".join(f"array_contains({name}, {value})" for value in values)
        return f"NOT ({either})" if node.negated else f"({either})"
    return f"{name} {'NOT ' * node.negated}IN ({', '.join(values)})"


def literal(value: Scalar) -> str:
    """A value of a filter in SQL.

    Raises:
        CantSay: an infinity, or a time beyond SQL's.
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, Decimal)):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise CantSay("SQL has no literal for an infinity, which the filter compares with.")
        return f"{value!r}D" if "e" in repr(value) else repr(value)
    if isinstance(value, datetime):
        return f"TIMESTAMP {sql_text(value.isoformat(sep=' '))}"
    if isinstance(value, date):
        return f"DATE {sql_text(value.isoformat())}"
    if isinstance(value, FarTime):
        raise CantSay("SQL has no literal for a time beyond the year 9999.")
    return sql_text(value)
