"""The shop in-process and served, and how a plain script asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from managed_mcp.functions import make_functions
from managed_mcp.shop import PATH, shop_in
from support.server import CREDENTIALS

from engine import Workspace
from engine.doors.http.server import BackgroundServer


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """To be read only."""
    workspace = shop_in(tmp_path_factory.mktemp("mcp"))
    make_functions(workspace)
    return workspace


@pytest.fixture(scope="session")
def url(shop: Workspace) -> Iterator[str]:
    """Where the shop is served."""
    with BackgroundServer(shop, CREDENTIALS) as server:
        yield server.url


Post = Callable[..., httpx.Response]


@pytest.fixture
def post(url: str) -> Iterator[Post]:
    """Sends a message by a plain POST, as a script without the library does."""
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        del client.headers["accept"]

        def send(
            method: str,
            params: dict[str, Any] | None = None,
            path: str = PATH,
            token: str | None = CREDENTIALS.token,
            **headers: str,
        ) -> httpx.Response:
            message = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params or {}}
            signed = {"Authorization": f"Bearer {token}"} if token else {}
            return client.post(path, json=message, headers={**signed, **headers})

        yield send
