"""Indexes made, deleted and made again beside others' work: no list fails, no old handle harms."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from reliability.forks import Forks
from reliability.world import (
    INDEX,
    SCHEMA,
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
from engine.errors import BadRequest, NotFound, ResourceConflict, VitrineError
from engine.service.indexes import direct_access as direct
from engine.service.indexes import maintenance
from engine.service.pacing.passages import Passages
from engine.service.sync.run import SyncRun
from engine.store.indexes.compaction import compact
from engine.store.indexes.specs import spec_file
from engine.store.layout import remove_twice

SECONDS = 3.0
ENDPOINT = "fashion_vector_search"
DIRECT = {"dimension": 4, "vector_column": "v", "schema": SCHEMA, "primary_key": "id"}


# ------------------------------------------------------------------ old handles
def made_again(workspace: Workspace, other: bool) -> None:
    """Delete the index, and make another under its name."""
    workspace.delete_index(INDEX)
    if other:
        create_direct(workspace)
        workspace.upsert(INDEX, rows(7, [1, 2]))


@pytest.mark.parametrize("other", [False, True], ids=["deleted", "made again"])
def test_a_write_by_an_old_handle_is_refused_and_changes_nothing(
    tmp_path: Path, other: bool
) -> None:
    workspace = Workspace(tmp_path)
    create_direct(workspace)
    for generation in range(3):
        workspace.upsert(INDEX, rows(generation, range(100 * generation, 100 * generation + 40)))
    handle = Workspace(tmp_path).registry.open(INDEX)[1]
    version = handle.current()
    assert version is not None
    made_again(workspace, other)
    writes: list[Callable[[], object]] = [
        lambda: direct.upsert(handle, rows(9, [1, 50])),
        lambda: direct.delete(handle, [1]),
        lambda: compact(handle, version.parts),
        lambda: maintenance.restore(handle),
    ]
    for write in writes:
        with pytest.raises(NotFound, match=f"index {INDEX} not found"):
            write()
    if other:
        assert held_by(workspace) == held_by(Workspace(tmp_path)) == {1: 7, 2: 7}
        assert workspace.check_index(INDEX) == []
        assert workspace.get_index(INDEX)["status"]["indexed_row_count"] == 2
    else:
        assert not (tmp_path / "indexes" / INDEX).exists()
    assert garbage(tmp_path) == []


@pytest.mark.parametrize("other", [False, True], ids=["deleted", "made again"])
def test_a_sync_by_an_old_handle_is_refused_and_changes_nothing(
    tmp_path: Path, other: bool
) -> None:
    workspace = Workspace(tmp_path)
    create_synced(workspace, dict.fromkeys(range(5), 1))
    old = Workspace(tmp_path)
    handle = old.registry.open(INDEX)[1]
    handle.current()
    made_again(workspace, other)
    with pytest.raises(NotFound, match=f"index {INDEX} not found"):
        passages = Passages(old._layout, old.clock, old.endpoints.states.until)
        SyncRun(old._layout, old.tables, old.serving, handle, passages).run()
    if other:
        assert held_by(workspace) == {1: 7, 2: 7}
        assert workspace.check_index(INDEX) == []
    else:
        assert not (tmp_path / "indexes" / INDEX).exists()
    assert garbage(tmp_path) == []


def test_an_old_handle_reads_no_other_index_of_its_name(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    create_direct(workspace)
    workspace.upsert(INDEX, rows(1, [1]))
    handle = Workspace(tmp_path).registry.open(INDEX)[1]
    made_again(workspace, other=True)
    with pytest.raises(NotFound, match=f"index {INDEX} not found"):
        handle.current()


@pytest.mark.parametrize("file", ["segment.json", "rows.parquet", "vectors.npy", "lengths.npy"])
def test_a_query_beside_a_deletion_says_not_found_and_never_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    monkeypatch.setattr("engine.store.indexes.changes.HELD_NUMBERS", 0)
    workspace = Workspace(tmp_path)
    create_direct(workspace)
    workspace.upsert(INDEX, rows(1, [1]))
    handle = Workspace(tmp_path).registry.open(INDEX)[1]
    remove_twice(spec_file(handle.layout, INDEX))  # as a deletion does first
    [removed] = tmp_path.glob(f"indexes/*/segments/*/{file}")
    removed.unlink()
    for ask in (handle.current, lambda: handle.get(handle.current_number())):
        with pytest.raises(NotFound, match=f"index {INDEX} not found"):
            ask()


def test_opened_workspaces_see_the_index_that_is_there_now(tmp_path: Path) -> None:
    workspace, other = Workspace(tmp_path), Workspace(tmp_path)
    for generation in range(1, 6):
        create_direct(workspace)
        workspace.upsert(INDEX, rows(generation, [generation]))
        assert held_by(other) == {generation: generation}
        other.upsert(INDEX, rows(generation, [99]))
        assert held_by(workspace) == {generation: generation, 99: generation}
        other.delete_index(INDEX)
        with pytest.raises(NotFound):
            held_by(workspace)
        with pytest.raises(NotFound):
            workspace.upsert(INDEX, rows(1, [1]))


def test_an_index_deleted_while_it_is_synced_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace(tmp_path)
    create_synced(workspace, {1: 1})
    workspace.write_table(TABLE, table({2: 2}))
    inside, go_on = threading.Event(), threading.Event()
    take = "engine.service.sync.run.take_difference"
    module = __import__("engine.service.sync.run", fromlist=["take_difference"])
    original = module.take_difference

    def slow(*given: Any) -> Any:
        inside.set()
        assert go_on.wait(60)
        return original(*given)

    monkeypatch.setattr(take, slow)
    ended: list[object] = []
    syncing = threading.Thread(target=lambda: ended.append(Workspace(tmp_path).sync(INDEX)))
    syncing.start()
    assert inside.wait(60)
    deleting = threading.Thread(target=workspace.delete_index, args=[INDEX])
    deleting.start()
    go_on.set()
    syncing.join()
    deleting.join()
    assert len(ended) == 1
    assert not workspace.index_exists(INDEX)
    assert not (tmp_path / "indexes" / INDEX).exists()


def test_an_index_deleted_while_it_is_compacted_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.store.indexes.changes.TAIL_NUMBERS", 0)
    monkeypatch.setattr("engine.service.indexes.maintenance._BACKGROUND_NUMBERS", -1)
    workspace = Workspace(tmp_path)
    create_direct(workspace)
    for generation in range(3):
        workspace.upsert(INDEX, rows(1, [generation]))
    handle = workspace.registry.open(INDEX)[1]
    version = handle.current()
    assert version is not None
    module = __import__("engine.store.segments.segment", fromlist=["SegmentWriter"])
    finish = module.SegmentWriter.finish

    def finish_after_deletion(writer: Any) -> int:
        if "building" in str(writer.folder):
            Workspace(tmp_path).delete_index(INDEX)
        return int(finish(writer))

    monkeypatch.setattr(module.SegmentWriter, "finish", finish_after_deletion)
    with pytest.raises(NotFound):
        compact(handle, version.parts)
    assert not (tmp_path / "indexes" / INDEX).exists()
    monkeypatch.undo()
    create_direct(workspace)
    workspace.upsert(INDEX, rows(5, [5]))
    assert held_by(workspace) == {5: 5}


# ------------------------------------------------------------------ side by side
def test_lists_go_on_while_indexes_and_endpoints_come_and_go(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    create_direct(workspace)
    workspace.upsert(INDEX, rows(1, [1]))
    end = time.monotonic() + SECONDS
    done: Counter[str] = Counter()

    def until_the_end(step: Callable[[Workspace], None]) -> None:
        opened = Workspace(tmp_path)
        while time.monotonic() < end:
            step(opened)
            done[step.__name__] += 1

    def come_and_go(opened: Workspace) -> None:
        name = f"main.default.x{threading.get_ident()}"
        opened.create_direct_access_index(name, **DIRECT)
        opened.upsert(name, rows(1, [1]))
        opened.delete_index(name)

    def endpoints_come_and_go(opened: Workspace) -> None:
        name = f"e{threading.get_ident() % 10**9}"
        opened.create_endpoint(name)
        opened.delete_endpoint(name)

    def check(opened: Workspace) -> None:
        assert INDEX in [index["name"] for index in opened.list_indexes(ENDPOINT)]
        assert INDEX in [index["name"] for index in opened.list_indexes()]
        assert ENDPOINT in [endpoint["name"] for endpoint in opened.list_endpoints()]
        assert opened.get_index(INDEX)["status"]["ready"]
        assert opened.get_endpoint(ENDPOINT)["num_indexes"] >= 1
        assert opened.index_exists(INDEX) and opened.endpoint_exists(ENDPOINT)
        assert held_by(opened)[1] == 1

    steps = [come_and_go, come_and_go, endpoints_come_and_go, check, check, check]
    in_threads(*(partial(until_the_end, step) for step in steps))
    assert min(done[step.__name__] for step in steps) > 5, done
    assert [index["name"] for index in workspace.list_indexes()] == [INDEX]


def test_one_of_many_who_create_an_index_at_once_does(forks: Forks, tmp_path: Path) -> None:
    Workspace(tmp_path).create_endpoint(ENDPOINT)
    job = {"function": "reliability.loops:create_once", "arguments": {"folder": str(tmp_path)}}
    for _ in range(5):
        forks.start(*[job] * 4)
        outcomes = Counter(one.check().values("outcome")[0] for one in forks.ends(4))
        assert outcomes == {"created": 1, "ResourceConflict": 3}
        workspace = Workspace(tmp_path)
        assert workspace.check_index(INDEX) == []
        assert len(held_by(workspace)) == 1
        workspace.delete_index(INDEX)


def test_processes_that_write_delete_and_make_again_mix_no_two_indexes(
    forks: Forks, tmp_path: Path
) -> None:
    create_direct(Workspace(tmp_path))
    common = {"folder": str(tmp_path), "seconds": SECONDS}
    jobs = [
        {"function": "reliability.loops:make_again", "arguments": {**common, "maker": maker}}
        for maker in range(2)
    ] + [{"function": "reliability.loops:write_what_is_there", "arguments": common}] * 2
    forks.start(*jobs)
    ended = [one.check() for one in forks.ends(len(jobs))]
    assert sum(one.values("made")[0] for one in ended[:2]) > 3
    assert sum(one.values("written")[0] for one in ended[2:]) > 3
    refused = set().union(*(one.values("errors")[0] for one in ended))
    assert refused <= {NotFound.__name__, ResourceConflict.__name__, BadRequest.__name__}
    workspace = Workspace(tmp_path)
    if workspace.index_exists(INDEX):
        assert workspace.check_index(INDEX) == []
        workspace.upsert(INDEX, rows(1, [9999]))
    assert garbage(tmp_path) == []


def test_an_endpoint_deleted_while_indexes_are_made_on_it_leaves_none_behind(
    tmp_path: Path,
) -> None:
    end, errors = time.monotonic() + SECONDS, []

    def work(number: int) -> None:
        opened, name = Workspace(tmp_path), f"main.default.x{number}"
        while time.monotonic() < end:
            try:
                opened.create_endpoint("shop") if number % 2 else opened.delete_endpoint("shop")
                opened.create_direct_access_index(name, endpoint="shop", **DIRECT)
                opened.delete_index(name)
            except (NotFound, ResourceConflict, BadRequest):
                if opened.index_exists(name) and not opened.endpoint_exists("shop"):
                    errors.append(name)
            except VitrineError as error:
                errors.append(repr(error))

    in_threads(*(partial(work, number) for number in range(4)))
    assert errors == []
