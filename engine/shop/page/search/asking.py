"""From what an address asks for to the search it means. Knows the shop's services; not what is shown."""

from __future__ import annotations

from typing import Any

from engine.shop.browsing.storefront import Overview
from engine.shop.page.address import Asked
from engine.shop.search.request import SearchRequest
from engine.shop.shop import Shop


def search_request(shop: Shop, overview: Overview, asked: Asked, **options: Any) -> SearchRequest:
    """The search that an address asks for, its photo read and its choices as a filter.

    Args:
        options: further fields of the request, such as k and offset.

    Raises:
        NotFound: its photo is kept no more.
        InvalidParameterValue: a choice that the products' columns don't allow.
    """
    photo = None
    if asked.photo is not None and not asked.is_by_words:
        photo = shop.given_photos.get(asked.photo)
    filters = asked.filters(overview.catalogue, overview.columns) or None
    return asked.request(photo, filters=filters, **options)
