"""Recommendations as cards, with the parts of each score as bars. Knows results; not HTML."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.page.cards import Card, Part, card_of
from engine.shop.page.people.address import PersonAsked
from engine.shop.people.recommending.reasons import Parts
from engine.shop.people.recommending.recommender import Recommendation, Recommendations

_PARTS = (
    ("vector", "vector"),
    ("cosine", "cosine"),
    ("category", "category"),
    ("color", "colour"),
    ("price", "price"),
    ("popularity", "liked by"),
)
_BASIS = {
    "vector and rules": "by vector and rules",
    "vector": "by vector alone",
    "rules": "by rules alone: there is no vector for this user",
    "popularity": "by what most people like",
}


@dataclass(frozen=True)
class Recommended:
    """A page of recommendations.

    Attributes:
        basis: what they are by, in words. note: what must be known of the user; None for nothing.
        total: on all pages. seen: left out, since the user had to do with them.
        next_url: of the next ones as a part, next_page: as a page of its own; None on the last page.
    """

    cards: list[Card]
    basis: str
    note: str | None
    total: int
    seen: int
    took_ms: float
    next_url: str | None
    next_page: str | None


def recommended(found: Recommendations, asked: PersonAsked, catalogue: Catalogue) -> Recommended:
    """Recommendations as they are shown."""
    cards = [
        card_of(
            item.product,
            item.key,
            catalogue,
            rank=asked.offset + place,
            score=item.score,
            cosine=item.parts.cosine,
            why=item.why,
            parts=bars(item.parts),
        )
        for place, item in enumerate(found.items, 1)
    ]
    further = None if found.next_offset is None else asked.at(found.next_offset)
    basis = _BASIS[found.basis]
    if found.basis == "rules" and found.note is None:
        basis = "by rules alone"
    return Recommended(
        cards,
        basis,
        found.note,
        found.total,
        found.seen,
        found.took_ms,
        None if further is None else further.part_url("recommended"),
        None if further is None else further.url(),
    )


def bars(parts: Parts) -> tuple[Part, ...]:
    """The parts of a score that are known, as bars."""
    known = parts.to_json()
    out = []
    for name, label in _PARTS:
        value = known[name]
        if value is not None:
            text = f"{100 * value:.0f} %" if name == "popularity" else f"{value:.2f}"
            out.append(Part(label, min(max(value, 0.0), 1.0), text))
    return tuple(out)


def median_price(items: Sequence[Recommendation], catalogue: Catalogue) -> float | None:
    """The median price of recommended products; None where none is known."""
    given = [item.product.get(catalogue.price) for item in items] if catalogue.price else []
    numbers = [float(v) for v in given if isinstance(v, (int, float)) and v == v]
    return statistics.median(numbers) if numbers else None
