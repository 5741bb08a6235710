"""Requests to routes, and errors to replies. Knows addresses and bodies; not what a route does."""

from __future__ import annotations

import functools
import logging
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from engine.doors.rest.fields import Field, Values, read_body, read_query
from engine.errors import NotFound, VitrineError
from engine.workspace import Workspace

Json = dict[str, Any]
_LOG = logging.getLogger("engine.rest")
_PARAMETER = re.compile(r"\{(\w+)\}")


class EndpointNotFound(NotFound):
    """No route has this method and path."""

    error_code = "ENDPOINT_NOT_FOUND"


@dataclass(frozen=True)
class Request:
    """One checked request.

    Attributes:
        path: the parameters of the path, decoded.
        query, body: the fields that were given.
        origin: scheme and host of the server that was asked; "" in-process.
    """

    path: Mapping[str, str]
    query: Values
    body: Values
    origin: str = ""


Answer = Callable[[Workspace, Request], Json]


@dataclass(frozen=True, eq=False)  # a route is itself
class Route:
    """One operation of the API at one address.

    Attributes:
        method: GET, POST, PUT, PATCH or DELETE.
        template: the path with its parameters in braces.
        name: the operation, in the words of the API's clients. summary: one sentence.
        answer: from workspace and request to the reply's JSON object.
        body, query: fields that the request takes; see `fields`.
    """

    method: str
    template: str
    name: str
    summary: str
    answer: Answer
    body: tuple[Field, ...] = ()
    query: tuple[Field, ...] = ()

    @functools.cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the paths of this route, each parameter a group of its name."""
        texts = _PARAMETER.split(self.template)
        parts = [f"(?P<{t}>[^/]+)" if i % 2 else re.escape(t) for i, t in enumerate(texts)]
        return re.compile("".join(parts))


class Routes(tuple[Route, ...]):
    """A table of routes. It is itself: a hash of all that is in it would be made for each request."""

    __slots__ = ()
    __hash__ = object.__hash__
    __eq__ = object.__eq__
    __ne__ = object.__ne__


def find_route(routes: Sequence[Route], method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The route of a request and the parameters of its path, decoded; see `_find_route`."""
    table = routes if isinstance(routes, Routes) else Routes(routes)
    route, parameters = _find_route(table, method, path)
    return route, dict(parameters)


@functools.lru_cache(maxsize=4096)
def _find_route(
    routes: Routes, method: str, path: str
) -> tuple[Route, tuple[tuple[str, str], ...]]:
    """The route of a request and the parameters of its path, decoded.

    Args:
        path: percent-encoded, without query string; double and trailing slashes don't matter.

    Raises:
        EndpointNotFound: no such path, or not with this method; then names those that it takes.
    """
    clean = re.sub("/+", "/", path).rstrip("/")
    taken = []
    for route in routes:
        match = route.pattern.fullmatch(clean)
        if match is None:
            continue
        if route.method == method.upper():
            found = match.groupdict().items()
            return route, tuple([(name, unquote(value)) for name, value in found])
        taken.append(route.method)
    also = f". It takes {', '.join(sorted(set(taken)))}." if taken else ""
    raise EndpointNotFound(f"No API found for '{method.upper()} {clean:.300}'{also}")


def answer(
    routes: Sequence[Route],
    workspace: Workspace,
    method: str,
    path: str,
    query: Mapping[str, object] | None = None,
    body: object = None,
    request_id: str | None = None,
    origin: str = "",
) -> tuple[int, Json, str]:
    """Status, JSON body and the operation's name of a request; never raises.

    Args:
        query: parameters of the query string; a list of texts where one is repeated.
        body: JSON text or bytes, or the values that they stand for; None for no body.
        request_id: what an error names the request by; None makes one up.
        origin: scheme and host of the server that was asked; "" in-process.

    Returns:
        the name is the route's, and empty where no route was found.
    """
    number = request_id or new_request_id()
    operation = ""
    try:
        route, parameters = find_route(routes, method, path)
        operation = route.name
        strict = workspace.settings.strict_fields
        fields = read_query(query or {}, route.query, strict)
        request = Request(parameters, fields, read_body(body, route.body, strict), origin)
        return 200, route.answer(workspace, request), operation
    except VitrineError as error:
        reply = error_body(error.error_code, error.message, error.details, number)
        return error.status_code, reply, operation
    except RecursionError:
        reply = error_body("MALFORMED_REQUEST", "The request nests too deep.", (), number)
        return 400, reply, operation
    except Exception:  # a caller learns no internals; the log has them under the request's id
        _LOG.exception("request %s failed: %s %s", number, method, path)
        message = "The request failed inside the service."
        return 500, error_body("INTERNAL_ERROR", message, (), number), operation


def new_request_id() -> str:
    """A random UUID of version 4, as text, in a quarter of the time that `uuid.uuid4` takes."""
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def error_body(
    code: str, message: str, details: Sequence[Json] = (), request_id: str | None = None
) -> Json:
    """The API's error body; without a request id it gets a fresh one."""
    info = {
        "@type": "type.googleapis.com/google.rpc.RequestInfo",
        "request_id": request_id or new_request_id(),
        "serving_data": "",
    }
    return {"error_code": code, "message": message, "details": [info, *details]}
