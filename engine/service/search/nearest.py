"""The nearest rows of one version, over its segments. Knows plans and ranking; not words or replies."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from itertools import repeat
from typing import Any, Literal

from engine.core.arrays import Matrix, Vector
from engine.core.query import Query
from engine.core.ranking.scoring import distances_and_cosines, squared_distances
from engine.core.rows import RowSet
from engine.service.search.hits import Hit, Timings
from engine.service.search.planner import Plan, plan
from engine.service.search.shortlist import shortlist
from engine.store.indexes.versions import Part, Version

# Squared distance, primary key, part, row, cosine: what rows are ranked by comes first.
_Scored = tuple[float, Any, int, int, float | None]


def find_nearest(
    version: Version, query: Query, timings: Timings, with_cosines: bool = True
) -> list[Hit]:
    """The nearest of the allowed rows, nearest first, ties by ascending primary key.

    Args:
        with_cosines: else hits have none, which saves a part of the work.

    Returns:
        at most `query.num_results` hits whose `score` is at least `query.score_threshold`.
    """
    scored: list[_Scored] = []
    plans = [""] * len(version.parts)
    for number in _largest_first(version):
        part, k = version.parts[number], query.num_results
        segment = part.segment
        segment.vectors.check_size()
        started = time.perf_counter()
        allowed = allowed_rows(version, part, query)
        filtered = time.perf_counter()
        chosen = plan_of(version, part, allowed, query)
        # Of a small part after a large one hardly a row is near enough to be looked at.
        farthest = scored[k - 1][0] if len(scored) >= k else math.inf
        found = shortlist(segment, query.vector, k, allowed, chosen, version.device, farthest)
        if len(found.rows):
            taken = segment.vectors.take(found.rows)
            squared, cosines = _distances(query.vector, taken, with_cosines)
            rows, keys = found.rows.tolist(), segment.keys_of(found.rows)
            scored.extend(zip(squared, keys, repeat(number), rows, cosines))
            scored.sort()
        plans[number] = f"{found.way}: {chosen.reason}"
        timings.filter_ms += 1000 * (filtered - started)
        timings.search_ms += 1000 * (time.perf_counter() - filtered)
    timings.plans += tuple(plans)
    best = scored[: query.num_results]
    return [
        Hit(part, row, key, 1.0 / (1.0 + distance), cosine)
        for distance, key, part, row, cosine in best
        if 1.0 / (1.0 + distance) >= query.score_threshold
    ]


def _largest_first(version: Version) -> Iterable[int]:
    """Numbers of the parts; the one whose nearest rows are likely the nearest of all comes first."""
    parts = version.parts
    if len(parts) == 1:
        return (0,)
    return sorted(range(len(parts)), key=lambda number: -parts[number].segment.rows)


def _distances(
    query: Vector, vectors: Matrix, with_cosines: bool
) -> tuple[list[float], Iterable[float | None]]:
    """Squared distance and cosine of each vector; no cosines where they are not wanted."""
    if not with_cosines:
        return squared_distances(query, vectors).tolist(), repeat(None)
    squared, cosines = distances_and_cosines(query, vectors)
    return squared.tolist(), cosines.tolist()


def allowed_rows(version: Version, part: Part, query: Query) -> RowSet | None:
    """The row mask of a part: rows that are not deleted and match the query's filter; None for all."""
    if query.condition is None:
        return part.live(version.masks)
    return part.matching(query.condition, version.masks)


def plan_of(version: Version, part: Part, allowed: RowSet | None, query: Query) -> Plan:
    """How a part of a version answers a query.

    Raises:
        MissingExtra, DeviceUnavailable: the device that was asked for is not here.
    """
    segment, device = part.segment, version.device
    dimension = segment.vectors.shape.dimension
    index: Literal["compressed", "graph"] | None = None
    if segment.ann is not None:
        index = "graph" if segment.ann.is_factory else "compressed"
    return plan(
        segment.rows,
        dimension,
        query.num_results,
        None if allowed is None else allowed.count,
        index,
        query.exact,
        None if device is None else device.cost_ns(segment.rows, dimension),
        segment.vectors.shape.storage,
    )
