"""The latent explorer: what the vectors of an index tell, by attribute, dimension and direction."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from engine.doors.http.page.views import HEADERS, Visit, shown, view
from engine.errors import MissingExtra, VitrineError
from engine.service.inspection.indexes import IndexState
from engine.shop.names import IMAGE_INDEX
from engine.shop.page.inside.latent import (
    ENDS,
    WIDTH,
    along,
    dimension_url,
    reads_of,
    sides_of,
    telling,
    ways_of,
)
from engine.shop.page.inside.shown import SHOP_INDEXES, Shown
from engine.workspace import Workspace

_PATH = "/inside/latent"


def routes(workspace: Workspace) -> list[BaseRoute]:
    """The explorer, one dimension of it, a direction's products, and the start of the finding."""
    return [
        view(_PATH, "page_latent", _latent, workspace),
        view(f"{_PATH}/job", "page_latent_job", _job, workspace),
        view("/inside/direction", "page_direction", _direction, workspace),
        view(f"{_PATH}/find", "page_find_latent", _find, workspace, ("POST",)),
    ]


def _latent(visit: Visit) -> Response:
    names = visit.workspace.inspection.indexes_with_vectors()
    index = visit.given("index") or (IMAGE_INDEX if IMAGE_INDEX in names else next(iter(names), ""))
    values: dict[str, Any] = {"names": names, "index": index, "fault": None}
    try:
        if index:
            state = visit.workspace.inspection.index(index)
            values |= _explored(visit, state)
    except VitrineError as error:  # of an index that was chosen: another may do
        values["fault"] = error.message
    template = "inside/dimension.html" if _wants_dimension(visit) else "inside/latent.html"
    return shown(template, values, visit)


def _wants_dimension(visit: Visit) -> bool:
    return visit.is_part and visit.request.headers.get("hx-target", "").endswith("dimension")


def _explored(visit: Visit, state: IndexState) -> dict[str, Any]:
    workspace, index = visit.workspace, state.name
    report = workspace.known_latent_features(index)
    best = telling(report)
    number = visit.number("d", best[0][0] if best else 0, 0, max(state.dimension - 1, 0))
    dimension = workspace.latent_dimension(number, k=ENDS, index=index)
    catalogue = workspace.index_catalogue(index)
    cards = Shown(index, catalogue, workspace.products_named)
    words = visit.given("q").strip()
    names = workspace.latent_directions(index)
    return {
        "state": state,
        "report": report,
        "job": workspace.latent_job(index),
        "reads": reads_of(report),
        "telling": best,
        "number": number,
        "dimension": dimension,
        "sides": sides_of(dimension, state.primary_key, catalogue, cards),
        "currency": catalogue.currency,
        "ways": ways_of(names, report, words, index in SHOP_INDEXES),
        "words": words,
        "width": WIDTH,
        "address": _address(index, number, words),
        "dimension_url": dimension_url,
    }


def _address(index: str, number: int, words: str) -> str:
    return f"{_PATH}?{urlencode({'index': index, 'd': number, 'q': words})}"


def _direction(visit: Visit) -> Response:
    name, index = visit.given("name"), visit.given("index") or IMAGE_INDEX
    words = visit.given("q").strip()
    workspace = visit.workspace
    cards = Shown(index, workspace.index_catalogue(index), workspace.products_named)
    sides = along(name, index, words, workspace.shop.search, cards)
    values = {"name": name, "index": index, "words": words, "sides": sides}
    return shown("inside/direction.html", values, visit)


def _job(visit: Visit) -> Response:
    index = visit.given("index")
    if not visit.is_part:
        return RedirectResponse(f"{_PATH}?{urlencode({'index': index})}", 303, HEADERS)
    return _shown_job(visit, index, None)


def _find(visit: Visit) -> Response:
    index, missing = str(visit.form["index"]) if visit.form and "index" in visit.form else "", None
    try:
        visit.workspace.start_latent_features(index)
    except MissingExtra as error:
        missing = error.message
    if not visit.is_part and missing is None:
        return RedirectResponse(f"{_PATH}?{urlencode({'index': index})}", 303, HEADERS)
    return _shown_job(visit, index, missing)


def _shown_job(visit: Visit, index: str, missing: str | None) -> Response:
    job = visit.workspace.latent_job(index)
    report = None if missing else visit.workspace.known_latent_features(index)
    values = {"index": index, "job": job, "report": report, "missing": missing}
    runs = job is not None and job.state == "running"
    headers = {} if runs or missing else {"HX-Trigger": "insideChanged"}
    return shown("inside/latent_job.html", values, visit, headers=headers)
