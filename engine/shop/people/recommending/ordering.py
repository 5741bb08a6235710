"""The order of scored products: the best first, and none too like a better one. Pure functions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.core.arrays import Matrix, Rows
from engine.shop.people.space import Floats

POOL = 500  # of the best products, among which like ones are kept apart


def best(score: Floats, allowed: Rows, ranks: Rows, count: int) -> Rows:
    """Places of the `count` best of some products, equal ones in the order of keys.

    Args:
        score: (n,) of all products, higher is better. allowed: places of those that count.
        ranks: (n,) order of keys.
    """
    values = score[allowed]
    if 0 < count < len(values):
        least = np.partition(values, len(values) - count)[len(values) - count]
        allowed = allowed[values >= least]
    order = np.lexsort([ranks[allowed], -score[allowed]])
    return allowed[order[:count]]


def diverse(
    places: Rows, score: Floats, diversity: float, count: int, vectors: Callable[[Rows], Matrix]
) -> Rows:
    """The same places by maximal marginal relevance, as far as `count` of them, then as they were.

    Each time that product comes next whose `(1 - diversity) * score - diversity * cosine` is greatest,
    the cosine being the greatest one with a product before it. Only the first 500 are reordered, so that
    a page is the same whatever pages are asked for.

    Args:
        places: the best first. score: (n,) of all products. vectors: unit vectors by places.
    """
    pool = places[:POOL]
    if diversity == 0 or len(pool) < 2:
        return places
    rows = vectors(pool)
    worth = (1 - diversity) * score[pool]
    nearest = np.full(len(pool), -np.inf)
    taken: list[int] = []
    free = np.ones(len(pool), dtype=bool)
    for _ in range(min(count, len(pool))):
        penalty = np.where(np.isfinite(nearest), nearest, 0.0)
        chosen = int(np.argmax(np.where(free, worth - diversity * penalty, -np.inf)))
        taken.append(chosen)
        free[chosen] = False
        nearest = np.maximum(nearest, rows @ rows[chosen])
    order = np.concatenate([np.array(taken, dtype=np.int64), np.flatnonzero(free)])
    return np.concatenate([pool[order], places[POOL:]])
