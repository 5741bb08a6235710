"""The life cycle of an endpoint: create, change, stop, start, delete; what its indexes do meanwhile."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.sleeps import replace_sleep

from engine import (
    BadRequest,
    InvalidInputException,
    InvalidParameterValue,
    InvalidState,
    NotFound,
    VectorSearchClient,
    VectorSearchIndex,
    Workspace,
)
from engine.store.layout import Layout, read_json, write_json

ENDPOINT = "fashion_vector_search"
INDEX = "main.fashion_demo.vs_image_search"
TABLE = "main.fashion_demo.product_embeddings_enriched"
DIRECT = "main.fashion_demo.own"
QUERY = [0.25] * 16
NO_TIME = timedelta(0)
SHORT = timedelta(milliseconds=30)

CreateIndex = Callable[..., VectorSearchIndex]


@pytest.fixture
def shop(tmp_path: Path) -> VectorSearchClient:
    """A client with one endpoint, "shop"."""
    made = VectorSearchClient(workspace=tmp_path / "workspace")
    made.create_endpoint("shop")
    return made


def state_of(client: VectorSearchClient, name: str) -> str:
    return str(client.get_endpoint(name)["endpoint_status"]["state"])


# ------------------------------------------------------------------ create
@pytest.mark.parametrize("argument", ["budget_policy_id", "usage_policy_id"])
def test_either_policy_is_kept_as_the_budget_policy(
    shop: VectorSearchClient, argument: str
) -> None:
    made = shop.create_endpoint("new", **{argument: "p-1"})  # type: ignore[arg-type]
    seen = shop.get_endpoint("new")
    for each in (made, seen):
        assert each["budget_policy_id"] == each["effective_budget_policy_id"] == "p-1"
        assert "usage_policy_id" not in each
    assert made["endpoint_status"] == {"state": "PROVISIONING"}
    assert seen["endpoint_status"] == {"state": "ONLINE"}
    assert "budget_policy_id" not in shop.get_endpoint("shop")


def test_both_policies_are_refused_by_the_workspace_too(shop: VectorSearchClient) -> None:
    with pytest.raises(InvalidParameterValue, match="both given"):
        shop.workspace.create_endpoint("new", budget_policy_id="a", usage_policy_id="b")
    assert not shop.endpoint_exists("new")


def test_wanted_queries_a_second_are_shown(shop: VectorSearchClient) -> None:
    made = shop.create_endpoint("fast", target_qps=200)
    wanted = {"requested_target_qps": 200, "state": "SCALING_CHANGE_APPLIED"}
    assert made["scaling_info"] == shop.get_endpoint("fast")["scaling_info"] == wanted
    assert "target_qps" not in made
    assert "scaling_info" not in shop.get_endpoint("shop")


def test_storage_optimized_endpoints_take_no_target(shop: VectorSearchClient) -> None:
    with pytest.raises(InvalidParameterValue, match="only STANDARD endpoints take target_qps"):
        shop.create_endpoint("big", "STORAGE_OPTIMIZED", target_qps=5)
    assert not shop.endpoint_exists("big")
    shop.create_endpoint("big", "STORAGE_OPTIMIZED")
    with pytest.raises(InvalidParameterValue, match="big is STORAGE_OPTIMIZED"):
        shop.update_endpoint("big", 5)
    assert "scaling_info" not in shop.update_endpoint("big", -1)


@pytest.mark.parametrize("target", [0, -1, -2, True, 1.0, "5"])
def test_the_workspace_refuses_other_targets(shop: VectorSearchClient, target: Any) -> None:
    with pytest.raises(InvalidParameterValue, match="target_qps is"):
        shop.workspace.create_endpoint("new", target_qps=target)
    assert not shop.endpoint_exists("new")


def test_a_name_can_be_used_again_and_has_another_id(shop: VectorSearchClient) -> None:
    shop.update_endpoint("shop", 5)
    shop.stop_endpoint("shop")
    old = shop.get_endpoint("shop")["id"]
    assert shop.delete_endpoint("shop") == {}
    shop.create_endpoint("shop")
    new = shop.get_endpoint("shop")
    assert new["id"] != old
    assert new["endpoint_status"] == {"state": "ONLINE"}
    assert "scaling_info" not in new


def test_a_strict_workspace_deletes_no_endpoint_with_indexes(
    client: VectorSearchClient, create_index: CreateIndex
) -> None:
    create_index()
    settings = replace(client.workspace.settings, strict_endpoints=True)
    strict = VectorSearchClient(workspace=Workspace(settings=settings))
    with pytest.raises(InvalidState, match=f"still has indexes: {INDEX}") as caught:
        strict.delete_endpoint(ENDPOINT)
    assert (caught.value.status_code, caught.value.error_code) == (400, "INVALID_STATE")
    assert strict.get_endpoint(ENDPOINT)["num_indexes"] == 1
    strict.delete_index(index_name=INDEX)
    assert strict.delete_endpoint(ENDPOINT) == {}


def assert_nobody_finds(client: VectorSearchClient, endpoint_id: str) -> None:
    """Whatever is asked of the index is answered with the endpoint that is gone."""
    workspace = client.workspace
    calls: list[Callable[[], object]] = [
        lambda: client.get_index(index_name=INDEX),
        lambda: client.delete_index(index_name=INDEX),
        lambda: workspace.get_index(INDEX, ENDPOINT),
        lambda: workspace.query_index(INDEX, columns=["product_id"], query_vector=QUERY),
        lambda: workspace.scan_index(INDEX),
        lambda: workspace.sync(INDEX),
        lambda: workspace.update_index(INDEX, payload_logging_enabled=True),
    ]
    for call in calls:
        with pytest.raises(NotFound) as caught:
            call()
        assert caught.value.message == f"Vector search endpoint {endpoint_id} not found"
    assert not client.index_exists(index_name=INDEX)
    assert client.list_indexes(ENDPOINT) == {"vector_indexes": []}
    assert client.get_endpoint(ENDPOINT)["num_indexes"] == 0
    [left] = workspace.list_indexes()
    assert endpoint_id in left["status"]["message"]


def test_a_deleted_endpoint_leaves_its_indexes_behind_where_nobody_finds_them(
    client: VectorSearchClient, create_index: CreateIndex
) -> None:
    """Seen in the cloud: `get-index` of each says `endpoint <its id> not found`; tables stay."""
    create_index()
    other = VectorSearchClient(workspace=Workspace(client.workspace.path))
    found = other.get_index(index_name=INDEX).similarity_search(["product_id"], query_vector=QUERY)
    assert found["result"]["row_count"], "it is open in another workspace object"
    known = client.get_endpoint(ENDPOINT)["id"]
    assert client.delete_endpoint(ENDPOINT) == {}
    client.create_endpoint(ENDPOINT)
    assert_nobody_finds(client, known)
    assert_nobody_finds(other, known)
    assert TABLE in client.workspace.list_tables()
    assert create_index().describe()["status"]["ready"], "its name is free for a new one"


def test_an_index_of_long_ago_is_not_found_either(
    client: VectorSearchClient, create_index: CreateIndex
) -> None:
    """A version that was published seconds ago is taken as known without a look at other files."""
    create_index()
    folder = client.workspace.path / "indexes" / INDEX / "versions"
    os.utime(folder, (time.time() - 60, time.time() - 60))
    other = Workspace(client.workspace.path)
    for _ in range(2):
        other.query_index(INDEX, columns=["product_id"], query_vector=QUERY)
    assert other.registry.settled(INDEX) is not None
    client.delete_endpoint(ENDPOINT)
    with pytest.raises(NotFound, match=r"endpoint .* not found"):
        other.query_index(INDEX, columns=["product_id"], query_vector=QUERY)


def test_what_a_deleted_endpoint_left_can_be_removed(
    client: VectorSearchClient, create_index: CreateIndex
) -> None:
    create_index()
    client.delete_endpoint(ENDPOINT)
    client.workspace.delete_index(INDEX, orphaned=True)
    assert client.workspace.list_indexes() == []
    with pytest.raises(NotFound, match=f"index {INDEX} not found"):
        client.workspace.delete_index(INDEX, orphaned=True)


def test_an_index_that_is_no_orphan_is_known_to_older_releases(
    client: VectorSearchClient, create_index: CreateIndex
) -> None:
    """They refuse an index whose file has names that they don't know."""
    create_index()
    file = client.workspace.path / "indexes" / INDEX / "index.json"
    assert "orphan_of" not in json.loads(file.read_text())


