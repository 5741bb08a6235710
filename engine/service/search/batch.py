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
from engine.service.search.shortlist import (
    MOST_SHARE,
    SURE,
    first_pass_rows,
    first_rescored,
    shortlist,
)
from engine.store.indexes.versions import Part, Version
from engine.store.segments.ann import exact_nearest
from engine.store.segments.device.search import SearchDevice
from engine.store.segments.packing import PackedMatrix
from engine.store.segments.segment import Segment

_SLACK = 12  # rows beyond k, so that near ties are settled by exact scores
_BLOCK_BYTES = 8 << 20  # of vectors copied together at a time
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
    step = max(1, _BLOCK_BYTES // (8 * queries.shape[1]))
    for start in range(0, len(of), step):
        part = slice(start, start + step)
        difference = matrix[rows[part]].astype(np.float64) - queries[of[part]]
        out[part] = np.einsum("ij,ij->i", difference, difference)
    return out


def _shortlists(
    version: Version, part: Part, queries: Matrix, query: Query, allowed: RowSet | None
) -> _Pairs:
    """Pairs of query and row that hold each query's nearest k of this part."""
    plan = plan_of(version, part, allowed, query)
    if plan.kind == "device" and version.device is not None:
        settled, pairs = _on_device(version.device, part, queries, query.num_results, allowed)
        plan = replace(plan, kind="exact scan")  # of what the device can't tell
    elif plan.kind == "compressed" and part.segment.ann and part.segment.ann.cell_count == 1:
        settled, pairs = _compressed(part, queries, query.num_results, allowed)
        left = np.flatnonzero(~settled)
        if allowed is None and len(left):
            settled[left], rest = _scanned(part, queries[left], query.num_results)
            pairs.extend((left[of], rows) for of, rows in rest)
    elif plan.kind == "exact scan" and allowed is None:
        settled, pairs = _scanned(part, queries, query.num_results)
    else:
        settled, pairs = np.zeros(len(queries), dtype=np.bool_), []
    for place in np.flatnonzero(~settled).tolist():
        found = shortlist(part.segment, queries[place], query.num_results, allowed, plan)
        pairs.append((np.full(len(found.rows), place), found.rows))
    of, rows = (np.concatenate(list_) for list_ in zip(*pairs))
    order = np.argsort(of, kind="stable")
    return of[order], rows[order]


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


def _scanned(part: Part, queries: Matrix, k: int) -> tuple[npt.NDArray[np.bool_], list[_Pairs]]:
    """All products by FAISS; settled where rounding can't have hidden a row."""
    vectors = part.segment.vectors
    if vectors.lengths is not None or vectors.rows <= k + _SLACK:
        return np.zeros(len(queries), dtype=np.bool_), []
    rows, products = exact_nearest(queries, vectors.matrix, k + _SLACK)
    lowest = products[:, k - 1] - vectors.margins(queries)
    settled = products[:, -1] < lowest
    of, column = np.nonzero((products >= lowest[:, None]) & settled[:, None])
    return settled, [(of, rows[of, column])]


def _compressed(
    part: Part, queries: Matrix, k: int, allowed: RowSet | None
) -> tuple[npt.NDArray[np.bool_], list[_Pairs]]:
    """First passes for all that are open; settled as `shortlist.rescore` decides."""
    segment, ann = part.segment, part.segment.ann
    assert ann is not None
    considered = segment.rows if allowed is None else allowed.count
    spreads = ann.error_spreads(segment.sample, queries)
    settled = np.zeros(len(queries), dtype=np.bool_)
    pairs: list[_Pairs] = []
    wanted = first_pass_rows(segment.rows, k)
    while not settled.all() and wanted <= MOST_SHARE * considered:
        left = np.flatnonzero(~settled)
        rows, products = ann.search_many(queries[left], wanted, allowed, None)
        if (rows[:, -1] < 0).any():
            break
        near, done = _settle(segment, queries[left], rows, products, spreads[left], k)
        settled[left] = done
        of, column = np.nonzero(near & done[:, None])
        pairs.append((left[of], rows[of, column]))
        wanted *= 4
    return settled, pairs


def _settle(
    segment: Segment, queries: Matrix, rows: Rows, products: Floats32, spreads: Floats32, k: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Re-score lists exactly.

    Args:
        queries: (m, d). rows, products: (m, wanted) approximate, greatest first.
        spreads: (m,) of the products' error.

    Returns:
        (m, wanted) rows that may be of a query's nearest k, and (m,) whether its list was long
        enough.
    """
    wanted = rows.shape[1]
    first = min(wanted, first_rescored(k))
    exact = segment.products_of(queries, rows[:, :first])
    difference = exact - products[:, :first]
    margins = segment.vectors.margins(queries)
    spread = np.maximum(difference.std(axis=1), spreads)
    reach = np.maximum(difference.mean(axis=1), 0) + SURE * spread + margins
    kth = np.partition(exact, first - k, axis=1)[:, first - k]
    needed = (products >= (kth - reach)[:, None]).sum(axis=1)
    done = needed < wanted
    # FAISS skips row -1: beyond what is needed, and in lists that are asked for again.
    rest = np.where(
        (np.arange(first, wanted) < needed[:, None]) & done[:, None], rows[:, first:], -1
    )
    if (rest >= 0).any():
        exact = np.hstack([exact, segment.products_of(queries, rest)])
        kth = np.partition(exact, wanted - k, axis=1)[:, wanted - k]
        return exact >= (kth - margins)[:, None], done
    near = np.zeros(rows.shape, dtype=np.bool_)
    near[:, :first] = exact >= (kth - margins)[:, None]
    return near, done
