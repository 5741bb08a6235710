"""A change's masks, counts and files are those worked out anew of all rows, and cost what changes."""

from __future__ import annotations

import shutil
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from engine.core.rows import GrowingRows, RowSet
from engine.core.schema import IndexSpec
from engine.store.indexes import delete_bitmaps
from engine.store.indexes.changes import Change
from engine.store.indexes.compaction import compact
from engine.store.indexes.delete_bitmaps import DeleteBitmaps
from engine.store.indexes.specs import write_spec
from engine.store.indexes.versions import Part, Version, VersionStore
from engine.store.layout import Layout

DIMENSION = 2
SMALL = {
    "engine.store.indexes.changes.TAIL_NUMBERS": 6 * DIMENSION,
    "engine.store.indexes.changes.HELD_NUMBERS": 2 * DIMENSION,
    "engine.store.indexes.delete_bitmaps._LISTED_ROWS": 3,
}
FACTS: dict[str, Any] = {"columns": [], "created_at": 1}
keys = st.lists(st.integers(0, 40), min_size=1, max_size=9, unique=True)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for place, value in SMALL.items():
        monkeypatch.setattr(place, value)
    yield


def spec_of() -> IndexSpec:
    return IndexSpec(
        name="main.a.i",
        id="1",
        endpoint_name="e",
        primary_key="id",
        source_table=None,
        vector_column="v",
        dimension=DIMENSION,
        pipeline_type=None,
        creator="somebody",
        created_at=1,
        columns=("id", "v"),
        schema={"id": "long", "v": "array<float>"},
    )


def dead(part: Part) -> set[int]:
    return set() if part.delete_bitmap is None else set(part.delete_bitmap.rows().tolist())


class Written(RuleBasedStateMachine):
    """An index that is changed, beside a dict of its rows: True for a vector of length 0."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        layout, spec = Layout(self.folder), spec_of()
        write_spec(layout, spec)
        self.versions = VersionStore(layout, spec)
        self.rows: dict[int, bool] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @initialize(count=st.integers(1, 40))
    def fill(self, count: int) -> None:
        self.upsert(list(range(count)), zero=True)

    @rule(chosen=keys, zero=st.booleans())
    def upsert(self, chosen: list[int], zero: bool) -> None:
        vectors = np.full((len(chosen), DIMENSION), 2.0, dtype=np.float32)
        vectors[: len(chosen) // 2] = 0.0 if zero else 1.0
        change = self.changed(chosen)
        change.append(pa.table({"id": pa.array(chosen, pa.int64())}), vectors)
        for key, vector in zip(chosen, vectors):
            self.rows[key] = not vector.any()
        self.publish(change)

    @rule(chosen=keys)
    def delete(self, chosen: list[int]) -> None:
        change = self.changed(chosen)
        for key in chosen:
            self.rows.pop(key, None)
        self.publish(change)

    @rule()
    def merge(self) -> None:
        version = self.versions.current()
        if version is not None and version.parts:
            compact(self.versions, version.parts)

    @rule()
    def open_anew(self) -> None:
        """What else was kept in memory is read."""
        self.versions = VersionStore(self.versions.layout, self.versions.spec)

    def changed(self, chosen: list[int]) -> Change:
        """A change that deletes the rows of some keys, one by one; each step is compared."""
        version = self.versions.current()
        change, gone = Change(self.versions, version), {}
        if version is not None:
            gone = {number: dead(part) for number, part in enumerate(version.parts)}
        for key in chosen:
            parts, places = change.find([key])
            assert (parts[0] >= 0) == (key in self.rows)
            if parts[0] >= 0:
                part, row = int(parts[0]), int(places[0])
                assert change.segment(part).keys_of(places) == [key]
                assert change.delete(part, np.array([row, row])) == 1  # given twice, it counts once
                assert change.delete(part, places) == 0
                gone[part].add(row)
                assert change.find([key])[0][0] == -1
            for number, segment, mask in change.parts():
                assert {row for row in range(segment.rows) if not mask[row]} == gone[number]
        return change

    def publish(self, change: Change) -> None:
        assert change.live_rows == len(self.rows)
        assert change.zero_vectors == sum(self.rows.values())
        if not change.is_empty:
            with self.versions.writing():
                change.publish(FACTS)

    @invariant()
    def what_is_kept_is_what_is_read(self) -> None:
        kept = self.versions.current()
        read = VersionStore(self.versions.layout, self.versions.spec).current()
        assert (kept is None) == (read is None)
        if kept is None or read is None:
            return
        assert kept.rows == read.rows == len(self.rows)
        held: list[Any] = []
        for one, other in zip(kept.parts, read.parts, strict=True):
            assert (one.segment.id, one.deletion_id) == (other.segment.id, other.deletion_id)
            assert dead(one) == dead(other)
            assert one.live_rows == one.segment.rows - len(dead(one)) > 0
            live = one.live(kept.masks)
            alive = set(range(one.segment.rows)) - dead(one)
            assert live is None if not dead(one) else set(live.rows().tolist()) == alive  # type: ignore[union-attr]
            held += one.segment.keys_of(one.live_row_numbers())
        assert sorted(held) == sorted(self.rows)


Written.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
TestWritten = Written.TestCase


# ------------------------------------------------------------------ what a change costs
def large_part(rows: int, deleted: int) -> Part:
    """A part of many rows whose keys are their places, some of them deleted."""
    found = SimpleNamespace(find=lambda keys: np.array(keys, dtype=np.int64))
    vectors = SimpleNamespace(zero_rows=np.empty(0, dtype=np.int64))
    segment: Any = SimpleNamespace(id="s", rows=rows, keys=found, held=None, vectors=vectors)
    bitmap = RowSet.of_rows(np.arange(deleted), rows) if deleted else None
    return Part(segment, bitmap, "d" if deleted else "")


def allocated(work: Callable[[], object]) -> int:
    """Bytes that were held at the same time, at most."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def change_of(part: Part) -> Change:
    versions: Any = SimpleNamespace(spec=spec_of())
    version = Version(1, (part,), {}, {}, None)  # type: ignore[arg-type]
    return Change(versions, version)