# ------------------------------------------------------------------ changes
def test_the_target_is_changed_kept_and_taken_back(shop: VectorSearchClient) -> None:
    assert shop.update_endpoint("shop", 100)["scaling_info"]["requested_target_qps"] == 100
    assert shop.update_endpoint("shop", target_qps=7)["scaling_info"]["requested_target_qps"] == 7
    assert shop.update_endpoint("shop")["scaling_info"]["requested_target_qps"] == 7
    assert "scaling_info" not in shop.update_endpoint("shop", -1)
    assert "scaling_info" not in shop.get_endpoint("shop")


@pytest.mark.parametrize(
    ("name", "target", "words"),
    [
        ("", 5, "Endpoint name must be specified."),
        (None, 5, "Endpoint name must be specified."),
        ("shop", "5", "target_qps must be an integer."),
        ("shop", 2.5, "target_qps must be an integer."),
        ("shop", 0, "target_qps must be a positive integer."),
        ("shop", -2, "target_qps must be a positive integer."),
    ],
)
def test_checks_of_changes_have_the_clients_words(
    shop: VectorSearchClient, name: Any, target: Any, words: str
) -> None:
    with pytest.raises(InvalidInputException) as caught:
        shop.update_endpoint(name, target)
    assert caught.value.message == words


def test_a_policy_is_changed(shop: VectorSearchClient) -> None:
    both = {"budget_policy_id": "p-2", "effective_budget_policy_id": "p-2"}
    assert shop.update_endpoint_budget_policy("shop", "p-2") == both
    assert shop.update_endpoint_usage_policy("shop", "p-3")["budget_policy_id"] == "p-3"
    assert shop.get_endpoint("shop")["effective_budget_policy_id"] == "p-3"
    for arguments, words in (
        ({}, "Either budget_policy_id or usage_policy_id must be specified."),
        (
            {"budget_policy_id": "a", "usage_policy_id": "b"},
            "Cannot specify both budget_policy_id and usage_policy_id. Please use only one.",
        ),
    ):
        with pytest.raises(InvalidInputException) as caught:
            shop.update_endpoint_budget_policy("shop", **arguments)
        assert caught.value.message == words
    with pytest.raises(InvalidParameterValue, match="budget_policy_id is ''"):
        shop.workspace.update_endpoint_budget_policy("shop", "")


