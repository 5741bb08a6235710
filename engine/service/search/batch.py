"""Many queries at once: first passes and scans of a segment for all of them together where that can be.

Exact scores are computed in blocks, and rows are fetched together.

The same promise as `nearest.find_nearest`, query by query; a query that isn't settled for sure by what
is done for all is answered again alone.
"""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.core.arrays import Floats32, Matrix, Rows
from engine.core.query import Query
from engine.core.query_request import QueryRequest
from engine.core.ranking.scoring import api_scores
from engine.core.rows import RowSet
from engine.core.schema import IndexSpec
from engine.errors import InvalidParameterValue
from engine.service.search.hits import fetch
from engine.service.search.nearest import allowed_rows, plan_of
from engine.service.search.planner import CODES_NS
from engine.service.search.shortlist import (
    MOST_SHARE,
    SURE,
    Sought,
    all_in_reach,
    first_pass_rows,
    first_rescored,
    shortlist,
)
from engine.store.indexes.versions import Part, Version
from engine.store.segments.device.search import SearchDevice
from engine.store.segments.packing import PackedMatrix
from engine.store.segments.segment import Segment

_BLOCK_BYTES = 8 << 20  # of products at a time
_NEAR_BYTES = 1 << 18  # of differences at a time, so that they stay near the processor
_SCANNED_ROWS = 8192  # whose vectors are multiplied at a time
_GROUP = 32  # products of which the greatest is looked at first
_MOST_NEAR = 4  # rows for each of the k that may be near in some thousand
_PRODUCT_NS = (
    0.04  # each number of a row, for each of many queries; measured as the planner's costs
)
_GATHERED_NS = 2.0  # each number of a row that is copied together, once for all queries
_RESCORED_NS = 100_000.0  # a first pass's list, for each query
_MOST_ODD = 64  # rows of another length than most that are scored for every query
_LONGER = 2  # times a single query's list: what is fetched afterwards is fetched one by one
_Pairs = tuple[Rows, Rows]  # query and row of each pair


def search_batch(
    spec: IndexSpec, version: Version, query_vectors: npt.ArrayLike, request: QueryRequest
) -> list[list[dict[str, Any]]]:
    """See `Queries.batch`.

    Args:
        request: what all queries ask for, without a vector.
    """
    queries = _queries(query_vectors, spec)
    if not len(queries):
        return []
    query = replace(request, query_vector=queries[0]).checked(spec, version.columns)
    asked, parts, rows, distances = _nearest(version, queries, query)
    names = (*query.columns, "score")
    values = fetch(version, parts, rows, query.columns)
    found = [dict(zip(names, row)) for row in zip(*values, api_scores(distances).tolist())]
    ends = np.searchsorted(asked, np.arange(len(queries) + 1)).tolist()
    return [found[start:end] for start, end in itertools.pairwise(ends)]


def _queries(values: npt.ArrayLike, spec: IndexSpec) -> Matrix:
    try:
        with np.errstate(over="ignore"):
            queries = np.ascontiguousarray(values, dtype=np.float32)
    except (TypeError, ValueError, OverflowError):
        queries = np.empty(0, dtype=np.float32)
    if queries.ndim != 2 or queries.shape[1] != spec.dimension:
        raise InvalidParameterValue(
            f"query_vectors has shape {np.shape(queries)}; index {spec.name} takes (m, "
            f"{spec.dimension}) numbers."
        )
    if not np.isfinite(queries).all():
        row = int(np.flatnonzero(~np.isfinite(queries).all(axis=1))[0])
        raise InvalidParameterValue(f"query_vectors[{row}] holds a number that is not finite.")
    return queries


