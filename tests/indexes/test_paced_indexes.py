"""Endpoints and indexes that take their time: which states they pass, and what is refused meanwhile."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.paced import SECONDS, SETUP, paced, state_of
from support.shop import DIMENSION, ENDPOINT, INDEX, TABLE, products_table

from engine import BadRequest, NotFound, VectorSearchClient, Workspace
from engine.settings import Settings

DIRECT = "main.fashion_demo.direct"
QUERY = [0.25] * DIMENSION


def create(workspace: Workspace, **changed: Any) -> None:
    given = {"source_table": TABLE, "vector_column": "image_embedding", "dimension": DIMENSION}
    workspace.create_index(INDEX, endpoint=ENDPOINT, **{**given, **changed})


def create_direct(workspace: Workspace) -> None:
    schema = {"id": "long", "v": "array<float>"}
    workspace.create_direct_access_index(
        DIRECT, endpoint=ENDPOINT, primary_key="id", dimension=2, vector_column="v", schema=schema
    )


def rows(*ids: int) -> list[dict[str, Any]]:
    return [{"id": i, "v": [1.0, i]} for i in ids]


def held(workspace: Workspace) -> list[int]:
    """The keys of the direct access index's rows, as queries find them."""
    asked = {"columns": ["id"], "query_vector": [1.0, 0.0], "num_results": 100}
    reply = workspace.query_index(DIRECT, **asked)
    return sorted(int(row[0]) for row in reply["result"].get("data_array", []))


def endpoint_state(workspace: Workspace) -> str:
    return str(workspace.get_endpoint(ENDPOINT)["endpoint_status"]["state"])


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """With the products' table, and an endpoint that is being provisioned."""
    made = paced(tmp_path)
    made.write_table(TABLE, products_table())
    made.create_endpoint(ENDPOINT)
    return made


@pytest.fixture
def online(workspace: Workspace) -> Workspace:
    """With the endpoint online."""
    workspace.clock.advance(SECONDS)
    return workspace


# ------------------------------------------------------------------ endpoints
def test_an_endpoint_is_online_after_its_time(workspace: Workspace) -> None:
    again = paced(workspace.path)
    assert endpoint_state(workspace) == endpoint_state(again) == "PROVISIONING"
    assert [e["endpoint_status"]["state"] for e in again.list_endpoints()] == ["PROVISIONING"]
    assert set(workspace.get_endpoint(ENDPOINT)).isdisjoint({"until", "passing"})
    workspace.clock.advance(SECONDS - 60)
    assert endpoint_state(workspace) == "PROVISIONING"
    workspace.clock.advance(60)
    assert endpoint_state(workspace) == endpoint_state(again) == "ONLINE"


def test_stopping_and_starting_take_their_time(online: Workspace) -> None:
    create_direct(online)
    online.clock.finish()
    online.upsert(DIRECT, rows(1))
    online.clock.finish()
    assert held(online) == [1]
    assert online.stop_endpoint(ENDPOINT)["endpoint_status"] == {"state": "STOPPING"}
    assert endpoint_state(online) == "STOPPING"
    assert state_of(online.get_index(DIRECT)) == (False, "OFFLINE", 1)
    with pytest.raises(BadRequest, match="is STOPPING"):
        online.scan_index(DIRECT)
    assert online.stop_endpoint(ENDPOINT)["endpoint_status"] == {"state": "STOPPING"}
    online.clock.advance(SECONDS)
    assert endpoint_state(online) == "STOPPED"
    with pytest.raises(BadRequest, match="is STOPPED"):
        online.scan_index(DIRECT)
    assert online.start_endpoint(ENDPOINT)["endpoint_status"] == {"state": "STARTING"}
    assert endpoint_state(online) == "STARTING"
    assert state_of(online.get_index(DIRECT)) == (False, "OFFLINE", 1)
    with pytest.raises(BadRequest, match="is STARTING: it serves nothing yet"):
        online.scan_index(DIRECT)
    online.clock.advance(SECONDS)
    assert endpoint_state(online) == "ONLINE"
    assert state_of(online.get_index(DIRECT)) == (True, "ONLINE_DIRECT_ACCESS", 1)
    assert held(online) == [1]


