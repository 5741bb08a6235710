"""Routes of the page's styles, scripts and photos of products. Knows transport."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from engine.doors.http.guard import name_operation
from engine.doors.http.page.views import asked_key
from engine.doors.http.shop.products import photo_response
from engine.errors import VitrineError
from engine.shop.page import assets
from engine.workspace import Workspace

_KEPT = "public, max-age=31536000, immutable"  # the address changes with the bytes


def routes(workspace: Workspace) -> list[BaseRoute]:
    """The routes; styles and scripts need no credentials."""

    async def asset(request: Request) -> Response:
        name_operation(request, "page_asset")
        found = assets.asset(request.path_params["name"])
        if found is None:
            return Response("no such file", 404)
        is_current = request.path_params["digest"] == assets.digest()
        kept = _KEPT if is_current else "no-cache"
        headers = {"Cache-Control": kept, "Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(found.data, 200, headers, found.media_type)
        return Response(
            found.packed, 200, {**headers, "Content-Encoding": "gzip"}, found.media_type
        )

    async def photo(request: Request) -> Response:
        name_operation(request, "page_photo")
        try:
            return await run_in_threadpool(_photo, workspace, request)
        except VitrineError as error:
            return Response(error.message, error.status_code, media_type="text/plain")

    return [
        Route(f"{assets.PREFIX}{{digest}}/{{name:path}}", asset, methods=["GET", "HEAD"]),
        Route("/page/photos/{id}", photo, methods=["GET", "HEAD"]),
        Route("/page/photos", photo, methods=["GET", "HEAD"]),
    ]


def _photo(workspace: Workspace, request: Request) -> Response:
    size = request.query_params.get("size", "")
    pixels = int(size[:6]) if size.isascii() and size.isdecimal() else None
    product_photo = workspace.product_photo(asked_key(request), pixels)
    return photo_response(product_photo, request.headers.get("if-none-match"))