def test_tags_are_replaced(shop: VectorSearchClient) -> None:
    workspace = shop.workspace
    tags = [{"key": "team", "value": "shop"}, {"key": "live", "value": ""}]
    given = [tags[0], {"key": "live"}]
    assert workspace.update_endpoint_custom_tags("shop", given) == {
        "name": "shop",
        "custom_tags": tags,
    }
    assert given[1] == {"key": "live"}
    assert shop.get_endpoint("shop")["custom_tags"] == tags
    workspace.update_endpoint_custom_tags("shop", [])
    assert "custom_tags" not in shop.get_endpoint("shop")


@pytest.mark.parametrize(
    "tags",
    [None, "a", {"key": "a"}, [{}], ["a"], [{"key": ""}], [{"key": 1}], [{"key": "a", "value": 1}],
     [{"key": "a"}, {"key": "a", "value": "b"}]],
    ids=str,
)  # fmt: skip
def test_what_are_no_tags_is_refused(shop: VectorSearchClient, tags: Any) -> None:
    with pytest.raises(InvalidParameterValue, match="custom_tags"):
        shop.workspace.update_endpoint_custom_tags("shop", tags)
    assert "custom_tags" not in shop.get_endpoint("shop")


def test_a_change_is_dated(shop: VectorSearchClient) -> None:
    before = shop.get_endpoint("shop")
    time.sleep(0.002)
    shop.update_endpoint("shop", 5)
    after = shop.get_endpoint("shop")
    assert after["last_updated_timestamp"] > before["last_updated_timestamp"]
    assert after["creation_timestamp"] == before["creation_timestamp"]
    assert after["id"] == before["id"]


