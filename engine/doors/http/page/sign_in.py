"""Signing in with a browser: the form, and the cookie it gives. Knows forms; not what is seen by it."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from engine.doors.http.credentials import SESSION_SECONDS, Credentials, Unauthenticated
from engine.doors.http.guard import name_operation
from engine.doors.http.page.views import HEADERS
from engine.doors.http.sessions import LOGIN, LOGOUT, cookie_name
from engine.doors.http.volumes.contents import refused
from engine.errors import InvalidParameterValue, VitrineError
from engine.shop.page.rendering import render


def routes(credentials: Credentials | None) -> list[Route]:
    """The routes; `credentials` is None where no one has to sign in."""

    async def form(request: Request) -> Response:
        name_operation(request, "sign_in_form")
        return _page(next_page=_local(request.query_params.get("next", "")))

    async def sign_in(request: Request) -> Response:
        name_operation(request, "sign_in")
        try:
            return _signed_in(request, credentials, _fields(request, await request.body()))
        except VitrineError as error:
            return refused(request, error)

    async def sign_out(request: Request) -> Response:
        name_operation(request, "sign_out")
        answer = Response(status_code=204, headers=HEADERS)
        answer.delete_cookie(_cookie(request))
        return answer

    return [
        Route(LOGIN, form, methods=["GET"]),
        Route(LOGIN, sign_in, methods=["POST"]),
        Route(LOGOUT, sign_out, methods=["POST"]),
    ]


def _signed_in(
    request: Request, credentials: Credentials | None, fields: dict[str, str]
) -> Response:
    """The cookie for a token: with the page that was wanted for a form, with nothing for a script.

    Raises:
        Unauthenticated: the token is wrong.
    """
    is_form, next_page = not _is_json(request), _local(fields.get("next", ""))
    try:
        if credentials is not None:
            credentials.check_bearer(f"Bearer {fields.get('token', '').strip()}")
    except Unauthenticated as error:
        if not is_form:
            raise
        return _page(error.message, next_page, 401)
    answer: Response
    if not is_form:
        answer = Response(status_code=204, headers=HEADERS)
    else:
        answer = RedirectResponse(next_page or "/", 303, HEADERS)
    if credentials is not None:
        answer.set_cookie(
            _cookie(request),
            credentials.new_session(),
            max_age=SESSION_SECONDS,
            secure=request.scope["scheme"] == "https",
            httponly=True,
            samesite="strict",
        )
    return answer


def _cookie(request: Request) -> str:
    return cookie_name(request.headers, request.scope["scheme"])


def _is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip() == "application/json"


def _fields(request: Request, body: bytes) -> dict[str, str]:
    text = body.decode("utf-8", "replace")
    if not _is_json(request):
        return {name: values[0] for name, values in parse_qs(text).items()}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("token"), str):
        raise InvalidParameterValue('The body is no sign-in; expected JSON {"token": "..."}.')
    return {"token": found["token"]}


def _local(page: str) -> str:
    """A path of this server to go on to; empty for anything that may be another's address."""
    is_path = page.startswith("/") and page[1:2] not in ("/", "\\")
    return page if is_path and page.isprintable() else ""


def _page(message: str = "", next_page: str = "", status: int = 200) -> HTMLResponse:
    values = {
        "message": message,
        "next": next_page,
        "action": LOGIN,
        "nav": (),
        "is_part": False,
        "workspace": "",
    }
    return HTMLResponse(render("sign_in.html", values), status, HEADERS)
