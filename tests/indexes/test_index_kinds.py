"""Kinds of indexes through the client: what each is created with, how it is shown, what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from support.encoder import CountingEncoder
from support.syncs import synced

from engine import (
    BadRequest,
    InvalidInputException,
    InvalidParameterValue,
    NotFound,
    VectorSearchClient,
    VectorSearchIndex,
)
from engine.errors import InvalidState, ModelUnavailable

ENDPOINT = "fashion_vector_search"
LARGE = "storage_optimized"
TABLE = "main.fashion_demo.product_embeddings_enriched"
INDEX = "main.fashion_demo.vs_image_search"
SCHEMA = {"id": "integer", "text": "string", "v": "array<float>"}

CreateIndex = Callable[..., VectorSearchIndex]


@pytest.fixture
def encoder(client: VectorSearchClient) -> CountingEncoder:
    """Behind the name `mine`, with a storage-optimized endpoint beside the standard one."""
    made = CountingEncoder(dimension=16)
    client.workspace.serving.use("mine", made)
    client.create_endpoint(LARGE, endpoint_type="STORAGE_OPTIMIZED")
    return made


@pytest.fixture
def create_managed(create_index: CreateIndex, encoder: CountingEncoder) -> CreateIndex:
    def create(**changed: Any) -> VectorSearchIndex:
        arguments: dict[str, Any] = {
            "embedding_vector_column": None,
            "embedding_dimension": None,
            "embedding_source_column": "product_display_name",
            "embedding_model_endpoint_name": "mine",
        }
        return create_index(**{**arguments, **changed})

    return create


@pytest.fixture
def create_full_text(create_index: CreateIndex, encoder: CountingEncoder) -> CreateIndex:
    def create(**changed: Any) -> VectorSearchIndex:
        arguments: dict[str, Any] = {
            "endpoint_name": LARGE,
            "embedding_vector_column": None,
            "embedding_dimension": None,
            "index_subtype": "full_text",
        }
        return create_index(**{**arguments, **changed})

    return create


@pytest.fixture
def create_direct(client: VectorSearchClient, encoder: CountingEncoder) -> CreateIndex:
    def create(**changed: Any) -> VectorSearchIndex:
        arguments: dict[str, Any] = {
            "endpoint_name": ENDPOINT,
            "index_name": "main.a.direct",
            "primary_key": "id",
            "embedding_dimension": 16,
            "embedding_vector_column": "v",
            "schema": SCHEMA,
        }
        return client.create_direct_access_index(**{**arguments, **changed})

    return create


# ------------------------------------------------------------------ how indexes are shown
def test_a_managed_index_is_shown_as_the_cloud_shows_it(create_managed: CreateIndex) -> None:
    described = create_managed().describe()
    assert set(described) == {
        "name", "id", "endpoint_name", "endpoint_type", "primary_key", "index_type",
        "index_subtype", "creator", "delta_sync_index_spec", "status",
    }  # fmt: skip
    source = described["delta_sync_index_spec"]
    assert source == {
        "source_table": TABLE,
        "pipeline_type": "TRIGGERED",
        "pipeline_id": source["pipeline_id"],
        "embedding_source_columns": [
            {"name": "product_display_name", "embedding_model_endpoint_name": "mine"}
        ],
    }
    assert (described["index_type"], described["index_subtype"]) == ("DELTA_SYNC", "HYBRID")
    assert described["status"]["detailed_state"] == "ONLINE_NO_PENDING_UPDATE"
    assert described["status"]["indexed_row_count"] == 60


def test_everything_a_managed_index_was_created_with_is_shown(
    client: VectorSearchClient, create_managed: CreateIndex
) -> None:
    client.workspace.serving.use("asked", CountingEncoder("asked", dimension=16))
    described = create_managed(
        embedding_dimension=999,  # the client sends it with a vector column only
        model_endpoint_name_for_query="asked",
        sync_computed_embeddings=True,
        columns_to_sync=["price", "gender"],
        usage_policy_id="p1",
        payload_logging_enabled=True,
    ).describe()
    source = described["delta_sync_index_spec"]
    assert source["embedding_source_columns"] == [
        {
            "name": "product_display_name",
            "embedding_model_endpoint_name": "mine",
            "model_endpoint_name_for_query": "asked",
        }
    ]
    assert source["embedding_writeback_table"] == f"{INDEX}_writeback_table"
    assert source["columns_to_sync"] == ["price", "gender"]
    assert described["effective_budget_policy_id"] == "p1"
    assert described["payload_logging_enabled"] is True
    written = client.workspace.read_table(f"{INDEX}_writeback_table")
    assert written.column_names == [
        "product_id", "product_display_name", "__db_product_display_name_vector",
    ]  # fmt: skip
    assert written.num_rows == 60


def test_an_index_with_its_own_vectors_shows_them_and_no_model(create_index: CreateIndex) -> None:
    described = create_index(
        embedding_source_column="product_display_name",  # the vector column wins, as in the client
        embedding_model_endpoint_name="nobody",
        payload_logging_enabled=False,
    ).describe()
    source = described["delta_sync_index_spec"]
    assert set(source) == {
        "source_table",
        "pipeline_type",
        "pipeline_id",
        "embedding_vector_columns",
    }
    assert source["embedding_vector_columns"] == [
        {"name": "image_embedding", "embedding_dimension": 16}
    ]
    assert described["payload_logging_enabled"] is False


def test_the_computed_column_is_returned_to_who_names_it(
    create_managed: CreateIndex, encoder: CountingEncoder
) -> None:
    index = create_managed(columns_to_sync=["price"])
    reply = index.similarity_search(
        ["product_display_name", "__db_product_display_name_vector"], query_text="Product"
    )
    for name, vector, _ in reply["result"]["data_array"]:
        assert vector == pytest.approx(encoder.vector(name).tolist())
    with pytest.raises(BadRequest, match="not present in index: gender"):
        index.similarity_search(["gender"], query_text="Product")


# ------------------------------------------------------------------ direct access with a model
def test_a_model_of_a_direct_access_index_serves_queries_only(
    create_direct: CreateIndex, encoder: CountingEncoder
) -> None:
    index = create_direct(embedding_model_endpoint_name="mine", payload_logging_enabled=True)
    described = index.describe()
    assert described["direct_access_index_spec"] == {
        "embedding_vector_columns": [{"name": "v", "embedding_dimension": 16}],
        "embedding_source_columns": [{"embedding_model_endpoint_name": "mine"}],
        "schema_json": '{"id":"int","text":"string","v":"array<float>"}',
    }
    assert described["payload_logging_enabled"] is True
    rows = [
        {"id": key, "text": text, "v": encoder.vector(text).tolist()}
        for key, text in enumerate(("red", "blue"))
    ]
    assert index.upsert(rows)["status"] == "SUCCESS"
    reply = index.similarity_search(["text"], query_text="blue", num_results=1)
    assert reply["result"]["data_array"] == [["blue", pytest.approx(1.0)]]


def test_an_upserted_row_without_vector_fails_though_the_index_has_a_model(
    create_direct: CreateIndex, encoder: CountingEncoder
) -> None:
    index = create_direct(embedding_model_endpoint_name="mine")
    reply = index.upsert([{"id": 1, "text": "red"}, {"id": 2, "v": [1.0] * 16}])
    assert "'v' must hold 16" in reply.pop("failures")[0]["reason"]
    assert reply == {
        "status": "PARTIAL_SUCCESS",
        "result": {"success_row_count": 1, "failed_primary_keys": ["1"]},
    }
    assert encoder.encoded == []


@pytest.mark.parametrize(
    ("changed", "kind", "words"),
    [
        (
            {"embedding_model_endpoint_name": "nobody"},
            NotFound,
            "The given endpoint does not exist",
        ),
        (
            {"embedding_model_endpoint_name": "mine", "embedding_dimension": 3},
            InvalidParameterValue,
            "makes vectors of length 16; embedding_dimension is 3",
        ),
        ({"endpoint_name": LARGE, "embedding_dimension": 24}, InvalidParameterValue, "of 16"),
        ({"payload_logging_enabled": "yes"}, InvalidInputException, "must be a boolean."),
    ],
    ids=str,
)
def test_a_direct_access_index_that_can_not_be_is_refused(
    client: VectorSearchClient,
    create_direct: CreateIndex,
    changed: dict[str, Any],
    kind: type[Exception],
    words: str,
) -> None:
    with pytest.raises(kind, match=words):
        create_direct(**changed)
    assert not client.index_exists(index_name="main.a.direct")


# ------------------------------------------------------------------ full text
def test_a_full_text_index_has_rows_and_no_vectors(
    client: VectorSearchClient, create_full_text: CreateIndex, products: pa.Table
) -> None:
    index = create_full_text(columns_to_sync=["product_display_name", "price"])
    described = index.describe()
    assert (described["index_subtype"], described["endpoint_type"]) == (
        "FULL_TEXT",
        "STORAGE_OPTIMIZED",
    )
    source = described["delta_sync_index_spec"]
    assert set(source) == {"source_table", "pipeline_type", "pipeline_id", "columns_to_sync"}
    assert described["status"]["indexed_row_count"] == 60
    client.workspace.write_table(TABLE, products.slice(0, 20))
    report = client.workspace.sync(INDEX)
    assert (report.deleted, report.indexed, report.zero_vectors) == (40, 20, 0)
    assert client.workspace.check_index(INDEX) == []
    assert not client.workspace.sync(INDEX).changed


def test_a_full_text_index_answers_words_only(
    create_full_text: CreateIndex, products: pa.Table
) -> None:
    index = create_full_text()
    name = products["product_display_name"][7].as_py()
    reply = index.similarity_search(
        ["product_display_name"], query_text=name, query_type="FULL_TEXT", num_results=1
    )
    assert reply["result"]["data_array"][0][0] == name
    with pytest.raises(InvalidParameterValue):
        index.similarity_search(["price"], query_vector=[0.25] * 16)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"endpoint_name": ENDPOINT}, "needs a STORAGE_OPTIMIZED endpoint; this one is STANDARD"),
        (
            {"embedding_vector_column": "image_embedding", "embedding_dimension": 16},
            "index_subtype FULL_TEXT has no embeddings",
        ),
        (
            {
                "embedding_source_column": "product_display_name",
                "embedding_model_endpoint_name": "mine",
            },
            "index_subtype FULL_TEXT has no embeddings",
        ),
        ({"columns_to_sync": ["price"]}, "needs a column of text"),
        ({"pipeline_type": "CONTINUOUS"}, "do not support CONTINUOUS"),
    ],
    ids=str,
)
def test_a_full_text_index_that_can_not_be_is_refused(
    client: VectorSearchClient,
    create_full_text: CreateIndex,
    changed: dict[str, Any],
    words: str,
) -> None:
    with pytest.raises(InvalidParameterValue) as caught:
        create_full_text(**changed)
    assert words in caught.value.message
    assert not client.index_exists(index_name=INDEX)


@pytest.mark.parametrize("subtype", [None, "", "HYBRID", "hybrid"])
def test_an_index_without_embeddings_must_be_full_text(
    create_full_text: CreateIndex, subtype: str | None
) -> None:
    with pytest.raises(InvalidInputException) as caught:
        create_full_text(index_subtype=subtype)
    assert caught.value.message == (
        "At least one valid embedding_source_column or embedding_vector_column must be specified."
    )


def test_an_unknown_subtype_is_refused(create_index: CreateIndex) -> None:
    with pytest.raises(
        InvalidParameterValue, match="index_subtype is 'VECTOR'; expected HYBRID or"
    ):
        create_index(index_subtype="VECTOR")


# ------------------------------------------------------------------ storage-optimized endpoints
def test_a_storage_optimized_endpoint_takes_triggered_indexes_of_sixteens(
    client: VectorSearchClient, create_managed: CreateIndex, create_index: CreateIndex
) -> None:
    with pytest.raises(InvalidParameterValue, match="do not support CONTINUOUS"):
        create_index(endpoint_name=LARGE, pipeline_type="CONTINUOUS")
    with pytest.raises(InvalidParameterValue, match=r"is 24; .* multiples of 16"):
        create_index(endpoint_name=LARGE, embedding_dimension=24)
    client.workspace.serving.use("odd", CountingEncoder("odd", dimension=20))
    with pytest.raises(InvalidParameterValue, match=r"is 20; .* multiples of 16"):
        create_managed(endpoint_name=LARGE, embedding_model_endpoint_name="odd")
    assert not client.index_exists(index_name=INDEX)
    index = create_index(endpoint_name=LARGE, columns_to_sync=["price"])
    described = index.describe()
    assert described["endpoint_type"] == "STORAGE_OPTIMIZED"
    assert described["delta_sync_index_spec"]["columns_to_sync"] == ["price"]
    assert client.workspace.registry.open(INDEX)[0].endpoint_type == "STORAGE_OPTIMIZED"


# ------------------------------------------------------------------ what can be changed
def test_policies_and_logging_change_and_last(
    client: VectorSearchClient, create_index: CreateIndex
) -> None:
    index = create_index(budget_policy_id="first")
    before = index.describe()
    assert (before["budget_policy_id"], before["effective_budget_policy_id"]) == ("first", "first")
    assert client.update_index_budget_policy(INDEX, budget_policy_id="second") == {}
    assert index.describe()["effective_budget_policy_id"] == "second"
    assert client.update_index_usage_policy(INDEX, "third") == {}
    assert client.update_index_payload_logging(INDEX, True) == index.describe()
    after = (
        VectorSearchClient(workspace=client.workspace.path).get_index(index_name=INDEX).describe()
    )
    assert after.pop("payload_logging_enabled") is True
    third = {"budget_policy_id": "third", "effective_budget_policy_id": "third"}
    assert after == {**before, **third}


def test_a_running_sync_does_not_hold_up_a_change(
    client: VectorSearchClient, create_index: CreateIndex
) -> None:
    index = create_index()
    with client.workspace._layout.writing(f"index-{INDEX}"):  # as a sync does
        client.update_index_usage_policy(INDEX, "third")
        with pytest.raises(BadRequest, match="Index is not ready to sync yet"):
            index.sync()
    described = index.describe()
    assert described["effective_budget_policy_id"] == "third"
    assert described["status"]["detailed_state"] == "ONLINE_NO_PENDING_UPDATE"


def test_checks_of_changes_have_the_clients_words(
    client: VectorSearchClient, create_direct: CreateIndex
) -> None:
    both = {"budget_policy_id": "a", "usage_policy_id": "b"}
    boolean = "payload_logging_enabled must be a boolean."
    calls: list[tuple[Callable[[], object], type[Exception], str]] = [
        (
            lambda: client.update_index_budget_policy(""),
            AssertionError,
            "Index name must be specified",
        ),
        (
            lambda: client.update_index_usage_policy("", "x"),
            AssertionError,
            "Index name must be specified",
        ),
        (
            lambda: client.update_index_payload_logging("", True),
            AssertionError,
            "Index name must be specified",
        ),
        (
            lambda: client.update_index_budget_policy(INDEX),
            AssertionError,
            "Either budget_policy_id or usage_policy_id must be specified",
        ),
        (
            lambda: client.update_index_budget_policy(INDEX, **both),
            InvalidInputException,
            "Cannot specify both budget_policy_id and usage_policy_id. Please use only one.",
        ),
        (
            lambda: client.update_index_payload_logging(INDEX, None),  # type: ignore[arg-type]
            InvalidInputException,
            boolean,
        ),
        (
            lambda: client.update_index_payload_logging(INDEX, 1),  # type: ignore[arg-type]
            InvalidInputException,
            boolean,
        ),
    ]
    for call, kind, words in calls:
        with pytest.raises(kind) as caught:
            call()
        assert getattr(caught.value, "message", str(caught.value)) == words
    with pytest.raises(NotFound):
        client.update_index_usage_policy(INDEX, "x")
    with pytest.raises(NotFound):
        client.update_index_payload_logging(INDEX, True)
    create_direct()
    with pytest.raises(InvalidParameterValue, match="not supported for direct access"):
        client.update_index_usage_policy("main.a.direct", "x")


# ------------------------------------------------------------------ a source table that changes
def rewrite(client: VectorSearchClient, change: Callable[[pa.Table], pa.Table]) -> None:
    client.workspace.write_table(TABLE, change(client.workspace.read_table(TABLE)))


def cast(column: str, kind: pa.DataType) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index(column)
        return table.set_column(place, column, table[column].cast(kind))

    return change


def test_a_new_column_of_the_source_table_is_not_picked_up(
    client: VectorSearchClient, create_index: CreateIndex
) -> None:
    index = create_index()
    rewrite(client, lambda table: table.append_column("new", pa.array(["x"] * 60)))
    synced(index)
    with pytest.raises(BadRequest) as caught:
        index.similarity_search(["new"], query_vector=[0.25] * 16)
    assert caught.value.message == "Requested columns to fetch are not present in index: new"


def test_a_lost_column_fails_the_sync_until_it_is_back(
    client: VectorSearchClient, create_index: CreateIndex
) -> None:
    index = create_index()
    whole = client.workspace.read_table(TABLE)
    client.workspace.write_table(TABLE, whole.slice(0, 10).drop_columns(["price"]))
    with pytest.raises(InvalidState, match="no longer has the column price of index"):
        client.workspace.sync(INDEX)
    failed = synced(index)["failed_status"]
    assert set(failed) == {"error_code", "error_message", "last_processed_commit_version"}
    assert failed["error_code"] == "INVALID_STATE"
    for seen in (
        index,
        VectorSearchClient(workspace=client.workspace.path).get_index(index_name=INDEX),
    ):
        status = seen.describe()["status"]
        assert status["ready"] is True
        assert status["detailed_state"] == "ONLINE_PIPELINE_FAILED"
        assert "no longer has the column price" in status["message"]
        assert status["indexed_row_count"] == 60
    reply = index.similarity_search(["price"], query_vector=[0.25] * 16)
    assert reply["result"]["row_count"] == 5
    client.workspace.write_table(TABLE, whole.slice(0, 10))
    status = synced(index)
    assert status["detailed_state"] == "ONLINE_NO_PENDING_UPDATE"
    assert (status["message"], status["indexed_row_count"]) == ("Index creation succeeded.", 10)


def test_a_column_of_another_type_is_written_anew(
    client: VectorSearchClient, create_index: CreateIndex
) -> None:
    index = create_index()
    kept = ["product_id", "year", "image_embedding"]
    before = index.similarity_search(kept, query_vector=[0.25] * 16, num_results=60)
    rewrite(client, cast("year", pa.string()))
    rewrite(client, cast("product_id", pa.int64()))
    rewrite(client, cast("image_embedding", pa.list_(pa.float32())))
    synced(index)
    after = index.similarity_search(kept, query_vector=[0.25] * 16, num_results=60)
    assert after["result"]["data_array"] == [
        [key, str(int(year)), vector, score]
        for key, year, vector, score in before["result"]["data_array"]
    ]


@pytest.mark.parametrize(
    ("column", "kind", "words"),
    [
        (
            "product_id",
            pa.float64(),
            "product_id from int32 to double, expected integers or strings",
        ),
        (
            "product_id",
            pa.string(),
            "from int32 to string, while the index's keys are of kind int",
        ),
        (
            "image_embedding",
            pa.list_(pa.string()),
            "image_embedding from vectors of length 16 to list<",
        ),
    ],
    ids=str,
)
def test_a_key_or_vector_of_another_kind_fails_the_sync(
    client: VectorSearchClient,
    create_index: CreateIndex,
    column: str,
    kind: pa.DataType,
    words: str,
) -> None:
    index = create_index()
    rewrite(client, cast(column, kind))
    with pytest.raises(InvalidState) as caught:
        client.workspace.sync(INDEX)
    assert words in caught.value.message
    status = synced(index)
    assert status["detailed_state"] == "ONLINE_PIPELINE_FAILED"
    assert words in status["message"]


def test_a_source_column_that_holds_no_text_any_more_fails_the_sync(
    client: VectorSearchClient, create_managed: CreateIndex
) -> None:
    index = create_managed(embedding_source_column="season", columns_to_sync=["price"])
    rewrite(
        client, lambda t: t.set_column(t.schema.get_field_index("season"), "season", t["price"])
    )
    with pytest.raises(InvalidState, match="season from string to double, expected strings"):
        client.workspace.sync(index.name)


def test_an_index_whose_first_sync_failed_is_offline_until_one_succeeds(
    client: VectorSearchClient,
    create_managed: CreateIndex,
    encoder: CountingEncoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(texts: object) -> None:
        raise ModelUnavailable("no weights here")

    monkeypatch.setattr(encoder, "encode_texts", fail)
    message = "Failed to call Model Serving endpoint: mine. no weights here"
    with pytest.raises(InvalidParameterValue) as caught:
        create_managed()
    assert caught.value.message == message
    status = client.get_index(index_name=INDEX).describe()["status"]
    assert (status["ready"], status["detailed_state"]) == (False, "OFFLINE_FAILED")
    assert status["failed_status"] == {
        "error_code": "INVALID_PARAMETER_VALUE",
        "error_message": message,
    }
    monkeypatch.undo()
    status = synced(client.get_index(index_name=INDEX))
    assert (status["ready"], status["indexed_row_count"]) == (True, 60)
    assert "failed_status" not in status
