"""The admin route: rules and calls for programs in any language. Knows transport; not faults.

POST   /api/v1/faults    {"operation": "query_index", "kind": "fail", "status": 429, "times": 2}
GET    /api/v1/faults    {"rules": [...], "calls": [...]}
DELETE /api/v1/faults    rules and calls are forgotten
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from engine.doors.faults.asked import ask
from engine.doors.faults.faults import Faults
from engine.doors.http.faults.middleware import ADMIN
from engine.doors.http.guard import name_operation, request_id
from engine.doors.rest.bodies import parse_body
from engine.doors.rest.routing import error_body
from engine.errors import VitrineError


def routes(faults: Faults) -> list[Route]:
    """The routes over the faults of one server."""

    async def admin(request: Request) -> JSONResponse:
        name_operation(request, "faults")
        try:
            return JSONResponse(_answered(faults, request.method, await request.body()))
        except VitrineError as error:
            body = error_body(error.error_code, error.message, (), request_id(request))
            return JSONResponse(body, error.status_code)

    return [Route(ADMIN, admin, methods=["GET", "POST", "DELETE"])]


def _answered(faults: Faults, method: str, body: bytes) -> dict[str, Any]:
    if method == "POST":
        return {"rules": [rule.as_dict() for rule in ask(faults, parse_body(body))]}
    if method == "DELETE":
        faults.clear()
        faults.forget_calls()
        return {}
    return {
        "rules": [rule.as_dict() for rule in faults.rules],
        "calls": [call.as_dict() for call in faults.calls],
    }
