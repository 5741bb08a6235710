"""The nearest rows of one version, over its segments. Knows plans and ranking; not words or replies."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any, Literal, NamedTuple

from engine.core.arrays import Matrix, Vector
from engine.core.query import Query
from engine.core.ranking.scoring import distances_and_cosines, squared_distances
from engine.core.rows import RowSet
from engine.service.search.hits import Hit, Timings
from engine.service.search.planner import Plan, plan
from engine.service.search.shortlist import shortlist
from engine.store.indexes.versions import Part, Version
from engine.threads import side_by_side

# Numbers (rows x dimension) of a part whose search costs much more than handing it to a thread.
_LARGE_NUMBERS = 1 << 26
_made = tuple.__new__  # a named tuple's own takes four times as long
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
    k = query.num_results
    if len(version.parts) == 1:
        started = time.perf_counter()
        scored, plan_said, filtered = _search_part(version, 0, query, math.inf, with_cosines)
        scored.sort()
        timings.filter_ms += filtered
        timings.search_ms += 1000 * (time.perf_counter() - started) - filtered
        timings.plans += (plan_said,)
        return _hits(scored[:k], query.score_threshold)
    scored = []
    plans = [""] * len(version.parts)
    for group in _in_turn(version):
        # Of a small part after a large one hardly a row is near enough to be looked at.
        farthest = scored[k - 1][0] if len(scored) >= k else math.inf

        def search(number: int, farthest: float = farthest) -> _OfPart:
            return _search_part(version, number, query, farthest, with_cosines)

        started = time.perf_counter()
        results = side_by_side(search, group)
        for number, found in zip(group, results):
            scored.extend(found.scored)
            plans[number] = found.plan
        scored.sort()
        filtered = max(found.filter_ms for found in results)
        timings.filter_ms += filtered
        timings.search_ms += 1000 * (time.perf_counter() - started) - filtered
    timings.plans += tuple(plans)
    return _hits(scored[:k], query.score_threshold)


def _hits(scored: Iterable[_Scored], threshold: float) -> list[Hit]:
    hits = [
        _made(Hit, (part, row, key, 1.0 / (1.0 + distance), cosine))
        for distance, key, part, row, cosine in scored
    ]
    return hits if threshold <= 0 else [hit for hit in hits if hit.score >= threshold]


class _OfPart(NamedTuple):
    """What one part has, how it was found, and milliseconds that its row mask took."""

    scored: list[_Scored]
    plan: str
    filter_ms: float


def _search_part(
    version: Version, number: int, query: Query, farthest: float, with_cosines: bool
) -> _OfPart:
    """The nearest rows of one part; those beyond a squared distance may be left out."""
    part, scored = version.parts[number], []
    segment = part.segment
    segment.vectors.check_size()
    started = time.perf_counter()
    allowed = allowed_rows(version, part, query)
    filter_ms = 1000 * (time.perf_counter() - started)
    chosen = plan_of(version, part, allowed, query)
    found = shortlist(
        segment, query.vector, query.num_results, allowed, chosen, version.device, farthest
    )
    if len(found.rows):
        taken = segment.vectors.take(found.rows)
        squared, cosines = _distances(query.vector, taken, with_cosines)
        rows, keys = found.rows.tolist(), segment.keys_of(found.rows)
        scored = list(zip(squared, keys, repeat(number), rows, cosines))
    return _OfPart(scored, f"{found.way}: {chosen.reason}", filter_ms)


def _in_turn(version: Version) -> Sequence[Sequence[int]]:
    """Numbers of the parts in groups, which are searched one after another: large parts side by side.

    Small ones come last: with what the others have, they need hardly look at a row.
    """
    parts = version.parts
    if len(parts) < 2:  # an index without rows has none
        return [(number,) for number in range(len(parts))]
    numbers = sorted(range(len(parts)), key=lambda number: -parts[number].segment.rows)
    row_weight = max(1, parts[0].segment.vectors.shape.dimension)
    large = sum(parts[n].segment.rows * row_weight >= _LARGE_NUMBERS for n in numbers)
    if version.device is not None or large < 2:
        return [(number,) for number in numbers]
    return [numbers[:large], *((number,) for number in numbers[large:])]


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
