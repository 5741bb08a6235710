"""What users did, as it is shown: the latest first, with products; and what two of them share.

Knows interactions and products; not tastes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from engine.core.arrays import Rows
from engine.shop.browsing.listing import MAX_LIMIT, check_count
from engine.shop.people.interactions.log import Interactions, Log
from engine.shop.people.interactions.rows import DISLIKE
from engine.shop.people.space import ProductSpaces


@dataclass(frozen=True)
class Interaction:
    """What a user did with a product.

    Attributes:
        key: the product's. product: all its columns; None where it is gone.
        kind: such as like. time: in UTC; None where none is known.
        source: "made_up", "imported" or "added"; None where nothing says it.
    """

    key: Any
    product: dict[str, Any] | None
    kind: str
    time: datetime | None
    source: str | None


@dataclass(frozen=True)
class History:
    """A page of what a user did, the latest first.

    Attributes:
        total: on all pages. next_offset: of the next page; None on the last.
    """

    items: list[Interaction]
    total: int
    offset: int
    next_offset: int | None


@dataclass(frozen=True)
class UserComparison:
    """What two users share.

    Attributes:
        shared: keys of the products that both like. liked: how many each likes.
        median_prices: of those that each likes; None where no price is known.
    """

    shared: list[Any]
    liked: tuple[int, int]
    median_prices: tuple[float | None, float | None]


class Histories:
    """The histories of a workspace's users. Safe to use from many threads."""

    def __init__(self, spaces: ProductSpaces, interactions: Interactions) -> None:
        self._spaces, self._interactions = spaces, interactions

    def list_interactions(self, user_id: str, *, limit: int = 20, offset: int = 0) -> History:
        """A page of what a user did, the latest first; none for a user who did nothing.

        Raises:
            InvalidParameterValue: a limit that isn't from 1 to 200, or an offset below 0.
            NotFound: no products.
        """
        check_count("limit", limit, 1, MAX_LIMIT)
        check_count("offset", offset, 0, 2**31 - 1)
        log = self._interactions.now()
        rows = _latest_first(log, log.rows_of(user_id))
        end = offset + limit
        items = self._items(log, rows[offset:end])
        return History(items, len(rows), offset, end if end < len(rows) else None)

    def liked_products(self, user_id: str) -> list[Any]:
        """Keys of the products of which a user did something other than dislike, the latest first."""
        log = self._interactions.now()
        rows = _latest_first(log, log.rows_of(user_id))
        liked = np.array([kind != DISLIKE for kind in log.kinds(rows)], dtype=bool)
        return list(dict.fromkeys(log.products_of(rows[liked])))

    def compare_users(self, user_id: str, other_id: str) -> UserComparison:
        """What two users share; nothing where one of them did nothing. Raises NotFound: no products."""
        one, other = self.liked_products(user_id), self.liked_products(other_id)
        theirs = set(other)
        shared = [key for key in one if key in theirs]
        medians = (self._median_price(one), self._median_price(other))
        return UserComparison(shared, (len(one), len(other)), medians)

    def _items(self, log: Log, rows: Rows) -> list[Interaction]:
        products = self._spaces.products()
        keys, kinds = log.products_of(rows), log.kinds(rows)
        places = products.rows_of(keys)
        found = iter(products.take(places[places >= 0]))
        taken = [next(found) if place >= 0 else None for place in places.tolist()]
        beside = log.table.select(["time", "source"]).take(rows)
        times, sources = (beside.column(name).to_pylist() for name in ("time", "source"))
        parts = zip(keys, taken, kinds, times, sources)
        return [Interaction(key, product, str(kind), *more) for key, product, kind, *more in parts]

    def _median_price(self, keys: Sequence[Any]) -> float | None:
        products = self._spaces.products()
        price = products.catalogue.price
        if price is None or price not in products.columns:
            return None
        rows = products.rows_of(keys)
        values = products.values(price, rows[rows >= 0])
        numbers = [float(v) for v in values if isinstance(v, (int, float)) and v == v]
        return float(np.median(numbers)) if numbers else None


def _latest_first(log: Log, rows: Rows) -> Rows:
    """Rows by time, those without one last; of equal ones the later row first."""
    days = log.days(rows)
    when = np.where(np.isfinite(days), days, -np.inf)
    return rows[np.lexsort([-rows, -when])]