def test_changes_survive_a_restart(shop: VectorSearchClient) -> None:
    shop.update_endpoint("shop", 9)
    shop.stop_endpoint("shop")
    root = shop.workspace._layout.root
    again = VectorSearchClient(workspace=Workspace(root))
    assert again.get_endpoint("shop") == shop.get_endpoint("shop")
    assert state_of(again, "shop") == "STOPPED"


def test_nothing_is_measured(shop: VectorSearchClient) -> None:
    asked = shop.workspace.retrieve_user_visible_metrics("shop", start_time="2024-01-01T00:00:00Z")
    assert asked == {"metric_values": []}


@pytest.mark.parametrize("name", ["other", "No Such Name", ""])
def test_an_endpoint_that_is_not_there_is_not_found(shop: VectorSearchClient, name: str) -> None:
    workspace = shop.workspace
    calls: list[Callable[[], object]] = [
        lambda: workspace.update_endpoint(name, 5),
        lambda: workspace.update_endpoint(name),
        lambda: workspace.stop_endpoint(name),
        lambda: workspace.start_endpoint(name),
        lambda: workspace.update_endpoint_budget_policy(name, "p"),
        lambda: workspace.update_endpoint_custom_tags(name, []),
        lambda: workspace.retrieve_user_visible_metrics(name),
        lambda: workspace.get_permissions(name),
        lambda: workspace.set_permissions(name, []),
        lambda: workspace.get_permission_levels(name),
        lambda: shop.stop_endpoint_and_wait(name),
        lambda: shop.start_endpoint_and_wait(name),
        lambda: shop.delete_endpoint(name),
    ]
    for call in calls:
        with pytest.raises(NotFound) as caught:
            call()
        assert caught.value.message == f"Vector search endpoint {name} not found"


# ------------------------------------------------------------------ permissions
def grants(reply: dict[str, Any]) -> dict[str, str]:
    return {
        next(iter(entry.values())): entry["all_permissions"][0]["permission_level"]
        for entry in reply["access_control_list"]
    }


def test_the_creator_manages_an_endpoint_until_permissions_are_set(
    shop: VectorSearchClient,
) -> None:
    found = shop.get_endpoint("shop")
    reply = shop.workspace.get_permissions(found["id"])
    assert reply == {
        "object_id": f"/vector-search-endpoints/{found['id']}",
        "object_type": "vector-search-endpoints",
        "access_control_list": [
            {
                "user_name": found["creator"],
                "display_name": found["creator"],
                "all_permissions": [{"permission_level": "CAN_MANAGE", "inherited": False}],
            }
        ],
    }
    assert "access_control_list" not in found


def test_permissions_are_set_and_added_to(shop: VectorSearchClient) -> None:
    workspace, key = shop.workspace, shop.get_endpoint("shop")["id"]
    ann = {"user_name": "ann@b.c", "permission_level": "CAN_USE"}
    team = {"group_name": "team", "permission_level": "CAN_MANAGE"}
    assert grants(workspace.set_permissions(key, [ann])) == {"ann@b.c": "CAN_USE"}
    assert grants(workspace.update_permissions(key, [team])) == {
        "ann@b.c": "CAN_USE",
        "team": "CAN_MANAGE",
    }
    higher = {**ann, "permission_level": "CAN_MANAGE"}
    assert grants(workspace.update_permissions(key, [higher]))["ann@b.c"] == "CAN_MANAGE"
    assert grants(workspace.get_permissions("shop")) == {
        "ann@b.c": "CAN_MANAGE",
        "team": "CAN_MANAGE",
    }
    assert grants(workspace.set_permissions(key)) == {}
    assert shop.endpoint_exists("shop")  # kept, not enforced


