"""`IDENTIFIER(...)`: names that parameters say, in every kind of statement."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import BadStatement, Workspace


def test_names_are_made_of_parameters(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    given = {"schema": "fashion_demo", "table": "t", "column": "a b"}
    name = "IDENTIFIER(:schema || '.' || :table)"
    workspace.sql(f"CREATE TABLE {name} (n INT, `a b` INT)", parameters=given)
    workspace.sql(f"INSERT INTO {name} VALUES (1, 2)", parameters=given)
    found = workspace.sql(
        f"SELECT IDENTIFIER('`' || :column || '`') AS v FROM {name}", parameters=given
    )
    assert found.to_pylist() == [{"v": 2}]
    assert workspace.sql(f"DESCRIBE TABLE {name}", parameters=given).num_rows == 2
    assert workspace.sql(f"OPTIMIZE {name}", parameters=given).num_rows == 1
    workspace.sql("USE SCHEMA identifier(concat('fashion', '_demo'))")
    assert workspace.sql("SELECT 'IDENTIFIER(x)' AS v").to_pylist() == [{"v": "IDENTIFIER(x)"}]


@pytest.mark.parametrize("said", ["'a b'", "NULL", "''", "'a..b'", "'a.'", "'`a'"])
def test_what_is_no_name_is_refused(said: str, tmp_path: Path) -> None:
    with pytest.raises(BadStatement, match="IDENTIFIER was given"):
        Workspace(tmp_path / "ws").sql(f"SELECT * FROM IDENTIFIER({said})")


def test_a_column_of_very_many_operations_has_some_name(workspace: Workspace) -> None:
    for sign, count in ((" OR ", 400), (" + ", 200)):
        many = sign.join(f"(id = {n})" if "OR" in sign else f"{n}" for n in range(count))
        assert workspace.sql(f"SELECT {many} FROM range(1)").num_rows == 1
