"""Functions of catalogs in SQL: what can't be said through every door, and calls that go wrong."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import hypothesis
import pytest
from hypothesis import strategies as st

from engine import NotFound, Workspace
from engine.errors import BadStatement, NotSupported, ResourceConflict
from engine.service.sql.session import Session


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    workspace.sql("CREATE SCHEMA main.s")
    workspace.sql("CREATE TABLE main.s.t AS SELECT id AS n, id % 3 AS kind FROM range(10)")
    return workspace


def values(workspace: Workspace, text: str, session: Session | None = None) -> list[list[object]]:
    found = workspace.sql(text, session=session)
    return [list(row.values()) for row in found.to_pylist()]


def made(workspace: Workspace, *texts: str) -> None:
    for text in texts:
        workspace.sql(f"CREATE FUNCTION {text}")


def test_results_are_named_by_full_names_of_functions(shop: Workspace) -> None:
    made(shop, "main.s.f(x INT) RETURNS INT RETURN x + 1")
    session = Session("main", "s")
    found = shop.sql("SELECT f(1), f(f(2)) * 2, F(3) AS q, n FROM t LIMIT 1", session=session)
    assert found.column_names == ["main.s.f(1)", "(main.s.f(main.s.f(2)) * 2)", "q", "n"]
    inner = shop.sql("WITH c AS (SELECT s.f(n) FROM s.t) SELECT * FROM c LIMIT 1")
    assert inner.column_names == ["main.s.f(n)"]


def test_results_are_named_by_arguments_in_their_places(shop: Workspace) -> None:
    made(
        shop,
        "main.s.f(a INT DEFAULT 1, b INT DEFAULT 2) RETURNS INT RETURN a * 10 + b",
        "main.s.g(x INT) RETURNS STRUCT<a: INT> RETURN named_struct('a', x)",
    )
    found = shop.sql("SELECT s.f(), s.f(3), s.f(b => 4), s.f(b => 4, a => 5), s.g(x => 2).a")
    names = ["main.s.f()", "main.s.f(3)", "main.s.f(1, 4)", "main.s.f(5, 4)", "main.s.g(2).a"]
    assert found.column_names == names
    assert [column[0].as_py() for column in found.columns] == [12, 32, 14, 54, 2]


@pytest.mark.parametrize(
    ("parameter", "rows", "expected"),
    [
        ("id", "range(10)", 9),
        ("col1", "VALUES (1), (2)", 2),
        ("a", "VALUES (1), (2) AS v(a)", 2),
        ("other", "range(10)", 7),
    ],
)
def test_columns_of_rows_that_are_no_table_come_before_parameters(
    shop: Workspace, parameter: str, rows: str, expected: int
) -> None:
    made(shop, f"main.s.f({parameter} BIGINT) RETURNS BIGINT RETURN "
               f"(SELECT max({parameter}) FROM {rows})")  # fmt: skip
    assert values(shop, "SELECT s.f(7)") == [[expected]]


def test_names_in_a_body_mean_what_they_meant_when_it_was_made(shop: Workspace) -> None:
    shop.sql("CREATE SCHEMA main.other")
    shop.sql("CREATE TABLE main.other.t AS SELECT 1 AS n")
    session = Session("main", "s")
    shop.sql(
        "CREATE FUNCTION many() RETURNS BIGINT RETURN (SELECT count(*) FROM t)", session=session
    )
    shop.sql("CREATE FUNCTION again() RETURNS BIGINT RETURN many() + 0", session=session)
    there = Session("main", "other")
    assert values(shop, "SELECT s.many(), s.again() FROM t", there) == [[10, 10]]


def test_no_name_of_a_call_is_taken_for_one_of_the_body(shop: Workspace) -> None:
    """The body's table has columns of the names that the arguments have."""
    made(shop, "main.s.of_kind(k BIGINT) RETURNS BIGINT RETURN "
               "(SELECT sum(n) FROM main.s.t WHERE kind = k)")  # fmt: skip
    expected = {0: 0 + 3 + 6 + 9, 1: 1 + 4 + 7, 2: 2 + 5 + 8}
    for ask in ("kind", "t.kind", "t.kind + 0"):
        found = values(
            shop, f"SELECT DISTINCT kind, main.s.of_kind({ask}) FROM main.s.t ORDER BY 1"
        )
        assert found == [[kind, total] for kind, total in expected.items()], ask
    found = values(
        shop, "SELECT kind, main.s.of_kind(max(kind)) FROM main.s.t GROUP BY kind ORDER BY 1"
    )
    assert found == [[kind, total] for kind, total in expected.items()]
    found = values(shop, "SELECT DISTINCT x.kind, s.of_kind((SELECT max(y.kind) FROM s.t y WHERE "
                         "y.n = x.n)) FROM s.t x ORDER BY 1")  # fmt: skip
    assert found == [[kind, total] for kind, total in expected.items()]


