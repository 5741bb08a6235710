"""Queries of a workspace: the operations, one method each. Knows what a query needs; not ranking."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.core.query import DEFAULT_RESULTS, Query, QueryRequest
from engine.core.reply import decode_token, encode_token, invalid_token
from engine.core.schema import IndexSpec
from engine.errors import BadRequest
from engine.service.indexes.operations import Indexes
from engine.service.search.answer import answer, page_state, request_of_token
from engine.service.search.batch import search_batch
from engine.service.search.nearest import Timings
from engine.service.search.paging import Ranking, Rankings
from engine.service.search.reranking import RerankerChoice, rerank
from engine.service.search.scan import scan
from engine.service.serving.endpoint_models import encode_query
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.settings import Settings
from engine.store.indexes.versions import Version
from engine.store.layout import Layout
from engine.store.secret import workspace_secret

if TYPE_CHECKING:
    import numpy.typing as npt


class Queries:
    """What answers queries of a workspace's indexes. Safe to use from many threads."""

    def __init__(
        self,
        layout: Layout,
        settings: Settings,
        indexes: Indexes,
        serving: ServingEndpoints,
        rerankers: RerankerChoice,
    ) -> None:
        self._layout, self._settings = layout, settings
        self._indexes, self._serving, self._rerankers = indexes, serving, rerankers

    def query(self, request: QueryRequest) -> dict[str, Any]:
        """The API's query: a reply with manifest, result and the next page's token.

        Raises:
            NotFound, BadRequest, InvalidParameterValue: as the API refuses.
        """
        spec, _, version = self._indexes.version_of(request.name)
        query = request.checked(spec, version.columns, self._settings.strict_filters)
        return self._answer(spec, version, query, request, 0)

    def next_page(self, name: str, page_token: str) -> dict[str, Any]:
        """The page that a reply's `next_page_token` stands for, of the version that was queried.

        Raises:
            NotFound: no such index. InvalidParameterValue: not a token of this index, or its version
                is gone; the service's text.
        """
        spec, versions = self._indexes.open_served(name)
        state = decode_token(page_token, self._secret)
        try:
            if state["index"] != spec.id:
                raise KeyError("index")
            version = versions.get(state["version"])
            request = request_of_token(name, state)
            # Only ANN has more pages than one; the vector stands for the text that was encoded.
            query = replace(request, query_text=None).checked(spec, version.columns)
            offset, ranking = int(state["offset"]), str(state.get("ranking"))
        except (KeyError, ValueError, TypeError, FileNotFoundError, BadRequest):
            raise invalid_token(page_token) from None
        return self._answer(spec, version, query, request, offset, self._rankings.get(ranking))

    def _answer(
        self,
        spec: IndexSpec,
        version: Version,
        query: Query,
        request: QueryRequest,
        offset: int,
        known: Ranking | None = None,
    ) -> dict[str, Any]:
        timings = Timings()
        if query.needs_encoding:
            started = time.perf_counter()
            query = query.with_vector(encode_query(self._serving, spec, version, query.text))
            timings.encode_ms = 1000 * (time.perf_counter() - started)
        state = functools.cache(lambda: page_state(spec, version, query, request))
        return answer(
            version,
            query,
            timings,
            lambda *given: rerank(self._rerankers, *given),
            offset=offset,
            next_token=lambda start: encode_token({**state(), "offset": start}, self._secret),
            integers_as_floats=self._settings.integers_as_floats,
            known=known,
            keep=lambda ranking: self._rankings.put(state()["ranking"], ranking),
        )

    @functools.cached_property
    def _rankings(self) -> Rankings:
        return Rankings()

    @functools.cached_property
    def _secret(self) -> bytes:
        return workspace_secret(self._layout)

    def scan(
        self, name: str, num_results: int = 10, last_primary_key: object = None
    ) -> dict[str, Any]:
        """Rows in the order of their keys, with every stored column; see `scan.scan`.

        Raises:
            NotFound, BadRequest, InvalidParameterValue: as the API refuses.
        """
        spec, _, version = self._indexes.version_of(name)
        return scan(spec, version, num_results, last_primary_key)

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
        return search_batch(spec, version, query_vectors, columns, filters, num_results, exact)
