"""Cards of products that an index found: of the shop's own with link and photo, of others plain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.errors import VitrineError
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.names import HYBRID_INDEX, IMAGE_INDEX, TEXT_INDEX
from engine.shop.page.cards import Card, card_of

SHOP_INDEXES = (IMAGE_INDEX, HYBRID_INDEX, TEXT_INDEX)
Named = Callable[[Sequence[object]], Sequence[Mapping[str, Any] | None]]


class Shown:
    """What makes cards of an index's products."""

    def __init__(self, index: str, catalogue: Catalogue, named: Named) -> None:
        """
        Args:
            index: that the products are of. catalogue: what its columns mean.
            named: the shop's products by their keys.
        """
        self._is_shop, self._catalogue, self._named = index in SHOP_INDEXES, catalogue, named

    def cards(
        self,
        rows: Sequence[Mapping[str, Any]],
        keys: Sequence[object],
        more: Sequence[Mapping[str, Any]],
    ) -> list[Card]:
        """A card for each row; `more` are further fields of each."""
        known: Sequence[Mapping[str, Any] | None] = [None] * len(rows)
        if self._is_shop:
            try:
                known = self._named(list(keys))
            except VitrineError:  # the table is gone; the index goes on
                pass
        out = []
        for row, key, product, fields in zip(rows, keys, known, more):
            plain = {} if product is not None else {"href": None, "photo": None}
            out.append(card_of(product or row, key, self._catalogue, **{**plain, **fields}))
        return out
