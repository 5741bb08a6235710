"""Filters as dicts, such as `{"price <": 50}`, to the filter tree. Knows this dialect; not tables.

What values a column takes is decided in `coercion`, for both dialects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.core.filters.coercion import check_ordered, coerced, like_pattern, not_filtered
from engine.core.filters.foreign_operators import refused_key
from engine.core.filters.tree import (
    MAX_ELEMENTS,
    And,
    AnyOf,
    Compare,
    Like,
    Node,
    Operator,
    Or,
    Words,
    words_of,
)
from engine.core.schema import Column, Columns, unknown_column
from engine.core.values import shown
from engine.errors import BadRequest

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
    if key.startswith("$") and not any(name.startswith("$") for name in columns):
        raise refused_key(key, value)
    if key in columns:
        return _leaf(key, columns[key], "", value)
    name, _, suffix = key.rpartition(" ")
    if suffix in _SUFFIXES and name in columns:  # before OR: a name may hold that word
        return _leaf(key, columns[name], suffix, value)
    parts = [_split(key, part, columns) for part in _alternatives(key, columns)]
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


def _alternatives(key: str, columns: Columns) -> list[str]:
    """The parts of a key between its ORs; a column's name may hold that word itself."""
    words = key.split(" OR ")
    longest = 1 + max((name.count(" OR ") for name in columns), default=0)
    if longest == 1 or all(_is_known(word, columns) for word in words):
        return words
    parts: list[str] = []
    start = 0
    while start < len(words):
        joined = [" OR ".join(words[start : start + count]) for count in range(longest, 0, -1)]
        parts.append(next((part for part in joined if _is_known(part, columns)), words[start]))
        start += 1 + parts[-1].count(" OR ")
    return parts


def _is_known(part: str, columns: Columns) -> bool:
    name, _, suffix = part.rpartition(" ")
    return part in columns or (suffix in _SUFFIXES and name in columns)


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
    words = words_of(pattern)
    if not words:
        raise BadRequest(f"Filter {key!r}: LIKE needs at least one word to look for.")
    return Words(column, words)
