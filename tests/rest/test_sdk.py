"""The real databricks-sdk on a workspace: its own classes, in-process, through a whole life."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.needs import needs

needs("sdk")

from databricks.sdk import errors
from databricks.sdk.common.types.fieldmask import FieldMask
from databricks.sdk.service import aisearch as ai
from databricks.sdk.service import vectorsearch as vs
from support.syncs import settled

from engine import InvalidInputException, MissingExtra, Workspace
from engine.doors.sdk import ApiClient, WorkspaceClient

ENDPOINT, DIRECT, SYNCED = "shop", "a.b.direct", "a.b.synced"
TABLE = "main.fashion_demo.items"
SCHEMA = {
    "id": "integer",
    "title": "string",
    "note": "string",
    "price": "double",
    "v": "array<float>",
}
ROWS: list[dict[str, Any]] = [
    {"id": 1, "title": "red shirt", "note": "jeans", "price": 5.0, "v": [1.0, 0.0]},
    {"id": 2, "title": "blue jeans", "note": "warm", "price": 50.0, "v": [0.0, 1.0]},
    {"id": 3, "title": "red jeans", "note": "cold", "price": 500.0, "v": [0.6, 0.8]},
]
VECTORS = [vs.EmbeddingVectorColumn(name="v", embedding_dimension=2)]
PARENT = "workspaces/1"
STANDARD, STORAGE = vs.EndpointType.STANDARD, vs.EndpointType.STORAGE_OPTIMIZED


@pytest.fixture
def w(tmp_path: Path) -> WorkspaceClient:
    """A client with an endpoint, a direct access index of three rows and their table."""
    made = WorkspaceClient(workspace=tmp_path / "workspace")
    made.vector_search_endpoints.create_endpoint_and_wait(name=ENDPOINT, endpoint_type=STANDARD)
    made.vector_search_indexes.create_index(
        name=DIRECT,
        endpoint_name=ENDPOINT,
        primary_key="id",
        index_type=vs.VectorIndexType.DIRECT_ACCESS,
        direct_access_index_spec=vs.DirectAccessVectorIndexSpec(
            embedding_vector_columns=VECTORS, schema_json=json.dumps(SCHEMA)
        ),
    )
    made.vector_search_indexes.upsert_data_vector_index(DIRECT, inputs_json=json.dumps(ROWS))
    made.workspace.write_table(TABLE, pa.Table.from_pylist(ROWS))
    return made


def create_synced(w: WorkspaceClient, **changed: Any) -> vs.VectorIndex:
    spec: dict[str, Any] = {
        "source_table": TABLE,
        "pipeline_type": vs.PipelineType.TRIGGERED,
        "embedding_vector_columns": VECTORS,
    }
    return w.vector_search_indexes.create_index(
        name=SYNCED,
        endpoint_name=ENDPOINT,
        primary_key="id",
        index_type=vs.VectorIndexType.DELTA_SYNC,
        delta_sync_index_spec=vs.DeltaSyncVectorIndexSpecRequest(**{**spec, **changed}),
    )


def ids(reply: vs.QueryVectorIndexResponse | ai.QueryIndexResponse) -> list[int]:
    return [int(row[0]) for row in reply.result.data_array or []]


def ask(w: WorkspaceClient, **arguments: Any) -> vs.QueryVectorIndexResponse:
    given = {"index_name": DIRECT, "columns": ["id"], **arguments}
    return w.vector_search_indexes.query_index(**given)


def test_a_direct_access_index_without_a_schema_has_the_columns_it_names(
    w: WorkspaceClient,
) -> None:
    made = w.vector_search_indexes.create_index(
        name="main.shop.bare",
        endpoint_name=ENDPOINT,
        primary_key="id",
        index_type=vs.VectorIndexType.DIRECT_ACCESS,
        direct_access_index_spec=vs.DirectAccessVectorIndexSpec(
            embedding_vector_columns=VECTORS,
            embedding_source_columns=[vs.EmbeddingSourceColumn(name="note")],
        ),
    )
    schema = json.loads(made.direct_access_index_spec.schema_json)
    assert schema == {"id": "string", "note": "string", "v": "array<float>"}
    row = {"id": "a", "note": "warm", "v": [1.0, 0.0]}
    w.vector_search_indexes.upsert_data_vector_index(made.name, inputs_json=json.dumps([row]))
    found = w.vector_search_indexes.query_index(
        made.name, columns=["id", "note"], query_vector=[1.0, 0.0]
    )
    assert found.result.data_array == [["a", "warm", 1.0]]


# ------------------------------------------------------------------ endpoints
def test_an_endpoint_is_created_waited_for_and_shown(w: WorkspaceClient) -> None:
    waiter = w.vector_search_endpoints.create_endpoint(
        name="fast", endpoint_type=STANDARD, budget_policy_id="b", target_qps=9
    )
    assert waiter.response.endpoint_status.state is vs.EndpointStatusState.PROVISIONING
    made = waiter.result(timeout=timedelta(seconds=5))
    assert made.endpoint_status.state is vs.EndpointStatusState.ONLINE
    assert (made.name, made.endpoint_type, made.num_indexes) == ("fast", STANDARD, 0)
    assert made.budget_policy_id == made.effective_budget_policy_id == "b"
    assert made.scaling_info.requested_target_qps == 9
    waited = w.vector_search_endpoints.wait_get_endpoint_vector_search_endpoint_online(
        endpoint_name="fast", timeout=timedelta(seconds=5), callback=None
    )
    assert waited.as_dict() == made.as_dict()


def test_an_endpoint_is_created_and_waited_for_in_one_call(w: WorkspaceClient) -> None:
    made = w.vector_search_endpoints.create_endpoint_and_wait(
        name="large", endpoint_type=STORAGE, budget_policy_id="b", timeout=timedelta(seconds=5)
    )
    assert (made.endpoint_type, made.budget_policy_id) == (STORAGE, "b")
    quick = w.vector_search_endpoints.create_endpoint_and_wait(
        name="quick", endpoint_type=STANDARD, target_qps=3, usage_policy_id="u"
    )
    assert quick.scaling_info.requested_target_qps == 3
    assert quick.effective_budget_policy_id == "u"


def test_a_usage_policy_counts_as_the_policy(w: WorkspaceClient) -> None:
    made = w.vector_search_endpoints.create_endpoint(
        name="e", endpoint_type=STANDARD, usage_policy_id="u"
    )
    assert made.response.effective_budget_policy_id == "u"


def test_endpoints_are_listed_and_deleted(w: WorkspaceClient) -> None:
    w.vector_search_endpoints.create_endpoint(name="another", endpoint_type=STANDARD)
    listed = [endpoint.name for endpoint in w.vector_search_endpoints.list_endpoints()]
    assert listed == ["another", ENDPOINT]
    w.vector_search_endpoints.delete_endpoint(endpoint_name="another")
    with pytest.raises(errors.NotFound):
        w.vector_search_endpoints.get_endpoint(endpoint_name="another")
    with pytest.raises(errors.InvalidParameterValue, match="Invalid page token: T"):
        list(w.vector_search_endpoints.list_endpoints(page_token="T"))


def test_an_endpoint_is_changed(w: WorkspaceClient) -> None:
    api = w.vector_search_endpoints
    changed = api.patch_endpoint(endpoint_name=ENDPOINT, target_qps=7)
    assert changed.scaling_info.requested_target_qps == 7
    policy = api.update_endpoint_budget_policy(endpoint_name=ENDPOINT, budget_policy_id="p")
    assert policy.effective_budget_policy_id == "p"
    tags = api.update_endpoint_custom_tags(
        endpoint_name=ENDPOINT, custom_tags=[vs.CustomTag(key="k", value="v")]
    )
    assert [(tag.key, tag.value) for tag in tags.custom_tags] == [("k", "v")]
    seen = api.get_endpoint(endpoint_name=ENDPOINT)
    assert (seen.budget_policy_id, seen.custom_tags[0].key) == ("p", "k")


def test_a_stopped_endpoint_serves_nothing_until_it_is_started(w: WorkspaceClient) -> None:
    stopped = w.vector_search_endpoints.stop_endpoint(endpoint_name=ENDPOINT)
    assert stopped.endpoint_status.state is vs.EndpointStatusState.STOPPING
    with pytest.raises(errors.BadRequest, match="STOPPED"):
        ask(w, query_vector=[1, 0])
    started = w.vector_search_endpoints.start_endpoint(endpoint_name=ENDPOINT)
    assert started.endpoint_status.state is vs.EndpointStatusState.STARTING
    assert ids(ask(w, query_vector=[1, 0])) == [1, 3, 2]


def test_metrics_are_asked_for_and_empty(w: WorkspaceClient) -> None:
    api = w.vector_search_endpoints
    metric = vs.Metric(name="qps", percentile=50.0, labels=[vs.MetricLabel(name="a", value="b")])
    found = api.retrieve_user_visible_metrics(
        name=ENDPOINT,
        start_time="2026-01-01T00:00:00Z",
        end_time="2026-01-02T00:00:00Z",
        granularity_in_seconds=60,
        metrics=[metric],
    )
    assert [values.metric.as_dict() for values in found.metric_values] == [metric.as_dict()]
    assert not found.metric_values[0].values
    for wrong in (
        {"start_time": "noon"},
        {"start_time": "2026-01-02", "end_time": "2026-01-01"},
        {"granularity_in_seconds": 0},
    ):
        with pytest.raises(errors.InvalidParameterValue, match=next(reversed(wrong))):
            api.retrieve_user_visible_metrics(name=ENDPOINT, **wrong)
    with pytest.raises(errors.InvalidParameterValue, match="Invalid page token: T"):
        api.retrieve_user_visible_metrics(name=ENDPOINT, page_token="T")


def test_permissions_are_kept_and_shown(w: WorkspaceClient) -> None:
    api = w.vector_search_endpoints
    endpoint_id = api.get_endpoint(endpoint_name=ENDPOINT).id
    use = vs.VectorSearchEndpointPermissionLevel.CAN_USE
    group = vs.VectorSearchEndpointAccessControlRequest(group_name="g", permission_level=use)
    user = vs.VectorSearchEndpointAccessControlRequest(user_name="u", permission_level=use)
    api.set_permissions(endpoint_id=endpoint_id, access_control_list=[group])
    api.update_permissions(endpoint_id=endpoint_id, access_control_list=[user])
    seen = api.get_permissions(endpoint_id=endpoint_id)
    assert [(e.group_name, e.user_name) for e in seen.access_control_list] == [
        ("g", None),
        (None, "u"),
    ]
    levels = api.get_permission_levels(endpoint_id=endpoint_id).permission_levels
    assert use in {level.permission_level for level in levels}
    api.set_permissions(endpoint_id=endpoint_id)
    assert not api.get_permissions(endpoint_id=endpoint_id).access_control_list


# ------------------------------------------------------------------ indexes
def test_indexes_are_shown_listed_and_deleted(w: WorkspaceClient) -> None:
    api = w.vector_search_indexes
    seen = api.get_index(index_name=DIRECT, ensure_reranker_compatible=True)
    assert (seen.name, seen.endpoint_name, seen.primary_key) == (DIRECT, ENDPOINT, "id")
    assert seen.index_type is vs.VectorIndexType.DIRECT_ACCESS
    assert (seen.status.ready, seen.status.indexed_row_count) == (True, 3)
    create_synced(w)
    assert [i.name for i in api.list_indexes(endpoint_name=ENDPOINT)] == [DIRECT, SYNCED]
    with pytest.raises(errors.InvalidParameterValue, match="Invalid page token: T"):
        list(api.list_indexes(endpoint_name=ENDPOINT, page_token="T"))
    api.delete_index(index_name=DIRECT)
    with pytest.raises(errors.ResourceDoesNotExist):
        api.get_index(index_name=DIRECT)


def test_a_delta_sync_index_follows_its_table_by_a_call(w: WorkspaceClient) -> None:
    made = create_synced(w, columns_to_sync=["title"])
    assert made.delta_sync_index_spec.source_table == TABLE
    assert made.delta_sync_index_spec.columns_to_sync == ["title"]
    w.workspace.write_table(TABLE, pa.Table.from_pylist(ROWS[:2]))
    w.vector_search_indexes.sync_index(index_name=SYNCED)
    settled(lambda: w.workspace.get_index(SYNCED))
    assert ids(ask(w, index_name=SYNCED, query_vector=[1, 0])) == [1, 2]


def test_the_other_name_of_the_columns_to_sync(w: WorkspaceClient) -> None:
    with pytest.raises(errors.InvalidParameterValue, match="columns_to_index"):
        create_synced(w, columns_to_sync=["title"], columns_to_index=["title"])
    made = create_synced(w, columns_to_index=["title"])
    assert made.delta_sync_index_spec.columns_to_sync == ["title"]


def test_a_full_text_index_has_words_and_no_vectors(w: WorkspaceClient) -> None:
    w.vector_search_endpoints.create_endpoint(name="large", endpoint_type=STORAGE)
    made = w.vector_search_indexes.create_index(
        name=SYNCED,
        endpoint_name="large",
        primary_key="id",
        index_type=vs.VectorIndexType.DELTA_SYNC,
        index_subtype=vs.IndexSubtype.FULL_TEXT,
        delta_sync_index_spec=vs.DeltaSyncVectorIndexSpecRequest(
            source_table=TABLE, pipeline_type=vs.PipelineType.TRIGGERED
        ),
    )
    assert made.index_subtype is vs.IndexSubtype.FULL_TEXT
    found = ask(w, index_name=SYNCED, query_text="red", query_type="FULL_TEXT")
    assert sorted(ids(found)) == [1, 3]


def test_an_index_that_computes_its_vectors(w: WorkspaceClient) -> None:
    source = vs.EmbeddingSourceColumn(
        name="title",
        embedding_model_endpoint_name="databricks-gte-large-en",
        model_endpoint_name_for_query="databricks-bge-large-en",
    )
    made = create_synced(
        w,
        embedding_vector_columns=None,
        embedding_source_columns=[source],
        embedding_writeback_table=f"{SYNCED}_writeback_table",
    )
    shown = made.delta_sync_index_spec.embedding_source_columns
    assert [column.as_dict() for column in shown] == [source.as_dict()]
    found = ask(w, index_name=SYNCED, query_text="blue jeans")
    assert ids(found)[0] == 2
    assert w.workspace.read_table(f"{SYNCED}_writeback_table").num_rows == 3


# ------------------------------------------------------------------ queries
def test_a_query_with_a_vector_a_filter_and_a_threshold(w: WorkspaceClient) -> None:
    found = ask(
        w,
        columns=["id", "title"],
        query_vector=[1.0, 0.0],
        num_results=2,
        filters_json='{"price <": 100}',
        score_threshold=0.5,
        query_type="ANN",
    )
    assert found.result.data_array == [[1.0, "red shirt", 1.0]]
    assert [column.name for column in found.manifest.columns] == ["id", "title", "score"]
    assert ids(ask(w, query_vector=[1.0, 0.0], num_results=2)) == [1, 3]
    assert ids(ask(w, query_vector=[1.0, 0.0], filters_json='{"price <": 100}')) == [1, 2]


def test_words_are_looked_for_in_the_columns_that_are_named(w: WorkspaceClient) -> None:
    words = {"query_text": "jeans", "query_type": "FULL_TEXT"}
    assert sorted(ids(ask(w, **words))) == [1, 2, 3]
    assert sorted(ids(ask(w, **words, query_columns=["title"]))) == [2, 3]
    assert ids(ask(w, **words, query_columns=["note"])) == [1]


def test_both_rankings_are_fused(w: WorkspaceClient) -> None:
    found = ask(w, query_text="blue", query_vector=[0.0, 1.0], query_type="HYBRID")
    assert ids(found)[0] == 2
    assert found.result.data_array[0][-1] == pytest.approx(1.0)


def test_rows_are_sorted_and_counted(w: WorkspaceClient) -> None:
    found = ask(
        w,
        query_vector=[1.0, 0.0],
        sort_columns=["price DESC"],
        facets=["title", "price BUCKETS [[0,100],[100,1000]]"],
    )
    assert ids(found) == [3, 2, 1]
    counts = found.facet_result.facet_array
    assert [count for column, _, count in counts if column == "price"] == [2, 1]
    assert len([column for column, _, _ in counts if column == "title"]) == 3


@pytest.mark.parametrize("deprecated", [False, True])
def test_rows_are_ranked_again(w: WorkspaceClient, deprecated: bool) -> None:
    class Backwards:
        """Likes later documents better."""

        def rerank(self, query_text: str, documents: list[str]) -> list[float]:
            return [float(place) for place in range(len(documents))]

    w.workspace.register_reranker("databricks_reranker", Backwards())
    words = {"query_text": "red jeans", "query_type": "FULL_TEXT", "query_columns": ["title"]}
    first = ids(ask(w, **words))
    if deprecated:
        again = ask(w, **words, columns_to_rerank=["title"])
    else:
        parameters = vs.RerankerConfigRerankerParameters(columns_to_rerank=["title"])
        reranker = vs.RerankerConfig(model="databricks_reranker", parameters=parameters)
        again = ask(w, **words, reranker=reranker)
    assert ids(again) == first[::-1]


def test_pages_follow_each_other(w: WorkspaceClient) -> None:
    more = [{**ROWS[0], "id": key, "v": [1.0, key / 1000]} for key in range(1, 1501)]
    w.vector_search_indexes.upsert_data_vector_index(DIRECT, inputs_json=json.dumps(more))
    first = ask(w, query_vector=[1.0, 0.0], num_results=1300)
    second = w.vector_search_indexes.query_next_page(
        index_name=DIRECT, endpoint_name=ENDPOINT, page_token=first.next_page_token
    )
    assert ids(first) + ids(second) == list(range(1, 1301))
    assert not second.next_page_token


def test_a_scan_goes_on_behind_the_last_key(w: WorkspaceClient) -> None:
    api = w.vector_search_indexes
    first = api.scan_index(index_name=DIRECT, num_results=2)
    rest = api.scan_index(index_name=DIRECT, last_primary_key=first.last_primary_key)
    rows = [{f.key: f.value for f in row.fields} for row in [*first.data, *rest.data]]
    assert [row["id"].number_value for row in rows] == [1, 2, 3]
    assert rows[0]["title"].string_value == "red shirt"
    assert [value.number_value for value in rows[0]["v"].list_value.values] == [1.0, 0.0]


def test_rows_are_deleted_by_keys_that_are_text(w: WorkspaceClient) -> None:
    reply = w.vector_search_indexes.delete_data_vector_index(
        index_name=DIRECT, primary_keys=["1", "2"]
    )
    assert reply.status is vs.DeleteDataStatus.SUCCESS
    assert reply.result.success_row_count == 2
    assert ids(ask(w, query_vector=[1, 0])) == [3]


def test_rows_that_fail_are_named(w: WorkspaceClient) -> None:
    rows = [{**ROWS[0], "id": 8}, {**ROWS[0], "id": 9, "v": [1.0]}]
    reply = w.vector_search_indexes.upsert_data_vector_index(
        index_name=DIRECT, inputs_json=json.dumps(rows)
    )
    assert reply.status is vs.UpsertDataStatus.PARTIAL_SUCCESS
    assert reply.result.failed_primary_keys == ["9"]


# ------------------------------------------------------------------ the newer service
def test_the_newer_service_through_a_whole_life(w: WorkspaceClient) -> None:
    api = w.ai_search
    made = api.create_endpoint(
        PARENT, ai.Endpoint(endpoint_type=ai.EndpointType.STANDARD), endpoint_id="new"
    )
    assert made.name == f"{PARENT}/endpoints/new"
    assert [e.name.split("/")[-1] for e in api.list_endpoints(PARENT)] == ["new", ENDPOINT]
    changed = api.update_endpoint(
        made.name,
        ai.Endpoint(endpoint_type=ai.EndpointType.STANDARD, target_qps=4),
        FieldMask(["target_qps"]),
    )
    assert (changed.target_qps, changed.index_count) == (4, 0)
    columns = [ai.EmbeddingVectorColumn(name="v", embedding_dimension=2)]
    direct = api.create_index(
        made.name,
        ai.Index(
            primary_key="id",
            index_type=ai.IndexType.DIRECT_ACCESS,
            direct_access_index_spec=ai.DirectAccessIndexSpec(
                embedding_vector_columns=columns, schema_json=json.dumps(SCHEMA)
            ),
        ),
        index_id="a.b.other",
    )
    assert direct.name == f"{made.name}/indexes/a.b.other"
    wrote = api.upsert_data(direct.name, inputs_json=json.dumps(ROWS))
    assert wrote.result.success_row_count == 3
    found = api.query_index(direct.name, ["id"], query_vector=[1.0, 0.0], max_results=2)
    assert ids(found) == [1, 3]
    scanned = api.scan_index(direct.name, page_size=2)
    rest = api.scan_index(direct.name, page_size=2, page_token=scanned.next_page_token)
    assert [*scanned.data, *rest.data] == ROWS
    assert api.remove_data(direct.name, ["1"]).result.success_row_count == 1
    assert api.get_index(direct.name).status.indexed_row_count == 2
    assert [index.name for index in api.list_indexes(made.name)] == [direct.name]
    api.delete_index(direct.name)
    api.delete_endpoint(made.name)
    with pytest.raises(errors.NotFound):
        api.get_endpoint(made.name)


def test_the_newer_service_syncs(w: WorkspaceClient) -> None:
    columns = [ai.EmbeddingVectorColumn(name="v", embedding_dimension=2)]
    made = w.ai_search.create_index(
        f"{PARENT}/endpoints/{ENDPOINT}",
        ai.Index(
            primary_key="id",
            index_type=ai.IndexType.DELTA_SYNC,
            delta_sync_index_spec=ai.DeltaSyncIndexSpec(
                source_table=TABLE,
                pipeline_type=ai.PipelineType.TRIGGERED,
                embedding_vector_columns=columns,
            ),
        ),
        index_id=SYNCED,
    )
    w.workspace.write_table(TABLE, pa.Table.from_pylist(ROWS[:2]))
    w.ai_search.sync_index(made.name)
    settled(lambda: w.workspace.get_index(SYNCED))
    assert w.ai_search.get_index(made.name).status.indexed_row_count == 2


# ------------------------------------------------------------------ errors
def test_each_error_has_the_sdks_class(w: WorkspaceClient) -> None:
    indexes, endpoints = w.vector_search_indexes, w.vector_search_endpoints
    cases: list[tuple[type, str, Any]] = [
        (errors.ResourceDoesNotExist, "nowhere", lambda: endpoints.get_endpoint("nowhere")),
        (errors.ResourceAlreadyExists, "already exists",
         lambda: endpoints.create_endpoint(ENDPOINT, STANDARD)),
        (errors.InvalidParameterValue, "query vector", lambda: ask(w)),
        (errors.BadRequest, "not present in index: x",
         lambda: ask(w, columns=["x"], query_vector=[1, 0])),
        (errors.InvalidParameterValue, "Delta Sync Index", lambda: indexes.sync_index(DIRECT)),
        (errors.InvalidParameterValue, "Invalid page token: T",
         lambda: indexes.query_next_page(DIRECT, page_token="T")),
    ]  # fmt: skip
    for kind, says, call in cases:
        with pytest.raises(kind, match=says) as caught:
            call()
        assert type(caught.value) is kind
        assert caught.value.get_error_details().request_info.request_id


def test_a_service_that_is_not_here_is_named_with_those_that_are(w: WorkspaceClient) -> None:
    with pytest.raises(AttributeError, match=r"'clusters'.*ai_search.*vector_search_indexes"):
        w.clusters  # noqa: B018
    with pytest.raises(errors.NotFound, match=r"No API found for 'GET /api/2.0/clusters/list'"):
        w.api_client.do("GET", "/api/2.0/clusters/list")


def test_what_needs_a_network_is_refused(w: WorkspaceClient) -> None:
    with pytest.raises(InvalidInputException, match="data, url"):
        w.api_client.do("GET", "/api/2.0/x", url="http://x", data=b"x")


def test_what_json_cannot_hold_is_refused_as_by_the_sdk(w: WorkspaceClient) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        ask(w, query_vector=[float("nan"), 0.0])


def test_without_the_sdk_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.optional.is_installed", lambda package: False)
    with pytest.raises(MissingExtra, match=r"pip install .*\[sdk\]'"):
        ApiClient(Workspace(tmp_path))


def test_the_module_loads_the_sdk_only_when_a_client_is_made() -> None:
    code = "import sys, engine.doors.sdk; print('databricks.sdk' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
