"""Writers and readers side by side, dead holders of locks, and a clock that goes back."""

from __future__ import annotations

import os
import signal
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reliability.forks import Forks
from reliability.loops import KEYS, block, read_blocks, write_block
from reliability.world import (
    INDEX,
    TABLE,
    create_direct,
    create_synced,
    garbage,
    held_by,
    rows,
    table,
)
from support.threads import in_threads

from engine import Workspace

SECONDS = float(os.environ.get("VITRINE_SOAK_SECONDS", "10"))
WRITERS, READERS = 2, 4


def together(tmp_path: Path, loops: int, seconds: float) -> dict[str, Any]:
    return {"marks": str(tmp_path / "marks"), "loops": loops, "seconds": seconds}


def test_what_a_thread_raises_is_shown() -> None:
    def fail() -> None:
        raise AssertionError("half a block")

    with pytest.raises(AssertionError, match="half a block"):
        in_threads(lambda: None, fail, lambda: None)


def direct(folder: Path) -> Workspace:
    """An index with the first generation of each writer's block."""
    workspace = Workspace(folder)
    create_direct(workspace)
    for writer in range(WRITERS):
        workspace.upsert(INDEX, rows(1, block(writer)))
    return workspace


def assert_nothing_is_lost(workspace: Workspace, generations: list[int]) -> None:
    expected = {
        key: generation for writer, generation in enumerate(generations) for key in block(writer)
    }
    found = held_by(workspace)
    extra = {block(writer)[-1] + 1 for writer in range(WRITERS)}
    assert {key: found[key] for key in found.keys() - extra} == expected
    assert workspace.check_index(INDEX) == []
    workspace.upsert(INDEX, rows(1, [9999]))
    assert garbage(workspace.path) == []


def test_two_writing_and_four_reading_processes_disturb_nobody(
    forks: Forks, tmp_path: Path
) -> None:
    workspace = direct(tmp_path / "workspace")
    common: dict[str, Any] = {
        "folder": str(workspace.path),
        "together": together(tmp_path, WRITERS + READERS, SECONDS),
    }
    jobs = [
        {"function": "reliability.loops:write_block", "arguments": {**common, "writer": writer}}
        for writer in range(WRITERS)
    ]
    jobs += [
        {"function": "reliability.loops:read_blocks", "arguments": {**common, "writers": WRITERS}}
    ] * READERS
    forks.start(*jobs)
    ended = [one.check() for one in forks.ends(len(jobs))]
    generations = [one.values("generation")[0] for one in ended[:WRITERS]]
    assert min(generations) > 10
    assert all(one.values("errors") == [{}] for one in ended[:WRITERS])
    assert all(one.values("answers")[0] > 20 for one in ended[WRITERS:])
    assert_nothing_is_lost(workspace, generations)


def test_two_writing_and_four_reading_threads_disturb_nobody(tmp_path: Path) -> None:
    workspace = direct(tmp_path / "workspace")
    reports: list[dict[str, Any]] = [{} for _ in range(WRITERS + READERS)]
    common: dict[str, Any] = {
        "folder": str(workspace.path),
        "together": together(tmp_path, WRITERS + READERS, SECONDS / 2),
        "workspace": workspace,
    }
    writers = [partial(write_block, reports[n].update, writer=n, **common) for n in range(WRITERS)]
    readers = [
        partial(read_blocks, reports[WRITERS + n].update, writers=WRITERS, **common)
        for n in range(READERS)
    ]
    in_threads(*writers, *readers)
    wait_for_compaction()
    assert all(report["errors"] == {} for report in reports[:WRITERS])
    assert all(report["answers"] > 20 for report in reports[WRITERS:])
    assert_nothing_is_lost(workspace, [report["generation"] for report in reports[:WRITERS]])


def wait_for_compaction() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("compact "):
            thread.join()


