"""Arguments of the mirrored client whose effect no other test of it shows."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sleeps import replace_sleep

from engine import (
    AISearchIndex,
    InvalidParameterValue,
    StorageFailed,
    VectorSearchClient,
    VitrineError,
    Workspace,
)
from engine.core.query_request import QueryRequest
from engine.doors.client import retries
from engine.doors.client.similarity_search import SimilaritySearch
from engine.service.search.operations import Queries

ENDPOINT = "fashion_vector_search"
TABLE = "main.fashion_demo.product_embeddings_enriched"
INDEX = "main.fashion_demo.vs_image_search"
SOON = timedelta(seconds=5)
ROWS: list[dict[str, Any]] = [
    {"id": 1, "title": "red shirt", "note": "jeans", "price": 5.0, "v": [1.0, 0.0]},
    {"id": 2, "title": "blue jeans", "note": "warm", "price": 50.0, "v": [0.0, 1.0]},
    {"id": 3, "title": "red jeans", "note": "cold", "price": 500.0, "v": [0.6, 0.8]},
]
SCHEMA = {
    "id": "integer",
    "title": "string",
    "note": "string",
    "price": "double",
    "v": "array<float>",
}
GTE, BGE = "databricks-gte-large-en", "databricks-bge-large-en"


@pytest.fixture
def titles(client: VectorSearchClient) -> AISearchIndex:
    """A direct access index of three rows with words in two columns."""
    made = client.create_direct_access_index(ENDPOINT, "a.b.titles", "id", 2, "v", SCHEMA)
    made.upsert(ROWS)
    return made


def ids(reply: dict[str, Any]) -> list[int]:
    return [int(row[0]) for row in reply["result"].get("data_array", [])]


# ------------------------------------------------------------------ create and wait
def test_an_index_that_computes_its_vectors_is_created_and_waited_for(
    client: VectorSearchClient, capsys: pytest.CaptureFixture[str]
) -> None:
    made = client.create_delta_sync_index_and_wait(
        endpoint_name=ENDPOINT,
        index_name=INDEX,
        primary_key="product_id",
        source_table_name=TABLE,
        pipeline_type="TRIGGERED",
        embedding_source_column="product_display_name",
        embedding_model_endpoint_name=GTE,
        model_endpoint_name_for_query=BGE,
        sync_computed_embeddings=True,
        columns_to_sync=["price"],
        budget_policy_id="policy",
        verbose=True,
        timeout=SOON,
        index_subtype="HYBRID",
        payload_logging_enabled=True,
    )
    assert INDEX in capsys.readouterr().out
    shown = made.describe()
    spec = shown["delta_sync_index_spec"]
    assert spec["embedding_source_columns"] == [
        {
            "name": "product_display_name",
            "embedding_model_endpoint_name": GTE,
            "model_endpoint_name_for_query": BGE,
        }
    ]
    assert spec["columns_to_sync"] == ["price"]
    assert shown["payload_logging_enabled"] is True
    assert shown["index_subtype"] == "HYBRID"
    assert "policy" in str(shown)
    assert client.workspace.read_table(f"{INDEX}_writeback_table").num_rows == 60


def test_a_usage_policy_of_an_index_that_is_waited_for_is_kept(client: VectorSearchClient) -> None:
    made = client.create_delta_sync_index_and_wait(
        ENDPOINT, INDEX, "product_id", TABLE, "TRIGGERED", 16, "image_embedding",
        usage_policy_id="policy",
    )  # fmt: skip
    assert "policy" in str(made.describe())


@pytest.mark.parametrize("policy", [{"budget_policy_id": "p"}, {"usage_policy_id": "p"}])
def test_an_endpoint_is_created_with_its_policy_and_waited_for(
    client: VectorSearchClient, policy: dict[str, str]
) -> None:
    client.create_endpoint_and_wait(
        "other", target_qps=4, timeout=SOON, **{"budget_policy_id": None, **policy}
    )
    shown = client.get_endpoint("other")
    assert shown["effective_budget_policy_id"] == "p"
    assert shown["scaling_info"]["requested_target_qps"] == 4


@pytest.mark.parametrize(
    "policy", [{"budget_policy_id": "p"}, {"budget_policy_id": None, "usage_policy_id": "p"}]
)
def test_an_endpoint_keeps_its_policy(client: VectorSearchClient, policy: dict[str, Any]) -> None:
    client.create_endpoint("other", **policy)
    assert client.get_endpoint("other")["effective_budget_policy_id"] == "p"


def test_an_index_gets_another_usage_policy(client: VectorSearchClient) -> None:
    made = client.create_delta_sync_index(
        ENDPOINT, INDEX, "product_id", TABLE, "TRIGGERED", 16, "image_embedding",
        usage_policy_id="first",
    )  # fmt: skip
    assert "first" in str(made.describe())
    client.update_index_budget_policy(INDEX, usage_policy_id="second")
    assert "second" in str(made.describe())


def test_words_are_looked_for_in_the_columns_that_are_named(titles: AISearchIndex) -> None:
    found = titles.similarity_search(
        columns=["id"], query_text="jeans", query_type="FULL_TEXT", query_columns=["note"]
    )
    assert ids(found) == [1]


def test_waiting_for_an_endpoint_tells_its_state(
    client: VectorSearchClient, capsys: pytest.CaptureFixture[str]
) -> None:
    client.wait_for_endpoint(ENDPOINT, verbose=True, timeout=SOON)
    assert ENDPOINT in capsys.readouterr().out
    client.wait_for_endpoint(ENDPOINT, verbose=False)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "policy", [{"budget_policy_id": "p", "usage_policy_id": None}, {"usage_policy_id": "p"}]
)
def test_a_direct_access_index_takes_no_policy_as_on_the_cloud(
    client: VectorSearchClient, policy: dict[str, Any]
) -> None:
    arguments = (ENDPOINT, "a.b.c", "id", 2, "v", {"id": "integer", "v": "array<float>"})
    with pytest.raises(Exception, match="Usage policy is not supported for direct access index"):
        client.create_direct_access_index(*arguments, **policy)


# ------------------------------------------------------------------ retries
class Busy:
    """A workspace whose queries fail so many times before they are answered."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failures, self.calls, self.waits = 0, 0, list[float]()
        answer = Queries.query

        def query(queries: Queries, request: QueryRequest) -> dict[str, Any]:
            self.calls += 1
            if self.calls <= self.failures:
                raise StorageFailed("not read just now")
            return answer(queries, request)

        monkeypatch.setattr(Queries, "query", query)
        replace_sleep(monkeypatch, self.waits.append)
        monkeypatch.setattr(retries.random, "random", lambda: 1.0)


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Busy:
    return Busy(monkeypatch)


