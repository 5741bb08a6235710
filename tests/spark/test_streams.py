"""Streams: files of volumes into tables of the workspace, by Spark's source and by `cloudFiles`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.needs import needs

needs("spark")

from pyspark.errors import AnalysisException

BASE = "/Volumes/main/fashion_demo/streamed_files"


@pytest.fixture
def files(spark: Any) -> Path:
    spark.sql("CREATE SCHEMA IF NOT EXISTS main.fashion_demo")
    spark.sql("CREATE VOLUME IF NOT EXISTS main.fashion_demo.streamed_files")
    folder = spark.workspace.volumes.place(f"{BASE}/in").file
    folder.mkdir(exist_ok=True)
    add(folder, 1)
    add(folder, 2)
    return Path(folder)


def add(folder: Path, number: int) -> None:
    (folder / f"{number}.json").write_text(json.dumps({"id": number, "word": "a"}))


def stream(frame: Any, name: str) -> None:
    writer = frame.writeStream.option("checkpointLocation", f"{BASE}/state/{name}")
    writer.trigger(availableNow=True).toTable(f"main.fashion_demo.{name}").awaitTermination()


def test_files_of_a_volume_go_into_a_table_once_each(spark: Any, files: Path) -> None:
    rows = lambda: sorted(tuple(row) for row in spark.table("streamed").collect())  # noqa: E731
    frame = spark.readStream.schema("id INT, word STRING").json(f"{BASE}/in")
    stream(frame, "streamed")
    assert rows() == [(1, "a"), (2, "a")]
    add(files, 3)
    stream(frame, "streamed")
    assert rows() == [(1, "a"), (2, "a"), (3, "a")]
    assert spark.workspace.volumes.place(f"{BASE}/state/streamed/offsets").file.is_dir()


@pytest.mark.parametrize(("infers", "kind"), [("true", "bigint"), ("false", "string")])
def test_auto_loader_finds_the_columns(spark: Any, files: Path, infers: str, kind: str) -> None:
    frame = (
        spark.readStream.format("cloudFiles")
        .option("cloudFiles.format", "json")
        .option("cloudFiles.schemaLocation", f"{BASE}/columns")
        .options(**{"cloudFiles.inferColumnTypes": infers})
        .load(f"{BASE}/in")
    )
    assert frame.dtypes == [("id", kind), ("word", "string"), ("_rescued_data", "string")]
    stream(frame, f"loaded_{infers}")
    assert spark.table(f"loaded_{infers}").count() == len(list(files.glob("*.json")))


def test_a_function_merges_each_batch_into_a_table(spark: Any, files: Path) -> None:
    spark.sql("CREATE OR REPLACE TABLE main.fashion_demo.merged (id INT, word STRING)")

    def merge(batch: Any, _: int) -> None:
        batch.createOrReplaceTempView("batch")
        batch.sparkSession.sql(
            "MERGE INTO main.fashion_demo.merged t USING batch s ON t.id = s.id "
            "WHEN NOT MATCHED THEN INSERT *"
        )

    frame = spark.readStream.schema("id INT, word STRING").json(f"dbfs:{BASE}/in")
    for _ in range(2):
        frame.writeStream.foreachBatch(merge).trigger(availableNow=True).start().awaitTermination()
    assert spark.table("merged").count() == len(list(files.glob("*.json")))


def test_what_is_not_offered_is_refused_by_name(spark: Any, files: Path) -> None:
    reads = {
        "can't be read as a stream": lambda: spark.readStream.table("main.fashion_demo.products"),
        "cloudFiles.format": lambda: spark.readStream.format("cloudFiles").load(f"{BASE}/in"),
        "partitionColumns": lambda: spark.readStream.option("cloudFiles.partitionColumns", "id"),
    }
    for said, read in reads.items():
        with pytest.raises(AnalysisException, match=said):
            read()


def test_a_query_names_files_of_a_volume(spark: Any, files: Path) -> None:
    found = spark.sql(f"SELECT count(*) FROM json.`{BASE}/in`").first()[0]
    assert found == len(list(files.glob("*.json")))


def test_read_files_reads_files_of_a_volume(spark: Any, files: Path) -> None:
    (files.parent / "p.csv").write_text("id,word\n1,red\n2,\n")
    csv = f"read_files('{BASE}/p.csv', header => true)"
    found = spark.sql(f"SELECT * FROM {csv} ORDER BY id")
    assert found.dtypes == [("id", "int"), ("word", "string"), ("_rescued_data", "string")]
    assert found.collect() == [(1, "red", None), (2, None, None)]
    spark.sql(f"CREATE OR REPLACE TABLE of_files AS SELECT id, word FROM {csv} AS f WHERE f.id > 1")
    assert spark.table("of_files").collect() == [(2, None)]
    typed = f"read_files('{BASE}/in', format => 'json', schema => 'id STRING')"
    assert spark.sql(f"SELECT * FROM {typed}").dtypes == [("id", "string")]
    for said in ("", "'a', 'b'", f"'{BASE}/in'", "'x.csv', header => upper('a')"):
        with pytest.raises(AnalysisException, match=r"read_files|argument"):
            spark.sql(f"SELECT * FROM read_files({said})")


def test_a_view_of_a_format_is_made_of_files_of_a_volume(spark: Any, files: Path) -> None:
    (files.parent / "v.csv").write_text("id\n7\n")
    spark.sql(
        "CREATE OR REPLACE TEMPORARY VIEW of_format USING csv "
        f"OPTIONS (path '{BASE}/v.csv', header 'true', inferSchema 'true')"
    )
    assert spark.table("of_format").collect() == [(7,)]


def test_auto_loader_takes_hints_of_types(spark: Any, files: Path) -> None:
    """`cloudFiles.schemaHints` was not offered."""
    reader = spark.readStream.format("cloudFiles").option("cloudFiles.format", "json")
    reader.option("cloudFiles.includeExistingFiles", "true")
    hinted = reader.option("cloudFiles.schemaHints", "ID DECIMAL(5,1), later DATE").load(
        f"{BASE}/in"
    )
    kinds = dict(hinted.dtypes)
    assert kinds["id"] == "decimal(5,1)" and kinds["later"] == "date" and kinds["word"] == "string"
    for key, value, said in (
        ("schemaHints", "id of a product", "columns with their types"),
        ("includeExistingFiles", "false", "is not offered"),
    ):
        with pytest.raises(AnalysisException, match=said):
            fresh = spark.readStream.format("cloudFiles").option("cloudFiles.format", "json")
            fresh.option(f"cloudFiles.{key}", value).load(f"{BASE}/in")
