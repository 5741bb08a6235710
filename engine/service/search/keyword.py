"""Rows of one version that hold a query's words, best first by BM25. Knows statistics; not files.

All numbers that scores are made of are those of the version's live rows, so that the same rows have the
same scores however they came to lie in segments. A segment's keyword index lists rows by bounds of
their scores; as many are scored exactly as are needed to be sure of the best.
"""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np

from engine.core.arrays import Rows, kth_greatest
from engine.core.query import Query
from engine.core.ranking.bm25 import Scores, Term, idf
from engine.core.ranking.sorting import first_places, sorted_places
from engine.core.rows import RowSet
from engine.service.search.hits import Hit, Timings, fetch
from engine.service.search.nearest import allowed_rows
from engine.store.indexes.versions import Version
from engine.store.segments.inverted_index import tokens
from engine.store.segments.texts import SegmentTexts

_GATHER_ROWS = 512  # so few allowed rows are scored without asking the index
_GATHER_SHARE = 1 / 16  # and this share of those that hold a word
_FIRST_LIST = 256  # rows that the index lists at first
_GROWTH = 4  # of a list that was too short
_NONE: Rows = np.empty(0, dtype=np.int64)


def find_by_words(version: Version, query: Query, timings: Timings) -> list[Hit]:
    """The best of the allowed rows that hold a word of `query.text`; ties by primary key.

    Returns:
        at most `query.num_results` hits whose `score` is BM25, summed over `query.text_columns`, and
        at least `query.score_threshold`; `cosine` is None.
    """
    started, filtered = time.perf_counter(), timings.filter_ms
    terms = _terms(version, query)
    best: list[tuple[float, Any, int, int]] = []  # the score negated, so that the best come first
    for number, allowed in enumerate(_allowed(version, query, timings) if terms else ()):
        words = version.parts[number].segment.texts
        full = len(best) == query.num_results
        floor = max(query.score_threshold, -best[-1][0] if full else -math.inf)
        found = _best(words, terms, allowed, query.num_results, floor)
        keys = version.parts[number].segment.keys_of(found.rows)
        best += zip((-found.scores).tolist(), keys, repeat(number), found.rows.tolist())
        best = heapq.nsmallest(query.num_results, best)
        timings.plans += (found.way,)
    timings.words_ms += _milliseconds(started) - (timings.filter_ms - filtered)
    return [Hit(part, row, key, -score, None) for score, key, part, row in best]


def matching(version: Version, query: Query, timings: Timings) -> list[Rows]:
    """All allowed rows that hold a word, for each part of the version, ascending."""
    started, filtered = time.perf_counter(), timings.filter_ms
    terms = _terms(version, query)
    if not terms:
        return [_NONE] * len(version.parts)
    out = []
    for part, allowed in zip(version.parts, _allowed(version, query, timings)):
        words = part.segment.texts
        here, most = words.terms_here(terms)
        if allowed is not None and _is_gathered(allowed, most):
            rows = allowed.rows()
            out.append(rows[words.scores(here, rows) > 0])
        else:
            rows = np.sort(words.best(here, most)[0]) if here else _NONE
            out.append(rows if allowed is None else rows[allowed.holds(rows)])
    timings.words_ms += _milliseconds(started) - (timings.filter_ms - filtered)
    return out


def find_sorted(version: Version, query: Query, timings: Timings) -> list[Hit]:
    """All of the allowed rows that hold a word, in the order of `query.sort`; the first of them.

    Rows that are equal there come best first, ties by primary key.

    Returns:
        as `find_by_words`.
    """
    found = matching(version, query, timings)
    started = time.perf_counter()
    parts, rows, scores = _scored_rows(version, query, found)
    timings.words_ms += _milliseconds(started)
    values = fetch(version, parts, rows, [clause.column for clause in query.sort])
    hits = []
    for place in first_places(query.sort, values, query.num_results):
        part, row = int(parts[place]), int(rows[place])
        [key] = version.parts[part].segment.keys_of(rows[place : place + 1])
        hits.append((Hit(part, row, key, float(scores[place]), None), place))
    hits.sort(key=lambda pair: (-pair[0].score, pair[0].key))
    of_hits = [[column[place] for _, place in hits] for column in values]
    timings.plans += (f"sorted {len(rows):,} rows that hold a word",)
    return [hits[place][0] for place in sorted_places(query.sort, of_hits)][: query.num_results]


