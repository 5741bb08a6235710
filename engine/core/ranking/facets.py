"""`facets`: the grammar of its three forms, and counting. Knows values; not where rows come from.

Truth: the query API's documentation; the order of entries and the labels of buckets are assumed.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from engine.core.schema import Columns, unknown_column
from engine.core.values import FarTime, decimal_of, shown
from engine.errors import BadRequest, InvalidParameterValue

DEFAULT_TOP = 10
_WORD = re.compile(r"\s+(TOP|BUCKETS)\s+", re.IGNORECASE)
_FORMS = '"<column>", "<column> TOP <n>" or "<column> BUCKETS [[from,to],...]"'


@dataclass(frozen=True)
class Facet:
    """What is counted of one column: its `top` most frequent values, or rows in `buckets`.

    Attributes:
        buckets: numeric ranges, both ends included; empty where values are counted.
    """

    column: str
    top: int = DEFAULT_TOP
    buckets: tuple[tuple[float, float], ...] = ()


def parse_facets(facets: object, columns: Columns) -> tuple[Facet, ...]:
    """The entries of `facets`.

    Raises:
        InvalidParameterValue: not a list of text, none of the three forms, or a column twice.
        BadRequest: a column that the index lacks, or that can't be counted so.
    """
    if facets is None:
        return ()
    if not isinstance(facets, (list, tuple)) or not all(isinstance(f, str) for f in facets):
        raise InvalidParameterValue(
            f"facets is {shown(facets)}; expected a list of texts of the form {_FORMS}."
        )
    parsed = tuple(_facet(text, columns) for text in facets)
    names = [facet.column for facet in parsed]
    if len(set(names)) < len(names):
        raise InvalidParameterValue(f"facets names a column twice: {', '.join(names)}.")
    return parsed


def _facet(text: str, columns: Columns) -> Facet:
    name, word, rest = _split(text, columns)
    if name not in columns:
        raise unknown_column("facets", name, columns)
    column = columns[name]
    if column.kind == "other":
        raise BadRequest(f"facets: column {name!r} holds values that can't be counted.")
    if not word:
        return Facet(name)
    if word == "TOP":
        if not re.fullmatch(r"[0-9]{1,9}", rest) or int(rest) < 1:
            raise InvalidParameterValue(
                f"facets has {text!r}; expected a number of values above 0 after TOP."
            )
        return Facet(name, top=int(rest))
    if column.kind not in ("int", "float", "decimal") or column.is_array:
        raise BadRequest(f"facets: BUCKETS needs a column of numbers; {name!r} is none.")
    return Facet(name, buckets=_buckets(text, rest))


def _split(text: str, columns: Columns) -> tuple[str, str, str]:
    """Column, TOP or BUCKETS, and what follows. A column may be called "a TOP b" itself."""
    if text in columns:
        return text, "", ""
    ways = [
        (text[:end], found[1].upper(), text[found.end() :])
        for found in _WORD.finditer(text)
        for end in (found.start(), found.start(1) - 1)  # a name may end in blanks
    ]
    known = [way for way in ways if way[0] in columns]
    return known[-1] if known else (ways or [(text, "", "")])[0]


def _buckets(text: str, given: str) -> tuple[tuple[float, float], ...]:
    try:
        ranges = json.loads(given)
        pairs = tuple((_number(low), _number(high)) for low, high in ranges)
        if not pairs or any(low > high for low, high in pairs):
            raise ValueError
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise InvalidParameterValue(
            f"facets has {text!r:.200}; expected ranges such as BUCKETS [[0,50],[50,100]] whose ends "
            "are numbers in ascending order."
        ) from None
    return pairs


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError
    return value


def count_facet(facet: Facet, values: Sequence[Any]) -> list[list[Any]]:
    """`[column, value or range, count]` of one facet, most frequent first, then by value.

    Buckets keep the order in which they were asked for, empty ones too.

    Args:
        values: the column's values of the rows that are counted; nulls count for nothing, each
            element of an array for itself.
    """
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    known = [item for item in flat if item is not None and item == item]
    if facet.buckets:
        return [
            [facet.column, f"[{low}, {high}]", _count_between(known, low, high)]
            for low, high in facet.buckets
        ]
    # By kind too: True equals 1, and text and numbers have no order between them.
    counted = Counter((_kind(item), item) for item in known)
    ordered = sorted(counted.items(), key=lambda pair: (-pair[1], *pair[0]))
    return [[facet.column, value, count] for (_, value), count in ordered[: facet.top]]


def _count_between(known: Sequence[Any], low: float, high: float) -> int:
    if any(isinstance(item, Decimal) for item in known):  # compared exactly, with what was written
        ends = [decimal_of(end) if isinstance(end, float) else end for end in (low, high)]
        return sum(ends[0] <= item <= ends[1] for item in known)
    return sum(low <= item <= high for item in known)


def _kind(value: object) -> str:
    """What a value can be compared with: false before true, then numbers, then the rest by type."""
    if isinstance(value, (bool, int, float, Decimal)):
        return "" if isinstance(value, bool) else "0"
    if isinstance(value, (date, FarTime)):
        return "date"
    return type(value).__name__
