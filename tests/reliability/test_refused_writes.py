"""A full disk, a read-only workspace, a failing disk: declared errors, and nothing is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from reliability.forks import Forks
from reliability.scenes import FOLLOWING, SCENES, seen
from reliability.test_crash import Played, check
from reliability.world import INDEX, TABLE, create_direct, garbage, held_by, rows, table

from engine import Workspace

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
