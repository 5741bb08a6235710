"""Columns whose names differ in letter case alone: SQL says which, and never gives one for another."""

from __future__ import annotations

import pyarrow as pa
import pytest

from engine import BadStatement, Workspace

TABLE = pa.table([pa.array([1, 2]), pa.array([5, 6]), pa.array(["a", "b"])], names=["id", "p", "P"])


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    workspace.write_table("main.shop.twins", TABLE)
    return workspace


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM main.shop.twins",
        "SELECT P FROM main.shop.twins",
        "SELECT `p` FROM main.shop.twins",
        "SELECT id FROM main.shop.twins WHERE P = 'b'",
        "CREATE TABLE main.shop.copy AS SELECT * FROM main.shop.twins",
        "INSERT INTO main.shop.twins VALUES (3, 7, 'c')",
        "UPDATE main.shop.twins SET P = 'x'",
        "DELETE FROM main.shop.twins WHERE p = 5",
    ],
)
def test_a_statement_that_may_mean_either_is_refused(shop: Workspace, statement: str) -> None:
    with pytest.raises(BadStatement, match=r"AMBIGUOUS_REFERENCE\].*main.shop.twins.*`p` and `P`"):
        shop.sql(statement)
    assert shop.read_table("main.shop.twins").equals(TABLE)


def test_other_columns_of_such_a_table_are_read(shop: Workspace) -> None:
    assert shop.sql("SELECT id, count(*) AS n FROM main.shop.twins GROUP BY id ORDER BY id")[
        "id"
    ].to_pylist() == [1, 2]
    assert shop.sql("SELECT count(*) AS n FROM main.shop.twins")["n"].to_pylist() == [2]


@pytest.mark.parametrize("what", ["TABLE main.shop.made", "VIEW main.shop.made", "TEMP VIEW made"])
@pytest.mark.parametrize("names", ["1 AS x, 2 AS x", "1 AS x, 2 AS X", "a.id, b.id"])
def test_nothing_is_made_with_a_name_twice(shop: Workspace, what: str, names: str) -> None:
    rows = "main.shop.twins AS a JOIN main.shop.twins AS b ON a.id = b.id"
    with pytest.raises(BadStatement, match="COLUMN_ALREADY_EXISTS"):
        shop.sql(f"CREATE {what} AS SELECT {names} FROM {rows}")
