"""Every name and argument of the client packages is here, and COVERAGE.md says so."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path
from typing import Any

import pytest
from conformance import beside_search
from conformance.coverage import (
    FILE,
    INERT,
    OURS_ALONE,
    PACKAGES,
    SAME,
    Line,
    VectorSearchEndpointsAPI,
    VectorSearchIndexesAPI,
    names_of,
    of_name,
    of_service,
    ours,
    table,
    taken,
    written,
)

from engine import AISearchClient, Workspace
from engine.doors.rest import ROUTES

MOST_INERT = 5


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return table()


def test_the_file_is_what_the_code_gives(lines: list[Line]) -> None:
    """Where it fails, run `PYTHONPATH=tests python -m conformance.coverage` and read the difference."""
    beside = beside_search.written(beside_search.table())
    assert FILE.read_text(encoding="utf-8") == f"{written(lines)}\n{beside}"


def test_what_suites_and_drivers_call_beside_search_is_offered() -> None:
    found: dict[str, set[str]] = {}
    for owner, method in beside_search.offered(beside_search.table()):
        found.setdefault(owner, set()).add(method)
    assert found == beside_search.OFFERED


def test_nothing_differs_without_a_reason(lines: list[Line]) -> None:
    assert not [line for line in lines if line.is_wrong]


def test_what_was_looked_at_is_the_packages(lines: list[Line]) -> None:
    methods = {(line.owner, line.method) for line in lines}
    assert {"AISearchClient", "AISearchIndex", "AsyncAISearchIndex"} <= set(names_of(PACKAGES[0]))
    assert {"DatabricksReranker", "Reranker", "NotFound"} <= set(names_of(PACKAGES[0]))
    assert {"VectorSearchClient", "TARGET_QPS_RESET_TO_DEFAULT"} <= set(names_of(PACKAGES[1]))
    assert ("AISearchClient", "__init__") in methods
    assert ("AISearchClient", "create_delta_sync_index") in methods
    assert ("AsyncAISearchIndex", "similarity_search") in methods
    assert ("VectorSearchIndexesAPI", "query_index") in methods
    given = {line.argument for line in lines if line.method == "query_index"}
    assert given == {
        "",
        *list(inspect.signature(VectorSearchIndexesAPI.query_index).parameters)[1:],
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_is_here(package: str) -> None:
    assert not [name for name in names_of(package) if ours(name) is None]


def test_at_most_five_arguments_are_inert(lines: list[Line]) -> None:
    reasons = {line.argument: line.reason for line in lines if line.argument and line.reason}
    assert reasons.keys() - {argument for *_, argument in OURS_ALONE} == set(INERT)
    assert len(INERT) <= MOST_INERT


INERT_VALUES: dict[str, Any] = {
    "azure_tenant_id": "tenant",
    "azure_login_id": "login",
    "credential_strategy": object(),
    "oauth_scopes": ["all-apis"],
}


@pytest.mark.parametrize("parameter", INERT_VALUES)
def test_credentials_of_the_cloud_change_nothing(tmp_path: Path, parameter: str) -> None:
    AISearchClient(workspace=tmp_path).create_endpoint("shop")
    given = AISearchClient(workspace=tmp_path, **{parameter: INERT_VALUES[parameter]})
    assert given.get_endpoint("shop") == AISearchClient(workspace=tmp_path).get_endpoint("shop")


# ------------------------------------------------------------------ the comparison itself
class Theirs:
    def search(self, text: str, fast: bool = False, near: int = 1, _how: str = "") -> None: ...

    def count(self) -> None: ...

    async def wait(self) -> None: ...


class Alike:
    def search(self, text: object, fast: bool = False, near: float = 1) -> None: ...

    def count(self) -> None: ...

    async def wait(self) -> None: ...

    def _own(self) -> None: ...


def wrong(own: type) -> dict[tuple[str, str], str]:
    """How a class of ours differs from `Theirs`, by method and argument."""
    return {
        (one.method, one.argument): one.here
        for one in of_name("Theirs", Theirs, own)
        if one.is_wrong
    }


def test_what_is_alike_is_the_same() -> None:
    assert wrong(Alike) == {}


def test_every_kind_of_difference_is_found() -> None:
    class Lacks(Alike):
        def search(self, text: str, near: int = 1) -> None: ...

        count = None

    class Moves(Alike):
        def search(self, fast: bool = False, text: str = "", near: int = 1) -> None: ...

    class Changes(Alike):
        def search(self, text: str, fast: bool = True, *, near: int = 1) -> None: ...

        def wait(self) -> None: ...

    class Invents(Alike):
        def search(self, text: str, fast: bool = False, near: int = 1, far: int = 2) -> None: ...

        def measure(self) -> None: ...

    assert wrong(Lacks) == {("search", "fast"): "missing", ("count", ""): "missing"}
    assert wrong(Moves).keys() == {("search", "text"), ("search", "fast")}
    assert wrong(Changes).keys() == {("search", "fast"), ("search", "near"), ("wait", "")}
    assert wrong(Invents) == {("search", "far"): "not theirs", ("measure", ""): "not theirs"}
    assert [line.here for line in of_name("Theirs", Theirs, None)] == ["missing"]


def test_a_name_that_stands_for_another_class_is_found() -> None:
    theirs = names_of(PACKAGES[1])["VectorSearchClient"]
    assert [line.here for line in of_name("VectorSearchClient", theirs, Alike)] == ["another class"]
    (line,) = of_name("TARGET_QPS_RESET_TO_DEFAULT", -1, -2)
    assert line.is_wrong


def test_an_error_of_another_kind_or_without_an_attribute_is_found() -> None:
    theirs = names_of(PACKAGES[0])["NotFound"]
    found = {line.argument: line.here for line in of_name("NotFound", theirs, LookupError)}
    assert found[""] == "it is no NotFound, AISearchException"
    assert found["status_code"] == "missing"


def test_a_call_that_no_route_takes_is_found() -> None:
    routes = [route for route in ROUTES if route.name != "create_endpoint"]
    lacking = {
        line.method for line in of_service(VectorSearchEndpointsAPI, routes) if line.is_wrong
    }
    assert lacking == {"create_endpoint"}


def test_a_field_that_a_route_lacks_or_does_not_read_is_found() -> None:
    (route,) = [
        one for one in ROUTES if one.name == "create_endpoint" and "ai-search" not in one.template
    ]
    rest = tuple(field for field in route.body if field.name != "target_qps")
    (field,) = set(route.body) - set(rest)
    for body in (rest, (*rest, dataclasses.replace(field, ignored=True))):
        changed = dataclasses.replace(route, body=body)
        found = of_service(
            VectorSearchEndpointsAPI, [changed, *(r for r in ROUTES if r is not route)]
        )
        assert {(one.method, one.argument) for one in found if one.is_wrong} == {
            ("create_endpoint", "target_qps")
        }


def test_the_calls_are_read_and_not_carried_out(tmp_path: Path) -> None:
    Workspace(tmp_path).create_endpoint("shop")
    refused, route, read = taken(
        VectorSearchEndpointsAPI, "delete_endpoint", {"endpoint_name": "shop"}, ROUTES
    )
    assert not refused
    assert route.startswith("DELETE /api/2.0/vector-search/endpoints/")
    assert "shop" in str(read)
    assert Workspace(tmp_path).endpoint_exists("shop")


def test_a_line_is_wrong_only_without_a_reason() -> None:
    assert not Line("A", "b", "c", SAME).is_wrong
    assert Line("A", "b", "c", "missing").is_wrong
    assert not Line("A", "b", "c", "missing", "why").is_wrong
