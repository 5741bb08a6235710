"""Routes of the map: its facts, its points as bytes, the products within a polygon."""

from __future__ import annotations

import gzip
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from engine.doors.http.shop.answers import json_reply, new_router
from engine.doors.http.shop.parameters import LIMIT, OFFSET, LimitQuery, OffsetQuery
from engine.doors.http.shop.products import holds_tag
from engine.doors.http.shop.replies import Product, product_json
from engine.shop.projection.polygons import corners_of
from engine.shop.projection.product_map import ProductMap
from engine.shop.projection.tensors import packed
from engine.workspace import Workspace

MEDIA_TYPE = "application/octet-stream"
_INDEX = "The index, or its last part; that of the photos by default."
_TENSORS = "Which numbers: x, y, key, attribute:COLUMN; all by default."
_KEPT = "private, no-cache"  # browsers keep it, and ask each time whether it is the same
IndexQuery = Annotated[str | None, Query(description=_INDEX)]


class MapLegend(BaseModel):
    """What the map can be coloured by, and how many products have each value."""

    column: str
    role: str | None
    values: list[str]
    counts: list[int]
    without: int = Field(description="Products without a value.")
    is_ordered: bool


class MapFacts(BaseModel):
    """The map of an index's products."""

    index: str
    version: int
    products: int
    others: int = Field(description="Products of the table that are not on it.")
    method: str
    made_of_version: int
    later: int = Field(description="Products that came after it was made.")
    is_old: bool
    kept_neighbours: float | None = Field(description="Share of ten nearest that are so on it.")
    notes: list[str]
    tag: str
    attributes: list[MapLegend]


class ProductsInside(BaseModel):
    """Products within a polygon, from its middle outwards."""

    products: list[Product]
    places: list[tuple[int, int]] = Field(description="Where each lies: x and y.")
    total: int
    limit: int
    offset: int
    next_offset: int | None


def router(workspace: Workspace) -> APIRouter:
    """The routes over a workspace."""
    made = new_router("map")
    _add_facts(made, workspace)
    _add_inside(made, workspace)
    return made


def _add_facts(made: APIRouter, workspace: Workspace) -> None:
    @made.get("/map", response_model=MapFacts)
    def product_map(index: IndexQuery = None) -> Response:
        """What is on the map, and legends of what it can be coloured by."""
        return json_reply(workspace.product_map(index).to_dict())

    @made.get("/map/points", response_class=Response, responses=_POINTS)
    def map_points(
        index: IndexQuery = None,
        tensors: Annotated[list[str] | None, Query(description=_TENSORS)] = None,
        if_none_match: Annotated[str | None, Header(include_in_schema=False)] = None,
        accept_encoding: Annotated[str, Header(include_in_schema=False)] = "",
    ) -> Response:
        """Where each product lies, and codes of its attributes, in the safetensors format.

        Places are int16, from -32,000 to 32,000 along each axis; the greater y, the higher. The code 0
        is no value, 1 the first one of the legend under `__metadata__`.
        """
        return points_response(
            workspace.product_map(index), tensors, if_none_match, accept_encoding
        )


def points_response(
    of: ProductMap, tensors: list[str] | None, if_none_match: str | None, accepted: str
) -> Response:
    """A map's bytes, or that the sender has them already."""
    body = packed(of, tensors)
    tag = f'"{of.tag}"'
    # The tag is weak: it stands for the same numbers, compressed or not.
    headers = {"ETag": f"W/{tag}", "Cache-Control": _KEPT, "Vary": "Accept-Encoding"}
    if holds_tag(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    headers["X-Content-Type-Options"] = "nosniff"
    if "gzip" in accepted:
        body = gzip.compress(body, 6, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(body, 200, headers, MEDIA_TYPE)


def _add_inside(made: APIRouter, workspace: Workspace) -> None:
    @made.get("/map/products", response_model=ProductsInside)
    def products_inside(
        polygon: Annotated[str, Query(description="Corners: x,y,x,y,x,y, at least three.")],
        index: IndexQuery = None,
        limit: LimitQuery = LIMIT,
        offset: OffsetQuery = OFFSET,
    ) -> Response:
        """The products within a polygon on the map, from its middle outwards."""
        found = workspace.product_map(index)
        rows = found.inside(corners_of(polygon))
        some = rows[offset : offset + limit]
        keys = found.keys(some)
        products = found.products.rows(some)
        end = offset + limit
        reply: dict[str, Any] = {
            "products": [product_json(row, key) for row, key in zip(products, keys)],
            "places": found.places[some].tolist(),
            "total": len(rows),
            "limit": limit,
            "offset": offset,
            "next_offset": end if end < len(rows) else None,
        }
        return json_reply(reply)


_POINTS: dict[int | str, dict[str, object]] = {
    200: {"description": "The numbers.", "content": {MEDIA_TYPE: {}}},
    304: {"description": "Those that the sender has."},
}