@pytest.mark.parametrize(
    "entries",
    ["x", [5], [{}], [{"user_name": "a"}], [{"permission_level": "CAN_USE"}],
     [{"user_name": "a", "permission_level": "CAN_FLY"}],
     [{"user_name": "a", "group_name": "b", "permission_level": "CAN_USE"}]],
    ids=str,
)  # fmt: skip
def test_what_are_no_permissions_is_refused(shop: VectorSearchClient, entries: Any) -> None:
    with pytest.raises(InvalidParameterValue, match="access_control_list"):
        shop.workspace.set_permissions("shop", entries)


def test_the_levels_are_listed(shop: VectorSearchClient) -> None:
    levels = shop.workspace.get_permission_levels("shop")["permission_levels"]
    assert [each["permission_level"] for each in levels] == ["CAN_USE", "CAN_MANAGE", "CAN_CREATE"]
    assert all(each["description"] for each in levels)


# ------------------------------------------------------------------ stop and start
def test_stopping_and_starting_pass_through_their_states(shop: VectorSearchClient) -> None:
    assert shop.stop_endpoint("shop")["endpoint_status"] == {"state": "STOPPING"}
    assert state_of(shop, "shop") == "STOPPED"
    assert shop.list_endpoints()["endpoints"][0]["endpoint_status"] == {"state": "STOPPED"}
    assert shop.stop_endpoint("shop")["endpoint_status"] == {"state": "STOPPED"}
    assert shop.start_endpoint("shop")["endpoint_status"] == {"state": "STARTING"}
    assert state_of(shop, "shop") == "ONLINE"
    assert shop.start_endpoint("shop")["endpoint_status"] == {"state": "ONLINE"}


