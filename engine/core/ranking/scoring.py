"""Scores and exact ranking. Knows numpy; not indexes. The oracle that every fast path is tested on.

Ranking is by Euclidean distance, nearest first, as the cloud ranks; for unit vectors that is the
order of the inner product. Ties go to the lower primary key.
Truth: score `1 / (1 + d²)`, documented for Databricks Vector Search; the tie rule is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.core.arrays import Matrix, Vector

Floats = npt.NDArray[np.float64]

_CHUNK_ROWS = 8192  # rows widened to float64 at a time: 32 MB at 512 dimensions


def squared_distances(query: Vector, vectors: Matrix) -> Floats:
    """Squared Euclidean distance of each row to the query, in float64.

    Args:
        query: (d,) float32. vectors: (n, d) float32.

    Returns:
        (n,) float64, lower is nearer, exactly 0 for an equal row; each row is computed on its own,
        so equal rows get equal numbers wherever they stand.
    """
    out = np.empty(len(vectors), dtype=np.float64)
    wide_query = query.astype(np.float64)
    for start in range(0, len(vectors), _CHUNK_ROWS):
        difference = vectors[start : start + _CHUNK_ROWS].astype(np.float64)
        difference -= wide_query
        out[start : start + _CHUNK_ROWS] = np.einsum("ij,ij->i", difference, difference)
    return out


def api_scores(squared: Floats) -> Floats:
    """The API's ANN score of squared distances: `1 / (1 + d²)`, in (0, 1], higher is closer."""
    scores: Floats = 1.0 / (1.0 + squared)
    return scores


def cosines(query: Vector, vectors: Matrix) -> Floats:
    """Cosine of the query with each row, in [-1, 1], higher is closer; 0 where a length is 0."""
    wide, wide_query = vectors.astype(np.float64), query.astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide)) * float(np.linalg.norm(wide_query))
    products = np.einsum("ij,j->i", wide, wide_query)
    out: Floats = np.zeros_like(products)
    cosine: Floats = np.divide(products, lengths, out=out, where=lengths > 0)
    return cosine


def distances_and_cosines(query: Vector, vectors: Matrix) -> tuple[Floats, Floats]:
    """`squared_distances` and `cosines` of a few rows at once, which costs half as much."""
    wide, wide_query = vectors.astype(np.float64), query.astype(np.float64)
    products, query_squared = wide @ wide_query, wide_query @ wide_query
    difference = np.subtract(wide, wide_query, out=wide)  # memory that is at hand
    squared = np.einsum("ij,ij->i", difference, difference)
    # |x|² = |x - q|² + 2 x·q - |q|²; a length of 0 comes out as rounding noise.
    scale_squared = (squared + 2 * products - query_squared) * query_squared
    least = 1e-13 * query_squared * (query_squared + 1.0)
    if scale_squared.size and scale_squared.min() > least:
        return squared, products / np.sqrt(scale_squared)
    return squared, cosines(query, vectors)


def best_first(squared: Floats, keys: Sequence[Any], k: int) -> list[int]:
    """Positions of the k nearest, nearest first; equal distances by ascending primary key.

    Args:
        squared: (n,) squared distances. keys: n primary keys, all int or all str.
    """
    order = sorted(range(len(squared)), key=lambda i: (squared[i], keys[i]))
    return order[:k]


def rank_exact(
    query: Vector, vectors: Matrix, keys: Sequence[Any], k: int
) -> tuple[list[int], Floats]:
    """Rank every stored vector for one query, without an index: the oracle.

    Args:
        query: (d,) float32. vectors: (n, d) float32. keys: n primary keys.
        k: results wanted; fewer come back when n < k, never padding.

    Returns:
        positions in `vectors`, best first, and their API scores in the same order.
    """
    squared = squared_distances(query, vectors)
    order = best_first(squared, keys, k)
    return order, api_scores(squared[order])
