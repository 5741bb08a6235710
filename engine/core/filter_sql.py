"""Filters as DuckDB SQL. Knows the filter tree and SQL; not tables, not connections.

Every value is a bound parameter, and columns go by names that the caller chose. Truth:
`filters.matches`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.filters import BLANKS, And, AnyOf, Compare, Like, Node, Or
from engine.core.schema import Column

# As an SQL regular expression: DuckDB's engine knows these escapes.
_ESCAPES = {"\t": r"\t", "\n": r"\n", "\r": r"\r", "\f": r"\f", "\v": r"\v"}
_BLANKS_PATTERN = "[" + "".join(_ESCAPES.get(blank, blank) for blank in BLANKS) + "]+"


def to_sql(node: Node, names: Mapping[str, str]) -> tuple[str, list[Any]]:
    """An SQL condition that is true for exactly the rows that match, and its parameters in order.

    Args:
        names: what each column is called in SQL; plain identifiers that differ in more than case.
    """
    parameters: list[Any] = []
    return _sql(node, names, parameters), parameters


def _sql(node: Node, names: Mapping[str, str], parameters: list[Any]) -> str:
    if isinstance(node, (And, Or)):
        joiner = " AND " if isinstance(node, And) else " OR "
        return "(" + joiner.join(_sql(part, names, parameters) for part in node.parts) + ")"
    name = names[node.column.name]
    if isinstance(node, Compare):
        parameters.append(node.value)
        return _not_nan(node.column, name, f"{name} {node.operator} ?")
    if isinstance(node, Like):
        if node.tokens is None:
            parameters.append(node.pattern)
            return f"({name} LIKE ?)"
        parameters.extend(node.tokens)
        held = f"string_split_regex({name}, '{_BLANKS_PATTERN}')"
        return "(" + " AND ".join(f"list_contains({held}, ?)" for _ in node.tokens) + ")"
    return _not_nan(node.column, name, _any_of(node, name, parameters))


def _any_of(node: AnyOf, name: str, parameters: list[Any]) -> str:
    values = list(node.values)
    if node.column.kind == "int":
        # No integer equals a fraction, and one double among the values would have DuckDB compare
        # all of them as doubles, which confuses large neighbours.
        values = [value for value in values if isinstance(value, int)]
    if not values:
        return f"{name} IS NOT NULL" if node.negated else "false"
    parameters.extend(values)
    places = ", ".join("?" for _ in values)
    test = f"list_has_any({name}, [{places}])" if node.column.is_array else f"{name} IN ({places})"
    return f"NOT ({test})" if node.negated else test


def _not_nan(column: Column, name: str, condition: str) -> str:
    if column.kind == "float" and not column.is_array:
        return f"({condition} AND NOT isnan({name}))"
    return f"({condition})"
