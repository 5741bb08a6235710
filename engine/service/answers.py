"""Query to reply: rank, rerank, sort, count, fetch, page. Knows replies; not how rows are found."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.core.arrays import Vector
from engine.core.assumptions import FUSED_ROWS, RERANKED_ROWS
from engine.core.facets import count_facet
from engine.core.fusion import reciprocal_rank_fusion
from engine.core.query import PAGE_ROWS, Query
from engine.core.reply import encode_token, reply
from engine.core.schema import IndexSpec
from engine.core.sorting import sorted_places
from engine.service.keyword_search import find_by_words, matching
from engine.service.search import Hit, Timings, fetch, find
from engine.store.versions import Version

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
) -> dict[str, Any]:
    """One page of the API's reply.

    Args:
        query: with its vector, where it needs one.
        rerank: ranks rows a second time, for queries that ask for it.
        offset: rows that earlier pages have returned.
        next_token: the token of the page that starts at an offset.
    """
    hits = ranked(version, query, timings, rerank)
    counted = _facet_result(version, query, hits, timings) if query.facets else None
    if query.sort:
        keys = [list(column) for column in zip(*fetch(version, hits, _sort_columns(query)))]
        hits = [hits[place] for place in sorted_places(query.sort, keys)] if hits else []
    page = hits[offset : offset + PAGE_ROWS]
    started = time.perf_counter()
    rows = [[*values, hit.score] for values, hit in zip(fetch(version, page, query.columns), page)]
    timings.fetch_ms += 1000 * (time.perf_counter() - started)
    token = next_token(offset + PAGE_ROWS) if offset + PAGE_ROWS < len(hits) else ""
    out = reply(
        query.columns,
        rows,
        next_page_token=token,
        integers_as_floats=integers_as_floats,
        facets=counted,
    )
    if query.debug_level >= 1:
        out["debug_info"] = _debug_info(query, timings)
    return out


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
def page_token(
    spec: IndexSpec,
    version: Version,
    query: Query,
    request: Mapping[str, Any],
    offset: int,
    secret: bytes,
) -> str:
    """The token of the page of a query that starts at `offset`: the whole request, signed."""
    state = {
        "index": spec.id,
        "version": version.number,
        "vector": base64.b64encode(query.vector.astype("<f4").tobytes()).decode(),
        "request": request,
        "offset": offset,
    }
    return encode_token(state, secret)


def vector_of_token(state: Mapping[str, Any]) -> Vector:
    """The query vector that a token holds."""
    vector: Vector = np.frombuffer(base64.b64decode(state["vector"]), dtype="<f4")
    return vector