def test_an_index_is_waited_for_while_its_endpoint_starts(online: Workspace) -> None:
    create_direct(online)
    online.clock.finish()
    online.stop_endpoint(ENDPOINT)
    online.clock.finish()
    online.start_endpoint(ENDPOINT)
    index = VectorSearchClient(workspace=online).get_index(index_name=DIRECT)
    with pytest.raises(Exception, match="did not become online within timeout"):
        index.wait_until_ready(timeout=timedelta(seconds=0.01))
    online.clock.finish()
    index.wait_until_ready(timeout=timedelta(seconds=60))


def test_an_endpoint_is_deleted_while_it_is_provisioned(workspace: Workspace) -> None:
    create(workspace)
    workspace.delete_endpoint(ENDPOINT)
    assert not workspace.endpoint_exists(ENDPOINT)
    workspace.clock.finish()
    with pytest.raises(NotFound, match="not found"):
        workspace.get_index(INDEX)


def test_other_changes_of_an_endpoint_leave_its_time_alone(workspace: Workspace) -> None:
    workspace.update_endpoint(ENDPOINT, target_qps=5)
    assert endpoint_state(workspace) == "PROVISIONING"
    workspace.clock.advance(SECONDS)
    workspace.update_endpoint(ENDPOINT, target_qps=6)
    assert endpoint_state(workspace) == "ONLINE"


# ------------------------------------------------------------------ provisioning
def test_an_index_passes_through_the_cloud_s_states(workspace: Workspace) -> None:
    create(workspace)
    assert state_of(workspace.get_index(INDEX)) == (False, "PROVISIONING_ENDPOINT", 0)
    with pytest.raises(BadRequest, match="Endpoint fashion_vector_search is PROVISIONING"):
        workspace.query_index(INDEX, columns=["product_id"], query_vector=QUERY)
    workspace.clock.advance(SECONDS)
    for seen in (workspace, paced(workspace.path)):
        described = seen.get_index(INDEX)
        assert state_of(described) == (False, "PROVISIONING_PIPELINE_RESOURCES", 0)
        assert described["status"]["message"] == "Delta sync Index creation is pending."
        with pytest.raises(
            BadRequest, match=f"Index {INDEX} is not ready: it is being provisioned"
        ):
            seen.query_index(INDEX, columns=["product_id"], query_vector=QUERY)
        with pytest.raises(BadRequest, match="Index is not ready to sync yet"):
            seen.start_sync(INDEX)
    workspace.clock.advance(SETUP + (SECONDS - SETUP) / 2)
    described = workspace.get_index(INDEX)
    assert state_of(described) == (False, "PROVISIONING_INITIAL_SNAPSHOT", 0)
    progress = described["status"]["provisioning_status"]["initial_pipeline_sync_progress"]
    assert progress["total_rows_to_sync"] == 60
    assert progress["sync_progress_completion"] == pytest.approx(0.5, abs=0.05)
    assert progress["num_synced_rows"] == pytest.approx(30, abs=3)
    assert progress["estimated_completion_time_seconds"] == pytest.approx(225, abs=20)
    assert progress["latest_version_currently_processing"] == 1
    workspace.clock.advance(SECONDS / 2)
    described = workspace.get_index(INDEX)
    assert state_of(described) == (True, "ONLINE_NO_PENDING_UPDATE", 60)
    assert "provisioning_status" not in described["status"]
    found = workspace.query_index(INDEX, columns=["product_id"], query_vector=QUERY)
    assert found["result"]["row_count"] == 10


def test_a_continuous_index_ends_in_its_own_state(online: Workspace) -> None:
    create(online, pipeline_type="CONTINUOUS")
    assert state_of(online.get_index(INDEX)) == (False, "PROVISIONING_PIPELINE_RESOURCES", 0)
    online.clock.finish()
    assert state_of(online.get_index(INDEX)) == (True, "ONLINE_CONTINUOUS_UPDATE", 60)


def test_an_index_is_deleted_while_it_is_provisioned_and_made_again(online: Workspace) -> None:
    create(online)
    online.delete_index(INDEX)
    assert not online.index_exists(INDEX)
    create(online)
    assert state_of(online.get_index(INDEX)) == (False, "PROVISIONING_PIPELINE_RESOURCES", 0)
    online.clock.finish()
    assert state_of(online.get_index(INDEX)) == (True, "ONLINE_NO_PENDING_UPDATE", 60)


def test_opened_with_an_instant_pace_nothing_waits_any_more(workspace: Workspace) -> None:
    create(workspace)
    instant = Workspace(settings=Settings(workspace.path, encoder="hashed"))
    assert endpoint_state(instant) == "ONLINE"
    assert state_of(instant.get_index(INDEX)) == (True, "ONLINE_NO_PENDING_UPDATE", 60)
    assert instant.sync(INDEX).changed is False


