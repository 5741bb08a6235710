"""COPY INTO and `read_files` in a session of Spark: they mean what they mean without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.needs import needs

needs("spark")

from pyspark.errors import AnalysisException

V = "/Volumes/main/fashion_demo/copied_files"
OPTIONS = "FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'true', 'inferSchema' = 'true')"


@pytest.fixture
def folder(spark: Any, request: pytest.FixtureRequest) -> Path:
    spark.sql("CREATE VOLUME IF NOT EXISTS main.fashion_demo.copied_files")
    place = Path(spark.workspace.volumes.place(f"{V}/{request.node.name}").file)
    (place / "sub").mkdir(parents=True)
    (place / "a.csv").write_text("id,name\n1,red\n2,\n")
    (place / "sub" / "b.csv").write_text("id,name\n3,blue\n")
    return place


def test_files_are_copied_once(spark: Any, folder: Path) -> None:
    spark.sql("CREATE TABLE copied_once (id INT, name STRING)")
    copy = f"COPY INTO copied_once FROM '{V}/{folder.name}' {OPTIONS}"
    (answer,) = spark.sql(copy).collect()
    assert answer.asDict() == {
        "num_affected_rows": 3, "num_inserted_rows": 3, "num_skipped_corrupt_files": 0
    }  # fmt: skip
    (folder / "c.csv").write_text("id,name\n4,new\n")
    assert spark.sql(copy).first()[0] == 1
    chosen = f"SELECT id * 10 AS id, _metadata.file_name AS name FROM '{V}/{folder.name}'"
    forced = f"COPY INTO copied_once FROM ({chosen}) {OPTIONS} COPY_OPTIONS ('force' = 'true')"
    assert spark.sql(forced).first()[0] == 4
    found = spark.table("copied_once").orderBy("id").collect()
    assert [tuple(row) for row in found] == [
        (1, "red"), (2, None), (3, "blue"), (4, "new"),
        (10, "a.csv"), (20, "a.csv"), (30, "b.csv"), (40, "c.csv"),
    ]  # fmt: skip
    with pytest.raises(AnalysisException, match="PATH_NOT_FOUND"):
        spark.sql(copy.replace(folder.name, "nothing"))


def test_read_files_reads_folders_within_and_is_kept_in_views(spark: Any, folder: Path) -> None:
    """Spark read the folder's own files alone, and a view that lasts was refused."""
    call = f"read_files('{V}/{folder.name}', format => 'csv', header => true)"
    by_spark = spark.sql(f"SELECT * FROM {call} ORDER BY id")
    by_workspace = spark.workspace.sql(f"SELECT * FROM {call} ORDER BY id")
    assert [tuple(row) for row in by_spark.collect()] == [
        tuple(row.values()) for row in by_workspace.to_pylist()
    ]
    assert by_spark.dtypes == spark.createDataFrame(by_workspace).dtypes
    spark.sql(f"CREATE OR REPLACE VIEW kept_files AS SELECT id FROM {call}")
    (folder / "c.csv").write_text("id,name\n4,new\n")
    assert sorted(row.id for row in spark.table("kept_files").collect()) == [1, 2, 3, 4]


def test_read_files_tells_where_rows_came_from(spark: Any, folder: Path) -> None:
    """`_metadata` was no column of a query that reads files."""
    call = f"read_files('{V}/{folder.name}', format => 'csv', header => true)"
    found = spark.sql(f"SELECT *, _metadata.file_path FROM {call} ORDER BY id")
    assert found.columns == ["id", "name", "_rescued_data", "file_path"]
    places = [row.file_path for row in found.collect()]
    assert places == [f"dbfs:{V}/{folder.name}/{one}" for one in ("a.csv", "a.csv", "sub/b.csv")]


def test_rdds_read_files_of_volumes(spark: Any, folder: Path) -> None:
    """`sc.textFile("/Volumes/...")` found no such path."""
    context, base = spark.sparkContext, f"{V}/{folder.name}"
    assert sorted(context.textFile(f"dbfs:{base}/a.csv", 1).collect()) == ["1,red", "2,", "id,name"]
    assert context.wholeTextFiles(f"{base}/*.csv").values().collect() == ["id,name\n1,red\n2,\n"]
    assert context.binaryFiles(f"{base}/sub").values().collect() == [b"id,name\n3,blue\n"]
