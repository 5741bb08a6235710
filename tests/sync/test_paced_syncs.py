"""Syncs that take their time: old rows are read until the end, whoever looks, whatever dies."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.needs import needs
from support.paced import SECONDS, SETUP, paced, state_of, syncs_done
from support.shop import DIMENSION, ENDPOINT, INDEX, TABLE, products_table

from engine import BadRequest, InvalidState, Workspace
from engine.service.sync.run import SyncRun

QUERY = [0.25] * DIMENSION


def found(workspace: Workspace) -> int:
    reply = workspace.query_index(INDEX, columns=["product_id"], query_vector=QUERY, num_results=90)
    return int(reply["result"]["row_count"])


def states(workspace: Workspace) -> tuple[bool, str, int]:
    return state_of(workspace.get_index(INDEX))


def synced(workspace: Workspace) -> None:
    """A sync whose work is done, so that only its time is not over."""
    workspace.start_sync(INDEX)
    syncs_done()


@pytest.fixture(params=["TRIGGERED"])
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Workspace:
    """With an index of 60 rows that is ready."""
    made = paced(tmp_path)
    made.write_table(TABLE, products_table())
    made.create_endpoint(ENDPOINT)
    made.create_index(
        INDEX,
        endpoint=ENDPOINT,
        source_table=TABLE,
        vector_column="image_embedding",
        dimension=DIMENSION,
        pipeline_type=request.param,
    )
    made.clock.finish()
    assert found(made) == 60
    return made


continuous = pytest.mark.parametrize("workspace", ["CONTINUOUS"], indirect=True)


# ------------------------------------------------------------------ a sync that was asked for
def test_a_sync_passes_through_its_states_and_old_rows_are_read(workspace: Workspace) -> None:
    workspace.write_table(TABLE, products_table().slice(0, 40))
    assert found(workspace) == 60
    synced(workspace)
    again = paced(workspace.path)
    for seen in (workspace, again):
        assert states(seen) == (True, "ONLINE_UPDATING_PIPELINE_RESOURCES", 60)
        message = seen.get_index(INDEX)["status"]["message"]
        assert message.startswith("Index is currently online, pipeline update is pending setup")
        assert found(seen) == 60
        with pytest.raises(BadRequest, match="Pipeline is in state RUNNING"):
            seen.start_sync(INDEX)
        with pytest.raises(BadRequest, match="Pipeline is in state RUNNING"):
            seen.sync(INDEX)
    workspace.clock.advance(SETUP)
    for seen in (workspace, again):
        assert states(seen) == (True, "ONLINE_TRIGGERED_UPDATE", 60)
        assert found(seen) == 60
    workspace.clock.advance(SECONDS - SETUP)
    for seen in (workspace, again):
        assert states(seen) == (True, "ONLINE_NO_PENDING_UPDATE", 40)
        assert found(seen) == 40
        shown = seen.get_index(INDEX)["status"]["triggered_update_status"]
        assert shown["last_processed_commit_version"] > 1
        assert "triggered_update_progress" not in shown
    assert workspace.check_index(INDEX) == []


def test_progress_of_a_sync_counts_what_changes(workspace: Workspace) -> None:
    more = products_table(80)
    workspace.write_table(TABLE, more)
    before = {int(key) for key in products_table()["product_id"].to_pylist()}
    taken_over = sum(key not in before for key in more["product_id"].to_pylist())
    synced(workspace)
    seen = []
    for _ in range(3):
        workspace.clock.advance(SECONDS * 0.3)
        status = workspace.get_index(INDEX)["status"]
        progress = status["triggered_update_status"]["triggered_update_progress"]
        assert progress["total_rows_to_sync"] >= taken_over > 0
        share = progress["sync_progress_completion"]
        assert progress["num_synced_rows"] == int(progress["total_rows_to_sync"] * share)
        assert progress["latest_version_currently_processing"] == 2
        assert status["triggered_update_status"]["last_processed_commit_version"] == 1
        seen.append(share)
    assert 0 < seen[0] < seen[1] < seen[2] < 1


def test_a_sync_with_nothing_to_do_takes_its_time_too(workspace: Workspace) -> None:
    synced(workspace)
    assert states(workspace) == (True, "ONLINE_UPDATING_PIPELINE_RESOURCES", 60)
    workspace.clock.finish()
    assert states(workspace) == (True, "ONLINE_NO_PENDING_UPDATE", 60)
    assert workspace.index_versions(INDEX) == [1]


@pytest.mark.parametrize("pace", ["600", "instant"])
def test_rows_are_read_when_time_was_let_pass_though_their_sync_is_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pace: str
) -> None:
    made = paced(tmp_path, pace)
    made.write_table(TABLE, products_table())
    made.create_endpoint(ENDPOINT)
    source = {"source_table": TABLE, "vector_column": "image_embedding", "dimension": DIMENSION}
    made.create_index(INDEX, endpoint=ENDPOINT, **source)
    made.clock.finish()
    made.write_table(TABLE, products_table().slice(0, 40))
    finish = SyncRun.finish

    def slow(run: SyncRun) -> Any:
        time.sleep(0.5)
        return finish(run)

    monkeypatch.setattr(SyncRun, "finish", slow)
    made.start_sync(INDEX)
    made.clock.advance(SETUP)
    assert found(made) == (60 if pace == "600" else 40)
    made.clock.finish()
    assert states(made) == (True, "ONLINE_NO_PENDING_UPDATE", 40)
    assert found(made) == 40


def test_a_failure_is_seen_when_the_sync_is_over(workspace: Workspace) -> None:
    workspace.write_table(TABLE, products_table().drop_columns(["gender"]))
    synced(workspace)
    workspace.clock.advance(SETUP)
    assert states(workspace) == (True, "ONLINE_TRIGGERED_UPDATE", 60)
    assert "failed_status" not in workspace.get_index(INDEX)["status"]
    workspace.clock.finish()
    assert states(workspace) == (True, "ONLINE_PIPELINE_FAILED", 60)
    assert found(workspace) == 60
    workspace.write_table(TABLE, products_table().slice(0, 30))
    synced(workspace)
    workspace.clock.finish()
    assert states(workspace) == (True, "ONLINE_NO_PENDING_UPDATE", 30)


def test_work_that_takes_longer_than_the_pace_is_seen_when_it_is_done(tmp_path: Path) -> None:
    workspace = paced(tmp_path, "0.001")
    workspace.write_table(TABLE, products_table())
    workspace.create_index(
        INDEX,
        endpoint=ENDPOINT,
        create_endpoint=True,
        source_table=TABLE,
        vector_column="image_embedding",
        dimension=DIMENSION,
    )
    workspace.write_table(TABLE, products_table().slice(0, 20))
    workspace.clock.finish()
    synced(workspace)
    workspace.clock.finish()
    assert found(workspace) == 20


@pytest.mark.parametrize("by_setting", [False, True])
def test_whoever_waits_for_a_sync_reads_its_rows(workspace: Workspace, by_setting: bool) -> None:
    quick = replace(workspace.settings, pace="0.2", waiting_syncs=True)
    waiting = Workspace(settings=quick)
    waiting.write_table(TABLE, products_table().slice(0, 10))
    if by_setting:
        waiting.start_sync(INDEX)
    else:
        assert waiting.sync(INDEX).deleted == 50
    assert found(waiting) == 10
    assert states(waiting) == (True, "ONLINE_NO_PENDING_UPDATE", 10)


def test_a_waiting_sync_that_fails_says_so_at_once(workspace: Workspace) -> None:
    waiting = Workspace(settings=replace(workspace.settings, waiting_syncs=True))
    waiting.write_table(TABLE, products_table().drop_columns(["gender"]))
    with pytest.raises(InvalidState, match="gender"):
        waiting.start_sync(INDEX)


# ------------------------------------------------------------------ killed
def test_a_killed_process_leaves_the_old_version_and_a_sync_that_is_possible(
    workspace: Workspace,
) -> None:
    workspace.write_table(TABLE, products_table().slice(0, 25))
    script = f"""
        import os
        from dataclasses import replace
        from engine import Workspace
        from engine.service.sync import run
        from engine.settings import Settings
        from pathlib import Path

        run.take_difference = lambda *given: os._exit(9)
        workspace = Workspace(settings=Settings(Path({str(workspace.path)!r}), pace="600"))
        workspace.start_sync({INDEX!r})
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], timeout=120)
    assert done.returncode == 9
    assert states(workspace)[:2] == (True, "ONLINE_UPDATING_PIPELINE_RESOURCES")
    assert found(workspace) == 60
    workspace.clock.finish()
    assert states(workspace) == (True, "ONLINE_NO_PENDING_UPDATE", 60)
    synced(workspace)
    workspace.clock.finish()
    assert found(workspace) == 25
    assert workspace.check_index(INDEX) == []