def _scored_rows(
    version: Version, query: Query, found: Sequence[Rows]
) -> tuple[Rows, Rows, Scores]:
    """Part, row and exact score of rows that reach the query's threshold, (n,) each.

    Args:
        found: rows of each part of the version.
    """
    terms = _terms(version, query)
    parts, rows, scores = [_NONE], [_NONE], [np.empty(0)]
    for number, of_part in enumerate(found):
        words = version.parts[number].segment.texts
        here, _ = words.terms_here(terms)
        of_rows = words.scores(here, of_part)
        good = of_rows >= query.score_threshold
        rows.append(of_part[good])
        scores.append(of_rows[good])
        parts.append(np.full(len(rows[-1]), number, dtype=np.int64))
    return np.concatenate(parts), np.concatenate(rows), np.concatenate(scores)


def _milliseconds(started: float) -> float:
    return 1000 * (time.perf_counter() - started)


def _allowed(version: Version, query: Query, timings: Timings) -> list[RowSet | None]:
    """For each part its allowed rows; None for all."""
    started = time.perf_counter()
    out = [allowed_rows(version, part, query) for part in version.parts]
    timings.filter_ms += _milliseconds(started)
    return out


def _terms(version: Version, query: Query) -> list[Term]:
    """The query's tokens in each column where a live row holds them."""
    wanted = list(dict.fromkeys(tokens(query.text)))
    parts = [(part.segment.texts, part.delete_bitmap) for part in version.parts] if wanted else []
    for words, _ in parts:
        words.check_sizes()
    rows, out = version.rows, []
    for column in query.text_columns if parts else ():
        having = [(words, deleted) for words, deleted in parts if column in words.columns]
        held = {
            token: sum(words.holding(column, token, deleted) for words, deleted in having)
            for token in wanted
        }
        if any(held.values()):
            average = sum(words.length(column, deleted) for words, deleted in having) / rows
            out += [Term(column, t, idf(rows, n), average) for t, n in held.items() if n]
    return out


# ---------------------------------------------------------------------- one segment
@dataclass(frozen=True)
class _Found:
    """Rows of one segment with their exact scores, and how they were found."""

    rows: Rows
    scores: Scores
    way: str


def _is_gathered(allowed: RowSet, holding: int) -> bool:
    """Whether to score all allowed rows, because they are few."""
    return allowed.count <= max(_GATHER_ROWS, _GATHER_SHARE * holding)


def _best(
    words: SegmentTexts, terms: Sequence[Term], allowed: RowSet | None, k: int, floor: float
) -> _Found:
    """Rows that hold the best k of a segment's allowed rows, ties of the k-th included.

    Args:
        floor: rows with a lower score are not wanted.
    """
    here, most = words.terms_here(terms)
    if allowed is not None and _is_gathered(allowed, most):
        rows = allowed.rows()
        scores = words.scores(here, rows)
        way = f"keyword gather: {len(rows):,} rows match the filter"
        return _chosen(rows, scores, max(floor, math.ulp(0.0)), way)
    if not here:
        return _Found(_NONE, np.empty(0), "keyword index: no row holds a word")
    mask = None if allowed is None else allowed.mask()
    share = 1.0 if allowed is None else allowed.count / allowed.total
    limit = int(max(_FIRST_LIST, 4 * k) / share)
    while True:
        rows, bounds = words.best(here, min(limit, most))
        lowest = bounds[-1] if len(rows) and len(rows) >= limit else -math.inf
        if mask is not None:
            kept = mask[rows]
            rows, bounds = rows[kept], bounds[kept]
        scores, bar = _scored(words, here, rows, bounds, k, floor)
        if lowest < bar or limit >= most:
            way = f"keyword index: {len(scores):,} of {len(rows):,} rows scored"
            return _chosen(rows[: len(scores)], scores, bar, way)
        limit *= _GROWTH


def _scored(
    words: SegmentTexts, terms: Sequence[Term], rows: Rows, bounds: Scores, k: int, floor: float
) -> tuple[Scores, float]:
    """Exact scores of as much of a list as can reach its best k.

    Args:
        bounds: what the rows' scores can't exceed, greatest first.

    Returns:
        scores of the first rows; and the score that a row must have to be among the best k.
    """
    scores = words.scores(terms, rows[: 2 * k])
    bar = max(floor, kth_greatest(scores, k))
    needed = int(np.searchsorted(-bounds, -bar, side="right"))
    if needed > len(scores):
        scores = np.concatenate([scores, words.scores(terms, rows[len(scores) : needed])])
        bar = max(floor, kth_greatest(scores, k))
    return scores, bar


def _chosen(rows: Rows, scores: Scores, bar: float, way: str) -> _Found:
    good = scores >= bar
    return _Found(rows[good], scores[good], way)
