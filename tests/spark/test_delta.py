"""`format("delta")` in folders, without delta-spark: from vectors on workers to a search over them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support.command import typed
from support.needs import needs

needs("spark", "delta")

import deltalake
from pyspark.errors import AnalysisException

import engine
from engine.spark import embed

IMAGES = sorted((Path(__file__).parents[2] / "datasets/sample/images").glob("*.jpg"))[:12]


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """Every row of a Delta table, by deltalake alone."""
    reader = deltalake.QueryBuilder().register("t", deltalake.DeltaTable(str(folder)))
    found = pa.table(reader.execute("SELECT * FROM t").read_all()).to_pylist()
    return sorted((dict(row) for row in found), key=str)


def frame(spark: Any, *rows: Any, types: str = "id INT, word STRING") -> Any:
    return spark.createDataFrame(list(rows), types)


@pytest.mark.parametrize("form", ["delta", "parquet"])
def test_vectors_of_workers_are_registered_indexed_and_searched(
    spark: Any, tmp_path: Path, form: str
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(IMAGES[0].read_bytes()[:300])
    paths = [*map(str, IMAGES), str(broken)]
    photos = frame(spark, *enumerate(paths), types="product_id INT, path STRING").repartition(3)
    found = embed(photos, encoder="embedded", image="path").cache()
    assert [row.product_id for row in found.where("reason IS NOT NULL").collect()] == [len(IMAGES)]
    good, folder = found.where("reason IS NULL"), tmp_path / "vectors"
    good.write.format(form).save(str(folder))

    name, home = f"main.fashion_demo.vectors_{form}", spark.workspace.path
    told = typed("table", "register", name, str(folder), "-w", str(home))
    assert told.exit_code == 0 and f"{len(IMAGES)} rows" in told.output, told.output
    table = spark.workspace.read_table(name)
    assert table.schema.field("image_embedding").type.value_type == pa.float32()
    assert not any(None in one for one in table["image_embedding"].to_pylist())
    vectors = dict(zip(table["product_id"].to_pylist(), table["image_embedding"].to_pylist()))
    expected = engine.load_encoder("embedded").encode_images(IMAGES)
    assert np.array_equal(np.array([vectors[n] for n in range(len(IMAGES))], np.float32), expected)

    indexed(spark.workspace, name)
    for place, vector in enumerate(expected):
        assert nearest(spark.workspace, name, vector) == [place]


def test_what_is_appended_to_a_delta_table_is_found_after_a_sync(
    spark: Any, tmp_path: Path
) -> None:
    photos = [(place, str(path)) for place, path in enumerate(IMAGES)]
    workspace, name, place = spark.workspace, "main.fashion_demo.grown", str(tmp_path / "t")

    def add(rows: list[Any], mode: str) -> None:
        some = frame(spark, *rows, types="product_id BIGINT, path STRING")
        found = embed(some, encoder="hashed", image="path")
        found.write.format("delta").mode(mode).save(place)

    add(photos[:6], "errorifexists")
    assert workspace.register_table(name, place) == 6
    indexed(workspace, name)
    vectors = engine.load_encoder("hashed").encode_images(IMAGES)
    for rows, mode in ((photos[6:], "append"), (photos[3:8], "overwrite")):
        add(rows, mode)
        workspace.sync(f"{name}_index")
        held = {
            key for key in range(len(IMAGES)) if nearest(workspace, name, vectors[key]) == [key]
        }
        assert held == (set(range(12)) if mode == "append" else set(range(3, 8)))


def indexed(workspace: Any, name: str) -> None:
    if not workspace.endpoint_exists("spark-e"):
        workspace.create_endpoint("spark-e")
    workspace.create_index(
        f"{name}_index",
        source_table=name,
        vector_column="image_embedding",
        primary_key="product_id",
        endpoint="spark-e",
    )


def nearest(workspace: Any, name: str, vector: Any) -> list[Any]:
    reply = workspace.query_index(
        f"{name}_index", columns=["product_id"], query_vector=vector.tolist(), num_results=1
    )
    return [row[0] for row in reply["result"]["data_array"]]


@pytest.mark.parametrize("mode", ["append", "overwrite", "errorifexists", "error", "ignore", None])
def test_modes_are_those_of_spark(spark: Any, tmp_path: Path, mode: str | None) -> None:
    folder = tmp_path / "new" / "table"
    rows = frame(spark, (1, "a"), (2, None))
    rows.write.format("delta").save(str(folder), mode=mode)
    first = [{"id": 1, "word": "a"}, {"id": 2, "word": None}]
    assert rows_of(folder) == first
    assert deltalake.DeltaTable(str(folder)).metadata().configuration == {
        "delta.enableChangeDataFeed": "true"
    }
    again = frame(spark, (3, "c")).write.format("DELTA").mode(mode)
    if mode in ("errorifexists", "error", None):
        with pytest.raises(AnalysisException, match=r"DELTA_PATH_EXISTS.*Append to it or replace"):
            again.save(f"file:{folder}")
    else:
        again.save(f"file:{folder}")
    new = [{"id": 3, "word": "c"}]
    assert rows_of(folder) == {"append": first + new, "overwrite": new}.get(mode or "", first)
    assert not list(Path(spark.folder).glob("saved-*"))


def test_a_table_is_read_by_its_path_as_it_is_now(spark: Any, tmp_path: Path) -> None:
    at = dt.datetime(2026, 5, 6, 7, 8, 9, 123456)
    types = "id BIGINT, at TIMESTAMP, price DECIMAL(9,2), tags ARRAY<STRING>, s STRUCT<a: INT>"
    rows = frame(
        spark, (1, at, None, ["x", None], (5,)), (None, None, None, None, None), types=types
    )
    place = str(tmp_path / "odd folder é")
    rows.write.format("delta").save(place)
    found = spark.read.format("delta").load(place)
    assert found.schema.simpleString() == rows.schema.simpleString()
    assert sorted(map(str, found.collect())) == sorted(map(str, rows.collect()))
    rows.write.format("delta").mode("append").save(place)
    assert spark.sql(f"SELECT count(*) FROM delta.`{place}`").collect()[0][0] == 4
    assert (spark.read.load(place, format="delta").count(), found.count()) == (4, 2)
    with pytest.raises(AnalysisException, match="not a Delta table"):
        spark.read.format("delta").load(str(tmp_path))
    with pytest.raises(AnalysisException, match="without the option 'readchangefeed'"):
        spark.read.format("delta").option("readChangeFeed", "true").load(place)


def test_tables_of_volumes_are_written_and_read(spark: Any, tmp_path: Path) -> None:
    spark.workspace.create_volume("main", "fashion_demo", "deltas")
    place = "/Volumes/main/fashion_demo/deltas/t"
    frame(spark, (1, "a")).write.format("delta").save(place)
    frame(spark, (2, "b")).write.format("delta").option("path", f"dbfs:{place}").mode(
        "append"
    ).save()
    assert spark.read.format("delta").load(place).count() == 2
    (tmp_path / "mine").mkdir()
    spark.workspace.register_volume("/Volumes/main/fashion_demo/mine", tmp_path / "mine")
    with pytest.raises(AnalysisException, match="never written"):
        frame(spark, (1, "a")).write.format("delta").save("/Volumes/main/fashion_demo/mine/t")
    with pytest.raises(AnalysisException, match="is elsewhere"):
        frame(spark, (1, "a")).write.format("delta").save("s3://bucket/t")


def test_rows_go_into_a_table_by_name_without_loss(spark: Any, tmp_path: Path) -> None:
    place = str(tmp_path / "t")

    def add(*rows: Any, types: str, mode: str = "append", **options: Any) -> list[dict[str, Any]]:
        into = frame(spark, *rows, types=types).write.format("delta").mode(mode)
        into.options(**options).save(place)
        return rows_of(Path(place))

    add((1, 1.5), types="id BIGINT, price DOUBLE")
    added = add((2.5, 2), types="PRICE FLOAT, Id INT")
    assert {"id": 2, "price": 2.5} in added
    assert {"id": 3, "price": None} in add((3,), types="id INT")
    for row, types in (((4.5,), "id DOUBLE"), (("4",), "id STRING"), ((True,), "id BOOLEAN")):
        with pytest.raises(AnalysisException, match="column 'id' is of type"):
            add(row, types=types)
    with pytest.raises(AnalysisException, match=r"no column 'more'.*mergeSchema"):
        add((4, "x"), types="id INT, more STRING")
    with pytest.raises(AnalysisException, match="no column 'more'"):
        add((4, "x"), types="id INT, more STRING", mode="overwrite")
    assert len(rows_of(Path(place))) == 3
    merged = add((4, "x"), types="id INT, more STRING", mergeSchema=True)
    assert {"id": 4, "price": None, "more": "x"} in merged and len(merged) == 4
    kept = add((5, "y"), types="id INT, other STRING", mode="overwrite", mergeSchema="true")
    assert kept == [{"id": 5, "price": None, "more": None, "other": "y"}]
    anew = add(("6",), types="id STRING", mode="overwrite", overwriteSchema="true")
    assert anew == [{"id": "6"}]


def test_what_delta_lacks_is_refused_and_leaves_nothing(spark: Any, tmp_path: Path) -> None:
    place, rows = tmp_path / "t", frame(spark, (1, "a"))
    write = rows.write.format("delta")
    for bad, said in (
        (rows.withColumnRenamed("word", "a word"), "'a word'.*Rename it"),
        (rows.selectExpr("id", "word", "word AS WORD"), r"COLUMN_ALREADY_EXISTS.*`WORD`"),
        (rows.selectExpr("id", "NULL AS nothing"), "column 'nothing' is of type null"),
        (rows.selectExpr("id", "INTERVAL '1' DAY AS d"), "column 'd' is of type interval day"),
    ):
        with pytest.raises(AnalysisException, match=said):
            bad.write.format("delta").save(str(place))
    with pytest.raises(AnalysisException, match="without the option 'replacewhere'"):
        write.option("replaceWhere", "id = 1").save(str(place))
    assert not place.exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("mine")
    with pytest.raises(AnalysisException, match="something else than a Delta table"):
        rows.write.format("delta").mode("overwrite").save(str(tmp_path / "mine"))
    assert (tmp_path / "mine" / "file").read_text() == "mine"


def test_a_table_in_parts_has_folders_of_their_values(spark: Any, tmp_path: Path) -> None:
    place, rows = tmp_path / "t", frame(spark, (1, "a"), (2, "b"), (3, None))
    rows.write.format("delta").partitionBy("word").save(str(place))
    assert deltalake.DeltaTable(str(place)).metadata().partition_columns == ["word"]
    rows.write.format("delta").mode("append").partitionBy(["word"]).save(str(place))
    assert len(rows_of(place)) == 6 == spark.read.format("delta").load(str(place)).count()
    with pytest.raises(AnalysisException, match="partition"):
        rows.write.format("delta").mode("append").partitionBy("id").save(str(place))


def test_a_table_without_rows_has_its_columns(spark: Any, tmp_path: Path) -> None:
    frame(spark).write.format("delta").save(str(tmp_path / "t"))
    found = spark.read.format("delta").load(str(tmp_path / "t"))
    assert found.count() == 0 and found.columns == ["id", "word"]


def test_a_table_is_written_from_what_it_holds_itself(spark: Any, tmp_path: Path) -> None:
    place = str(tmp_path / "t")
    frame(spark, (1, "a"), (2, "b")).write.format("delta").save(place)
    found = spark.read.format("delta").load(place)
    found.where("id = 2").write.format("delta").mode("overwrite").save(place)
    assert rows_of(Path(place)) == [{"id": 2, "word": "b"}]


def test_upkeep_by_path_joins_small_files_and_keeps_versions(spark: Any, tmp_path: Path) -> None:
    place = tmp_path / "t"
    for number in range(4):
        frame(spark, (number, "a")).coalesce(1).write.format("delta").mode("append").save(
            str(place)
        )
    before = rows_of(place)
    told = spark.sql(f"OPTIMIZE delta.`{place}`").collect()[0]
    assert told.path == str(place)
    assert (told.metrics.numFilesRemoved, told.metrics.filesAdded.totalFiles) == (4, 1)
    assert spark.sql(f"OPTIMIZE delta.`{place}` ZORDER BY (id)").count() == 1
    history = spark.sql(f"DESCRIBE HISTORY delta.`{place}`").collect()
    assert [row.operation for row in history][:3] == ["OPTIMIZE", "OPTIMIZE", "WRITE"]
    assert spark.sql(f"VACUUM delta.`{place}` DRY RUN").count() == 0  # all are young
    assert spark.sql(f"VACUUM delta.`{place}`").collect()[0].path == str(place)
    with pytest.raises(AnalysisException, match=r"RETENTION_PERIOD_TOO_SHORT.*168"):
        spark.sql(f"VACUUM delta.`{place}` RETAIN 1 HOURS")
    with pytest.raises(AnalysisException, match="nope"):
        spark.sql(f"OPTIMIZE delta.`{place}` ZORDER BY (nope)")
    with pytest.raises(AnalysisException, match="not a Delta table"):
        spark.sql(f"DESCRIBE HISTORY delta.`{tmp_path}`")
    assert rows_of(place) == before
    assert spark.sql(f"SELECT * FROM delta.`{place}` VERSION AS OF 1").count() == 2
    name = "main.fashion_demo.kept_up"
    spark.workspace.register_table(name, place)
    assert spark.sql(f"OPTIMIZE {name}").collect()[0].metrics.numFilesRemoved == 0
    assert spark.sql(f"DESCRIBE HISTORY {name}").count() == len(history)
    spark.sql("ANALYZE TABLE kept_up COMPUTE STATISTICS")


def test_details_of_a_folder_are_those_of_its_log(spark: Any, tmp_path: Path) -> None:
    folder = tmp_path / "detailed"
    rows = spark.createDataFrame([(1, "a"), (2, "b")], "id INT, kind STRING")
    rows.write.format("delta").partitionBy("kind").save(str(folder))
    for place in (f"delta.`{folder}`", f"'{folder}'"):
        row = spark.sql(f"DESCRIBE DETAIL {place}").collect()[0]
        assert (row.format, row.partitionColumns, row.numFiles) == ("delta", ["kind"], 2)
        assert row.properties == {"delta.enableChangeDataFeed": "true"}
        assert row.sizeInBytes == sum(file.stat().st_size for file in folder.rglob("*.parquet"))
        assert row.minWriterVersion >= 4 and row.location == folder.as_uri()
        assert spark.sql(f"DESCRIBE HISTORY {place} LIMIT 1").count() == 1
    for kind in ("DETAIL", "HISTORY"):
        with pytest.raises(AnalysisException, match="not a Delta table"):
            spark.sql(f"DESCRIBE {kind} '{tmp_path}/none'")
