"""The views of people: all of them, one, two side by side, the visitor's own. Translates and renders."""

from __future__ import annotations

from typing import Any

from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from engine.doors.http.page.people.guests import SEGMENT
from engine.doors.http.page.views import Visit, shown, view
from engine.errors import NotFound
from engine.shop.browsing.storefront import Overview
from engine.shop.page.people.address import PEOPLE, SLIDERS, PersonAsked, read_person
from engine.shop.page.people.besides import BESIDE, beside
from engine.shop.page.people.histories import SHOWN, Deeds, deeds
from engine.shop.page.people.listing import Listing, Tiles, listing, tiles
from engine.shop.page.people.recommended import Recommended, recommended
from engine.shop.page.people.tastes import person_of
from engine.shop.page.results import PAGE
from engine.shop.people.interactions.personas import personas
from engine.shop.people.profiles import User
from engine.workspace import Workspace

_MOST = 1 << 31  # users, or interactions, that come before a page
_ROWS = 30  # users of a page


def routes(workspace: Workspace) -> list[BaseRoute]:
    """The views, and the parts of them that come later."""
    return [
        view("/people", "page_people", _people, workspace),
        view("/people/me", "page_me", _me, workspace),
        view("/people/{user:path}", "page_user", _user, workspace),
        view("/page/people/more", "page_people_more", _more, workspace),
        view("/page/people/recommended", "page_recommended", _recommended, workspace),
        view("/page/people/history", "page_history", _history, workspace),
        view("/page/people/own", "page_own", _own, workspace),
    ]


def _people(visit: Visit) -> Response:
    overview = _overview(visit.workspace)
    if overview is None:
        return shown("empty.html", {"folder": str(visit.workspace.path)}, visit)
    page = _listing(visit)
    if visit.is_part:
        return shown("people/rows.html", {"page": page, "is_whole": True}, visit)
    values = {"page": page, "personas": _tiles(visit.workspace), "overview": overview}
    is_bare = not page.search and page.total == sum(row.segment == SEGMENT for row in page.rows)
    folder = str(visit.workspace.path)
    return shown("people/people.html", {**values, "is_bare": is_bare, "folder": folder}, visit)


def _more(visit: Visit) -> Response:
    return shown("people/rows.html", {"page": _listing(visit), "is_whole": False}, visit)


def _listing(visit: Visit) -> Listing:
    search = visit.given("search").strip()
    offset = visit.number("offset", 0, 0, _MOST)
    page = visit.workspace.list_users(limit=_ROWS, offset=offset, search=search)
    return listing(page, search, visit.guest.user_id)


def _tiles(workspace: Workspace) -> Tiles:
    found = []
    for persona in personas():
        try:
            found.append((persona, workspace.get_user(persona.user_id)))
        except NotFound:
            continue
    return tiles(found)


def _user(visit: Visit) -> Response:
    if visit.request.url.path == f"{PEOPLE}/":
        if "id" not in visit.request.query_params:
            return RedirectResponse(PEOPLE, 307)
        user_id = visit.given("id")
    else:
        user_id = visit.request.path_params["user"]
    asked = read_person(user_id, visit.items)
    user = visit.workspace.get_user(user_id)
    if asked.beside is not None:
        return _beside(visit, asked, user)
    return shown("people/user.html", _view_of(visit, asked, user), visit)


def _me(visit: Visit) -> Response:
    asked = read_person(visit.guest.user_id, visit.items, is_me=True)
    overview = _overview(visit.workspace)
    if overview is None:
        return shown("empty.html", {"folder": str(visit.workspace.path)}, visit)
    user = _guest(visit)
    if user is not None and asked.beside is not None:
        return _beside(visit, asked, user)
    return shown("people/me.html", _own_view(visit, asked, user, overview, PAGE), visit)


def _own(visit: Visit) -> Response:
    asked = read_person(visit.guest.user_id, visit.items, is_me=True)
    k, overview = visit.number("k", PAGE, 1, 200), visit.workspace.products_overview()
    return shown("people/own.html", _own_view(visit, asked, _guest(visit), overview, k), visit)


def _own_view(
    visit: Visit, asked: PersonAsked, user: User | None, overview: Overview, k: int
) -> dict[str, Any]:
    if user is None:
        return {"asked": asked, "person": None, "currency": overview.catalogue.currency}
    return _view_of(visit, asked, user, k)


def _guest(visit: Visit) -> User | None:
    try:
        return visit.workspace.get_user(visit.guest.user_id)
    except NotFound:
        return None


def _view_of(visit: Visit, asked: PersonAsked, user: User, k: int = PAGE) -> dict[str, Any]:
    overview = visit.workspace.products_overview()
    others = [(p.user_id, p.name) for p in personas() if p.user_id != user.user_id]
    return {
        "asked": asked,
        "person": person_of(user),
        "sliders": SLIDERS,
        "others": others,
        "currency": overview.catalogue.currency,
        "found": _found(visit.workspace, asked, overview, k),
        "deeds": _deeds(visit.workspace, asked, overview),
    }


def _recommended(visit: Visit) -> Response:
    asked = _part_of(visit)
    found = _found(visit.workspace, asked, visit.workspace.products_overview(), PAGE)
    if asked.offset:
        return shown("people/recommended_more.html", {"found": found}, visit)
    headers = {"HX-Replace-Url": asked.url()}  # the address holds what the sliders stand at
    return shown("people/recommended.html", {"found": found}, visit, headers=headers)


def _part_of(visit: Visit) -> PersonAsked:
    """Whose view a part belongs to."""
    user = visit.given("user")
    return read_person(user, visit.items, is_me=user == visit.guest.user_id)


def _history(visit: Visit) -> Response:
    asked = _part_of(visit)
    found = _deeds(visit.workspace, asked, visit.workspace.products_overview())
    return shown("people/history.html", {"deeds": found}, visit)


def _beside(visit: Visit, asked: PersonAsked, user: User) -> Response:
    assert asked.beside is not None
    workspace, other = visit.workspace, visit.workspace.get_user(asked.beside)
    overview = workspace.products_overview()
    options = {**asked.options(), "k": BESIDE}
    found = [workspace.recommend(each.user_id, **options) for each in (user, other)]
    shared = workspace.compare_users(user.user_id, other.user_id)
    values = {
        "asked": asked,
        "both": beside(asked, (user, other), found, shared, overview.catalogue),
    }
    return shown("people/beside.html", {**values, "currency": overview.catalogue.currency}, visit)


def _found(workspace: Workspace, asked: PersonAsked, overview: Overview, k: int) -> Recommended:
    found = workspace.recommend(asked.user, k=k, offset=asked.offset, **asked.options())
    return recommended(found, asked, overview.catalogue)


def _deeds(workspace: Workspace, asked: PersonAsked, overview: Overview) -> Deeds:
    limit = 4 * SHOWN if asked.earlier else SHOWN
    history = workspace.list_interactions(asked.user, limit=limit, offset=asked.earlier)
    return deeds(history, asked, overview.catalogue)


def _overview(workspace: Workspace) -> Overview | None:
    """The products; None for an empty workspace."""
    try:
        return workspace.products_overview()
    except NotFound:
        return None
