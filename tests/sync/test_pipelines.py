"""Syncs that nobody waits for: what `sync()` answers, what `describe()` shows, what comes between."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.syncs import settled, synced

from engine import BadRequest, InvalidState, NotFound, VectorSearchClient, Workspace
from engine.service.sync import run, source_rows

INDEX = "main.fashion_demo.vs_image_search"
TABLE = "main.fashion_demo.product_embeddings_enriched"
QUERY = [0.25] * 16
CreateIndex = Callable[..., Any]


class Gate:
    """Where a sync stops until it may go on."""

    def __init__(self) -> None:
        self.reached, self.may_go = threading.Event(), threading.Event()

    def wait(self) -> None:
        self.reached.set()
        assert self.may_go.wait(60)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Holds each sync where it begins to read its table."""
    made, read = Gate(), source_rows.read_batches

    def held(*args: Any, **kwargs: Any) -> Any:
        made.wait()
        return read(*args, **kwargs)

    monkeypatch.setattr(source_rows, "read_batches", held)
    yield made
    made.may_go.set()


def status_of(client: VectorSearchClient) -> dict[str, Any]:
    status: dict[str, Any] = client.get_index(index_name=INDEX).describe()["status"]
    return status


def begin_a_sync(
    client: VectorSearchClient, create_index: CreateIndex, products: pa.Table, gate: Gate
) -> Any:
    """An index whose second sync stands at the gate."""
    gate.may_go.set()
    index = create_index()
    gate.may_go.clear()
    gate.reached.clear()
    client.workspace.write_table(TABLE, products.slice(0, 40))
    assert index.sync() == {}
    assert gate.reached.wait(60)
    return index


def rows_found(client: VectorSearchClient) -> int:
    index = client.get_index(index_name=INDEX)
    reply = index.similarity_search(["product_id"], query_vector=QUERY, num_results=100)
    return int(reply["result"]["row_count"])


# ------------------------------------------------------------------ while it runs
def test_sync_answers_at_once_and_describe_shows_the_rest(
    client: VectorSearchClient, create_index: CreateIndex, products: pa.Table, gate: Gate
) -> None:
    index = begin_a_sync(client, create_index, products, gate)
    elsewhere = VectorSearchClient(workspace=Workspace(client.workspace.path))
    for seen in (client, elsewhere):
        status = status_of(seen)
        assert (status["ready"], status["detailed_state"]) == (True, "ONLINE_TRIGGERED_UPDATE")
        assert status["indexed_row_count"] == rows_found(seen) == 60, (
            "old rows are served meanwhile"
        )
        assert "failed_status" not in status
        with pytest.raises(BadRequest, match="Index is not ready to sync yet"):
            seen.get_index(index_name=INDEX).sync()
    with pytest.raises(Exception, match="did not become online within timeout"):
        index.wait_until_ready(timeout=timedelta(seconds=0.05), wait_for_updates=True)
    index.wait_until_ready(timeout=timedelta(0))
    gate.may_go.set()
    index.wait_until_ready(wait_for_updates=True)
    for seen in (client, elsewhere):
        status = status_of(seen)
        assert status["detailed_state"] == "ONLINE_NO_PENDING_UPDATE"
        assert status["indexed_row_count"] == rows_found(seen) == 40