def test_a_process_that_ends_after_the_work_leaves_rows_that_are_seen_in_time(
    workspace: Workspace,
) -> None:
    """The new version is durable, though nobody reads it yet."""
    workspace.write_table(TABLE, products_table().slice(0, 25))
    script = f"""
        from engine import Workspace
        from engine.settings import Settings
        from pathlib import Path

        workspace = Workspace(settings=Settings(Path({str(workspace.path)!r}), pace="600"))
        workspace.start_sync({INDEX!r})
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], timeout=120)
    assert done.returncode == 0
    assert found(workspace) == 60
    workspace.clock.finish()
    assert found(workspace) == 25


# ------------------------------------------------------------------ continuous
@continuous
def test_a_continuous_index_follows_with_a_delay(workspace: Workspace) -> None:
    workspace.write_table(TABLE, products_table().slice(0, 40))
    assert found(workspace) == 60
    assert states(workspace) == (True, "ONLINE_CONTINUOUS_UPDATE", 60)
    workspace.clock.advance(SECONDS / 2)
    workspace.write_table(TABLE, products_table().slice(0, 30))
    assert found(workspace) == 60
    workspace.clock.advance(SECONDS / 2)
    assert found(workspace) == 40
    workspace.clock.advance(SECONDS / 2)
    assert found(workspace) == 30
    assert states(workspace) == (True, "ONLINE_CONTINUOUS_UPDATE", 30)


@continuous
def test_the_delay_counts_from_the_change_and_not_from_the_first_look(workspace: Workspace) -> None:
    workspace.write_table(TABLE, products_table().slice(0, 40))
    workspace.clock.advance(SECONDS + 1)
    assert found(workspace) == 40


@continuous
def test_the_delay_of_a_delta_table_counts_from_its_commit(
    workspace: Workspace, tmp_path: Path
) -> None:
    needs("delta")
    import deltalake

    folder = tmp_path / "delta"
    deltalake.write_deltalake(str(folder), products_table())
    workspace.drop_table(TABLE)
    workspace.register_table(TABLE, folder)
    assert found(workspace) == 60
    workspace.clock.finish()
    assert found(workspace) == 60
    deltalake.write_deltalake(str(folder), products_table().slice(0, 15), mode="overwrite")
    assert found(workspace) == 60
    workspace.clock.advance(SECONDS / 2)
    assert found(workspace) == 60
    workspace.clock.advance(SECONDS / 2 + 1)
    assert found(workspace) == 15


def test_a_table_written_while_a_sync_passes_waits_for_the_next_one(workspace: Workspace) -> None:
    workspace.write_table(TABLE, products_table().slice(0, 40))
    synced(workspace)
    workspace.write_table(TABLE, products_table().slice(0, 30))
    workspace.clock.finish()
    assert found(workspace) == 40
    synced(workspace)
    workspace.clock.finish()
    assert found(workspace) == 30


def test_rows_with_computed_vectors_are_written_back_as_ever(tmp_path: Path) -> None:
    workspace = paced(tmp_path)
    texts = pa.table({"product_id": [1, 2], "title": ["red shirt", "blue jeans"]})
    workspace.write_table(TABLE, texts)
    workspace.create_endpoint(ENDPOINT)
    request: dict[str, Any] = {"source_column": "title", "sync_computed_embeddings": True}
    workspace.create_index(
        INDEX,
        endpoint=ENDPOINT,
        source_table=TABLE,
        model_endpoint="clip-multimodal-encoder",
        **request,
    )
    workspace.clock.finish()
    assert states(workspace) == (True, "ONLINE_NO_PENDING_UPDATE", 2)
    assert workspace.read_table(f"{INDEX}_writeback_table").num_rows == 2
