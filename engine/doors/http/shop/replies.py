"""Requests and replies that several routes share, as models. Knows forms; not what is behind them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SearchType = Literal["semantic_text", "image", "hybrid", "keyword", "personalized", "composed"]


class Product(BaseModel):
    """A product: every column of the products table under its own name, and its photo's address."""

    model_config = ConfigDict(extra="allow")

    image_url: str | None = Field(description="Where its photo is; null for one without a photo.")


class FoundProduct(Product):
    """A product that a search found."""

    similarity_score: float = Field(description="Higher is more alike; for order, not for meaning.")


class FoundProducts(BaseModel):
    """What a search found, best first."""

    products: list[FoundProduct]
    query: str | None = Field(description="What was searched for, in words.")
    search_type: SearchType
    user_id: str | None = None
    metadata: dict[str, Any] = Field(description="Index, counts, the next page, times.")