def test_a_query_is_tried_again_as_often_and_as_late_as_asked(
    titles: AISearchIndex, busy: Busy
) -> None:
    busy.failures = 2
    found = titles.similarity_search(
        columns=["id"],
        query_vector=[1.0, 0.0],
        total_retries=2,
        backoff_factor=3,
        backoff_jitter=0.5,
    )
    assert ids(found) == [1, 3, 2]
    assert (busy.calls, busy.waits) == (3, [4.5, 9.0])


def test_a_query_without_retries_fails_at_once(titles: AISearchIndex, busy: Busy) -> None:
    busy.failures = 1
    with pytest.raises(StorageFailed):
        titles.similarity_search(columns=["id"], query_vector=[1.0, 0.0], total_retries=0)
    assert (busy.calls, busy.waits) == (1, [])


def test_there_is_no_notice_to_disable_in_a_query(
    titles: AISearchIndex, capsys: pytest.CaptureFixture[str]
) -> None:
    for disabled in (True, False):
        titles.similarity_search(columns=["id"], query_vector=[1.0, 0.0], disable_notice=disabled)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("given", [np.array([1.0, 2.0]), np.array(["a", "b"])], ids=str)
@pytest.mark.parametrize("name", ["filters", "query_text", "score_threshold", "columns_to_rerank"])
def test_a_numpy_array_in_place_of_another_argument_is_refused_by_name(
    titles: AISearchIndex, name: str, given: np.ndarray
) -> None:
    with pytest.raises(VitrineError, match=name.replace("columns_to_rerank", "rerank")):
        titles.similarity_search(**{"columns": ["id"], "query_vector": [1, 0], name: given})
    with pytest.raises(VitrineError, match="last_primary_key is"):
        titles.scan(1, given)


def test_an_array_of_columns_to_rerank_is_a_list_of_them(titles: AISearchIndex) -> None:
    reply = titles.similarity_search(
        columns=["id"],
        query_text="jeans",
        query_vector=[1.0, 0.0],
        query_type="HYBRID",
        columns_to_rerank=np.array(["title"]),  # type: ignore[arg-type]
    )
    assert reply["result"]["row_count"] == 3


def test_an_array_of_no_dimension_is_no_vector(titles: AISearchIndex, workspace: Workspace) -> None:
    with pytest.raises(InvalidParameterValue, match="query_vector is array"):
        workspace.query_index(titles.name, columns=["id"], query_vector=np.array(1.0))


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)


@settings(derandomize=True, deadline=None)
@given(st.dictionaries(st.text(max_size=4) | st.integers(), VALUES | st.lists(VALUES), min_size=1))
def test_filters_arrive_as_json_brings_them(filters: dict[Any, Any]) -> None:
    sent = SimilaritySearch(["x"], filters=filters).request("index", str).filters
    assert repr(sent) == repr(json.loads(json.dumps(filters)))


def test_halves_of_a_letter_arrive_as_the_letter() -> None:
    sent = SimilaritySearch(["x"], filters={"title": "\ud83d\ude00"}).request("index", str).filters
    assert sent == {"title": "\U0001f600"}


# ------------------------------------------------------------------ as the package sends them
@pytest.mark.parametrize(
    "given",
    [
        {"num_results": None},
        {"debug_level": None},
        {"query_type": ""},
        {"sort_columns": ""},
        {"facets": ""},
        {"query_columns": ""},
        {"_query_source": "x"},
        {"_query_experiment_config": {"a": 1}},
    ],
    ids=str,
)
def test_what_the_package_leaves_out_of_a_query_is_no_error(
    titles: AISearchIndex, given: dict[str, Any]
) -> None:
    plain = titles.similarity_search(columns=["id"], query_vector=[1.0, 0.0])
    assert titles.similarity_search(columns=["id"], query_vector=[1.0, 0.0], **given) == plain


def test_no_number_of_results_means_the_service_s_ten(titles: AISearchIndex) -> None:
    titles.upsert([{"id": key, "v": [1.0, 0.0]} for key in range(4, 20)])
    asked: dict[str, Any] = {"columns": ["id"], "query_vector": [1.0, 0.0]}
    assert titles.similarity_search(**asked)["result"]["row_count"] == 5
    assert titles.similarity_search(**asked, num_results=None)["result"]["row_count"] == 10
