"""What a DataFrame's writer does to the columns of a table: nothing, more of them, or others."""

from __future__ import annotations

from typing import Any

import pytest
from support.needs import needs

needs("spark")

from pyspark.errors import AnalysisException
from pyspark.sql import functions as F  # noqa: N812

T = "main.fashion_demo"
AUTO_MERGE = "spark.databricks.delta.schema.autoMerge.enabled"
OLD = [(1, "shoe"), (2, None)]


def frame(spark: Any, *rows: Any, types: str) -> Any:
    return spark.createDataFrame(list(rows), types)


def rows_of(spark: Any, name: str) -> list[tuple[Any, ...]]:
    rows = spark.workspace.read_table(f"{T}.{name}").to_pylist()
    return sorted((tuple(row.values()) for row in rows), key=str)


def types_of(spark: Any, name: str) -> dict[str, str]:
    return dict(spark.table(name).dtypes)


@pytest.fixture
def old(spark: Any, request: pytest.FixtureRequest) -> str:
    """A table of two rows, with a property and a comment, under a name of the test's own."""
    name = "evolves_" + str(abs(hash(request.node.name)))
    spark.sql(f"CREATE TABLE {name} (id INT COMMENT 'key', kind STRING) TBLPROPERTIES ('k' = 'w')")
    frame(spark, *OLD, types="id INT, kind STRING").write.mode("append").saveAsTable(name)
    return name


def more(spark: Any) -> Any:
    return frame(spark, (3.5, "hat", 3), types="price DOUBLE, kind STRING, ID INT")


@pytest.mark.parametrize("how", ["saveAsTable", "writeTo", "conf", "autoMerge of SQL"])
def test_an_append_adds_columns_where_it_says_so(spark: Any, old: str, how: str) -> None:
    """The option mergeSchema was refused: `INSERT names the columns ...; expected columns of table`."""
    new = more(spark)
    if how == "saveAsTable":
        new.write.mode("append").option("mergeSchema", "true").saveAsTable(old)
    elif how == "writeTo":
        new.writeTo(f"{T}.{old}").option("mergeSchema", True).append()
    else:
        spark.conf.set(AUTO_MERGE, "true")
        try:
            if how == "conf":
                new.write.saveAsTable(old, mode="append")
            else:
                new.createOrReplaceTempView("evolving")
                spark.sql(f"INSERT INTO {old} BY NAME SELECT * FROM evolving")
            refused = new.withColumn("no", F.lit(1)).write.mode("append")
            with pytest.raises(AnalysisException, match="schema mismatch"):
                refused.saveAsTable(old, mergeSchema="false")
        finally:
            spark.conf.unset(AUTO_MERGE)
    assert types_of(spark, old) == {"id": "int", "kind": "string", "price": "double"}
    assert rows_of(spark, old) == [(1, "shoe", None), (2, None, None), (3, "hat", 3.5)]
    assert spark.sql(f"DESCRIBE {old}").collect()[0].comment == "key"


def test_without_the_option_the_table_stays_and_the_option_is_named(spark: Any, old: str) -> None:
    new = more(spark)
    for write in (
        lambda: new.write.mode("append").saveAsTable(old),
        lambda: new.write.mode("overwrite").saveAsTable(old),
        lambda: new.write.mode("overwrite").option("replaceWhere", "id = 1").saveAsTable(old),
        lambda: new.write.insertInto(old),
        lambda: new.writeTo(old).append(),
        lambda: new.writeTo(old).overwrite(F.lit(True)),
        lambda: new.writeTo(old).overwritePartitions(),
    ):
        with pytest.raises(AnalysisException, match="mergeSchema"):
            write()
    with pytest.raises(AnalysisException, match=r"DELTA_0007.*`price`.*Table schema: id, kind"):
        new.write.mode("append").saveAsTable(old)
    with pytest.raises(AnalysisException, match="mergeschema is 'yes'"):
        new.write.mode("append").option("mergeSchema", "yes").saveAsTable(old)
    assert rows_of(spark, old) == OLD


def test_rows_put_by_place_add_columns_behind(spark: Any, old: str) -> None:
    new = frame(spark, (3, "hat", True), types="a INT, b STRING, fresh BOOLEAN")
    new.write.option("mergeSchema", "true").insertInto(old)
    assert rows_of(spark, old) == [(1, "shoe", None), (2, None, None), (3, "hat", True)]


def test_what_an_overwrite_replaces_may_evolve(spark: Any, old: str) -> None:
    new = more(spark)
    new.writeTo(old).option("mergeSchema", "true").overwrite(F.col("id") > 1)
    assert rows_of(spark, old) == [(1, "shoe", None), (3, "hat", 3.5)]
    more(spark).withColumn("last", F.lit(1)).write.option("mergeSchema", "true").mode(
        "overwrite"
    ).saveAsTable(old)
    assert rows_of(spark, old) == [(3, "hat", 3.5, 1)]
    assert spark.sql(f"SHOW TBLPROPERTIES {old}").collect()[0].key == "k"


def test_types_widen_where_the_table_says_so(spark: Any, old: str) -> None:
    big = frame(spark, (5_000_000_000,), types="id BIGINT").write.mode("append")
    with pytest.raises(AnalysisException, match="DELTA_FAILED_TO_MERGE_FIELDS"):
        big.option("mergeSchema", "true").saveAsTable(old)
    spark.sql(f"ALTER TABLE {old} SET TBLPROPERTIES ('delta.enableTypeWidening' = 'true')")
    big.option("mergeSchema", "true").saveAsTable(old)
    assert types_of(spark, old)["id"] == "bigint"
    assert rows_of(spark, old)[-1] == (5_000_000_000, None)