def test_a_sync_whose_thread_has_not_begun_waits_for_resources(
    client: VectorSearchClient,
    create_index: CreateIndex,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seen in the cloud right after `sync()`: the state, ready, the old count and the message."""
    index = create_index()
    begin = threading.Event()

    class Later(threading.Thread):
        def run(self) -> None:
            assert begin.wait(60)
            super().run()

    monkeypatch.setattr("engine.service.sync.pipelines.threading.Thread", Later)
    index.sync()
    status = status_of(client)
    assert status["detailed_state"] == "ONLINE_UPDATING_PIPELINE_RESOURCES"
    assert (status["ready"], status["indexed_row_count"]) == (True, 60)
    assert status["message"].startswith(
        "Index is currently online, pipeline update is pending setup of pipeline resources."
    )
    begin.set()
    assert settled(index.describe)["detailed_state"] == "ONLINE_NO_PENDING_UPDATE"


def test_the_engine_s_own_sync_is_done_on_return_and_shown_meanwhile(
    client: VectorSearchClient, create_index: CreateIndex, products: pa.Table, gate: Gate
) -> None:
    gate.may_go.set()
    create_index()
    gate.may_go.clear()
    gate.reached.clear()
    client.workspace.write_table(TABLE, products.slice(0, 30))
    syncing = threading.Thread(target=client.workspace.sync, args=(INDEX,))
    syncing.start()
    assert gate.reached.wait(60)
    assert status_of(client)["detailed_state"] == "ONLINE_TRIGGERED_UPDATE"
    gate.may_go.set()
    syncing.join()
    assert status_of(client)["indexed_row_count"] == 30


# ------------------------------------------------------------------ failures
def test_a_failure_is_in_the_status_and_the_next_sync_mends_it(
    client: VectorSearchClient, create_index: CreateIndex, products: pa.Table
) -> None:
    """Pollers of the cloud read these three keys; `sync()` itself raises nothing."""
    index = create_index()
    client.workspace.write_table(TABLE, products.drop_columns(["gender"]))
    status = synced(index)
    assert (status["ready"], status["detailed_state"]) == (True, "ONLINE_PIPELINE_FAILED")
    assert status["failed_status"]["error_code"] == "INVALID_STATE"
    assert "gender" in status["failed_status"]["error_message"]
    assert status["failed_status"]["last_processed_commit_version"] == 1
    assert "gender" in status["message"]
    assert rows_found(client) == 60
    client.workspace.write_table(TABLE, products.slice(0, 10))
    assert synced(index)["detailed_state"] == "ONLINE_NO_PENDING_UPDATE"
    assert rows_found(client) == 10


def test_what_is_known_at_once_is_refused_at_once(
    client: VectorSearchClient, create_index: CreateIndex
) -> None:
    with pytest.raises(NotFound):
        client.workspace.start_sync(INDEX)
    index = create_index()
    client.stop_endpoint("fashion_vector_search")
    with pytest.raises(BadRequest, match="STOPPED"):
        index.sync()


def test_a_workspace_may_wait_for_its_syncs(
    client: VectorSearchClient, create_index: CreateIndex, products: pa.Table
) -> None:
    create_index()
    settings = replace(client.workspace.settings, waiting_syncs=True)
    waiting = VectorSearchClient(workspace=Workspace(settings=settings))
    index = waiting.get_index(index_name=INDEX)
    client.workspace.write_table(TABLE, products.slice(0, 40))
    assert index.sync() == {}
    assert rows_found(waiting) == 40
    client.workspace.write_table(TABLE, products.drop_columns(["gender"]))
    with pytest.raises(InvalidState, match="gender"):
        index.sync()
    assert status_of(waiting)["detailed_state"] == "ONLINE_PIPELINE_FAILED"


def test_an_error_that_nobody_thought_of_is_remembered_too(
    client: VectorSearchClient,
    create_index: CreateIndex,
    products: pa.Table,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    index = create_index()
    client.workspace.write_table(TABLE, products.slice(0, 40))

    def fail(*_: object) -> None:
        raise RuntimeError("nobody thought of this")

    with monkeypatch.context() as patch:
        patch.setattr(run, "take_difference", fail)
        status = synced(index)
    assert status["detailed_state"] == "ONLINE_PIPELINE_FAILED"
    assert "nobody thought of this" in status["failed_status"]["error_message"]
    assert synced(index)["indexed_row_count"] == 40, "the lock was given back"


# ------------------------------------------------------------------ what comes between
def test_an_index_that_is_deleted_while_it_is_synced_is_gone(
    client: VectorSearchClient, create_index: CreateIndex, products: pa.Table, gate: Gate
) -> None:
    begin_a_sync(client, create_index, products, gate)
    deleting = threading.Thread(target=client.delete_index, kwargs={"index_name": INDEX})
    deleting.start()
    gate.may_go.set()
    deleting.join(60)
    assert not client.index_exists(index_name=INDEX)
    assert client.workspace.list_indexes() == []


def test_who_asked_for_a_sync_and_then_deletes_the_index_waits_for_it_like_any_other(
    client: VectorSearchClient, create_index: CreateIndex, products: pa.Table, gate: Gate
) -> None:
    """One thread does both, as a script does: it was refused at once, "since more than 600 s"."""
    begin_a_sync(client, create_index, products, gate)
    later = threading.Timer(0.2, gate.may_go.set)
    later.start()
    client.delete_index(index_name=INDEX)
    assert gate.may_go.is_set()
    later.join()
    assert client.workspace.list_indexes() == []


PROGRAM = """
    import sys
    import pyarrow as pa
    from engine import VectorSearchClient
    client = VectorSearchClient(workspace=sys.argv[1])
    client.create_endpoint("e")
    rows = {"id": list(range(100)), "v": [[1.0, i] for i in range(100)]}
    client.workspace.write_table("a.b.t", pa.table(rows).slice(0, 10))
    index = client.create_delta_sync_index("e", "a.b.i", "id", "a.b.t", "TRIGGERED", 2, "v")
    client.workspace.write_table("a.b.t", pa.table(rows))
    index.sync()
"""


def test_a_process_that_ends_waits_for_its_sync(tmp_path: Any) -> None:
    program = [sys.executable, "-c", textwrap.dedent(PROGRAM), str(tmp_path)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert Workspace(tmp_path).get_index("a.b.i")["status"]["indexed_row_count"] == 100


def test_an_index_without_a_usable_row_says_why(
    client: VectorSearchClient, workspace: Workspace, tmp_path: Path
) -> None:
    """Its message said no more than that its creation succeeded."""
    vectors = pa.array([[1.0, 0.0, 0.0]] * 2, pa.list_(pa.float32()))
    pq.write_table(pa.table({"id": ["a", "b"], "v": vectors}), tmp_path / "t.parquet")
    workspace.register_table("a.b.short", [tmp_path / "t.parquet"])
    client.create_endpoint("e")
    index = client.create_delta_sync_index("e", "a.b.i", "id", "a.b.short", "TRIGGERED", 2, "v")
    assert index.describe()["status"]["message"] == (
        "Index creation succeeded. No row of source table a.b.short can be used, such as that of key a: "
        "the vector has 3 numbers, expected 2."
    )
    full = pa.array([[1.0, 0.0]] * 2, pa.list_(pa.float32()))
    pq.write_table(pa.table({"id": ["a", "b"], "v": full}), tmp_path / "t.parquet")
    synced(index)
    assert index.describe()["status"]["message"] == "Index creation succeeded."
