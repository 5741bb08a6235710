"""What takes its time, through every door: the same states and refusals, and the packages' own waiting.

Ten minutes each: nothing is over by itself, and where a package sleeps, that time passes at once.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from support.needs import needs
from support.paced import SECONDS, SETUP, paced, syncs_done
from support.sleeps import replace_sleep

needs("sdk", "clients")

from conformance import doors
from conformance.world import CREDENTIALS, DIMENSION, Names, products, vector_of

from engine import Workspace
from engine.doors.http.server import BackgroundServer

Json = dict[str, Any]
SOURCE = "main.fashion_demo.paced_products"
DOORS = (
    "local",
    "ai_search",
    "vector_search",
    "ai_search-async",
    "sdk",
    "sdk-in-process",
    "sdk-ai_search",
    "http",
)
ASKED = {"columns": ["id"], "query_vector": vector_of(2), "num_results": 100}


@dataclass
class Paced:
    """A workspace with a pace, its server, and its doors."""

    workspace: Workspace
    url: str

    def door(self, name: str) -> Any:
        return doors.MAKERS[name](name, self.workspace, self.url, CREDENTIALS)

    def pass_by(self, seconds: float) -> None:
        """Let time pass, once the work is done that is under way."""
        syncs_done()
        self.workspace.clock.advance(seconds)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paced]:
    folder = tmp_path_factory.mktemp("paced")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOST", "TOKEN", "CLIENT_ID", "CLIENT_SECRET", "CONFIG_PROFILE"):
            patch.delenv(f"DATABRICKS_{name}", raising=False)
        patch.setenv("DATABRICKS_CONFIG_FILE", str(folder / "none"))
        workspace = paced(folder)
        with BackgroundServer(workspace, CREDENTIALS) as server:
            yield Paced(workspace, server.url)
            doors.close_sessions()


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest, world: Paced) -> Iterator[Any]:
    opened = world.door(request.param)
    yield opened
    opened.close()


NUMBERS = itertools.count(1)


@pytest.fixture
def names() -> Names:
    """Names of a test's own, through whatever door."""
    return Names(f"paced{next(NUMBERS)}")


@pytest.fixture
def source(world: Paced, names: Names) -> str:
    """A table of a test's own."""
    table = names.index("products")
    world.workspace.write_table(table, products())
    return table


def delta_sync(source: str) -> Json:
    return {
        "primary_key": "id",
        "source_table_name": source,
        "pipeline_type": "TRIGGERED",
        "embedding_dimension": DIMENSION,
        "embedding_vector_column": "v",
    }


def check(door: Any, name: str, ready: bool, state: str, rows: int) -> Json:
    """That an index is in a state; the SDK shows no state, only whether it is ready, and the rows."""
    status: Json = door.describe(name)["status"]
    assert bool(status.get("ready")) is ready, status
    assert status.get("detailed_state", state) == state
    assert status.get("indexed_row_count", 0) == rows
    return status


def found(door: Any, name: str, **given: Any) -> int:
    return int(door.search(name, **{**ASKED, **given})["result"]["row_count"])


def refused(door: Any, call: Any, text: str) -> None:
    error = door.error_of(call)
    assert (error.status, error.code) in ((400, "BAD_REQUEST"), (None, "BAD_REQUEST")), error
    assert text in error.message


# ------------------------------------------------------------------ the same through every door
def test_an_endpoint_and_its_index_come_to_be(
    world: Paced, door: Any, names: Names, source: str
) -> None:
    endpoint, index = names.endpoint, names.index()
    made = door.create_endpoint(endpoint)
    assert made["endpoint_status"]["state"] == "PROVISIONING"
    assert door.get_endpoint(endpoint)["endpoint_status"]["state"] == "PROVISIONING"
    door.create_index(endpoint, index, **delta_sync(source))
    check(door, index, False, "PROVISIONING_ENDPOINT", 0)
    refused(door, lambda: door.search(index, **ASKED), "is PROVISIONING: it serves nothing yet")
    world.pass_by(SECONDS)
    assert door.get_endpoint(endpoint)["endpoint_status"]["state"] == "ONLINE"
    check(door, index, False, "PROVISIONING_PIPELINE_RESOURCES", 0)
    refused(door, lambda: door.search(index, **ASKED), "is not ready: it is being provisioned")
    refused(door, lambda: door.sync(index), "Index is not ready to sync yet")
    world.pass_by(SETUP)
    check(door, index, False, "PROVISIONING_INITIAL_SNAPSHOT", 0)
    world.pass_by(SECONDS - SETUP)
    check(door, index, True, "ONLINE_NO_PENDING_UPDATE", 40)
    assert found(door, index) == 40
    door.delete_index(index)
    door.delete_endpoint(endpoint)


