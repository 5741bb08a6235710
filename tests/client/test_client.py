"""Users' code for the cloud, line by line, on the in-process client."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from engine import BadRequest, NotFound, VectorSearchClient, VectorSearchIndex, Workspace

ENDPOINT = "fashion_vector_search"
TABLE = "main.fashion_demo.product_embeddings_enriched"
IMAGE_INDEX = "main.fashion_demo.vs_image_search"
PRODUCT_COLUMNS = [
    "product_id",
    "product_display_name",
    "master_category",
    "sub_category",
    "article_type",
    "base_color",
    "price",
    "image_path",
    "gender",
    "season",
    "year",
    "usage",
]
READY = ("ONLINE_TRIGGERED_UPDATE", "ONLINE_CONTINUOUS_UPDATE", "ONLINE_NO_PENDING_UPDATE")


def workspace_client() -> Any:
    """What users' code reads of `databricks.sdk.WorkspaceClient()`."""
    token = SimpleNamespace(access_token="eyJ.not.a.real.token")
    return SimpleNamespace(
        config=SimpleNamespace(host="https://example.cloud", oauth_token=lambda: token)
    )


def test_the_shops_code_runs_as_it_was_written_for_the_cloud(
    tmp_path: Path, make_products: Callable[..., pa.Table]
) -> None:
    Workspace(tmp_path).write_table(TABLE, make_products(rows=200, dimension=512))

    w = workspace_client()
    vsc = VectorSearchClient(
        workspace_url=w.config.host,
        personal_access_token=w.config.oauth_token().access_token,
        disable_notice=True,
        workspace=tmp_path,
    )
    vsc.create_endpoint(name=ENDPOINT, endpoint_type="STANDARD")
    vsc.create_delta_sync_index(
        endpoint_name=ENDPOINT,
        index_name=IMAGE_INDEX,
        source_table_name=TABLE,
        pipeline_type="TRIGGERED",
        primary_key="product_id",
        embedding_dimension=512,
        embedding_vector_column="image_embedding",
    )
    index = vsc.get_index(index_name=IMAGE_INDEX)
    index.sync()
    for _ in range(1000):  # the cloud's users poll here, some seconds apart
        status = index.describe()["status"]
        if status["ready"] and status["detailed_state"] in READY:
            break
        time.sleep(0.01)
    else:
        pytest.fail(f"not ready: {status}")
    assert status["indexed_row_count"] == status["num_indexed_rows"] == 200

    table = vsc.workspace.read_table(TABLE)
    query = table["image_embedding"][16].as_py()
    results = index.similarity_search(
        query_vector=query,
        columns=PRODUCT_COLUMNS,
        num_results=20,
        filters={"price <=": 500, "gender": ["Men", "Women"]},
    )
    data = results.get("result", {}).get("data_array", [])
    assert len(data) == 20
    first = dict(zip([*PRODUCT_COLUMNS, "score"], data[0]))
    assert int(float(first["product_id"])) == table["product_id"][16].as_py()
    assert first["score"] == 1.0

    vsc.delete_index(index_name=IMAGE_INDEX)
    with pytest.raises(NotFound):
        vsc.get_index(index_name=IMAGE_INDEX)


def test_asking_for_columns_that_the_index_lacks_lists_them(index: VectorSearchIndex) -> None:
    with pytest.raises(BadRequest) as caught:
        index.similarity_search(
            query_vector=[0.5] * 16, columns=["product_id", "brand", "color"], num_results=3
        )
    assert caught.value.message == (
        "Requested columns to fetch are not present in index: brand,color"
    )


def test_a_filter_key_with_a_trailing_blank_is_an_invalid_operator(
    index: VectorSearchIndex,
) -> None:
    with pytest.raises(BadRequest) as caught:
        index.similarity_search(
            query_vector=[0.5] * 16, columns=["product_id"], filters={"price <= ": 50}
        )
    assert caught.value.message == "Invalid operator used in filter: price <= "


