"""The view of the search: products that are found, or all of them. Translates and renders."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from engine.doors.http.page.states import problem
from engine.doors.http.page.views import HEADERS, Visit, shown, view
from engine.doors.http.page.warming import Warming
from engine.errors import VitrineError
from engine.shop.page.address import read_address
from engine.shop.page.search.parts import added_part
from engine.shop.page.search.view import more_products, search_view, unanswered
from engine.shop.photos.given_photos import MOST_BYTES
from engine.workspace import Workspace

_MOST = 1 << 31  # products that come before a page


def routes(workspace: Workspace) -> list[BaseRoute]:
    """The view at `/`, and the next products of its endless list."""
    return [
        view("/", "page_search", partial(_search, Warming(workspace)), workspace),
        view("/page/more", "page_more", _more, workspace),
    ]


def _search(warming: Warming, visit: Visit) -> Response:
    added, items = added_part(_query(visit.items))
    asked = read_address(items)
    if added is not None:  # a form's parts become the one that addresses have
        return RedirectResponse(asked.with_term(added).url(), 303, HEADERS)
    overview = visit.workspace.products_overview()
    warming.start()
    offset = visit.number("offset", 0, 0, _MOST)
    shop, status, told = visit.workspace.shop, 200, None
    try:
        seen = search_view(shop, overview, asked, offset)
    except VitrineError as error:
        if visit.is_part:  # what is there stays
            raise
        status, told = error.status_code, problem(visit.workspace, error)
        seen = unanswered(shop, overview, asked)
    template = "found.html" if visit.is_part else "search.html"
    values = {"view": seen, "asked": asked, "most_bytes": MOST_BYTES, "problem": told}
    return shown(template, values, visit, status, {"Content-Location": asked.url()})


def _more(visit: Visit) -> Response:
    asked = read_address(_query(visit.items))
    offset = visit.number("offset", 0, 0, _MOST)
    overview = visit.workspace.products_overview()
    found = more_products(visit.workspace.shop, overview, asked, offset)
    return shown("more.html", {"found": found}, visit)


def _query(items: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [item for item in items if item[0] != "offset"]
