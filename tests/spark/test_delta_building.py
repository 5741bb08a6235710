"""Delta tables that `delta.tables` finds, makes, converts, copies and takes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.needs import needs

needs("spark", "delta")

import deltalake
from pyspark.errors import AnalysisException
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.types import IntegerType, StringType, StructField, StructType

SCHEMA = "main.fashion_demo"


@pytest.fixture(scope="module")
def delta_table(spark: Any) -> Any:
    """The class, as users import it."""
    from delta.tables import DeltaTable

    return DeltaTable


def ids(frame: Any) -> list[int]:
    return sorted(row.id for row in frame.collect())


def saved(spark: Any, folder: Any, count: int = 3) -> str:
    """The path of a Delta table of some numbers."""
    spark.range(count).coalesce(1).write.format("delta").save(str(folder))
    return str(folder)


# ------------------------------------------------------------------ which table
def test_tables_are_found_by_name_and_by_folder(
    spark: Any, delta_table: Any, tmp_path: Path
) -> None:
    path = saved(spark, tmp_path / "it's a `folder`")
    spark.range(3).write.mode("overwrite").saveAsTable("found_by_name")
    quoted = path.replace("`", "``")
    for table in (
        delta_table.forName(spark, "found_by_name"),
        delta_table.forName(spark, "FASHION_DEMO.Found_By_Name"),
        delta_table.forName(sparkSession=spark, tableOrViewName=f"{SCHEMA}.found_by_name"),
        delta_table.forName(spark, f"delta.`{quoted}`"),
        delta_table.forPath(spark, path),
        delta_table.forPath(spark, f"file:{path}"),
    ):
        table.delete("id = 1")
        assert ids(table.toDF()) == [0, 2]
        assert ids(table.alias("t").toDF().where("t.id > 0")) == [2]
    assert delta_table.isDeltaTable(spark, path) and delta_table.isDeltaTable(
        spark, f"delta.`{quoted}`"
    )
    assert not delta_table.isDeltaTable(spark, str(tmp_path))
    assert not delta_table.isDeltaTable(spark, f"{SCHEMA}.found_by_name")  # it asks of paths


def test_what_is_no_delta_table_is_refused_by_delta_s_name(
    spark: Any, delta_table: Any, tmp_path: Path
) -> None:
    spark.range(1).createOrReplaceTempView("a_view_here")
    spark.sql("CREATE OR REPLACE VIEW kept_view AS SELECT 1 AS id")
    spark.range(1).write.parquet(str(tmp_path / "files"))
    spark.workspace.register_table(f"{SCHEMA}.other_files", str(tmp_path / "files" / "*.parquet"))
    for ask, said in (
        (lambda: delta_table.forName(spark, "none_such"), "none_such.*TABLE_OR_VIEW_NOT_FOUND"),
        (lambda: delta_table.forName(spark, "nope.none_such"), "nope.none_such"),
        (lambda: delta_table.forName(spark, "kept_view"), "kept_view.*a view"),
        (lambda: delta_table.forName(spark, "a_view_here"), "a_view_here.*a view"),
        (lambda: delta_table.forName(spark, "other_files"), "registered from other files"),
        (lambda: delta_table.forName(spark, str(tmp_path)), "forPath"),
        (lambda: delta_table.forPath(spark, str(tmp_path)), "_delta_log"),
        (lambda: delta_table.forName(spark, f"delta.`{tmp_path}`"), "_delta_log"),
    ):
        with pytest.raises(AnalysisException, match=rf"(?s)DELTA_MISSING_DELTA_TABLE.*{said}"):
            ask()
    with pytest.raises(AnalysisException, match="is elsewhere"):
        delta_table.forPath(spark, "s3://bucket/t")
    with pytest.raises(AnalysisException, match=r"hadoopConf.*Leave it out"):
        delta_table.forPath(spark, str(tmp_path), {"fs.s3a.key": "k"})
    with pytest.raises(ValueError, match="no session on a workspace"):
        delta_table.forName("spark", "t")
    path = saved(spark, tmp_path / "gone")
    table = delta_table.forPath(spark, path)
    (tmp_path / "gone").rename(tmp_path / "elsewhere")
    with pytest.raises(AnalysisException, match="DELTA_MISSING_DELTA_TABLE"):
        table.delete()


# ------------------------------------------------------------------ folders
def test_a_folder_of_a_volume_is_merged_into_and_a_registered_one_never(
    spark: Any, delta_table: Any, tmp_path: Path
) -> None:
    spark.workspace.create_volume("main", "fashion_demo", "merged")
    path = saved(spark, "/Volumes/main/fashion_demo/merged/t")
    table = delta_table.forPath(spark, path)
    new = spark.range(2, 5).alias("s")
    table.alias("t").merge(
        new, "t.id = s.id"
    ).whenMatchedDelete().whenNotMatchedInsertAll().execute()
    assert ids(spark.read.format("delta").load(path)) == [0, 1, 3, 4]
    saved(spark, tmp_path / "mine" / "t")
    spark.workspace.register_volume("/Volumes/main/fashion_demo/readonly", tmp_path / "mine")
    table = delta_table.forPath(spark, "/Volumes/main/fashion_demo/readonly/t")
    assert ids(table.toDF()) == [0, 1, 2]
    with pytest.raises(AnalysisException, match="never written"):
        table.delete("id = 1")
    spark.workspace.register_table(f"{SCHEMA}.registered_delta", tmp_path / "mine" / "t")
    table = delta_table.forName(spark, "registered_delta")
    assert ids(table.toDF()) == [0, 1, 2] and table.history().count() == 1
    with pytest.raises(AnalysisException, match=r"registered from files of yours.*CREATE TABLE"):
        table.update(set={"id": "9"})


def test_a_change_of_a_folder_keeps_its_partitions_properties_and_types(
    spark: Any, delta_table: Any, tmp_path: Path
) -> None:
    rows = spark.sql(
        "SELECT id, CAST(id % 2 AS STRING) AS kind, CAST(1 AS TINYINT) AS n, "
        "CAST(1.25 AS DECIMAL(9,2)) AS price, timestamp'2026-01-02 03:04:05' AS at, "
        "date'2026-01-02' AS day, array(float(0.1)) AS v, map('k', 1) AS m, x'00ff' AS raw, "
        "named_struct('a', smallint(1), 'b', array(named_struct('c', 'd'))) AS st FROM range(4)"
    )
    path = str(tmp_path / "t")
    rows.write.format("delta").partitionBy("kind").save(path)
    deltalake.DeltaTable(path).alter.set_table_properties(
        {"delta.logRetentionDuration": "interval 9 days"}
    )
    before = deltalake.DeltaTable(path)
    table = delta_table.forPath(spark, path)
    table.update("id = 3", {"st.a": "7", "price": "price * 2", "kind": "'new'"})
    after = deltalake.DeltaTable(path)
    assert after.schema() == before.schema() and after.metadata().partition_columns == ["kind"]
    assert after.metadata().configuration == before.metadata().configuration
    expected = rows.selectExpr(
        "id",
        "if(id = 3, 'new', kind)",
        "n",
        "if(id = 3, price * 2, price)",
        "at",
        "day",
        "v",
        "m",
        "raw",
        "if(id = 3, named_struct('a', smallint(7), 'b', st.b), st)",
    )
    found = [str(tuple(row)) for row in table.toDF().orderBy("id").collect()]
    assert found == [str(tuple(row)) for row in expected.orderBy("id").collect()]


def test_rows_that_are_only_added_are_written_alone(
    spark: Any, delta_table: Any, tmp_path: Path
) -> None:
    path = saved(spark, tmp_path / "t")
    files = set(deltalake.DeltaTable(path).file_uris())
    table = delta_table.forPath(spark, path)
    new = spark.range(2, 6).alias("s")
    table.alias("t").merge(new, "t.id = s.id").whenNotMatchedInsertAll().execute()
    assert ids(table.toDF()) == [0, 1, 2, 3, 4, 5]
    now = deltalake.DeltaTable(path)
    assert files < set(now.file_uris())
    changed = pa.table(now.load_cdf(starting_version=1).read_all())
    assert changed["_change_type"].to_pylist() == ["insert"] * 3


def test_who_writes_meanwhile_is_not_overwritten(
    spark: Any, delta_table: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from delta.exceptions import ConcurrentWriteException, DeltaConcurrentModificationException

    from engine.spark.delta import folder_rows

    path = saved(spark, tmp_path / "t")
    write = folder_rows.add_to_delta

    def late(*args: Any, **named: Any) -> int:
        deltalake.write_deltalake(path, pa.table({"id": [77]}), mode="append")
        return write(*args, **named)

    monkeypatch.setattr(folder_rows, "add_to_delta", late)
    assert issubclass(ConcurrentWriteException, DeltaConcurrentModificationException)
    with pytest.raises(ConcurrentWriteException, match="written by somebody else meanwhile"):
        delta_table.forPath(spark, path).delete("id = 1")
    monkeypatch.undo()
    table = delta_table.forPath(spark, path)
    assert ids(table.toDF()) == [0, 1, 2, 77]
    table.delete("id = 1")
    assert ids(table.toDF()) == [0, 2, 77]


def test_a_folder_is_taken_back_to_a_version_and_read_as_it_was(
    spark: Any, delta_table: Any, tmp_path: Path
) -> None:
    path = saved(spark, tmp_path / "t")
    table = delta_table.forPath(spark, path)
    first = table.history(1).collect()[0].timestamp
    table.delete("id > 0")
    assert ids(table.toDF()) == [0]
    assert ids(spark.read.format("delta").option("versionAsOf", 0).load(path)) == [0, 1, 2]
    told = table.restoreToVersion(0).collect()[0]
    assert (told.num_restored_files, told.num_of_files_after_restore) == (1, 1)
    assert ids(table.toDF()) == [0, 1, 2]
    assert table.history(1).collect()[0].operation == "RESTORE"
    table.delete()
    table.restoreToTimestamp(
        spark.createDataFrame([(first,)], "at TIMESTAMP")
        .select(F.col("at").cast("string"))
        .collect()[0][0]
    )
    assert ids(table.toDF()) == [0, 1, 2]
    copy = table.cloneAtVersion(1, str(tmp_path / "copy"))
    assert ids(copy.toDF()) == [0]
    assert ids(table.clone(f"{SCHEMA}.cloned_folder", replace=True).toDF()) == [0, 1, 2]


def test_a_table_of_the_workspace_has_its_newest_version_alone(
    spark: Any, delta_table: Any
) -> None:
    spark.range(3).write.mode("overwrite").saveAsTable("restored")
    table = delta_table.forName(spark, "restored")
    table.delete("id = 1")
    newest = table.history(1).collect()[0].version
    assert table.restoreToVersion(newest).collect()[0].num_restored_files == 0
    assert ids(spark.read.option("versionAsOf", newest).table("restored")) == [0, 2]
    with pytest.raises(AnalysisException, match=r"newest version.*keep a copy"):
        table.restoreToVersion(newest - 1)
    with pytest.raises(AnalysisException, match=r"newest version.*keep a copy"):
        spark.read.option("versionAsOf", newest - 1).table("restored")
    copy = table.clone(
        f"{SCHEMA}.restored_copy", isShallow=True, replace=True, properties={"a.b": "c"}
    )
    table.delete()
    assert ids(copy.toDF()) == [0, 2] and copy.detail().collect()[0].properties["a.b"] == "c"
    with pytest.raises(AnalysisException, match="ALREADY_EXISTS"):
        table.clone(f"{SCHEMA}.restored_copy")


# ------------------------------------------------------------------ new tables
def test_a_table_is_built_as_create_table_builds_it(spark: Any, delta_table: Any) -> None:
    spark.sql("DROP TABLE IF EXISTS built")
    table = (
        delta_table.create(spark)
        .tableName(f"{SCHEMA}.built")
        .addColumn("id", "INT", nullable=False, comment="the key")
        .addColumns([StructField("kind", StringType()), StructField("n", IntegerType(), True)])
        .addColumn("st", StructType([StructField("a b", IntegerType())]))
        .partitionedBy("kind")
        .property("my.property", "it's")
        .comment("made by calls")
        .execute()
    )
    assert table.toDF().columns == ["id", "kind", "n", "st"]
    detail = table.detail().collect()[0]
    assert detail.partitionColumns == ["kind"] and detail.properties["my.property"] == "it's"
    made = spark.sql("SHOW CREATE TABLE built").collect()[0][0]
    assert "the key" in made and "made by calls" in made and "NOT NULL" in made
    rows = spark.createDataFrame([(1, "a", 2)], "id INT, kind STRING, n INT").alias("s")
    merge = table.alias("t").merge(rows, "t.id = s.id").whenNotMatchedInsert(values={"id": "s.id"})
    assert merge.execute().collect()[0].num_inserted_rows == 1
    assert ids(
        delta_table.createIfNotExists(spark)
        .tableName("built")
        .addColumn("x", "INT")
        .execute()
        .toDF()
    ) == [1]
    assert delta_table.replace(spark).tableName("built").addColumn(
        "x", "INT"
    ).execute().toDF().columns == ["x"]
    both = delta_table.createOrReplace().tableName("built").addColumn("y", "ARRAY<FLOAT>")
    assert both.clusterBy(["y"]).execute().toDF().columns == ["y"]


def test_what_can_not_be_built_is_refused(spark: Any, delta_table: Any, tmp_path: Path) -> None:
    from delta.tables import IdentityGenerator

    spark.sql("CREATE TABLE IF NOT EXISTS built_once (id INT)")

    def new(how: str = "create") -> Any:
        return getattr(delta_table, how)(spark).addColumn("id", "INT")

    missing, free = "DELTA_CANNOT_REPLACE_MISSING_TABLE", str(tmp_path / "free")
    for builder, said in (
        (new().tableName("built_once"), "ALREADY_EXISTS"),
        (new("replace").tableName("none_such"), missing),
        (new("replace").location(free), missing),
        (new(), "DELTA_CREATE_TABLE_MISSING_TABLE_NAME_OR_LOCATION"),
        (new().tableName("both").location(free), "Leave out one"),
        (new().location(free).comment("c"), "leave out comments"),
    ):
        with pytest.raises(AnalysisException, match=said):
            builder.execute()
    for ask, kind in (
        (lambda: new().addColumn(1, "INT"), ValueError),
        (lambda: new().addColumn("a", 1), TypeError),
        (lambda: new().addColumns(["a"]), TypeError),
        (lambda: new().partitionedBy(1), TypeError),
        (lambda: new().addColumn("a", "INT", True, "1", IdentityGenerator()), ValueError),
        (lambda: new().addColumn("a", "INT", True, None, IdentityGenerator(1, 0)), ValueError),
    ):
        with pytest.raises(kind):
            ask()


def test_a_folder_is_made_a_table(spark: Any, delta_table: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "new" / "t")
    made = (
        delta_table.create(spark)
        .location(path)
        .addColumn("id", "BIGINT")
        .addColumn("kind", "STRING")
    )
    table = made.partitionedBy("kind").execute()
    assert table.detail().collect()[0].partitionColumns == ["kind"] and table.toDF().count() == 0
    rows = spark.createDataFrame([(1, "a")], "id BIGINT, kind STRING").alias("s")
    table.alias("t").merge(rows, "t.id = s.id").whenNotMatchedInsertAll().execute()
    again = delta_table.createIfNotExists(spark).location(path).addColumn("id", "BIGINT").execute()
    assert ids(again.toDF()) == [1]
    with pytest.raises(AnalysisException, match="DELTA_PATH_EXISTS"):
        delta_table.create(spark).location(path).addColumn("id", "BIGINT").execute()


def test_parquet_files_become_a_delta_table_where_they_lie(
    spark: Any, delta_table: Any, tmp_path: Path
) -> None:
    plain, parts = tmp_path / "plain", tmp_path / "parts"
    spark.range(4).write.parquet(str(plain))
    spark.range(4).withColumn("kind", F.col("id").cast("int") % 2).write.partitionBy(
        "kind"
    ).parquet(str(parts))
    table = delta_table.convertToDelta(spark, f"parquet.`{plain}`")
    assert ids(table.toDF()) == [0, 1, 2, 3] and delta_table.isDeltaTable(spark, str(plain))
    table.delete("id = 0")
    assert ids(delta_table.convertToDelta(spark, f"parquet.`{plain}`").toDF()) == [1, 2, 3]
    with pytest.raises(AnalysisException, match=r"DELTA_CONVERSION_NO_PARTITION_FOUND.*kind=0"):
        delta_table.convertToDelta(spark, f"parquet.`{parts}`")
    table = delta_table.convertToDelta(spark, f"parquet.`{parts}`", "kind INT")
    assert {tuple(row) for row in table.toDF().collect()} == {(0, 0), (1, 1), (2, 0), (3, 1)}
    with pytest.raises(AnalysisException, match="DELTA_CONVERT_NON_PARQUET_TABLE"):
        delta_table.convertToDelta(spark, f"parquet.`{tmp_path / 'none'}`")
    spark.sql("CREATE TABLE IF NOT EXISTS is_one_already (id INT)")
    assert delta_table.convertToDelta(spark, "is_one_already").toDF().columns == ["id"]


def test_features_and_versions_of_the_protocol_are_said(
    spark: Any, delta_table: Any, tmp_path: Path
) -> None:
    table = delta_table.forPath(spark, saved(spark, tmp_path / "t"))
    table.addFeatureSupport("appendOnly")
    assert "appendOnly" in table.detail().collect()[0].tableFeatures
    with pytest.raises(AnalysisException, match=r"'flying' is no feature.*deletionVectors"):
        table.addFeatureSupport("flying")
    table.upgradeTableProtocol(3, 7)
    assert table.detail().collect()[0].minWriterVersion == 7
    spark.range(1).write.mode("overwrite").saveAsTable("featured")
    named = delta_table.forName(spark, "featured")
    named.upgradeTableProtocol(3, 7)
    named.addFeatureSupport("deletionVectors")
    told = named.detail().collect()[0].properties
    assert told["delta.feature.deletionVectors"] == "supported", told
