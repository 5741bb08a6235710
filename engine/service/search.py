"""Query to answer, over the segments of one version. Knows plans and ranking; not doors."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Literal

import numpy as np

from engine.core import filters as filter_rules
from engine.core.arrays import Vector, query_vector
from engine.core.query import PAGE_ROWS, Query
from engine.core.reply import decode_token, encode_token, invalid_token, reply
from engine.core.rows import RowSet
from engine.core.schema import IndexSpec
from engine.core.scoring import distances_and_cosines
from engine.errors import VitrineError
from engine.service.candidates import candidates
from engine.service.planner import Plan, plan
from engine.store.versions import Part, Version, VersionStore


@dataclass(frozen=True)
class Hit:
    """One result: where the row lies, its primary key, the API's score and the cosine.

    Both scores are higher for closer rows; `score` is `1 / (1 + d²)`.
    """

    part: int
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
    """The nearest rows that pass the filter, nearest first, ties by ascending primary key."""
    timings = timings or Timings()
    scored: list[tuple[float, Any, int, int, float]] = []
    for number, part in enumerate(version.parts):
        segment = part.segment
        segment.vectors.check_size()
        started = time.perf_counter()
        passing, _ = rows_to_search(version, part, query)
        filtered = time.perf_counter()
        chosen = plan_of(part, passing, query)
        found = candidates(segment, query.vector, query.num_results, passing, chosen)
        squared, cosine = distances_and_cosines(query.vector, segment.vectors.take(found.rows))
        rows = found.rows.tolist()
        keys = segment.keys_of(found.rows)
        scored.extend(zip(squared.tolist(), keys, repeat(number), rows, cosine.tolist()))
        timings.plans += (f"{found.way}: {chosen.reason}",)
        timings.filter_ms += 1000 * (filtered - started)
        timings.search_ms += 1000 * (time.perf_counter() - filtered)
    scored.sort()
    best = scored[: query.num_results]
    return [
        Hit(part, row, key, 1.0 / (1.0 + distance), cosine)
        for distance, key, part, row, cosine in best
        if 1.0 / (1.0 + distance) >= query.score_threshold
    ]


def rows_to_search(version: Version, part: Part, query: Query) -> tuple[RowSet | None, bool]:
    """Live rows of a part that pass the query's filter, None for all; and whether it was cached."""
    if query.condition is None:
        return part.live(version.masks), True
    return part.passing(query.condition, version.masks)


def plan_of(part: Part, passing: RowSet | None, query: Query) -> Plan:
    """How a part answers a query."""
    segment = part.segment
    index: Literal["compressed", "graph"] | None = None
    if segment.ann is not None:
        index = "graph" if segment.ann.is_factory else "compressed"
    return plan(
        segment.rows,
        segment.vectors.shape.dimension,
        query.num_results,
        None if passing is None else passing.count,
        index,
        query.exact,
    )


def fetch(version: Version, hits: Sequence[Hit], columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """Column values of the hits, in their order."""
    if len({hit.part for hit in hits}) == 1:
        rows = np.array([hit.row for hit in hits], dtype=np.int64)
        return list(zip(*version.parts[hits[0].part].segment.fetch(columns, rows)))
    by_part: dict[int, list[int]] = {}
    for place, hit in enumerate(hits):
        by_part.setdefault(hit.part, []).append(place)
    out: list[tuple[Any, ...]] = [()] * len(hits)
    for part, places in by_part.items():
        rows = np.array([hits[place].row for place in places], dtype=np.int64)
        values = zip(*version.parts[part].segment.fetch(columns, rows))
        for place, row in zip(places, values):
            out[place] = row
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
    rows = [[*values, hit.score] for values, hit in zip(fetch(version, page, query.columns), page)]
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
        known = version.columns
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
