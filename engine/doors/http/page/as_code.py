"""What a view shows, as code: of a search by the address of its page, of others by their own words.

/page/as-code?q=red+dress&is.gender=Women     as the search's address; and offset
/page/as-code/similar?product=10043&by=image  also offset
/page/as-code/look?product=10043&k=8
/page/as-code/recommended?user=user_008828&k=24  also offset, and weights as the page of a person
/page/as-code/latent?dimension=7&k=10         also index
/page/as-code/validate?query=...              several; also k, index
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from starlette.responses import Response
from starlette.routing import BaseRoute

from engine.core.values import shown as shown_value
from engine.doors.http.page.views import Visit, shown, view
from engine.errors import InvalidParameterValue
from engine.shop.as_code.asking import Asked
from engine.shop.as_code.look import LookRequest
from engine.shop.as_code.photos import DEFAULT_NAME
from engine.shop.browsing.listing import ListRequest
from engine.shop.browsing.storefront import INDEX_OF
from engine.shop.latent.request import DimensionRequest
from engine.shop.page.address import read_address
from engine.shop.page.people.address import read_person
from engine.shop.page.results import PAGE
from engine.shop.page.search.asking import search_request
from engine.shop.people.recommending.request import RecommendRequest
from engine.shop.search.request import SearchRequest
from engine.shop.validation.request import ValidateRequest
from engine.workspace import Workspace

_MOST = 1 << 31  # products that come before a page


def routes(workspace: Workspace) -> list[BaseRoute]:
    """The panel of a search, and of each other kind of query."""
    kinds: dict[str, Callable[[Visit], Asked]] = {
        "": _search,
        "/similar": _similar,
        "/look": _look,
        "/recommended": _recommended,
        "/latent": _latent,
        "/validate": _validate,
    }
    return [
        view(f"/page/as-code{path}", "page_as_code", partial(_panel, asked_of), workspace)
        for path, asked_of in kinds.items()
    ]


def _panel(asked_of: Callable[[Visit], Asked], visit: Visit) -> Response:
    code = visit.workspace.as_code(asked_of(visit))
    template = "as_code_part.html" if visit.is_part else "as_code_page.html"
    photo = visit.given("photo")
    kept = f"/page/given/{photo}" if photo else None
    return shown(template, {"code": code, "photo": kept, "photo_name": DEFAULT_NAME}, visit)


def _search(visit: Visit) -> Asked:
    """As the search's view asks, for its first products or those behind an offset."""
    asked = read_address([item for item in visit.items if item[0] != "offset"])
    offset = visit.number("offset", 0, 0, _MOST)
    overview = visit.workspace.products_overview()
    if not asked.is_search:
        filters = asked.filters(overview.catalogue, overview.columns) or None
        return ListRequest(filters=filters, sort=asked.sort, limit=PAGE, offset=offset)
    return search_request(visit.workspace.shop, overview, asked, k=PAGE, offset=offset)


def _similar(visit: Visit) -> Asked:
    by = visit.given("by", "hybrid")
    if by not in INDEX_OF:
        raise InvalidParameterValue(f"by is {shown_value(by)}; expected {', '.join(INDEX_OF)}.")
    return SearchRequest(
        like=_needed(visit, "product"),
        index=INDEX_OF[by],
        k=visit.number("k", PAGE, 1, 200),
        offset=visit.number("offset", 0, 0, _MOST),
    )


def _look(visit: Visit) -> Asked:
    return LookRequest(_needed(visit, "product"), visit.number("k", 8, 1, 200))


def _recommended(visit: Visit) -> Asked:
    asked = read_person(_needed(visit, "user"), visit.items)
    k = visit.number("k", PAGE, 1, 200)
    return RecommendRequest(asked.user, k=k, offset=asked.offset, **asked.options())


def _latent(visit: Visit) -> Asked:
    return DimensionRequest(
        visit.number("dimension", 0, 0, 1 << 20),
        k=visit.number("k", 10, 1, 1000),
        index=visit.given("index") or None,
    )


def _validate(visit: Visit) -> Asked:
    queries = [value for name, value in visit.items if name == "query" and value.strip()]
    return ValidateRequest(
        queries or None, k=visit.number("k", 10, 1, 200), index=visit.given("index") or None
    )


def _needed(visit: Visit, name: str) -> str:
    text = visit.given(name)
    if not text:
        raise InvalidParameterValue(
            f"{name} is missing in the address; it says whose code is shown."
        )
    return text
