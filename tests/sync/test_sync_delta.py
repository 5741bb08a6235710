"""Syncs of a registered Delta table, with a change feed and without: as a fresh index would be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.needs import needs

needs("delta")

from deltalake import DeltaTable, write_deltalake

from engine import InvalidState, Workspace
from engine.core.schema import SyncReport
from engine.service.sync.source_rows import REPEATED
from engine.store.tables.delta import DeltaSource

INDEX = "main.a.i"
FEED = {"delta.enableChangeDataFeed": "true"}
Row = tuple[int | None, list[float] | None, str | None]
SCHEMA = pa.schema([("id", pa.int64()), ("v", pa.list_(pa.float32())), ("label", pa.string())])


def as_table(rows: list[Row]) -> pa.Table:
    columns = zip(*rows) if rows else ([], [], [])
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, SCHEMA)], schema=SCHEMA)


@dataclass
class Lake:
    """A Delta table that is a table of a workspace, with an index over it."""

    workspace: Workspace
    folder: Path

    def write(self, rows: list[Row], mode: str = "append", feed: bool = True) -> None:
        write_deltalake(
            self.folder, as_table(rows), mode=mode, configuration=FEED if feed else None
        )

    def merge(self, rows: list[Row]) -> None:
        merger = DeltaTable(self.folder).merge(
            as_table(rows), "t.id = s.id", source_alias="s", target_alias="t"
        )
        merger.when_matched_update_all().when_not_matched_insert_all().execute()

    def delete(self, predicate: str) -> None:
        DeltaTable(self.folder).delete(predicate)

    def create(self, index: str = INDEX) -> SyncReport:
        self.workspace.register_table("t", self.folder)
        return self.workspace.create_index(
            index,
            source_table="t",
            vector_column="v",
            primary_key="id",
            dimension=2,
            create_endpoint=True,
        )

    def sync(self) -> SyncReport:
        return self.workspace.sync(INDEX)

    def rows(self, index: str = INDEX) -> list[list[Any]]:
        reply = self.workspace.query_index(
            index,
            columns=["id", "v", "label"],
            query_vector=[0.25, -0.5],
            num_results=1000,
        )
        rows: list[list[Any]] = reply["result"].get("data_array", [])
        return rows


@pytest.fixture
def lake(workspace: Workspace, tmp_path: Path) -> Lake:
    """Ten rows in a table with a change feed, indexed."""
    made = Lake(workspace, tmp_path / "delta")
    made.write([(key, [key / 8, 1.0], f"r{key}") for key in range(10)])
    assert made.create().inserted == 10
    return made


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Versions of Delta tables that were read whole."""
    versions: list[int] = []
    whole = DeltaSource.batches

    def counted(self: DeltaSource, *arguments: Any) -> Iterator[pa.RecordBatch]:
        versions.append(self.version)
        return whole(self, *arguments)

    monkeypatch.setattr(DeltaSource, "batches", counted)
    return versions


def counts(report: SyncReport) -> tuple[int, int, int]:
    return report.inserted, report.updated, report.deleted


# ------------------------------------------------------------------ any edits
numbers = st.sampled_from([-1.0, 0.0, 0.5, 1.0])
vectors = st.one_of(
    st.tuples(numbers, numbers).map(list),
    st.tuples(numbers, numbers).map(list),
    st.tuples(numbers, numbers).map(list),
    st.none() | st.just([1.0]),
)
labels = st.sampled_from(["x", "y", None])
good = st.lists(
    st.tuples(st.integers(0, 12), st.tuples(numbers, numbers).map(list), labels),
    min_size=1,
    max_size=5,
    unique_by=lambda row: row[0],
)
any_rows = st.lists(
    st.tuples(st.integers(0, 20) | st.none(), vectors, labels), min_size=1, max_size=5
)
edits = st.one_of(
    st.tuples(st.just("merge"), good),
    st.tuples(st.just("merge"), good),
    st.tuples(st.just("append"), any_rows),
    st.tuples(st.just("delete"), st.integers(0, 30)),
    st.tuples(st.just("update"), st.integers(0, 20)),
    st.tuples(st.just("rename"), st.integers(0, 12)),
    st.tuples(st.just("overwrite"), good),
    st.tuples(st.just("optimize"), st.none()),
)


def edit(lake: Lake, what: str, value: Any) -> None:
    table = DeltaTable(lake.folder)
    if what == "append":
        lake.write(value)
    elif what == "merge":
        lake.merge(value)
    elif what == "delete":
        table.delete(f"id % 7 = {value % 7}")
    elif what == "update":
        table.update(predicate=f"id > {value}", updates={"label": "'updated'"})
    elif what == "rename":
        table.update(predicate=f"id = {value}", updates={"id": f"{value + 1}"})
    elif what == "overwrite":
        lake.write(value, mode="overwrite")
    elif what == "optimize":
        table.optimize.compact()


