"""`sort_columns`: the grammar, and rows in that order. Knows values; not where rows come from.

Truth: the query API's documentation; that nulls come last is assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.core.schema import Columns, unknown_column
from engine.core.values import shown
from engine.errors import BadRequest, InvalidParameterValue


@dataclass(frozen=True)
class SortColumn:
    """One clause of `sort_columns`."""

    column: str
    descending: bool


def parse_sort(clauses: object, columns: Columns) -> tuple[SortColumn, ...]:
    """The clauses of `sort_columns`, such as `["price DESC", "name"]`; ascending unless it says DESC.

    Raises:
        InvalidParameterValue: not a list of text, another direction, or a column twice.
        BadRequest: a column that the index lacks, or whose values have no order.
    """
    if clauses is None:
        return ()
    if not isinstance(clauses, (list, tuple)) or not all(isinstance(c, str) for c in clauses):
        raise InvalidParameterValue(
            f'sort_columns is {shown(clauses)}; expected a list such as ["rating DESC", "price ASC"].'
        )
    parsed = tuple(_clause(text, columns) for text in clauses)
    names = [clause.column for clause in parsed]
    if len(set(names)) < len(names):
        raise InvalidParameterValue(f"sort_columns names a column twice: {', '.join(names)}.")
    return parsed


def _clause(text: str, columns: Columns) -> SortColumn:
    name, _, direction = text.rpartition(" ")
    if text in columns or not (name or name in columns):
        name, direction = text, "ASC"
    if direction.upper() not in ("ASC", "DESC"):
        raise InvalidParameterValue(
            f"sort_columns has the clause {text!r}; expected '<column> ASC' or '<column> DESC'."
        )
    if name not in columns:
        raise unknown_column("sort_columns", name, columns)
    column = columns[name]
    if column.is_array or column.kind == "other":
        raise BadRequest(f"sort_columns: column {name!r} holds values that have no order.")
    return SortColumn(name, direction.upper() == "DESC")


def sorted_places(clauses: Sequence[SortColumn], values: Sequence[Sequence[Any]]) -> list[int]:
    """Places of rows in the order of the clauses; equal rows keep their order, nulls come last.

    Args:
        values: for each clause the values of all rows.
    """
    places = list(range(len(values[0]) if values else 0))
    for clause, column in reversed(list(zip(clauses, values))):
        known = [place for place in places if not _is_null(column[place])]
        nulls = [place for place in places if _is_null(column[place])]
        known.sort(key=lambda place: column[place], reverse=clause.descending)
        places = known + nulls
    return places


def first_places(
    clauses: Sequence[SortColumn], values: Sequence[Sequence[Any]], count: int
) -> list[int]:
    """The first `count` of `sorted_places`, and the rows behind that are equal to the last of them."""
    places = sorted_places(clauses, values)
    end = count
    while 0 < end < len(places) and _are_equal(values, places[count - 1], places[end]):
        end += 1
    return places[:end]


def _are_equal(values: Sequence[Sequence[Any]], one: int, other: int) -> bool:
    """Whether two rows are equal in all columns; nulls are."""
    pairs = ((column[one], column[other]) for column in values)
    return all(a == b or (_is_null(a) and _is_null(b)) for a, b in pairs)


def _is_null(value: object) -> bool:
    return value is None or value != value
