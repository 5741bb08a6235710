"""Routes of model serving: invocations, and OpenAI's embeddings. Knows transport; not models."""

from __future__ import annotations

from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engine.doors.http.guard import name_operation, request_id
from engine.doors.rest.bodies import encode_json, parse_body
from engine.doors.rest.routing import error_body
from engine.errors import InvalidParameterValue, NotSupported, VitrineError
from engine.service.serving.invocations import invoke
from engine.workspace import Workspace

_NO_CHAT = "No chat model is offered offline; use a mock of it."
_OPENAI = ("input", "encoding_format", "dimensions")
_THREADS = 64  # as many calls as a batch holds wait for a model; queries have threads of their own


def routes(workspace: Workspace) -> list[Route]:
    """The routes over a workspace's serving endpoints."""

    limiter = CapacityLimiter(_THREADS)

    async def invocations(request: Request) -> Response:
        name_operation(request, "invocations")
        name = request.path_params["name"]
        return await _answered(request, lambda body: (name, body))

    async def embeddings(request: Request) -> Response:
        name_operation(request, "embeddings")
        return await _answered(request, _named)

    async def chat(request: Request) -> Response:
        name_operation(request, "chat")
        return _refused(request, NotSupported(_NO_CHAT))

    async def responses(request: Request) -> Response:
        name_operation(request, "responses")
        return _refused(request, NotSupported(_NO_CHAT))

    async def _answered(request: Request, split: Any) -> Response:
        body = await request.body()
        try:
            name, content = await run_sync(_reply, workspace, body, split, limiter=limiter)
        except VitrineError as error:
            return _refused(request, error)
        headers = {"served-model-name": name}
        return Response(content, media_type="application/json", headers=headers)

    return [
        Route("/serving-endpoints/embeddings", embeddings, methods=["POST"]),
        Route("/serving-endpoints/chat/completions", chat, methods=["POST"]),
        Route("/serving-endpoints/responses", responses, methods=["POST"]),
        Route("/serving-endpoints/{name}/invocations", invocations, methods=["POST"]),
    ]


def _reply(workspace: Workspace, body: bytes, split: Any) -> tuple[str, bytes]:
    name, payload = split(parse_body(body))
    return name, encode_json(invoke(workspace.serving, name, payload))


def _named(payload: object) -> tuple[str, object]:
    """Name and payload of a body in OpenAI's form, which names its model."""
    if not isinstance(payload, dict) or not isinstance(payload.get("model"), str):
        raise InvalidParameterValue("model is missing; it names the serving endpoint.")
    return payload["model"], {name: payload.get(name) for name in _OPENAI}


def _refused(request: Request, error: VitrineError) -> JSONResponse:
    body = error_body(error.error_code, error.message, error.details, request_id(request))
    return JSONResponse(body, status_code=error.status_code)
