"""Addresses below those of the page that no view has: an error page, not the API's JSON."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from engine.core.values import shown
from engine.doors.http.page.views import Visit, view
from engine.doors.http.sessions import PAGES
from engine.errors import NotFound
from engine.workspace import Workspace


def routes(workspace: Workspace) -> list[BaseRoute]:
    """The last routes of the page: those that are asked before know better."""
    paths = [path for part in PAGES for path in (f"/{part}", f"/{part}/{{rest:path}}")]
    return [view(path, "page_nowhere", _nowhere, workspace) for path in paths]


def _nowhere(visit: Visit) -> Response:
    path = visit.request.url.path
    raise NotFound(f"No view is at {shown(path)}. Follow a link above, or start again.")
