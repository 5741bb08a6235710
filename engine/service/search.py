"""Query to answer, over the segments of one version. Knows plans and ranking; not doors."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.core import filters as filter_rules
from engine.core.arrays import Vector, query_vector
from engine.core.query import PAGE_ROWS, Query
from engine.core.reply import decode_token, encode_token, invalid_token, reply
from engine.core.schema import IndexSpec
from engine.core.scoring import api_scores, cosines, squared_distances
from engine.errors import VitrineError
from engine.service.planner import plan
from engine.service.sync import version_columns
from engine.store.segments import Segment
from engine.store.versions import Version, VersionStore


@dataclass(frozen=True)
class Hit:
    """One result: where the row lies, its primary key, the API's score and the cosine.

    Both scores are higher for closer rows; `score` is `1 / (1 + d²)`.
    """

    segment: Segment
    row: int
    key: Any
    score: float
    cosine: float


@dataclass
class Timings:
    """Milliseconds of one query's parts, and the plan of each segment."""

    filter_ms: float = 0.0
    search_ms: float = 0.0
    fetch_ms: float = 0.0
    plans: tuple[str, ...] = ()


def find(version: Version, query: Query, timings: Timings | None = None) -> list[Hit]:
    """The nearest rows that pass the filter, nearest first, ties by ascending primary key; exact."""
    timings = timings or Timings()
    scored: list[tuple[float, Any, Segment, int]] = []
    for segment in version.segments:
        rows = _candidates(segment, query, timings)
        started = time.perf_counter()
        squared = squared_distances(query.vector, segment.vectors.take(rows))
        keys = segment.keys
        scored.extend(
            (float(distance), keys[row], segment, row)
            for distance, row in zip(squared, rows.tolist())
        )
        timings.search_ms += 1000 * (time.perf_counter() - started)
    scored.sort(key=lambda item: item[:2])
    best = scored[: query.num_results]
    if not best:
        return []
    scores = api_scores(np.array([item[0] for item in best]))
    vectors = np.concatenate([seg.vectors.take(np.array([row])) for _, _, seg, row in best])
    return [
        Hit(segment, row, key, float(score), float(cosine))
        for (_, key, segment, row), score, cosine in zip(
            best, scores, cosines(query.vector, vectors)
        )
        if score >= query.score_threshold
    ]


def _candidates(segment: Segment, query: Query, timings: Timings) -> Any:
    """Rows of a segment that surely hold its part of the answer."""
    started = time.perf_counter()
    mask, passing = None, None
    if query.condition is not None:
        mask, _ = segment.metadata.mask(query.condition)
        passing = int(mask.sum())
    filtered = time.perf_counter()
    timings.filter_ms += 1000 * (filtered - started)
    chosen = plan(segment.rows, passing)
    timings.plans += (f"{chosen.kind}: {chosen.reason}",)
    if chosen.kind == "nothing":
        rows = np.empty(0, dtype=np.int64)
    elif chosen.kind == "exact gather" and mask is not None:
        rows = segment.vectors.gather(query.vector, query.num_results, np.flatnonzero(mask))
    else:
        rows = segment.vectors.scan(query.vector, query.num_results, mask)
    timings.search_ms += 1000 * (time.perf_counter() - filtered)
    return rows


def fetch(hits: Sequence[Hit], columns: Sequence[str]) -> list[list[Any]]:
    """Column values of the hits, in their order."""
    out: list[list[Any]] = [[] for _ in hits]
    by_segment: dict[str, list[int]] = {}
    for place, hit in enumerate(hits):
        by_segment.setdefault(hit.segment.id, []).append(place)
    for places in by_segment.values():
        rows = np.array([hits[place].row for place in places], dtype=np.int64)
        for place, values in zip(places, hits[places[0]].segment.fetch(columns, rows)):
            out[place] = values
    return out


def answer(
    spec: IndexSpec,
    version: Version,
    query: Query,
    raw_filters: object,
    *,
    offset: int = 0,
    integers_as_floats: bool = True,
) -> dict[str, Any]:
    """One page of the API's reply.

    Args:
        raw_filters: the filter as it was given, kept in the token of the next page.
        offset: rows that earlier pages have returned.
    """
    timings = Timings()
    hits = find(version, query, timings)
    page = hits[offset : offset + PAGE_ROWS]
    started = time.perf_counter()
    rows = [[*values, hit.score] for values, hit in zip(fetch(page, query.columns), page)]
    timings.fetch_ms = 1000 * (time.perf_counter() - started)
    token = ""
    if offset + PAGE_ROWS < len(hits):
        token = _next_token(spec, version, query, raw_filters, offset + PAGE_ROWS)
    out = reply(query.columns, rows, next_page_token=token, integers_as_floats=integers_as_floats)
    if query.debug_level >= 1:
        parts = (timings.filter_ms, timings.search_ms, timings.fetch_ms)
        out["debug_info"] = {
            "response_time": sum(parts),
            "ann_time": timings.search_ms,
            "filter_time": timings.filter_ms,
            "fetch_time": timings.fetch_ms,
            "plan": list(timings.plans),
        }
    return out


# ------------------------------------------------------------------ pages
def _next_token(
    spec: IndexSpec, version: Version, query: Query, raw_filters: object, offset: int
) -> str:
    return encode_token(
        {
            "index": spec.id,
            "version": version.number,
            "vector": base64.b64encode(query.vector.astype("<f4").tobytes()).decode(),
            "columns": query.columns,
            "num_results": query.num_results,
            "filters": raw_filters,
            "score_threshold": query.score_threshold,
            "debug_level": query.debug_level,
            "offset": offset,
        }
    )


def next_page(
    spec: IndexSpec, versions: VersionStore, token: object, integers_as_floats: bool = True
) -> dict[str, Any]:
    """The page after the one that carried `token`, of the same version of the index.

    Raises:
        InvalidParameterValue: not a token of this index, or its version is gone; the service's text.
    """
    state = decode_token(token)
    try:
        if state["index"] != spec.id:
            raise KeyError("index")
        version = versions.get(state["version"])
        known = version_columns(version.facts)
        vector: Vector = np.frombuffer(base64.b64decode(state["vector"]), dtype="<f4")
        query = Query(
            vector=query_vector(vector.tolist(), spec.dimension, spec.name),
            columns=tuple(state["columns"]),
            num_results=state["num_results"],
            condition=filter_rules.parse_dict(state["filters"], known),
            score_threshold=state["score_threshold"],
            debug_level=state["debug_level"],
        )
        offset = int(state["offset"])
    except (KeyError, ValueError, TypeError, FileNotFoundError, VitrineError):
        raise invalid_token(token) from None
    return answer(
        spec,
        version,
        query,
        state["filters"],
        offset=offset,
        integers_as_floats=integers_as_floats,
    )
