"""The nearest rows of one version, over its segments. Knows plans and ranking; not words or replies."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any, Literal, NamedTuple

import numpy as np

from engine.core.arrays import Floats32, Matrix, Rows, Vector
from engine.core.query import Query
from engine.core.ranking.scoring import distances_and_cosines, squared_distances
from engine.core.rows import RowSet
from engine.service.search.hits import Hit, Timings
from engine.service.search.planner import Plan, plan
from engine.service.search.shortlist import Ahead, chosen_ahead, shortlist
from engine.store.indexes.versions import Part, Version
from engine.store.segments.ann.outlines import outlined_query
from engine.store.segments.vectors import VectorFile, at_least_kth, squared_length
from engine.threads import side_by_side

# Numbers (rows x dimension) of a part whose search costs much more than handing it to a thread.
_LARGE_NUMBERS = 1 << 26
# Numbers of a part without an approximate index, below which they are multiplied without outlines.
_OUTLINED_NUMBERS = 1 << 15
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
    if len(version.parts) == 1:
        started = time.perf_counter()
        found = _search_part(version, 0, query, math.inf, with_cosines)
        scored, plans = sorted(found.scored), [found.plan]
        timings.filter_ms += found.filter_ms
        timings.search_ms += 1000 * (time.perf_counter() - started) - found.filter_ms
    else:
        scored, plans = _search_parts(version, query, timings, with_cosines)
    timings.plans += tuple(plans)
    return _hits(scored[: query.num_results], query.score_threshold)


def _search_parts(
    version: Version, query: Query, timings: Timings, with_cosines: bool
) -> tuple[list[_Scored], list[str]]:
    """The nearest rows of several parts, nearest first, and how each part was searched."""
    scored: list[_Scored] = []
    plans, k = [""] * len(version.parts), query.num_results
    turns, by_cells = _in_turn(version), False
    for place, group in enumerate(turns):
        # Of a small part after a large one hardly a row is near enough to be looked at.
        farthest = scored[k - 1][0] if len(scored) >= k else math.inf
        if farthest < math.inf and _are_bounded(version, group, query):
            # What follows is smaller still.
            small = [number for later in turns[place:] for number in later]
            started = time.perf_counter()
            scored += _search_small(version, small, query, farthest, with_cosines, plans)
            scored.sort()
            timings.search_ms += 1000 * (time.perf_counter() - started)
            break

        started = time.perf_counter()
        ahead = _ahead(version, group, query, farthest) if by_cells else [None] * len(group)

        def search(one: tuple[int, Ahead | None], farthest: float = farthest) -> _OfPart:
            return _search_part(version, one[0], query, farthest, with_cosines, one[1])

        results = side_by_side(search, list(zip(group, ahead)))
        by_cells = all(found.by_cells for found in results)
        for number, found in zip(group, results):
            scored.extend(found.scored)
            plans[number] = found.plan
        scored.sort()
        filtered = max(found.filter_ms for found in results)
        timings.filter_ms += filtered
        timings.search_ms += 1000 * (time.perf_counter() - started) - filtered
    return scored, plans


def _ahead(
    version: Version, group: Sequence[int], query: Query, farthest: float
) -> list[Ahead | None]:
    """What is chosen of all parts of a group before they are searched; of a single one, nothing."""
    if len(group) == 1 or farthest == math.inf:
        return [None] * len(group)
    segments = [version.parts[number].segment for number in group]
    return chosen_ahead(segments, query.vector, farthest)


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
    by_cells: bool


def _search_part(
    version: Version,
    number: int,
    query: Query,
    farthest: float,
    with_cosines: bool,
    ahead: Ahead | None = None,
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
        segment, query.vector, query.num_results, allowed, chosen, version.device, farthest, ahead
    )
    if len(found.rows):
        taken = segment.vectors.take(found.rows)
        squared, cosines = _distances(query.vector, taken, with_cosines)
        rows, keys = found.rows.tolist(), segment.keys_of(found.rows)
        scored = list(zip(squared, keys, repeat(number), rows, cosines))
    return _OfPart(scored, f"{found.way}: {chosen.reason}", filter_ms, found.by_cells)


# ------------------------------------------------------------------ small parts
def _are_bounded(version: Version, numbers: Sequence[int], query: Query) -> bool:
    """Whether parts and all smaller ones are searched by `_search_small`."""
    if query.exact or version.device is not None:
        return False
    return all(version.parts[number].segment.ann is None for number in numbers)


def _search_small(
    version: Version,
    numbers: Sequence[int],
    query: Query,
    farthest: float,
    with_cosines: bool,
    plans: list[str],
) -> list[_Scored]:
    """The nearest rows of parts without an approximate index, of those within a squared distance.

    Upper bounds of products leave a few rows of all these parts, which are scored together.

    Args:
        plans: how each part was searched is written there.
    """
    vector, within = query.vector, _Within(version, query, farthest)
    found = [(number, within.rows_of(version.parts[number], plans, number)) for number in numbers]
    found = [(number, rows) for number, rows in found if len(rows)]
    if not found:
        return []
    segments = [version.parts[number].segment for number, _ in found]
    taken = [segment.vectors.take(rows) for segment, (_, rows) in zip(segments, found)]
    stacked = taken[0] if len(taken) == 1 else np.concatenate(taken)
    squared, cosines = _distances(vector, stacked, with_cosines)
    scores, scored = zip(squared, cosines), []
    for segment, (number, rows) in zip(segments, found):
        # Keys come first: what ends the shortest ends without having taken a score.
        of_part = zip(segment.keys_of(rows), rows.tolist(), scores)
        scored += [(score[0], key, number, row, score[1]) for key, row, score in of_part]
    return scored


class _Within:
    """Rows of small parts that may be among the nearest k and within a squared distance."""

    def __init__(self, version: Version, query: Query, farthest: float) -> None:
        self._version, self._query, self._farthest = version, query, farthest
        self._squared = squared_length(query.vector)
        largest = version.parts[version.by_size[0]].segment
        self._axes = None if largest.ann is None else largest.ann.outline_axes
        self._outline: Vector | None = None
        if self._axes is not None:
            self._outline = outlined_query(query.vector, self._squared, self._axes)

    def rows_of(self, part: Part, plans: list[str], number: int) -> Rows:
        """The rows of a part that are allowed and may be near enough, ascending."""
        segment, vectors = part.segment, part.segment.vectors
        margin = vectors.margin_of(self._squared)
        if vectors.can_tell(margin):
            # Outlines and products are rounded each by at most twice the margin.
            least = vectors.least_of(self._squared, self._farthest) - 4 * margin
            rows = (self._upper_products(vectors) >= least).nonzero()[0]
        else:
            least, rows = -math.inf, np.arange(segment.rows)
        plans[number] = f"bounds: {len(rows)} of {segment.rows} rows in reach"
        if len(rows):
            vectors.check_size()
            allowed = allowed_rows(self._version, part, self._query)
            if allowed is not None:
                rows = rows[allowed.holds(rows)]
        if len(rows) <= 2 * self._query.num_results or least == -math.inf:
            return rows
        products = segment.products(self._query.vector, rows)
        near = at_least_kth(products, self._query.num_results, margin)
        return rows[near[products[near] >= least]]

    def _upper_products(self, vectors: VectorFile) -> Floats32:
        query, axes, outline = self._query.vector, self._axes, self._outline
        if axes is None or outline is None or vectors.rows * len(query) < _OUTLINED_NUMBERS:
            vectors.check_size()
            return vectors.products(query)
        return vectors.upper_products(axes, outline)


def _in_turn(version: Version) -> Sequence[Sequence[int]]:
    """Numbers of the parts in groups, which are searched one after another: large parts side by side.

    The first are as many as there are processors: with what they have, fewer cells of the others are
    read. Small ones come last: they need hardly look at a row.
    """
    parts = version.parts
    if len(parts) < 2:  # an index without rows has none
        return [(number,) for number in range(len(parts))]
    numbers = version.by_size
    least = _LARGE_NUMBERS / max(1, parts[0].segment.vectors.shape.dimension)
    if version.device is not None or parts[numbers[1]].segment.rows < least:
        return [(number,) for number in numbers]
    large = sum(part.segment.rows >= least for part in parts)
    first = min(large, os.cpu_count() or 1)
    groups = [numbers[:first], numbers[first:large], *((number,) for number in numbers[large:])]
    return [group for group in groups if group]


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