def test_a_sync_shows_its_rows_when_it_is_over(
    world: Paced, door: Any, names: Names, source: str
) -> None:
    endpoint, index = names.endpoint, names.index()
    door.create_endpoint(endpoint)
    door.create_index(endpoint, index, **delta_sync(source))
    world.workspace.clock.finish()
    world.workspace.write_table(source, products().slice(0, 15))
    assert door.sync(index) == {}
    refused(door, lambda: door.sync(index), "Index is not ready to sync yet")
    check(door, index, True, "ONLINE_UPDATING_PIPELINE_RESOURCES", 40)
    world.pass_by(SETUP)
    status = check(door, index, True, "ONLINE_TRIGGERED_UPDATE", 40)
    if "triggered_update_status" in status:
        progress = status["triggered_update_status"]["triggered_update_progress"]
        assert 0 <= progress["sync_progress_completion"] < 1
    assert found(door, index) == 40
    world.pass_by(SECONDS - SETUP)
    check(door, index, True, "ONLINE_NO_PENDING_UPDATE", 15)
    assert found(door, index) == 15


def test_written_rows_are_seen_after_a_while(world: Paced, door: Any, names: Names) -> None:
    endpoint, index = names.endpoint, names.index("direct")
    door.create_endpoint(endpoint)
    door.create_index(
        endpoint,
        index,
        primary_key="id",
        embedding_dimension=2,
        embedding_vector_column="v",
        schema={"id": "long", "v": "array<float>"},
    )
    check(door, index, False, "PROVISIONING_ENDPOINT", 0)
    world.workspace.clock.finish()
    check(door, index, True, "ONLINE_DIRECT_ACCESS", 0)
    near = {"query_vector": [1.0, 0.0]}
    assert door.upsert(index, [{"id": i, "v": [1.0, i]} for i in range(5)])["status"] == "SUCCESS"
    assert found(door, index, **near) == 0
    world.pass_by(SECONDS)
    assert found(door, index, **near) == 5
    assert door.delete_rows(index, [0, 1])["status"] == "SUCCESS"
    assert found(door, index, **near) == 5
    world.pass_by(SECONDS)
    assert found(door, index, **near) == 3


def test_an_endpoint_stops_and_starts(world: Paced, names: Names) -> None:
    door = world.door("http")
    door.create_endpoint(names.endpoint)
    for verb, on_the_way, end in (
        (door.stop_endpoint, "STOPPING", "STOPPED"),
        (door.start_endpoint, "STARTING", "ONLINE"),
    ):
        world.pass_by(SECONDS)
        assert verb(names.endpoint)["endpoint_status"]["state"] == on_the_way
        assert door.get_endpoint(names.endpoint)["endpoint_status"]["state"] == on_the_way
        world.pass_by(SECONDS)
        assert door.get_endpoint(names.endpoint)["endpoint_status"]["state"] == end
    door.close()


