"""Queries of a workspace: the operations, one method each. Knows what a query needs; not ranking."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.core.query import DEFAULT_RESULTS, Query, build_query
from engine.core.reply import decode_token, encode_token, invalid_token
from engine.core.schema import IndexSpec
from engine.errors import BadRequest
from engine.service.indexes.operations import Indexes
from engine.service.search.answer import answer, page_state, vector_of_token
from engine.service.search.batch import search_batch
from engine.service.search.nearest import Timings
from engine.service.search.paging import Ranking, Rankings
from engine.service.search.reranking import rerank
from engine.service.search.scan import scan
from engine.service.sync.encoded_texts import encode_query
from engine.store.indexes.versions import Version
from engine.store.secret import workspace_secret

if TYPE_CHECKING:
    import numpy.typing as npt


class Queries(Indexes):
    """The part of a workspace that answers; see `Workspace`."""

    def query_index(
        self,
        name: str,
        *,
        columns: Sequence[str],
        query_vector: Sequence[float] | None = None,
        query_text: str | None = None,
        filters: object = None,
        filter_string: str | None = None,
        num_results: int = DEFAULT_RESULTS,
        score_threshold: float | None = None,
        query_type: str | None = None,
        debug_level: int = 0,
        query_columns: Sequence[str] | None = None,
        sort_columns: Sequence[str] | None = None,
        facets: Sequence[str] | None = None,
        reranker: Mapping[str, Any] | None = None,
        columns_to_rerank: Sequence[str] | None = None,
        exact: bool = False,
    ) -> dict[str, Any]:
        """The API's query: a reply with manifest, result and the next page's token.

        Args:
            query_type: ANN (default), HYBRID or FULL_TEXT, in any letter case.
            filters: a dict or a list of dicts; filter_string: text. Both are joined by AND.
            query_columns: text columns whose words count; all of them where none is named.
            sort_columns: `"column ASC"` or `"column DESC"`; sorts the rows that were found.
            facets: `"column"`, `"column TOP n"` or `"column BUCKETS [[from,to],...]"`.
            reranker: `{"model", "model_type", "parameters": {"columns_to_rerank"}}`.
            exact: look at every row that passes, instead of the likely ones first; this engine's own.

        Raises:
            NotFound, BadRequest, InvalidParameterValue: as the API refuses.
        """
        request: dict[str, Any] = {
            "text": query_text,
            "filters": filters,
            "filter_string": filter_string,
            "columns": columns,
            "num_results": num_results,
            "score_threshold": score_threshold,
            "query_type": query_type,
            "debug_level": debug_level,
            "query_columns": query_columns,
            "sort_columns": sort_columns,
            "facets": facets,
            "reranker": reranker,
            "columns_to_rerank": columns_to_rerank,
            "exact": exact,
        }
        spec, _, version = self.version_of(name)
        strict = self.settings.strict_filters
        query = build_query(spec, version.columns, vector=query_vector, strict=strict, **request)
        return self._answer(spec, version, query, request, 0)

    def query_next_page(self, name: str, page_token: str) -> dict[str, Any]:
        """The page that a reply's `next_page_token` stands for, of the version that was queried.

        Raises:
            NotFound: no such index. InvalidParameterValue: not a token of this index, or its version
                is gone; the service's text.
        """
        spec, versions = self.catalog.open(name)
        self.catalog.endpoints.refuse_stopped(spec.endpoint_name)
        state = decode_token(page_token, self._secret)
        try:
            if state["index"] != spec.id:
                raise KeyError("index")
            version = versions.get(state["version"])
            # Only ANN has more pages than one; the vector stands for the text that was encoded.
            request = {**state["request"], "text": None}
            vector = vector_of_token(state).tolist()
            query = build_query(spec, version.columns, vector=vector, **request)
            offset, ranking = int(state["offset"]), str(state.get("ranking"))
        except (KeyError, ValueError, TypeError, FileNotFoundError, BadRequest):
            raise invalid_token(page_token) from None
        return self._answer(spec, version, query, request, offset, self._rankings.get(ranking))

    def _answer(
        self,
        spec: IndexSpec,
        version: Version,
        query: Query,
        request: Mapping[str, Any],
        offset: int,
        known: Ranking | None = None,
    ) -> dict[str, Any]:
        timings = Timings()
        if query.needs_encoding:
            started = time.perf_counter()
            query = query.with_vector(encode_query(self, spec, version, query.text))
            timings.encode_ms = 1000 * (time.perf_counter() - started)
        state = functools.cache(lambda: page_state(spec, version, query, request))
        return answer(
            version,
            query,
            timings,
            lambda *given: rerank(self, spec, *given),
            offset=offset,
            next_token=lambda start: encode_token({**state(), "offset": start}, self._secret),
            integers_as_floats=self.settings.integers_as_floats,
            known=known,
            keep=lambda ranking: self._rankings.put(state()["ranking"], ranking),
        )

    @functools.cached_property
    def _rankings(self) -> Rankings:
        return Rankings()

    @functools.cached_property
    def _secret(self) -> bytes:
        return workspace_secret(self._layout)

    def scan_index(
        self, name: str, num_results: int = 10, last_primary_key: object = None
    ) -> dict[str, Any]:
        """Rows in the order of their keys, with every stored column; see `scan.scan`.

        Raises:
            NotFound, BadRequest, InvalidParameterValue: as the API refuses.
        """
        spec, _, version = self.version_of(name)
        return scan(spec, version, num_results, last_primary_key)

    def similarity_search_batch(
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
        spec, _, version = self.version_of(name)
        return search_batch(spec, version, query_vectors, columns, filters, num_results, exact)
