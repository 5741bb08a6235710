"""Users' notebook cells on a workspace: tables are Spark's, other statements the workspace's."""

from __future__ import annotations

import datetime as dt
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.needs import needs

needs("spark")

import pandas as pd
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession
from pyspark.sql.functions import pandas_udf

PRODUCTS = "main.fashion_demo.products"


def test_it_is_the_session_of_the_process(spark: Any) -> None:
    assert isinstance(spark, SparkSession)
    assert SparkSession.builder.getOrCreate() is spark
    assert SparkSession.getActiveSession() is spark


@pytest.mark.parametrize(
    "name", [PRODUCTS, "fashion_demo.products", "products", "MAIN.fashion_demo.PRODUCTS"]
)
def test_a_table_is_a_dataframe_under_each_of_its_names(spark: Any, name: str) -> None:
    rows = spark.table(name).orderBy("product_id").toArrow()
    expected = spark.workspace.read_table(PRODUCTS)
    for column in expected.column_names:
        assert rows[column].to_pylist() == expected[column].to_pylist()
    assert spark.read.table(name).count() == 3


def test_a_query_runs_in_spark_under_the_names_of_the_workspace(spark: Any) -> None:
    found = spark.sql(
        f"WITH dear AS (SELECT * FROM {PRODUCTS} WHERE price > 15) -- {PRODUCTS}\n"
        f"SELECT dear.product_id, {PRODUCTS}.price, '{PRODUCTS}' AS text, percentile_approx(1, 0.5) "
        f"FROM dear JOIN {PRODUCTS} USING (product_id) GROUP BY ALL"
    ).collect()
    assert [tuple(row)[:3] for row in found] == [(2, 20.0, PRODUCTS)]


def test_columns_are_named_in_full_where_the_table_is_not(spark: Any) -> None:
    """`UPDATE t ... WHERE main.fashion_demo.t.id = 1` failed: Referenced table not found."""
    spark.table(PRODUCTS).write.mode("overwrite").saveAsTable("named_in_full")
    full = f"{PRODUCTS.rpartition('.')[0]}.named_in_full"
    spark.sql(f"UPDATE named_in_full SET price = 1 WHERE {full}.product_id = 1")
    spark.sql("DELETE FROM named_in_full WHERE fashion_demo.named_in_full.product_id = 2")
    found = spark.sql(
        f"SELECT {full}.price FROM named_in_full WHERE {full}.product_id < 3"
    ).collect()
    assert [tuple(row) for row in found] == [(1.0,)]


def test_times_without_a_zone_are_utc(spark: Any) -> None:
    row = spark.sql(
        "SELECT created_at, hour(created_at) FROM products WHERE product_id = 1"
    ).collect()
    assert row[0][1] == 3
    assert spark.table(PRODUCTS).schema["created_at"].dataType.simpleString() == "timestamp"


@pytest.mark.parametrize("mode", ["append", "overwrite", "errorifexists", "ignore"])
def test_rows_are_saved_as_a_table_of_the_workspace(spark: Any, mode: str) -> None:
    name = f"main.fashion_demo.saved_{mode}"
    frame = spark.table(PRODUCTS)
    frame.write.format("delta").mode(mode).saveAsTable(name)
    assert spark.workspace.read_table(name).num_rows == 3
    again = frame.where("product_id < 3").write.mode(mode).option("mergeSchema", "true")
    if mode == "errorifexists":
        with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_ALREADY_EXISTS"):
            again.saveAsTable(name)
    else:
        again.saveAsTable(name)
    rows = {"append": 5, "overwrite": 2, "errorifexists": 3, "ignore": 3}[mode]
    assert spark.workspace.read_table(name).num_rows == rows == spark.table(name).count()


def test_rows_are_appended_by_name(spark: Any) -> None:
    spark.createDataFrame([(1, "a")], "id INT, name STRING").write.saveAsTable("by_name")
    spark.createDataFrame([("b", 2)], "name STRING, id INT").write.mode("append").saveAsTable(
        "by_name"
    )
    spark.createDataFrame([(3, "c")], "x INT, y STRING").write.insertInto("by_name")
    assert sorted(map(tuple, spark.table("by_name").collect())) == [(1, "a"), (2, "b"), (3, "c")]
    with pytest.raises(AnalysisException, match="2 columns"):
        spark.createDataFrame([(3,)], "x INT").write.insertInto("by_name")


def test_a_dataframe_keeps_its_rows_when_its_table_is_written_again(spark: Any) -> None:
    spark.createDataFrame([(1,), (2,)], "id INT").write.saveAsTable("kept")
    before = spark.table("kept")
    before.where("id = 1").write.mode("overwrite").saveAsTable("kept")
    assert (before.count(), spark.table("kept").count()) == (2, 1)


