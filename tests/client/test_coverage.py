"""COVERAGE.md is the truth: nothing is left out, missing or unshown, and little is inert."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from calls_in_tests import Calls
from coverage_table import (
    FILE,
    INERT,
    MOST_INERT,
    SHOWN,
    SURFACES,
    TESTS,
    Row,
    Surface,
    current,
    inert_parameters,
    mark_of,
    old_names,
    written,
)

from engine import AISearchClient


@pytest.fixture(scope="module")
def table() -> list[Row]:
    return current()


def test_the_file_is_what_the_code_gives(table: list[Row]) -> None:
    """Where it fails, run `python tests/coverage_table.py` and look at the difference."""
    assert FILE.read_text(encoding="utf-8") == written(table)


def test_every_public_method_and_parameter_is_listed(table: list[Row]) -> None:
    listed = {(row.owner, row.method, row.parameter) for row in table}
    for surface in SURFACES:
        for name in dir(surface.theirs):
            member = inspect.getattr_static(surface.theirs, name)
            if name.startswith("_") or not callable(member):
                continue
            assert (surface.title, name, "") in listed
            for parameter in list(inspect.signature(member).parameters)[1:]:
                if not parameter.startswith("_"):
                    assert (surface.title, name, parameter) in listed


def test_nothing_is_missing(table: list[Row]) -> None:
    assert not [row for row in table if row.mark == "missing"]


def test_nothing_is_accepted_and_then_not_looked_at(table: list[Row]) -> None:
    assert not [row for row in table if row.mark == "unused"]


def test_every_old_name_is_there() -> None:
    assert [name for name, has in old_names().items() if not has] == []


def test_every_line_names_a_test_that_exists(table: list[Row]) -> None:
    tests = Calls(TESTS).tests()
    assert not [row for row in table if row.test not in tests]
    assert set(SHOWN.values()) <= tests


def test_at_most_five_parameters_are_inert(table: list[Row]) -> None:
    assert inert_parameters(table) == set(INERT)
    assert len(INERT) <= MOST_INERT


def test_a_method_or_parameter_that_we_lack_is_marked_missing() -> None:
    class Theirs:
        def search(self, text: str, fast: bool = False, near: bool = False) -> None: ...

        def count(self) -> None: ...

    class Ours:
        def search(self, text: str, near: bool = False) -> None:
            print(text)

    surface = Surface(Theirs, Ours, ())
    assert list(surface.methods()) == ["count", "search"]
    assert mark_of(surface, "search", "text") == "implemented"
    assert mark_of(surface, "search", "fast") == "missing"
    assert mark_of(surface, "search", "near") == "unused"
    assert mark_of(surface, "count", "") == "missing"


def test_a_field_that_no_route_reads_is_marked_missing() -> None:
    (surface,) = [s for s in SURFACES if s.receiver == "vector_search_indexes"]
    assert mark_of(surface, "query_index", "columns") == "implemented"
    assert mark_of(surface, "query_index", "index_name") == "implemented"
    assert mark_of(surface, "query_index", "query_source") == "missing"
    assert mark_of(surface, "query_everything", "") == "missing"


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


# ------------------------------------------------------------------ which test calls what
SOURCE = """
def helper(client, **changed):
    return client.create(**{"name": "n", **changed})

CASES = [lambda client: client.update("n", size=2)]

def test_by_keyword(client):
    client.create(name="n")

def test_by_place(client):
    client.create("n", 3)

def test_by_helper(client):
    helper(client, color="red")

def test_by_table(client):
    for case in CASES:
        case(client)

def test_of_another(other):
    api = other.shelf
    api.create(weight=1)
"""


@pytest.mark.parametrize(
    ("method", "parameter", "receiver", "expected"),
    [
        ("create", "name", "", ["test_by_keyword", "test_by_place", "test_by_helper"]),
        ("create", "size", "", ["test_by_place"]),
        ("create", "color", "", ["test_by_helper"]),
        ("create", "weight", "shelf", ["test_of_another"]),
        ("create", "weight", "client", []),
        ("create", "depth", "", []),
        ("update", "size", "", ["test_by_table"]),
        ("update", "", "", ["test_by_table"]),
        ("delete", "", "", []),
    ],
)
def test_calls_are_found_in_the_source(
    tmp_path: Path, method: str, parameter: str, receiver: str, expected: list[str]
) -> None:
    (tmp_path / "test_a.py").write_text(SOURCE)
    order = ["name", "size", "color", "weight", "depth"]
    found = Calls(tmp_path).showing((method,), parameter, order, ("test_*.py",), receiver)
    assert found == [f"test_a.py::{name}" for name in expected]
    assert set(found) <= Calls(tmp_path).tests()
