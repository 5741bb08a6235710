"""The shop's routes do what the OpenAPI description says, whatever Schemathesis makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
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
from support.storefront import built_shop

from engine import Workspace
from engine.doors.http.app import create_app
from engine.doors.http.shop.routes import ROUTERS

CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
ROUTES = [
    (method, route.path)
    for router in ROUTERS
    for route in router(Workspace()).routes
    for method in sorted(route.methods)  # type: ignore[attr-defined]
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    made = create_app(built_shop(tmp_path_factory.mktemp("described")))
    with TestClient(made):
        yield made


@pytest.fixture(scope="module")
def description(app: Any) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", app)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_route_answers_as_it_is_described(description: Any, method: str, path: str) -> None:
    operation = description[path][method]

    @settings(
        max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(operation.as_strategy())
    def ask(case: Any) -> None:
        reply = case.call()
        assert reply.status_code < 500, reply.content
        case.validate_response(reply, checks=CHECKS)
        if reply.status_code >= 400:
            assert {"error_code", "message"} <= set(json.loads(reply.content))

    ask()


def test_what_is_described_is_typed_and_says_what_it_is(app: Any) -> None:
    described = app.openapi()
    for method, path in ROUTES:
        operation = described["paths"][path][method.lower()]
        assert (
            operation["summary"]
            and operation["description"]
            and "422" not in operation["responses"]
        )
        assert operation["responses"]["400"]["content"]["application/json"]["schema"] == {
            "$ref": "#/components/schemas/Error"
        }
    used = json.dumps(described)
    for name in described["components"]["schemas"]:
        assert f"#/components/schemas/{name}" in used
    assert "HTTPValidationError" not in used
    names = [op["operationId"] for ops in described["paths"].values() for op in ops.values()]
    assert len(set(names)) == len(names)