def test_get_index_with_a_positional_name_says_that_the_index_name_is_missing(
    client: VectorSearchClient,
) -> None:
    with pytest.raises(AssertionError, match=r"^Index name must be specified$"):
        client.get_index(IMAGE_INDEX)


@pytest.mark.parametrize("text", ["RESOURCE_DOES_NOT_EXIST", "not found", IMAGE_INDEX])
def test_code_that_greps_the_error_text_finds_a_missing_index(
    client: VectorSearchClient, text: str
) -> None:
    with pytest.raises(Exception) as caught:
        client.get_index(index_name=IMAGE_INDEX)
    assert text in str(caught.value)


def test_no_credentials_are_needed(tmp_path: Path) -> None:
    client = VectorSearchClient(workspace=tmp_path)
    client.validate()
    assert client.list_endpoints() == {"endpoints": []}


def test_every_kind_of_credentials_is_accepted(tmp_path: Path) -> None:
    client = VectorSearchClient(
        workspace_url="https://example.cloud/",
        service_principal_client_id="id",
        service_principal_client_secret="secret",
        azure_tenant_id="tenant",
        disable_notice=True,
        workspace=tmp_path,
    )
    assert client.workspace_url == "https://example.cloud/"


def test_a_workspace_may_be_given_as_text_path_or_object(tmp_path: Path) -> None:
    Workspace(tmp_path).create_endpoint("shop")
    for form in (str(tmp_path), tmp_path, Workspace(tmp_path)):
        assert VectorSearchClient(workspace=form).endpoint_exists("shop")


def test_without_a_workspace_the_environment_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITRINE_WORKSPACE", str(tmp_path / "from-environment"))
    VectorSearchClient().create_endpoint("shop")
    assert VectorSearchClient(workspace=tmp_path / "from-environment").endpoint_exists("shop")


# ------------------------------------------------------------------ endpoints
def test_an_endpoint_is_provisioning_when_made_and_online_at_the_next_look(
    tmp_path: Path,
) -> None:
    client = VectorSearchClient(workspace=tmp_path)
    made = client.create_endpoint("shop")
    assert made["endpoint_status"] == {"state": "PROVISIONING"}
    seen = client.get_endpoint("shop")
    assert seen["endpoint_status"] == {"state": "ONLINE"}
    assert set(seen) == {
        "name", "id", "endpoint_type", "creator", "creation_timestamp", "last_updated_user",
        "last_updated_timestamp", "endpoint_status", "num_indexes",
    }  # fmt: skip
    assert (seen["name"], seen["endpoint_type"], seen["num_indexes"]) == ("shop", "STANDARD", 0)
    assert isinstance(seen["creation_timestamp"], int)
    assert made["id"] == seen["id"]


def test_waiting_for_an_endpoint_returns_nothing(tmp_path: Path) -> None:
    client = VectorSearchClient(workspace=tmp_path)
    assert client.create_endpoint_and_wait("shop", "STORAGE_OPTIMIZED") is None  # type: ignore[func-returns-value]
    assert client.wait_for_endpoint("shop") is None  # type: ignore[func-returns-value]
    assert client.get_endpoint("shop")["endpoint_type"] == "STORAGE_OPTIMIZED"
    with pytest.raises(NotFound):
        client.wait_for_endpoint("other")


def test_endpoints_are_listed_by_name_and_deleted(tmp_path: Path) -> None:
    client = VectorSearchClient(workspace=tmp_path)
    for name in ("b", "a.x", "c"):
        client.create_endpoint(name)
    assert [each["name"] for each in client.list_endpoints()["endpoints"]] == ["a.x", "b", "c"]
    assert client.delete_endpoint("b") == {}
    assert not client.endpoint_exists("b")
    assert client.endpoint_exists("a.x")
    assert not client.endpoint_exists("No Such Name")


