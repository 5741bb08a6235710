"""CHECK constraints of a table that Spark's own calls write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.needs import needs

needs("spark")

from pyspark.errors import AnalysisException

WRITES: dict[str, Callable[[Any, Any, str], None]] = {
    "saveAsTable append": lambda _, new, t: new.write.mode("append").saveAsTable(t),
    "saveAsTable overwrite": lambda _, new, t: new.write.mode("overwrite").saveAsTable(t),
    "replaceWhere": lambda _, new, t: (
        new.write.mode("overwrite").option("replaceWhere", "id > 0").saveAsTable(t)
    ),
    "insertInto": lambda _, new, t: new.write.insertInto(t),
    "writeTo": lambda _, new, t: new.writeTo(t).append(),
    "sql": lambda spark, _, t: spark.sql(f"INSERT INTO {t} VALUES (9, -1)"),
    "DeltaTable.update": lambda spark, _, t: _delta(spark, t).update(set={"price": "id - 10"}),
    "DeltaTable.merge": lambda spark, new, t: (
        _delta(spark, t).merge(new, "false").whenNotMatchedInsertAll().execute()
    ),
}


def _delta(spark: Any, table: str) -> Any:
    from delta.tables import DeltaTable

    return DeltaTable.forName(spark, table)


@pytest.fixture
def checked(spark: Any, request: pytest.FixtureRequest) -> str:
    name = "checked_" + str(abs(hash(request.node.name)))
    spark.sql(f"CREATE TABLE {name} (id INT, price DOUBLE)")
    spark.sql(f"INSERT INTO {name} VALUES (1, 2)")
    spark.sql(f"ALTER TABLE {name} ADD CONSTRAINT dear CHECK (price > 0)")
    return name


@pytest.mark.parametrize("how", WRITES)
def test_a_row_that_does_not_fulfil_one_is_refused(spark: Any, checked: str, how: str) -> None:
    new = spark.createDataFrame([(8, 1.0), (9, -1.0)], "id INT, price DOUBLE")
    with pytest.raises(
        AnalysisException, match=r"(?s)DELTA_VIOLATE.*constraint dear.* - price : -"
    ):
        WRITES[how](spark, new, checked)
    assert [tuple(row) for row in spark.table(checked).collect()] == [(1, 2.0)]
    shown = spark.sql(f"SHOW TBLPROPERTIES {checked}").collect()
    assert [tuple(row) for row in shown] == [("delta.constraints.dear", "price > 0")]


def test_rows_that_fulfil_it_are_taken(spark: Any, checked: str) -> None:
    new = spark.createDataFrame([(8, 1.0)], "id INT, price DOUBLE")
    new.write.mode("append").saveAsTable(checked)
    assert spark.table(checked).count() == 2
    spark.sql(f"ALTER TABLE {checked} DROP CONSTRAINT dear")
    spark.sql(f"INSERT INTO {checked} VALUES (9, -1)")
    assert spark.table(checked).count() == 3


@pytest.mark.parametrize("how", ["append", "overwrite", "update", "merge"])
def test_a_delta_table_by_path_keeps_to_its_own(spark: Any, tmp_path: Any, how: str) -> None:
    import deltalake
    from delta.tables import DeltaTable

    folder = str(tmp_path / "d")
    spark.createDataFrame([(1, 2.0)], "id INT, price DOUBLE").write.format("delta").save(folder)
    deltalake.DeltaTable(folder).alter.add_constraint({"dear": "price > 0"})
    new = spark.createDataFrame([(9, -1.0)], "id INT, price DOUBLE")
    table = DeltaTable.forPath(spark, folder)
    with pytest.raises(AnalysisException, match="1 rows failed validation check"):
        if how == "update":
            table.update(set={"price": "-3.0D"})
        elif how == "merge":
            table.merge(new, "false").whenNotMatchedInsertAll().execute()
        else:
            new.write.format("delta").mode(how).save(folder)
    assert [tuple(row) for row in spark.read.format("delta").load(folder).collect()] == [(1, 2.0)]
