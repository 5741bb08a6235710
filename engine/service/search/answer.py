"""Query to reply: rank, rerank, sort, count, fetch, page. Knows replies; not how rows are found."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from engine.core.assumptions import FUSED_ROWS, RERANKED_ROWS
from engine.core.query import PAGE_ROWS, Query, QueryRequest
from engine.core.ranking.facets import count_facet
from engine.core.ranking.fusion import reciprocal_rank_fusion
from engine.core.ranking.sorting import sorted_places
from engine.core.reply import reply
from engine.core.schema import IndexSpec
from engine.service.search.keyword import find_by_words, matching
from engine.service.search.nearest import Hit, Timings, fetch, find
from engine.service.search.paging import Ranking
from engine.store.indexes.versions import Version

Rerank = Callable[[Version, Query, list[Hit], Timings], list[Hit]]


def answer(
    version: Version,
    query: Query,
    timings: Timings,
    rerank: Rerank,
    *,
    offset: int = 0,
    next_token: Callable[[int], str],
    integers_as_floats: bool = True,
    known: Ranking | None = None,
    keep: Callable[[Ranking], None],
) -> dict[str, Any]:
    """One page of the API's reply.

    Args:
        query: with its vector, where it needs one.
        rerank: ranks rows a second time, for queries that ask for it.
        offset: rows that earlier pages have returned.
        next_token: the token of the page that starts at an offset.
        known: the query's ranking, where an earlier page was answered here.
        keep: takes the ranking of a query that has more pages.
    """
    if known is None:
        hits, facets = _all_hits(version, query, timings, rerank)
        count, page = len(hits), hits[offset : offset + PAGE_ROWS]
        if count > PAGE_ROWS:
            keep(Ranking.of(hits, facets, timings.plans, timings.warnings))
        started = time.perf_counter()
        values = fetch(version, page, query.columns)
        rows = [[*row, hit.score] for row, hit in zip(values, page)]
    else:
        count, facets = len(known), known.facets
        timings.plans, timings.warnings = known.plans, list(known.warnings)
        started = time.perf_counter()
        rows = known.page(version, offset, PAGE_ROWS, query.columns)
    timings.fetch_ms += 1000 * (time.perf_counter() - started)
    token = next_token(offset + PAGE_ROWS) if offset + PAGE_ROWS < count else ""
    out = reply(
        query.columns,
        rows,
        next_page_token=token,
        integers_as_floats=integers_as_floats,
        facets=facets,
    )
    if query.debug_level >= 1:
        out["debug_info"] = _debug_info(query, timings)
    return out


def _all_hits(
    version: Version, query: Query, timings: Timings, rerank: Rerank
) -> tuple[list[Hit], list[list[Any]] | None]:
    """All results of a query in the order of its pages, and their facets where asked for."""
    hits = ranked(version, query, timings, rerank)
    counted = _facet_result(version, query, hits, timings) if query.facets else None
    if query.sort:
        keys = [list(column) for column in zip(*fetch(version, hits, _sort_columns(query)))]
        hits = [hits[place] for place in sorted_places(query.sort, keys)] if hits else []
    return hits, counted


def ranked(version: Version, query: Query, timings: Timings, rerank: Rerank) -> list[Hit]:
    """The rows of a query, best first, reranked where that is asked for."""
    if query.reranking is None:
        return first_ranking(version, query, timings)
    candidates = first_ranking(version, replace(query, num_results=RERANKED_ROWS), timings)
    if query.num_results > RERANKED_ROWS:
        timings.plans += (f"only the first {RERANKED_ROWS} rows are reranked and returned",)
    started = time.perf_counter()
    hits = rerank(version, query, candidates, timings)[: query.num_results]
    timings.rerank_ms += 1000 * (time.perf_counter() - started)
    return hits


def first_ranking(version: Version, query: Query, timings: Timings) -> list[Hit]:
    """The best rows of a query by its type: nearest, found by words, or both."""
    if query.query_type == "ANN":
        return find(version, query, timings)
    if query.query_type == "FULL_TEXT":
        return find_by_words(version, query, timings)
    return _find_by_both(version, query, timings)


def _find_by_both(version: Version, query: Query, timings: Timings) -> list[Hit]:
    """HYBRID: the nearest rows and those that the words find, fused by reciprocal rank."""
    wide = replace(query, num_results=FUSED_ROWS, score_threshold=0.0)
    near = find(version, wide, timings)
    worded = find_by_words(version, wide, timings)
    by_key = {hit.key: hit for hit in [*worded, *near]}  # a cosine is kept where there is one
    fused = reciprocal_rank_fusion([[hit.key for hit in near], [hit.key for hit in worded]])
    return [
        replace(by_key[key], score=score)
        for key, score in fused[: query.num_results]
        if score >= query.score_threshold
    ]


def _sort_columns(query: Query) -> list[str]:
    return [clause.column for clause in query.sort]


def _facet_result(
    version: Version, query: Query, hits: Sequence[Hit], timings: Timings
) -> list[list[Any]]:
    """Facets of all rows that the words find (FULL_TEXT), else of the rows that were found."""
    places = [(hit.part, hit.row) for hit in hits]
    if query.query_type == "FULL_TEXT" and query.reranking is None:
        found = matching(version, query, timings)
        places = [(part, row) for part, rows in enumerate(found) for row in rows.tolist()]
    by_part: dict[int, list[int]] = {}
    for part, row in places:
        by_part.setdefault(part, []).append(row)
    out = []
    for facet in query.facets:
        values: list[Any] = []
        for part, rows in by_part.items():
            segment = version.parts[part].segment
            values += segment.fetch([facet.column], np.array(rows, dtype=np.int64))[0]
        out += count_facet(facet, values)
    return out


def _debug_info(query: Query, timings: Timings) -> dict[str, Any]:
    parts = {
        "embedding_gen_time": timings.encode_ms,
        "filter_time": timings.filter_ms,
        "ann_time": timings.search_ms,
        "keyword_time": timings.words_ms,
        "reranker_time": timings.rerank_ms,
        "fetch_time": timings.fetch_ms,
    }
    used = {"filter_time", "fetch_time"}
    used |= {"ann_time"} if query.query_type != "FULL_TEXT" else set()
    used |= {"keyword_time"} if query.query_type != "ANN" else set()
    used |= {"embedding_gen_time"} if timings.encode_ms else set()
    used |= {"reranker_time"} if query.reranking is not None else set()
    info: dict[str, Any] = {"response_time": sum(parts.values())}
    info |= {name: value for name, value in parts.items() if name in used}
    info["plan"] = list(timings.plans)
    if timings.warnings:
        info["warnings"] = list(timings.warnings)
    return info


# ------------------------------------------------------------------ pages
def page_state(
    spec: IndexSpec, version: Version, query: Query, request: QueryRequest
) -> dict[str, Any]:
    """What a page token holds beside its offset: the whole request, and a name for its ranking."""
    asked = asdict(request)
    # The vector that the text was encoded to stands for what was asked with.
    del asked["query_vector"], asked["name"]
    asked["text"] = asked.pop("query_text")
    state = {
        "index": spec.id,
        "version": version.number,
        "vector": base64.b64encode(query.vector.astype("<f4").tobytes()).decode(),
        "request": asked,
    }
    text = json.dumps(state, sort_keys=True, default=str).encode()
    return {**state, "ranking": hashlib.blake2b(text, digest_size=16).hexdigest()}


def request_of_token(name: str, state: Mapping[str, Any]) -> QueryRequest:
    """The request that a token holds, with the vector that its text was encoded to."""
    vector = np.frombuffer(base64.b64decode(state["vector"]), dtype="<f4").tolist()
    asked = dict(state["request"])
    return QueryRequest(name, query_vector=vector, query_text=asked.pop("text"), **asked)