def _nearest(
    version: Version, queries: Matrix, query: Query
) -> tuple[Rows, Rows, Rows, npt.NDArray[np.float64]]:
    """Query, part, row and squared distance of all results, by query and then nearest first."""
    asked, parts, rows, distances, keys = [], [], [], [], []
    for number, part in enumerate(version.parts):
        part.segment.vectors.check_size()
        allowed = allowed_rows(version, part, query)
        of, where = _shortlists(version, part, queries, query, allowed)
        asked.append(of)
        rows.append(where)
        parts.append(np.full(len(of), number))
        distances.append(_distances(queries, part.segment.vectors.matrix, of, where))
        keys.extend(part.segment.keys_of(where))
    all_of, all_parts, all_rows = (
        np.concatenate(list_) if list_ else np.empty(0, dtype=np.int64)
        for list_ in (asked, parts, rows)
    )
    squared = np.concatenate(distances) if distances else np.empty(0)
    order = np.lexsort((_ranks(keys), squared, all_of))
    starts = np.searchsorted(all_of[order], np.arange(len(queries)))
    place = np.arange(len(order)) - starts[all_of[order]]
    best = order[place < query.num_results]
    return all_of[best], all_parts[best], all_rows[best], squared[best]


def _ranks(keys: list[Any]) -> Rows:
    """Numbers that order as the keys do."""
    if not keys or isinstance(keys[0], int):
        with contextlib.suppress(OverflowError):  # the API's long can't hold some of uint64
            return np.array(keys, dtype=np.int64)
    rank = {key: place for place, key in enumerate(sorted(set(keys)))}
    return np.array([rank[key] for key in keys], dtype=np.int64)


