"""Every route of the page, in the order in which they are asked. See `views.py` to add one."""

from __future__ import annotations

from starlette.routing import BaseRoute

from engine.doors.http.page import as_code, given, map, nowhere, product, search, static
from engine.doors.http.page.inside import latent, operations, queries, validation
from engine.doors.http.page.people import likes, users
from engine.workspace import Workspace

VIEWS = (
    static.routes,
    search.routes,
    given.routes,
    product.routes,
    likes.routes,
    users.routes,
    map.routes,
    as_code.routes,
    operations.routes,
    queries.routes,
    latent.routes,
    validation.routes,
    nowhere.routes,  # whatever is left
)


def routes(workspace: Workspace) -> list[BaseRoute]:
    """The page over a workspace."""
    return [route for each in VIEWS for route in each(workspace)]
