"""Filters as DuckDB SQL. Knows the filter tree and SQL; not tables, not connections.

Every value is a bound parameter, and columns go by names that the caller chose. Truth:
`filters.matches`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.filters import (
    BLANKS,
    And,
    AnyOf,
    Compare,
    Is,
    IsNull,
    Like,
    Node,
    Not,
    Operator,
    Or,
    Words,
)
from engine.core.schema import Column

# As an SQL regular expression: DuckDB's engine knows these escapes.
_ESCAPES = {"\t": r"\t", "\n": r"\n", "\r": r"\r", "\f": r"\f", "\v": r"\v"}
_OPPOSITE: dict[Operator, Operator] = {
    "=": "!=",
    "!=": "=",
    "<": ">=",
    "<=": ">",
    ">": "<=",
    ">=": "<",
}
_BLANKS_PATTERN = "[" + "".join(_ESCAPES.get(blank, blank) for blank in BLANKS) + "]+"


def to_sql(node: Node, names: Mapping[str, str]) -> tuple[str, list[Any]]:
    """An SQL condition that is true for exactly the rows that match, and its parameters in order.

    Args:
        names: what each column is called in SQL; plain identifiers that differ in more than case.
    """
    parameters: list[Any] = []
    return _sql(node, names, parameters, True), parameters


def _sql(node: Node, names: Mapping[str, str], parameters: list[Any], wanted: bool) -> str:
    """A condition that is true for exactly the rows of which the node is true, or (not wanted) false.

    NOT is so carried down to single conditions, which need not tell unknown from false.
    """
    if isinstance(node, Not):
        return _sql(node.part, names, parameters, not wanted)
    if isinstance(node, (And, Or)):
        joiner = " AND " if isinstance(node, And) is wanted else " OR "
        return "(" + joiner.join(_sql(part, names, parameters, wanted) for part in node.parts) + ")"
    name = names[node.column.name]
    if isinstance(node, IsNull):
        return _is_null(node, name, wanted)
    if isinstance(node, Is):
        same = "DISTINCT" if node.negated is wanted else "NOT DISTINCT"
        return f"({name} IS {same} FROM {'true' if node.value else 'false'})"
    if isinstance(node, Compare):
        parameters.append(node.value)
        operator = node.operator if wanted else _OPPOSITE[node.operator]
        return _not_nan(node.column, name, f"{name} {operator} ?")
    if isinstance(node, Like):
        parameters.append(node.pattern)
        return f"({name} {'LIKE' if wanted else 'NOT LIKE'} ?)"
    if isinstance(node, Words):
        parameters.extend(node.words)
        held = f"string_split_regex({name}, '{_BLANKS_PATTERN}')"
        tests = " AND ".join(f"list_contains({held}, ?)" for _ in node.words)
        return f"({tests})" if wanted else f"(NOT ({tests}))"
    return _not_nan(node.column, name, _any_of(node, name, parameters, node.negated is wanted))


def _is_null(node: IsNull, name: str, wanted: bool) -> str:
    can_be_nan = node.column.kind == "float" and not node.column.is_array
    if node.negated is wanted:
        return (
            f"({name} IS NOT NULL AND NOT isnan({name}))" if can_be_nan else f"({name} IS NOT NULL)"
        )
    return f"({name} IS NULL OR isnan({name}))" if can_be_nan else f"({name} IS NULL)"


def _any_of(node: AnyOf, name: str, parameters: list[Any], negated: bool) -> str:
    values = list(node.values)
    if node.column.kind == "int":
        # No integer equals a fraction, and one double among the values would have DuckDB compare
        # all of them as doubles, which confuses large neighbours.
        values = [value for value in values if isinstance(value, int)]
    if not values:
        return f"{name} IS NOT NULL" if negated else "false"
    parameters.extend(values)
    places = ", ".join("?" for _ in values)
    test = f"list_has_any({name}, [{places}])" if node.column.is_array else f"{name} IN ({places})"
    return f"NOT ({test})" if negated else test


def _not_nan(column: Column, name: str, condition: str) -> str:
    if column.kind == "float" and not column.is_array:
        return f"({condition} AND NOT isnan({name}))"
    return f"({condition})"