def _distances(
    queries: Matrix, matrix: Matrix | PackedMatrix, of: Rows, rows: Rows
) -> npt.NDArray[np.float64]:
    """Squared Euclidean distance of each pair, in float64 as `core.ranking.scoring` has it."""
    out = np.empty(len(of), dtype=np.float64)
    step = max(1, _NEAR_BYTES // (8 * queries.shape[1]))
    for start in range(0, len(of), step):
        part = slice(start, start + step)
        difference = np.subtract(matrix[rows[part]], queries[of[part]], dtype=np.float64)
        out[part] = np.einsum("ij,ij->i", difference, difference)
    return out


def _shortlists(
    version: Version, part: Part, queries: Matrix, query: Query, allowed: RowSet | None
) -> _Pairs:
    """Pairs of query and row that hold each query's nearest k of this part."""
    plan = plan_of(version, part, allowed, query)
    settled = np.zeros(len(queries), dtype=np.bool_)
    pairs: list[_Pairs] = []
    if not _can_tell(part, queries):
        pass  # each on its own
    elif plan.kind == "device" and version.device is not None:
        settled, pairs = _on_device(version.device, part, queries, query.num_results, allowed)
        plan = replace(plan, kind="exact scan")  # of what the device can't tell
    elif plan.kind in ("exact scan", "exact gather") or (
        allowed is not None
        and plan.kind != "nothing"
        and _is_better_scanned(part, queries, allowed)
    ):
        settled, pairs = _scanned(part, queries, query.num_results, allowed)
    elif plan.kind == "compressed" and _has_plain_codes(part):
        settled, pairs = _compressed(part, queries, query.num_results, allowed)
        left = np.flatnonzero(~settled)
        if len(left):
            settled[left], rest = _scanned(part, queries[left], query.num_results, allowed)
            pairs.extend((left[of], rows) for of, rows in rest)
    for place in np.flatnonzero(~settled).tolist():
        found = shortlist(part.segment, queries[place], query.num_results, allowed, plan)
        pairs.append((np.full(len(found.rows), place), found.rows))
    of, rows = (np.concatenate(list_) for list_ in zip(*pairs))
    order = np.argsort(of, kind="stable")
    return of[order], rows[order]


def _can_tell(part: Part, queries: Matrix) -> bool:
    """Whether float32 tells the part's rows apart for all queries; vectors may be too long."""
    vectors = part.segment.vectors
    return all(map(vectors.can_tell, vectors.margins(queries).tolist()))


def _has_plain_codes(part: Part) -> bool:
    """Whether all codes are read, of rows of much the same length but for a few."""
    segment = part.segment
    has_codes = segment.ann is not None and segment.ann.cell_count == 1
    return has_codes and len(segment.odd_rows) <= _MOST_ODD


def _on_device(
    device: SearchDevice, part: Part, queries: Matrix, k: int, allowed: RowSet | None
) -> tuple[npt.NDArray[np.bool_], list[_Pairs]]:
    """All queries at once on a device; settled where it could tell."""
    found = device.nearest(part.segment.vectors, queries, k, allowed)
    settled = np.array([rows is not None for rows in found])
    pairs = [
        (np.full(len(rows), place), rows) for place, rows in enumerate(found) if rows is not None
    ]
    return settled, pairs


def _scanned(
    part: Part, queries: Matrix, k: int, allowed: RowSet | None
) -> tuple[npt.NDArray[np.bool_], list[_Pairs]]:
    """All products with all allowed rows, by numpy's matrix product, some thousand rows at a time.

    Settled where no more rows than a few times k come near a query's nearest k: of many equal vectors
    each would.
    """
    vectors, count = part.segment.vectors, len(queries)
    rows = np.arange(vectors.rows) if allowed is None else allowed.rows()
    margins, bounds = vectors.margins(queries), np.full(count, -np.inf, dtype=np.float32)
    settled = np.ones(count, dtype=np.bool_)
    step = max(1, _BLOCK_BYTES // (4 * _SCANNED_ROWS))
    found: list[tuple[Rows, Rows, Floats32]] = []
    for start in range(0, len(rows), _SCANNED_ROWS):
        some_rows = rows[start : start + _SCANNED_ROWS]
        lies = slice(start, start + _SCANNED_ROWS) if allowed is None else some_rows
        block, lengths = vectors.matrix[lies].T, vectors.lengths
        for first in range(0, count, step):
            some = slice(first, first + step)
            products = queries[some] @ block
            if lengths is not None:
                products += lengths[some_rows]
            of, place = _near(products, k, bounds[some], margins[some], settled[some])
            found.append((of + first, some_rows[place], products[of, place]))
    of, near, products = (np.concatenate(list_) for list_ in zip(*found))
    if len(rows) > k:
        # What was near among some rows, and up to a bound, may not be among all and up to the k-th.
        order = np.lexsort((-products, of))
        of, near, products = of[order], near[order], products[order]
        starts = np.searchsorted(of, np.flatnonzero(settled))
        bounds[settled] = products[starts + k - 1]
        kept = settled[of] & (products >= (bounds - margins)[of])
        of, near = of[kept], near[kept]
    return settled, [(of, near)]


def _near(
    products: Floats32,
    k: int,
    bounds: Floats32,
    margins: Floats32,
    settled: npt.NDArray[np.bool_],
) -> _Pairs:
    """Query and place of products that may be of the greatest k.

    Args:
        products: (m, n), of some rows.
        bounds: (m,) no more than the k-th greatest product; raised here by what these rows show.
        settled: (m,) made false here where too many are near.
    """
    tops = _tops(products, k)
    if tops.shape[1] >= k:
        kth = np.partition(tops, tops.shape[1] - k, axis=1)[:, tops.shape[1] - k]
        np.maximum(bounds, kth, out=bounds)
    of, place = _at_least(products, tops, bounds - margins)
    settled &= np.bincount(of, minlength=len(products)) <= _MOST_NEAR * k + _GROUP
    kept = settled[of]
    return of[kept], place[kept]


def _tops(products: Floats32, k: int) -> Floats32:
    """(m, n) products, or where n is large the greatest of each group of them: (m, n / 32).

    A group's rows lie n / 32 apart, so that numpy compares long runs. Rows that fill no group are left.
    """
    width = products.shape[1] // _GROUP
    if width < 2 * k:
        return products
    tops: Floats32 = products[:, : _GROUP * width].reshape(-1, _GROUP, width).max(axis=1)
    return tops


def _at_least(products: Floats32, tops: Floats32, lowest: Floats32) -> _Pairs:
    """Query and place of each product that is not below its query's lowest."""
    if tops is products:
        of, places = np.nonzero(products >= lowest[:, None])
        return of, places
    width = tops.shape[1]
    of, group = np.nonzero(tops >= lowest[:, None])
    grouped = products[:, : _GROUP * width].reshape(-1, _GROUP, width)[of, :, group]
    pair, member = np.nonzero(grouped >= lowest[of][:, None])
    of_rest, rest = np.nonzero(products[:, _GROUP * width :] >= lowest[:, None])
    places = np.concatenate([member * width + group[pair], rest + _GROUP * width])
    return np.concatenate([of[pair], of_rest]), places


def _is_better_scanned(part: Part, queries: Matrix, allowed: RowSet) -> bool:
    """Whether all products with the rows that a filter leaves cost less than first passes over all."""
    count, dimension = queries.shape
    scan = allowed.count * dimension * (_PRODUCT_NS + _GATHERED_NS / count)
    first_pass: float = part.segment.rows * dimension * CODES_NS + _RESCORED_NS
    return bool(scan <= first_pass)


def _compressed(
    part: Part, queries: Matrix, k: int, allowed: RowSet | None
) -> tuple[npt.NDArray[np.bool_], list[_Pairs]]:
    """First passes for all that are open; settled as `shortlist.rescore` decides."""
    segment, ann = part.segment, part.segment.ann
    assert ann is not None
    considered = segment.rows if allowed is None else allowed.count
    settled = np.zeros(len(queries), dtype=np.bool_)
    wanted = _LONGER * first_pass_rows(segment.rows, k)
    if wanted > MOST_SHARE * considered:
        return settled, []
    spreads = ann.error_spreads(segment.sample, queries)
    rows, products = ann.search_many(queries, wanted, allowed)
    if (rows[:, -1] < 0).any():
        return settled, []
    near, settled, lowest = _settle(segment, queries, rows, products, spreads, k)
    of, column = np.nonzero(near & settled[:, None])
    pairs: list[_Pairs] = [(of, rows[of, column])]
    for place in np.flatnonzero(~settled).tolist():
        query, least, some = queries[place], float(lowest[place]), rows[place, : first_rescored(k)]
        turned, known = ann.turned(query, segment.sample), (some, segment.products(query, some))
        sought = Sought(segment, query, k, allowed)
        found = all_in_reach(sought, turned, known, products[place], least)
        if found is not None:
            settled[place] = True
            kept = found.near()
            pairs.append((np.full(len(kept), place), kept))
    return settled, _with_odd_rows(segment, settled, pairs, allowed)


def _with_odd_rows(
    segment: Segment,
    settled: npt.NDArray[np.bool_],
    pairs: list[_Pairs],
    allowed: RowSet | None,
) -> list[_Pairs]:
    """The pairs of queries that are settled, and each of these with every row of another length."""
    odd = segment.odd_rows
    if allowed is not None:
        odd = odd[allowed.holds(odd)]
    if not len(odd):
        return pairs
    known = np.zeros((len(settled), len(odd)), dtype=np.bool_)
    for of, rows in pairs:
        place = np.minimum(np.searchsorted(odd, rows), len(odd) - 1)
        is_odd = odd[place] == rows
        known[of[is_odd], place[is_odd]] = True
    of, place = np.nonzero(~known & settled[:, None])
    return [*pairs, (of, odd[place])]


def _settle(
    segment: Segment, queries: Matrix, rows: Rows, products: Floats32, spreads: Floats32, k: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], Floats32]:
    """Re-score lists exactly.

    Args:
        queries: (m, d). rows, products: (m, wanted) approximate, greatest first.
        spreads: (m,) of the products' error.

    Returns:
        (m, wanted) rows that may be of a query's nearest k, (m,) whether its list was long enough,
        and the least product that may belong to a row which reaches the nearest k.
    """
    wanted = rows.shape[1]
    first = min(wanted, first_rescored(k))
    exact = segment.products_of(queries, rows[:, :first])
    difference = exact - products[:, :first]
    margins = segment.vectors.margins(queries)
    spread = np.maximum(difference.std(axis=1), spreads)
    reach = np.maximum(difference.mean(axis=1), 0) + SURE * spread + margins
    kth = np.partition(exact, first - k, axis=1)[:, first - k]
    lowest = kth - reach
    needed = (products >= lowest[:, None]).sum(axis=1)
    done = needed < wanted
    # FAISS skips row -1: beyond what is needed, and in lists that are asked for again.
    rest = np.where(
        (np.arange(first, wanted) < needed[:, None]) & done[:, None], rows[:, first:], -1
    )
    if (rest >= 0).any():
        exact = np.hstack([exact, segment.products_of(queries, rest)])
        kth = np.partition(exact, wanted - k, axis=1)[:, wanted - k]
        return exact >= (kth - margins)[:, None], done, lowest
    near = np.zeros(rows.shape, dtype=np.bool_)
    near[:, :first] = exact >= (kth - margins)[:, None]
    return near, done, lowest