def test_a_statement_of_the_workspace_reads_temporary_views(spark: Any) -> None:
    spark.table(PRODUCTS).write.mode("overwrite").saveAsTable("with_news")
    new = spark.createDataFrame([(2, 99.0), (7, 1.0)], "product_id INT, price DOUBLE")
    new.createOrReplaceTempView("news")
    counts = spark.sql(
        "MERGE INTO main.fashion_demo.with_news t USING news s ON t.product_id = s.product_id "
        "WHEN MATCHED THEN UPDATE SET price = s.price "
        "WHEN NOT MATCHED THEN INSERT (product_id, price) VALUES (s.product_id, s.price)"
    ).collect()
    assert counts[0].num_affected_rows == 2
    rows = spark.sql("SELECT product_id, price FROM with_news ORDER BY 1").collect()
    assert [tuple(row) for row in rows] == [(1, 10.5), (2, 99.0), (3, None), (7, 1.0)]


def test_a_temporary_view_hides_a_table_and_is_dropped(spark: Any) -> None:
    spark.sql(f"CREATE OR REPLACE TEMP VIEW dear AS SELECT * FROM {PRODUCTS} WHERE price > 15")
    assert spark.sql("SELECT count(*) FROM dear").collect()[0][0] == 1
    assert spark.catalog.tableExists("dear")
    assert "dear" in [one.name for one in spark.catalog.listTables()]
    spark.sql("DROP VIEW dear")
    assert not spark.catalog.tableExists("dear")


@pytest.mark.filterwarnings("ignore:toPandas attempted", "ignore:The copy keyword")
def test_functions_of_pandas_run_in_this_python(spark: Any) -> None:
    @pandas_udf("array<float>")  # type: ignore[call-overload,untyped-decorator]
    def lengths(names: pd.Series) -> pd.Series:
        return names.fillna("").map(lambda name: [float(len(name)), 0.5])

    frame = spark.table(PRODUCTS).withColumn("lengths", lengths("product_display_name"))
    frame.write.mode("overwrite").saveAsTable("lengths")
    table = spark.workspace.read_table("main.fashion_demo.lengths")
    assert table.schema.field("lengths").type.value_type == pa.float32()
    assert sorted(table["lengths"].to_pylist()) == [[0.0, 0.5], [9.0, 0.5], [10.0, 0.5]]
    assert len(frame.toPandas()) == 3


def test_the_catalogue_is_the_workspaces(spark: Any) -> None:
    catalog = spark.catalog
    assert (catalog.currentCatalog(), catalog.currentDatabase()) == ("main", "fashion_demo")
    assert catalog.tableExists(PRODUCTS) and catalog.tableExists("products")
    assert not catalog.tableExists("main.fashion_demo.none") and not catalog.tableExists("a b")
    assert catalog.getTable(PRODUCTS).catalog == "main"
    assert "main" in [one.name for one in catalog.listCatalogs()]
    assert [column.name for column in catalog.listColumns(PRODUCTS)][:2] == [
        "product_id",
        "product_display_name",
    ]
    spark.sql("CREATE SCHEMA main.other")
    assert catalog.databaseExists("other") and not catalog.databaseExists("none")
    catalog.setCurrentDatabase("other")
    try:
        spark.range(3).write.saveAsTable("numbers")
        assert spark.workspace.read_table("main.other.numbers").num_rows == 3
        assert [one.name for one in catalog.listTables(pattern="numb*")] == ["numbers"]
    finally:
        spark.sql("USE main.fashion_demo")


def test_each_call_of_the_catalogue_knows_the_workspace(spark: Any) -> None:
    """`createTable` made tables that the workspace never saw; `isCached` and others knew none."""
    catalog = spark.catalog
    schema = spark.table(PRODUCTS).schema
    made = catalog.createTable("by_catalog", schema=schema, description="it's one")
    assert made.columns == spark.workspace.read_table("main.fashion_demo.by_catalog").column_names
    assert catalog.getTable("by_catalog").description == "it's one"
    for bad, said in (({"schema": schema}, "ALREADY_EXISTS"), ({"path": "/x"}, "give a schema")):
        with pytest.raises(AnalysisException, match=said):
            catalog.createTable("by_catalog", **bad)
    assert "abs" in [one.name for one in catalog.listFunctions(pattern="ab*")]
    assert catalog.isCached("products") is False
    catalog.recoverPartitions("products")
    for ask in (catalog.isCached, catalog.recoverPartitions):
        with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_NOT_FOUND"):
            ask("none_at_all")


def test_another_session_of_the_process_knows_the_tables_too(spark: Any) -> None:
    """The second call of `engine.spark.session` failed: the module was in the place of the function."""
    import engine.spark

    spark.sql("CREATE OR REPLACE TEMP VIEW of_the_first AS SELECT 1 AS x")
    for other in (engine.spark.session(spark.workspace), spark.newSession()):
        assert other.table(PRODUCTS).count() == 3
        assert not other.catalog.tableExists("of_the_first")
        other.range(2).write.mode("overwrite").saveAsTable("of_another")
        assert spark.table("of_another").count() == 2
        shutil.rmtree(other.folder)