@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(st.lists(st.one_of(st.none(), st.integers(-50, 50)), min_size=1, max_size=20))
def test_a_call_gives_what_its_body_gives(workspace: Workspace, numbers: list[int | None]) -> None:
    """Each example makes the function anew, which is all that the workspace keeps of one."""
    workspace.sql("CREATE OR REPLACE FUNCTION g(a INT, b INT DEFAULT 7) RETURNS INT RETURN "
                  "CASE WHEN a > b THEN a - b ELSE coalesce(a, -1) * 2 END")  # fmt: skip
    rows = ", ".join(f"({'NULL' if n is None else n})" for n in numbers)
    found = values(workspace, f"SELECT g(n), g(n, 0), g(g(n)) FROM VALUES {rows} AS t(n)")

    def oracle(a: int | None, b: int = 7) -> int:
        return (a - b) if a is not None and a > b else (-1 if a is None else a) * 2

    assert found == [[oracle(n), oracle(n, 0), oracle(oracle(n))] for n in numbers]


def test_calls_that_go_wrong_are_told_by_the_function(shop: Workspace) -> None:
    made(
        shop,
        "main.s.f(x INT, y INT DEFAULT 1) RETURNS INT RETURN x + y",
        "main.s.rows_of(x INT) RETURNS TABLE (a INT) RETURN SELECT x",
    )
    for ask, why in {
        "SELECT s.f()": r"REQUIRED_PARAMETER_NOT_FOUND.*main\.s\.f.*`x`.*x int, y int",
        "SELECT s.f(1, 2, 3)": r"WRONG_NUM_ARGS.*requires 2 parameters.*number is 3",
        "SELECT s.f(1, z => 2)": r"UNRECOGNIZED_PARAMETER_NAME.*`z`",
        "SELECT s.f(1, x => 2)": r"DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.*`x`",
        "SELECT s.f('a')": r"CAST_INVALID_INPUT.*'a'",
        "SELECT * FROM s.f(1)": r"NOT_A_TABLE_FUNCTION.*main\.s\.f",
        "SELECT s.rows_of(1)": r"NOT_A_SCALAR_FUNCTION.*main\.s\.rows_of",
    }.items():
        with pytest.raises(BadStatement, match=why):
            shop.sql(ask)
    with pytest.raises(NotFound, match=r"`main`\.`s`\.`row_of`.*Did you mean main\.s\.rows_of"):
        shop.sql("SELECT * FROM s.row_of(1)")
    with pytest.raises(ResourceConflict, match="ROUTINE_ALREADY_EXISTS"):
        made(shop, "main.s.f() RETURN 1")
    assert values(shop, "SELECT s.f(1)") == [[2]]


def test_functions_that_call_each_other_in_a_circle_are_told(shop: Workspace) -> None:
    with pytest.raises(NotFound, match="UNRESOLVED_ROUTINE"):
        made(shop, "main.s.a(x INT) RETURN main.s.a(x)")
    made(shop, "main.s.a(x INT) RETURN x", "main.s.b(x INT) RETURN main.s.a(x)")
    with pytest.raises(BadStatement, match=r"main\.s\.a -> main\.s\.b -> main\.s\.a"):
        shop.sql("CREATE OR REPLACE FUNCTION main.s.a(x INT) RETURN main.s.b(x)")
    assert values(shop, "SELECT s.b(1)") == [[1]]


def test_a_function_that_the_api_registers_is_called(shop: Workspace) -> None:
    parameters = [{"name": "y", "type_name": "INT", "type_text": "int", "position": 1,
                   "parameter_default": "5"},
                  {"name": "x", "type_name": "INT", "type_text": "int", "position": 0}]  # fmt: skip
    facts = {"name": "times", "catalog_name": "main", "schema_name": "s",
             "input_params": {"parameters": parameters}, "data_type": "INT", "full_data_type": "INT",
             "routine_body": "SQL", "routine_definition": "RETURN x * y"}  # fmt: skip
    shop.unity_catalog.functions.create(facts)
    assert values(shop, "SELECT s.times(2), s.times(2, 3)") == [[10, 6]]
    shop.unity_catalog.functions.create({**facts, "name": "empty", "routine_definition": " "})
    with pytest.raises(BadStatement, match=r"main\.s\.empty has no body"):
        shop.sql("SELECT s.empty(1)")


