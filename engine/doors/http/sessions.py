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
from engine.errors import PermissionDenied

LOGIN, LOGOUT = "/login", "/logout"
STATIC = "/page/static/"  # styles and scripts, which anybody may read
PAGES = ("product", "people", "map", "inside", "page")  # first parts of the page's addresses
_SAFE = ("GET", "HEAD")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Every answer of the page has them: also photos, refusals, and whoever is led elsewhere.
_KEEP_SAFE = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


def is_page(path: str) -> bool:
    """Whether a path is one of the page's."""
    return path == "/" or path[1:].partition("/")[0] in PAGES


def kept_safe(path: str, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of an answer, as ASGI has them; of the page's with those that keep it safe."""
    if not is_page(path) and path not in (LOGIN, LOGOUT):
        return headers
    own = {name for name, _ in headers}
    return headers + [each for each in _KEEP_SAFE if each[0] not in own]


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
    return scope["method"] in _SAFE or is_from_own_page(connection.headers)


def is_from_own_page(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that a page of this very server sent a request."""
    try:
        return urlsplit(headers.get("origin", "")).netloc == headers.get("host", "") != ""
    except ValueError:
        return False


def is_part_of_another_page(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that a page of another server asks for a part of its own: a picture, a
    script, a frame. It is shown none, but asking alone may cost seconds."""
    site, wanted = headers.get("sec-fetch-site"), headers.get("sec-fetch-dest")
    return site in ("cross-site", "same-site") and wanted != "document"


def own_page(headers: Mapping[str, str], name: str) -> str:
    """The page of this very server that a header names, as a path; "" for none, or another's."""
    try:
        page = urlsplit(headers.get(name, ""))
    except ValueError:
        return ""
    is_own = page.netloc == headers.get("host", "") and is_local(page.path)
    return f"{page.path}{f'?{page.query}' if page.query else ''}" if is_own else ""


def is_local(path: str) -> bool:
    """Whether browsers take this for a path of the server itself, and not for another address."""
    return path.startswith("/") and path[1:2] not in ("/", "\\") and path.isprintable()


def check_sent_by_own_page(headers: Mapping[str, str]) -> None:
    """Refuse what a page of another server, or of another port of this machine, makes a browser send.

    What sends no Origin is no browser, and has no cookie of anybody's.

    Raises:
        PermissionDenied: says which page sent it.
    """
    origin = headers.get("origin")
    if origin is not None and not is_from_own_page(headers):
        raise PermissionDenied(
            f"This was sent by a page of {origin[:100]!r}; expected one of this server "
            f"({headers.get('host', '')[:100]}). Open the page here, and try again."
        )


def sign_in_first(scope: Scope) -> Response:
    """Leads whoever asks for a page to the form, and from there back."""
    headers = HTTPConnection(scope).headers
    if headers.get("hx-request") == "true":
        path = own_page(headers, "hx-current-url") or "/"
        return Response(status_code=401, headers={"HX-Redirect": _form_for(path)})
    query = scope.get("query_string", b"").decode("latin-1")
    path = quote(scope["path"]) + (f"?{query}" if query else "")
    if scope["method"] not in _SAFE:
        path = own_page(headers, "referer") or "/"
    wanted = "/" if path.startswith("/page/") else path
    return RedirectResponse(_form_for(wanted), 303, {"Cache-Control": "no-store"})


def _form_for(path: str) -> str:
    return f"{LOGIN}?next={quote(path, safe='')}"
