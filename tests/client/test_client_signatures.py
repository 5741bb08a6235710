"""What a signature of the mirrored client says beside the package's; see conformance/test_coverage."""

from __future__ import annotations

import inspect

import pytest

import engine
from engine import AISearchClient, AISearchIndex, VectorSearchClient, VectorSearchIndex


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
