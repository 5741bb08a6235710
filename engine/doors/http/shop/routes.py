"""The routers of `/api/v1`, in the order in which they are asked. See `answers.py` to add one."""

from __future__ import annotations

import threading

from starlette.routing import BaseRoute

from engine.doors.http.shop import as_code, map, people, products, search, understanding
from engine.workspace import Workspace

ROUTERS = (
    search.router,
    products.router,
    people.router,
    understanding.router,
    map.router,
    as_code.router,
)


# The framework sets the process's filters of warnings aside while it reads a route's types: of two
# threads that do, one would put back what the other had set.
_one_at_a_time = threading.Lock()


def routes(workspace: Workspace) -> list[BaseRoute]:
    """Every route of the shop's API over a workspace."""
    with _one_at_a_time:
        return [route for router in ROUTERS for route in router(workspace).routes]
