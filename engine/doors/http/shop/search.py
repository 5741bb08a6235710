"""Routes of the shop's searches."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from engine.core.reply import json_value
from engine.doors.http.shop.answers import Body, json_reply, new_router
from engine.doors.http.shop.replies import FoundProducts
from engine.workspace import Workspace

Filters = dict[str, Any] | str | None


class TextSearch(Body):
    """A search by words."""

    query: str = Field(min_length=1)
    limit: int = Field(20, ge=1, le=200, strict=True)
    user_id: str | None = None
    filters: Filters = Field(None, description="As in the API, a dict or a text.")


def router(workspace: Workspace) -> APIRouter:
    """The routes over a workspace."""
    made = new_router("search")

    @made.post("/search/text", response_model=FoundProducts)
    def search_text(asked: TextSearch) -> Response:
        """Products whose photos are like a text (cross-modal)."""
        found = workspace.search(asked.query, filters=asked.filters, k=asked.limit)
        products = [
            {name: json_value(value, False) for name, value in row.items()} for row in found
        ]
        for product in products:
            product["similarity_score"] = product.pop("score")
            product["image_url"] = None
        return json_reply(
            {
                "products": products,
                "query": asked.query,
                "search_type": "semantic_text",
                "user_id": asked.user_id,
                "metadata": {"index": found.index},
            }
        )

    return made
