"""Odd names, types and texts in a session on a workspace: kept as they are, or refused by name."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from support.needs import needs

needs("spark")

from pyspark.errors import AnalysisException

from engine.spark import embed

ODD = ["a.b", "a`b", "a'b\" c", "größe", "$%s{x}", ":p ?", "line\nbreak"]


def frame(spark: Any, names: list[str]) -> Any:
    return spark.createDataFrame([tuple(map(str, range(len(names))))], names)


def test_columns_of_odd_names_are_saved_appended_and_read(spark: Any) -> None:
    rows = frame(spark, ODD)
    rows.write.saveAsTable("odd_names")
    frame(spark, ODD[::-1]).write.mode("append").saveAsTable("odd_names")
    rows.write.insertInto("odd_names")
    found = spark.table("odd_names")
    assert found.columns == ODD
    first = tuple(map(str, range(len(ODD))))
    assert sorted(map(tuple, found.collect())) == sorted([first, first, first[::-1]])
    rows.createOrReplaceTempView("odd_view")
    spark.sql("INSERT INTO odd_names SELECT * FROM odd_view")
    assert spark.table("odd_names").count() == 4


@pytest.mark.parametrize("text", ODD)
def test_columns_of_odd_names_are_embedded(spark: Any, text: str) -> None:
    rows = spark.createDataFrame([("k", "red dress", 1)], ["the.key `", text, "c0"])
    found = embed(rows, encoder="hashed", text=text, key="the.key `").collect()
    assert found[0]["the.key `"] == "k" and found[0].reason is None
    assert len(found[0].text_embedding) > 0


def test_types_that_spark_lacks_are_those_of_sql(spark: Any) -> None:
    workspace = spark.workspace
    most, wide = 2**64 - 1, Decimal(10) ** 40
    table = pa.table(
        {
            "large": pa.array([most, None], pa.uint64()),
            "inside": pa.array([[most], None], pa.list_(pa.uint64())),
            "small": pa.array([200, 0], pa.uint8()),
            "wide": pa.array([wide, None], pa.decimal256(50, 2)),
            "span": pa.array([-1, None], pa.duration("us")),
        }
    )
    workspace.write_table("main.fashion_demo.odd_types", table)
    first = spark.table("odd_types").collect()[0].asDict()
    of_sql = workspace.sql("SELECT * FROM odd_types").to_pylist()[0]
    assert first == of_sql == {
        "large": Decimal(most), "inside": [Decimal(most)], "small": 200, "wide": f"{wide:f}.00",
        "span": -1,
    }  # fmt: skip


def test_times_inside_lists_and_structures_stay_instants(spark: Any) -> None:
    at = dt.datetime(2026, 3, 29, 2, 30, 0, 1)
    types = "a ARRAY<TIMESTAMP>, s STRUCT<`t.x`: TIMESTAMP, n: INT>, m MAP<STRING, TIMESTAMP>"
    rows = spark.createDataFrame([([at, None], (at, 1), {"k": at}), (None, None, None)], types)
    rows.write.saveAsTable("nested_times")
    found = spark.table("nested_times")
    assert found.schema.simpleString() == rows.schema.simpleString()
    assert sorted(map(str, found.collect())) == sorted(map(str, rows.collect()))


def test_what_no_table_holds_is_refused_by_name(spark: Any) -> None:
    variant = spark.sql("SELECT 1 AS id, parse_json('{}') AS said")
    for rows, said in (
        (variant, r"column 'said' is of type VARIANT.*to_json"),
        (spark.range(1).select(), "no columns"),
        (spark.createDataFrame([(1,)], [""]), "no name"),
        (spark.sql("SELECT array() AS a"), "column 'a' is of type array<void>.*values within"),
        (spark.sql("SELECT named_struct('x', map()) AS m"), "column 'm'.*values within"),
        (spark.sql("SELECT array(INTERVAL '1' YEAR) AS i"), "column 'i'.*interval year.*intervals"),
        (spark.sql("SELECT make_interval(1) AS i"), "column 'i'.*intervals"),
        (spark.sql("SELECT INTERVAL '1' DAY AS d"), "column 'd' is of type interval day"),
        (spark.sql("SELECT 1 AS id, 2 AS ID"), r"COLUMN_ALREADY_EXISTS.*`ID`"),
    ):
        with pytest.raises(AnalysisException, match=said):
            rows.write.saveAsTable("refused")
    assert not spark.catalog.tableExists("refused")


def test_a_name_is_a_name_and_no_statement(spark: Any) -> None:
    rows = spark.createDataFrame([(1,)], "id INT")
    for name in ("other AS SELECT 2 AS id --", "other; DROP TABLE products", "other (id)", "`a b`"):
        with pytest.raises(AnalysisException, match="is not a table name"):
            rows.write.saveAsTable(name)
    assert not spark.catalog.tableExists("other") and spark.catalog.tableExists("products")
    rows.write.saveAsTable("`main`.fashion_demo.`quoted`")
    rows.write.mode("append").saveAsTable("`quoted`")
    assert spark.table("quoted").count() == 2


def test_a_question_mark_inside_a_text_is_no_parameter(spark: Any) -> None:
    spark.createDataFrame([(0, "")], "id INT, `how?` STRING").write.saveAsTable("asked")
    spark.sql(
        "INSERT INTO asked (id, `how?`) -- why?\nVALUES (?, 'what?'), (/* ? */ 8, ?), (9, 'it''s?')",
        [7, "x"],
    )
    rows = sorted(map(tuple, spark.table("asked").collect()))
    assert rows == [(0, ""), (7, "what?"), (8, "x"), (9, "it's?")]


def test_a_failing_dataframe_leaves_no_table_and_no_files(spark: Any) -> None:
    rows = spark.createDataFrame([(0,), (1,)], "id INT").selectExpr("1 / id AS part")
    with pytest.raises(Exception, match="DIVIDE_BY_ZERO"):
        rows.write.saveAsTable("divided")
    assert not spark.catalog.tableExists("divided")
    assert not list(spark.folder.glob("saved-*"))


def test_a_part_that_fails_and_savers_at_once_lose_no_rows(spark: Any) -> None:
    spark.range(10).write.saveAsTable("shared")
    failing = spark.range(0, 100, 1, 4).selectExpr("id + assert_true(id < 60) AS id")
    for mode in ("overwrite", "append"):
        with pytest.raises(Exception, match=r"assert_true|is not true|ASSERT"):
            failing.selectExpr("coalesce(id, 1) AS id").write.mode(mode).saveAsTable("shared")
    assert spark.table("shared").count() == 10
    with ThreadPoolExecutor(3) as pool:
        saved = [
            pool.submit(spark.range(100).write.mode("append").saveAsTable, "shared")
            for _ in range(3)
        ]
    assert [one.result() for one in saved] == [None] * 3
    assert spark.table("shared").count() == 310
