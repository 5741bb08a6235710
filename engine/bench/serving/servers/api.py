"""Calls of the API that vitrine and the cloud both serve, and the shop's own search by text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from engine.bench.serving.load.job import Call
from engine.bench.serving.served import Kind, Served
from engine.bench.serving.servers.server import NotServed

SHOP_TEXT = "/api/v1/search/text"


def calls(served: Served, kind: Kind) -> list[Call]:
    """One call for each query of the kind. Raises NotServed: the index can't be asked so."""
    asked = served.asked
    if kind == "health":
        return [Call("GET", "/health")]
    if kind == "text":
        return _texts(served)
    if kind == "keyword":
        if not asked.words:
            raise NotServed("no column of texts whose words could be asked for is known")
        how = {"query_type": "FULL_TEXT"}
        return [_query(served, {"query_text": words, **how}) for words in asked.words]
    more = {}
    if kind == "filtered":
        if not asked.filters:
            raise NotServed("no column to filter by is known; name one with --filter")
        more = {"filters_json": json.dumps(asked.filters)}
    vectors = asked.vectors.astype(float).round(6).tolist()
    return [_query(served, {"query_vector": vector, **more}) for vector in vectors]


def _texts(served: Served) -> list[Call]:
    if served.text_route is None or not served.asked.texts:
        raise NotServed("no text to ask for, or no way that encodes it, is known")
    if served.text_route == "index":
        return [_query(served, {"query_text": text}) for text in served.asked.texts]
    bodies = ({"query": text, "limit": served.k} for text in served.asked.texts)
    return [Call("POST", SHOP_TEXT, json.dumps(body).encode()) for body in bodies]


def _query(served: Served, asked: dict[str, Any]) -> Call:
    body = {"columns": list(served.columns), "num_results": served.k, **asked}
    return Call(
        "POST", f"/api/2.0/vector-search/indexes/{served.index}/query", json.dumps(body).encode()
    )


def found(served: Served, body: bytes) -> Sequence[str]:
    """The keys of a reply's rows, as text. Raises ValueError: it is no reply of either route."""
    reply = json.loads(body)
    try:
        if "manifest" not in reply:
            return [str(product[served.key]) for product in reply["products"]]
        names = [column["name"] for column in reply["manifest"]["columns"]]
        place = names.index(served.key)
        return [key_text(row[place]) for row in reply["result"].get("data_array", [])]
    except (KeyError, TypeError) as error:
        raise ValueError(f"no reply of a query: {body[:200]!r}") from error


def key_text(key: object) -> str:
    """A key as text: the API writes whole numbers as 5.0."""
    return str(int(key)) if isinstance(key, float) and key.is_integer() else str(key)
