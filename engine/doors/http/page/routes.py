"""Every route of the page, in the order in which they are asked. See `views.py` to add one."""

from __future__ import annotations

from starlette.routing import BaseRoute

from engine.doors.http.page import search, static
from engine.workspace import Workspace

VIEWS = (static.routes, search.routes)


def routes(workspace: Workspace) -> list[BaseRoute]:
    """The page over a workspace."""
    return [route for each in VIEWS for route in each(workspace)]
