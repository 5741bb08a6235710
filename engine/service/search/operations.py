"""Queries of a workspace: the operations, one method each. Knows what a query needs; not ranking."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from engine.core.query import DEFAULT_RESULTS, PAGE_ROWS, Query
from engine.core.query_request import QueryRequest
from engine.core.schema import IndexSpec
from engine.service.indexes.operations import Indexes
from engine.service.inspection.recent import AnsweredQuery, RecentQueries, in_short
from engine.service.search.answer import answer, ranked
from engine.service.search.batch import search_batch
from engine.service.search.checking.checked import CheckedQueries
from engine.service.search.hits import Timings
from engine.service.search.paging import PageRequest, Pages
from engine.service.search.reranking import RerankerChoice
from engine.service.search.scan import rows_after, scan
from engine.service.serving.endpoint_models import encode_query
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.settings import Settings
from engine.store.indexes.versions import Version
from engine.store.layout import Layout

if TYPE_CHECKING:
    import numpy.typing as npt


class Queries:
    """What answers queries of a workspace's indexes. Safe to use from many threads.

    Attributes:
        recent: the last queries, for whoever looks at how they were answered.
    """

    def __init__(
        self,
        layout: Layout,
        settings: Settings,
        indexes: Indexes,
        serving: ServingEndpoints,
        rerankers: RerankerChoice,
    ) -> None:
        self.recent: Final = RecentQueries()
        self._settings, self._indexes = settings, indexes
        self._serving, self._rerankers = serving, rerankers
        self._checked = CheckedQueries(settings.strict_filters, settings.strict_inputs)
        self._pages = Pages(layout)

    def query(self, request: QueryRequest) -> dict[str, Any]:
        """The API's query: a reply with manifest, result and the next page's token.

        Raises:
            NotFound, BadRequest, InvalidParameterValue: as the API refuses.
        """
        spec, _, version = self._indexes.version_of(request.name)
        query = self._checked.of(request, spec, version.columns)
        timings = Timings()
        if query.needs_encoding:
            query = self._encoded(query, spec, version, timings)
        reply = self._answer(PageRequest(spec, version, request, query), timings)
        self.recent.add(_answered(request, query, timings, reply["result"]["row_count"]))
        return reply

    def next_page(self, name: str, page_token: str) -> dict[str, Any]:
        """The page that a reply's `next_page_token` stands for, of the version that was queried.

        Raises:
            NotFound: no such index. InvalidParameterValue: not a token of this index, or its version
                is gone; the service's text.
        """
        spec, versions = self._indexes.open_served(name)
        return self._answer(self._pages.read(page_token, spec, versions), Timings())

    def rows(
        self, request: Callable[[list[str]], QueryRequest], name: str
    ) -> tuple[IndexSpec, Version, list[str], list[tuple[Any, ...]]]:
        """All results of a query, with every column of the index, as they are stored.

        Args:
            request: the query, from the names of the index's columns.

        Returns:
            the index, the version that was searched, the columns, and for each result its values
            and its score.

        Raises:
            NotFound, BadRequest, InvalidParameterValue: as the API refuses.
        """
        spec, _, version = self._indexes.version_of(name)
        columns = list(version.columns)
        query = request(columns).checked(spec, version.columns, self._settings.strict_filters)
        timings = Timings()
        if query.needs_encoding:
            query = self._encoded(query, spec, version, timings)
        found = ranked(version, query, self._rerankers, timings)
        starts = range(0, len(found), PAGE_ROWS)
        rows = [row for at in starts for row in found.page(version, columns, at)]
        return spec, version, columns, rows

    def _encoded(self, query: Query, spec: IndexSpec, version: Version, timings: Timings) -> Query:
        """The query with the vector of its text."""
        started = time.perf_counter()
        vector = encode_query(self._serving, spec, version, query.text)
        timings.encode_ms = 1000 * (time.perf_counter() - started)
        return query.with_vector(vector)

    def _answer(self, page: PageRequest, timings: Timings) -> dict[str, Any]:
        as_floats = self._settings.integers_as_floats
        return answer(page, self._pages, self._rerankers, timings, as_floats)

    def scan(
        self, name: str, num_results: int = 10, last_primary_key: object = None
    ) -> dict[str, Any]:
        """Rows in the order of their keys, with every stored column; see `scan.scan`.

        Raises:
            NotFound, BadRequest, InvalidParameterValue: as the API refuses.
        """
        spec, _, version = self._indexes.version_of(name)
        return scan(spec, version, num_results, last_primary_key)

    def scan_rows(
        self, name: str, num_results: int = 10, last_primary_key: object = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """As `scan`, with values as they are stored; see `scan.rows_after`."""
        spec, _, version = self._indexes.version_of(name)
        return rows_after(spec, version, num_results, last_primary_key)

    def batch(
        self,
        name: str,
        *,
        query_vectors: npt.ArrayLike,
        columns: Sequence[str],
        filters: object = None,
        num_results: int = DEFAULT_RESULTS,
        exact: bool = False,
    ) -> list[list[dict[str, Any]]]:
        """Many queries at once, faster than one by one. Not part of the mirrored API.

        Args:
            query_vectors: (m, dimension) finite numbers. filters: one filter for all.

        Returns:
            for each query its rows as dicts of the columns and `score`, best first.

        Raises:
            NotFound, BadRequest, InvalidParameterValue: as `query_index`.
        """
        spec, _, version = self._indexes.version_of(name)
        request = QueryRequest(
            name, columns=columns, filters=filters, num_results=num_results, exact=exact
        )
        return search_batch(spec, version, query_vectors, request)


def _answered(request: QueryRequest, query: Query, timings: Timings, found: int) -> AnsweredQuery:
    return AnsweredQuery(
        time.time(),
        request.name,
        in_short(request.query_text),
        query.query_type,
        in_short(request.filters),
        False,
        found,
        timings.parts(),
        timings.plans,
        "api",
    )
