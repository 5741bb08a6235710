"""Signing in with a browser, to see pictures. Knows forms and cookies; not files.

The cookie holds no token, but a signed time: it is good for reading pictures for some hours, and for
nothing else. Cookies don't know ports, so its name does: two servers of one machine don't sign each
other's users out.
"""

from __future__ import annotations

import html
import json
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from engine.doors.http.credentials import SESSION_SECONDS, Credentials, Unauthenticated
from engine.doors.http.guard import LOGIN, LOGOUT, PICTURES, name_operation
from engine.doors.http.volumes.contents import refused
from engine.errors import InvalidParameterValue, VitrineError

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": _POLICY}
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>vitrine</title>
<style>body {{ font: 16px sans-serif; margin: 15vh auto; max-width: 26em }} p {{ color: #a00 }}</style>
<h1>vitrine</h1>
{body}
</html>
"""
_FORM = """<form method="post" action="{login}">
<input type="hidden" name="next" value="{next}">
<label>Token <input type="password" name="token" autocomplete="current-password" autofocus></label>
<button>Sign in</button>
</form>"""


def routes(credentials: Credentials | None) -> list[Route]:
    """The routes; `credentials` is None where no one has to sign in."""

    async def form(request: Request) -> Response:
        name_operation(request, "sign_in_form")
        return _page(_form(_local(request.query_params.get("next", ""))))

    async def sign_in(request: Request) -> Response:
        name_operation(request, "sign_in")
        try:
            return _signed_in(request, credentials, _fields(request, await request.body()))
        except VitrineError as error:
            return refused(request, error)

    async def sign_out(request: Request) -> Response:
        name_operation(request, "sign_out")
        answer = Response(status_code=204, headers=_HEADERS)
        answer.delete_cookie(_cookie(request), path=PICTURES)
        return answer

    return [
        Route(LOGIN, form, methods=["GET"]),
        Route(LOGIN, sign_in, methods=["POST"]),
        Route(LOGOUT, sign_out, methods=["POST"]),
    ]


def is_signed_in(request: Request, credentials: Credentials) -> bool:
    """Whether a request brings the cookie of somebody who signed in."""
    return credentials.is_session(request.cookies.get(_cookie(request), ""))


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
        return _page(f"<p>{html.escape(error.message)}</p>{_form(next_page)}", 401)
    answer: Response
    if not is_form:
        answer = Response(status_code=204, headers=_HEADERS)
    elif next_page:
        answer = RedirectResponse(next_page, 303, _HEADERS)
    else:
        answer = _page("Signed in: pages of this machine can show pictures of volumes now.")
    if credentials is not None:
        answer.set_cookie(
            _cookie(request),
            credentials.new_session(),
            max_age=SESSION_SECONDS,
            path=PICTURES,
            secure=request.scope["scheme"] == "https",
            httponly=True,
            samesite="strict",
        )
    return answer


def _cookie(request: Request) -> str:
    port = request.headers.get("host", "").rpartition(":")[2]
    return f"vitrine_session_{port if port.isdecimal() else request.scope['scheme']}"


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


def _form(next_page: str) -> str:
    return _FORM.format(login=LOGIN, next=html.escape(next_page))


def _page(body: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(_PAGE.format(body=body), status, _HEADERS)
