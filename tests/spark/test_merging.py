"""`df.mergeInto`: each clause beside the same MERGE in SQL, and nothing written where one fails."""

from __future__ import annotations

from typing import Any

import pytest
from support.needs import needs

needs("spark")

from pyspark.errors import AnalysisException
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.merge import MergeIntoWriter

OLD = [(1, "one", 1.0), (2, "two", 2.0), (3, "three", None)]
NEW = [(2, "TWO", 20.0), (3, "THREE", 30.0), (4, "FOUR", None)]
TYPES = "id INT, name STRING, price DOUBLE"


@pytest.fixture
def target(spark: Any) -> str:
    """A table anew, and one beside it for the statement in SQL."""
    for name in ("merge_target", "merge_twin"):
        frame = spark.createDataFrame(OLD, TYPES)
        frame.write.mode("overwrite").option("overwriteSchema", "true").saveAsTable(name)
    return "merge_target"


def rows_of(spark: Any, name: str) -> list[tuple[Any, ...]]:
    rows = spark.workspace.read_table(f"main.fashion_demo.{name}").to_pylist()
    return sorted((tuple(row.values()) for row in rows), key=str)


def same_as_sql(spark: Any, clauses: str) -> None:
    """The table is as the twin is after the MERGE of the same clauses."""
    spark.createDataFrame(NEW, TYPES).createOrReplaceTempView("merge_new")
    spark.sql(
        f"MERGE INTO merge_twin AS merge_target USING merge_new s ON merge_target.id = s.id {clauses}"
    )
    assert rows_of(spark, "merge_target") == rows_of(spark, "merge_twin") != OLD


def test_all_is_updated_and_inserted(spark: Any, target: str) -> None:
    source = spark.createDataFrame(NEW, TYPES)
    writer = source.mergeInto(target, source.id == F.col("merge_target.id"))
    assert isinstance(writer, MergeIntoWriter)
    writer.whenMatched().updateAll().whenNotMatched().insertAll().merge()
    same_as_sql(spark, "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *")


def test_values_of_both_sides_are_written(spark: Any, target: str) -> None:
    source = spark.createDataFrame(NEW, TYPES).alias("s")
    (
        source.mergeInto(f"main.fashion_demo.{target}", F.expr("s.id = merge_target.id"))
        .whenMatched((F.col("merge_target.price") > 1) & F.col("s.name").like("T%"))
        .update(
            {
                "merge_target.name": F.concat("s.name", F.lit(" it's "), "merge_target.name"),
                "price": F.when(F.col("s.price").isNull() & F.lit(True), F.lit(0.5)).otherwise(
                    F.col("merge_target.price") + F.col("s.price")
                ),
            }
        )
        .whenNotMatched(F.col("price").isNull())
        .insert({"id": F.col("id") + 10, "name": F.lower("name")})
        .whenNotMatchedBySource(F.col("id") == 1)
        .update({"name": F.lit("gone")})
        .merge()
    )
    same_as_sql(
        spark,
        "WHEN MATCHED AND merge_target.price > 1 AND s.name LIKE 'T%' THEN UPDATE SET name = "
        "concat(s.name, ' it\\'s ', merge_target.name), price = merge_target.price + s.price "
        "WHEN NOT MATCHED AND s.price IS NULL THEN INSERT (id, name) VALUES (s.id + 10, lower(s.name)) "
        "WHEN NOT MATCHED BY SOURCE AND merge_target.id = 1 THEN UPDATE SET name = 'gone'",
    )


def test_rows_are_deleted(spark: Any, target: str) -> None:
    source = spark.createDataFrame(NEW, TYPES)
    writer = source.mergeInto(target, F.col("merge_target.id") == source["id"])
    writer.whenMatched(source.price > 25).delete().whenNotMatchedBySource().delete().merge()
    same_as_sql(
        spark, "WHEN MATCHED AND s.price > 25 THEN DELETE WHEN NOT MATCHED BY SOURCE THEN DELETE"
    )


def test_the_table_itself_and_structs_may_be_the_source(spark: Any, target: str) -> None:
    itself = spark.table(target).where("id > 1").alias("s")
    writer = itself.mergeInto(target, F.col("s.id") == F.col("merge_target.id"))
    writer.whenMatched().update({"price": F.col("s.id") * 100}).merge()
    assert [row[2] for row in rows_of(spark, target)] == [1.0, 200.0, 300.0]
    packed = spark.sql("SELECT named_struct('id', 2, 'name', 'in') AS st, 2 AS place")
    writer = packed.mergeInto(target, F.col("st.id") == F.col("merge_target.id"))
    writer.whenMatched().update({"name": F.col("st.name")}).merge()
    assert rows_of(spark, target)[1] == (2, "in", 200.0)


def test_a_merge_adds_columns_where_it_says_so(spark: Any, target: str) -> None:
    source = spark.createDataFrame([(3, True), (9, False)], "id INT, fresh BOOLEAN")

    def merge() -> Any:
        writer = source.mergeInto(target, source.id == F.col("merge_target.id"))
        return writer.whenMatched().updateAll().whenNotMatched().insertAll()

    with pytest.raises(AnalysisException, match="UNRESOLVED_COLUMN"):
        merge().merge()
    assert rows_of(spark, target) == OLD
    merge().withSchemaEvolution().merge()
    assert rows_of(spark, target) == [
        (1, "one", 1.0, None),
        (2, "two", 2.0, None),
        (3, "three", None, True),
        (9, None, None, False),
    ]


def test_what_can_not_be_merged_is_refused_and_nothing_is_written(spark: Any, target: str) -> None:
    source = spark.createDataFrame([*NEW, (2, "again", 1.0)], TYPES)
    on = source.id == F.col("merge_target.id")
    for ask, said in (
        (
            lambda: source.mergeInto(target, on).whenMatched().updateAll().merge(),
            "MULTIPLE_SOURCE_ROW",
        ),
        (lambda: source.mergeInto(target, on).merge(), "NO_MERGE_ACTION_SPECIFIED"),
        (lambda: source.mergeInto("merge_none", on), "TABLE_OR_VIEW_NOT_FOUND"),
        (lambda: source.mergeInto(target, "id"), "AMBIGUOUS_REFERENCE"),
        (lambda: source.mergeInto(target, F.col("nope") == 1), "UNRESOLVED_COLUMN"),
        (lambda: source.mergeInto(target, on).whenMatched().update({}), "No columns are assigned"),
        (
            lambda: source.mergeInto(target, on).whenMatched().update({"nope": F.lit(1)}).merge(),
            "nope",
        ),
        (lambda: source.mergeInto(target, on).whenNotMatchedBySource().updateAll(), "Give values"),
        (
            lambda: (
                source.mergeInto(target, on)
                .whenNotMatched()
                .insert({"id": F.col("merge_target.id")})
            ),
            "UNRESOLVED_COLUMN",
        ),
    ):
        with pytest.raises(AnalysisException, match=said):
            ask()
    failing = source.withColumn("price", F.expr("1 / (id - 4)"))
    writer = failing.mergeInto(target, failing.id == F.col("merge_target.id")).whenNotMatched()
    with pytest.raises(Exception, match="DIVIDE_BY_ZERO"):
        writer.insertAll().merge()
    assert rows_of(spark, target) == OLD
