"""Every method of the mirrored client takes the arguments of the installed databricks-ai-search."""

from __future__ import annotations

import inspect

import pytest
from coverage_table import SURFACES, Surface

import engine
from engine import AISearchClient, AISearchIndex, VectorSearchClient, VectorSearchIndex

MIRRORED = [surface for surface in SURFACES if surface.ours is not None]
METHODS = [(surface, method) for surface in MIRRORED for method in surface.methods()]
NAMES = [f"{surface.theirs.__name__}.{method}" for surface, method in METHODS]
# Ours alone: the workspace that a client opens.
OWN = {"__init__": {"workspace"}}

Arguments = list[tuple[str, object, object]]


def arguments(function: object, own: frozenset[str] | set[str] = frozenset()) -> Arguments:
    """(name, kind, default) of each argument but self, private ones and the engine's own."""
    parameters = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    return [
        (parameter.name, parameter.kind, parameter.default)
        for parameter in list(parameters)[1:]
        if not parameter.name.startswith("_") and parameter.name not in own
    ]


@pytest.mark.parametrize(("surface", "method"), METHODS, ids=NAMES)
def test_the_arguments_are_the_packages(surface: Surface, method: str) -> None:
    ours = arguments(getattr(surface.ours, method), OWN.get(method, set()))
    assert ours == arguments(getattr(surface.theirs, method))


@pytest.mark.parametrize(("surface", "method"), METHODS, ids=NAMES)
def test_what_is_awaited_there_is_awaited_here(surface: Surface, method: str) -> None:
    ours, theirs = getattr(surface.ours, method), getattr(surface.theirs, method)
    assert inspect.iscoroutinefunction(ours) == inspect.iscoroutinefunction(theirs)


@pytest.mark.parametrize("surface", MIRRORED, ids=lambda surface: surface.theirs.__name__)
def test_no_public_method_is_an_invention(surface: Surface) -> None:
    public = {name for name in dir(surface.ours) if not name.startswith("_")}
    assert public <= {name for name in dir(surface.theirs) if not name.startswith("_")}


def test_the_package_is_the_one_that_was_looked_at() -> None:
    names = {surface.theirs.__name__: set(surface.methods()) for surface in MIRRORED}
    assert {"similarity_search", "scan", "upsert"} <= names["AISearchIndex"]
    assert {"create_delta_sync_index", "update_endpoint", "__init__"} <= names["AISearchClient"]


def test_the_workspace_is_given_by_name_only() -> None:
    parameter = inspect.signature(AISearchClient).parameters["workspace"]
    assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
    assert parameter.default is None


def test_an_index_starts_with_the_packages_arguments() -> None:
    names = list(inspect.signature(AISearchIndex).parameters)
    assert names[:4] == ["workspace_url", "index_url", "name", "endpoint_name"]


def test_both_names_of_each_class_are_there() -> None:
    assert VectorSearchClient is AISearchClient
    assert VectorSearchIndex is AISearchIndex
    assert engine.VectorSearchClient is engine.AISearchClient


def test_helpers_find_the_attributes_that_they_read(index: AISearchIndex) -> None:
    for name in ("name", "index_url", "workspace_url", "endpoint_name", "personal_access_token"):
        getattr(index, name)


def test_a_method_that_is_not_offered_is_named_with_those_that_are(
    client: AISearchClient, index: AISearchIndex
) -> None:
    with pytest.raises(AttributeError, match=r"'create_everything'.*create_endpoint"):
        client.create_everything()
    with pytest.raises(AttributeError, match=r"'search_everything'.*similarity_search"):
        index.search_everything()
    assert not hasattr(client, "create_everything")
