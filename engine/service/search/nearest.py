"""Nearest rows of one version, over its segments. Knows plans and ranking; not words or replies."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, Literal

import numpy as np

from engine.core.query import Query
from engine.core.ranking.scoring import distances_and_cosines
from engine.core.rows import RowSet
from engine.service.search.planner import Plan, plan
from engine.service.search.shortlist import candidates
from engine.store.indexes.versions import Part, Version


@dataclass(frozen=True)
class Hit:
    """One result: where the row lies, its primary key, the API's score and the cosine.

    Both scores are higher for better rows; `score` of a nearest row is `1 / (1 + d²)`. The cosine is
    None where the row was found by words.
    """

    part: int
    row: int
    key: Any
    score: float
    cosine: float | None


@dataclass
class Timings:
    """Milliseconds of one query's parts, the plan of each segment, and what its user must know."""

    encode_ms: float = 0.0
    filter_ms: float = 0.0
    search_ms: float = 0.0
    words_ms: float = 0.0
    rerank_ms: float = 0.0
    fetch_ms: float = 0.0
    plans: tuple[str, ...] = ()
    warnings: list[str] = field(default_factory=list)


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
    return part.matching(query.condition, version.masks)


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
