"""Routes of products: pages of them, one, those like it, what goes with it, its photo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from pydantic import BaseModel
from starlette.responses import Response

from engine.doors.http.shop.answers import json_reply, new_router
from engine.doors.http.shop.found import found_reply
from engine.doors.http.shop.parameters import (
    LIMIT,
    OFFSET,
    FacetsQuery,
    FilterText,
    LimitQuery,
    OffsetQuery,
    filters_of,
)
from engine.doors.http.shop.replies import (
    Facets,
    FoundProduct,
    FoundProducts,
    Product,
    facets_json,
    product_json,
)
from engine.shop.browsing.storefront import By
from engine.shop.photos.product_photos import ProductPhoto
from engine.workspace import Workspace

_KEPT = "private, no-cache"  # browsers keep photos, and ask each time whether they are the same
_NO_GUESSING = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
}


class ProductList(BaseModel):
    """A page of products."""

    products: list[Product]
    total: int
    limit: int
    offset: int
    next_offset: int | None
    facets: Facets


@dataclass(frozen=True)
class SimilarFields:
    """Which page of a product's similar ones is asked for."""

    limit: LimitQuery = LIMIT
    offset: OffsetQuery = OFFSET
    user_id: Annotated[str | None, Query()] = None
    filters: FilterText = None


class Look(BaseModel):
    """Products that go with one."""

    product: Product
    products: list[FoundProduct]
    category: str
    same: list[str]
    co_liked: bool


def router(workspace: Workspace) -> APIRouter:
    """The routes over a workspace."""
    made = new_router("products")
    _add_products(made, workspace)
    _add_related(made, workspace)
    _add_images(made, workspace)
    return made


def _add_products(made: APIRouter, workspace: Workspace) -> None:
    @made.get("/products", response_model=ProductList)
    def list_products(
        filters: FilterText = None,
        sort: Annotated[list[str] | None, Query(description="`price DESC`; several.")] = None,
        limit: LimitQuery = LIMIT,
        offset: OffsetQuery = OFFSET,
        facets: FacetsQuery = None,
    ) -> Response:
        """Products that match a filter, in an order; equal ones by key."""
        page = workspace.list_products(
            filters=filters_of(filters), sort=sort, limit=limit, offset=offset, facets=facets
        )
        reply = {
            "products": [product_json(row, key) for row, key in zip(page.products, page.keys)],
            "total": page.total,
            "limit": limit,
            "offset": offset,
            "next_offset": page.next_offset,
            "facets": facets_json(page.facets),
        }
        return json_reply(reply)

    @made.get("/products/{product_id}", response_model=Product)
    def get_product(product_id: str) -> Response:
        """One product."""
        return json_reply(product_json(workspace.get_product(product_id), product_id))


def _add_related(made: APIRouter, workspace: Workspace) -> None:
    @made.get("/products/{product_id}/similar", response_model=FoundProducts)
    def similar_products(
        product_id: str,
        asked: Annotated[SimilarFields, Depends()],
        by: By = "hybrid",
    ) -> Response:
        """Products like one, by its photo, its text, or both."""
        found = workspace.similar_products(
            product_id, by=by, k=asked.limit, offset=asked.offset, filters=filters_of(asked.filters)
        )
        return found_reply(workspace, found, "similar", asked)

    @made.get("/products/{product_id}/complete-the-look", response_model=Look)
    def complete_the_look(product_id: str, limit: LimitQuery = 8) -> Response:
        """Products of other categories in the same style, the best of each category in turns."""
        product = workspace.get_product(product_id)
        look = workspace.complete_the_look(product_id, k=limit)
        found = [
            {**product_json(row, key), "similarity_score": score}
            for row, key, score in zip(look.products, look.keys, look.scores)
        ]
        reply = {
            "product": product_json(product, product_id),
            "products": found,
            "category": look.category,
            "same": look.same,
            "co_liked": look.is_co_liked,
        }
        return json_reply(reply)


def _add_images(made: APIRouter, workspace: Workspace) -> None:
    @made.get("/images/{product_id}", response_class=Response, responses=_IMAGES)
    def product_image(
        product_id: str,
        size: Annotated[int | None, Query(description="Pixels of the longer side.")] = None,
        if_none_match: Annotated[str | None, Header(include_in_schema=False)] = None,
    ) -> Response:
        """A product's photo: its file, or a JPEG of a size, turned upright."""
        return photo_response(workspace.product_photo(product_id, size), if_none_match)


def photo_response(photo: ProductPhoto, if_none_match: str | None) -> Response:
    """A photo, or that the sender has it already."""
    tag = f'"{photo.tag}"'
    headers = {"ETag": tag, "Cache-Control": _KEPT}
    if holds_tag(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return Response(photo.data, media_type=photo.media_type, headers={**headers, **_NO_GUESSING})


_IMAGES: dict[int | str, dict[str, object]] = {
    200: {"description": "The photo.", "content": {"image/*": {}}},
    304: {"description": "The photo that the sender has."},
}


def holds_tag(given: str | None, tag: str) -> bool:
    """Whether an If-None-Match names a tag."""
    named = [part.strip().removeprefix("W/") for part in (given or "").split(",")]
    return tag in named or named == ["*"]
