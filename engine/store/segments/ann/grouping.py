"""Centres for the cells of a large approximate index: by k-means, and for small groups. Knows FAISS."""

from __future__ import annotations

import os

import faiss
import numpy as np

from engine.core.arrays import Floats32, Matrix, Rows
from engine.store.segments.ann.cells import Centres
from engine.store.segments.ann.products import threads_of

SAMPLE_ROWS = 45  # for each cell
_FAR = 1.5  # times the typical squared distance to a centre: a row that k-means has no centre for
# Rows of one group lie less than this apart, rows of a cell less than this from its centre; in the same.
_APART = 2.5
_MEANS_APART = 1.5  # means of two groups lie farther apart; in the same
_MOST_LEFT = 0.1  # of the rows may be apart from all cells: all queries read them
_LEAST_ROWS = 2  # of a sample make a group
_FAR_ROWS = 60_000  # are looked at, in blocks
_FAR_BLOCK = 1024


def centres_of(sample: Matrix, most: int, seed: int) -> Centres:
    """At most `most` centres for rows like those of a sample, (s, k) float32.

    K-means places centres where many rows are: groups of a few hundred rows get none, and would lie in
    cells of others. So it makes a tenth of them, and rows that are far from these have the others.
    """
    points = _by_kmeans(sample, max(1, most // 10), seed)
    leaders = _leaders(sample, points, most - len(points))
    if len(points) + len(leaders) < most // 3:  # no groups: rows lie everywhere between
        points = _by_kmeans(sample, most // 3, seed)
        leaders = _leaders(sample, points, most - len(points))
    points = _rounded(np.vstack([points, leaders]))
    _, away = Centres(points, np.inf).nearest(sample)
    return Centres(points, max(_APART * _typical(away), float(np.quantile(away, 1 - _MOST_LEFT))))


def _rounded(points: Matrix) -> Matrix:
    """To float16, as they are written, so that all is measured from that; not if too long or short."""
    with np.errstate(over="ignore"):
        rounded: Matrix = points.astype(np.float16).astype(np.float32)
    error = np.abs(rounded - points).max(initial=0.0)
    return rounded if error <= 1e-3 * np.abs(points).max(initial=0.0) else points


def _typical(squares: Floats32) -> float:
    """The median; more where most are zero, as of vectors that repeat."""
    return max(float(np.median(squares)), float(squares.mean(dtype=np.float64)) / 4)


def _by_kmeans(sample: Matrix, count: int, seed: int) -> Matrix:
    clustering = faiss.Clustering(sample.shape[1], count)
    clustering.niter, clustering.seed = 8, seed
    clustering.max_points_per_centroid = 256
    nearest = faiss.IndexFlatL2(sample.shape[1])
    with threads_of(os.cpu_count() or 1):
        clustering.train(np.ascontiguousarray(sample), nearest)
    centres: Matrix = faiss.vector_to_array(clustering.centroids).reshape(count, -1)
    return centres


def _leaders(sample: Matrix, points: Matrix, most: int) -> Matrix:
    """Means of the largest groups of rows that are far from all points: (m, k) float32, m <= most."""
    _, away = Centres(points, np.inf).nearest(sample)
    typical = _typical(away)
    means = far = sample[away > _FAR * typical][:_FAR_ROWS]
    if not len(far):
        return far
    counts = np.ones(len(far), dtype=np.int64)
    # A group has rows on all sides of its mean: several lead a part of it, whose means are near.
    for distance in (_APART, _MEANS_APART):
        means, counts = _means(far, _apart(means, distance * typical))
    return means[counts >= _LEAST_ROWS][:most]


def _means(rows: Matrix, leaders: Matrix) -> tuple[Matrix, Rows]:
    """Means of the rows that are nearest to each leader, and their numbers; most rows first."""
    group, _ = Centres(leaders, np.inf).nearest(rows)
    counts = np.bincount(group, minlength=len(leaders))
    sums = np.zeros(leaders.shape)
    np.add.at(sums, group, rows)
    order = np.argsort(-counts, kind="stable")
    order = order[: np.count_nonzero(counts)]
    return (sums[order] / counts[order, None]).astype(np.float32), counts[order]


def _apart(rows: Matrix, distance: float) -> Matrix:
    """Rows of which any two lie farther apart than a squared distance, and none of the others does."""
    squares = np.einsum("ij,ij->i", rows, rows)
    chosen = np.empty(len(rows), dtype=np.int64)
    count = 0
    for start in range(0, len(rows), _FAR_BLOCK):
        block = slice(start, start + _FAR_BLOCK)
        nearest = np.full(len(rows[block]), np.inf, dtype=np.float32)
        if count:
            known = chosen[:count]
            products = rows[block] @ rows[known].T
            nearest = (squares[block, None] + squares[known] - 2 * products).min(axis=1)
        among = squares[block, None] + squares[block] - 2 * rows[block] @ rows[block].T
        for row in np.flatnonzero(nearest > distance).tolist():
            if nearest[row] > distance:
                chosen[count], count = start + row, count + 1
                nearest = np.minimum(nearest, among[row])
    return rows[chosen[:count]]
