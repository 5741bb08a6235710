"""The view of the map, and what its script asks for: points, what is lit, products."""

from __future__ import annotations

import shlex

import numpy as np
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from engine.doors.http.page.views import HEADERS, Visit, shown, view
from engine.doors.http.shop.map import points_response
from engine.errors import InvalidState, MapMissing
from engine.shop.page.on_map import (
    FOUND_PATH,
    MapAsked,
    found_on_map,
    legend_of,
    lit_count,
    lit_of,
    map_cards,
    read_map_address,
    row_of,
    swatches_of,
)
from engine.shop.page.search.asking import search_request
from engine.shop.projection.product_map import ProductMap
from engine.shop.search.result import SearchResult
from engine.workspace import Workspace

_MOST = 1 << 31  # products that come before a page
_PLACES = ("offset", "row", "tensors")  # what is added to an address of the map


def routes(workspace: Workspace) -> list[BaseRoute]:
    """The view at `/map`, and its parts."""
    return [
        view("/map", "page_map", _map, workspace),
        view(FOUND_PATH, "page_map_found", _found, workspace),
        view("/page/map/points", "page_map_points", _points, workspace),
        view("/page/map/lit", "page_map_lit", _lit, workspace),
        view("/page/map/product", "page_map_product", _product, workspace),
    ]


def _to_type(said: str, workspace: Workspace) -> dict[str, str]:
    """What is wrong, and the command that mends it, where it is said, apart from it."""
    message, command, names = said.partition("vitrine map build ")
    if not command:
        return {"message": said, "command": ""}
    message = message.rstrip(" :").removesuffix("Make it anew").removesuffix("Make it").rstrip(" .")
    folder = shlex.quote(str(workspace.path))
    return {"message": f"{message}.", "command": f"{command}{names} -w {folder}"}


def _map(visit: Visit) -> Response:
    asked = _asked(visit)
    visit.workspace.products_overview()  # raises where there is none
    try:
        of = visit.workspace.product_map(asked.index)
    except (MapMissing, InvalidState) as error:
        return shown("map_missing.html", _to_type(error.in_words, visit.workspace), visit)
    attribute = asked.colour(of)
    result = _result(visit, asked, of)
    values = {
        "asked": asked,
        "of": of,
        "attribute": attribute,
        "legend": legend_of(asked, attribute) if attribute else [],
        "swatches": swatches_of(of),
        "found": found_on_map(of, asked, result, 0) if asked.chooses else None,
    }
    return shown("map.html", values, visit)


def _found(visit: Visit) -> Response:
    asked = _asked(visit)
    offset = visit.number("offset", 0, 0, _MOST)
    of = visit.workspace.product_map(asked.index)
    found = found_on_map(of, asked, _result(visit, asked, of), offset) if asked.chooses else None
    template = "map_more.html" if offset else "map_found.html"
    return shown(template, {"found": found}, visit)


def _points(visit: Visit) -> Response:
    headers = visit.request.headers
    tensors = [value for name, value in visit.items if name == "tensors"]
    of = visit.workspace.product_map(_asked(visit).index)
    accepted = headers.get("accept-encoding", "")
    return points_response(of, tensors or None, headers.get("if-none-match"), accepted)


def _lit(visit: Visit) -> Response:
    asked = _asked(visit)
    of = visit.workspace.product_map(asked.index)
    return JSONResponse(lit_of(of, _result(visit, asked, of)), headers=HEADERS)


def _product(visit: Visit) -> Response:
    of = visit.workspace.product_map(_asked(visit).index)
    row = row_of(visit.given("row"), len(of))
    (card,) = map_cards(of, np.array([row]))
    return shown("map_product.html", {"one": card}, visit)


def _asked(visit: Visit) -> MapAsked:
    return read_map_address(item for item in visit.items if item[0] not in _PLACES)


def _result(visit: Visit, asked: MapAsked, of: ProductMap) -> SearchResult | None:
    """What the address searches for, in the index of the map; None for nothing."""
    search = asked.search
    if not search.is_search:
        return None
    shop, overview = visit.workspace.shop, visit.workspace.products_overview()
    index = None if search.is_by_words else of.index
    return shop.search(search_request(shop, overview, search, k=lit_count(of), index=index))
