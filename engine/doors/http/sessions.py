"""Browsers that signed in: their cookie, and what it is good for. Knows headers; not routes.

The cookie holds no token, but a signed time: it is good for the page and for pictures of volumes for
some hours, and for no other route. Cookies don't know ports, so its name does: two servers of one
machine don't sign each other's users out. It is sent by this site's pages only (SameSite), and what
changes anything must come from a page of this very server (Origin): another port is the same site.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from engine.doors.http.credentials import Credentials

LOGIN, LOGOUT = "/login", "/logout"
STATIC = "/page/static/"  # styles and scripts, which anybody may read
_PAGES = ("product", "people", "map", "inside", "page")  # first parts of the page's addresses
_SAFE = ("GET", "HEAD")


def is_page(path: str) -> bool:
    """Whether a path is one of the page's."""
    return path == "/" or path.split("/", 2)[1] in _PAGES


def cookie_name(headers: Mapping[str, str], scheme: str) -> str:
    """Under which name this server's cookie is kept."""
    port = headers.get("host", "").rpartition(":")[2]
    return f"vitrine_session_{port if port.isascii() and port.isdecimal() else scheme}"


def is_signed_in(connection: HTTPConnection, credentials: Credentials) -> bool:
    """Whether a request brings the cookie of somebody who signed in."""
    name = cookie_name(connection.headers, connection.scope["scheme"])
    return credentials.is_session(connection.cookies.get(name, ""))


def may_see_page(scope: Scope, credentials: Credentials) -> bool:
    """Whether a request for a page is of somebody who signed in, and sent by this server's own page
    where it changes anything."""
    connection = HTTPConnection(scope)
    if not is_signed_in(connection, credentials):
        return False
    if scope["method"] in _SAFE:
        return True
    origin = connection.headers.get("origin", "")
    try:
        return urlsplit(origin).netloc == connection.headers.get("host", "") != ""
    except ValueError:
        return False


def sign_in_first(scope: Scope) -> Response:
    """Leads whoever asks for a page to the form, and from there back."""
    headers = HTTPConnection(scope).headers
    if headers.get("hx-request") == "true":
        here = urlsplit(headers.get("hx-current-url", ""))
        path = f"{here.path or '/'}{f'?{here.query}' if here.query else ''}"
        return Response(status_code=401, headers={"HX-Redirect": _form_for(path)})
    query = scope.get("query_string", b"").decode("latin-1")
    path = quote(scope["path"]) + (f"?{query}" if query else "")
    wanted = path if scope["method"] in _SAFE and not path.startswith("/page/") else "/"
    return RedirectResponse(_form_for(wanted), 303, {"Cache-Control": "no-store"})


def _form_for(path: str) -> str:
    return f"{LOGIN}?next={quote(path, safe='')}"
