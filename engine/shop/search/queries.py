"""The query that a search is to its index, checked. Knows requests and columns; not rankings.

What searches say again and again, such as their columns, is checked once for a version of an index.
"""

from __future__ import annotations

from typing import Any

from engine.core.arrays import checked_vector
from engine.core.query import MAX_RANKED_RESULTS, MAX_RESULTS, Query, QueryType
from engine.core.query_request import QueryRequest, parse_filters
from engine.core.schema import Columns, IndexSpec
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.search.parts import usual_columns
from engine.shop.search.query_vector import QueryVector
from engine.shop.search.request import SearchRequest

COUNTED = MAX_RANKED_RESULTS  # of the best rows at least, for facets
_KEPT = 32  # shapes of queries
_Of = tuple[IndexSpec, Columns, Catalogue]  # what a query was checked against


class SearchQueries:
    """The queries of a workspace's searches. Safe to use from many threads."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, ...], tuple[_Of, Query]] = {}

    def of(
        self,
        request: SearchRequest,
        kind: QueryType,
        sought: QueryVector,
        spec: IndexSpec,
        known: Columns,
        catalogue: Catalogue,
    ) -> Query:
        """The checked query; products that it is made of are found too, and left out afterwards.

        Args:
            known: the index's columns.

        Raises:
            BadRequest, InvalidParameterValue: as the API's query.
        """
        shape = _shape(request, kind, spec.name)
        checked_for, kept = self._kept.get(shape, (None, None)) if shape else (None, None)
        if kept is not None and checked_for is not None:
            spec_then, known_then, catalogue_then = checked_for
            if spec_then is spec and known_then is known and catalogue_then is catalogue:
                vector = checked_vector(sought.values, spec.dimension, spec.name)
                if len(vector):
                    return kept.alike(vector, parse_filters(request.filters, None, known))
        query = _checked(request, kind, sought, spec, known, catalogue)
        if shape:
            if len(self._kept) >= _KEPT:
                self._kept = {}
            self._kept[shape] = (spec, known, catalogue), query.alike(query.vector, None)
        return query


def _shape(request: SearchRequest, kind: QueryType, index: str) -> tuple[Any, ...] | None:
    """What a search says beside its vector and filter; None where it isn't kept."""
    columns = request.columns
    if kind != "ANN" or request.facets or not (columns is None or type(columns) in (list, tuple)):
        return None
    exact = bool(request.exact or request.leads_away)
    shape = (index, request.k, request.offset, request.left_out, exact, *(columns or ()))
    try:
        hash(shape)
    except TypeError:  # no name of a column
        return None
    return shape


def _checked(
    request: SearchRequest,
    kind: QueryType,
    sought: QueryVector,
    spec: IndexSpec,
    known: Columns,
    catalogue: Catalogue,
) -> Query:
    most = MAX_RESULTS if kind == "ANN" else MAX_RANKED_RESULTS
    wanted = request.offset + request.k + 1  # one more says whether there are more
    wanted = max(wanted, COUNTED if request.facets else 0) + request.left_out
    asked = QueryRequest(
        spec.name,
        columns=list(request.columns or usual_columns(spec, known, catalogue)),
        query_vector=sought.values,
        query_text=None if kind == "ANN" else request.text,
        query_type=kind,
        filters=request.filters,
        num_results=min(wanted, most),
        exact=request.exact or request.leads_away,
        facets=request.facets,
    )
    return asked.checked(spec, known)