# ------------------------------------------------------------------ the packages' own waiting
@pytest.fixture
def slept(world: Paced, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long a package slept, which passes at once."""
    seconds: list[float] = []
    really = time.sleep

    def sleep(given: float) -> None:
        really(0)
        if given >= 0.1:  # a pause between two polls; the local client's first ones are shorter
            syncs_done()
            seconds.append(given)
            # The packages poll each half minute; a tick of at least that lets time end here too.
            world.workspace.clock.advance(max(given, 30.0))

    replace_sleep(monkeypatch, sleep)
    return seconds


@pytest.mark.parametrize("name", ["local", "ai_search", "vector_search"])
def test_a_client_waits_until_it_is_there(
    world: Paced, name: str, names: Names, source: str, slept: list[float]
) -> None:
    client = world.door(name).client
    client.create_endpoint_and_wait(names.endpoint, "STANDARD")
    assert slept, "it waited"
    assert client.get_endpoint(names.endpoint)["endpoint_status"]["state"] == "ONLINE"
    slept.clear()
    index = client.create_delta_sync_index_and_wait(
        endpoint_name=names.endpoint, index_name=names.index(), **delta_sync(source)
    )
    assert slept
    assert index.describe()["status"]["detailed_state"] == "ONLINE_NO_PENDING_UPDATE"
    world.workspace.write_table(source, products().slice(0, 9))
    index.sync()
    syncs_done()
    slept.clear()
    index.wait_until_ready(timeout=timedelta(0))
    assert not slept, "it is online meanwhile"
    index.wait_until_ready(wait_for_updates=True)
    assert slept
    assert index.describe()["status"]["indexed_row_count"] == 9
    slept.clear()
    client.stop_endpoint_and_wait(names.endpoint)
    assert slept
    slept.clear()
    client.start_endpoint_and_wait(names.endpoint)
    assert slept


@pytest.mark.parametrize("name", ["sdk", "sdk-in-process"])
def test_the_sdk_waits_until_an_endpoint_is_online(
    world: Paced, name: str, names: Names, slept: list[float]
) -> None:
    from databricks.sdk.service import vectorsearch as vs

    api = world.door(name).w.vector_search_endpoints
    waiter = api.create_endpoint(names.endpoint, vs.EndpointType.STANDARD)
    assert waiter.response.endpoint_status.state is vs.EndpointStatusState.PROVISIONING
    seen = []
    online = api.wait_get_endpoint_vector_search_endpoint_online(
        names.endpoint, callback=lambda each: seen.append(each.endpoint_status.state)
    )
    assert online.endpoint_status.state is vs.EndpointStatusState.ONLINE
    assert seen[0] is vs.EndpointStatusState.PROVISIONING
    assert slept
    slept.clear()
    made = api.create_endpoint_and_wait(f"{names.endpoint}-2", vs.EndpointType.STANDARD)
    assert made.endpoint_status.state is vs.EndpointStatusState.ONLINE
    assert slept


@pytest.mark.parametrize("name", ["sdk", "sdk-in-process"])
def test_the_sdk_waits_until_a_serving_endpoint_answers(
    world: Paced, name: str, names: Names, slept: list[float]
) -> None:
    from databricks.sdk.errors import DatabricksError
    from databricks.sdk.service import serving

    api = world.door(name).w.serving_endpoints
    mine = names.endpoint
    config = serving.EndpointCoreConfigInput(
        name=mine, served_entities=[serving.ServedEntityInput(entity_name="hashed")]
    )
    waiter = api.create(mine, config=config)
    state = api.get(mine).state
    assert state.ready is serving.EndpointStateReady.NOT_READY
    assert state.config_update is serving.EndpointStateConfigUpdate.IN_PROGRESS
    with pytest.raises(DatabricksError, match="is being deployed"):
        api.query(mine, dataframe_records=[{"text": "red"}])
    assert waiter.result().state.ready is serving.EndpointStateReady.READY
    assert slept
    assert api.query(mine, dataframe_records=[{"text": "red"}]).predictions


def test_a_package_gives_up_where_its_time_is_over(world: Paced, names: Names, source: str) -> None:
    client = world.door("ai_search").client
    client.create_endpoint(names.endpoint)
    index = client.create_delta_sync_index(
        endpoint_name=names.endpoint, index_name=names.index(), **delta_sync(source)
    )
    with pytest.raises(Exception, match="did not become online within timeout"):
        index.wait_until_ready(timeout=timedelta(seconds=0))


def test_rows_of_a_table_that_changes_often(world: Paced, names: Names, source: str) -> None:
    """A poller as users write it: sync, describe until it is settled, read."""
    door = world.door("ai_search")
    door.create_endpoint(names.endpoint)
    door.create_index(names.endpoint, names.index(), **delta_sync(source))
    world.workspace.clock.finish()
    for rows in (30, 20, 10):
        world.workspace.write_table(source, products().slice(0, rows))
        door.sync(names.index())
        polls = 0
        while (
            door.describe(names.index())["status"]["detailed_state"] != "ONLINE_NO_PENDING_UPDATE"
        ):
            polls += 1
            world.pass_by(60)
        assert polls == 10
        assert found(door, names.index()) == rows
    door.close()
