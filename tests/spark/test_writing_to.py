"""`df.writeTo` and what an overwrite replaces: tables of the workspace, atomically, or as they were."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from support.needs import needs

needs("spark")

from pyspark.errors import AnalysisException
from pyspark.sql import functions as F  # noqa: N812

T = "main.fashion_demo"
TYPES = "id INT, kind STRING, price DOUBLE"


def frame(spark: Any, *rows: Any, types: str = TYPES) -> Any:
    return spark.createDataFrame(list(rows), types)


def rows_of(spark: Any, name: str) -> list[tuple[Any, ...]]:
    return sorted(
        (tuple(row.values()) for row in spark.workspace.read_table(name).to_pylist()), key=str
    )


def detail(spark: Any, name: str) -> dict[str, Any]:
    return dict(spark.workspace.sql(f"DESCRIBE DETAIL {name}").to_pylist()[0])


FIRST = [(1, "shoe", 10.0), (2, "shoe", 20.0), (3, "hat", 5.0), (4, None, None)]


def test_a_table_is_created_replaced_and_created_or_replaced(spark: Any) -> None:
    name, rows = f"{T}.v2", frame(spark, *FIRST)
    with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_NOT_FOUND"):
        rows.writeTo(name).replace()
    made = rows.writeTo(name).using("delta").tableProperty("it's", "a \\ 'quote'")
    made.partitionedBy("KIND").clusterBy("id").create()
    assert rows_of(spark, name) == sorted(FIRST, key=str)
    told = detail(spark, name)
    assert (told["partitionColumns"], told["clusteringColumns"]) == (["kind"], ["id"])
    assert dict(told["properties"])["it's"] == "a \\ 'quote'"
    with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_ALREADY_EXISTS"):
        rows.writeTo(name).create()
    frame(spark, ("x",), types="word STRING").writeTo("v2").replace()
    assert rows_of(spark, name) == [("x",)] and detail(spark, name)["partitionColumns"] == []
    rows.writeTo("fashion_demo.v2").partitionedBy(F.col("kind"), F.col("id")).createOrReplace()
    rows.writeTo("new_v2").createOrReplace()
    assert detail(spark, name)["partitionColumns"] == ["kind", "id"]
    assert rows_of(spark, name) == rows_of(spark, f"{T}.new_v2") == sorted(FIRST, key=str)


def test_rows_are_appended_by_name(spark: Any) -> None:
    name = f"{T}.v2_appended"
    frame(spark, *FIRST).writeTo(name).create()
    some = frame(spark, (7.5, 9), types="price DOUBLE, ID INT")
    some.writeTo(name).option("mergeSchema", "false").append()
    assert rows_of(spark, name)[-1] == (9, None, 7.5)
    with pytest.raises(AnalysisException, match=r"schema mismatch.*`more`.*mergeSchema"):
        some.withColumn("more", F.lit(1)).writeTo(name).append()
    for write in ("append", "overwritePartitions"):
        with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_NOT_FOUND"):
            getattr(some.writeTo("v2_none"), write)()
    with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_NOT_FOUND"):
        some.writeTo("v2_none").overwrite(F.lit(True))
    assert len(rows_of(spark, name)) == 5


def test_rows_of_a_condition_are_replaced(spark: Any) -> None:
    name = f"{T}.v2_replaced"
    for condition, new, gone in (
        (F.col("kind") == "shoe", (9, "shoe", 1.0), {1, 2}),
        ("price < 15 AND kind IS NOT NULL", (9, "hat", 1.0), {1, 3}),
        (F.col("kind").isNull() | F.upper("kind").like("H%"), (9, "hood", None), {3, 4}),
        (F.col("id").isin(1, 9) & (F.col("price") + 0.5 > 1), (9, None, 1.0), {1}),
        (F.lit(True), (9, None, None), {1, 2, 3, 4}),
        (F.col("id").cast("bigint").eqNullSafe(8), (8, "new", 1.0), set[int]()),
    ):
        frame(spark, *FIRST).writeTo(name).createOrReplace()
        frame(spark, new).writeTo(name).overwrite(condition)
        kept = [row for row in FIRST if row[0] not in gone]
        assert rows_of(spark, name) == sorted([*kept, new], key=str)


def test_rows_that_do_not_fulfil_the_condition_are_refused(spark: Any) -> None:
    name = f"{T}.v2_mismatch"
    frame(spark, *FIRST).writeTo(name).create()
    strange = frame(spark, (9, "shoe", 1.0), (8, "hat", 1.0), (7, None, 1.0))
    with pytest.raises(AnalysisException, match=r"REPLACE_WHERE_MISMATCH\] 2 of the 3 new rows"):
        strange.writeTo(name).overwrite(F.col("kind") == "shoe")
    with pytest.raises(AnalysisException, match="UNRESOLVED_COLUMN"):
        strange.writeTo(name).overwrite(F.col("kin") == "shoe")
    failing = strange.withColumn("price", F.expr("1 / (id - 9)"))
    with pytest.raises(Exception, match="DIVIDE_BY_ZERO"):
        failing.writeTo(name).overwrite(F.lit(True))
    assert rows_of(spark, name) == sorted(FIRST, key=str)


def test_partitions_of_the_rows_are_replaced(spark: Any) -> None:
    name, new = f"{T}.v2_parts", [(8, "hat", 1.0), (9, None, 2.0), (7, "new", 3.0)]
    frame(spark, *FIRST).writeTo(name).partitionedBy("kind").create()
    frame(spark, *new).select("price", "kind", "id").writeTo(name).overwritePartitions()
    assert rows_of(spark, name) == sorted([*FIRST[:2], *new], key=str)
    frame(spark, *FIRST).writeTo("v2_whole").create()
    frame(spark, *new).writeTo("v2_whole").overwritePartitions()
    assert rows_of(spark, f"{T}.v2_whole") == sorted(new, key=str)


def test_what_is_no_column_or_format_is_refused_by_name(spark: Any) -> None:
    rows = frame(spark, (1, dt.datetime(2026, 1, 1)), types="id INT, at TIMESTAMP")
    for ask, said in (
        (lambda to: to.partitionedBy(F.partitioning.years("at")), r"years\(at\).*have id, at"),
        (lambda to: to.partitionedBy("day"), "'day' is no column"),
        (lambda to: to.using("csv"), "using.'csv'.*'delta'"),
        (lambda to: to.options(replaceWhere="id = 1"), r"'replaceWhere'.*overwrite\(condition\)"),
    ):
        with pytest.raises(AnalysisException, match=said):
            ask(rows.writeTo("v2_refused")).create()
    for name in ("a b", "v2; DROP TABLE products", "v2 AS SELECT 1 --"):
        with pytest.raises(AnalysisException, match="is not a table name"):
            rows.writeTo(name).create()
    assert not spark.catalog.tableExists("v2_refused")


def test_an_overwrite_by_save_replaces_what_its_options_say(spark: Any) -> None:
    """`replaceWhere` used to replace the whole table."""
    name = f"{T}.v1_parts"
    frame(spark, *FIRST).write.partitionBy("kind").saveAsTable(name)
    write = frame(spark, (9, "shoe", 1.0)).write.mode("overwrite")
    write.option("replaceWhere", "kind = 'shoe' -- all").saveAsTable(name)
    assert rows_of(spark, name) == sorted([*FIRST[2:], (9, "shoe", 1.0)], key=str)
    write = frame(spark, (8, "hat", 1.0)).write.mode("overwrite")
    write.saveAsTable(name, partitionOverwriteMode="dynamic")
    assert rows_of(spark, name) == sorted([FIRST[3], (9, "shoe", 1.0), (8, "hat", 1.0)], key=str)


def test_rows_that_equal_new_ones_in_some_columns_are_replaced(spark: Any) -> None:
    name, new = f"{T}.v1_using", [(9, "shoe", 1.0), (8, None, 2.0), (7, "new", 3.0)]
    frame(spark, *FIRST).write.saveAsTable(name)
    write = frame(spark, *new).select("price", "KIND", "id").write.mode("overwrite")
    write.option("overwriteSchema", False).option("partitionOverwriteMode", "static")
    write.option("replaceUsing", "`kind`").saveAsTable(name)
    assert rows_of(spark, name) == sorted([*FIRST[2:], *new], key=str)
    write = frame(spark, (3, "cap", 7.0)).write.mode("overwrite").option("mergeSchema", "true")
    write.option("replaceUsing", "id, price").saveAsTable(name)
    assert (3, "hat", 5.0) in rows_of(spark, name)
    write.option("replaceUsing", "id").saveAsTable(name)
    assert [row for row in rows_of(spark, name) if row[0] == 3] == [(3, "cap", 7.0)]
    frame(spark).write.mode("overwrite").option("replaceUsing", "id").saveAsTable(name)
    assert len(rows_of(spark, name)) == 5


def test_rows_that_fulfil_a_condition_with_a_new_one_are_replaced(spark: Any) -> None:
    name, new = f"{T}.v1_on", [(8, None, 2.0), (9, "shoe", 15.0)]
    frame(spark, *FIRST).write.saveAsTable(name)
    write = frame(spark, *new).alias("s").write.mode("overwrite").option("targetAlias", "t")
    on = "s.kind <=> t.kind AND coalesce(t.price < s.price, true)"
    write.option("replaceOn", on).saveAsTable(name)
    assert rows_of(spark, name) == sorted([*FIRST[1:3], *new], key=str)
    new_ids = frame(spark, (80, 2.5), types="no INT, price DOUBLE").withColumnRenamed("no", "id")
    write = new_ids.alias("n").write.mode("overwrite").option("mergeSchema", "true")
    write.option("replaceOn", "v1_on.id * 10 = n.id").saveAsTable(name)
    assert rows_of(spark, name) == sorted([*FIRST[1:3], new[1], (80, None, 2.5)], key=str)


def test_an_insert_replaces_what_its_options_say(spark: Any) -> None:
    """`insertInto` used to replace the whole table."""
    name = f"{T}.v1_inserted"

    def after(**options: str) -> Any:
        write = frame(spark, *FIRST).write.mode("overwrite").partitionBy("kind")
        write.option("overwriteSchema", "true").saveAsTable(name)
        by_place = frame(spark, (9, "shoe", 1.0)).toDF("a", "b", "c")
        by_place.write.mode("overwrite").options(**options).insertInto(name)
        return rows_of(spark, name)

    left = sorted([*FIRST[2:], (9, "shoe", 1.0)], key=str)
    assert after(replaceWhere="kind = 'shoe'") == left
    assert after(partitionOverwriteMode="dynamic") == left
    assert after(replaceUsing="kind") == left
    assert after() == [(9, "shoe", 1.0)]
    with pytest.raises(AnalysisException, match=r"replaceOn.*use saveAsTable"):
        after(replaceOn="true")


def test_options_that_do_not_go_together_are_refused(spark: Any) -> None:
    name = f"{T}.v1_beside"
    frame(spark, *FIRST).write.saveAsTable(name)
    for mode, options, said in (
        (
            "overwrite",
            {"replaceOn": "true", "replaceUsing": "id"},
            "OPTIONS.*replaceOn and replaceUs",
        ),
        (
            "overwrite",
            {"replaceUsing": "id", "replaceWhere": "true"},
            "replaceUsing and replaceWhere",
        ),
        (
            "overwrite",
            {"replaceUsing": "id", "overwriteSchema": "true"},
            "replaceUsing and overwriteSchema",
        ),
        (
            "overwrite",
            {"replaceOn": "true", "partitionOverwriteMode": "dynamic"},
            "replaceOn and partition",
        ),
        ("append", {"replaceUsing": "id"}, 'option replaceUsing.*mode."overwrite"'),
        ("overwrite", {"replaceUsing": "nope"}, "UNRESOLVED_COLUMN.*nope"),
        ("overwrite", {"replaceOn": "nope = 1"}, "UNRESOLVED_COLUMN"),
    ):
        with pytest.raises(AnalysisException, match=said):
            frame(spark, (9, "shoe", 1.0)).write.mode(mode).options(**options).saveAsTable(name)
    some = frame(spark, ("shoe",), types="kind STRING")
    with pytest.raises(AnalysisException, match="new rows have kind"):
        some.write.mode("overwrite").option("replaceUsing", "id").saveAsTable(name)
    assert rows_of(spark, name) == sorted(FIRST, key=str)
