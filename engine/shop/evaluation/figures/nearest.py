"""Which vectors are nearest to a query, and how far down its own one is. Knows inner products only."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.core.arrays import Matrix, Rows
from engine.shop.evaluation.figures.figure import Floats

_BLOCK = 16_000_000  # scores at a time: 64 MB


def nearest(queries: Matrix, vectors: Matrix, k: int, is_own: bool = False) -> Rows:
    """The rows of the k vectors with the highest inner product, best first; ties by row.

    Args:
        queries: (m, d). vectors: (n, d).
        is_own: the queries are the vectors, and none of them is to find itself.

    Returns:
        (m, k) rows; fewer columns where there are not so many vectors.
    """
    k = min(k, len(vectors) - is_own)
    found = np.empty((len(queries), max(k, 0)), dtype=np.int64)
    if k <= 0:
        return found
    for start, scores in _scores(queries, vectors):
        if is_own:
            own = np.arange(len(scores))
            scores[own, start + own] = -np.inf
        least = np.partition(scores, -k, axis=1)[:, -k]
        for place, row in enumerate(scores):
            there = np.flatnonzero(row >= least[place])
            found[start + place] = there[np.argsort(-row[there], kind="stable")[:k]]
    return found


def ranks(queries: Matrix, vectors: Matrix) -> Floats:
    """How far down the list of vectors each query's own one is, from 1; row i is that of query i.

    Of vectors that score as the own one does, half count as before it.
    """
    found = np.empty(len(queries))
    for start, scores in _scores(queries, vectors):
        places = np.arange(len(scores))
        own = scores[places, start + places][:, None]
        ties = (scores == own).sum(1) - 1
        found[start : start + len(scores)] = 1 + (scores > own).sum(1) + ties / 2
    return found


def _scores(queries: Matrix, vectors: Matrix) -> Iterator[tuple[int, Matrix]]:
    """First row and inner products of a block of queries with all vectors."""
    step = max(1, _BLOCK // max(1, len(vectors)))
    for start in range(0, len(queries), step):
        yield start, queries[start : start + step] @ vectors.T
