"""The command `vitrine sql`: a table, JSON, CSV, files of statements, parameters."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from engine import Workspace
from engine.doors.cli.command import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    workspace = Workspace(tmp_path / "w")
    workspace.write_table("t", pa.table({"a": [1, 2], "s": ["x", None], "v": [[1.5], []]}))
    return tmp_path / "w"


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["sql", "-w", str(folder), *words])


def test_a_table_is_printed(folder: Path) -> None:
    result = run(folder, "SELECT a, s, a FROM t ORDER BY a")
    assert result.exit_code == 0, result.output
    assert [line.split() for line in result.output.splitlines()[2:]] == [
        ["1", "x", "1"],
        ["2", "2"],
    ]


def test_json_and_csv(folder: Path) -> None:
    found = json.loads(run(folder, "SELECT * FROM t ORDER BY a", "--json").output)
    assert found == [{"a": 1, "s": "x", "v": [1.5]}, {"a": 2, "s": None, "v": []}]
    assert run(folder, "SELECT a, s FROM t ORDER BY a", "--csv").output.split() == [
        "a,s",
        "1,x",
        "2,null",
    ]


def test_two_columns_of_one_name_are_no_json_object(folder: Path) -> None:
    refused = run(folder, "SELECT a, s AS a FROM t", "--json")
    assert refused.exit_code == 1 and "column 'a' twice" in refused.output
    assert run(folder, "SELECT a, s AS a FROM t ORDER BY t.a", "--csv").output.split()[:2] == [
        "a,a",
        "1,x",
    ]


def test_numbers_that_json_lacks_are_texts(folder: Path) -> None:
    statement = (
        "SELECT CAST('NaN' AS DOUBLE) AS a, CAST('-Infinity' AS FLOAT) AS b, CAST(0.1 AS FLOAT) AS c, "
        "array(CAST('Infinity' AS DOUBLE)) AS d, SUM(a) AS e FROM t"
    )

    def no_constant(word: str) -> None:
        raise AssertionError(word)

    text = run(folder, statement, "--json").output
    assert json.loads(text, parse_constant=no_constant) == [
        {"a": "NaN", "b": "-Infinity", "c": 0.1, "d": ["Infinity"], "e": 3}
    ]


def test_a_file_of_statements_is_one_session(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "steps.sql"
    file.write_text(
        "-- first; a comment\nCREATE SCHEMA s;\nUSE SCHEMA s;\nCREATE TABLE u AS SELECT ';' AS a;\n"
        "CREATE TEMP VIEW v AS SELECT a FROM u;\nSELECT * FROM v;\n"
    )
    result = run(folder, "-f", str(file), "--csv")
    assert result.exit_code == 0, result.output
    assert result.output.split()[-2:] == ["a", ";"]
    assert "main.s.u" in Workspace(folder).list_tables()


def test_parameters_and_refusals(folder: Path) -> None:
    assert "1" in run(folder, "SELECT a FROM t WHERE s = :s", "-p", "s=x", "--csv").output
    refused = run(folder, "SELECT nope FROM t")
    assert refused.exit_code == 1
    assert "nope" in refused.output
    assert run(folder).exit_code == 2
    assert run(folder, "SELECT 1", "--csv", "--json").exit_code == 2
    assert run(folder, "SELECT 1", "-p", "s").exit_code == 2


def test_a_refused_statement_says_one_thing_alone(folder: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "engine.doors.cli",
        "sql",
        "-w",
        str(folder),
        "ALTER TABLE t FOO",
    ]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode != 0 and "is not supported" in done.stderr
    assert "Falling back" not in done.stderr
