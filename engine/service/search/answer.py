"""The one way a query is answered: rank, rerank, sort, count, cut a page, fetch, reply.

Knows the order of these steps; not how rows are found or fetched.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.core.assumptions import FUSED_ROWS, RERANKED_ROWS
from engine.core.query import Query
from engine.core.ranking.facets import count_facet
from engine.core.ranking.fusion import reciprocal_rank_fusion
from engine.core.ranking.sorting import sorted_places
from engine.core.reply import reply, sent_values, sent_values_exactly
from engine.service.search.hits import Hit, Timings, fetch, places
from engine.service.search.keyword import find_by_words, find_sorted, matching
from engine.service.search.nearest import find_nearest
from engine.service.search.paging import PageRequest, Pages, Ranking
from engine.service.search.reranking import RerankerChoice, rerank
from engine.store.indexes.versions import Version


def answer(
    page: PageRequest,
    pages: Pages,
    rerankers: RerankerChoice,
    timings: Timings,
    integers_as_floats: bool = True,
) -> dict[str, Any]:
    """One page of the API's reply.

    Args:
        pages: what keeps the ranking that later pages are cut from.
        timings: with the time that encoding took; the rest is added.
    """
    version, query = page.version, page.query
    ranking = pages.ranking_of(page)
    if ranking is None:
        ranking = ranked(version, query, rerankers, timings)
        pages.keep(page, ranking)
    started = time.perf_counter()
    form = sent_values if integers_as_floats else sent_values_exactly
    rows = ranking.page(version, query.columns, page.offset, form)
    timings.fetch_ms += 1000 * (time.perf_counter() - started)
    out = reply(
        query.columns,
        rows,
        next_page_token=pages.token_after(page, ranking),
        facets=ranking.facets,
    )
    if query.debug_level >= 1:
        out["debug_info"] = _debug_info(query, ranking, timings)
    return out


def ranked(version: Version, query: Query, rerankers: RerankerChoice, timings: Timings) -> Ranking:
    """All results of a query in the order of its pages, and their facets where asked for."""
    hits = _hits(version, query, rerankers, timings)
    facets = _facets(version, query, hits, timings) if query.facets else None
    return Ranking.of(hits, facets, timings.plans, timings.warnings)


def _hits(version: Version, query: Query, rerankers: RerankerChoice, timings: Timings) -> list[Hit]:
    """The results of a query in their order; FULL_TEXT sorts all rows that match, others the best."""
    if query.reranking is not None:
        hits = _reranked(version, query, rerankers, timings)
    elif query.sort and query.query_type == "FULL_TEXT":
        return find_sorted(version, query, timings)
    else:
        hits = first_ranking(version, query, timings, with_cosines=False)
    if not query.sort:
        return hits
    keys = fetch(version, *places(hits), [clause.column for clause in query.sort])
    return [hits[place] for place in sorted_places(query.sort, keys)]


def first_ranking(
    version: Version, query: Query, timings: Timings, with_cosines: bool = True
) -> list[Hit]:
    """The best rows of a query by its type: nearest, found by words, or both."""
    if query.query_type == "ANN":
        return find_nearest(version, query, timings, with_cosines)
    if query.query_type == "FULL_TEXT":
        return find_by_words(version, query, timings)
    return _hybrid(version, query, timings)


def _hybrid(version: Version, query: Query, timings: Timings) -> list[Hit]:
    """The nearest rows and those that the words find, fused by reciprocal rank."""
    wide = replace(query, num_results=FUSED_ROWS, score_threshold=0.0)
    near = find_nearest(version, wide, timings)
    worded = find_by_words(version, wide, timings)
    by_key = {hit.key: hit for hit in [*worded, *near]}  # a cosine is kept where there is one
    fused = reciprocal_rank_fusion([[hit.key for hit in near], [hit.key for hit in worded]])
    return [
        by_key[key]._replace(score=score)
        for key, score in fused[: query.num_results]
        if score >= query.score_threshold
    ]


def _reranked(
    version: Version, query: Query, rerankers: RerankerChoice, timings: Timings
) -> list[Hit]:
    """The first rows of the first ranking, in the reranker's order; no others are returned."""
    wide = replace(query, num_results=RERANKED_ROWS)
    first = first_ranking(version, wide, timings)
    if query.num_results > RERANKED_ROWS:
        timings.plans += (f"only the first {RERANKED_ROWS} rows are reranked and returned",)
    started = time.perf_counter()
    hits = rerank(rerankers, version, query, first, timings)[: query.num_results]
    timings.rerank_ms += 1000 * (time.perf_counter() - started)
    return hits


def _facets(
    version: Version, query: Query, hits: Sequence[Hit], timings: Timings
) -> list[list[Any]]:
    """Facets of all rows that the words find (FULL_TEXT), else of the rows that were found."""
    parts, rows = places(hits)
    if query.query_type == "FULL_TEXT" and query.reranking is None:
        found = matching(version, query, timings)
        counts = np.array([len(of_part) for of_part in found], dtype=np.int64)
        parts = np.repeat(np.arange(len(found)), counts)
        rows = np.concatenate(found) if found else rows
    columns = fetch(version, parts, rows, [facet.column for facet in query.facets])
    counted = [count_facet(facet, values) for facet, values in zip(query.facets, columns)]
    return [entry for entries in counted for entry in entries]


def _debug_info(query: Query, ranking: Ranking, timings: Timings) -> dict[str, Any]:
    parts = {
        "embedding_gen_time": timings.encode_ms,
        "filter_time": timings.filter_ms,
        "ann_time": timings.search_ms,
        "keyword_time": timings.words_ms,
        "reranker_time": timings.rerank_ms,
        "fetch_time": timings.fetch_ms,
    }
    used = {"ann_time", "filter_time", "fetch_time"}
    used |= {"keyword_time"} if query.query_type != "ANN" else set()
    used |= {"embedding_gen_time"} if timings.encode_ms else set()
    used |= {"reranker_time"} if query.reranking is not None else set()
    info: dict[str, Any] = {"response_time": sum(parts.values())}
    if query.query_type == "FULL_TEXT":  # the service names the search by words so too
        parts["ann_time"] = timings.words_ms
    info |= {name: value for name, value in parts.items() if name in used}
    info["plan"] = list(ranking.plans)
    if ranking.warnings:
        info["warnings"] = list(ranking.warnings)
    return info