def test_rows_of_other_types_are_not_cast_by_name(spark: Any, old: str) -> None:
    """A DataFrame's rows were cast to the table's types, which Delta does for SQL and insertInto."""
    writes = (
        lambda new: new.write.mode("append").saveAsTable(old),
        lambda new: new.write.mode("append").option("mergeSchema", "true").saveAsTable(old),
        lambda new: new.write.mode("overwrite").option("replaceWhere", "true").saveAsTable(old),
        lambda new: new.write.mode("overwrite").option("replaceUsing", "id").saveAsTable(old),
        lambda new: new.write.mode("overwrite").option("replaceOn", "true").saveAsTable(old),
        lambda new: new.writeTo(old).append(),
        lambda new: new.writeTo(old).overwrite(F.lit(True)),
        lambda new: new.writeTo(old).overwritePartitions(),
    )
    for kind, value in (("BIGINT", 3), ("STRING", "3"), ("DOUBLE", 3.0), ("DECIMAL(10, 0)", None)):
        new = frame(spark, (value, "hat"), types=f"id {kind}, kind STRING")
        for write in writes:
            with pytest.raises(
                AnalysisException, match=r"MERGE_FIELDS\].*'id' and 'id'.*has int, "
            ):
                write(new)
    number = frame(spark, (3, 4), types="id INT, kind INT")
    with pytest.raises(AnalysisException, match=r"'kind'.*cast\('string'\)"):
        number.write.mode("append").saveAsTable(old)
    assert rows_of(spark, old) == OLD


def test_shorter_whole_numbers_nulls_and_what_is_put_by_place_are_taken(
    spark: Any, old: str
) -> None:
    frame(spark, (3, "hat"), types="id SMALLINT, kind STRING").write.mode("append").saveAsTable(old)
    spark.sql("SELECT CAST(4 AS TINYINT) AS id, NULL AS kind").writeTo(old).append()
    frame(spark, ("5", 6), types="id STRING, kind INT").write.insertInto(old)
    spark.sql(f"INSERT INTO {old} BY NAME SELECT 7L AS id")
    assert rows_of(spark, old)[2:] == [(3, "hat"), (4, None), (5, "6"), (7, None)]
    spark.sql(f"CREATE TABLE {old}_deep (s STRUCT<a: BIGINT, b: MAP<STRING, INT>>)")
    for kind, said in (("INT", "struct<a:int"), ("BIGINT", "")):
        rows = spark.sql(f"SELECT named_struct('a', CAST(1 AS {kind}), 'b', map('k', 1)) AS s")
        if said:
            with pytest.raises(AnalysisException, match=said):
                rows.writeTo(f"{old}_deep").append()
        else:
            rows.writeTo(f"{old}_deep").append()
    assert spark.table(f"{old}_deep").count() == 1


def test_an_overwrite_keeps_the_columns_unless_it_says_otherwise(spark: Any, old: str) -> None:
    """An overwrite with other columns used to replace the table, which the cloud refuses."""
    frame(spark, ("hat",), types="kind STRING").write.mode("overwrite").saveAsTable(old)
    assert rows_of(spark, old) == [(None, "hat")]
    other = frame(spark, ("x", [1.0]), types="id STRING, v ARRAY<FLOAT>")
    for new, option in (
        (other.select("id"), "overwriteSchema"),
        (other.select("v"), "mergeSchema"),
        (frame(spark, (1,), types="id BIGINT"), "overwriteSchema"),
    ):
        with pytest.raises(AnalysisException, match=option):
            new.write.mode("overwrite").saveAsTable(old)
    parts = frame(spark, (1, "hat"), types="id INT, kind STRING").write.partitionBy("kind")
    with pytest.raises(AnalysisException, match=r"partitioned by nothing.*overwriteSchema"):
        parts.mode("overwrite").saveAsTable(old)
    where = other.write.mode("overwrite").option("replaceWhere", "id = 1")
    with pytest.raises(AnalysisException, match="can't be overwritten when using 'replaceWhere'"):
        where.saveAsTable(old, overwriteSchema=True)
    assert rows_of(spark, old) == [(None, "hat")]
    other.write.mode("overwrite").option("overwriteSchema", "true").saveAsTable(old)
    assert rows_of(spark, old) == [("x", [1.0])]
    again = frame(spark, ("y", [2]), types="id STRING, v ARRAY<SMALLINT>")
    with pytest.raises(AnalysisException, match=r"array<smallint>.*cast\('array<float>'\)"):
        again.write.mode("overwrite").saveAsTable(old)
    again = again.withColumn("v", again["v"].cast("array<float>"))
    again.write.mode("overwrite").saveAsTable(old)
    assert types_of(spark, old) == {"id": "string", "v": "array<float>"}


def test_rows_that_fail_leave_the_columns(spark: Any, old: str) -> None:
    failing = more(spark).withColumn("fresh", F.expr("1 / (id - 3)"))
    for how in ("append", "overwrite"):
        write = failing.write.mode(how).option("mergeSchema", "true")
        with pytest.raises(Exception, match="DIVIDE_BY_ZERO"):
            write.saveAsTable(old)
    assert rows_of(spark, old) == OLD
    assert list(types_of(spark, old)) == ["id", "kind"]
