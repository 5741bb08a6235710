"""Queries checked; what is asked again and again, such as columns, once for a version of an index.

Knows requests and columns; not how queries are answered.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from engine.core.arrays import checked_vector
from engine.core.filters.tree import Node
from engine.core.query import Query
from engine.core.query_request import QueryRequest, parse_filters
from engine.core.schema import Columns, IndexSpec

_KEPT = 64  # shapes of queries, and filters of each
_SINGLE = frozenset({str, int, float, bool})


class CheckedQueries:
    """The queries of a workspace's indexes by vector. Safe to use from many threads."""

    def __init__(self, strict: bool, strict_inputs: bool) -> None:
        """
        Args:
            strict, strict_inputs: see `QueryRequest.checked`.
        """
        self._strict, self._strict_inputs = strict, strict_inputs
        self._kept: dict[tuple[Any, ...], _Kept] = {}

    def of(self, request: QueryRequest, spec: IndexSpec, known: Columns) -> Query:
        """As `QueryRequest.checked`, which it raises as, too."""
        shape = _shape(request)
        found = self._kept.get(shape) if shape is not None else None
        if found is not None and found.spec is spec and found.known is known:
            vector = checked_vector(request.query_vector, spec.dimension, spec.name)
            if len(vector):
                return found.query.alike(vector, self._condition(request, found))
        query = request.checked(spec, known, self._strict, self._strict_inputs)
        if shape is not None:
            if len(self._kept) >= _KEPT:
                self._kept = {}
            self._kept[shape] = _Kept(spec, known, query.alike(query.vector[:0], None), {})
        return query

    def _condition(self, request: QueryRequest, kept: _Kept) -> Node | None:
        filters, text = request.filters, request.filter_string
        if filters is None and text is None:
            return None
        words = None if text is not None else _words(filters)
        seen = kept.conditions.get(words) if words is not None else None
        if seen is not None:
            return seen
        condition = parse_filters(filters, text, kept.known, kept.spec, self._strict)
        if words is not None and condition is not None:
            if len(kept.conditions) >= _KEPT:
                kept.conditions.clear()
            kept.conditions[words] = condition
        return condition


class _Kept(NamedTuple):
    """What was checked, against which columns, and its filters that were seen."""

    spec: IndexSpec
    known: Columns
    query: Query
    conditions: dict[tuple[Any, ...], Node]


def _words(filters: object) -> tuple[Any, ...] | None:
    """All that a dict of single values says, 1 apart from 1.0 and True; None for other filters."""
    if type(filters) is not dict or not _SINGLE.issuperset(map(type, filters.values())):
        return None
    return (*filters, *filters.values(), *map(type, filters.values()))


def _shape(request: QueryRequest) -> tuple[Any, ...] | None:
    """What a query by vector says beside its vector and filter; None where it isn't kept.

    Values of other types than are expected are not kept: True would pass for 1.
    """
    columns, threshold, kind = request.columns, request.score_threshold, request.query_type
    numbers, exact = (request.num_results, request.debug_level), request.exact
    if (
        (type(columns) is not list and type(columns) is not tuple)
        or type(numbers[0]) is not int
        or type(numbers[1]) is not int
        or type(exact) is not bool
        or (threshold is not None and type(threshold) is not float)
        or (kind is not None and (type(kind) is not str or kind != "ANN"))
        or request.query_text is not None
        or request.query_columns is not None
        or request.sort_columns is not None
        or request.facets is not None
        or request.reranker is not None
        or request.columns_to_rerank is not None
    ):
        return None
    shape = (request.name, *numbers, threshold, exact, *columns)
    try:
        hash(shape)
    except TypeError:  # no name of a column
        return None
    return shape
