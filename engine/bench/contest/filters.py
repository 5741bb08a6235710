"""Which filters are asked for, and how they read as SQL.

Filters are written as the engine takes them: a column, or a column and an operator, and a value; a list
of values means any of them. Imports nothing heavy, because every contestant imports it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from engine.errors import InvalidParameterValue

OPERATORS = (">=", "<")  # a column's name alone means equality

Filters = Mapping[str, object]
Condition = tuple[str, str, object]


def conditions(filters: Filters) -> list[Condition]:
    """The filter as (column, operator, value); a row is kept when it meets all of them.

    The operators are `=`, `in`, `>=` and `<`.
    """
    out: list[Condition] = []
    for key, value in filters.items():
        column, _, operator = key.partition(" ")
        if operator and operator not in OPERATORS:
            raise InvalidParameterValue(
                f"operator {operator!r} in filter {key!r}; expected one of {list(OPERATORS)}"
            )
        out.append((column, operator or ("in" if isinstance(value, list) else "="), value))
    return out


def sql(filters: Filters) -> str:
    """The filter as a SQL condition."""
    return " AND ".join(
        f"{column} {operator.upper()} {literal(value)}"
        for column, operator, value in conditions(filters)
    )


def literal(value: object) -> str:
    """A value as SQL writes it; a list in parentheses."""
    if isinstance(value, list):
        return "(" + ", ".join(literal(one) for one in value) + ")"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def text(filters: Filters | None) -> str:
    """What a filter is known by: JSON, `null` for none."""
    return json.dumps(filters)
