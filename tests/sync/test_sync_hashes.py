"""Indexes of releases that hashed rows otherwise: nothing is written anew that did not change."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.encoder import CountingEncoder

from engine import Workspace
from engine.core.schema import SyncReport
from engine.service.sync import source_rows
from engine.store.indexes import changes, compaction
from engine.store.layout import read_json, write_json
from engine.store.segments.hashing import HASH_KIND
from engine.store.segments.segment import HASH_COLUMN, SegmentWriter

INDEX = "main.a.i"
ROWS = 40


def products(start: int = 0) -> pa.Table:
    """Rows with every kind of value that is easily taken for another one."""
    keys = range(start, start + ROWS)
    vectors = np.random.default_rng(start).standard_normal((ROWS, 4))  # doubles beyond float32
    return pa.table(
        {
            "id": pa.array(keys, pa.int64()),
            "v": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 4).cast(
                pa.list_(pa.float64())
            ),
            "text": pa.array([["", None, "a red dress", "a ä 日本"][key % 4] for key in keys]),
            "price": pa.array([[0.0, -0.0, float("nan"), None, 19.99][key % 5] for key in keys]),
            "tags": pa.array(
                [[[], None, ["x"], [None], ["x", "y"]][key % 5] for key in keys],
                pa.list_(pa.string()),
            ),
            "seen": pa.array(
                [key * 10**9 if key % 3 else None for key in keys], pa.timestamp("ns")
            ),
            "name": pa.array([f"name {key % 3}" for key in keys]).dictionary_encode(),
        }
    )


class Shop:
    """A table of two files, and an index over it that an older release wrote."""

    def __init__(self, folder: Path) -> None:
        self.workspace = Workspace(folder / "ws")
        self.folder = folder
        self.clock = 0

    def write(self, name: str, table: pa.Table) -> None:
        pq.write_table(table, self.folder / f"{name}.parquet")
        self.clock += 1
        os.utime(self.folder / f"{name}.parquet", ns=(self.clock, self.clock))
        if len(list(self.folder.glob("*.parquet"))) == 2:
            self.workspace.register_table("t", [self.folder / f"{n}.parquet" for n in "ab"])

    def sync(self) -> SyncReport:
        return self.workspace.sync(INDEX)

    def segments(self) -> list[dict[str, Any]]:
        files = self.workspace.path.glob(f"indexes/{INDEX}/segments/*/segment.json")
        return [read_json(file) for file in files]

    def rows(self) -> list[list[Any]]:
        reply = self.workspace.query_index(
            INDEX, columns=self.columns, query_vector=[0.5] * 4, num_results=1000
        )
        rows: list[list[Any]] = reply["result"].get("data_array", [])
        return rows

    columns = ("id", "text", "price", "tags", "seen", "name")


def duckdb_hashes(table: pa.Table, vectors: np.ndarray | None = None) -> np.ndarray:
    """What releases before 0.5 stored: hashes that differ between releases of DuckDB."""
    import duckdb

    names = [f"c{place}" for place in range(table.num_columns)]
    hashed = table.rename_columns(names)
    found: np.ndarray = duckdb.sql(
        f"SELECT hash({', '.join(names)}) AS h FROM hashed"
    ).fetchnumpy()["h"]
    return found if hashed.num_rows else np.empty(0, dtype=np.uint64)


@pytest.fixture(params=["vectors", "texts"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    made = Shop(tmp_path)
    made.write("a", products())
    made.write("b", products(100))
    embedding: dict[str, Any] = {"vector_column": "v"}
    if request.param == "texts":
        made.workspace.serving.use("mine", CountingEncoder())
        embedding = {"source_column": "text", "model_endpoint": "mine", "columns_to_sync": None}
    with monkeypatch.context() as patch:
        patch.setattr(source_rows, "content_hashes", duckdb_hashes)
        report = made.workspace.create_index(
            INDEX, source_table="t", primary_key="id", create_endpoint=True, **embedding
        )
    assert report.indexed == 80 - (40 if request.param == "texts" else 0)
    for file in made.workspace.path.glob(f"indexes/{INDEX}/segments/*/segment.json"):
        facts = read_json(file)
        assert facts.pop("hash") == HASH_KIND
        write_json(file, facts)
    for file in made.workspace.path.glob(f"indexes/{INDEX}/versions/*.json"):
        write_json(file, {**read_json(file), "hash": "duckdb-0.10.0"})
    made.workspace = Workspace(tmp_path / "ws")
    if request.param == "texts":
        made.workspace.serving.use("mine", CountingEncoder())
    return made


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many rows are written, by batch; small segments are left alone."""
    counts: list[int] = []
    real = SegmentWriter.append

    def counted(self: SegmentWriter, rows: pa.Table, vectors: Any) -> None:
        counts.append(len(vectors))
        real(self, rows, vectors)

    monkeypatch.setattr(SegmentWriter, "append", counted)
    monkeypatch.setattr(changes, "TAIL_NUMBERS", 0)
    return counts


