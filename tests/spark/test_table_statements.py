"""Statements about tables through `spark.sql`: what they answer is what the workspace's own SQL does."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from sql.bodies import PRODUCTS
from sql.table_bodies import REFUSED_TABLES, TABLES, masked
from support.needs import needs

needs("spark")

from pyspark.errors import AnalysisException

from engine.service.warehouse.result_forms import text_rows

_numbers = itertools.count()


@pytest.fixture
def schema(spark: Any) -> str:
    """A schema with the table of products, for one test."""
    name = f"spark_place_{next(_numbers)}"
    spark.workspace.write_table(f"main.{name}.products", PRODUCTS)
    return name


@pytest.mark.parametrize("name", TABLES)
def test_a_statement_answers(spark: Any, schema: str, name: str) -> None:
    for statement, expected in TABLES[name]:
        rows = text_rows(spark.sql(statement.replace("NEST", schema)).toArrow())
        there = [[text and text.replace("NEST", schema) for text in row] for row in expected]
        assert masked(rows, there) == there, statement


@pytest.mark.parametrize("name", REFUSED_TABLES)
def test_a_statement_is_refused(spark: Any, schema: str, name: str) -> None:
    statement, why = REFUSED_TABLES[name]
    with pytest.raises(AnalysisException, match=why):
        spark.sql(statement.replace("NEST", schema))
