"""What the search view shows of a query: cards, how many, the next page. Knows results; not HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from engine.core.query import MAX_RESULTS
from engine.shop.browsing.listing import ProductPage
from engine.shop.browsing.narrowing import Narrowed
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.page.address import Asked
from engine.shop.page.cards import Card, Steer, cards_of
from engine.shop.page.search.parts import STEER, steered
from engine.shop.search.result import SearchResult
from engine.shop.search.terms import MAX_TERMS

PAGE = 24  # products that are shown at once; more come as one scrolls
_EAGER = 6  # photos of the first row, which are loaded at once


@dataclass(frozen=True)
class Found:
    """One page of products.

    Attributes:
        heading: how many of what.
        next_url: of the view with the next products, more_url: of those alone; None on the last page.
        end: what is said behind the last one. first: how many come before these.
    """

    cards: list[Card]
    heading: str
    next_url: str | None
    more_url: str | None
    end: str
    first: int = 0


def found_products(
    asked: Asked, result: SearchResult, offset: int, narrowed: Narrowed | None = None
) -> Found:
    """What a search found.

    Args:
        narrowed: how many products there are by its filters, for the heading; None for later pages.
    """
    scores = [row["score"] for row in result]
    cards = cards_of(result.to_dicts(), result.keys, result.catalogue, scores, offset + 1)
    total = result.total
    if total is not None:
        heading = f"{_products(total)} for {result.query}"
    else:
        total = narrowed.total if narrowed is not None else None
        heading = f"{_products(total or 0)}, the nearest to {result.query} first"
    return _found(asked, cards, offset, result.more, heading, total)


def listed_products(asked: Asked, page: ProductPage, catalogue: Catalogue) -> Found:
    """A page of all products, or of those that are left by the filters."""
    cards = cards_of(page.products, page.keys, catalogue, first_rank=None)
    more = page.next_offset is not None
    return _found(asked, cards, page.offset, more, _products(page.total), page.total)


def side_by_side(
    asked: Asked, by_words: SearchResult, by_meaning: SearchResult, narrowed: Narrowed
) -> tuple[Found, Found]:
    """The best by words and by meaning; each says which place the other gives it.

    Args:
        by_words, by_meaning: the best of each; those beyond a page count for the places.
    """
    words = found_products(replace(asked, by="words"), by_words, 0)
    meaning = found_products(replace(asked, by="meaning"), by_meaning, 0, narrowed)
    words = replace(words, heading=_products(by_words.total or 0))
    meaning = replace(meaning, heading=f"{_products(narrowed.total)}, nearest first")
    return (
        _held_against(words, by_meaning.keys, "meaning", asked.meant_by("words")),
        _held_against(meaning, by_words.keys, "words", asked.meant_by("meaning")),
    )


def _held_against(found: Found, keys: Sequence[Any], other: str, alone: Asked) -> Found:
    """One side; its link to further products is that to it alone."""
    place: Mapping[str, int] = {str(key): place for place, key in enumerate(keys, 1)}
    cards = []
    for card in found.cards[:PAGE]:
        rank = place.get(card.key)
        why = f"In both: number {rank:,} by {other}" if rank is not None else None
        cards.append(replace(card, why=why, element=f"{alone.by}-{card.element}"))
    more = found.next_url is not None or len(found.cards) > PAGE
    return replace(found, cards=cards, next_url=alone.url() if more else None)


def _found(
    asked: Asked, cards: list[Card], offset: int, more: bool, heading: str, total: int | None
) -> Found:
    url = asked.url()
    both = f"{'&' if '?' in url else '?'}offset={offset + PAGE}"
    return Found(
        cards=[_steering(asked, card, offset + place) for place, card in enumerate(cards)],
        heading=heading,
        next_url=f"{url}{both}" if more else None,
        more_url=f"{asked.url('/page/more')}{both}" if more else None,
        end="" if more or not cards else _end(offset + len(cards), total),
        first=offset,
    )


def _steering(asked: Asked, card: Card, place: int) -> Card:
    """A card by which one can lead the query to it, or away from it."""
    steers = (
        Steer("+", f"More like {card.title}", steered(asked, card.key, STEER)),
        Steer("−", f"Less like {card.title}", steered(asked, card.key, -STEER)),
    )
    element = f"p-{quote(card.key, safe='')}"
    return replace(card, element=element, is_eager=place < _EAGER, steers=steers)


def _end(shown: int, total: int | None) -> str:
    if total is not None and shown < total:
        return f"These are the nearest {shown:,}. Choose filters, or ask otherwise, to see others."
    if total is None and shown >= MAX_RESULTS - MAX_TERMS:
        return f"These are the nearest {shown:,}; a search by meaning ranks no more."
    return f"That is all: {_products(shown)}."


def _products(count: int) -> str:
    return f"{count:,} product{'' if count == 1 else 's'}"
