"""All that the search view shows of a query. Knows the shop's services and addresses; not HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.errors import VitrineError
from engine.shop.browsing.listing import ListRequest
from engine.shop.browsing.narrowing import Narrowed
from engine.shop.browsing.storefront import Overview
from engine.shop.page.address import Asked
from engine.shop.page.cards import title_of
from engine.shop.page.results import PAGE, Found, found_products, listed_products, side_by_side
from engine.shop.page.search.asking import search_request
from engine.shop.page.search.facets import (
    Facet,
    PriceRange,
    facets_of,
    narrowing_of,
    prices_of,
)
from engine.shop.page.search.loosening import Looser, looser_queries
from engine.shop.page.search.parts import FilterChip, TermChip, filter_chips, term_chips
from engine.shop.search.result import SearchResult
from engine.shop.shop import Shop

_HELD_AGAINST = 200  # of the best of each side, of which it is known whether the other has them too


@dataclass(frozen=True)
class SearchView:
    """What is shown of a query.

    Attributes:
        found: products; of a comparison those by words. beside: then those by meaning.
        counted: of what the numbers beside values are.
        loosen: queries that find more, where this one finds nothing.
    """

    asked: Asked
    found: Found
    beside: Found | None
    facets: Sequence[Facet]
    prices: PriceRange | None
    counted: str
    terms: Sequence[TermChip]
    filters: Sequence[FilterChip]
    loosen: Sequence[Looser]
    orders: Sequence[tuple[str, str]]


def meant(asked: Asked) -> Asked:
    """The query as it can be answered: where there are no words, they are not held against meaning."""
    return asked if asked.words else replace(asked, by="meaning")


def search_view(shop: Shop, overview: Overview, given: Asked, offset: int) -> SearchView:
    """The view of a query.

    Args:
        offset: how many products come before the first.

    Raises:
        NotFound: its photo is gone, or a product, user or direction is unknown.
        BadRequest, InvalidParameterValue, InvalidInputException: it can't be asked.
    """
    asked = meant(given)
    result = _searched(shop, overview, asked, offset)
    narrowed = _narrowed(shop, overview, asked, result)
    found, beside = _shown(shop, overview, asked, offset, result, narrowed)
    nothing = not found.cards and beside is None
    return SearchView(
        asked=given,
        found=found,
        beside=beside,
        facets=facets_of(asked, overview.catalogue, narrowed),
        prices=prices_of(asked, overview.catalogue, narrowed.prices),
        counted=_counted(asked),
        terms=term_chips(given, _titles(shop, overview, given)),
        filters=filter_chips(given, overview.catalogue),
        loosen=looser_queries(asked, overview.catalogue, narrowed) if nothing else (),
        orders=() if asked.is_search else _orders(overview),
    )


def unanswered(shop: Shop, overview: Overview, given: Asked) -> SearchView:
    """The view of a query that can't be answered: its parts can be changed, and it shows no products."""
    nothing = Found([], "", None, None, "")
    try:  # what is chosen stays chosen in the form
        every = search_view(shop, overview, given.filters_alone(), 0)
    except VitrineError:  # it may be what can't be asked
        every = search_view(shop, overview, Asked(), 0)
    return replace(
        every,
        asked=given,
        found=nothing,
        terms=term_chips(given, _titles(shop, overview, given)),
        filters=filter_chips(given, overview.catalogue),
        orders=(),
    )


def more_products(shop: Shop, overview: Overview, given: Asked, offset: int) -> Found:
    """The products of a query from a place on; errors as `search_view`."""
    asked = meant(given)
    result = _searched(shop, overview, asked, offset)
    if result is None:
        return _listed(shop, overview, asked, offset)
    return found_products(asked, result, offset)


def _titles(shop: Shop, overview: Overview, asked: Asked) -> dict[str, str]:
    keys = [str(term.value) for term in asked.terms if term.kind == "product"]
    found = zip(keys, shop.storefront.named(keys)) if keys else ()
    return {
        key: title_of(product, key, overview.catalogue)
        for key, product in found
        if product is not None
    }


def _searched(shop: Shop, overview: Overview, asked: Asked, offset: int) -> SearchResult | None:
    """What a query finds, by meaning where both are asked for; None where nothing is searched for."""
    if not asked.is_search:
        return None
    if asked.by == "both":
        return _search(shop, overview, replace(asked, by="meaning"), 0, _HELD_AGAINST)
    return _search(shop, overview, asked, offset, PAGE)


def _search(shop: Shop, overview: Overview, asked: Asked, offset: int, k: int) -> SearchResult:
    return shop.search(search_request(shop, overview, asked, k=k, offset=offset))


def _listed(shop: Shop, overview: Overview, asked: Asked, offset: int) -> Found:
    filters = asked.filters(overview.catalogue, overview.columns) or None
    request = ListRequest(filters=filters, sort=asked.sort, limit=PAGE, offset=offset)
    return listed_products(asked, shop.storefront.page(request), overview.catalogue)


def _narrowed(
    shop: Shop, overview: Overview, asked: Asked, result: SearchResult | None
) -> Narrowed:
    by_meaning = result is not None and asked.by != "words"
    index = result.index if result is not None and by_meaning else None
    return shop.narrowing.of(narrowing_of(asked, overview.catalogue, overview.columns, index))


def _shown(
    shop: Shop,
    overview: Overview,
    asked: Asked,
    offset: int,
    result: SearchResult | None,
    narrowed: Narrowed,
) -> tuple[Found, Found | None]:
    if result is None:
        return _listed(shop, overview, asked, offset), None
    if asked.by == "both":
        by_words = _search(shop, overview, replace(asked, by="words"), 0, _HELD_AGAINST)
        return side_by_side(asked, by_words, result, narrowed)
    return found_products(asked, result, offset, narrowed), None


def _counted(asked: Asked) -> str:
    """Of what the numbers beside values are."""
    if asked.by == "words":
        return "Numbers count the products that hold every word."
    if asked.is_search:
        return "Meaning ranks every product; numbers count all that are left."
    return "Numbers count the products that are left."


def _orders(overview: Overview) -> list[tuple[str, str]]:
    """Orders in which products can be looked through: of the address, and their names."""
    catalogue = overview.catalogue
    out = [("", "as in the catalogue")]
    if catalogue.price in overview.columns:
        out += [(f"{catalogue.price} ASC", "cheapest first")]
        out += [(f"{catalogue.price} DESC", "dearest first")]
    if catalogue.year in overview.columns:
        out += [(f"{catalogue.year} DESC", "newest first")]
    if catalogue.title in overview.columns:
        out += [(f"{catalogue.title} ASC", "by name")]
    return out
