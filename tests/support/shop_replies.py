"""What replies of `/api/v1` must be: a good one of its model, a refusal of the API's form."""

from __future__ import annotations

from typing import Any

import httpx
from pydantic import BaseModel

PRODUCT_COLUMNS = [
    "product_id", "product_display_name", "master_category", "sub_category", "article_type",
    "base_color", "price", "image_path", "gender", "season", "year", "usage",
]  # fmt: skip


def ok(reply: httpx.Response, model: type[BaseModel]) -> dict[str, Any]:
    """The body of a good reply, which is of its model."""
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "application/json"
    body: dict[str, Any] = reply.json()
    model.model_validate(body)
    return body


def refused(reply: httpx.Response, status: int, code: str) -> str:
    """The message of an error in the API's form."""
    assert reply.status_code == status, reply.text
    body = reply.json()
    assert set(body) == {"error_code", "message", "details"} and body["error_code"] == code
    assert body["details"][0]["request_id"] == reply.headers["x-request-id"]
    return str(body["message"])
