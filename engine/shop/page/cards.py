"""A product as a card: the one form in which the page, contact sheets and notebooks show products.

Knows roles of columns; not HTML, photos or searches.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.names import IMAGE_PATH

PHOTO_PIXELS = 320  # of a card's photo: 160 to 260 CSS pixels, on fine screens too


@dataclass(frozen=True)
class Part:
    """One part of a score, as a bar.

    Attributes:
        share: length of the bar, 0 to 1. text: the number beside it.
    """

    name: str
    share: float
    text: str


@dataclass(frozen=True)
class Steer:
    """A link beside a product that leads a query to it, or away from it.

    Attributes:
        sign: what is shown. label: what it does, for those who don't see it.
    """

    sign: str
    label: str
    href: str


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
        parts: what the score is made of.
        element: the id of its element; None for none. is_eager: whether its photo is loaded at once.
        steers: links that lead a query to it, or away from it.
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
    parts: tuple[Part, ...] = ()
    element: str | None = None
    is_eager: bool = False
    steers: tuple[Steer, ...] = ()


@dataclass(frozen=True)
class PhotoRow:
    """A row of a result, with what a card that holds its photo needs beside it.

    Attributes:
        row: its columns. key: its primary key. photo: its bytes; None where it has none, or where
            `trouble` says why it can't be read.
        href: where its card leads; None for nowhere.
    """

    row: Mapping[str, Any]
    key: object
    photo: bytes | None = None
    trouble: str | None = None
    href: str | None = None


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
        "price": price_of(product, catalogue),
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


def price_of(product: Mapping[str, Any], catalogue: Catalogue) -> Any:
    """Its price, or a text of the user's in its place; None for none and for no number (NaN)."""
    price = product.get(catalogue.price) if catalogue.price else None
    if isinstance(price, (float, Decimal)) and not math.isfinite(price):
        return None
    return price


def facts_of(product: Mapping[str, Any], catalogue: Catalogue) -> tuple[str, ...]:
    """Type and colour."""
    named = [product.get(name) for name in (catalogue.kind, catalogue.color) if name]
    return tuple(str(value) for value in named if value is not None)


def product_url(key: object, **more: object) -> str:
    """The address of a product's view; `more` are further parts of it, such as similar="text"."""
    return keyed_url("/product", key, **more)


def photo_url(key: object, pixels: int | None = None) -> str:
    """The address of a product's photo on the page: as it is, or small."""
    return keyed_url("/page/photos", key, **({"size": pixels} if pixels else {}))


def keyed_url(path: str, key: object, **more: object) -> str:
    """An address of something of a product: its key is the last part of the path, or else `id`.

    Browsers and servers take dots for steps through folders, and several slashes for one.
    """
    text, query = str(key), {name: value for name, value in more.items() if value is not None}
    if not text or "/" in text or text in (".", ".."):
        query = {"id": text, **query}
    else:
        path = f"{path}/{quote(text, safe='')}"
    return f"{path}?{urlencode(query)}" if query else path
