"""What sessions do in the cloud, they do here: each test is named for what used to go wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.needs import needs

needs("spark")

from pyspark.errors import AnalysisException

from engine.errors import NotSupported
from engine.service.sql.session import Session


def test_shuffles_may_find_their_partitions_themselves(spark: Any) -> None:
    name = "spark.sql.shuffle.partitions"
    before = spark.conf.get(name)
    spark.conf.set(name, "3")
    spark.conf.set(name, "auto")
    assert spark.conf.get(name) == before
    spark.conf.set(name, 3)
    assert spark.sql(f"SET {name} = auto").columns == [] and spark.conf.get(name) == before
    spark.sql(f"SET {name} = 5")
    assert spark.conf.get(name) == "5"
    spark.conf.set(name, before)


def test_photos_of_volumes_are_found_under_the_paths_that_tables_have(
    spark: Any, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    (photos / "below").mkdir(parents=True)
    (photos / "1.jpg").write_bytes(b"one")
    (photos / "below" / "2 a.jpg").write_bytes(b"two")
    base = "/Volumes/main/fashion_demo/cloud_photos"
    spark.workspace.register_volume(base, photos)

    def found(path: Any, **options: str) -> list[str]:
        read = spark.read.format("binaryFile").options(**options).load(path)
        return sorted(row["path"] for row in read.select("path").collect())

    both = [f"dbfs:{base}/1.jpg", f"dbfs:{base}/below/2 a.jpg"]
    assert found(base, recursiveFileLookup="true") == both
    assert found([f"dbfs:{base}/*.jpg", f"{base}/below"]) == both
    assert found(f"{base}/*/*.jpg") == both[1:]
    assert found(str(photos)) == [f"file:{photos}/1.jpg"]
    read = spark.read.format("binaryFile").option("path", base).load()
    assert [row["path"] for row in read.collect()] == both[:1]


def test_changes_that_are_not_kept_are_refused_where_rows_would_be_taken_for_them(
    spark: Any,
) -> None:
    name = "main.fashion_demo.products"
    reads = [
        lambda: (
            spark.read.option("readChangeFeed", "true").option("startingVersion", 0).table(name)
        ),
        lambda: spark.sql(f"SELECT * FROM table_changes('{name}', 0)"),
    ]
    for read in reads:
        with pytest.raises(AnalysisException, match="changes of a table"):
            read()
    assert spark.read.option("readChangeFeed", "false").table(name).count() == 3


def test_where_names_start_is_told_by_sql_as_the_catalogue_tells_it(spark: Any) -> None:
    found = spark.sql("SELECT current_catalog(), current_schema() AS s, current_database() AS d")
    assert found.first() == ("main", "fashion_demo", "fashion_demo")
    assert found.columns[0] == "current_catalog()"
    beside = spark.sql(
        "SELECT current_catalog(), current_schema( ), 'current_schema()' AS t, count(*) "
        "FROM products WHERE current_database() = 'fashion_demo' -- current_schema()"
    )
    assert beside.first() == ("main", "fashion_demo", "current_schema()", 3)
    assert beside.columns[:2] == ["current_catalog()", "current_schema()"]


def test_a_name_may_be_made_of_parameters(spark: Any) -> None:
    given = {"catalog": "main", "schema": "fashion_demo", "id": 1}
    name = "IDENTIFIER(:catalog || '.' || :schema || '.products')"
    text = f"SELECT count(*) FROM {name} WHERE product_id >= :id"
    assert spark.sql(text, args=given).first()[0] == 3
    spark.sql("CREATE OR REPLACE TABLE IDENTIFIER(:schema || '.made') AS SELECT 7 AS n", given)
    assert spark.sql("SELECT IDENTIFIER(:c) FROM fashion_demo.made", {"c": "n"}).first()[0] == 7
    spark.sql("USE SCHEMA IDENTIFIER(:schema)", given)
    with pytest.raises(AnalysisException, match="IDENTIFIER was given 'a b'"):
        spark.sql("SELECT * FROM IDENTIFIER('a b')")


def test_functions_of_three_parts_are_made_in_sql_and_python_and_called(spark: Any) -> None:
    """`CREATE FUNCTION main.shop.f ...` was refused by Spark, whose own names have two parts."""
    made = [
        "CREATE OR REPLACE FUNCTION main.fashion_demo.band(p DOUBLE COMMENT 'a (price)') RETURNS STRING "
        "RETURN CASE WHEN p < 15 THEN 'low' ELSE 'high' END",
        "CREATE FUNCTION IF NOT EXISTS dearest() RETURNS DOUBLE "
        "RETURN (SELECT max(price) FROM products)",
        "CREATE FUNCTION fashion_demo.turned(s STRING, n DECIMAL(10,2) DEFAULT 2) RETURNS STRING\n"
        'LANGUAGE PYTHON AS $$\n  import re; mark = "it\'s;"\n  def put(s):\n'
        "    return s[::-1] + mark * int(n)\n  return None if s is None else put(s)\n$$",
    ]
    for text in [*made, made[1]]:
        spark.sql(text)
    found = spark.sql(
        "SELECT main.fashion_demo.band(price) b, `main`.fashion_demo.`turned`(product_display_name) t, "
        "turned('ab', 1), dearest() d, 'main.fashion_demo.band(1)' s FROM products WHERE product_id = 1"
    )
    assert found.first() == (
        "low",
        "sserd derit's;it's;",
        "bait's;",
        20.0,
        "main.fashion_demo.band(1)",
    )
    spark.table("products").writeTo("dear_prices").createOrReplace()
    spark.sql(
        "CREATE FUNCTION dearer(n INT) RETURNS TABLE (price DOUBLE) "
        "RETURN SELECT price FROM dear_prices WHERE price > n"
    )
    spark.sql("INSERT INTO dear_prices (product_id, price) VALUES (9, 99.0)")
    assert sorted(row.price for row in spark.sql("SELECT * FROM dearer(15)").collect()) == [
        20.0,
        99.0,
    ]
    assert spark.sql("SELECT count(*) FROM main.fashion_demo.dearer(50)").first()[0] == 1
    priced = spark.table("products").selectExpr("fashion_demo.band(price) AS b").where("b = 'high'")
    assert priced.count() == 2
    assert "DOUBLE" in str(spark.sql("DESCRIBE FUNCTION main.fashion_demo.band").collect())
    for text, said in (
        (made[2], "ROUTINE_ALREADY_EXISTS"),
        (made[0].replace("fashion_demo.band", "other.band"), "SCHEMA_NOT_FOUND"),
        (made[2].replace("turned", "broken").replace("return None", "return ("), "can't be read"),
        ("DROP FUNCTION main.fashion_demo.none", "no function main.fashion_demo.none"),
    ):
        with pytest.raises(AnalysisException, match=said):
            spark.sql(text)
    found = spark.workspace.sql("SELECT main.fashion_demo.band(1), main.fashion_demo.dearest()")
    assert found.to_pylist() == [
        {"main.fashion_demo.band(1)": "low", "main.fashion_demo.dearest()": 20.0}
    ]
    for name in ("band", "turned", "dearest", "dearer", "none"):
        spark.sql(f"DROP FUNCTION IF EXISTS main.fashion_demo.{name}")
    with pytest.raises(AnalysisException):
        spark.sql("SELECT main.fashion_demo.band(1)")


def test_functions_that_another_door_made_or_changed_are_called(spark: Any) -> None:
    sql = spark.workspace.sql
    sql("CREATE SCHEMA IF NOT EXISTS main.wares")
    sql("CREATE TABLE main.wares.t AS SELECT 5 AS n")
    sql("USE main.wares", session=(there := Session()))
    body = "RETURN (SELECT max(n) FROM t) * x"
    sql(f"CREATE FUNCTION most(x INT DEFAULT 2) RETURNS INT {body}", session=there)
    sql("CREATE FUNCTION main.wares.twice(x INT) RETURNS INT RETURN main.wares.most(x) * 2")
    sql(
        "CREATE FUNCTION main.wares.rows_of(x INT) RETURNS TABLE (a INT) RETURN SELECT x UNION SELECT 7"
    )
    ask = "SELECT main.wares.most(), wares.twice(3), a FROM main.wares.rows_of(1) ORDER BY a"
    assert spark.sql(ask).collect() == [(10, 30, 1), (10, 30, 7)]
    sql("CREATE OR REPLACE FUNCTION main.wares.most(x INT DEFAULT 2) RETURNS INT RETURN x")
    assert spark.sql("SELECT main.wares.most()").first()[0] == 2
    assert spark.range(1).selectExpr("wares.most(4) AS m").first().m == 4
    spark.sql("CREATE OR REPLACE TEMPORARY FUNCTION alone() RETURNS INT RETURN 1")
    assert spark.sql("SELECT alone()").first()[0] == 1
    with pytest.raises(NotSupported, match="alone"):
        sql("SELECT alone()")
    sql("DROP FUNCTION main.wares.most")
    with pytest.raises(AnalysisException):
        spark.sql("SELECT main.wares.most()")


def test_expressions_of_dataframes_ask_models(spark: Any) -> None:
    """`selectExpr("ai_query(...)")` was no function of Spark's."""
    frame = spark.table("products").where("product_id < 3").orderBy("product_id")
    call = "ai_query('clip-multimodal-encoder', product_display_name) AS e"
    found = frame.selectExpr("product_id + 1 AS n", call).orderBy("n").collect()
    (expected,) = spark.workspace.sql(
        "SELECT ai_query('clip-multimodal-encoder', 'red dress') AS e"
    )
    assert [row.n for row in found] == [2, 3] and found[0].e == expected[0].as_py()
    assert frame.selectExpr(["product_id", "price * 2 AS p"]).first() == (1, 21.0)


def test_the_catalogue_tells_what_columns_are_for(spark: Any) -> None:
    """Comments, partitions and clusters were left out of `listColumns`."""
    spark.sql("CREATE TABLE told (a INT COMMENT 'first', b INT) PARTITIONED BY (b)")
    spark.sql("CREATE VIEW told_too AS SELECT a FROM told")
    spark.range(1).createOrReplaceTempView("told_once")
    found = spark.catalog.listColumns("told")
    assert [(one.name, one.description, one.isPartition) for one in found] == [
        ("a", "first", False), ("b", None, True),
    ]  # fmt: skip
    for view, name in (("told_too", "a"), ("told_once", "id")):
        (one,) = spark.catalog.listColumns(view)
        assert (one.name, one.isPartition, one.isCluster) == (name, False, False)
