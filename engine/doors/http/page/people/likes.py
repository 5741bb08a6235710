"""Likes of the visitor, who becomes a user by the first one; and the visitor forgotten. Translates."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from engine.doors.http.page.people.guests import (
    NAME,
    SEGMENT,
    Guest,
    forget,
    remember,
)
from engine.doors.http.page.views import HEADERS, Visit, shown, view
from engine.errors import InvalidParameterValue, NotFound, VitrineError
from engine.shop.page.cards import title_of
from engine.shop.page.people.address import ME
from engine.workspace import Workspace


def routes(workspace: Workspace) -> list[BaseRoute]:
    """The routes, which change something: a form or a script of this server's page sends them."""
    return [
        view("/people/like", "page_like", _like, workspace, ("POST",)),
        view("/people/forget", "page_forget", _forget, workspace, ("POST",)),
        view("/people/build", "page_build_users", _build, workspace, ("POST",)),
    ]


def _like(visit: Visit) -> Response:
    product, on = _field(visit, "product"), _field(visit, "on")
    if on not in ("0", "1"):
        raise InvalidParameterValue(f"on is {on[:40]!r}; expected 1 to like, 0 to take it back.")
    try:
        _note(visit.workspace, visit.guest, product, on == "1")
    except VitrineError as error:
        if not visit.is_part:
            raise
        title, trouble = _title(visit.workspace, product), error.in_words
        values = {"key": product, "title": title, "trouble": trouble}
        return shown("people/liked.html", values, visit, error.status_code)
    known = replace(visit.guest, is_new=False)
    if visit.is_part:
        response = _hearts(visit, product, known.likes(visit.workspace))
    else:
        response = RedirectResponse(_back(visit.request), 303, HEADERS)
    if visit.guest.is_new:
        remember(response, visit.request, visit.guest)
    return response


def _note(workspace: Workspace, guest: Guest, product: str, is_liked: bool) -> None:
    if is_liked:
        if product not in guest.likes(workspace):
            workspace.add_interaction(guest.user_id, product, name=NAME, segment=SEGMENT)
        return
    try:
        workspace.remove_interactions(guest.user_id, product)
    except NotFound:
        if product in guest.likes(workspace):  # another reason than that nobody liked anything yet
            raise


def _hearts(visit: Visit, product: str, likes: frozenset[str]) -> Response:
    """The heart as it is now, the count in the header, and an event for all that depends on likes."""
    told = {"product": product, "liked": product in likes, "count": len(likes)}
    values = {"key": product, "title": _title(visit.workspace, product), "liked": likes}
    headers = {"HX-Trigger": json.dumps({"liked": told})}
    return shown("people/liked.html", {**values, "trouble": ""}, visit, headers=headers)


def _forget(visit: Visit) -> Response:
    try:
        visit.workspace.forget_user(visit.guest.user_id)
    except NotFound:
        pass  # whoever liked nothing is no user
    response = RedirectResponse(ME, 303, HEADERS)
    forget(response, visit.request)
    return response


def _build(visit: Visit) -> Response:
    visit.workspace.build_users()
    return RedirectResponse("/people", 303, HEADERS)


def _title(workspace: Workspace, key: str) -> str:
    try:
        return title_of(workspace.get_product(key), key, workspace.products_overview().catalogue)
    except VitrineError:
        return f"product {key}"


def _field(visit: Visit, name: str) -> str:
    value = visit.form.get(name) if visit.form is not None else None
    if not isinstance(value, str) or not value:
        raise InvalidParameterValue(f"The form has no field {name!r}; expected product and on.")
    return value


def _back(request: Request) -> str:
    """The page of this server that a form was on."""
    parts = urlsplit(request.headers.get("referer", ""))
    is_here = parts.netloc == request.headers.get("host", "")
    path = f"{parts.path}{f'?{parts.query}' if parts.query else ''}"
    return path if is_here and path.startswith("/") and not path.startswith("//") else ME
