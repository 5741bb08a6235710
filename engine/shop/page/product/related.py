"""Products beside a product: those like it, what goes with it, those before and after it in a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from engine.core.values import shown
from engine.errors import InvalidParameterValue
from engine.shop.browsing.storefront import By, Look
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.page.address import Asked, read_address
from engine.shop.page.cards import Card, cards_of, keyed_url, product_url
from engine.shop.page.problems import Problem
from engine.shop.search.result import SearchResult
from engine.shop.search.terms import Term

PAGE = 12  # similar products that are shown at once
LOOK = 12  # products of a look
STEPS = 200  # products of a search among which the ones before and after are looked for
LESS = -0.5  # weight of a product that is to be avoided
WAYS: Mapping[str, tuple[By, str]] = {
    "photo": ("image", "By photo"),
    "text": ("text", "By text"),
    "both": ("hybrid", "By both"),
}
"""Word of an address -> what is compared, and what the tab is called."""


@dataclass(frozen=True)
class Tab:
    """One way to be alike. href: the view with it; part: the grid alone."""

    label: str
    href: str
    part: str
    is_here: bool


@dataclass(frozen=True)
class Similar:
    """A page of products that are like one.

    Attributes:
        why_not: why there are none; None where there are. next_url: of the next page, None on the last.
    """

    way: str
    tabs: tuple[Tab, ...]
    cards: list[Card]
    next_url: str | None
    why_not: Problem | None = None


@dataclass(frozen=True)
class LookGroup:
    """What of one category goes with a product."""

    category: str
    cards: list[Card]


@dataclass(frozen=True)
class Step:
    """The product before, or after."""

    href: str
    title: str


def way_of(text: str) -> str:
    """A way to be alike as an address names it. Raises InvalidParameterValue: none of the three."""
    if text not in WAYS:
        raise InvalidParameterValue(f"similar is {shown(text)}; expected one of {', '.join(WAYS)}.")
    return text


def similar_products(
    key: object, way: str, found: SearchResult | Problem, offset: int, left: Asked | None
) -> Similar:
    """A page of similar products, or why there is none; `left` is the search that one came from."""
    tabs = tuple(
        Tab(
            label,
            product_url(key, similar=word, found=found_text(left)) + "#similar",
            keyed_url("/page/product/similar", key, similar=word, found=found_text(left)),
            word == way,
        )
        for word, (_, label) in WAYS.items()
    )
    if isinstance(found, Problem):
        return Similar(way, tabs, [], None, found)
    scores = [row["score"] for row in found]
    cards = cards_of(found.to_dicts(), found.keys, found.catalogue, scores, offset + 1)
    cards = [replace(card, cosine=row["cosine"]) for card, row in zip(cards, found)]
    following = keyed_url("/page/product/similar", key, similar=way, offset=offset + PAGE)
    return Similar(way, tabs, cards, following if found.more else None)


def look_groups(look: Look, catalogue: Catalogue) -> list[LookGroup]:
    """The products of a look by their category, in the order of the best of each."""
    groups: dict[str, list[Card]] = {}
    cards = cards_of(look.products, look.keys, catalogue, look.scores, first_rank=None)
    for card, product in zip(cards, look.products):
        groups.setdefault(str(product[look.category]), []).append(card)
    return [LookGroup(name, some) for name, some in groups.items()]


def search_left(given: str, referrer: str, host: str) -> Asked | None:
    """The search that one came from: as an address says it, else the page whose link was followed."""
    query = given.removeprefix("?")
    try:
        if not given:
            parts = urlsplit(referrer)
            if parts.netloc != host or parts.path != "/":
                return None
            query = parts.query
        return read_address(parse_qsl(query))
    except (ValueError, InvalidParameterValue):  # it was never shown, or is of another release
        return None


def found_text(left: Asked | None) -> str | None:
    """The search that one came from, as an address says it."""
    return None if left is None else f"?{left.query()}"


def with_product(left: Asked | None, key: object, weight: float) -> str | None:
    """The address of a search that has a product among its terms; None for a key that none can name."""
    value = str(key)
    if not value.strip():
        return None
    asked = left or Asked()
    others = [term for term in asked.terms if (term.kind, term.value) != ("product", value)]
    terms = (*others, Term("product", value, weight))
    return replace(asked, by="meaning", sort=None, terms=terms).url()


def map_url(key: object) -> str | None:
    """The map with the products that are most like one lit; None for a key that no address can name."""
    value = str(key)
    return Asked(terms=(Term("product", value),)).url("/map") if value.strip() else None


def steps(
    keys: Sequence[Any], titles: Sequence[str], key: object, left: Asked
) -> tuple[Step | None, Step | None]:
    """What comes before and after a product among the first of a search; None for nothing."""
    if key not in keys:
        return None, None
    place = keys.index(key)

    def step(at: int) -> Step | None:
        if not 0 <= at < len(keys):
            return None
        return Step(product_url(keys[at], found=found_text(left)), titles[at])

    return step(place - 1), step(place + 1)
