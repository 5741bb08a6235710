"""Replies that several routes share, as models, and how they are made. Knows forms; not services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from engine.core.reply import json_value
from engine.doors.http.shop.answers import PREFIX
from engine.shop.names import IMAGE_PATH

Json = dict[str, Any]
SearchType = Literal[
    "semantic_text", "image", "hybrid", "keyword", "personalized", "composed", "similar"
]


class Product(BaseModel):
    """A product: every column of the products table under its own name, and its photo's address."""

    model_config = ConfigDict(extra="allow")

    image_url: str | None = Field(description="Where its photo is; null for one without a photo.")


class FoundProduct(Product):
    """A product that a search found."""

    similarity_score: float = Field(description="Higher is more alike; for order, not for meaning.")


class FacetEntry(BaseModel):
    """How many products have a value, or lie in a range such as `[0, 30]`."""

    value: Any
    count: int


Facets = dict[str, list[FacetEntry]]


class Metadata(BaseModel):
    """What is said beside the products of a search.

    Further entries may follow, and depend on the kind of search.
    """

    model_config = ConfigDict(extra="allow")

    index: str = Field(description="The index, or the table, that answered.")
    count: int = Field(description="Products in this reply.")
    limit: int
    offset: int
    next_offset: int | None = Field(description="`offset` of the next page; null on the last.")
    facets: Facets = Field(
        description="By column; of vectors' searches over the best 200 at least."
    )
    timings: dict[str, float] = Field(description="Milliseconds by part of the work.")
    note: str | None = Field(description="What must be known of the model.")


class FoundProducts(BaseModel):
    """What a search found, best first."""

    products: list[FoundProduct]
    query: str | None = Field(description="What was searched for, in words.")
    search_type: SearchType
    user_id: str | None
    metadata: Metadata


def product_json(product: Mapping[str, Any], key: object) -> Json:
    """A product's columns as JSON values, integers as integers, and the address of its photo."""
    out = {name: json_value(value, integers_as_floats=False) for name, value in product.items()}
    return {**out, "image_url": image_url(key) if product.get(IMAGE_PATH) else None}


def image_url(key: object) -> str:
    """The address of a product's photo on this server; any key is one part of it."""
    return f"{PREFIX}/images/{quote(str(key), safe='')}"


def facets_json(facets: Mapping[str, Sequence[tuple[Any, int]]]) -> Json:
    """Facets in the form of the replies."""
    return {
        column: [
            {"value": json_value(value, integers_as_floats=False), "count": count}
            for value, count in entries
        ]
        for column, entries in facets.items()
    }