def test_waiting_returns_at_once(
    shop: VectorSearchClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_sleep(monkeypatch, lambda _: pytest.fail("it slept"))
    assert shop.stop_endpoint_and_wait("shop") is None  # type: ignore[func-returns-value]
    assert shop.start_endpoint_and_wait("shop") is None  # type: ignore[func-returns-value]
    assert capsys.readouterr().out == ""
    shop.stop_endpoint_and_wait("shop", verbose=True, timeout=NO_TIME)
    shop.start_endpoint_and_wait("shop", verbose=True, timeout=NO_TIME)
    shop.create_endpoint_and_wait("new", verbose=True)
    assert capsys.readouterr().out.splitlines() == [
        "Endpoint shop is STOPPED.",
        "Endpoint shop is ONLINE.",
        "Endpoint new is ONLINE.",
    ]


def test_waiting_for_a_stopped_endpoint_fails_at_once(shop: VectorSearchClient) -> None:
    shop.stop_endpoint("shop")
    with pytest.raises(Exception, match="is STOPPED and will not become ONLINE until it is") as one:
        shop.wait_for_endpoint("shop")
    assert str(one.value) == (
        "Endpoint shop is STOPPED and will not become ONLINE until it is started with "
        "start_endpoint."
    )
    with pytest.raises(Exception, match="did not become ONLINE") as two:
        shop.wait_for_endpoint("shop", timeout=NO_TIME)
    assert str(two.value) == "Endpoint shop did not become ONLINE within timeout of 0.0s."


def test_a_time_to_wait_is_kept_and_each_poll_is_printed(
    shop: VectorSearchClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shop.workspace, "stop_endpoint", lambda _: {})
    started = time.monotonic()
    with pytest.raises(Exception, match=r"did not become STOPPED within timeout of 0\.03s\."):
        shop.stop_endpoint_and_wait("shop", verbose=True, timeout=SHORT)
    assert time.monotonic() - started >= 0.03
    assert set(capsys.readouterr().out.splitlines()) == {
        "Endpoint shop is in state ONLINE. Time: 0s."
    }


def test_what_another_process_changes_is_seen(shop: VectorSearchClient) -> None:
    root = shop.workspace._layout.root
    here, elsewhere = shop.workspace.endpoints, Workspace(root).endpoints
    for _ in range(3):
        assert not here.states.is_stopped("shop")
        elsewhere.stop("shop")
        assert here.states.is_stopped("shop")
        elsewhere.start("shop")
    assert not here.states.is_stopped("shop")
    assert not here.states.is_stopped("nothing")


def test_the_state_of_an_endpoint_is_read_once_until_its_file_changes(
    shop: VectorSearchClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []

    def read(file: Path) -> dict[str, Any]:
        reads.append(file)
        return read_json(file)

    monkeypatch.setattr("engine.service.indexes.endpoint_states.read_json", read)
    states = shop.workspace.endpoints.states
    for _ in range(5):
        assert not states.is_stopped("shop")
    assert len(reads) == 1
    os.utime(reads[0], ns=(1, 1))
    assert not states.is_stopped("shop")
    assert len(reads) == 2


def test_endpoints_of_older_workspaces_are_online(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    facts = {"name": "old", "id": "1", "endpoint_type": "STANDARD", "creator": "a"}
    write_json(layout.endpoints_dir / "old.json", facts)
    endpoints = Workspace(tmp_path).endpoints
    assert endpoints.get("old")["endpoint_status"] == {"state": "ONLINE"}
    assert not endpoints.states.is_stopped("old")
    assert endpoints.stop("old")["endpoint_status"] == {"state": "STOPPING"}
    assert endpoints.states.is_stopped("old")


# ------------------------------------------------------------------ indexes of a stopped endpoint
@pytest.fixture
def two_kinds(client: VectorSearchClient, create_index: CreateIndex) -> VectorSearchClient:
    """The client with a delta sync index and a direct access index of one row."""
    create_index()
    schema = {"id": "int", "vector": "array<float>"}
    own = client.create_direct_access_index(ENDPOINT, DIRECT, "id", 2, "vector", schema)
    own.upsert([{"id": 1, "vector": [1.0, 0.0]}])
    return client


def refused_calls(client: VectorSearchClient) -> list[Callable[[], object]]:
    synced, own = client.get_index(index_name=INDEX), client.get_index(index_name=DIRECT)
    workspace = client.workspace
    page = workspace.query_index
    row = {"id": 2, "vector": [0.0, 1.0]}
    schema = {"id": "int", "vector": "array<float>"}
    return [
        lambda: synced.similarity_search(["product_id"], query_vector=QUERY),
        lambda: own.similarity_search(["id"], query_vector=[1.0, 0.0]),
        lambda: page(INDEX, columns=["product_id"], query_vector=QUERY),
        lambda: workspace.query_next_page(INDEX, "x"),
        lambda: workspace.similarity_search_batch(INDEX, query_vectors=[QUERY], columns=["year"]),
        synced.scan,
        own.scan,
        synced.sync,
        lambda: own.upsert([row]),
        lambda: own.delete([1]),
        lambda: client.create_direct_access_index(ENDPOINT, "a.b.c", "id", 2, "vector", schema),
        lambda: client.create_delta_sync_index(
            ENDPOINT, "a.b.d", "product_id", TABLE, "TRIGGERED", 16, "image_embedding"
        ),
    ]


def test_a_stopped_endpoint_refuses_queries_and_writes_and_serves_again(
    two_kinds: VectorSearchClient,
) -> None:
    client = two_kinds
    calls = refused_calls(client)
    synced, own = client.get_index(index_name=INDEX), client.get_index(index_name=DIRECT)
    before = synced.similarity_search(["product_id"], query_vector=QUERY), own.scan()
    client.stop_endpoint(ENDPOINT)
    for call in calls:
        with pytest.raises(BadRequest) as caught:
            call()
        assert type(caught.value) is BadRequest
        assert f"Endpoint {ENDPOINT} is STOPPED" in caught.value.message
        assert f"start_endpoint('{ENDPOINT}')" in caught.value.message
    names = [each["name"] for each in client.list_indexes(ENDPOINT)["vector_indexes"]]
    assert names == sorted([INDEX, DIRECT])
    client.start_endpoint(ENDPOINT)
    assert (synced.similarity_search(["product_id"], query_vector=QUERY), own.scan()) == before


def test_a_settled_index_of_a_stopped_endpoint_is_refused_too(
    two_kinds: VectorSearchClient,
) -> None:
    """The way past the registry: a version that is known to be the newest by one `stat`."""
    index = two_kinds.get_index(index_name=INDEX)
    folder = two_kinds.workspace._layout.index_dir(INDEX) / "versions"
    os.utime(folder, ns=(10**18, 10**18))
    index.similarity_search(["product_id"], query_vector=QUERY)
    assert two_kinds.workspace.registry.settled(INDEX) is not None
    two_kinds.stop_endpoint(ENDPOINT)
    with pytest.raises(BadRequest, match="is STOPPED"):
        index.similarity_search(["product_id"], query_vector=QUERY)


def test_an_index_of_a_stopped_endpoint_is_offline(two_kinds: VectorSearchClient) -> None:
    index = two_kinds.get_index(index_name=INDEX)
    online = index.describe()["status"]
    two_kinds.stop_endpoint(ENDPOINT)
    status = index.describe()["status"]
    assert (status["detailed_state"], status["ready"]) == ("OFFLINE", False)
    assert status["message"].startswith(f"Endpoint {ENDPOINT} is STOPPED")
    assert status["indexed_row_count"] == online["indexed_row_count"]
    with pytest.raises(Exception, match="is offline") as caught:
        index.wait_until_ready()
    assert str(caught.value) == f"Index {INDEX} is offline: {status['message']}"
    with pytest.raises(Exception, match="did not become online") as late:
        index.wait_until_ready(timeout=NO_TIME)
    assert str(late.value) == f"Index {INDEX} did not become online within timeout of 0.0s."
    two_kinds.start_endpoint(ENDPOINT)
    assert index.describe()["status"] == online


def test_a_continuous_index_does_not_follow_while_stopped(
    client: VectorSearchClient, create_index: CreateIndex, make_products: Callable[..., Any]
) -> None:
    index = create_index(pipeline_type="CONTINUOUS")
    client.stop_endpoint(ENDPOINT)
    client.workspace.write_table(TABLE, make_products(rows=70))
    assert index.describe()["status"]["indexed_row_count"] == 60
    client.start_endpoint(ENDPOINT)
    assert index.describe()["status"]["indexed_row_count"] == 70


def test_waiting_for_an_index_prints_its_state(
    create_index: CreateIndex, capsys: pytest.CaptureFixture[str]
) -> None:
    index = create_index(pipeline_type="CONTINUOUS")
    index.wait_until_ready(verbose=True)
    line = f"Index {INDEX} is in state ONLINE_CONTINUOUS_UPDATE."
    assert capsys.readouterr().out.splitlines() == [line]
    # As on the cloud, an index that goes on updating never has all its updates.
    with pytest.raises(Exception, match=r"did not become online within timeout of 0\.03s"):
        index.wait_until_ready(verbose=True, timeout=SHORT, wait_for_updates=True)
    assert set(capsys.readouterr().out.splitlines()) == {line, f"{line} Time: 0s."}


# ------------------------------------------------------------------ the client itself
def test_half_a_service_principal_is_refused(tmp_path: Path) -> None:
    words = "Please specify either personal access token or service principal client ID and secret."
    for half in (
        {"service_principal_client_id": "id"},
        {"service_principal_client_secret": "s"},
    ):
        with pytest.raises(InvalidInputException) as caught:
            VectorSearchClient(workspace=tmp_path, **half)
        assert caught.value.message == words
        VectorSearchClient(
            workspace=tmp_path, personal_access_token="any", disable_notice=True, **half
        )
    client = VectorSearchClient(
        workspace=tmp_path, service_principal_client_id="id", service_principal_client_secret="s"
    )
    client.service_principal_client_secret = None
    with pytest.raises(InvalidInputException, match="client ID and secret"):
        client.validate()


def test_a_token_brings_the_packages_notice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    VectorSearchClient(workspace=tmp_path)
    VectorSearchClient(personal_access_token="any", disable_notice=True, workspace=tmp_path)
    assert capsys.readouterr().out == ""
    client = VectorSearchClient(personal_access_token="any", workspace=tmp_path)
    printed = capsys.readouterr().out
    assert printed.startswith("[NOTICE] Using a Personal Authentication Token (PAT).")
    assert printed.endswith("pass disable_notice=True.\n")
    client.validate(disable_notice=True)
    assert capsys.readouterr().out == ""