def counts(report: SyncReport) -> tuple[int, int, int]:
    return report.inserted, report.updated, report.deleted


def edited(table: pa.Table, row: int, column: str, value: Any) -> pa.Table:
    values = table[column].to_pylist()
    values[row] = value
    place = table.column_names.index(column)
    return table.set_column(place, column, pa.array(values, table.schema.field(column).type))


def test_files_that_were_written_again_as_they_were_change_nothing(
    shop: Shop, written: list[int]
) -> None:
    before = shop.rows()
    for _ in range(2):
        for name, start in (("a", 0), ("b", 100)):
            shop.write(name, products(start).take(pa.array(range(ROWS)[::-1])))
        assert counts(shop.sync()) == (0, 0, 0)
    assert written == []
    assert shop.rows() == before
    assert shop.workspace.check_index(INDEX) == []


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        (2, "price", 19.98),
        (2, "tags", None),
        (2, "tags", []),
        (2, "tags", ["x", None]),
        (2, "text", "a red dres"),
        (2, "seen", None),
        (2, "name", "name 0"),
        (10, "price", -0.0),
        (10, "tags", None),
    ],
    ids=str,
)
def test_only_the_row_that_changed_is_written(
    shop: Shop, written: list[int], row: int, column: str, value: Any
) -> None:
    table = edited(products(), row, column, value)
    shop.write("a", table)
    assert counts(shop.sync()) == (0, 1, 0)
    assert written == [1]
    for again in (table, edited(table, 3, "text", "other")):
        written.clear()
        shop.write("a", again)
        report = shop.sync()
        assert counts(report) == ((0, 0, 0) if again is table else (0, 1, 0))
        assert written == ([] if again is table else [1])


def test_merged_segments_hold_hashes_of_this_release(shop: Shop, written: list[int]) -> None:
    before = shop.rows()
    shop.write("a", edited(products(), 2, "text", "other"))
    shop.sync()
    assert {segment.get("hash") for segment in shop.segments()} == {None, HASH_KIND}
    assert shop.workspace.compact_index(INDEX)
    shop.write("b", products(100))
    assert counts(shop.sync()) == (0, 0, 0)
    number = shop.workspace.registry.open(INDEX)[1].current()
    assert number is not None
    (part,) = number.parts
    stored = part.segment.metadata.column(HASH_COLUMN).to_pylist()
    made = part.segment.content_hashes(np.arange(part.segment.rows)).tolist()
    assert stored == made
    assert len(shop.rows()) == len(before)
    assert compaction.due(number, 4) == []


def test_a_small_last_segment_is_carried_over_with_the_rows_that_come(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.write("a", edited(products(), 2, "text", "other"))
    assert counts(shop.sync()) == (0, 1, 0)
    version = shop.workspace.registry.open(INDEX)[1].current()
    assert version is not None
    assert len(version.parts) == 1  # written again with the new row, with hashes of this release
    for name, start in (("a", 0), ("b", 100)):
        shop.write(name, products(start))
    assert counts(shop.sync()) == (0, 1, 0)
