"""A product as a card: the one form in which the page, contact sheets and notebooks show products.

Knows roles of columns; not HTML, photos or searches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.names import IMAGE_PATH

PHOTO_PIXELS = 320  # of a card's photo: 160 to 260 CSS pixels, on fine screens too


@dataclass(frozen=True)
class Card:
    """One product.

    Attributes:
        key: its primary key, as text. title: never empty.
        rank: its place, from 1; None where there is no order that means anything.
        href: where it leads; None for nowhere.
        photo: the address of its photo, or the photo itself as a data URI; None for none.
        no_photo: why there is none.
        price: a number, a text of the user's, or None. currency: the sign before it.
        facts: few short texts, such as type and colour. score: higher is better; None for none.
        cosine: None where it is not known. why: one sentence on why it is here.
        mark: "right" or "wrong" where it was judged.
    """

    key: str
    title: str
    rank: int | None = None
    href: str | None = None
    photo: str | None = None
    no_photo: str = "no photo"
    price: Any = None
    currency: str = ""
    facts: tuple[str, ...] = ()
    score: float | None = None
    cosine: float | None = None
    why: str | None = None
    mark: str | None = None


def card_of(
    product: Mapping[str, Any],
    key: object,
    catalogue: Catalogue,
    **more: Any,
) -> Card:
    """The card of a product of the page, with links; `more` are further fields of it."""
    fields = {
        "key": str(key),
        "title": title_of(product, key, catalogue),
        "href": product_url(key),
        "photo": photo_url(key, PHOTO_PIXELS) if product.get(IMAGE_PATH) else None,
        "price": product.get(catalogue.price) if catalogue.price else None,
        "currency": catalogue.currency,
        "facts": facts_of(product, catalogue),
    }
    return Card(**{**fields, **more})


def cards_of(
    products: Sequence[Mapping[str, Any]],
    keys: Sequence[object],
    catalogue: Catalogue,
    scores: Sequence[float | None] = (),
    first_rank: int | None = 1,
) -> list[Card]:
    """Cards in an order, ranked from `first_rank`; None for no ranks."""
    out = []
    for place, (product, key) in enumerate(zip(products, keys)):
        rank = None if first_rank is None else first_rank + place
        score = scores[place] if scores else None
        out.append(card_of(product, key, catalogue, rank=rank, score=score))
    return out


def title_of(product: Mapping[str, Any], key: object, catalogue: Catalogue) -> str:
    """What a product is called."""
    return str(product.get(catalogue.title) or f"product {key}")


def facts_of(product: Mapping[str, Any], catalogue: Catalogue) -> tuple[str, ...]:
    """Type and colour."""
    named = [product.get(name) for name in (catalogue.kind, catalogue.color) if name]
    return tuple(str(value) for value in named if value is not None)


def product_url(key: object) -> str:
    """The address of a product's view; any key is one part of it."""
    return f"/product/{quote(str(key), safe='')}"


def photo_url(key: object, pixels: int | None = None) -> str:
    """The address of a product's photo on the page: as it is, or small."""
    return f"/page/photos/{quote(str(key), safe='')}" + (f"?size={pixels}" if pixels else "")
