"""`delta.tables` on a session: each call beside the statement of SQL that says the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.needs import needs

needs("spark", "delta")

from pyspark.errors import AnalysisException
from pyspark.sql import functions as F  # noqa: N812

OLD = [(1, "one", 1.0, (1, "a")), (2, "two", 2.0, (2, None)), (3, "three", None, None)]
NEW = [(2, "TWO", 20.0, (20, "A")), (3, "THREE", 30.0, None), (4, "FOUR", None, (40, "D"))]
TYPES = "id INT, name STRING, price DOUBLE, st STRUCT<a: INT, b: STRING>"
MERGES: dict[str, tuple[Any, str]] = {
    "all": (
        lambda merge: merge.whenMatchedUpdateAll().whenNotMatchedInsertAll(),
        "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *",
    ),
    "conditions in SQL": (
        lambda merge: (
            merge.whenMatchedDelete("s.price > 25")
            .whenMatchedUpdateAll(condition="t.price IS NOT NULL")
            .whenNotMatchedInsertAll("s.price IS NULL")
            .whenNotMatchedBySourceDelete("t.id < 2")
        ),
        "WHEN MATCHED AND s.price > 25 THEN DELETE WHEN MATCHED AND t.price IS NOT NULL THEN UPDATE "
        "SET * WHEN NOT MATCHED AND s.price IS NULL THEN INSERT * "
        "WHEN NOT MATCHED BY SOURCE AND t.id < 2 THEN DELETE",
    ),
    "values in SQL": (
        lambda merge: (
            merge.whenMatchedUpdate(
                "t.id = 2", {"t.name": "concat(s.name, ' it\\'s ', t.name)", "price": "t.price + 1"}
            )
            .whenMatchedUpdate(set={"price": "coalesce(t.price, 0.5) * s.id"})
            .whenNotMatchedInsert(values={"id": "s.id + 10", "name": "lower(name)"})
            .whenNotMatchedBySourceUpdate(set={"name": "'gone'"})
        ),
        "WHEN MATCHED AND t.id = 2 THEN UPDATE SET name = concat(s.name, ' it\\'s ', t.name), "
        "price = t.price + 1 WHEN MATCHED THEN UPDATE SET price = coalesce(t.price, 0.5) * s.id "
        "WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id + 10, lower(s.name)) "
        "WHEN NOT MATCHED BY SOURCE THEN UPDATE SET name = 'gone'",
    ),
    "values as Columns": (
        lambda merge: (
            merge.whenMatchedUpdate(
                condition=F.col("s.price") < F.lit(25),
                set={"`price`": F.col("s.price") + F.col("t.price"), "name": F.upper("t.name")},
            )
            .whenNotMatchedInsert(
                F.col("s.id") > 3,
                {
                    "id": F.col("s.id"),
                    "st": F.struct(F.col("s.id").alias("a"), F.lit("x").alias("b")),
                },
            )
            .whenNotMatchedBySourceUpdate(F.col("t.id") == 1, {"price": F.lit(0.25)})
        ),
        "WHEN MATCHED AND s.price < 25 THEN UPDATE SET price = s.price + t.price, name = upper(t.name) "
        "WHEN NOT MATCHED AND s.id > 3 THEN INSERT (id, st) VALUES (s.id, named_struct('a', s.id, "
        "'b', 'x')) WHEN NOT MATCHED BY SOURCE AND t.id = 1 THEN UPDATE SET price = 0.25",
    ),
    "rows added alone": (
        lambda merge: merge.whenNotMatchedInsertAll(),
        "WHEN NOT MATCHED THEN INSERT *",
    ),
    "fields": (
        lambda merge: merge.whenMatchedUpdate(
            set={"st.a": "s.st.a + 1", "t.st.b": F.lit("field"), "name": "s.st.b"}
        ),
        "WHEN MATCHED THEN UPDATE SET st.a = s.st.a + 1, st.b = 'field', name = s.st.b",
    ),
}


@pytest.fixture(params=["name", "path"])
def table(request: Any, spark: Any, tmp_path: Path) -> Any:
    """A `DeltaTable` anew, by its name or by its folder; and a twin for the statement in SQL."""
    from delta.tables import DeltaTable

    rows = spark.createDataFrame(OLD, TYPES)
    for name in ("delta_target", "delta_twin"):
        rows.write.mode("overwrite").option("overwriteSchema", "true").saveAsTable(name)
    if request.param == "name":
        return DeltaTable.forName(spark, "main.fashion_demo.delta_target")
    rows.coalesce(1).write.format("delta").save(str(tmp_path / "t"))
    return DeltaTable.forPath(spark, str(tmp_path / "t"))


def rows_of(frame: Any) -> list[Any]:
    return sorted(map(tuple, frame.collect()), key=str)


def source(spark: Any, rows: Any = NEW) -> Any:
    return spark.createDataFrame(rows, TYPES)


@pytest.mark.parametrize("clauses", MERGES)
def test_a_merge_does_what_the_same_statement_does(spark: Any, table: Any, clauses: str) -> None:
    said, in_sql = MERGES[clauses]
    source(spark).createOrReplaceTempView("delta_new")
    merge = table.alias("t").merge(spark.table("delta_new").alias("s"), "t.id = s.id")
    told = said(merge).execute().collect()[0].asDict()
    expected = spark.sql(f"MERGE INTO delta_twin t USING delta_new s ON t.id = s.id {in_sql}")
    assert told == expected.collect()[0].asDict() and told["num_affected_rows"]
    after = rows_of(spark.table("delta_twin"))
    assert rows_of(table.toDF()) == after != OLD


@pytest.mark.parametrize(
    "change, in_sql",
    [
        (lambda t: t.update("id > 1", {"price": "id * 9"}), "UPDATE x SET price = id * 9 WHERE id > 1"),
        (
            lambda t: t.update(F.col("name").like("t%"), {"name": F.concat("name", F.lit("!"))}),
            "UPDATE x SET name = name || '!' WHERE name LIKE 't%'",
        ),
        (lambda t: t.update(set={"name": F.lit(None)}), "UPDATE x SET name = NULL"),
        (
            lambda t: t.alias("x").update("x.st.a = 2", {"x.st.b": "'in'", "price": "x.st.a"}),
            "UPDATE x SET st.b = 'in', price = st.a WHERE st.a = 2",
        ),
        (lambda t: t.delete("price IS NULL OR id = 1"), "DELETE FROM x WHERE price IS NULL OR id = 1"),
        (lambda t: t.delete(F.col("id").isin(2, 3)), "DELETE FROM x WHERE id IN (2, 3)"),
        (lambda t: t.delete(), "DELETE FROM x"),
        (lambda t: t.delete("id = 99"), "DELETE FROM x WHERE id = 99"),
    ],
)  # fmt: skip
def test_rows_are_updated_and_deleted_as_in_sql(
    spark: Any, table: Any, change: Any, in_sql: str
) -> None:
    assert change(table) is None
    spark.sql(
        in_sql.replace(" x ", " delta_twin ", 1) if " x " in in_sql else f"{in_sql[:-1]}delta_twin"
    )
    assert rows_of(table.toDF()) == rows_of(spark.table("delta_twin"))


def test_columns_of_the_two_sides_are_told_apart_by_where_they_come_from(
    spark: Any, table: Any
) -> None:
    frame = source(spark)
    target = table.toDF()
    merge = table.merge(frame, target["id"] == frame["id"])
    merge.whenMatchedUpdate(set={"name": frame["name"], "price": target["price"] + 1}).execute()
    expected = [(1, "one", 1.0, (1, "a")), (2, "TWO", 3.0, (2, None)), (3, "THREE", None, None)]
    assert rows_of(table.toDF()) == expected
    again = table.toDF().where("id = 2").withColumn("price", F.lit(7.0)).alias("s")
    table.alias("t").merge(again, "t.id = s.id").whenMatchedUpdateAll().execute()
    assert [row[2] for row in rows_of(table.toDF())] == [1.0, 7.0, None]
    if table.detail().collect()[0].name:
        read = spark.table("main.fashion_demo.delta_target").withColumn("price", F.lit(8.0))
        with pytest.raises(AnalysisException, match=r"AMBIGUOUS_REFERENCE.*Give each a name"):
            table.merge(read, table.toDF()["id"] == read["id"])


def test_an_empty_source_and_one_without_matches_change_nothing(spark: Any, table: Any) -> None:
    before = table.history().count()
    for rows in ([], [(9, "nine", 9.0, None)]):
        merge = table.alias("t").merge(source(spark, rows).alias("s"), "t.id = s.id")
        found = merge.whenMatchedUpdateAll().execute().collect()[0]
        assert found.num_affected_rows == 0
    assert rows_of(table.toDF()) == OLD and table.history().count() == before
    merge = table.alias("t").merge(source(spark, []).alias("s"), "t.id = s.id")
    assert merge.whenNotMatchedBySourceDelete().execute().collect()[0].num_deleted_rows == 3
    assert rows_of(table.toDF()) == []


def test_columns_are_added_where_the_merge_says_so(spark: Any, table: Any) -> None:
    frame = spark.createDataFrame([(3, True), (9, False)], "id INT, fresh BOOLEAN").alias("s")

    def merge() -> Any:
        begun = table.alias("t").merge(frame, "t.id = s.id")
        return begun.whenMatchedUpdateAll().whenNotMatchedInsertAll()

    with pytest.raises(AnalysisException, match="UNRESOLVED_COLUMN"):
        merge().execute()
    assert rows_of(table.toDF()) == OLD
    merge().withSchemaEvolution().execute()
    assert table.toDF().columns == ["id", "name", "price", "st", "fresh"]
    assert rows_of(table.toDF().select("id", "fresh")) == [
        (1, None),
        (2, None),
        (3, True),
        (9, False),
    ]


def test_what_can_not_be_done_is_refused_by_name_and_writes_nothing(spark: Any, table: Any) -> None:
    frame = source(spark, [*NEW, (2, "again", 1.0, None)]).alias("s")
    merge = table.alias("t").merge(frame, "t.id = s.id")
    shout = F.udf(lambda text: text)
    for ask, said in (
        (lambda: merge.whenMatchedUpdateAll().execute(), "DELTA_MULTIPLE_SOURCE_ROW_MATCHING"),
        (lambda: merge.execute(), "DELTA_MERGE_MISSING_WHEN"),
        (
            lambda: merge.whenMatchedDelete().whenMatchedUpdateAll("t.id = 1").execute(),
            "DELTA_NON_LAST_MATCHED_CLAUSE_OMIT_CONDITION",
        ),
        (lambda: table.alias("t").merge(frame, "t.id = s.nope"), "UNRESOLVED_COLUMN.*nope"),
        (lambda: table.merge(frame, "id = 1"), "AMBIGUOUS_REFERENCE"),
        (lambda: merge.whenMatchedUpdate(set={"nope": "1"}).execute(), "UNRESOLVED_COLUMN.*nope"),
        (lambda: merge.whenMatchedUpdate(set={"st.nope": "1"}).execute(), "FIELD_NOT_FOUND.*nope"),
        (lambda: merge.whenMatchedUpdate(set={}), "No columns are assigned"),
        (lambda: merge.whenMatchedUpdate(set={"a..b": "1"}), "is no column"),
        (lambda: merge.whenNotMatchedInsert(values={"id": "t.id"}), "UNRESOLVED_COLUMN"),
        (lambda: merge.whenNotMatchedBySourceUpdate(set={"id": "s.id"}), "UNRESOLVED_COLUMN"),
        (lambda: table.update("nope = 1", {"id": "1"}), "UNRESOLVED_COLUMN.*nope"),
        (lambda: table.update(set={"nope": "1"}), "UNRESOLVED_COLUMN.*nope"),
        (lambda: table.update(set={"id": "name"}), "CAST_INVALID_INPUT|Could not convert"),
        (lambda: table.update(set={"name": shout("name")}), "A function of Python's"),
        (lambda: table.delete("id IN (SELECT 1)"), "DELTA_UNSUPPORTED_SUBQUERY.*spark.sql"),
        (lambda: table.delete("exists(array(id), x -> x > 1)"), "Compute the column first"),
        (lambda: table.optimize().executeZOrderBy("nope"), "nope"),
        (lambda: table.optimize().executeZOrderBy(), "names no column"),
        (lambda: table.generate("symlink_format_manifest"), "not supported"),
        (lambda: table.dropFeatureSupport("deletionVectors"), "not supported"),
        (lambda: table.restoreToVersion(77), "DELTA_VERSION_NOT_FOUND"),
        (lambda: table.restoreToTimestamp("1999-01-01"), "DELTA_TIMESTAMP_EARLIER"),
    ):
        with pytest.raises(AnalysisException, match=said):
            ask()
    for ask, kind in (
        (lambda: table.update("id = 1", None), ValueError),
        (lambda: table.update("id = 1", {"id": 1}), TypeError),
        (lambda: table.update("id = 1", [("id", "1")]), TypeError),
        (lambda: table.update(7, {"id": "1"}), TypeError),
        (lambda: table.merge(None, "t.id = s.id"), ValueError),
        (lambda: table.merge("delta_new", "t.id = s.id"), TypeError),
        (lambda: table.merge(frame, None), ValueError),
        (lambda: merge.whenMatchedUpdate("t.id = 1"), ValueError),
        (lambda: table.restoreToVersion("1"), ValueError),
    ):
        with pytest.raises(kind):
            ask()
    assert rows_of(table.toDF()) == OLD


def test_what_is_told_of_a_table_is_what_sql_tells(spark: Any, table: Any) -> None:
    table.update("id = 1", {"name": "'1'"})
    history = table.history().collect()
    assert [row.version for row in history] == list(range(len(history)))[::-1]
    assert table.history(1).collect() == history[:1]
    detail = table.detail().collect()[0]
    assert detail.format == "delta" and detail.numFiles == 1
    assert table.vacuum().count() == table.vacuum(200).count() == 0
    told = table.optimize().where("id > 0").executeCompaction().collect()[0]
    assert told.metrics.numFilesRemoved == 0
    assert table.optimize().executeZOrderBy(["id", "name"]).count() == 1
    table.addFeatureSupport("changeDataFeed")
    assert len(rows_of(table.toDF())) == 3