def test_a_table_replaced_and_synced_by_two_processes_is_never_seen_half(
    forks: Forks, tmp_path: Path
) -> None:
    workspace = Workspace(tmp_path / "workspace")
    create_synced(workspace, dict.fromkeys(KEYS, 1))
    names = ["write_tables", "sync_index", "sync_index", "read_table_and_index"]
    marks = together(tmp_path, len(names), SECONDS / 2)
    arguments = {"folder": str(workspace.path), "together": marks}
    forks.start(
        *({"function": f"reliability.loops:{name}", "arguments": arguments} for name in names)
    )
    ended = [one.check() for one in forks.ends(len(names))]
    assert sum(one.values("syncs")[0] for one in ended[1:3]) > 5
    refused = set().union(*(one.values("errors")[0] for one in ended[1:3]))
    assert refused <= {"SyncRunning", "BadSourceFile"}
    assert ended[3].values("newest")[0] > 2
    workspace.sync(INDEX)
    assert held_by(workspace) == dict.fromkeys(KEYS, ended[0].values("generation")[0])
    assert workspace.check_index(INDEX) == []
    assert garbage(workspace.path) == []


def test_two_writers_of_one_table_both_finish_and_one_of_the_tables_stays(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    tables = [table(dict.fromkeys(KEYS, generation)) for generation in range(1, 9)]
    write = partial(workspace.write_table, TABLE)
    in_threads(*(lambda one=one: [write(one) for _ in range(5)] for one in tables))
    assert workspace.read_table(TABLE) in tables
    assert garbage(tmp_path) == []


def test_the_lock_of_a_dead_process_is_no_obstacle(forks: Forks, tmp_path: Path) -> None:
    workspace = direct(tmp_path)
    arguments = {"folder": str(tmp_path)}
    [pid] = forks.start({"function": "reliability.loops:hold_the_lock", "arguments": arguments})
    forks.hears("holds")
    os.kill(pid, signal.SIGKILL)
    assert forks.ends()[0].values("holds") == [True]
    workspace.upsert(INDEX, rows(2, block(0)))
    # The file itself stays, also where a machine lost its power.
    assert (tmp_path / "locks" / f"index-{INDEX}.lock").exists()


# ---------------------------------------------------------------------- time
@pytest.fixture
def backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes back by an hour at every reading."""
    now = [time.time_ns()]

    def earlier() -> int:
        now[0] -= 3600 * 10**9
        return now[0]

    monkeypatch.setattr(time, "time_ns", earlier)
    monkeypatch.setattr(time, "time", lambda: earlier() / 1e9)


@pytest.mark.usefixtures("backwards")
def test_a_clock_that_goes_back_changes_nothing(tmp_path: Path) -> None:
    workspace, reader = direct(tmp_path), Workspace(tmp_path)
    for generation in range(2, 8):
        workspace.upsert(INDEX, rows(generation, KEYS))
        workspace.delete_rows(INDEX, [generation])
        expected = {key: generation for key in KEYS if key != generation}
        expected |= dict.fromkeys(block(1), 1)
        assert held_by(reader) == held_by(workspace) == expected
    workspace.compact_index(INDEX)
    assert held_by(reader) == expected
    assert workspace.check_index(INDEX) == []
    assert garbage(tmp_path) == []


@pytest.mark.usefixtures("backwards")
def test_a_source_that_became_older_is_synced_all_the_same(tmp_path: Path) -> None:
    workspace, file = Workspace(tmp_path / "workspace"), tmp_path / "exported.parquet"

    def export(generation: int, age: int) -> None:
        plain: pa.Table = table(dict.fromkeys(KEYS, generation))
        pq.write_table(plain, file, compression="none", use_dictionary=False)
        os.utime(file, (10**9 - age, 10**9 - age))

    export(1, age=0)
    size = file.stat().st_size
    workspace.register_table(TABLE, file)
    workspace.create_index(
        INDEX, source_table=TABLE, vector_column="v", primary_key="id", create_endpoint=True
    )
    for generation in range(2, 5):
        export(generation, age=1000 * generation)
        assert file.stat().st_size == size
        assert workspace.sync(INDEX).updated == len(KEYS)
        assert held_by(workspace) == dict.fromkeys(KEYS, generation)


def test_an_index_made_anew_with_an_older_file_is_seen_by_others(tmp_path: Path) -> None:
    workspace, reader = direct(tmp_path), Workspace(tmp_path)
    assert held_by(reader) == held_by(workspace)
    workspace.delete_index(INDEX)
    create_direct(workspace)
    workspace.upsert(INDEX, rows(5, [5]))
    os.utime(tmp_path / "indexes" / INDEX / "index.json", (10**9, 10**9))
    assert held_by(reader) == {5: 5}
