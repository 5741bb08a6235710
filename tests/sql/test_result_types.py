"""Types of a query's columns, which tables and DataFrames take over: those that the cloud gives them.

`tests/spark/test_answers_of_spark.py` holds many more against Spark itself.
"""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from engine import Workspace
from engine.core.types import catalog_type

ROWS = (
    "(SELECT DATE'2024-02-29' AS day, 'abc' AS s, CAST(1.25 AS DECIMAL(10, 2)) AS dec, "
    "CAST(0.5 AS FLOAT) AS f, CAST(7 AS BIGINT) AS big, 2 AS id)"
)
TYPES = {
    "year(day)": "int",
    "month(day)": "int",
    "dayofweek(day)": "int",
    "extract(DAY FROM day)": "int",
    "datediff(day, DATE'2024-01-01')": "int",
    "date_diff(DAY, DATE'2024-01-01', day)": "bigint",
    "length(s)": "int",
    "instr(s, 'b')": "int",
    "octet_length(s)": "int",
    "size(array(1))": "int",
    "row_number() OVER (ORDER BY id)": "int",
    "year(day) + 1": "int",
    "id div 2": "bigint",
    "sign(id)": "double",
    "f + id": "double",
    "f + f": "float",
    "dec + 1": "decimal(11,2)",
    "dec * 2": "decimal(12,2)",
    "dec * dec": "decimal(21,4)",
    "dec / 3": "decimal(14,6)",
    "dec / big": "decimal(31,23)",
    "sum(dec) OVER ()": "decimal(20,2)",
    "avg(dec) OVER ()": "decimal(14,6)",
    "round(dec * 1.1, 1)": "decimal(12,1)",
    "ceil(dec)": "decimal(9,0)",
    "sequence(id, 5)": "array<int>",
    "sequence(big, big)": "array<bigint>",
}


@pytest.mark.parametrize("expression", TYPES)
def test_a_column_has_the_type_that_the_cloud_gives_it(
    workspace: Workspace, expression: str
) -> None:
    found = workspace.sql(f"SELECT {expression} AS c FROM {ROWS}")
    assert catalog_type(found.schema.field("c").type)[1] == TYPES[expression]


def test_a_table_made_of_a_query_has_its_types(workspace: Workspace) -> None:
    workspace.sql(f"CREATE TABLE t AS SELECT year(day) AS y, dec / 3 AS third FROM {ROWS}")
    assert workspace.sql("DESCRIBE t")["data_type"].to_pylist() == ["int", "decimal(14,6)"]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT x / 3 AS c FROM (SELECT dec AS x FROM rows)",
        "WITH a AS (SELECT * FROM rows) SELECT a.dec / 3 AS c FROM a",
        "SELECT dec AS x, x / 3 AS c FROM rows",
        "SELECT l.dec / r.id AS c FROM rows l JOIN rows r ON l.id = r.id",
        "SELECT avg(dec) / 1 AS c FROM rows GROUP BY day HAVING avg(dec) > 1",
        "SELECT (SELECT max(dec) FROM rows) / 3 AS c FROM rows",
        "SELECT CASE WHEN id = 1 THEN dec ELSE 0 END / 3 AS c FROM rows",
        "SELECT x / 3 AS c FROM VALUES (1.25), (2.5) AS t(x)",
        "SELECT dec / 3 AS c, e FROM rows LATERAL VIEW explode(array(1)) x AS e",
        "SELECT x / 3 AS c FROM (SELECT dec AS x FROM rows UNION ALL SELECT 1) u",
        "SELECT c FROM rows LATERAL VIEW explode(array(dec / 3)) x AS c",
    ],
)
def test_a_quotient_of_decimals_is_one_wherever_they_come_from(
    workspace: Workspace, query: str
) -> None:
    workspace.sql(f"CREATE VIEW rows AS SELECT * FROM {ROWS}")
    assert pa.types.is_decimal(workspace.sql(query).schema.field("c").type)


def test_quotients_of_a_lambda_are_decimals(workspace: Workspace) -> None:
    found = workspace.sql(f"SELECT transform(array(dec), x -> x / 3) AS c FROM {ROWS}")
    assert found.schema.field("c").type.value_type == pa.decimal128(14, 6)


def test_quotients_out_of_a_pivot_are_decimals(workspace: Workspace) -> None:
    pivot = f"(SELECT id, dec FROM {ROWS}) PIVOT (max(dec) FOR id IN (1 AS a))"
    found = workspace.sql(f"SELECT a / 3 AS c FROM {pivot}")
    assert found.schema.field("c").type == pa.decimal128(14, 6)


def test_a_product_has_all_its_digits(workspace: Workspace) -> None:
    nines = "CAST(99999999.99 AS DECIMAL(10, 2))"
    found = workspace.sql(f"SELECT {nines} * {nines} AS c FROM {ROWS}")
    assert found["c"].to_pylist() == [Decimal("9999999998000000.0001")]


def test_days_between_dates_are_a_span_of_time(workspace: Workspace) -> None:
    query = (
        f"SELECT day - DATE'2024-01-01' AS c, CAST(day - DATE'2024-01-01' AS INT) AS n FROM {ROWS}"
    )
    found = workspace.sql(query)
    assert found.schema.field("c").type == pa.duration("us")
    assert found["c"][0].as_py().days == found["n"][0].as_py() == 59
