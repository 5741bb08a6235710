"""How well each product suits a taste: by the vector and by rules, all products at once. Pure functions.

score = vector_weight * vector + (1 - vector_weight) * rules, each from 0 to 1:

- vector: the cosine with the user's vector, scaled so that the farthest product of the space has 0 and
  the nearest 1, whatever is filtered or shown;
- rules: the weighted mean of category, color and price, each from 0 to 1:
  - category, color: 1 for the first of the user's preferences, falling evenly, 0 for none of them;
  - price: e^(-d/s), d the distance from the user's mean price, s half the distance between the user's
    quartiles, at least a tenth of the mean.

A rule of which nothing is known of the user is left out, and so is the whole part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.shop.people.space import Attribute, Floats, ProductSpace
from engine.shop.people.taste import Prices, Taste

_LEAST_SPREAD = 0.1  # of the mean price


@dataclass(frozen=True, eq=False)
class Scores:
    """Every product of a space for one user, (n,) each, from 0 to 1 but for the cosine.

    Attributes:
        cosine, vector: None without a vector. rules: rule -> its part; without those left out.
        weights: what `vector`, `rules`, and each rule within the rules count; each pair sums to 1.
    """

    score: Floats
    cosine: Floats | None
    vector: Floats | None
    rules_sum: Floats | None
    rules: Mapping[str, Floats]
    weights: Mapping[str, float]


def scored(
    space: ProductSpace, taste: Taste, vector_weight: float, rule_weights: Mapping[str, float]
) -> Scores | None:
    """All products' scores; None where nothing at all is known of the user."""
    cosine, vector = None, None
    if taste.vector is not None and len(taste.vector) == space.dimension:
        cosine = space.cosines(taste.vector).astype(np.float64)
        vector = scaled(cosine)
    rules = {name: part for name, part in rules_of(space, taste).items() if rule_weights[name] > 0}
    total = sum(rule_weights[name] for name in rules)
    inner = {name: rule_weights[name] / total for name in rules}
    rules_sum = None
    for name, part in rules.items():
        weighted = inner[name] * part
        rules_sum = weighted if rules_sum is None else rules_sum + weighted
    if vector is None and rules_sum is None:
        return None
    if vector is None or rules_sum is None:
        share = 0.0 if vector is None else 1.0
    else:
        share = vector_weight
    score = np.zeros(len(space), dtype=np.float64)
    score = score if vector is None else score + share * vector
    score = score if rules_sum is None else score + (1 - share) * rules_sum
    weights = {"vector": share, "rules": 1 - share, **inner}
    return Scores(score, cosine, vector, rules_sum, rules, weights)


def scaled(values: Floats) -> Floats:
    """Values so that the least is 0 and the greatest 1; all 1 where all are equal."""
    if not len(values):
        return values
    low, high = values.min(), values.max()
    out: Floats = np.ones_like(values) if high <= low else (values - low) / (high - low)
    return out


def rules_of(space: ProductSpace, taste: Taste) -> dict[str, Floats]:
    """Rule -> (n,) its part; only those of which something is known."""
    catalogue = space.products.catalogue
    coarsest = catalogue.categories[0] if catalogue.categories else None
    out: dict[str, Floats] = {}
    for name, column, liked in (
        ("category", coarsest, taste.categories),
        ("color", catalogue.color, taste.colors),
    ):
        attribute = space.attribute(column)
        if attribute is not None and liked:
            out[name] = _by_preference(attribute, liked)[space.rows]
    if taste.prices is not None and space.prices is not None:
        out["price"] = price_closeness(space.prices[space.rows], taste.prices)
    return out


def price_closeness(prices: Floats, liked: Prices) -> Floats:
    """How near prices are to a user's mean: 1 for equal, falling to 0; 0 for an unknown one."""
    spread = max((liked.p75 - liked.p25) / 2, _LEAST_SPREAD * abs(liked.mean), 0.01)
    near: Floats = np.exp(-np.abs(prices - liked.mean) / spread)
    return np.where(np.isfinite(prices), near, 0.0)


def _by_preference(attribute: Attribute, liked: tuple[str, ...]) -> Floats:
    """(products,) by the place of each one's value among the preferences."""
    worth = np.zeros(len(attribute.values) + 1)  # the last one is that of no value, code -1
    places = {value: place for place, value in enumerate(attribute.values)}
    for place, value in enumerate(liked):
        if value in places:
            worth[places[value]] = 1 - place / len(liked)
    out: Floats = worth[attribute.codes]
    return out
