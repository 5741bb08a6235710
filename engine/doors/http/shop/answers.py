"""What every route of `/api/v1` has: its errors' form, its name in log and metrics, its address.

A module with routes has a function from a workspace to a router, which `routes.py` lists:

    def router(workspace: Workspace) -> APIRouter:
        made = new_router("users")

        @made.get("/users/{user_id}", response_model=User)
        def get_user(user_id: str) -> Response:
            '''One user, as `GET /openapi.json` will say.'''
            return json_reply(workspace.get_user(user_id).to_json())

        return made

- The function is a plain `def`: it runs in a thread. Its name counts in log and metrics.
- Parameters and bodies are pydantic models of the module's top level, or annotated parameters; bodies
  inherit from `Body`, which refuses fields that it doesn't know. What doesn't fit is answered by 400
  INVALID_PARAMETER_VALUE, never by the framework's 422.
- It raises the engine's errors, which become the API's form here.
- `response_model` describes the reply; `json_reply` writes it, and nothing is validated twice. The
  tests validate every reply by its model.
- A parameter of the path is matched before it is decoded: a key with a slash, as %2F, is one part.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, cast
from urllib.parse import unquote

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.params import Form
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from engine.core.schema import suggestion
from engine.core.values import shown
from engine.doors.http.guard import name_operation, request_id
from engine.doors.rest.bodies import MalformedRequest, encode_json, parse_body
from engine.doors.rest.routing import error_body
from engine.errors import InvalidParameterValue, VitrineError

PREFIX = "/api/v1"
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_EXTRA, _MISSING = "extra_forbidden", "missing"  # pydantic's types of errors
_NO_FILE = "value_error"  # which only the framework's own check of uploads raises


class Body(BaseModel):
    """A JSON body; fields that it doesn't know are refused."""

    model_config = ConfigDict(extra="forbid")


def new_router(tag: str) -> APIRouter:
    """A router for routes below `/api/v1`, under one heading of the description."""
    return APIRouter(prefix=PREFIX, tags=[tag], route_class=ShopRoute)


def json_reply(reply: object, status: int = 200) -> Response:
    """A reply of JSON values, as the routes of the REST table write theirs."""
    return Response(encode_json(reply), status, media_type="application/json")


class ShopRoute(APIRoute):
    """A route of the shop's API."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether it answers a path, each parameter one part of it as it was sent."""
        if scope["type"] != "http":
            return Match.NONE, {}
        sent = scope.get("raw_path", scope["path"].encode()).decode("latin-1").rstrip("/")
        as_get = scope["method"] == "HEAD" and "GET" in (self.methods or ())
        method = "GET" if as_get else scope["method"]
        match, found = super().matches({**scope, "path": sent, "method": method})
        if match != Match.NONE:
            parameters = found["path_params"]
            found["path_params"] = {name: unquote(value) for name, value in parameters.items()}
            found["method"] = method
        return match, found

    def get_route_handler(self) -> Handler:
        """The handler with this API's errors."""
        framework = super().get_route_handler()

        async def handler(request: Request) -> Response:
            name_operation(request, self.name)
            try:
                self._check_query(request)
                read = _JsonRequest(request.scope, request.receive)
                await self._check_form(read)
                return await framework(read)
            except VitrineError as error:
                return _refused(request, error)
            except RequestValidationError as error:
                return _refused(request, _misfit(error.errors()))
            except HTTPException as error:  # a body that can't be taken apart
                cause = error.__cause__
                if isinstance(cause, VitrineError):
                    return _refused(request, cause)
                return _refused(request, MalformedRequest(str(error.detail)))

        return handler

    def _check_query(self, request: Request) -> None:
        """Raises InvalidParameterValue: a parameter that the route doesn't take."""
        known = [name for each in _dependants(self.dependant) for name in _names(each.query_params)]
        _check_known(request.query_params, known, "parameter of this address")

    async def _check_form(self, request: Request) -> None:
        """Raises InvalidParameterValue: a field of a form that the route doesn't take."""
        if self.body_field is None or not isinstance(self.body_field.field_info, Form):
            return
        known = [name for each in _dependants(self.dependant) for name in _names(each.body_params)]
        form = await request.form()  # which is read once
        try:
            _check_known(form, known, "field of this form")
        except VitrineError:
            await form.close()
            raise


def _dependants(of: Dependant) -> list[Dependant]:
    """A function, and those it depends on."""
    return [of, *(each for other in of.dependencies for each in _dependants(other))]


def _names(fields: Sequence[Any]) -> list[str]:
    return [field.alias for field in fields]


def _check_known(given: Iterable[str], known: Sequence[str], what: str) -> None:
    strange = next((name for name in given if name not in known), None)
    if strange is not None:
        takes = f"it takes {', '.join(known)}" if known else "it takes none"
        raise InvalidParameterValue(
            f"{strange[:80]!r} is no {what}; {takes}.{suggestion(strange, known)}"
        )


class _JsonRequest(Request):
    """A request whose JSON is read as the REST table's is: no name twice, no NaN."""

    async def json(self) -> Any:
        return parse_body(await self.body())


def _refused(request: Request, error: VitrineError) -> Response:
    body = error_body(error.error_code, error.in_words, error.details, request_id(request))
    return json_reply(body, error.status_code)


def _misfit(errors: Sequence[Any]) -> VitrineError:
    """What doesn't fit a route's parameters: field, what was given, and what was expected."""
    found: dict[str, list[str]] = {}  # several expectations of what may be of several types
    for said in (_said(cast("dict[str, Any]", each)) for each in errors):
        found.setdefault(said[0], []).extend(said[1:])
    texts = [_sentence(given, expected) for given, expected in found.items()]
    more = f" And {len(texts) - 3} more." if len(texts) > 3 else ""
    return InvalidParameterValue(" ".join(texts[:3]) + more)


def _sentence(given: str, expected: Sequence[str]) -> str:
    if not expected:
        return f"{given}."
    *others, last = dict.fromkeys(expected)
    return f"{given}; expected {', '.join(others)}{' or ' if others else ''}{last}."


def _said(error: dict[str, Any]) -> list[str]:
    """What was given, and what was expected, where there is more to say."""
    where, *path = error["loc"]
    name = ".".join(str(part) for part in path if not _is_type(part)) or f"the {where}"
    if error["type"] == _MISSING:
        return [f"{name} is missing (in the {where})"]
    if error["type"] == _EXTRA:
        return [f"{name} is no field of this request"]
    if isinstance(error.get("input"), bytes):  # was not read as JSON
        return [
            "the body is not sent as JSON",
            "JSON and the header Content-Type: application/json",
        ]
    given = f"{name} is {shown(error.get('input'))}"
    if error["type"] == _NO_FILE:
        return [given, "a file"]
    said = str(error["msg"])
    expected = said.removeprefix("Input should be ")
    return [given, expected if expected != said else said[:1].lower() + said[1:]]


def _is_type(part: object) -> bool:
    """Whether a part of a path names one type of several that a field may have."""
    return isinstance(part, str) and (part in ("int", "str", "float") or "[" in part)