def test_a_function_in_python_is_kept_and_told(shop: Workspace) -> None:
    made(shop, "main.s.py(x INT) RETURNS STRING LANGUAGE PYTHON AS $$\nreturn str(x) + '$'\n$$")
    kept = shop.unity_catalog.functions.get("main.s.py")
    assert kept["routine_definition"] == "\nreturn str(x) + '$'\n"
    assert (kept["routine_body"], kept["external_language"]) == ("EXTERNAL", "PYTHON")
    with pytest.raises(NotSupported, match=r"main\.s\.py is a function in PYTHON"):
        shop.sql("SELECT s.py(1)")
    with pytest.raises(BadStatement, match="has to say RETURNS"):
        made(shop, "main.s.py2(x INT) LANGUAGE PYTHON AS $$ return 1 $$")


def test_a_function_that_is_gone_is_missed_by_its_view(shop: Workspace) -> None:
    made(shop, "main.s.f(x BIGINT) RETURN x + 1")
    shop.sql("CREATE VIEW main.s.v AS SELECT main.s.f(n) FROM main.s.t WHERE n = 1")
    assert values(shop, "SELECT * FROM main.s.v") == [[2]]
    shop.sql("DROP FUNCTION main.s.f")
    with pytest.raises(NotFound, match=r"UNRESOLVED_ROUTINE.*`f`"):
        shop.sql("SELECT * FROM main.s.v")


def test_functions_outlast_the_workspace_and_letter_case(shop: Workspace) -> None:
    made(shop, "main.s.Twice(Amount INT) RETURNS INT RETURN AMOUNT * 2")
    again = Workspace(shop.path)
    assert values(again, "SELECT MAIN.S.TWICE(amount => 2), main.s.twice(3)") == [[4, 6]]


def test_structs_lists_and_maps_are_arguments(shop: Workspace) -> None:
    made(shop, "main.s.f(a STRUCT<x: INT, y: STRING>, b MAP<STRING, ARRAY<INT>>, c DECIMAL(10, 2)) "
               "RETURNS STRING RETURN concat(a.y, b['q'][0], f.c)")  # fmt: skip
    ask = "SELECT s.f(named_struct('x', 1, 'y', 'v'), map('q', array(5)), 1.239)"
    assert values(shop, ask) == [["v51.24"]]


@pytest.mark.parametrize(
    "rest",
    [
        "(x INT) RETURNS INT LANGUAGE SQL DETERMINISTIC CONTAINS SQL COMMENT 'a; b' RETURN x",
        "(x INT NOT NULL DEFAULT (1 + 2) COMMENT 'it''s') NOT DETERMINISTIC RETURN x",
        "(x ARRAY<STRUCT<a: INT COMMENT 'c'>> DEFAULT array()) RETURNS INT RETURN size(x)",
        "(`x y` INT DEFAULT 4) RETURN `x y`",
    ],
)
def test_all_that_may_stand_in_a_statement_is_read(shop: Workspace, rest: str) -> None:
    made(shop, f"main.s.f{rest}")
    lines = [row[0] for row in values(shop, "DESCRIBE FUNCTION EXTENDED s.f")]
    assert str(lines[0]).split() == ["Function:", "main.s.f"]


def test_columns_of_rows_are_named_by_the_body_s_words_not_by_a_call_s_values(
    shop: Workspace,
) -> None:
    made(shop, "main.s.rows_of(a INT, b STRING) RETURNS TABLE RETURN "
               "SELECT a, b AS c, rows_of.b, a + 1, n FROM main.s.t LIMIT 1")  # fmt: skip
    found = shop.sql("SELECT * FROM main.s.rows_of(5, 'x')")
    assert found.column_names == ["a", "c", "b", "(a + 1)", "n"]
    assert [list(row.values())[:4] for row in found.to_pylist()] == [[5, "x", "x", 6]]
    found = shop.sql("SELECT r.b, r.a FROM main.s.t, LATERAL main.s.rows_of(t.n, 'y') r LIMIT 1")
    assert found.column_names == ["b", "a"]


def test_a_function_that_is_replaced_is_there_all_the_time(shop: Workspace) -> None:
    made(shop, "main.s.F(x INT) RETURNS INT RETURN x + 1")
    text = "CREATE OR REPLACE FUNCTION main.s.f(x INT) RETURNS INT RETURN x + 1"
    with ThreadPoolExecutor(3) as threads:
        replaced = [threads.submit(shop.sql, text) for _ in range(10)]
        called = [threads.submit(values, shop, "SELECT main.s.f(1)") for _ in range(20)]
        assert [one.result() for one in called] == [[[2]]] * 20
        assert all(one.result() is not None for one in replaced)
    assert values(shop, "SHOW FUNCTIONS IN main.s") == [["main.s.F"]]
