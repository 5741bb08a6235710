"""What an operator sees: every table and index, damaged ones with the reason."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.storefront import built_shop

from engine import Workspace
from engine.core.names import ThreePartName
from engine.errors import InvalidParameterValue, NotFound
from engine.shop.names import HYBRID_INDEX, IMAGE_INDEX, TEXT_INDEX
from engine.store.tables.table_store import TableStore

SCHEMA = {"id": "int", "v": "array<float>"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return built_shop(tmp_path_factory.mktemp("inspected"))


@pytest.fixture
def workspace(built: Workspace, tmp_path: Path) -> Iterator[Workspace]:
    """A shop to be changed."""
    shutil.copytree(built.path, tmp_path / "ws")
    yield Workspace(tmp_path / "ws")


def test_tables_say_what_they_hold(workspace: Workspace) -> None:
    workspace.write_table("main.default.small", pa.table({"a": [1, 2, 3], "b": ["x", "y", "z"]}))
    found = workspace.inspection.tables(part="DEFAULT.SMALL")
    assert found.total == 1
    (small,) = found.tables
    assert (small.kind, small.rows, small.columns, small.fault) == ("table", 3, 2, None)
    files = list((workspace.path / "tables/main/default/small").glob("*.parquet"))
    assert small.bytes == sum(file.stat().st_size for file in files)
    assert small.changed_ms > 1e12


def test_registered_files_and_views_are_named_so(workspace: Workspace, tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "own.parquet")
    workspace.register_table("main.default.own", tmp_path / "own.parquet")
    workspace.sql("CREATE VIEW main.default.seen AS SELECT 1 AS one")
    own, seen = workspace.inspection.tables(part="main.default.").tables
    assert own.kind == "files" and own.rows == 1
    assert (seen.name, seen.kind, seen.rows) == ("main.default.seen", "view", None)


def test_one_damaged_table_is_its_own_row(workspace: Workspace, tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "gone.parquet")
    workspace.register_table("main.default.gone", tmp_path / "gone.parquet")
    (tmp_path / "gone.parquet").unlink()
    workspace.write_table("main.default.cut", pa.table({"a": [1]}))
    (workspace.path / "tables/main/default/cut/table.json").write_text("{")
    every = workspace.inspection.tables()
    faulty = {table.name: table.fault for table in every.tables if table.fault}
    assert set(faulty) == {"main.default.cut", "main.default.gone"}
    assert "is gone" in str(faulty["main.default.gone"])
    assert every.total == len(workspace.list_tables())
    only = workspace.inspection.tables(damaged=True)
    assert {table.name for table in only.tables} == set(faulty) and only.total == 2


def test_many_tables_come_in_pages(workspace: Workspace) -> None:
    for number in range(7):
        workspace.write_table(f"main.many.t{number}", pa.table({"a": [number]}))
    pages = [workspace.inspection.tables(start, 3, "main.many.") for start in (0, 3, 6, 9)]
    assert [len(page.tables) for page in pages] == [3, 3, 1, 0]
    assert [t.name for page in pages for t in page.tables] == [f"main.many.t{n}" for n in range(7)]
    assert {page.total for page in pages} == {7}


def test_an_index_says_what_it_holds_and_how_it_was_synced(built: Workspace) -> None:
    state = built.inspection.index(IMAGE_INDEX)
    assert (state.kind, state.subtype, state.pipeline) == ("DELTA_SYNC", "HYBRID", "TRIGGERED")
    assert state.rows == state.report["inserted"] == 39
    assert state.source == "same" and state.ready and state.can_sync
    assert state.bytes > state.rows * state.dimension * 4
    assert state.version == 1 and state.segments == 1 and state.made_at > 1e12


def test_whether_the_source_moved_on_is_seen_and_nothing_is_synced(workspace: Workspace) -> None:
    source = str(workspace.inspection.index(IMAGE_INDEX).source_table)
    workspace.write_table(source, workspace.read_table(source).slice(0, 30))
    state = workspace.inspection.index(IMAGE_INDEX)
    assert state.source == "moved on" and state.version == 1 and state.rows == 39
    workspace.drop_table(source)
    gone = workspace.inspection.index(IMAGE_INDEX)
    assert gone.source == "gone" and source in gone.source_fault


def test_a_continuous_index_is_not_synced_by_looking(workspace: Workspace) -> None:
    workspace.write_table("main.default.src", pa.table({"id": [1, 2], "v": [[1.0] * 16] * 2}))
    workspace.create_index(
        "main.default.follows",
        endpoint=workspace.list_endpoints()[0]["name"],
        source_table="main.default.src",
        primary_key="id",
        pipeline_type="CONTINUOUS",
        vector_column="v",
        dimension=16,
    )
    workspace.write_table("main.default.src", pa.table({"id": [1], "v": [[1.0] * 16]}))
    state = workspace.inspection.index("main.default.follows")
    assert state.source == "moved on" and state.rows == 2 and not state.can_sync


def test_one_damaged_index_is_its_own_row(workspace: Workspace) -> None:
    for file in (workspace.path / "indexes" / TEXT_INDEX).glob("index.json*"):
        file.write_text("{")
    shutil.rmtree(workspace.path / "indexes" / HYBRID_INDEX / "segments")
    states = {state.name: state for state in Workspace(workspace.path).inspection.indexes()[0]}
    assert states[TEXT_INDEX].fault and "damaged" in states[TEXT_INDEX].fault
    assert states[HYBRID_INDEX].fault and states[HYBRID_INDEX].rows is None
    assert states[IMAGE_INDEX].fault is None and states[IMAGE_INDEX].rows == 39


def test_an_index_whose_endpoint_was_deleted_says_so(workspace: Workspace) -> None:
    workspace.delete_endpoint(workspace.list_endpoints()[0]["name"])
    states, total = workspace.inspection.indexes()
    assert total == 3 and all(state.fault for state in states)


def test_one_without_a_version_and_one_of_rows_by_upsert(workspace: Workspace) -> None:
    endpoint = workspace.list_endpoints()[0]["name"]
    options = {"dimension": 4, "vector_column": "v", "schema": SCHEMA, "primary_key": "id"}
    workspace.create_direct_access_index("main.default.direct", endpoint=endpoint, **options)
    state = workspace.inspection.index("main.default.direct")
    assert state.kind == "DIRECT_ACCESS" and not state.can_sync and state.fault is None
    workspace.upsert("main.default.direct", [{"id": 1, "v": [1.0, 0, 0, 0]}])
    assert workspace.inspection.index("main.default.direct").rows == 1


def test_what_failed_is_kept_with_its_reason(workspace: Workspace) -> None:
    source = str(workspace.inspection.index(IMAGE_INDEX).source_table)
    rows = workspace.read_table(source)
    column = rows.schema.get_field_index("image_embedding")
    vectors = rows.column(column).to_pylist()
    vectors[0] = None
    kind = rows.schema.field(column).type
    workspace.write_table(
        source, rows.set_column(column, "image_embedding", pa.array(vectors, kind))
    )
    workspace.sync(IMAGE_INDEX)
    state = workspace.inspection.index(IMAGE_INDEX)
    assert state.report["failed"] == 1 and len(state.failures) == 1
    workspace.drop_table(source)
    with pytest.raises(NotFound):
        workspace.sync(IMAGE_INDEX)
    failed = workspace.inspection.index(IMAGE_INDEX).failed
    assert failed is not None and source in failed.message


def test_steps_of_care_do_what_the_command_does(workspace: Workspace) -> None:
    inspection = workspace.inspection
    for kind in ("sync", "compact", "check"):
        inspection.start(kind, IMAGE_INDEX)
        _wait(kind)
    by_kind = {job.kind: job for job in inspection.jobs(inspection.index(IMAGE_INDEX))}
    assert by_kind["check"].said == ("2 versions, all intact.",)
    assert by_kind["compact"].said == ("Nothing to compact.",)
    assert "39 rows: 0 inserted, 0 updated" in by_kind["sync"].said[0]
    inspection.start("sync", IMAGE_INDEX)
    _wait("sync")
    (sync,) = [j for j in inspection.jobs(inspection.index(IMAGE_INDEX)) if j.kind == "sync"]
    assert "nothing to do" in sync.said[0]
    segment = next((workspace.path / "indexes" / IMAGE_INDEX / "segments").iterdir())
    (segment / "vectors.npy").write_bytes(b"0" * (segment / "vectors.npy").stat().st_size)
    inspection.start("check", IMAGE_INDEX)
    _wait("check")
    (check,) = [j for j in inspection.jobs(inspection.index(IMAGE_INDEX)) if j.kind == "check"]
    assert not check.is_good and check.state == "done" and "vectors.npy" in check.said[0]


def _wait(kind: str, index: str = IMAGE_INDEX) -> None:
    for thread in threading.enumerate():
        if thread.name == f"{kind} {index}":
            thread.join(60)


def test_steps_that_there_are_not_are_refused(workspace: Workspace) -> None:
    with pytest.raises(InvalidParameterValue, match="'drop' is no step; expected sync, compact"):
        workspace.inspection.start("drop", IMAGE_INDEX)
    for name in ("main.default.none", "../../etc", ""):
        with pytest.raises(NotFound):
            workspace.inspection.start("check", name)


def test_jobs_of_an_index_that_was_deleted_are_not_the_next_ones(workspace: Workspace) -> None:
    options = {"dimension": 4, "vector_column": "v", "schema": SCHEMA, "primary_key": "id"}
    endpoint, name = workspace.list_endpoints()[0]["name"], "main.default.again"
    workspace.create_direct_access_index(name, endpoint=endpoint, **options)
    workspace.inspection.start("check", name)
    _wait("check", name)
    assert workspace.inspection.jobs(workspace.inspection.index(name))
    workspace.delete_index(name)
    workspace.create_direct_access_index(name, endpoint=endpoint, **options)
    assert workspace.inspection.jobs(workspace.inspection.index(name)) == []


def test_volumes_that_lie_elsewhere_are_looked_for(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    workspace.register_volume("/Volumes/main/default/mine", tmp_path / "photos")
    found = {one.path: one for one in workspace.inspection.volumes()}
    assert found["/Volumes/main/default/mine"].fault is None
    (tmp_path / "photos").rmdir()
    found = {one.path: one for one in workspace.inspection.volumes()}
    assert "There is no folder" in str(found["/Volumes/main/default/mine"].fault)
    (workspace.path / "volumes" / "volumes.json").write_text("{")
    (one,) = Workspace(workspace.path).inspection.volumes()
    assert one.fault and "damaged" in one.fault


def test_an_empty_workspace_has_nothing_and_takes_nothing(tmp_path: Path) -> None:
    inspection = Workspace(tmp_path / "none").inspection
    assert inspection.tables().total == 0 and inspection.indexes() == ([], 0)
    assert inspection.volumes() == [] and inspection.disk().total == 0
    assert inspection.process().pid > 0 and not (tmp_path / "none").exists()


def test_the_disk_is_added_up(workspace: Workspace) -> None:
    disk = workspace.inspection.disk()
    files = [file for file in workspace.path.rglob("*") if file.is_file()]
    assert disk.total == sum(file.stat().st_size for file in files) == sum(n for _, n in disk.parts)


def test_rows_of_a_table_come_in_pages(workspace: Workspace) -> None:
    workspace.write_table("main.default.rows", pa.table({"n": list(range(10))}))
    pages = [workspace.inspection.table_rows("main.default.rows", at, 4) for at in (0, 4, 8, 12)]
    assert [[row["n"] for row in rows] for rows, _ in pages] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9],
        [],
    ]
    assert {total for _, total in pages} == {10}
    with pytest.raises(NotFound):
        workspace.inspection.table_rows("main.default.nope", 0, 4)


def test_the_last_queries_are_kept_within_a_bound(workspace: Workspace) -> None:
    vector = [0.1] * workspace.inspection.index(IMAGE_INDEX).dimension
    workspace.search("red dress", k=3)
    workspace.query_index(
        IMAGE_INDEX, columns=["product_id"], query_vector=vector, filters={"gender": "Women"}
    )
    api, search = workspace.inspection.recent.newest()[:2]
    assert (api.by, api.kind, api.filtered, api.text) == ("api", "ANN", "gender", "")
    assert (search.by, search.text, search.found, search.is_plain) == (
        "search",
        "red dress",
        3,
        True,
    )
    assert search.plans and search.whole_ms > 0
    for _ in range(70):
        workspace.search("x" * 5000, k=1)
    newest = workspace.inspection.recent.newest()
    assert len(newest) == 60 and max(len(query.text) for query in newest) <= 300


def test_small_photos_are_not_all_looked_at_whenever_the_page_is(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspection = workspace.inspection
    photos = workspace.path / "cache/thumbnails/aa"
    photos.mkdir(parents=True)
    for place in range(50):
        (photos / f"{place}.jpg").write_bytes(b"12")
    long_ago = time.time_ns() - 60_000_000_000
    os.utime(photos, ns=(long_ago, long_ago))
    before = inspection.disk()

    looked, scandir = [], os.scandir
    monkeypatch.setattr("os.scandir", lambda path: looked.append(str(path)) or scandir(path))
    assert replace(inspection.disk(), free=0) == replace(before, free=0)
    assert str(photos) not in looked and str(photos.parent) in looked

    (photos / "0.jpg").unlink()
    (photos / "more.jpg").write_bytes(b"1234")
    assert inspection.disk().total == before.total + 2
    assert inspection.disk().total == Workspace(workspace.path).inspection.disk().total
    shutil.rmtree(photos)
    assert inspection.disk().total == before.total - 100


@pytest.mark.parametrize("damaged", [False, True])
def test_a_table_that_is_dropped_while_all_are_listed_is_not_damaged(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, damaged: bool
) -> None:
    workspace.write_table("main.default.leaves", pa.table({"a": [1]}))
    names = TableStore.names

    def named(store: TableStore) -> list[ThreePartName]:
        found = names(store)
        shutil.rmtree(workspace.path / "tables/main/default/leaves", ignore_errors=True)
        return found

    monkeypatch.setattr(TableStore, "names", named)
    found = workspace.inspection.tables(part="main.default", damaged=damaged)
    assert found.tables == ()
