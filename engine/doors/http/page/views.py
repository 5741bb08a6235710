"""What every view of the page has: its thread, its errors as pages; the guard adds what keeps it safe.

A module with views has a function from a workspace to routes, which `routes.py` lists:

    def routes(workspace: Workspace) -> list[BaseRoute]:
        def people(visit: Visit) -> Response:
            page = workspace.list_users(...)
            return shown("people.html", {"users": ...}, visit)

        return [view("/people", "page_people", people)]

- A view is a plain `def`: it runs in a thread. Its name counts in log and metrics.
- A template extends `base.html`; what it puts in the block `content` is sent alone, as a part, where
  htmx asks for it (`visit.is_part`): links and forms work without scripts, and are quick with them.
- It raises the engine's errors: `error.html` shows them, with what to do; where there is no table of
  products at all, `empty.html` says so, whatever was asked for.
- Paths of pages are below those of `guard.PAGES`: a browser that signed in sees them by its cookie.
"""

from __future__ import annotations

import gzip
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from engine.core.values import shown as shown_value
from engine.doors.http.guard import name_operation
from engine.doors.http.page.people.guests import Guest, guest_of, remember
from engine.doors.http.page.states import contents, lacks_products, problem
from engine.doors.http.sessions import check_sent_by_own_page
from engine.doors.rest.bodies import MalformedRequest
from engine.errors import InvalidParameterValue, PermissionDenied, VitrineError
from engine.shop.page.address import whole_number
from engine.shop.page.rendering import render
from engine.store.layout import storage_failed
from engine.workspace import Workspace

HEADERS = {
    "Cache-Control": "no-store",  # a view shows what is so now
    "Vary": "HX-Request, Accept-Encoding",
}
_CHARSET = re.compile(r"charset[^=;]*=([^;]*)", re.IGNORECASE)
_NAV = (("/", "Search"), ("/people", "People"), ("/map", "Map"), ("/inside", "Inside"))


@dataclass(frozen=True)
class Visit:
    """One request for a view.

    Attributes:
        workspace: that is looked at. request: the framework's.
        form: what a form sent, with its files; None for a GET.
    """

    workspace: Workspace
    request: Request
    form: FormData | None = None

    @cached_property
    def guest(self) -> Guest:
        """Who looks."""
        return guest_of(self.request)

    @property
    def items(self) -> list[tuple[str, str]]:
        """Names and values of the address, in their order."""
        return self.request.query_params.multi_items()

    @property
    def key(self) -> str:
        """A product's key; see `asked_key`."""
        return asked_key(self.request)

    @property
    def is_part(self) -> bool:
        """Whether a script asks, to put the content in its place; not one that goes back in history."""
        headers = self.request.headers
        return headers.get("hx-request") == "true" and "hx-history-restore-request" not in headers

    def given(self, name: str, usual: str = "") -> str:
        """A value of the address, the first of its name."""
        return self.request.query_params.get(name, usual)

    def number(self, name: str, usual: int, low: int, high: int) -> int:
        """An integer of the address. Raises InvalidParameterValue: it is none from `low` to `high`."""
        text = self.given(name) or str(usual)
        found = whole_number(text, high)
        if found is None or found < low:
            raise InvalidParameterValue(
                f"{name} is {shown_value(text)}; expected an integer from {low:,} to {high:,}."
            )
        return found


def asked_key(request: Request) -> str:
    """The key of the product that an address names, as `cards.keyed_url` wrote it; "" for none."""
    return str(request.path_params.get("id", request.query_params.get("id", "")))


View = Callable[[Visit], Response]


def view(
    path: str,
    operation: str,
    answer: View,
    workspace: Workspace,
    methods: tuple[str, ...] = ("GET",),
) -> Route:
    """A route to a view; forms are read for the methods that bring one."""

    async def endpoint(request: Request) -> Response:
        name_operation(request, operation)
        if request.method in ("GET", "HEAD"):
            return await run_in_threadpool(_answered, answer, Visit(workspace, request))
        try:
            check_sent_by_own_page(request.headers)
            _check_charset(request.headers.get("content-type", ""))
            form = await request.form()
        except (PermissionDenied, MalformedRequest) as error:
            return await run_in_threadpool(failed, Visit(workspace, request), error)
        except OSError as error:  # where a large file is put meanwhile
            full = storage_failed(f"The file can't be put into {tempfile.gettempdir()}", error)
            return await run_in_threadpool(failed, Visit(workspace, request), full)
        except Exception as error:  # a body that can't be taken apart, in the framework's words
            if not hasattr(error, "detail"):
                raise
            return failed(Visit(workspace, request), MalformedRequest(str(error.detail)))
        try:
            return await run_in_threadpool(_answered, answer, Visit(workspace, request, form))
        finally:
            await form.close()  # the space of its files is given back

    return Route(path, endpoint, methods=list(methods))


def _check_charset(content_type: str) -> None:
    """Refuse other letters than browsers send: some take minutes to read, some give halves of letters.

    Raises:
        MalformedRequest: the type of a form's body names them.
    """
    for charset in _CHARSET.findall(content_type):  # named twice, the last one counts
        if charset.strip(' "').casefold() not in ("utf-8", "utf8", "us-ascii"):
            raise MalformedRequest(f"The form is in {shown_value(charset)}; expected UTF-8.")


def shown(
    template: str,
    values: Mapping[str, Any],
    visit: Visit,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A view's page, or its content alone where a script asked for that."""
    path = visit.request.url.path
    nav = [(href, label, path.split("/")[1] == href[1:]) for href, label in _NAV]
    frame = {"nav": nav, "is_part": visit.is_part, "workspace": visit.workspace.path.name}
    liked = visit.guest.likes(visit.workspace)
    page = render(template, {**frame, "liked": liked, **values})
    response = _html(visit, page, status, {**HEADERS, **(headers or {})})
    if visit.guest.is_new and not visit.is_part:  # before its first like: two at once are one's
        remember(response, visit.request, visit.guest)
    return response


def _html(visit: Visit, page: str, status: int, headers: Mapping[str, str]) -> HTMLResponse:
    """A page, compressed for who takes it so."""
    if "gzip" not in visit.request.headers.get("accept-encoding", ""):
        return HTMLResponse(page, status, headers)
    packed = gzip.compress(page.encode(), 5)
    return HTMLResponse(packed, status, {**headers, "Content-Encoding": "gzip"})


def failed(visit: Visit, error: VitrineError) -> Response:
    """The page of an error: what went wrong, and what to do."""
    if lacks_products(visit.workspace, error):
        return shown("empty.html", contents(visit.workspace), visit)
    values = {"problem": problem(visit.workspace, error)}
    return shown("error.html", values, visit, error.status_code)


def _answered(answer: View, visit: Visit) -> Response:
    try:
        return answer(visit)
    except VitrineError as error:
        return failed(visit, error)
