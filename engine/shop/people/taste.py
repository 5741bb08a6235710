"""What a user likes: a vector, colours, categories, prices. Pure functions of products and weights.

The vector is the unit vector of the weighted mean of the unit vectors of liked products: users of an
average that was not scaled to 1 (0.82 to 0.85 long in the cloud's demo) got wrong rankings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.core.arrays import Rows, Vector, unit
from engine.shop.people.interactions.rows import DISLIKE
from engine.shop.people.space import Attribute, Floats, ProductSpace

MAX_PREFERENCES = 5  # colours and categories that are kept, the most liked first
_CANCELLED = 1e-6  # length of a mean, as a share of its weights, that float32 can't tell from 0


@dataclass(frozen=True)
class Prices:
    """Of the products that a user likes; `point` is the mean with the weights of the interactions."""

    least: float
    greatest: float
    mean: float
    p25: float
    p75: float
    point: float

    def to_json(self) -> dict[str, float]:
        """By the names of the table of styles."""
        return {
            "min_price": self.least,
            "max_price": self.greatest,
            "avg_price": self.mean,
            "p25_price": self.p25,
            "p75_price": self.p75,
            "avg_price_point": self.point,
        }


@dataclass(frozen=True)
class Taste:
    """What a user likes.

    Attributes:
        vector: (d,) float32 of length 1; None where none can be made.
        trouble: why there is no vector; None where there is one.
        colors, categories: the most liked first. prices: None where none is known.
        interactions: how many the user has, of whatever kind.
    """

    vector: Vector | None = field(repr=False)
    trouble: str | None
    colors: tuple[str, ...]
    categories: tuple[str, ...]
    prices: Prices | None
    interactions: int


NOTHING = Taste(None, "it has no interactions", (), (), None, 0)


def interaction_weights(
    kinds: Sequence[str],
    days: Floats,
    kind_weights: Mapping[str, float],
    half_life_days: float | None,
) -> Floats:
    """What each interaction counts: by its kind (1, and 0 for a dislike) and by its age.

    An interaction counts half of one that is `half_life_days` younger; one without a time as much as the
    oldest of the same user. Only the ratio between a user's own interactions matters.
    """
    usual = {DISLIKE: 0.0, **kind_weights}
    weights = np.array([usual.get(kind, 1.0) for kind in kinds], dtype=np.float64)
    known = np.isfinite(days)
    if half_life_days is None or not known.any():
        return weights
    dated = np.where(known, days, days[known].min())
    aged: Floats = weights * 0.5 ** ((dated.max() - dated) / half_life_days)
    return aged


def taste_of(space: ProductSpace, rows: Rows, weights: Floats) -> Taste:
    """The taste of one user.

    Args:
        rows: row in the products table of each interaction's product, -1 where it has none.
        weights: (interactions,) what each counts; one below 0 leads away.
    """
    there = rows >= 0
    known, weighted = rows[there], weights[there]
    vector, trouble = mean_vector(space, known, weighted)
    catalogue = space.products.catalogue
    category = catalogue.categories[0] if catalogue.categories else None
    liked = weighted > 0
    return Taste(
        vector,
        trouble,
        _preferred(space.attribute(catalogue.color), known, weighted),
        _preferred(space.attribute(category), known, weighted),
        _prices(space, known[liked], weighted[liked]),
        len(rows),
    )


def mean_vector(
    space: ProductSpace, rows: Rows, weights: Floats
) -> tuple[Vector | None, str | None]:
    """The unit vector of the weighted mean of products' vectors; or None, and why there is none."""
    places = space.places_of(rows)
    used = (places >= 0) & (weights != 0)
    if not used.any():
        return None, "none of the products has a vector in the hybrid index"
    vectors = space.vectors(places[used]).astype(np.float64)
    total = weights[used] @ vectors
    if np.linalg.norm(total) <= _CANCELLED * np.abs(weights[used]).sum():
        return None, "the products cancel: their mean has length 0"
    return unit(total), None


def _preferred(attribute: Attribute | None, rows: Rows, weights: Floats) -> tuple[str, ...]:
    """The values with the most weight, equal ones in the order of the alphabet."""
    if attribute is None:
        return ()
    codes = attribute.codes[rows]
    told = codes >= 0
    sums = np.bincount(codes[told], weights[told], minlength=len(attribute.values))
    best = np.argsort(-sums, kind="stable")[:MAX_PREFERENCES]
    return tuple(attribute.values[code] for code in best.tolist() if sums[code] > 0)


def _prices(space: ProductSpace, rows: Rows, weights: Floats) -> Prices | None:
    if space.prices is None:
        return None
    prices = space.prices[rows]
    known = np.isfinite(prices)
    if not known.any():
        return None
    prices, weights = prices[known], weights[known]
    p25, p75 = np.percentile(prices, [25, 75])
    figures: Any = (
        prices.min(),
        prices.max(),
        prices.mean(),
        p25,
        p75,
        prices @ weights / weights.sum(),
    )
    return Prices(*map(float, figures))
