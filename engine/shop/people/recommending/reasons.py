"""Why a product is recommended, as a sentence that its parts bear out. Knows words; not products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.shop.catalogue.catalogue import with_currency
from engine.shop.people.taste import Taste

_CLOSE = 0.5  # of a part from 0 to 1, from which on it is a reason


@dataclass(frozen=True)
class Parts:
    """What a score is made of.

    Attributes:
        vector, rules, category, color, price: from 0 to 1; None where it was left out.
        cosine: with the user's vector. popularity: share of users who like it, where only that counts.
    """

    vector: float | None = None
    cosine: float | None = None
    rules: float | None = None
    category: float | None = None
    color: float | None = None
    price: float | None = None
    popularity: float | None = None

    def to_json(self) -> dict[str, float | None]:
        """By name."""
        return dict(vars(self))


def why(parts: Parts, product: Mapping[str, Any], columns: Mapping[str, str | None], taste: Taste,
        currency: str, weights: Mapping[str, float]) -> str:  # fmt: skip
    """The sentence.

    Args:
        product: its values. columns: rule -> the column that it looks at.
        weights: of `vector` and of `rules`: what has none is no reason.
    """
    if parts.popularity is not None:
        share = f"{parts.popularity:.0%} of those who liked anything" if parts.popularity else ""
        return f"Liked by {share}." if share else "Nothing is known of this user's taste yet."
    reasons = []
    if weights.get("vector") and parts.vector is not None and parts.vector >= _CLOSE:
        reasons.append(f"close to what you liked (cosine {parts.cosine:.2f})")
    if weights.get("rules"):
        reasons += _by_rules(parts, product, columns, taste, currency)
    if not reasons:
        return "Among the best of what is left, though no part of it stands out."
    text = "; ".join(reasons)
    return f"{text[0].upper()}{text[1:]}."


def _by_rules(parts: Parts, product: Mapping[str, Any], columns: Mapping[str, str | None],
              taste: Taste, currency: str) -> list[str]:  # fmt: skip
    out = []
    for part, column in ((parts.category, columns["category"]), (parts.color, columns["color"])):
        if part and column is not None:
            rank = "your favourite" if part == 1 else "one of your favourites"
            out.append(f"{product[column]} is {rank}")
    column = columns["price"]
    if parts.price is not None and parts.price >= _CLOSE and column is not None:
        assert taste.prices is not None
        mean = with_currency(taste.prices.mean, currency)
        price = with_currency(float(product[column]), currency)
        out.append(f"{price} is near your usual {mean}")
    return out
