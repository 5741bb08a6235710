"""Rows that are written out, and queries put together by UNION."""

from __future__ import annotations

import pytest

from engine import Workspace


def test_rows_that_are_written_out_have_an_order_a_number_and_a_view(workspace: Workspace) -> None:
    assert workspace.sql("VALUES (1, 'a'), (2, 'b') ORDER BY 1 DESC LIMIT 1").to_pylist() == [
        {"col1": 2, "col2": "b"}
    ]
    workspace.sql("CREATE VIEW listed AS VALUES (1, 'a')")
    assert workspace.sql("SELECT * FROM listed").to_pylist() == [{"col1": 1, "col2": "a"}]
    workspace.sql("CREATE TABLE kept AS VALUES (2), (1) ORDER BY 1")
    assert workspace.sql("SELECT col1 FROM kept").column("col1").to_pylist() == [1, 2]
    found = workspace.sql("SELECT col1 FROM kept WHERE col1 IN (VALUES (1), (3))")
    assert found.column("col1").to_pylist() == [1]


def test_a_union_by_name_pairs_its_columns_by_name(workspace: Workspace) -> None:
    query = "SELECT 1 AS a, 'x' AS b UNION ALL BY NAME SELECT 'y' AS b, 2 AS a"
    found = workspace.sql(f"{query} ORDER BY a")
    assert found.to_pylist() == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


@pytest.mark.parametrize("around", ["{}", "SELECT * FROM ({})", "SELECT 1 WHERE 1 IN ({})"])
def test_a_union_of_hundreds_of_queries_runs(workspace: Workspace, around: str) -> None:
    long = " UNION ALL ".join(f"SELECT {place} AS a" for place in range(600))
    assert workspace.sql(around.format(long)).num_rows in (1, 600)