@pytest.mark.parametrize("deleted", [0, 5])
def test_a_change_that_leaves_a_large_part_alone_costs_nothing_of_its_rows(deleted: int) -> None:
    part = large_part(8_000_000, deleted)

    def look() -> None:
        change = change_of(part)
        assert change.find([7])[0].tolist() == [0]
        assert change.live_rows == 8_000_000 - deleted
        assert (change.zero_vectors, change.is_empty) == (0, True)

    look()
    assert allocated(look) < 20_000


@pytest.mark.parametrize("deleted", [0, 5])
def test_a_deletion_in_a_large_part_costs_its_bitmap_and_no_mask(deleted: int) -> None:
    part = large_part(8_000_000, deleted)

    def delete_one() -> None:
        change = change_of(part)
        assert change.delete(0, np.array([70])) == 1
        assert change.live_rows == 8_000_000 - deleted - 1

    assert allocated(delete_one) < 1_100_000  # one bitmap of a million bytes
    grown = GrowingRows(part.segment.rows, part.delete_bitmap)
    grown.add(np.array([70]))
    assert allocated(grown.built) < 1_100_000


def test_a_row_more_that_is_deleted_reads_no_file_of_those_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delete_bitmaps, "_LISTED_ROWS", 4)
    bitmaps, total = DeleteBitmaps(tmp_path, "i"), 1000
    grown = GrowingRows(total)
    grown.add(np.arange(500))
    entry = bitmaps.entry("s", grown.built())
    read: list[object] = []
    monkeypatch.setattr(delete_bitmaps, "sha256", read.append)
    for row in range(600, 604):
        more = GrowingRows(total, grown.built())
        more.add(np.array([row]))
        entry, grown = bitmaps.longer(entry, more.built(), more.added), more
        assert bitmaps.read(entry, total) is not None
    assert read == []
    assert entry["deleted"] == [600, 601, 602, 603]
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.undo()
    found = DeleteBitmaps(tmp_path, "i").read(entry, total)
    assert found is not None
    assert found.rows().tolist() == [*range(500), *range(600, 604)]


def test_a_file_of_deleted_rows_that_is_gone_is_written_again(tmp_path: Path) -> None:
    bitmaps, grown = DeleteBitmaps(tmp_path, "i"), GrowingRows(1000)
    grown.add(np.arange(500))
    entry = bitmaps.entry("s", grown.built())
    (tmp_path / entry["deleted_file"]).unlink()
    more = GrowingRows(1000, grown.built())
    more.add(np.array([600]))
    entry = bitmaps.longer(entry, more.built(), more.added)
    found = DeleteBitmaps(tmp_path, "i").read(entry, 1000)
    assert found is not None
    assert found.count == 501
