"""Photos to search with: taken from a form, and shown again. Translates; knows no pictures."""

from __future__ import annotations

from dataclasses import replace

from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from engine.doors.http.page.views import HEADERS, Visit, view
from engine.errors import BadImage
from engine.shop.page.address import read_address
from engine.shop.photos.given_photos import MOST_BYTES
from engine.workspace import Workspace

_FIELD = "picture"
_KEPT = {
    "Cache-Control": "private, max-age=31536000, immutable",  # its name is the digest of its bytes
}


def routes(workspace: Workspace) -> list[BaseRoute]:
    """Where a photo is given, and where it is shown."""
    return [
        view("/page/given", "page_give_photo", _give, workspace, methods=("POST",)),
        view("/page/given/{digest}", "page_given_photo", _given, workspace),
    ]


def _give(visit: Visit) -> Response:
    form = visit.form
    assert form is not None
    picture = form.get(_FIELD)
    if not isinstance(picture, UploadFile) or not picture.filename:
        raise BadImage("No photo was given; choose the file of one.")
    data = picture.file.read(MOST_BYTES + 1)
    query = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    asked = read_address(query)
    digest = visit.workspace.shop.given_photos.keep(data)
    return RedirectResponse(replace(asked, photo=digest).url(), 303, HEADERS)


def _given(visit: Visit) -> Response:
    data = visit.workspace.shop.given_photos.get(visit.request.path_params["digest"])
    return Response(data, 200, _KEPT, "image/jpeg")
