"""Segments are merged while rows are written one by one: few are left, and no row is lost or doubled."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from engine import Workspace
from engine.store.indexes import changes
from engine.store.indexes.compaction import RATIO, compact, due
from engine.store.indexes.versions import Version, VersionStore
from engine.store.segments.segment import SegmentWriter

INDEX = "main.a.direct"
DIMENSION = 8
TAIL = 16  # rows of a last segment that is written again with the next ones


@pytest.fixture
def written(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace with an empty index, where few rows make what else many rows do."""
    monkeypatch.setattr(changes, "HELD_NUMBERS", 4 * DIMENSION)
    monkeypatch.setattr(changes, "TAIL_NUMBERS", TAIL * DIMENSION)
    monkeypatch.setattr("engine.store.indexes.compaction.SMALL_NUMBERS", TAIL * DIMENSION)
    workspace.create_direct_access_index(
        INDEX,
        dimension=DIMENSION,
        vector_column="v",
        schema={"id": "integer", "v": "array<float>"},
        primary_key="id",
        create_endpoint=True,
    )
    yield workspace
    wait_for_merges()


def wait_for_merges() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("compact "):
            thread.join(60)


def write(workspace: Workspace, *keys: int) -> None:
    rows = [{"id": key, "v": [float(key)] * DIMENSION} for key in keys]
    assert workspace.upsert(INDEX, rows)["status"] == "SUCCESS"


def versions_of(workspace: Workspace) -> VersionStore:
    return workspace.registry.open(INDEX)[1]


def version_of(workspace: Workspace) -> Version:
    version = versions_of(workspace).current()
    assert version is not None
    return version


def held_by(workspace: Workspace) -> list[int]:
    """All keys, ascending, each as often as it is there."""
    found: list[Any] = []
    for part in version_of(workspace).parts:
        found += part.segment.keys_of(part.live_row_numbers())
    return sorted(found)


def sizes(version: Version) -> list[int]:
    return [part.segment.rows for part in version.parts if part.segment.held is None]


def interrupted(monkeypatch: pytest.MonkeyPatch, step: Any) -> None:
    """Have something done while a merged segment is built."""
    finish = SegmentWriter.finish

    def finish_after_it(writer: SegmentWriter) -> int:
        if "building" in str(writer.folder):
            monkeypatch.setattr(SegmentWriter, "finish", finish)
            step()
        return finish(writer)

    monkeypatch.setattr(SegmentWriter, "finish", finish_after_it)


def write_two_segments(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred rows and sixty, which nothing merges by itself."""
    monkeypatch.setattr("engine.service.indexes.maintenance._BACKGROUND_NUMBERS", -1)
    write(workspace, *range(100, 200))
    write(workspace, *range(200, 260))


def test_rows_from_eight_threads_leave_few_segments(written: Workspace) -> None:
    write(written, *range(10_000, 11_000))

    def write_some(first: int) -> None:
        for key in range(first, 800, 8):
            write(written, key)

    threads = [threading.Thread(target=write_some, args=(first,)) for first in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    wait_for_merges()
    assert held_by(written) == [*range(800), *range(10_000, 11_000)]
    *large, last = sizes(version_of(written))
    smaller = sum(large) - max(large)
    assert max(large) >= RATIO * smaller or smaller < TAIL
    assert len(large) <= 3
    assert last <= 2 * TAIL


def test_what_the_next_write_takes_along_is_not_merged(written: Workspace) -> None:
    write(written, *range(1000, 1100))
    write(written, *range(40))
    write(written, *range(50, 50 + TAIL - 1))
    version = version_of(written)
    merged = due(version, written.registry.open(INDEX)[0].row_weight)
    assert sizes(version)[-1] == TAIL - 1
    assert version.parts[-1] not in merged


def test_a_merge_is_given_up_where_a_restored_version_has_rows_that_were_deleted(
    written: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_two_segments(written, monkeypatch)
    versions, older = versions_of(written), version_of(written)
    written.delete_rows(INDEX, [100, 101, 250])

    def restore() -> None:
        with versions.writing():
            versions.publish([part.listed for part in older.parts], older.facts, alone=True)

    interrupted(monkeypatch, restore)
    assert compact(versions, version_of(written).parts) is None
    assert held_by(written) == [*range(100, 260)]


def test_a_merge_outlasts_a_write_that_took_one_of_its_segments_along(
    written: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_two_segments(written, monkeypatch)
    write(written, *range(10))
    parts = version_of(written).parts
    assert [part.segment.rows for part in parts] == [100, 60, 10]
    # The last segment goes into that of these rows, with one row of its own written anew.
    interrupted(monkeypatch, lambda: write(written, 5, 20, 21, 22, 23, 24))
    assert compact(versions_of(written), parts) is not None
    assert held_by(written) == [*range(10), *range(20, 25), *range(100, 260)]
    assert [part.live_rows for part in version_of(written).parts] == [160, 15]


def test_a_merge_whose_rows_were_replaced_meanwhile_is_given_up(
    written: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_two_segments(written, monkeypatch)
    parts = version_of(written).parts
    interrupted(monkeypatch, lambda: write(written, *range(100, 250)))
    assert compact(versions_of(written), parts) is None
    assert held_by(written) == [*range(100, 260)]
