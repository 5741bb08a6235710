"""The routers of `/api/v1`, in the order in which they are asked. See `answers.py` to add one."""

from __future__ import annotations

from starlette.routing import BaseRoute

from engine.doors.http.shop import products, search, understanding
from engine.workspace import Workspace

ROUTERS = (search.router, products.router, understanding.router)


def routes(workspace: Workspace) -> list[BaseRoute]:
    """Every route of the shop's API over a workspace."""
    return [route for router in ROUTERS for route in router(workspace).routes]
