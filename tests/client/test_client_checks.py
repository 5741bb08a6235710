"""What the client checks by itself, in its own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine import InvalidInputException, VectorSearchClient, VectorSearchIndex

ENDPOINT = "fashion_vector_search"
INDEX = "main.fashion_demo.vs_image_search"
QUERY = [0.25] * 16

CreateIndex = Callable[..., VectorSearchIndex]


# ------------------------------------------------------------------ the client's own checks
def test_checks_of_new_endpoints_have_the_clients_words(client: VectorSearchClient) -> None:
    for arguments, words in (
        (
            {"budget_policy_id": "a", "usage_policy_id": "b"},
            "Cannot specify both budget_policy_id and usage_policy_id. Please use only one.",
        ),
        ({"target_qps": "5"}, "target_qps must be an integer."),
        ({"target_qps": 1.5}, "target_qps must be an integer."),
        ({"target_qps": 0}, "target_qps must be a positive integer."),
        ({"target_qps": -1}, "target_qps must be a positive integer."),
    ):
        with pytest.raises(InvalidInputException) as caught:
            client.create_endpoint("new", **arguments)  # type: ignore[arg-type]
        assert caught.value.message == words
    assert not client.endpoint_exists("new")


@pytest.mark.parametrize(
    ("changed", "kind", "words"),
    [
        (
            {"pipeline_type": None},
            AssertionError,
            "Pipeline type cannot be None. Please use CONTINUOUS/TRIGGERED as the pipeline type.",
        ),
        (
            {"embedding_dimension": None},
            AssertionError,
            "Embedding dimension must be specified if source column is used",
        ),
        (
            {"sync_computed_embeddings": True},
            AssertionError,
            "Sync computed embedding is not supported with embedding vector column",
        ),
        (
            {"embedding_vector_column": None, "embedding_source_column": "product_display_name"},
            AssertionError,
            "You must specify Embedding Model Endpoint",
        ),
        (
            {"embedding_vector_column": None},
            InvalidInputException,
            "At least one valid embedding_source_column or embedding_vector_column must be "
            "specified.",
        ),
        (
            {"budget_policy_id": "a", "usage_policy_id": "b"},
            InvalidInputException,
            "Cannot specify both budget_policy_id and usage_policy_id. Please use only one.",
        ),
        (
            {"payload_logging_enabled": 1},
            InvalidInputException,
            "payload_logging_enabled must be a boolean.",
        ),
    ],
)
def test_checks_of_new_indexes_have_the_clients_words(
    create_index: CreateIndex, changed: Any, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind) as caught:
        create_index(**changed)
    assert getattr(caught.value, "message", str(caught.value)) == words


def test_calls_without_an_index_name_have_the_clients_words(client: VectorSearchClient) -> None:
    for call in (client.get_index, client.index_exists, client.delete_index):
        for arguments in ({}, {"endpoint_name": ENDPOINT}, {"index_name": ""}):
            with pytest.raises(AssertionError, match=r"^Index name must be specified$"):
                call(**arguments)


def test_checks_of_rows_have_the_clients_words(index: VectorSearchIndex) -> None:
    calls: list[tuple[Callable[[], object], str]] = [
        (lambda: index.upsert({"product_id": 1}), "inputs must be of type: List of dictionaries"),  # type: ignore[arg-type]
        (lambda: index.upsert([1]), "inputs must be of type: List of dicts"),  # type: ignore[list-item]
        (lambda: index.delete("1"), "inputs must be of type: List"),  # type: ignore[arg-type]
    ]
    for call, words in calls:
        with pytest.raises(AssertionError) as caught:
            call()
        assert str(caught.value) == words


def test_two_ways_to_rerank_have_the_clients_words(index: VectorSearchIndex) -> None:
    with pytest.raises(ValueError, match="cannot both be provided") as caught:
        index.similarity_search(
            ["year"], query_vector=QUERY, columns_to_rerank=["year"], reranker=object()
        )
    assert str(caught.value) == (
        "The arguments `columns_to_rerank` and `reranker` cannot both be provided."
    )


def test_a_numpy_vector_is_refused_with_the_way_out(index: VectorSearchIndex) -> None:
    with pytest.raises(InvalidInputException, match=r"ndarray.*tolist\(\)"):
        index.similarity_search(["year"], query_vector=np.array(QUERY))  # type: ignore[arg-type]


def test_arguments_that_ask_for_nothing_new_are_accepted(create_index: CreateIndex) -> None:
    index = create_index(index_subtype="hybrid", payload_logging_enabled=False)
    assert index.describe()["index_subtype"] == "HYBRID"
    reply = index.similarity_search(
        ["year"], query_vector=QUERY, query_type="ann", query_columns=[], sort_columns=[],
        facets=[], disable_notice=True, total_retries=0, backoff_factor=0, backoff_jitter=0,
    )  # fmt: skip
    assert reply["result"]["row_count"] == 5
