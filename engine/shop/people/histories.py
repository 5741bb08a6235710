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
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.people.interactions.log import Interactions, Log
from engine.shop.people.interactions.rows import DISLIKE
from engine.shop.people.space import ProductSpaces
from engine.shop.short_tables import product_columns, short_table
from engine.text_table import Column


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

    def to_dict(self) -> dict[str, Any]:
        """Its parts by name; the time as ISO 8601."""
        time = None if self.time is None else self.time.isoformat()
        return {
            "product_id": self.key,
            "product": self.product,
            "kind": self.kind,
            "time": time,
            "source": self.source,
        }


@dataclass(frozen=True)
class History:
    """A page of what a user did, the latest first.

    Attributes:
        total: on all pages. next_offset: of the next page; None on the last.
        catalogue: what the products' columns mean.
    """

    user_id: str
    items: list[Interaction]
    total: int
    offset: int
    next_offset: int | None
    catalogue: Catalogue

    def __repr__(self) -> str:
        heading = f"{len(self.items):,} of {self.total:,} interactions of {self.user_id}"
        return short_table(heading, self.rows(), self.columns)

    @property
    def columns(self) -> list[Column]:
        """Those of a table of `rows`."""
        names = [self.catalogue.key, self.catalogue.title, self.catalogue.price]
        shown = product_columns(self.catalogue, [name for name in names if name is not None])
        return [Column("time", least=16), Column("kind", least=8, is_kept=True), *shown]

    def rows(self) -> list[dict[str, Any]]:
        """A row for each interaction: `time` to the minute, `kind`, and the product's columns."""
        key = self.catalogue.key
        return [
            {
                **(item.product or {key: item.key}),
                "time": None if item.time is None else f"{item.time:%Y-%m-%d %H:%M}",
                "kind": item.kind,
            }
            for item in self.items
        ]


@dataclass(frozen=True)
class UserComparison:
    """What two users share.

    Attributes:
        users: their ids.
        shared: keys of the products that both like. liked: how many each likes.
        median_prices: of those that each likes; None where no price is known.
        catalogue: what the products' columns mean.
    """

    users: tuple[str, str]
    shared: list[Any]
    liked: tuple[int, int]
    median_prices: tuple[float | None, float | None]
    catalogue: Catalogue

    def __repr__(self) -> str:
        products = f"{len(self.shared):,} product{'' if len(self.shared) == 1 else 's'}"
        return short_table(f"{products} liked by both", self.rows(), self.columns)

    @property
    def columns(self) -> list[Column]:
        """Those of a table of `rows`."""
        return [
            Column("user_id", is_kept=True),
            Column("liked", form=","),
            Column("median_price", form=self.catalogue.priced),
        ]

    def rows(self) -> list[dict[str, Any]]:
        """A row for each of the two: `user_id`, how many it `liked`, and their `median_price`."""
        parts = zip(self.users, self.liked, self.median_prices)
        return [{"user_id": u, "liked": n, "median_price": price} for u, n, price in parts]


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
        further = end if end < len(rows) else None
        catalogue = self._spaces.products().catalogue
        return History(user_id, items, len(rows), offset, further, catalogue)

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
        catalogue = self._spaces.products().catalogue
        return UserComparison(
            (user_id, other_id), shared, (len(one), len(other)), medians, catalogue
        )

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
