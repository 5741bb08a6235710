"""The view of the search: products that are found, or all of them. Translates and renders."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from engine.doors.http.page.views import Visit, shown, view
from engine.errors import NotFound
from engine.shop.browsing.storefront import Overview
from engine.shop.page.address import Asked, read_address
from engine.shop.page.results import PAGE, Found, found_products, listed_products
from engine.workspace import Workspace

_MOST = 1 << 31  # products that come before a page


def routes(workspace: Workspace) -> list[BaseRoute]:
    """The view at `/`, and the next products of its endless list."""
    return [
        view("/", "page_search", _search, workspace),
        view("/page/more", "page_more", _more, workspace),
    ]


def _search(visit: Visit) -> Response:
    asked = read_address(visit.items)
    try:
        overview = visit.workspace.products_overview()
    except NotFound:
        return shown("empty.html", {"folder": str(visit.workspace.path)}, visit)
    found = _found(visit.workspace, asked, overview, 0)
    template = "found.html" if visit.is_part else "search.html"
    return shown(template, {"asked": asked, "found": found}, visit)


def _more(visit: Visit) -> Response:
    asked = read_address([item for item in visit.items if item[0] != "offset"])
    offset = visit.number("offset", 0, 0, _MOST)
    found = _found(visit.workspace, asked, visit.workspace.products_overview(), offset)
    return shown("more.html", {"asked": asked, "found": found}, visit)


def _found(workspace: Workspace, asked: Asked, overview: Overview, offset: int) -> Found:
    filters = asked.filters(overview.catalogue, overview.columns) or None
    if not asked.is_search:
        page = workspace.list_products(filters=filters, sort=asked.sort, limit=PAGE, offset=offset)
        return listed_products(asked, page, overview.catalogue)
    request = asked.request(None, filters=filters, k=PAGE, offset=offset)
    return found_products(asked, workspace.shop.search(request), offset)