def test_an_instant_workspace_has_no_file_of_a_pace(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.write_table(TABLE, products_table())
    workspace.create_endpoint(ENDPOINT)
    create(workspace)
    create_direct(workspace)
    workspace.upsert(DIRECT, rows(1))
    workspace.stop_endpoint(ENDPOINT)
    workspace.start_endpoint(ENDPOINT)
    texts = {file: file.read_text() for file in tmp_path.rglob("*.json")}
    assert not {file.name for file in texts} & {"clock.json", "passage.json"}
    for text in texts.values():
        assert not {"visible_at", "until", "passing"} & json.loads(text).keys()


# ------------------------------------------------------------------ direct access
def test_rows_are_seen_after_their_time_and_durable_at_once(online: Workspace) -> None:
    create_direct(online)
    assert state_of(online.get_index(DIRECT)) == (False, "PROVISIONING_INDEX", 0)
    for call in (lambda: online.upsert(DIRECT, rows(1)), lambda: online.scan_index(DIRECT)):
        with pytest.raises(BadRequest, match="is being provisioned"):
            call()
    online.clock.advance(SECONDS)
    assert state_of(online.get_index(DIRECT)) == (True, "ONLINE_DIRECT_ACCESS", 0)
    assert online.upsert(DIRECT, rows(1, 2))["status"] == "SUCCESS"
    online.clock.advance(SECONDS / 2)
    assert online.upsert(DIRECT, rows(3))["status"] == "SUCCESS"
    assert online.delete_rows(DIRECT, [1])["status"] == "SUCCESS"
    again = paced(online.path)
    for seen in (online, again):
        assert held(seen) == []
        assert state_of(seen.get_index(DIRECT)) == (True, "ONLINE_DIRECT_ACCESS", 0)
    online.clock.advance(SECONDS / 2)
    for seen in (online, again):
        assert held(seen) == [1, 2]
        assert state_of(seen.get_index(DIRECT))[2] == 2
    online.clock.advance(SECONDS / 2)
    for seen in (online, again):
        assert held(seen) == [2, 3]
        assert seen.check_index(DIRECT) == []


def test_many_writes_before_the_first_is_seen(online: Workspace) -> None:
    """Versions that queries don't read yet are kept, and go when their time is over."""
    create_direct(online)
    online.clock.finish()
    online.upsert(DIRECT, rows(50))
    online.clock.finish()
    for number in range(20):
        online.upsert(DIRECT, rows(number))
    online.delete_rows(DIRECT, [50, 3])
    assert held(online) == held(paced(online.path)) == [50]
    assert len(online.index_versions(DIRECT)) > 20
    online.clock.finish()
    expected = [number for number in range(20) if number != 3]
    assert held(online) == held(paced(online.path)) == expected
    online.upsert(DIRECT, rows(60))
    assert held(online) == expected
    online.clock.finish()
    online.upsert(DIRECT, rows(61))
    assert len(online.index_versions(DIRECT)) <= 3
    assert online.check_index(DIRECT) == []


def test_merging_segments_shows_nothing_early(online: Workspace) -> None:
    create_direct(online)
    online.clock.finish()
    online.upsert(DIRECT, rows(1, 2, 3))
    online.clock.finish()
    online.delete_rows(DIRECT, [2])
    online.upsert(DIRECT, rows(4))
    assert held(online) == [1, 2, 3]
    online.compact_index(DIRECT)
    assert held(online) == [1, 2, 3]
    online.clock.finish()
    assert held(online) == [1, 3, 4]


def test_pages_go_on_in_the_version_that_was_queried(online: Workspace) -> None:
    create_direct(online)
    online.clock.finish()
    online.upsert(DIRECT, [{"id": i, "v": [1.0, i / 3000]} for i in range(1500)])
    online.clock.finish()
    asked = {"columns": ["id"], "query_vector": [1.0, 0.0], "num_results": 1500}
    first = online.query_index(DIRECT, **asked)
    online.delete_rows(DIRECT, list(range(1500)))
    online.clock.finish()
    assert held(online) == []
    rest = online.query_next_page(DIRECT, first["next_page_token"])
    assert first["result"]["row_count"] + rest["result"]["row_count"] == 1500