# ------------------------------------------------------------------ indexes
def test_describe_has_the_services_shape(index: VectorSearchIndex) -> None:
    described = index.describe()
    status = described.pop("status")
    identity = described.pop("id")
    creator = described.pop("creator")
    assert identity and creator
    assert described.pop("delta_sync_index_spec") == {
        "source_table": TABLE,
        "pipeline_type": "TRIGGERED",
        "pipeline_id": identity,
        "embedding_vector_columns": [{"name": "image_embedding", "embedding_dimension": 16}],
    }
    assert described == {
        "name": IMAGE_INDEX,
        "endpoint_name": ENDPOINT,
        "endpoint_type": "STANDARD",
        "primary_key": "product_id",
        "index_type": "DELTA_SYNC",
        "index_subtype": "HYBRID",
    }
    assert status["ready"] is True
    assert status["detailed_state"] == "ONLINE_NO_PENDING_UPDATE"
    assert status["indexed_row_count"] == status["num_indexed_rows"] == 60
    assert status["message"]
    assert set(status["triggered_update_status"]) == {
        "last_processed_commit_version",
        "last_processed_commit_timestamp",
    }


def test_a_described_index_shows_the_columns_that_were_asked_for(
    create_index: Callable[..., VectorSearchIndex],
) -> None:
    described = create_index(columns_to_sync=["product_id", "price"]).describe()
    assert described["delta_sync_index_spec"]["columns_to_sync"] == ["product_id", "price"]


def test_indexes_are_listed_without_status(
    client: VectorSearchClient, create_index: Callable[..., VectorSearchIndex]
) -> None:
    assert client.list_indexes(ENDPOINT) == {"vector_indexes": []}
    create_index(index_name="main.fashion_demo.b")
    create_index(index_name="main.fashion_demo.a")
    client.create_endpoint("other")
    create_index(index_name="main.fashion_demo.c", endpoint_name="other")
    listed = client.list_indexes(ENDPOINT)["vector_indexes"]
    assert [each["name"] for each in listed] == ["main.fashion_demo.a", "main.fashion_demo.b"]
    assert set(listed[0]) == {
        "name", "endpoint_name", "primary_key", "index_type", "index_subtype", "creator",
    }  # fmt: skip
    assert client.get_endpoint(ENDPOINT)["num_indexes"] == 2


def test_an_index_is_found_with_or_without_its_endpoint(
    client: VectorSearchClient, create_index: Callable[..., VectorSearchIndex]
) -> None:
    assert not client.index_exists(index_name=IMAGE_INDEX)
    created = create_index()
    assert client.index_exists(index_name=IMAGE_INDEX)
    assert client.index_exists(ENDPOINT, IMAGE_INDEX)
    assert not client.index_exists("other", IMAGE_INDEX)
    for found in (client.get_index(ENDPOINT, IMAGE_INDEX), created):
        assert (found.name, found.endpoint_name) == (IMAGE_INDEX, ENDPOINT)
    assert client.delete_index(ENDPOINT, IMAGE_INDEX) == {}
    assert not client.index_exists(index_name=IMAGE_INDEX)


def test_an_index_is_ready_without_waiting(client: VectorSearchClient, products: pa.Table) -> None:
    index = client.create_delta_sync_index_and_wait(
        ENDPOINT, IMAGE_INDEX, "product_id", TABLE, "triggered", 16, "image_embedding"
    )
    assert index.wait_until_ready() is None  # type: ignore[func-returns-value]
    assert index.wait_until_ready(wait_for_updates=True) is None  # type: ignore[func-returns-value]
    assert index.describe()["status"]["indexed_row_count"] == products.num_rows
    assert index.sync() == {}
    assert index.wait_until_ready(wait_for_updates=True) is None  # type: ignore[func-returns-value]


def test_another_process_sees_the_same_workspace(
    client: VectorSearchClient, create_index: Callable[..., VectorSearchIndex]
) -> None:
    index = create_index()
    other = VectorSearchClient(workspace=client.workspace.path).get_index(index_name=IMAGE_INDEX)
    question: dict[str, Any] = {"columns": PRODUCT_COLUMNS, "query_vector": [0.25] * 16}
    assert other.describe() == index.describe()
    assert other.similarity_search(**question) == index.similarity_search(**question)
