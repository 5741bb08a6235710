"""CHECK constraints: which writes they refuse, and what becomes of them as their table changes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Workspace
from engine.errors import BadStatement, ResourceConflict

SHOWN = (
    "[DELTA_VIOLATE_CONSTRAINT_WITH_VALUES] CHECK constraint dear (price > 1 AND id < 100) violated by "
    "row with values:\n - id : {id}\n - price : {price}"
)


@pytest.fixture
def checked(workspace: Workspace) -> Workspace:
    workspace.sql(
        "CREATE TABLE t (id INT, price DOUBLE, s STRING) TBLPROPERTIES ("
        "'delta.columnMapping.mode' = 'name', 'delta.enableTypeWidening' = 'true')"
    )
    workspace.sql("INSERT INTO t VALUES (1, 2, 'a'), (2, 3, 'b')")
    workspace.sql("ALTER TABLE t ADD CONSTRAINT dear CHECK (price > 1 AND id < 100)")
    return workspace


@pytest.mark.parametrize(
    ("statement", "row"),
    [
        ("INSERT INTO t VALUES (3, 4, 'c'), (4, 0.5, 'd')", (4, 0.5)),
        ("INSERT INTO t (id) VALUES (3)", (3, "null")),
        ("INSERT OVERWRITE t VALUES (3, -1, NULL)", (3, -1.0)),
        ("INSERT INTO t REPLACE WHERE id = 1 VALUES (1, 0, NULL)", (1, 0.0)),
        ("UPDATE t SET price = price - 2 WHERE id = 2", (2, 1.0)),
        ("UPDATE t SET id = id + 98", (100, 3.0)),
        ("MERGE INTO t USING (SELECT 1 AS k) u ON t.id = u.k WHEN MATCHED THEN UPDATE SET price = 0",
         (1, 0.0)),
        ("MERGE INTO t USING (SELECT 200 AS k) u ON t.id = u.k WHEN NOT MATCHED THEN INSERT (id, price) "
         "VALUES (k, 5)", (200, 5.0)),
    ],
)  # fmt: skip
def test_a_write_of_a_row_that_does_not_fulfil_it_is_refused_whole(
    checked: Workspace, statement: str, row: tuple[object, object]
) -> None:
    before, versions = checked.sql("SELECT * FROM t"), checked.sql("DESCRIBE HISTORY t").num_rows
    with pytest.raises(BadStatement, match=re.escape(SHOWN.format(id=row[0], price=row[1])) + "$"):
        checked.sql(statement)
    assert checked.sql("SELECT * FROM t") == before
    assert checked.sql("DESCRIBE HISTORY t").num_rows == versions


@pytest.mark.parametrize(
    "action",
    ["DROP COLUMN price", "RENAME COLUMN Price TO p", "ALTER COLUMN id TYPE BIGINT",
     "REPLACE COLUMNS (id INT, s STRING)"],
)  # fmt: skip
def test_a_column_that_it_reads_stays_as_it_is(checked: Workspace, action: str) -> None:
    with pytest.raises(
        BadStatement, match=r"DEPENDENT_COLUMN_CHANGE.*dear -> price > 1 AND id < 100"
    ):
        checked.sql(f"ALTER TABLE t {action}")
    checked.sql("ALTER TABLE t RENAME COLUMN s TO word")
    checked.sql("ALTER TABLE t DROP CONSTRAINT dear")
    checked.sql(f"ALTER TABLE t {action.replace('id INT, s', 'id INT, word')}")


def test_it_goes_with_the_table_and_not_with_one_made_anew(checked: Workspace) -> None:
    checked.sql("ALTER TABLE t RENAME TO renamed")
    checked.sql("CREATE TABLE copy CLONE renamed")
    checked.sql("CREATE TABLE like_it LIKE renamed")
    for name in ("renamed", "copy"):
        with pytest.raises(BadStatement, match=r"(?s)constraint dear .*id : 3"):
            checked.sql(f"INSERT INTO {name} VALUES (3, 0, NULL)")
    checked.sql("INSERT INTO like_it VALUES (3, 0, NULL)")
    checked.sql("CREATE OR REPLACE TABLE copy AS SELECT * FROM like_it")
    assert checked.sql("SHOW TBLPROPERTIES copy").num_rows == 0


def test_two_of_one_name_are_refused_with_the_old_one(checked: Workspace) -> None:
    with pytest.raises(
        ResourceConflict, match=r"DELTA_CONSTRAINT_ALREADY_EXISTS.*'DEAR'.*price > 1"
    ):
        checked.sql("ALTER TABLE t ADD CONSTRAINT DEAR CHECK (id > 0)")


def test_what_show_create_table_says_makes_a_table_that_is_checked(checked: Workspace) -> None:
    said = checked.sql("SHOW CREATE TABLE t")["createtab_stmt"][0].as_py()
    checked.sql(said.replace("main.fashion_demo.t", "again"))
    with pytest.raises(BadStatement, match="constraint dear"):
        checked.sql("INSERT INTO again VALUES (3, 0, NULL)")
    having = "TBLPROPERTIES ('delta.constraints.c' = 'n > 1') AS SELECT"
    with pytest.raises(BadStatement, match=r"(?s)CHECK constraint c \(n > 1\) violated.*n : 1"):
        checked.sql(f"CREATE TABLE made {having} 1 AS n")
    checked.sql(f"CREATE TABLE made {having} 2 AS n")


def test_details_and_history_tell_of_it(checked: Workspace) -> None:
    detail = checked.sql("DESCRIBE DETAIL t").to_pylist()[0]
    assert dict(detail["properties"])["delta.constraints.dear"] == "price > 1 AND id < 100"
    assert "checkConstraints" in detail["tableFeatures"]
    last = checked.sql("DESCRIBE HISTORY t LIMIT 1").to_pylist()[0]
    assert last["operation"] == "ADD CONSTRAINT"
    assert dict(last["operationParameters"]) == {"name": "dear", "expr": "price > 1 AND id < 100"}
    shown = checked.sql("DESCRIBE EXTENDED t").to_pylist()
    said = next(row["data_type"] for row in shown if row["col_name"] == "Table Properties")
    assert "delta.constraints.dear=price > 1 AND id < 100" in said


numbers = st.one_of(st.none(), st.integers(-3, 3))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=4))
def test_rows_are_taken_as_the_condition_says_of_each(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int | None, int | None]]
) -> None:
    workspace = Workspace(tmp_path_factory.mktemp("checks"))
    workspace.sql("CREATE TABLE t (a INT, b INT)")
    workspace.sql("ALTER TABLE t ADD CONSTRAINT c CHECK (a < b OR b = 0)")
    values = ", ".join(f"({a}, {b})".replace("None", "NULL") for a, b in rows)

    def fulfils(a: int | None, b: int | None) -> bool:
        return b == 0 or (a is not None and b is not None and a < b)

    if all(fulfils(a, b) for a, b in rows):
        workspace.sql(f"INSERT INTO t VALUES {values}")
        assert workspace.sql("SELECT count(*) AS n FROM t")["n"].to_pylist() == [len(rows)]
    else:
        with pytest.raises(BadStatement, match="VIOLATE_CONSTRAINT"):
            workspace.sql(f"INSERT INTO t VALUES {values}")


def test_a_table_without_columns_takes_no_condition(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE bare")
    with pytest.raises(BadStatement, match="DELTA_READ_TABLE_WITHOUT_COLUMNS"):
        workspace.sql("ALTER TABLE bare ADD CONSTRAINT p CHECK (id > 0)")
