"""Routes of the page that shows the API's description, with scripts and styles of its own."""

from __future__ import annotations

import functools
import gzip
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from engine.doors.http.guard import name_operation

_FOLDER = Path(__file__).parent
_HTML = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>vitrine: the API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"><link rel="icon" href="data:,"></head>
<body><div id="page"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script>
</body></html>
"""
# Its own default asks a public address whether the description is valid.
_START = b"""SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#page", deepLinking: true, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis], layout: "BaseLayout", docExpansion: "none",
})
"""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"}
_SCRIPT, _STYLE = "text/javascript", "text/css"


def routes() -> list[Route]:
    """The page at `/docs`, and the three files that it loads."""
    return [
        Route("/docs", _page),
        Route("/docs/start.js", _start),
        Route("/docs/swagger-ui-bundle.js", _packed("swagger-ui-bundle.js", _SCRIPT)),
        Route("/docs/swagger-ui.css", _packed("swagger-ui.css", _STYLE)),
    ]


async def _page(request: Request) -> Response:
    name_operation(request, "docs")
    return HTMLResponse(_HTML, headers=_HEADERS)


async def _start(request: Request) -> Response:
    name_operation(request, "docs")
    return Response(_START, media_type=_SCRIPT, headers=_HEADERS)


def _packed(name: str, media_type: str) -> Any:
    """A route to a file that is kept compressed, and sent so to who takes it."""

    @functools.cache
    def packed() -> bytes:
        return (_FOLDER / f"{name}.gz").read_bytes()

    async def file(request: Request) -> Response:
        name_operation(request, "docs")
        headers = {**_HEADERS, "Vary": "Accept-Encoding", "Cache-Control": "no-cache"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(gzip.decompress(packed()), media_type=media_type, headers=headers)
        headers["Content-Encoding"] = "gzip"
        return Response(packed(), media_type=media_type, headers=headers)

    return file
