"""The server does what its OpenAPI description says: no 500, no status that is not listed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient
from support.server import fill

from engine import Settings, Workspace
from engine.doors.http.app import create_app
from engine.doors.http.shop.answers import PREFIX
from engine.doors.http.shop.routes import ROUTERS
from engine.doors.rest import ROUTES
from engine.doors.rest.routing import Route

CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A shop that requests may do anything to."""
    folder: Path = tmp_path_factory.mktemp("described")
    workspace = Workspace(settings=Settings(folder, encoder="hashed"))
    fill(workspace)
    made = create_app(workspace)
    with TestClient(made):
        yield made


@pytest.fixture(scope="module")
def description(app: Any) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.template}")
def test_an_operation_answers_as_it_is_described(description: Any, route: Route) -> None:
    operation = description[route.template][route.method]

    @settings(
        max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(operation.as_strategy())
    def ask(case: Any) -> None:
        reply = case.call()
        # 501 says honestly that something is not offered.
        assert reply.status_code < 500 or reply.status_code == 501, reply.content
        case.validate_response(reply, checks=CHECKS)
        if reply.status_code >= 400:
            assert {"error_code", "message"} <= set(json.loads(reply.content))

    ask()


def test_every_route_is_described(app: Any) -> None:
    paths = app.openapi()["paths"]
    described = {(method.upper(), path) for path, found in paths.items() for method in found}
    of_shop = {(method, path) for method, path in described if path.startswith(PREFIX)}
    assert described - of_shop == {(route.method, route.template) for route in ROUTES}
    made = [route for each in ROUTERS for route in each(Workspace()).routes]
    assert of_shop == {(method, route.path) for route in made for method in route.methods}
