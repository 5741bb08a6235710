"""What the search view shows of a query: cards, how many, the next page. Knows results; not HTML."""

from __future__ import annotations

from dataclasses import dataclass

from engine.shop.browsing.listing import ProductPage
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.page.address import Asked
from engine.shop.page.cards import Card, cards_of
from engine.shop.search.result import SearchResult

PAGE = 24  # products that are shown at once; more come as one scrolls


@dataclass(frozen=True)
class Found:
    """One page of products.

    Attributes:
        heading: how many of what. advice: what to loosen, where nothing was found.
        next_url: of the next products; None on the last page.
    """

    cards: list[Card]
    heading: str
    advice: str
    next_url: str | None


def found_products(asked: Asked, result: SearchResult, offset: int) -> Found:
    """What a search found."""
    cards = cards_of(
        result.to_dicts(),
        result.keys,
        result.catalogue,
        [row["score"] for row in result],
        offset + 1,
    )
    total = f"{result.total:,} products" if result.total is not None else "The nearest products"
    heading = f"{total} for {result.query}"
    return Found(cards, heading, _advice(asked), _next(asked, offset, result.more))


def listed_products(asked: Asked, page: ProductPage, catalogue: Catalogue) -> Found:
    """A page of all products, or of those that are left by the filters."""
    cards = cards_of(page.products, page.keys, catalogue, first_rank=None)
    heading = f"{page.total:,} products"
    return Found(cards, heading, _advice(asked), _next(asked, page.offset, page.next_offset))


def _next(asked: Asked, offset: int, more: object) -> str | None:
    url = asked.url("/page/more")
    return f"{url}{'&' if '?' in url else '?'}offset={offset + PAGE}" if more else None


def _advice(asked: Asked) -> str:
    """What would let more be found."""
    if asked.is_narrowed:
        return "Give up a filter."
    return "Ask with fewer or other words." if asked.is_search else ""
