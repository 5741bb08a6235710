"""INSERT ... REPLACE WHERE, and the columns that a table is laid out by."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import BadStatement, NotSupported, Workspace

ROW = st.tuples(st.integers(0, 9), st.sampled_from(["a", "b", None]))


def rows_of(workspace: Workspace, name: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in workspace.read_table(name).to_pylist()]


def values(rows: list[Any]) -> str:
    return (
        ", ".join(f"({n}, {'NULL' if c is None else repr(c)})" for n, c in rows) or "(NULL, NULL)"
    )


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(before=st.lists(ROW, max_size=8), new=st.lists(ROW, max_size=4), least=st.integers(0, 9))
def test_it_is_a_delete_and_an_insert_in_one_version(
    workspace: Workspace, before: list[Any], new: list[Any], least: int
) -> None:
    workspace.sql("CREATE OR REPLACE TABLE t (n INT, c STRING)")
    if before:
        workspace.sql(f"INSERT INTO t VALUES {values(before)}")
    fits = [row for row in new if row[0] >= least and row[1] == "a"]
    source = f"SELECT * FROM VALUES {values(new)} AS v(n, c)"
    ask = f"INSERT INTO t REPLACE WHERE t.n >= {least} AND c = 'a' {source}"
    if len(fits) < max(len(new), 1):
        with pytest.raises(BadStatement, match="DELTA_REPLACE_WHERE_MISMATCH"):
            workspace.sql(ask)
        assert rows_of(workspace, "t") == before
        ask += f" WHERE n >= {least} AND c = 'a'"
    answer = workspace.sql(ask).to_pylist()
    assert answer == [{"num_affected_rows": len(fits), "num_inserted_rows": len(fits)}]
    kept = [row for row in before if not (row[0] >= least and row[1] == "a")]
    assert rows_of(workspace, "t") == kept + fits
    last = workspace.sql("DESCRIBE HISTORY t").to_pylist()[0]
    assert dict(last["operationParameters"]) == {
        "mode": "Overwrite",
        "predicate": f"t.n >= {least} AND c = 'a'",
    }


def test_a_table_says_the_columns_that_it_is_laid_out_by(workspace: Workspace) -> None:
    def layout() -> tuple[Any, Any]:
        row = workspace.sql("DESCRIBE DETAIL t").to_pylist()[0]
        return row["partitionColumns"], row["clusteringColumns"]

    workspace.sql("CREATE TABLE t (n INT, C STRING) PARTITIONED BY (c)")
    workspace.sql("INSERT INTO t VALUES (1, 'a')")
    assert layout() == (["C"], [])
    workspace.sql("CREATE OR REPLACE TABLE t CLUSTER BY (n) AS SELECT 1 AS n")
    assert layout() == ([], ["n"])
    workspace.sql("CREATE OR REPLACE TABLE t CLUSTER BY AUTO AS SELECT 1 AS n")
    assert layout() == ([], [])
    for clause, said in (("(d)", "names 'd'; the table has n"), ("(year(n))", "names of columns")):
        with pytest.raises((BadStatement, NotSupported), match=said):
            workspace.sql(f"CREATE OR REPLACE TABLE t PARTITIONED BY {clause} AS SELECT 2 AS n")
    assert rows_of(workspace, "t") == [(1,)]
