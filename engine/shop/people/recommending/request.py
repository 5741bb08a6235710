"""What is asked of recommendations. Knows options; not products or users."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass

from engine.core.values import shown
from engine.errors import InvalidParameterValue
from engine.shop.browsing.listing import MAX_LIMIT, check_count

VECTOR_WEIGHT = 0.6


@dataclass(frozen=True)
class RecommendRequest:
    """Products for a user, as they were asked for.

    Attributes:
        user: its id.
        k: products wanted, 1 to 200. offset: how many of the best come before them.
        filters: as in the API, `{"price <": 50, "gender": "Women"}` or `"price < 50"`.
        vector_weight: share of the user's vector, 0 to 1; the rules have the rest.
        category_weight, color_weight, price_weight: what each rule counts beside the others, 0 or more.
        diversity: 0 to 1, how much a product loses that is like a better one (maximal marginal
            relevance); 0 for none.
        include_seen: also products that the user had to do with.
    """

    user: str
    _: KW_ONLY
    k: int = 20
    offset: int = 0
    filters: object = None
    vector_weight: float = VECTOR_WEIGHT
    category_weight: float = 1.0
    color_weight: float = 1.0
    price_weight: float = 1.0
    diversity: float = 0.0
    include_seen: bool = False

    @property
    def rule_weights(self) -> Mapping[str, float]:
        """Rule -> what it counts."""
        return {
            "category": self.category_weight,
            "color": self.color_weight,
            "price": self.price_weight,
        }

    def check(self) -> None:
        """Raises InvalidParameterValue: a number that can't be."""
        if not isinstance(self.user, str):
            raise InvalidParameterValue(
                f"user is {shown(self.user)}; expected a user's id, a text."
            )
        check_count("k", self.k, 1, MAX_LIMIT)
        check_count("offset", self.offset, 0, 2**31 - 1)
        for name in ("vector_weight", "diversity"):
            _check_number(name, getattr(self, name), 1.0)
        for rule, weight in self.rule_weights.items():
            _check_number(f"{rule}_weight", weight, 1000.0)
        if not any(self.rule_weights.values()) and self.vector_weight < 1:
            raise InvalidParameterValue(
                "Every rule's weight is 0; expected one above 0, or vector_weight 1."
            )


def _check_number(name: str, value: object, most: float) -> None:
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not good or not 0 <= value <= most:  # type: ignore[operator]
        raise InvalidParameterValue(
            f"{name} is {shown(value)}; expected a number from 0 to {most:g}."
        )
