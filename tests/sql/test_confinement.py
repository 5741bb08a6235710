"""A statement reaches no file, network, extension or setting, and no text breaks the engine."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import VitrineError, Workspace
from engine.errors import BadStatement
from engine.service.sql.database import Database

ESCAPES = [
    "SELECT * FROM read_csv('FILE')",
    "SELECT * FROM read_csv_auto('FILE')",
    "SELECT * FROM read_parquet('FILE')",
    "SELECT * FROM read_text('FILE')",
    "SELECT * FROM read_blob('FILE')",
    "SELECT * FROM read_json('FILE')",
    "SELECT * FROM read_files('FILE')",
    "SELECT * FROM parquet.`FILE`",
    "SELECT * FROM csv.`FILE`",
    "SELECT * FROM `FILE`",
    "SELECT * FROM 'FILE'",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM sniff_csv('FILE')",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('t')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM pragma_table_info('t')",
    "SELECT * FROM information_schema.triggers",
    "SELECT * FROM information_schema.character_sets",
    "SELECT * FROM pg_catalog.pg_class",
    "SELECT * FROM sqlite_master",
    "SELECT current_setting('memory_limit')",
    "SELECT getvariable('x')",
    "SELECT getenv('HOME')",
    "SELECT java_method('java.lang.System', 'exit', 0)",
    "SELECT reflect('java.lang.System', 'getenv')",
    "SELECT secret('a', 'b')",
    "SELECT * FROM t TABLESAMPLE (10 PERCENT) INTO x",
    "SELECT 1 INTO x",
    "SELECT * FROM t FOR UPDATE",
    "SELECT * FROM vitrine_table_0",
    "ATTACH 'FILE' AS x",
    "DETACH x",
    "COPY t TO 'FILE'",
    "COPY INTO t FROM 'FILE'",
    "EXPORT DATABASE 'FILE'",
    "IMPORT DATABASE 'FILE'",
    "PRAGMA database_list",
    "SET memory_limit = '100GB'",
    "RESET memory_limit",
    "INSTALL httpfs",
    "LOAD httpfs",
    "CALL pragma_version()",
    "CHECKPOINT",
    "VACUUM",
    "EXPLAIN ANALYZE SELECT 1",
    "CREATE TEMPORARY FUNCTION f() RETURNS INT RETURN 1",
    "CREATE FUNCTION f() RETURNS STRING RETURN getenv('HOME')",
    "CREATE FUNCTION f() RETURNS STRING RETURN (SELECT max(content) FROM read_text('FILE'))",
    "CREATE FUNCTION f() RETURNS TABLE RETURN SELECT * FROM read_csv('FILE')",
    "CREATE FUNCTION f() RETURNS TABLE RETURN SELECT * FROM csv.`FILE`",
    "CREATE FUNCTION f() RETURNS TABLE RETURN COPY t TO 'FILE'",
    "CREATE FUNCTION f() RETURNS INT RETURN 1; DROP TABLE t",
    "CREATE FUNCTION `../../x`() RETURNS INT RETURN 1",
    "DROP FUNCTION `../../x`",
    "CREATE MACRO f() AS 1",
    "CREATE SECRET s (TYPE s3)",
    "CREATE TABLE x USING CSV LOCATION 'FILE'",
    "CREATE TABLE x LOCATION 'FILE' AS SELECT 1 AS a",
    "CREATE TABLE x SHALLOW CLONE t LOCATION 'FILE'",
    "CREATE TABLE x CLONE parquet.`FILE`",
    "CREATE TABLE x LIKE delta.`FILE`",
    "INSERT INTO t REPLACE ON true SELECT * FROM parquet.`FILE`",
    "DESCRIBE DETAIL 'FILE'",
    "DESCRIBE HISTORY 'FILE'",
    "SHOW CREATE TABLE delta.`FILE`",
    "CREATE EXTERNAL TABLE x (a INT) USING PARQUET LOCATION 'FILE'",
    "INSERT OVERWRITE DIRECTORY 'FILE' SELECT 1",
    "DROP TABLE `../../x`",
    "CREATE TABLE `../../x` (a INT)",
    "CREATE SCHEMA `../x`",
    "USE `../..`",
    "DROP SCHEMA `..` CASCADE",
    "DROP CATALOG `..` CASCADE",
    "SELECT 1; SELECT 2",
    "SELECT 1 /* ; */; DROP TABLE t",
]


@pytest.fixture
def walled(tmp_path: Path) -> tuple[Workspace, Path]:
    made = Workspace(tmp_path / "workspace")
    made.write_table("t", pa.table({"a": [1]}))
    file = tmp_path / "secret.csv"
    file.write_text("word\nhidden\n")
    return made, file


@pytest.mark.parametrize("statement", ESCAPES)
def test_an_escape_is_refused(walled: tuple[Workspace, Path], statement: str) -> None:
    workspace, file = walled
    around = sorted(file.parent.iterdir())
    with pytest.raises(VitrineError) as refused:
        workspace.sql(statement.replace("FILE", str(file)))
    assert refused.value.status_code != 500
    assert "hidden" not in str(refused.value)
    assert file.read_text() == "word\nhidden\n"
    assert sorted(file.parent.iterdir()) == around
    assert workspace.read_table("t")["a"].to_pylist() == [1]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('FILE')",
        "SELECT * FROM 'FILE'",
        "ATTACH 'FILE.db'",
        "COPY (SELECT 1) TO 'FILE'",
        "INSTALL httpfs",
        "SET memory_limit = '100GB'",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SELECT * FROM read_text('https://example.com')",
    ],
)
def test_the_database_itself_is_locked(tmp_path: Path, statement: str) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("word\nhidden\n")
    with Database().connection() as connection, pytest.raises(BadStatement):
        connection.run(statement.replace("FILE", str(file)))
    assert file.read_text() == "word\nhidden\n"


def test_one_statement_does_not_see_what_another_was_shown() -> None:
    database = Database()
    with database.connection() as one, database.connection() as other:
        name = one.show(pa.table({"a": [1]}))
        assert one.run(f"SELECT a FROM {name}")["a"].to_pylist() == [1]
        with pytest.raises(BadStatement):
            other.run(f"SELECT a FROM {name}")


def test_a_statement_ends_when_its_time_is_up() -> None:
    with (
        Database(seconds=0.2).connection() as connection,
        pytest.raises(BadStatement, match=r"longer than 0.2 s"),
    ):
        connection.run("SELECT count(*) FROM range(1000000000) a, range(1000000) b")


def test_no_setting_of_the_process_changes() -> None:
    before = duckdb.sql("SELECT current_setting('enable_external_access')").fetchall()
    with Database().connection() as connection:
        connection.run("SELECT 1")
    assert duckdb.sql("SELECT current_setting('enable_external_access')").fetchall() == before


PIECES = st.sampled_from(
    ["SELECT", "*", "FROM", "t", "(", ")", ",", "'", '"', "`", "a", "1", "WHERE", "=", ":p", "JOIN",
     "ON", "CREATE", "TABLE", "VIEW", "AS", "INSERT", "INTO", "VALUES", "UPDATE", "SET", "MERGE",
     "USING", "WHEN", "DROP", "SHOW", "DESCRIBE", "LATERAL", "vector_search", "=>", "ai_query", ".",
     ";", "--", "/*", "*/", "\\", "\x00", "é", "🙂", "LIKE", "CAST", "ARRAY<", ">", "explode", "->",
     "WITH", "UNION", "NULL", "IN", "CASE", "END", "ALTER", "ADD", "COLUMN", "USE", "MATCHED"]
)  # fmt: skip


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=14).map(" ".join)))
def test_any_text_answers_or_is_refused(workspace: Workspace, text: str) -> None:
    workspace.write_table("t", pa.table({"a": [1]}))
    try:
        workspace.sql(text, parameters={"p": 1})
    except VitrineError as error:
        assert error.status_code != 500, error


@pytest.mark.parametrize("inside", ["(", "[", "CASE WHEN ", "NOT ", "-", "array(", "SELECT ("])
def test_deep_nesting_is_refused(workspace: Workspace, inside: str) -> None:
    with pytest.raises(VitrineError) as refused:
        workspace.sql("SELECT " + inside * 20_000 + "1")
    assert refused.value.status_code != 500
