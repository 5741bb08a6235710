"""The view of the cross-modal validation: searches held against the words of queries."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from engine.doors.http.page.views import Visit, shown, view
from engine.errors import VitrineError
from engine.shop.page.inside.shown import Shown
from engine.shop.page.inside.validating import means_of, questions_of
from engine.shop.validation.request import STANDARD_QUERIES
from engine.shop.validation.result import ASPECTS
from engine.workspace import Workspace

_MOST_QUERIES = 25  # that a page shows the photos of


def routes(workspace: Workspace) -> list[BaseRoute]:
    """The validation."""
    return [view("/inside/validation", "page_validation", _validation, workspace)]


def _validation(visit: Visit) -> Response:
    queries = [line.strip() for line in visit.given("q").splitlines() if line.strip()]
    values: dict[str, Any] = {
        "queries": queries or list(STANDARD_QUERIES),
        "k": visit.number("k", 10, 1, 50),
        "aspects": ASPECTS,
        "left_out": len(queries[_MOST_QUERIES:]),
        "fault": None,
    }
    try:
        validation = visit.workspace.validate(queries[:_MOST_QUERIES] or None, k=values["k"])
    except VitrineError as error:
        return shown("inside/validation.html", {**values, "fault": error.message}, visit)
    cards = Shown(validation.index, validation.catalogue, visit.workspace.products_named)
    values |= {
        "validation": validation,
        "means": means_of(validation),
        "questions": questions_of(validation, cards),
    }
    return shown("inside/validation.html", values, visit)
