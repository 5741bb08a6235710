"""Filters as DuckDB SQL. Knows the filter tree and SQL quoting; not tables, not connections.

Every value is a bound parameter and every column name is quoted. Truth: `filters.matches`.
"""

from __future__ import annotations

from typing import Any

from engine.core.filters import BLANKS, And, Compare, Like, Node, Or
from engine.core.schema import Column

# As an SQL regular expression: DuckDB's engine knows these escapes.
_ESCAPES = {"\t": r"\t", "\n": r"\n", "\r": r"\r", "\f": r"\f", "\v": r"\v"}
_BLANKS_PATTERN = "[" + "".join(_ESCAPES.get(blank, blank) for blank in BLANKS) + "]+"


def to_sql(node: Node) -> tuple[str, list[Any]]:
    """An SQL condition that is true for exactly the rows that match, and its parameters in order."""
    parameters: list[Any] = []
    return _sql(node, parameters), parameters


def _sql(node: Node, parameters: list[Any]) -> str:
    if isinstance(node, (And, Or)):
        joiner = " AND " if isinstance(node, And) else " OR "
        return "(" + joiner.join(_sql(part, parameters) for part in node.parts) + ")"
    name = _quoted(node.column)
    if isinstance(node, Compare):
        parameters.append(node.value)
        return _not_nan(node.column, f"{name} {node.operator} ?")
    if isinstance(node, Like):
        if node.tokens is None:
            parameters.append(node.pattern)
            return f"({name} LIKE ?)"
        parameters.extend(node.tokens)
        held = f"string_split_regex({name}, '{_BLANKS_PATTERN}')"
        return "(" + " AND ".join(f"list_contains({held}, ?)" for _ in node.tokens) + ")"
    parameters.extend(node.values)
    places = ", ".join("?" for _ in node.values)
    if node.column.is_array:
        test = f"list_has_any({name}, [{places}])"
    else:
        test = f"{name} IN ({places})"
    return _not_nan(node.column, f"NOT ({test})" if node.negated else test)


def _quoted(column: Column) -> str:
    return '"' + column.name.replace('"', '""') + '"'


def _not_nan(column: Column, condition: str) -> str:
    if column.kind == "float" and not column.is_array:
        return f"({condition} AND NOT isnan({_quoted(column)}))"
    return f"({condition})"