def model(rows: list[list[Any]]) -> dict[int, tuple[Any, ...]]:
    return {int(key): (tuple(vector), label) for key, vector, label, _ in rows}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    feed=st.booleans(),
    first=any_rows,
    rounds=st.lists(st.lists(edits, min_size=1, max_size=3), max_size=4),
)
def test_after_any_commits_the_index_is_what_a_fresh_one_would_be(
    tmp_path_factory: pytest.TempPathFactory, feed: bool, first: list[Row], rounds: list[list[Any]]
) -> None:
    folder = tmp_path_factory.mktemp("lake")
    lake = Lake(Workspace(folder / "ws"), folder / "delta")
    lake.write(first, feed=feed)
    lake.create()
    before = model(lake.rows())
    for number, changes in enumerate(rounds):
        for change in changes:
            edit(lake, *change)
        fresh = lake.create(f"main.a.fresh{number}")
        if before and fresh.failed and not fresh.indexed:
            with pytest.raises(InvalidState, match="No row of source table"):
                lake.sync()
            assert model(lake.rows()) == before
            continue
        report = lake.sync()
        good = model(lake.rows(f"main.a.fresh{number}"))
        faulty = {int(key) for key, reason in fresh.failures if "numbers, expected" in reason}
        kept = {key: before[key] for key in faulty - good.keys() if key in before}
        now = model(lake.rows())
        assert now == good | kept
        assert (report.indexed, report.kept) == (fresh.indexed + len(kept), len(kept))
        assert sorted(report.failures) == sorted(fresh.failures)
        assert report.zero_vectors == sum(vector == (0.0, 0.0) for vector, _ in now.values())
        assert (report.inserted, report.deleted) == (
            len(now.keys() - before.keys()),
            len(before.keys() - now.keys()),
        )
        changed = sum(now[key] != before[key] for key in now.keys() & before.keys())
        if feed:  # rows that were written again as they were count as updated
            assert report.updated >= changed
        else:
            assert report.updated == changed
        assert lake.workspace.check_index(INDEX) == []
        before = now


# ------------------------------------------------------------------ the feed
def test_a_feed_is_followed_without_reading_the_table(lake: Lake, scans: list[int]) -> None:
    lake.write([(20, [1.0, 0.0], "new")])
    lake.merge([(3, [0.0, -1.0], "merged"), (21, [1.0, 1.0], "merged")])
    lake.delete("id in (0, 20)")
    assert counts(lake.sync()) == (1, 1, 1)
    assert scans == []
    found = model(lake.rows())
    assert sorted(found) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 21]
    assert found[3] == ((0.0, -1.0), "merged")


def test_a_commit_that_only_tidies_up_changes_nothing(lake: Lake, scans: list[int]) -> None:
    lake.write([(20, [1.0, 0.0], "new")])
    lake.sync()
    DeltaTable(lake.folder).optimize.compact()
    assert counts(lake.sync()) == (0, 0, 0)
    assert lake.sync().changed is False
    assert scans == []


def test_a_row_deleted_and_written_again_is_the_later_one(lake: Lake, scans: list[int]) -> None:
    lake.delete("id = 4")
    lake.write([(4, [0.5, 0.5], "again"), (30, [1.0, 0.0], "short-lived")])
    lake.delete("id = 30")
    assert counts(lake.sync()) == (0, 1, 0)
    assert scans == []
    assert model(lake.rows())[4] == ((0.5, 0.5), "again")


@pytest.mark.parametrize("apart", [False, True], ids=["in one commit", "in two commits"])
def test_a_key_that_came_twice_in_the_feed_is_reported(lake: Lake, apart: bool) -> None:
    rows: list[Row] = [(20, [1.0, 0.0], "one"), (20, [0.0, 1.0], "two")]
    for written in [[row] for row in rows] if apart else [rows]:
        lake.write(written)
    report = lake.sync()
    assert (counts(report), report.failures) == ((1, 0, 0), [("20", REPEATED)])


def test_a_key_that_is_there_already_is_reported(lake: Lake) -> None:
    lake.write([(3, [1.0, 0.0], "again")])
    report = lake.sync()
    assert (report.indexed, report.failures) == (10, [("3", REPEATED)])


def test_a_key_changed_to_one_that_is_there_is_reported(lake: Lake) -> None:
    DeltaTable(lake.folder).update(predicate="id = 5", updates={"id": "3"})
    report = lake.sync()
    assert (report.indexed, report.failures) == (9, [("3", REPEATED)])
    fresh = lake.create("main.a.fresh")
    assert lake.rows() == lake.rows("main.a.fresh")
    assert fresh.failures == report.failures


