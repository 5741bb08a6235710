"""The views of queries: the last ones with their plans and times, and one explained."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from engine.doors.http.page.views import Visit, shown, view
from engine.shop.page.address import read_address
from engine.shop.page.inside.explaining import explained
from engine.shop.page.inside.steps import WIDTH, shown_queries
from engine.workspace import Workspace


def routes(workspace: Workspace) -> list[BaseRoute]:
    """The last queries, and the one that an address of the search asks for."""
    return [
        view("/inside/queries", "page_queries", _queries, workspace),
        view("/inside/query", "page_query", _query, workspace),
    ]


def _queries(visit: Visit) -> Response:
    queries = shown_queries(visit.workspace.inspection.recent.newest())
    return shown("inside/queries.html", {"queries": queries, "width": WIDTH}, visit)


def _query(visit: Visit) -> Response:
    asked, workspace = read_address(visit.items), visit.workspace
    values = {"asked": asked, "width": WIDTH, "found": []}
    if asked.is_search:
        overview = workspace.products_overview()
        shop = workspace.shop
        photo = shop.given_photos.get(asked.photo) if asked.photo else None
        catalogue, columns = overview.catalogue, overview.columns
        values["found"] = explained(asked, photo, shop.search, catalogue, columns)
    return shown("inside/query.html", values, visit)
