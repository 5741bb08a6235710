"""The reply of a search: its rows as products. Knows results and the products table; not queries."""

from __future__ import annotations

from typing import Protocol

from starlette.responses import Response

from engine.doors.http.shop.answers import json_reply
from engine.doors.http.shop.replies import Json, SearchType, facets_json, product_json
from engine.shop.search.result import SearchResult
from engine.workspace import Workspace

_SCORES = ("score", "cosine")


class Asked(Protocol):
    """What every search is asked: how many products, after how many, and by whom."""

    @property
    def limit(self) -> int: ...

    @property
    def offset(self) -> int: ...

    @property
    def user_id(self) -> str | None: ...


def found_reply(
    workspace: Workspace,
    found: SearchResult,
    search_type: SearchType,
    asked: Asked,
    query: str | None = None,
) -> Response:
    """What a search found, as the shop's API says it.

    A product has the columns of the products table as it is now; one that the table has no more, those
    that its index keeps.

    Args:
        query: in the caller's words; None for the engine's.
    """
    metadata: Json = {
        "index": found.index,
        "count": len(found),
        "limit": asked.limit,
        "offset": asked.offset,
        "next_offset": asked.offset + len(found) if found.more else None,
        "facets": facets_json(found.facets),
        "timings": {name: round(value, 3) for name, value in found.timings.items()},
        "note": found.note,
    }
    if found.total is not None:
        metadata["total"] = found.total
    reply = {
        "products": products_json(workspace, found),
        "query": found.query if query is None else query,
        "search_type": search_type,
        "user_id": asked.user_id,
        "metadata": metadata,
    }
    return json_reply(reply)


def products_json(workspace: Workspace, found: SearchResult) -> list[Json]:
    """The products of a search, each with `image_url` and `similarity_score`."""
    out = []
    named = workspace.products_named(found.keys)
    for key, row, product in zip(found.keys, found, named):
        kept = product or {name: v for name, v in row.items() if name not in _SCORES}
        out.append({**product_json(kept, key), "similarity_score": float(row["score"])})
    return out
