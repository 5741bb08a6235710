"""A server that runs already, by its address: ours elsewhere, or the cloud's."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.bench.serving.load.job import Address, Call, address_of
from engine.bench.serving.served import QUERIES, Asked, Kind, Served
from engine.bench.serving.servers import api
from engine.bench.serving.servers.server import NotServed
from engine.errors import InvalidParameterValue

LOOK_SECONDS = 30


class Remote:
    """Its processor time can't be known; everything else is measured as of any other."""

    def __init__(self, url: str, token: str | None, served: Served) -> None:
        self._served = served
        self.name = url.rstrip("/")
        self.settings: Mapping[str, Any] = {}
        self.address, self.pid = secured(url, token), None

    def calls(self, kind: Kind) -> Sequence[Call]:
        if kind == "health":
            raise NotServed("whether a server elsewhere has a route for it isn't known")
        return api.calls(self._served, kind)

    def found(self, body: bytes) -> list[str]:
        return list(api.found(self._served, body))

    def search_better(self) -> bool:
        return False

    def close(self) -> None:
        """It goes on: it isn't ours to end."""


def secured(url: str, token: str | None) -> Address:
    """The address with the token that each request carries."""
    return address_of(url, {"Authorization": f"Bearer {token}"} if token else {})


def described(
    url: str,
    token: str | None,
    index: str,
    *,
    k: int,
    filters: Mapping[str, object],
    texts: Sequence[str],
    seed: int,
) -> Served:
    """An index that is only known by its address: random vectors of its dimension are asked for.

    Texts are asked of the index itself where it encodes them, and words of them. Its rows aren't
    known, so answers aren't judged.

    Raises InvalidParameterValue: the server has no such index, or it has no vectors.
    """
    about = _read(secured(url, token), f"/api/2.0/vector-search/indexes/{index}")
    spec = about.get("delta_sync_index_spec") or about.get("direct_access_index_spec") or {}
    sources = spec.get("embedding_source_columns") or []
    columns = spec.get("embedding_vector_columns") or sources
    dimension = columns[0].get("embedding_dimension") if columns else None
    if dimension is None:
        raise InvalidParameterValue(f"{url}: index {index} says no dimension of vectors: {about}")
    vectors = np.random.default_rng(seed).standard_normal((QUERIES, dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    asked = Asked(vectors.astype(np.float32), filters, tuple(texts), None, tuple(texts))
    key = about["primary_key"]
    return Served(index, key, (key,), asked, k, "index" if sources else None)


def _read(address: Address, target: str) -> dict[str, Any]:
    kind = http.client.HTTPSConnection if address.is_secure else http.client.HTTPConnection
    connection = kind(address.host, address.port, timeout=LOOK_SECONDS)
    try:
        connection.request("GET", target, headers=dict(address.headers))
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise InvalidParameterValue(
            f"GET {target} of {address.host}:{address.port} was answered by {answer.status}: "
            f"{body[:300].decode(errors='replace')}"
        )
    found: dict[str, Any] = json.loads(body)
    return found
