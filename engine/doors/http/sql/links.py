"""The route behind links to results, which takes no credentials but the link's own. Knows transport."""

from __future__ import annotations

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engine.doors.http.guard import name_operation, request_id
from engine.doors.rest.routing import error_body
from engine.errors import VitrineError
from engine.service.warehouse.runs import LINKS
from engine.workspace import Workspace


def routes(workspace: Workspace) -> list[Route]:
    """The route over a workspace's statements."""

    async def download(request: Request) -> Response:
        name_operation(request, "download_result")
        number, place = request.path_params["number"], request.path_params["place"]
        secret = request.query_params.get("secret", "")
        try:
            media, content = await run_sync(
                workspace.statement_runs.download, number, place, secret
            )
        except VitrineError as error:
            body = error_body(error.error_code, error.message, error.details, request_id(request))
            return JSONResponse(body, status_code=error.status_code)
        return Response(content, media_type=media)

    return [Route(f"{LINKS}{{number}}/{{place:int}}", download, methods=["GET"])]
