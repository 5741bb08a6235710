"""What goes with a product: other categories, the same style, by vectors and by who liked both.

Knows roles of columns; not vectors or indexes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import InvalidState
from engine.shop.catalogue.catalogue import Catalogue

CoLikes = Callable[[Any], Mapping[Any, float]]
"""From a product's key to the products that its friends like too, each from 0 to 1."""

LIKED_SHARE = 0.5  # of a score, where both products were liked by the same people


@dataclass(frozen=True)
class Style:
    """What must be the same of products that go together, and what must differ.

    Attributes:
        category: the column that must differ, and the product's value there.
        same: column -> value, the most telling first: the last ones are given up where nothing matches.
    """

    category: tuple[str, Any]
    same: tuple[tuple[str, Any], ...]

    def filters(self) -> Iterable[tuple[dict[str, Any], list[str]]]:
        """Filters from the strictest to the loosest, each with the columns that it holds the same."""
        column, value = self.category
        for count in range(len(self.same), -1, -1):
            held = dict(self.same[:count])
            yield {**held, f"{column} NOT": value}, list(held)


def style_of(product: Mapping[str, Any], catalogue: Catalogue) -> Style:
    """The style of a product: for whom it is, for what occasion, for which season.

    Raises:
        InvalidState: the catalogue has no categories, or the product none.
    """
    levels = catalogue.categories
    # The middle level: of three, the finest tells shirts from T-shirts, the coarsest no shoes apart.
    column = levels[len(levels) // 2] if levels else None
    value = product.get(column) if column is not None else None
    if column is None or value is None:
        what = "product has none" if levels else "catalogue has no column of them"
        raise InvalidState(f"A look is made of products of other categories; this {what}.")
    telling = (catalogue.gender, catalogue.usage, catalogue.season)
    same = [(name, product.get(name)) for name in telling if name is not None]
    return Style((column, value), tuple((name, v) for name, v in same if v is not None))


def scored(
    keys: Sequence[Any], cosines: Sequence[float], liked: Mapping[Any, float]
) -> list[tuple[Any, float]]:
    """Keys with their scores, best first: half by vectors, half by who liked both, where anybody did."""
    share = LIKED_SHARE if liked else 0.0
    pairs = [
        (key, (1 - share) * (1 + cosine) / 2 + share * liked.get(key, 0.0))
        for key, cosine in zip(keys, cosines)
    ]
    return sorted(pairs, key=lambda pair: -pair[1])


def in_turns(
    pairs: Sequence[tuple[Any, float]], category_of: Mapping[Any, Any], count: int
) -> list[tuple[Any, float]]:
    """The best of each category, then the second best of each, and so on: a look, not four belts."""
    taken: dict[Any, int] = defaultdict(int)
    turns = []
    for place, (key, _) in enumerate(pairs):
        category = category_of[key]
        turns.append((taken[category], place))
        taken[category] += 1
    return [pairs[place] for _, place in sorted(turns)[:count]]
