"""Errors as the cloud's client shows them: status, code and message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from engine import VectorSearchClient, VectorSearchIndex, VitrineError
from engine.locks import held

ENDPOINT = "fashion_vector_search"
TABLE = "main.fashion_demo.product_embeddings_enriched"
INDEX = "main.fashion_demo.vs_image_search"
QUERY = [0.25] * 16

CreateIndex = Callable[..., VectorSearchIndex]
Refusal = tuple[int, str, str]


def refusal(call: Callable[[], object]) -> Refusal:
    """Status, code and message of the error that a call ends with."""
    with pytest.raises(VitrineError) as caught:
        call()
    error = caught.value
    assert str(error) == f"[{error.error_code}] {error.message}"
    return error.status_code, error.error_code, error.message


# ------------------------------------------------------------------ names that are taken or unknown
def test_a_taken_endpoint_name_is_a_conflict(client: VectorSearchClient) -> None:
    assert refusal(lambda: client.create_endpoint(ENDPOINT)) == (
        409,
        "RESOURCE_ALREADY_EXISTS",
        f"Vector search endpoint with name {ENDPOINT} already exists",
    )


def test_a_taken_index_name_is_a_conflict(create_index: CreateIndex) -> None:
    create_index()
    assert refusal(create_index) == (
        409,
        "RESOURCE_ALREADY_EXISTS",
        f"Vector search index with name {INDEX} already exists",
    )


@pytest.mark.parametrize("name", ["other", "Not A Name", "../endpoints"])
def test_an_unknown_endpoint_is_not_found(client: VectorSearchClient, name: str) -> None:
    expected = (404, "RESOURCE_DOES_NOT_EXIST", f"Vector search endpoint {name} not found")
    assert refusal(lambda: client.get_endpoint(name)) == expected
    assert refusal(lambda: client.delete_endpoint(name)) == expected
    assert refusal(lambda: client.list_indexes(name)) == expected


def test_an_index_on_an_unknown_endpoint_is_not_found(create_index: CreateIndex) -> None:
    assert refusal(lambda: create_index(endpoint_name="other")) == (
        404,
        "RESOURCE_DOES_NOT_EXIST",
        "Vector search endpoint other not found",
    )


@pytest.mark.parametrize("name", [INDEX, "main.fashion_demo.other", "no name", "../x"])
def test_an_unknown_index_is_not_found(client: VectorSearchClient, name: str) -> None:
    expected = (404, "RESOURCE_DOES_NOT_EXIST", f"Vector search index {name} not found")
    assert refusal(lambda: client.get_index(index_name=name)) == expected
    assert refusal(lambda: client.delete_index(index_name=name)) == expected


def test_an_index_of_another_endpoint_is_not_found(
    client: VectorSearchClient, create_index: CreateIndex
) -> None:
    create_index()
    client.create_endpoint("other")
    status, code, message = refusal(lambda: client.get_index("other", INDEX))
    assert (status, code) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert INDEX in message and "other" in message
    assert refusal(lambda: client.delete_index("other", INDEX))[0] == 404
    assert client.index_exists(index_name=INDEX)


def test_a_deleted_index_is_not_found_by_those_who_still_hold_it(
    client: VectorSearchClient, create_index: CreateIndex
) -> None:
    index = create_index()
    client.delete_index(index_name=INDEX)
    expected = (404, "RESOURCE_DOES_NOT_EXIST", f"Vector search index {INDEX} not found")
    assert refusal(index.describe) == expected
    assert refusal(index.sync) == expected
    assert refusal(lambda: index.similarity_search(["product_id"], query_vector=QUERY)) == expected


def test_a_name_is_free_again_after_deletion(
    client: VectorSearchClient, create_index: CreateIndex
) -> None:
    first = create_index().describe()["id"]
    client.delete_index(index_name=INDEX)
    assert create_index().describe()["id"] != first


def test_a_missing_source_table_is_not_found(create_index: CreateIndex) -> None:
    status, code, message = refusal(lambda: create_index(source_table_name="main.shop.nothing"))
    assert (status, code) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert "main.shop.nothing" in message


def test_an_index_of_a_deleted_endpoint_is_not_found(
    client: VectorSearchClient, create_index: CreateIndex
) -> None:
    index = create_index()
    known = client.get_endpoint(ENDPOINT)["id"]
    assert client.delete_endpoint(ENDPOINT) == {}
    for call in (index.describe, index.sync, index.scan, lambda: client.delete_index(None, INDEX)):
        status, code, message = refusal(call)
        assert (status, code) == (404, "RESOURCE_DOES_NOT_EXIST")
        assert f"endpoint {known} not found" in message


# ------------------------------------------------------------------ creating
def test_a_bad_endpoint_name_is_refused_in_the_services_words(client: VectorSearchClient) -> None:
    assert refusal(lambda: client.create_endpoint("My Shop")) == (
        400,
        "INVALID_PARAMETER_VALUE",
        "AI Search endpoint name  must contain less than 50 characters, contain only lowercase "
        "alphanumeric characters, '_', '-' or '.', and start and end with an alphanumeric "
        "character.",
    )


@pytest.mark.parametrize("name", ["vs_image_search", "a.b", "main.fashion-demo.x"])
def test_a_bad_index_name_is_refused_in_the_services_words(
    create_index: CreateIndex, name: str
) -> None:
    assert refusal(lambda: create_index(index_name=name)) == (
        400,
        "INVALID_PARAMETER_VALUE",
        "Invalid index name. Must specify the full index name <catalog>.<schema>.<table>. "
        "Only alphanumerics and underscores are allowed.",
    )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"pipeline_type": "SOMETIMES"}, ["pipeline_type", "'SOMETIMES'"]),
        ({"primary_key": "id"}, ["primary_key", "'id'"]),
        ({"primary_key": "price"}, ["primary_key", "'price'", "double"]),
        ({"embedding_vector_column": "vector"}, ["embedding_vector_column", "'vector'"]),
        ({"embedding_vector_column": "tags"}, ["embedding_vector_column", "'tags'"]),
        ({"embedding_dimension": 4097}, ["embedding_dimension", "4097"]),
        ({"embedding_dimension": -1}, ["embedding_dimension", "-1"]),
        ({"embedding_dimension": "16"}, ["embedding_dimension", "'16'"]),
    ],
)
def test_an_argument_that_does_not_fit_is_named(
    client: VectorSearchClient, create_index: CreateIndex, changed: Any, words: list[str]
) -> None:
    status, code, message = refusal(lambda: create_index(**changed))
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert all(word in message for word in words), message
    assert not client.index_exists(index_name=INDEX)


def test_columns_to_sync_that_the_table_lacks_are_listed(create_index: CreateIndex) -> None:
    assert refusal(lambda: create_index(columns_to_sync=["price", "brand", "color"])) == (
        400,
        "BAD_REQUEST",
        "Requested columns to fetch are not present in index: brand,color",
    )


def test_a_storage_optimized_endpoint_takes_no_continuous_index(
    client: VectorSearchClient, create_index: CreateIndex
) -> None:
    client.create_endpoint("large", "STORAGE_OPTIMIZED")
    status, code, message = refusal(
        lambda: create_index(endpoint_name="large", pipeline_type="CONTINUOUS")
    )
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert "CONTINUOUS" in message


def test_an_unknown_endpoint_type_is_shown(client: VectorSearchClient) -> None:
    status, code, message = refusal(lambda: client.create_endpoint("x", "SMALL"))
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert "'SMALL'" in message


# ------------------------------------------------------------------ querying
@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            {"columns": ["product_id", "x", "y"]},
            (400, "BAD_REQUEST", "Requested columns to fetch are not present in index: x,y"),
        ),
        (
            {"columns": ["score"]},
            (400, "BAD_REQUEST", "Requested columns to fetch are not present in index: score"),
        ),
        (
            {"filters": {"master_category IN": ["Apparel"]}},
            (400, "BAD_REQUEST", "Invalid operator used in filter: master_category IN"),
        ),
        (
            {"filters": {"price <= ": 5}},
            (400, "BAD_REQUEST", "Invalid operator used in filter: price <= "),
        ),
    ],
)
def test_a_query_is_refused_in_the_services_words(
    index: VectorSearchIndex, changed: Any, expected: Refusal
) -> None:
    question = {"columns": ["product_id"], "query_vector": QUERY, **changed}
    assert refusal(lambda: index.similarity_search(**question)) == expected


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        (
            {"query_vector": [1.0]},
            "INVALID_PARAMETER_VALUE",
            ["Query vector dimension 1 does not match index dimension 16."],
        ),
        ({"query_vector": None}, "INVALID_PARAMETER_VALUE", ["query vector must be specified"]),
        ({"query_vector": []}, "INVALID_PARAMETER_VALUE", ["query vector must be specified"]),
        (
            {"query_vector": None, "query_text": "red dress"},
            "INVALID_PARAMETER_VALUE",
            ["query vector must be specified"],
        ),
        (
            {"query_vector": [*QUERY[:-1], float("nan")]},
            "INVALID_PARAMETER_VALUE",
            ["query_vector[15]", "nan"],
        ),
        ({"num_results": 0}, "INVALID_PARAMETER_VALUE", ["num_results", "10000"]),
        ({"num_results": 10_001}, "INVALID_PARAMETER_VALUE", ["num_results", "10001"]),
        ({"columns": []}, "INVALID_PARAMETER_VALUE", ["columns"]),
        ({"columns": ["year", "year"]}, "INVALID_PARAMETER_VALUE", ["year"]),
        ({"query_type": "KNN"}, "INVALID_PARAMETER_VALUE", ["query_type", "'KNN'"]),
        ({"filters": {"brand": "x"}}, "BAD_REQUEST", ["'brand'"]),
        ({"filters": {"price": "cheap"}}, "BAD_REQUEST", ["'cheap'", "'price'"]),
        ({"filters": 5}, "BAD_REQUEST", ["filters", "5"]),
    ],
)
def test_a_query_that_cannot_be_answered_names_what_is_wrong(
    index: VectorSearchIndex, changed: Any, code: str, words: list[str]
) -> None:
    question = {"columns": ["product_id"], "query_vector": QUERY, **changed}
    status, got, message = refusal(lambda: index.similarity_search(**question))
    assert (status, got) == (400, code)
    assert all(word in message for word in words), message


@pytest.mark.parametrize("token", ["", "x", "QUJD", "größe", None, 5])
def test_a_bad_page_token_is_refused_in_the_services_words(
    client: VectorSearchClient, create_index: CreateIndex, token: Any
) -> None:
    create_index()
    assert refusal(lambda: client.workspace.query_next_page(INDEX, token)) == (
        400,
        "INVALID_PARAMETER_VALUE",
        f"Invalid page token: {token}, please use the page token returned from previous page.",
    )


def test_a_token_of_another_index_is_refused(
    client: VectorSearchClient, make_products: Callable[..., pa.Table]
) -> None:
    workspace = client.workspace
    workspace.write_table("many", make_products(rows=1001, dimension=4))
    for name in ("main.fashion_demo.a", "main.fashion_demo.b"):
        workspace.create_index(name, source_table="many", vector_column="image_embedding")
    token = workspace.query_index(
        "main.fashion_demo.a", columns=["year"], query_vector=[1, 0, 0, 0], num_results=1001
    )["next_page_token"]
    assert workspace.query_next_page("main.fashion_demo.a", token)["result"]["row_count"] == 1
    status, code, message = refusal(lambda: workspace.query_next_page("main.fashion_demo.b", token))
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert message.startswith(f"Invalid page token: {token},")


# ------------------------------------------------------------------ syncing and writing
def test_a_sync_while_one_is_running_is_refused_in_the_services_words(
    client: VectorSearchClient, create_index: CreateIndex
) -> None:
    index = create_index()
    with held(client.workspace.path / "locks" / f"index-{INDEX}.lock", 0):
        assert refusal(index.sync) == (
            400,
            "BAD_REQUEST",
            "Index is not ready to sync yet. Pipeline is in state RUNNING and needs to be in one "
            "of the following states to sync: COMPLETED, FAILED, CANCELED.",
        )
        assert index.similarity_search(["year"], query_vector=QUERY)["result"]["row_count"] == 5
    assert index.sync() == {}


def test_a_continuous_index_is_not_synced_by_a_call(create_index: CreateIndex) -> None:
    status, code, message = refusal(create_index(pipeline_type="CONTINUOUS").sync)
    assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
    assert "CONTINUOUS" in message


def test_a_delta_sync_index_takes_no_rows_directly(index: VectorSearchIndex) -> None:
    for call in (lambda: index.upsert([{"product_id": 1}]), lambda: index.delete([1])):
        status, code, message = refusal(call)
        assert (status, code) == (400, "INVALID_PARAMETER_VALUE")
        assert "Direct Vector Access Index" in message