def test_every_row_that_fails_in_the_feed_is_reported_and_recovers(
    lake: Lake, scans: list[int]
) -> None:
    lake.write([(None, [1.0, 0.0], "a"), (None, [1.0, 0.0], "b"), (20, None, "c")])
    report = lake.sync()
    without = ("None", "the primary key is null")
    assert sorted(report.failures) == [("20", "the vector is null"), without, without]
    assert report.indexed == 10
    # What failed may be usable now without having changed, so all is read again.
    lake.merge([(20, [1.0, 0.0], "c")])
    lake.delete("id is null")
    scans.clear()
    report = lake.sync()
    assert (counts(report), report.failed) == ((1, 0, 0), 0)
    assert len(scans) == 1
    lake.delete("id = 20")
    assert counts(lake.sync()) == (0, 0, 1)
    assert len(scans) == 1


def test_a_row_without_key_that_a_later_commit_takes_away_is_no_failure(
    lake: Lake, scans: list[int]
) -> None:
    lake.write([(None, [1.0, 0.0], "gone"), (None, [1.0, 1.0], "stays"), (20, [1.0, 0.0], "new")])
    lake.delete("label = 'gone'")
    report = lake.sync()
    assert (counts(report), scans) == ((1, 0, 0), [])
    assert report.failures == [("None", "the primary key is null")]


def test_a_row_that_became_unusable_leaves_the_index(lake: Lake) -> None:
    lake.merge([(3, None, "no vector")])
    report = lake.sync()
    assert (counts(report), report.failures) == ((0, 0, 1), [("3", "the vector is null")])


@pytest.mark.parametrize("feed", [True, False])
def test_vectors_of_another_length_take_no_row_away(
    workspace: Workspace, tmp_path: Path, feed: bool
) -> None:
    lake = Lake(workspace, tmp_path / "delta")
    lake.write([(key, [key / 8, 1.0], f"r{key}") for key in range(10)], feed=feed)
    lake.create()
    before = lake.rows()
    lake.merge([(3, [1.0, 2.0, 3.0], "longer"), (4, [0.5], "shorter"), (5, [0.5, 0.5], "good")])
    report = lake.sync()
    assert (counts(report), report.kept, report.failed) == ((0, 1, 0), 2, 2)
    assert [row for row in lake.rows() if row[0] != 5] == [row for row in before if row[0] != 5]
    every: list[Row] = [(key, [1.0, 2.0, 3.0], "longer") for key in range(10)]
    lake.merge(every)
    for _ in range(2):
        with pytest.raises(
            InvalidState, match=r"has 3 numbers, expected 2 \(rows: 10, such as key"
        ):
            lake.sync()
        assert len(lake.rows()) == 10
    lake.write([(1, [0.0, 1.0], "one")], mode="overwrite", feed=feed)
    assert counts(lake.sync()) == (0, 1, 9)


def test_a_delta_table_that_its_owner_emptied_empties_the_index(lake: Lake) -> None:
    lake.delete("true")
    assert counts(lake.sync()) == (0, 0, 10)


def test_a_feed_of_which_every_row_fails_takes_no_row_away(lake: Lake) -> None:
    lake.merge([(key, None, "none") for key in range(10)])
    for _ in range(2):
        with pytest.raises(InvalidState, match=r"Column v: the vector is null \(rows: 10,"):
            lake.sync()
        assert len(lake.rows()) == 10


# ------------------------------------------------------------------ where the feed has no answer
def test_without_a_feed_the_rows_are_compared(workspace: Workspace, tmp_path: Path) -> None:
    lake = Lake(workspace, tmp_path / "delta")
    lake.write([(key, [key / 8, 1.0], f"r{key}") for key in range(10)], feed=False)
    lake.create()
    lake.merge([(3, [0.0, -1.0], "merged"), (4, [0.5, 1.0], "r4"), (20, [1.0, 0.0], "new")])
    lake.delete("id = 0")
    assert counts(lake.sync()) == (1, 1, 1)
    assert lake.sync().changed is False


def test_a_table_made_anew_in_its_place_is_compared_row_by_row(
    lake: Lake, scans: list[int]
) -> None:
    lake.folder.rename(lake.folder.with_name("old"))
    lake.write([(1, [1 / 8, 1.0], "r1"), (2, [0.0, 0.0], "other")])
    report = lake.sync()
    assert (counts(report), report.zero_vectors) == ((0, 1, 8), 1)
    assert scans


def test_a_table_of_files_may_become_a_delta_table_and_back(lake: Lake, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    rows: list[Row] = [(key, [key / 8, 1.0], f"r{key}") for key in range(9)]
    pq.write_table(as_table([*rows, (50, [1.0, 0.0], "file")]), tmp_path / "f.parquet")
    lake.workspace.register_table("t", tmp_path / "f.parquet")
    assert counts(lake.sync()) == (1, 0, 1)
    assert lake.sync().changed is False
    lake.workspace.register_table("t", lake.folder)
    assert counts(lake.sync()) == (1, 0, 1)
    lake.write([(60, [1.0, 0.0], "delta")])
    assert counts(lake.sync()) == (1, 0, 0)
    assert sorted(model(lake.rows())) == [*range(10), 60]
