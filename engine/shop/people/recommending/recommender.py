"""Recommends products to a user. Knows spaces, tastes and interactions; not doors.

The user's vector is compared with all products in one product of a matrix: with 42,000 of 512 numbers
that is most of the time, one reading of 85 MB, and the rules need every product anyway. So the answer is
exact, and pages follow one another without gap or repetition; further pages take their cosines from
those kept.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.core.arrays import Rows
from engine.shop.catalogue.catalogue import FASHION, Catalogue
from engine.shop.people.interactions.log import Interactions, Log
from engine.shop.people.profiles import Profiles, User
from engine.shop.people.recommending.ordering import POOL, best, diverse
from engine.shop.people.recommending.reasons import Parts, why
from engine.shop.people.recommending.request import RecommendRequest
from engine.shop.people.recommending.scoring import Scores, scored
from engine.shop.people.space import Floats, ProductSpace, ProductSpaces
from engine.shop.short_tables import SCORE, products_table

BY_BOTH, BY_VECTOR, BY_RULES, BY_POPULARITY = "vector and rules", "vector", "rules", "popularity"


@dataclass(frozen=True)
class Recommendation:
    """One product: all its columns, its score from 0 to 1, what that is made of, and why."""

    key: Any
    title: str
    product: dict[str, Any]
    score: float
    parts: Parts
    why: str


@dataclass(frozen=True)
class Recommendations:
    """Products for a user, best first.

    Attributes:
        basis: what they are by: "vector and rules", "vector", "rules" or "popularity".
        note: what must be known of the user, such as why it has no vector; None for nothing.
        weights: of `vector` and `rules`, and of each rule within the rules.
        seen: how many products were left out because the user had to do with them.
        total: how many can be recommended, on all pages. next_offset: None on the last page.
        took_ms: milliseconds of the whole work.
        catalogue: what the products' columns mean. offset: how many products come before these.
    """

    user: User
    items: list[Recommendation]
    basis: str
    note: str | None
    weights: Mapping[str, float]
    seen: int
    total: int
    next_offset: int | None
    took_ms: float
    catalogue: Catalogue = field(default=FASHION, repr=False)
    offset: int = 0

    def __repr__(self) -> str:
        found = f"{len(self.items):,} of {self.total:,} products"
        heading = f"{found} for {self.user.user_id}, by {self.basis}"
        return products_table(heading, self.rows(), self.catalogue, self.offset)

    def rows(self) -> list[dict[str, Any]]:
        """The products' columns, each with its `score`."""
        return [{**item.product, SCORE: item.score} for item in self.items]


class Recommender:
    """Recommendations over one workspace. Safe to use from many threads."""

    def __init__(
        self, spaces: ProductSpaces, profiles: Profiles, interactions: Interactions
    ) -> None:
        self._spaces, self._profiles, self._interactions = spaces, profiles, interactions

    def recommend(self, request: RecommendRequest) -> Recommendations:
        """Products that a user may like: 60 % by its vector and 40 % by rules, unless asked otherwise.

        Of a user without a vector by rules alone, and of one of whom nothing is known what most users
        like; `basis` and `note` say so.

        Raises:
            NotFound: no such user, no hybrid index. BadRequest, InvalidParameterValue: a filter or a
            number that can't be.
        """
        started = time.perf_counter()
        request.check()
        user = self._profiles.get(request.user)
        space = self._spaces.now()
        log = self._interactions.now()
        scores = scored(space, user.taste, request.vector_weight, request.rule_weights)
        values = _popularity(space, log) if scores is None else scores.score
        allowed, seen = _allowed(space, request, log)
        end = request.offset + request.k
        wanted = max(end, POOL) if request.diversity else end
        places = best(values, allowed, space.key_ranks, wanted)
        places = diverse(places, values, request.diversity, end, space.vectors)
        shown = places[request.offset : end]
        items = _items(space, user, shown, values, scores)
        return Recommendations(
            user,
            items,
            _basis(scores),
            _note(user, space, scores),
            {} if scores is None else scores.weights,
            seen,
            len(allowed),
            end if end < len(allowed) else None,
            1000 * (time.perf_counter() - started),
            space.products.catalogue,
            request.offset,
        )


def _allowed(space: ProductSpace, request: RecommendRequest, log: Log) -> tuple[Rows, int]:
    """Places of the products that may be recommended, and how many were seen."""
    mask = np.ones(len(space), dtype=bool)
    if request.filters is not None:
        matching = np.zeros(len(space.products), dtype=bool)
        matching[space.products.matching(request.filters)] = True
        mask = matching[space.rows]
    seen = 0
    if not request.include_seen:
        rows = space.products.rows_of(log.products_of(log.rows_of(request.user)))
        places = np.unique(space.places_of(rows))
        places = places[places >= 0]
        seen = int(mask[places].sum())
        mask[places] = False
    return np.flatnonzero(mask), seen


def _popularity(space: ProductSpace, log: Log) -> Floats:
    """(n,) share of the users with a like who like each product."""
    out = np.zeros(len(space), dtype=np.float64)
    users, products = log.likes
    if len(users):
        places = space.places_of(space.products.rows_of(list(log.products)))
        counts = np.bincount(products, minlength=len(places))
        out[places[places >= 0]] = counts[places >= 0] / len(np.unique(users))
    return out


def _items(
    space: ProductSpace, user: User, shown: Rows, values: Floats, scores: Scores | None
) -> list[Recommendation]:
    catalogue = space.products.catalogue
    coarsest = catalogue.categories[0] if catalogue.categories else None
    columns = {"category": coarsest, "color": catalogue.color, "price": catalogue.price}
    weights = {} if scores is None else scores.weights
    items = []
    for place, product in zip(shown.tolist(), space.products.take(space.rows[shown])):
        score = float(values[place])
        parts = Parts(popularity=score) if scores is None else _parts(scores, place)
        reason = why(parts, product, columns, user.taste, catalogue.currency, weights)
        title = str(product.get(catalogue.title) or "")
        made = Recommendation(product[catalogue.key], title, product, score, parts, reason)
        items.append(made)
    return items


def _parts(scores: Scores, place: int) -> Parts:
    def at(values: Floats | None) -> float | None:
        return None if values is None else float(values[place])

    rules = {name: at(part) for name, part in scores.rules.items()}
    return Parts(
        vector=at(scores.vector), cosine=at(scores.cosine), rules=at(scores.rules_sum), **rules
    )


def _basis(scores: Scores | None) -> str:
    if scores is None:
        return BY_POPULARITY
    if not scores.weights["rules"]:
        return BY_VECTOR
    return BY_BOTH if scores.weights["vector"] else BY_RULES


def _note(user: User, space: ProductSpace, scores: Scores | None) -> str | None:
    taste = user.taste
    if taste.vector is None:
        how = "what most users like" if scores is None else "rules alone"
        return f"User {user.user_id} has no vector: {taste.trouble}; these products are by {how}."
    if len(taste.vector) != space.dimension:
        return (
            f"The vector of user {user.user_id} has {len(taste.vector)} numbers, the hybrid index "
            f"{space.dimension}: it is left out. Make users anew with: vitrine users build"
        )
    return None
