"""From vectors to places on a map, by the best method that is here. Knows methods; not files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.core.arrays import Matrix, Rows
from engine.shop.projection import tsne
from engine.shop.projection.placing import Places, places_among, scaled
from engine.shop.projection.principal import principal_components
from engine.store.segments.ann.products import exact_nearest

Method = Literal["t-SNE", "PCA"]
_MOST = 60_000  # products that t-SNE places; the others are placed among them
_SAMPLE = 500  # products whose neighbours are counted
_NEIGHBOURS = 10
_SEED = 1234


@dataclass(frozen=True)
class Projection:
    """Vectors in two dimensions.

    Attributes:
        places: (n, 2). method: how they were found.
        kept: share of each product's ten nearest that are its ten nearest on the map too, from a
            sample, 0 to 1; None for so few that there is nothing to keep.
    """

    places: Places
    method: Method
    kept: float | None


def usual_method() -> Method:
    """The best that is installed."""
    return "t-SNE" if tsne.is_available() else "PCA"


def directions_of(vectors: Matrix) -> Matrix:
    """Vectors (n, d) of length 1; those of length 0 stay."""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return np.ascontiguousarray((vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32))


def projected(vectors: Matrix, method: Method, bar: tsne.Bar) -> Projection:
    """Vectors (n, d) in two dimensions; the same vectors give the same places.

    Args:
        method: "t-SNE" falls back to "PCA" where vectors are few, or all alike.
        bar: makes a progress bar.
    """
    directions = directions_of(vectors)
    chosen = _chosen(len(directions))
    some = directions[chosen]
    if len(some) < tsne.LEAST or not np.ptp(some, axis=0).any():
        method = "PCA"
    if method == "PCA":
        places = scaled(principal_components(directions))
    else:
        places = _with_the_others(directions, chosen, scaled(tsne.tsne(some, bar)))
    return Projection(places, method, _kept(directions, places))


def _with_the_others(directions: Matrix, chosen: Rows, places: Places) -> Places:
    """(n, 2): the places of the chosen rows, and of the others among them."""
    if len(chosen) == len(directions):
        return places
    every = np.empty((len(directions), 2), dtype=np.int16)
    every[chosen] = places
    others = np.setdiff1d(np.arange(len(directions)), chosen, assume_unique=True)
    every[others] = places_among(directions[others], directions[chosen], places)
    return every


def _chosen(count: int) -> Rows:
    """Rows that are projected, ascending."""
    if count <= _MOST:
        return np.arange(count)
    return np.sort(np.random.default_rng(_SEED).choice(count, _MOST, replace=False))


def _kept(directions: Matrix, places: Places) -> float | None:
    """See `Projection.kept`."""
    count = len(directions)
    if count <= _NEIGHBOURS + 1:
        return None
    sample = np.random.default_rng(_SEED).permutation(count)[:_SAMPLE]
    rows, _ = exact_nearest(directions[sample], directions, _NEIGHBOURS + 1)
    x, y = places.T.astype(np.float64)
    shared = 0
    for own, nearest in zip(sample.tolist(), rows):
        away = (x - x[own]) ** 2 + (y - y[own]) ** 2
        away[own] = np.inf
        there = np.argpartition(away, _NEIGHBOURS)[:_NEIGHBOURS]
        shared += len(np.intersect1d(there, nearest[nearest != own][:_NEIGHBOURS]))
    return shared / (len(sample) * _NEIGHBOURS)
