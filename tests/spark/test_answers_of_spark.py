"""The workspace's SQL beside Spark's own: the same values and types for the same expressions and rows.

`answers_of_spark.sql` lists them, one a line; `names_of_spark.sql` those of which names are compared.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.needs import needs

from engine.core.types import catalog_type

needs("spark")

from pyspark.sql import Row, SparkSession

LISTED = re.split("(?m)^-- ", Path(__file__).with_name("answers_of_spark.sql").read_text())[1:]
GROUPS = {name: lines for name, *lines in (part.strip().split("\n") for part in LISTED)}
STATEMENTS = GROUPS.pop("statements")
NAMED = Path(__file__).with_name("names_of_spark.sql").read_text().splitlines()
OF_ALL_ROWS = {"aggregates"}
# Types of Spark that no column of the workspace has: of nulls alone, and spans of time.
NOT_TOLD = re.compile(r"(^|(?<=<))(?:void|interval\b[a-z ]*)")


def rows() -> pa.Table:
    return pa.table(
        {
            "id": pa.array([1, 2, 3], pa.int32()),
            "big": pa.array([10**12, None, 5], pa.int64()),
            "tiny": pa.array([100, 2, -3], pa.int8()),
            "small": pa.array([200, 2, None], pa.int16()),
            "f": pa.array([0.1, 2.5, None], pa.float32()),
            "d": [1.5, 2.25, 10.0],
            "dec": pa.array([Decimal("1.25"), None, Decimal("-7.50")], pa.decimal128(10, 2)),
            "s": ["hello", "World", None],
            "u": [" Ab cd ", "x, y", "ünï"],
            "b": [True, False, None],
            "day": [dt.date(2024, 2, 29), dt.date(2023, 12, 31), None],
            "at": pa.array(
                [
                    dt.datetime(2024, 5, 6, 7, 8, 9, 123456),
                    dt.datetime(1999, 12, 31, 23, 59, 59),
                    None,
                ],
                pa.timestamp("us", "UTC"),
            ),
            "arr": pa.array([[1, 2, 3], [], None], pa.list_(pa.int32())),
            "sarr": [["a", "b"], ["c", None], None],
            "st": pa.array(
                [{"a": 1, "b": "x"}, {"a": None, "b": None}, None],
                pa.struct([("a", pa.int32()), ("b", pa.string())]),
            ),
            "m": pa.array([[("a", 1), ("b", 2)], [], None], pa.map_(pa.string(), pa.int32())),
            "bin": [b"ab", b"", None],
            "n": ["12", " -7 ", None],
            "td": ["2024-02-29", "2024-01-01", None],
        }
    )


# Columns that are named by nobody, within a query.
INNER = [
    "SELECT * FROM (SELECT id + 1, d FROM t)",
    "SELECT * FROM (SELECT id + 1 FROM t UNION ALL SELECT 5)",
    "SELECT * FROM (SELECT s, count(*), max(id) FROM t GROUP BY s HAVING count(*) > 0)",
    "SELECT * FROM (SELECT id, CAST(d AS INT), s IS NULL, upper(s) FROM t)",
    "SELECT * FROM (SELECT 1, 'x', 1.5, null, true)",
    "WITH c AS (SELECT max(id), s FROM t GROUP BY s) SELECT * FROM c",
    "SELECT * FROM (SELECT explode(array(1, 2)))",
    "SELECT * FROM (SELECT explode(m) FROM t)",
    "SELECT * FROM (SELECT posexplode(arr) FROM t)",
    "SELECT * FROM (VALUES (1, 'a'), (2, 'b'))",
    "SELECT v.* FROM VALUES (1, 'a'), (2, 'b') AS v",
    "SELECT * FROM VALUES 1, 2",
    "VALUES (1, 'a'), (2, 'b')",
    "WITH c AS (VALUES (1, 'a')) SELECT * FROM c",
]


@pytest.fixture(scope="module")
def both(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The session, with the rows as a table of the workspace and as a view that only Spark knows."""
    file = tmp_path_factory.mktemp("answers") / "t.parquet"
    pq.write_table(rows(), file)
    spark.workspace.register_table("main.fashion_demo.t", [file])
    spark.read.parquet(str(file)).createOrReplaceTempView("t")
    yield spark
    spark.catalog.dropTempView("t")


def of_spark(spark: Any, statement: str) -> tuple[list[str], list[list[Any]]]:
    """What Spark itself answers, whatever the session makes of statements: types and rows."""
    found = SparkSession.sql(spark, statement)
    kinds = [NOT_TOLD.sub("\\1string", one.dataType.simpleString()) for one in found.schema]
    kinds = [one.replace("timestamp_ntz", "timestamp") for one in kinds]
    return kinds, [[plain(value) for value in row] for row in found.collect()]


def of_workspace(spark: Any, statement: str) -> tuple[list[str], list[list[Any]]]:
    found = spark.workspace.sql(statement)
    columns = [column.to_pylist() for column in found.columns]
    kinds = [catalog_type(one.type)[1] for one in found.schema]
    return kinds, [[plain(value) for value in row] for row in zip(*columns)]


def plain(value: Any) -> Any:
    """A value as both say it: maps as pairs, times in UTC, numbers to seven places."""
    if isinstance(value, Row):
        return {key: plain(one) for key, one in value.asDict().items()}
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()} or []
    if isinstance(value, (list, tuple)):
        pairs = bool(value) and all(type(one) is tuple and len(one) == 2 for one in value)
        return {key: plain(one) for key, one in value} if pairs else [plain(one) for one in value]
    if isinstance(value, float):
        return "NaN" if value != value else round(value, 7)
    if isinstance(value, dt.datetime):
        there = value if value.tzinfo is None else value.astimezone(dt.timezone.utc)
        return there.replace(tzinfo=None)
    return bytes(value) if isinstance(value, bytearray) else value


@pytest.mark.parametrize("group", GROUPS)
def test_expressions_have_the_values_that_spark_gives_them(both: Any, group: str) -> None:
    listed = GROUPS[group]
    assert len(listed) > 10
    columns = ", ".join(f"{one} AS c{place}" for place, one in enumerate(listed))
    order = "" if group in OF_ALL_ROWS else " ORDER BY t.id"
    statement = f"SELECT {columns} FROM t{order}"
    (types, expected), (own, found) = of_spark(both, statement), of_workspace(both, statement)
    assert len(found) == len(expected)
    assert list(zip(listed, own)) == list(zip(listed, types))
    for place, one in enumerate(listed):
        assert [row[place] for row in found] == [row[place] for row in expected], one


@pytest.mark.parametrize("statement", STATEMENTS)
def test_statements_have_the_rows_that_spark_gives_them(both: Any, statement: str) -> None:
    assert of_workspace(both, statement) == of_spark(both, statement)


@pytest.mark.parametrize("listed", NAMED)
def test_columns_without_a_name_have_the_one_that_spark_gives_them(both: Any, listed: str) -> None:
    # Of no rows: Spark tells names without looking at any, and arr[0] fails where a list is empty.
    statement = f"SELECT {listed} FROM (SELECT *, d AS price FROM t) AS t WHERE false"
    expected = SparkSession.sql(both, statement).columns
    assert both.workspace.sql(statement).column_names == expected


@pytest.mark.parametrize("statement", INNER)
def test_columns_of_inner_queries_and_listed_rows_have_the_names_that_spark_gives_them(
    both: Any, statement: str
) -> None:
    assert both.workspace.sql(statement).column_names == SparkSession.sql(both, statement).columns
