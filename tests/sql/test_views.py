"""A view never reads itself, and one that lasts reads nothing that doesn't."""

from __future__ import annotations

import pytest

from engine import BadStatement, Workspace
from engine.service.sql.session import Session


def count(workspace: Workspace, name: str) -> int:
    return int(workspace.sql(f"SELECT COUNT(*) AS n FROM {name}")["n"][0].as_py())


@pytest.mark.parametrize("made", ["VIEW", "TEMP VIEW"])
def test_a_view_that_would_read_itself_stays_as_it_was(workspace: Workspace, made: str) -> None:
    workspace.sql(f"CREATE {made} va AS SELECT 1 AS a")
    workspace.sql(f"CREATE {made} v2 AS SELECT * FROM va")
    for query in ("SELECT * FROM va", "SELECT * FROM VA x JOIN va y USING (a)", "SELECT * FROM v2",
                  "SELECT 1 AS a WHERE 1 IN (SELECT a FROM v2)",
                  "WITH q AS (SELECT * FROM v2) SELECT * FROM q"):  # fmt: skip
        with pytest.raises(BadStatement, match="RECURSIVE_VIEW"):
            workspace.sql(f"CREATE OR REPLACE {made} va AS {query}")
    assert count(workspace, "va") == count(workspace, "v2") == 1
    workspace.sql(f"CREATE OR REPLACE {made} va AS WITH va AS (SELECT 1 AS a) SELECT * FROM va")
    assert count(workspace, "v2") == 1


def test_a_view_is_replaced_under_the_name_that_it_has(workspace: Workspace) -> None:
    workspace.sql("CREATE VIEW va AS SELECT 1 AS a")
    workspace.sql("CREATE OR REPLACE VIEW VA AS SELECT 1 AS a UNION ALL SELECT 2")
    assert workspace.sql("SHOW VIEWS").num_rows == 1
    assert count(workspace, "va") == 2


def test_a_temporary_view_may_hide_its_table(workspace: Workspace) -> None:
    session = Session()
    workspace.sql("CREATE TABLE t AS SELECT 1 AS a UNION ALL SELECT 2")
    workspace.sql("CREATE TEMP VIEW t AS SELECT t.a FROM t WHERE a > 1", session=session)
    workspace.sql("CREATE SCHEMA elsewhere", session=session)
    workspace.sql("USE SCHEMA elsewhere", session=session)
    assert workspace.sql("SELECT a FROM t", session=session)["a"].to_pylist() == [2]


def test_a_view_that_lasts_reads_no_temporary_one(workspace: Workspace) -> None:
    workspace.sql("CREATE TEMP VIEW brief AS SELECT 1 AS a")
    with pytest.raises(BadStatement, match=r"INVALID_TEMP_OBJ_REFERENCE.*brief"):
        workspace.sql("CREATE VIEW lasting AS SELECT * FROM brief")
    assert workspace.sql("SHOW VIEWS").to_pylist()[0]["viewName"] == "brief"
