"""First builds of large tables: in stages that outlast a kill, and in the end as if built at once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import BadRequest, NotFound, Workspace
from engine.service.sync import difference
from engine.service.sync.source_rows import SourceRows
from engine.store.indexes import compaction

ROWS, FILES, DIMENSION = 300, 10, 8
INDEX = "main.a.i"


@pytest.fixture(autouse=True)
def small_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(difference, "STAGE_NUMBERS", 2 * ROWS * DIMENSION)
    monkeypatch.setattr(compaction, "LARGE_NUMBERS", ROWS * DIMENSION)  # stages stay as they are


def file_of(folder: Path, number: int, first: int | None = None) -> Path:
    start = number * ROWS if first is None else first
    vectors = np.random.default_rng(number).standard_normal((ROWS, DIMENSION)).astype(np.float32)
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION)
    keys = np.arange(start, start + ROWS)
    folder.mkdir(exist_ok=True)
    file = folder / f"{number:02}.parquet"
    pq.write_table(pa.table({"product_id": keys, "x": keys % 7, "v": column}), file)
    return file


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    for number in range(FILES):
        file_of(tmp_path / "t", number)
    made = Workspace(tmp_path / "ws")
    made.register_table("t", tmp_path / "t")
    return made


def build(workspace: Workspace, index: str = INDEX) -> Any:
    return workspace.create_index(index, source_table="t", vector_column="v", create_endpoint=True)


def read_files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are read from here on."""
    names: list[str] = []
    before = SourceRows.read
    monkeypatch.setattr(
        SourceRows,
        "read",
        lambda rows, file: (names.append(Path(file[0]).stem), before(rows, file))[1],
    )
    return names


def killed_build(workspace: Workspace, finished: int) -> None:
    """A process that builds and ends on the spot once it has finished so many segments."""
    code = f"""
import os
from engine import Workspace
from engine.service.sync import difference
from engine.store.segments.segment import SegmentWriter
difference.STAGE_NUMBERS = {difference.STAGE_NUMBERS}
finish, count = SegmentWriter.finish, iter(range(99))
SegmentWriter.finish = lambda self: os._exit(9) if next(count) == {finished} else finish(self)
Workspace({str(workspace.path)!r}).create_index(
    {INDEX!r}, source_table="t", vector_column="v", create_endpoint=True
)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9


def everything(workspace: Workspace, index: str = INDEX) -> dict[int, list[float]]:
    rows, after = {}, None
    while True:
        got = workspace.scan_index(index, num_results=1000, last_primary_key=after)
        if not got.get("data"):
            return rows
        for row in got["data"]:
            fields = {f["key"]: f["value"] for f in row["fields"]}
            rows[int(fields["product_id"]["number_value"])] = [
                v["number_value"] for v in fields["v"]["list_value"]["values"]
            ]
        after = got["last_primary_key"]


def test_a_large_table_is_built_in_stages_as_it_would_be_at_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = build(workspace)
    assert (staged.indexed, staged.inserted, staged.failed) == (ROWS * FILES, ROWS * FILES, 0)
    parts = workspace.version_of(INDEX)[2].parts
    small = [600, 600, 600, 1200]  # the last two are small, and written together
    assert [part.segment.rows for part in parts] == small
    monkeypatch.setattr(difference, "STAGE_NUMBERS", 1 << 29)
    build(workspace, "main.a.once")
    assert len(workspace.version_of("main.a.once")[2].parts) == 1
    assert everything(workspace) == everything(workspace, "main.a.once")
    assert not (workspace.path / "indexes" / INDEX / "staged").exists()
    again = workspace.sync(INDEX)
    assert not again.changed


def test_stages_of_few_numbers_a_row_have_no_more_rows_either(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(difference, "STAGE_NUMBERS", 1 << 29)
    monkeypatch.setattr(difference, "STAGE_ROWS", 2 * ROWS)
    build(workspace)
    parts = workspace.version_of(INDEX)[2].parts
    assert [part.segment.rows for part in parts] == [600, 600, 600, 1200]


def test_a_killed_build_goes_on_where_it_was(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_build(workspace, finished=3)
    fresh = Workspace(workspace.path)  # as a new process
    with pytest.raises((BadRequest, NotFound)):
        fresh.query_index(INDEX, columns=["x"], query_vector=[0.0] * DIMENSION)
    names = read_files(monkeypatch)
    report = fresh.sync(INDEX)
    assert names == [f"{number:02}" for number in range(6, FILES)]
    assert (report.indexed, report.inserted) == (ROWS * FILES, ROWS * FILES)
    assert sorted(everything(fresh)) == list(range(ROWS * FILES))
    segments = workspace.path / "indexes" / INDEX / "segments"
    assert len(list(segments.iterdir())) == 4  # what the kill left half done is gone


def test_a_build_begins_again_where_a_file_that_was_taken_has_changed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    killed_build(workspace, finished=2)
    file_of(tmp_path / "t", 1, first=100_000)
    fresh = Workspace(workspace.path)
    names = read_files(monkeypatch)
    fresh.sync(INDEX)
    assert len(names) == FILES
    keys = set(everything(fresh))
    assert 100_000 in keys and ROWS not in keys and len(keys) == ROWS * FILES


def test_a_key_that_comes_again_in_a_later_stage_is_a_failure_and_the_first_counts(
    workspace: Workspace, tmp_path: Path
) -> None:
    shutil.copy(tmp_path / "t" / "00.parquet", tmp_path / "t" / "07.parquet")
    report = build(workspace)
    assert (report.indexed, report.failed) == (ROWS * (FILES - 1), ROWS)
    assert {reason for _, reason in report.failures} == {"the primary key appears a second time"}


def test_failures_of_all_stages_are_reported(workspace: Workspace, tmp_path: Path) -> None:
    for number in (0, 5, 9):
        file = tmp_path / "t" / f"{number:02}.parquet"
        table = pq.ParquetFile(file).read()
        keys = pa.array([None, *table["product_id"].to_pylist()[1:]])
        pq.write_table(table.set_column(0, "product_id", keys), file)
    report = build(workspace)
    assert (report.indexed, report.failed, report.inserted) == (
        ROWS * FILES - 3,
        3,
        ROWS * FILES - 3,
    )
    assert not workspace.sync(INDEX).changed
