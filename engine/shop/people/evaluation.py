"""How well recommendations find what users like: each like is held out once. Knows spaces and logs.

Leave-one-out: of a user's likes one is set aside, the taste is made of the others, and the rank of the
one set aside is taken among all products that the user has not had to do with otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from engine.core.arrays import Rows
from engine.errors import InvalidState
from engine.progress import tracked
from engine.shop.browsing.listing import check_count
from engine.shop.evaluation.figures.figure import Figure
from engine.shop.people.interactions.log import Interactions, Log
from engine.shop.people.recommending.recommender import BY_BOTH, BY_RULES, BY_VECTOR
from engine.shop.people.recommending.request import VECTOR_WEIGHT
from engine.shop.people.recommending.scoring import scored
from engine.shop.people.space import Floats, ProductSpace, ProductSpaces
from engine.shop.people.taste import interaction_weights, taste_of
from engine.shop.short_tables import short_table
from engine.text_table import Column

_SHARES = {BY_VECTOR: 1.0, BY_RULES: 0.0, BY_BOTH: VECTOR_WEIGHT}
_EQUAL_RULES = {"category": 1.0, "color": 1.0, "price": 1.0}


@dataclass(frozen=True)
class RecommendationFigures:
    """Hit rate, nDCG and MRR of each way to recommend.

    Attributes:
        k: how many products are looked at. held_out: likes that were set aside, one at a time.
        candidates: products in the index.
        figures: "vector", "rules" and "vector and rules" -> `hit_rate`, `ndcg`, `mrr`, each with
            `value`, `interval()` (95 %, bootstrap over the likes) and the values themselves.
        made_up: share of the interactions that are the demo's own: of these, figures tell whether known
            rules are followed, not what people would buy.
    """

    k: int
    held_out: int
    candidates: int
    figures: Mapping[str, Mapping[str, Figure]]
    made_up: float

    def __repr__(self) -> str:
        heading = f"{self.held_out:,} likes held out, among {self.candidates:,} products"
        rows = [
            {"by": way, **{name: figure.value for name, figure in of.items()}}
            for way, of in self.figures.items()
        ]
        measures = {name: one.title for of in self.figures.values() for name, one in of.items()}
        columns = [Column(name, title, form=".3f") for name, title in measures.items()]
        return short_table(heading, rows, [Column("by", is_kept=True, least=16), *columns])


class RecommendationEvaluation:
    """The evaluation over one workspace's interactions."""

    def __init__(self, spaces: ProductSpaces, interactions: Interactions) -> None:
        self._spaces, self._interactions = spaces, interactions

    def evaluate_recommendations(self, *, k: int = 20) -> RecommendationFigures:
        """Leave-one-out figures of the vector, the rules and both; see `RecommendationFigures`.

        Raises:
            NotFound: no hybrid index. InvalidState: no user has two likes with vectors.
            InvalidParameterValue: a `k` that isn't from 1 to 200.
        """
        check_count("k", k, 1, 200)
        space, log = self._spaces.now(), self._interactions.now()
        ranks: dict[str, list[int]] = {way: [] for way in _SHARES}
        names: list[str] = []
        every = sorted(log.users)
        for user in tracked(every, total=len(every), unit="user", desc="evaluate"):
            for name, kept, held in _held_out(space, log, user):
                names.append(name)
                for way, rank in _ranks(space, kept, held).items():
                    ranks[way].append(rank)
        if not names:
            raise InvalidState(
                "No user has two likes of products with vectors; nothing to hold out."
            )
        sources = log.table.column("source").to_pylist()
        made_up = sources.count("made_up") / len(sources)
        figures = {way: figures_of(tuple(names), found, k) for way, found in ranks.items()}
        return RecommendationFigures(k, len(names), len(space), figures, made_up)


def figures_of(names: tuple[str, ...], ranks: list[int], k: int) -> dict[str, Figure]:
    """Figures of ranks, 1 for the best: one right product a query, so that the ideal gain is 1."""
    rank = np.array(ranks, dtype=np.float64)
    inside = rank <= k
    gains = np.where(inside, 1 / np.log2(rank + 1), 0.0)
    of = {
        "hit_rate": (f"hit rate@{k}", inside.astype(np.float64)),
        "ndcg": (f"nDCG@{k}", gains),
        "mrr": ("MRR", 1 / rank),
    }
    return {key: Figure(key, title, names, values) for key, (title, values) in of.items()}


def _held_out(
    space: ProductSpace, log: Log, user: str
) -> Iterator[tuple[str, tuple[Rows, Floats], int]]:
    """For each product that a user likes: a name, the other likes with weights, its place."""
    rows = log.rows_of(user)
    weights = interaction_weights(log.kinds(rows), log.days(rows), {}, None)
    products = space.products.rows_of(log.products_of(rows))
    places = space.places_of(products)
    liked = np.unique(places[(places >= 0) & (weights > 0)])
    if len(liked) < 2:
        return
    for held in liked.tolist():
        others = places != held  # all that the user did with it
        yield f"{user}/{held}", (products[others], weights[others]), held


def _ranks(space: ProductSpace, kept: tuple[Rows, Floats], held: int) -> dict[str, int]:
    """Way -> rank of the product that was held out, equal ones before it counted by key."""
    rows, weights = kept
    taste = taste_of(space, rows, weights)
    seen = space.places_of(rows)
    seen = seen[seen >= 0]
    out = {}
    for way, share in _SHARES.items():
        scores = scored(space, taste, share, _EQUAL_RULES)
        if scores is None:
            out[way] = len(space)
            continue
        values = scores.score
        equal = (values == values[held]) & (space.key_ranks < space.key_ranks[held])
        before = (values > values[held]) | equal
        before[seen] = False
        out[way] = int(before.sum()) + 1
    return out
