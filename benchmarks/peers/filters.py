"""Which filters are asked for, and how do they read as SQL?

Filters are written as the engine takes them: a column, or a column and an operator, and a value.
Imports nothing heavy, because every contestant imports it.
"""

from __future__ import annotations

OPERATORS = (">=", "<")  # a column's name alone means equality
TINY_FILTER_ROWS = 20  # rows of the catalogue that the fourth filter keeps, about

Filters = dict[str, object]


def named_filters(rare: Filters) -> dict[str, Filters]:
    """The four filters of the benchmark; `rare` is a combination that about 20 products share."""
    return {
        "F1": {"price >=": 50, "price <": 100},
        "F2": {"master_category": "Apparel"},
        "F3": {"base_color": "Black", "gender": "Women", "price <": 100},
        "F4": rare,
    }


def conditions(filters: Filters) -> list[tuple[str, str, object]]:
    """The filter as (column, operator, value); a row is kept when it meets all of them."""
    out = []
    for key, value in filters.items():
        column, _, operator = key.partition(" ")
        if operator and operator not in OPERATORS:
            raise ValueError(f"operator {operator!r} in filter {key!r}; known: {OPERATORS}")
        out.append((column, operator or "=", value))
    return out


def sql(filters: Filters) -> str:
    """The filter as a SQL condition."""
    return " AND ".join(
        f"{column} {operator} {literal(value)}" for column, operator, value in conditions(filters)
    )


def literal(value: object) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)