def test_another_thread_begins_a_session_too(spark: Any) -> None:
    """It was refused: Spark's session of one thread is not that of another."""
    import engine.spark

    def begin() -> tuple[int, bool]:
        other = engine.spark.session(spark.workspace)
        other.range(3).createOrReplaceTempView("of_a_thread")
        shutil.rmtree(other.folder)
        return other.table("of_a_thread").count(), other.catalog.tableExists("of_a_thread")

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(begin).result() == (3, True)
    assert not spark.catalog.tableExists("of_a_thread")


def test_a_view_of_any_name_is_known_as_one(spark: Any) -> None:
    for name in ("a`b", "a b", "größe"):
        spark.range(2).createOrReplaceTempView(f"`{name.replace('`', '``')}`")
        assert spark.has_temporary(name), name
    for name in ("", "`", "a`", "no such", "default.x"):
        assert not spark.has_temporary(name), name


def test_what_is_missing_is_said_in_the_clouds_words(spark: Any) -> None:
    for ask in (
        lambda: spark.table("main.fashion_demo.product"),
        lambda: spark.sql("SELECT * FROM main.fashion_demo.product"),
        lambda: spark.sql("DELETE FROM main.fashion_demo.product"),
    ):
        with pytest.raises(AnalysisException, match=r"TABLE_OR_VIEW_NOT_FOUND.*products"):
            ask()
    with pytest.raises(AnalysisException, match="PARSE_SYNTAX_ERROR"):
        spark.sql("MERGE INTO")


def test_parameters_of_both_kinds(spark: Any) -> None:
    query = "SELECT product_id FROM products WHERE price >"
    assert [row[0] for row in spark.sql(f"{query} :least", {"least": 15}).collect()] == [2]
    assert [row[0] for row in spark.sql(f"{query} ?", [15]).collect()] == [2]
    spark.createDataFrame([(1, dt.date(2026, 1, 2))], "id INT, day DATE").write.saveAsTable("days")
    spark.sql("DELETE FROM days WHERE day = :day", {"day": dt.date(2026, 1, 2)})
    assert spark.table("days").count() == 0


def test_a_view_of_the_workspace_is_read(spark: Any) -> None:
    spark.sql("CREATE VIEW main.fashion_demo.dear_ones AS SELECT * FROM products WHERE price > 15")
    assert spark.table("dear_ones").count() == 1
    assert spark.sql("SELECT max(price) FROM main.fashion_demo.dear_ones").collect()[0][0] == 20


def test_a_query_of_the_engines_own_functions_is_the_workspaces(spark: Any) -> None:
    with pytest.raises(AnalysisException, match="index"):
        spark.sql(
            "SELECT * FROM vector_search(index => 'main.fashion_demo.none', query_text => 'a')"
        )


# ------------------------------------------------------------------ volumes
def test_files_of_volumes_are_read_and_written_by_their_paths(spark: Any, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "1.jpg").write_bytes(b"one")
    (photos / "2.jpg").write_bytes(b"two")
    spark.workspace.register_volume("/Volumes/main/fashion_demo/spark_photos", photos)
    found = spark.read.format("binaryFile").load("/Volumes/main/fashion_demo/spark_photos/*.jpg")
    assert sorted(bytes(row.content) for row in found.collect()) == [b"one", b"two"]
    listed = spark.read.format("binaryFile").load(["/Volumes/main/fashion_demo/spark_photos/2.jpg"])
    assert [bytes(row.content) for row in listed.collect()] == [b"two"]

    spark.workspace.sql("CREATE SCHEMA IF NOT EXISTS main.fashion_demo")
    spark.workspace.create_volume("main", "fashion_demo", "spark_out")
    rows = spark.createDataFrame([(1, "a"), (2, "b")], "id INT, word STRING")
    base = "/Volumes/main/fashion_demo/spark_out"
    rows.coalesce(1).write.parquet(f"{base}/words")
    rows.coalesce(1).write.mode("overwrite").format("csv").option("header", True).save(
        f"dbfs:{base}/c"
    )
    assert (
        spark.read.parquet(f"{base}/words").orderBy("id").collect() == rows.orderBy("id").collect()
    )
    assert spark.read.csv(f"{base}/c", header=True).count() == 2


def test_a_registered_folder_is_never_written(spark: Any, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    spark.workspace.register_volume("/Volumes/main/fashion_demo/spark_kept", folder)
    with pytest.raises(AnalysisException, match="never written"):
        spark.range(2).write.parquet("/Volumes/main/fashion_demo/spark_kept/new")
    with pytest.raises(AnalysisException, match="without"):
        spark.read.text("/Volumes/main/fashion_demo/spark_kept/../other")
    assert not list(folder.iterdir())
