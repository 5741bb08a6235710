"""A full disk, a read-only workspace, a failing disk: declared errors, and nothing is lost."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest
from reliability.forks import Forks
from reliability.scenes import FOLLOWING, SCENES, seen
from reliability.test_crash import Played, check
from reliability.world import INDEX, TABLE, create_direct, garbage, held_by, rows, table

from engine import Workspace
from engine.service.sync import failures as sync_failures
from engine.service.sync.failures import SyncFailure, failure_of, remember_failure

SCENE_NAMES = [name for name in SCENES if name != "create and delete"]
# Every point is tried where there is time for it.
STRIDE = 1 if float(os.environ.get("VITRINE_SOAK_SECONDS", "10")) >= 60 else 5


@pytest.mark.parametrize("mode", ["full", "fails"])
@pytest.mark.parametrize("name", SCENE_NAMES)
def test_a_write_that_the_disk_refuses_is_a_declared_error_and_can_be_done_again(
    forks: Forks, tmp_path: Path, name: str, mode: str
) -> None:
    played = Played(forks, name, tmp_path)
    refused = 0
    for at in range(1 + len(mode) % STRIDE, len(played.points) + 1, STRIDE):
        where = f"{name}, {mode} at point {at} of {len(played.points)}: {played.points[at - 1]}"
        folder = played.fresh()
        arguments = {"name": name, "folder": str(folder), "mode": mode, "at": at}
        ended = forks.run("reliability.scenes:play_against_errors", **arguments)
        assert ended.status == 0, (where, ended.values("error"))
        for number, state in zip(ended.values("refused"), ended.values("state"), strict=True):
            refused += 1
            assert played.allows(state, number), (where, number, state)
        assert ended.values("end") == [played.states[-1]], where
        assert check(folder) == [], where
        assert garbage(folder) == [], where
    assert refused > 5


@pytest.mark.parametrize("factory", [None, "HNSW4"])
def test_a_file_that_can_not_grow_is_a_declared_error(
    forks: Forks, tmp_path: Path, factory: str | None
) -> None:
    # Unlike the points above, this is refused by the system itself, also in C++.
    workspace = Workspace(tmp_path)
    create_direct(workspace, faiss_factory=factory)
    workspace.upsert(INDEX, rows(1, range(5)))
    sizes = [0, 1, 100, 1000, 3000, 6000, 8100, 10_000, 12_000, 20_000, 100_000]
    ended = forks.run(
        "reliability.scenes:write_with_small_files", folder=str(tmp_path), sizes=sizes
    )
    assert ended.check().values("fits"), "no size was enough"
    assert len(ended.values("message")) >= 4
    assert all("STORAGE_FAILED" in message for message in ended.values("message"))
    assert held_by(Workspace(tmp_path)) == dict.fromkeys(range(500), 3)
    assert garbage(tmp_path) == []


def test_a_read_only_workspace_answers_and_refuses_writes_with_a_declared_error(
    forks: Forks, tmp_path: Path
) -> None:
    workspace = Workspace(tmp_path)
    create_direct(workspace)
    workspace.upsert(INDEX, rows(1, range(5)))
    workspace.upsert(INDEX, rows(2, range(2)))
    workspace.write_table(TABLE, table({1: 1}))
    workspace.create_index(
        FOLLOWING,
        source_table=TABLE,
        vector_column="v",
        primary_key="id",
        pipeline_type="CONTINUOUS",
    )
    workspace.write_table(TABLE, table({1: 2}))  # which that index can't follow
    workspace.create_endpoint("empty")
    before = seen(workspace)
    ended = forks.run("reliability.scenes:use_read_only", folder=str(tmp_path)).check()
    assert ended.values("state") == [before, before]
    assert ended.values("checked") == [[]]
    assert set(ended.values("refused")) >= {"upsert", "delete", "restore", "write table"}
    assert set(ended.values("error")) == {"StorageFailed"}


# ------------------------------------------------------------------ what is remembered of a sync
OLD = [[key, 1] for key in range(1, 6)]
NEW = [[1, 1], [2, 2], [3, 1], [4, 1], [5, 1], [6, 2]]


def prepared(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    SCENES["a table synced"].prepare(Workspace(folder))
    return folder


def test_a_sync_that_a_full_disk_refused_is_remembered_as_failed_wherever_that_was(
    forks: Forks, tmp_path: Path
) -> None:
    template = prepared(tmp_path, "template")
    at, refused, synced = 0, 0, False
    while not synced:
        at += 1
        folder = tmp_path / str(at)
        shutil.copytree(template, folder)
        ended = forks.run("reliability.scenes:sync_refused", folder=str(folder), at=at).check()
        synced = bool(ended.values("synced")) and ended.values("synced")[0] < at
        if ended.values("synced"):
            assert ended.values("held") == [NEW, NEW]
            continue
        refused += 1
        assert ended.values("refused") == ["STORAGE_FAILED"]
        (message,) = ended.values("message")
        if ended.values("held") == [OLD, OLD]:
            # As the process knows it, with the disk full and not; then as any other process does.
            status = Workspace(folder).get_index(INDEX)["status"]
            failures = [*ended.values("failed"), status["failed_status"]]
            assert [each["error_message"] for each in failures] == [message] * 3, at
            assert {each["error_code"] for each in failures} == {"STORAGE_FAILED"}
            states = [*ended.values("state"), status["detailed_state"]]
            assert set(states) == {"ONLINE_PIPELINE_FAILED"}
        else:  # published before the disk was full
            assert ended.values("held") == [NEW, NEW]
        Workspace(folder).sync(INDEX)
        assert "failed_status" not in Workspace(folder).get_index(INDEX)["status"]
        assert seen(Workspace(folder))["index"] == NEW
        assert check(folder) == []
    assert refused > 5


@pytest.mark.parametrize("size", [0, 10, 100, 300, 1000])
def test_other_processes_see_that_a_sync_failed_also_where_its_reason_found_no_room(
    forks: Forks, tmp_path: Path, size: int
) -> None:
    folder = prepared(tmp_path, "small")
    ended = forks.run("reliability.scenes:sync_with_small_files", folder=str(folder), size=size)
    assert ended.check().values("refused") == ["STORAGE_FAILED"]
    status = Workspace(folder).get_index(INDEX)["status"]
    assert status["detailed_state"] == "ONLINE_PIPELINE_FAILED"
    assert status["failed_status"]["error_code"] == "STORAGE_FAILED"
    failure = status["failed_status"]["error_message"]
    if size < 200:
        assert "Its reason could not be written down" in failure
    assert seen(Workspace(folder))["index"] == OLD
    Workspace(folder).sync(INDEX)
    assert "failed_status" not in Workspace(folder).get_index(INDEX)["status"]
    assert garbage(folder) == []


def test_what_one_process_could_not_write_down_is_forgotten_when_another_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = prepared(tmp_path, "two")
    here = Workspace(folder)
    layout = here.registry.open(INDEX)[1].layout
    with monkeypatch.context() as patch:

        def full(*arguments: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        patch.setattr(sync_failures, "write_json", full)
        failure = SyncFailure("STORAGE_FAILED", "no room")
        remember_failure(layout, INDEX, failure)
        assert failure_of(layout, INDEX) == failure
        record = folder / "indexes" / INDEX / "failed_sync.json"
        assert record.read_bytes() == b""
        record.unlink()  # as another process does that synced
        assert failure_of(layout, INDEX) is None
        remember_failure(layout, INDEX, failure)
        record.write_bytes(b'{"message": "another\'s", "error_code": "NOT_FOUND"}')
        known = failure_of(layout, INDEX)
        assert known is not None
        assert known.message == "another's"
        remember_failure(layout, INDEX, failure)
    assert failure_of(layout, INDEX) == failure
    assert b"no room" in record.read_bytes()


def test_too_many_open_files_are_told_as_that_and_never_as_damage(
    forks: Forks, tmp_path: Path
) -> None:
    workspace = Workspace(tmp_path)
    create_direct(workspace)
    workspace.upsert(INDEX, rows(1, range(5)))
    ended = forks.run("reliability.scenes:use_few_files", folder=str(tmp_path)).check()
    assert set(ended.values("error")) == {"StorageFailed"}, ended.values("message")
    assert {"query", "filtered", "check", "restore", "upsert"} <= set(ended.values("refused"))
    assert any("ulimit -n" in message for message in ended.values("message"))
