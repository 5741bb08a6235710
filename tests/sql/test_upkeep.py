"""OPTIMIZE, VACUUM, ANALYZE and REFRESH: small files become few, rows stay, the user's files too."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import BadStatement, NotFound, NotSupported, Workspace
from engine.core.names import table_name
from engine.store.tables import changing

NAME = "main.fashion_demo.t"


def metrics(workspace: Workspace, statement: str) -> dict[str, Any]:
    (row,) = workspace.sql(statement).to_pylist()
    assert list(row) == ["path", "metrics"]
    return dict(row["metrics"])


def files(workspace: Workspace) -> list[int]:
    """Rows of each file of the table."""
    return [
        pq.read_metadata(file).num_rows for file in workspace.tables.get(table_name(NAME)).files
    ]


@settings(
    max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_neighbouring_small_files_are_joined_in_the_order_of_their_rows(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, sizes: list[int]
) -> None:
    monkeypatch.setattr(changing, "PART_ROWS", 10)
    monkeypatch.setattr(changing, "SMALL_ROWS", 1)
    workspace.sql("CREATE OR REPLACE TABLE t (n INT, word STRING)")
    for place, size in enumerate(sizes):
        values = ", ".join(f"({n}, 'w{place}')" for n in range(size))
        workspace.sql(f"INSERT INTO t VALUES {values}")
    before, rows = files(workspace), workspace.read_table(NAME).to_pylist()
    told = metrics(workspace, "OPTIMIZE t WHERE word = 'w1' ZORDER BY (n, WORD)")
    after = files(workspace)
    assert workspace.read_table(NAME).to_pylist() == rows
    assert all(one + other > 10 for one, other in pairwise(after))
    assert max(after) <= 10
    assert told["numFilesAdded"] - told["numFilesRemoved"] == len(after) - len(before)
    assert told["filesRemoved"]["totalFiles"] == told["numFilesRemoved"]
    again = metrics(workspace, f"OPTIMIZE {NAME}")
    assert (again["numFilesAdded"], again["numFilesRemoved"]) == (0, 0)
    last = workspace.sql("DESCRIBE HISTORY t").to_pylist()[0]["operation"]
    assert last == ("OPTIMIZE" if told["numFilesRemoved"] else "WRITE")


def test_a_vacuum_of_the_workspaces_own_table_finds_nothing_to_remove(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t AS SELECT 1 AS n")
    where = workspace.sql("DESCRIBE DETAIL t")["location"].to_pylist()
    for ask in ("VACUUM t", "VACUUM main.fashion_demo.T RETAIN 0 HOURS", "VACUUM t FULL"):
        assert workspace.sql(ask).to_pydict() == {"path": where}
    assert workspace.sql("VACUUM t RETAIN 168 HOURS DRY RUN").to_pydict() == {"path": []}
    assert workspace.sql("SELECT * FROM t").num_rows == 1


def test_statistics_are_asked_for_in_each_form(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t AS SELECT 1 AS n, 'a' AS word")
    for ask in (
        "ANALYZE TABLE t COMPUTE STATISTICS",
        f"ANALYZE TABLE {NAME} COMPUTE STATISTICS NOSCAN",
        "ANALYZE TABLE t COMPUTE STATISTICS FOR COLUMNS n, WORD",
        "ANALYZE TABLE t COMPUTE STATISTICS FOR COLUMNS (n)",
        "analyze table `t` compute delta statistics for all columns",
        "ANALYZE TABLES IN main.fashion_demo COMPUTE STATISTICS",
        "ANALYZE TABLES COMPUTE STATISTICS NOSCAN",
    ):
        assert workspace.sql(ask).num_columns == 0


def test_what_asks_for_nothing_that_is_due_here_answers_nothing(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t AS SELECT 1 AS n")
    workspace.sql("CREATE VIEW v AS SELECT * FROM t")
    workspace.sql("CREATE TEMP VIEW w AS SELECT 1 AS n")
    for ask in (
        "REFRESH TABLE t",
        f"refresh {NAME}",
        "REFRESH TABLE v",
        "REFRESH TABLE w",
        "CACHE TABLE t",
        "CACHE LAZY TABLE `t` OPTIONS ('storageLevel' = 'DISK_ONLY')",
        "UNCACHE TABLE t",
        "UNCACHE TABLE IF EXISTS none",
        "CLEAR CACHE",
        "MSCK REPAIR TABLE t SYNC METADATA",
        "FSCK REPAIR TABLE t DRY RUN",
        "REORG TABLE t WHERE n > 0 APPLY (PURGE)",
    ):
        found = workspace.sql(ask)
        assert (found.num_columns, found.num_rows) == (0, 0)
    assert workspace.sql("TABLE t").to_pylist() == [{"n": 1}]
    assert workspace.sql("table v LIMIT 0").num_rows == 0


def test_what_is_not_there_is_refused_by_name(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t AS SELECT 1 AS n")
    workspace.sql("CREATE VIEW v AS SELECT * FROM t")
    for ask, kind, said in (
        (
            "OPTIMIZE t ZORDER BY (price)",
            BadStatement,
            "'price' is no column of main.fashion_demo.t",
        ),
        ("ANALYZE TABLE t COMPUTE STATISTICS FOR COLUMNS m", BadStatement, "'m' is no column"),
        ("OPTIMIZE none", NotFound, "TABLE_OR_VIEW_NOT_FOUND"),
        ("OPTIMIZE v", NotFound, "TABLE_OR_VIEW_NOT_FOUND"),
        ("VACUUM none", NotFound, "TABLE_OR_VIEW_NOT_FOUND"),
        ("ANALYZE TABLE none COMPUTE STATISTICS", NotFound, "TABLE_OR_VIEW_NOT_FOUND"),
        ("ANALYZE TABLES IN none COMPUTE STATISTICS", NotFound, "none"),
        ("REFRESH TABLE none", NotFound, "TABLE_OR_VIEW_NOT_FOUND"),
        ("UNCACHE TABLE none", NotFound, "TABLE_OR_VIEW_NOT_FOUND"),
        ("CACHE TABLE t AS SELECT 1", BadStatement, "'AS'; expected the end"),
        ("CLEAR TABLE t", BadStatement, "expected CACHE"),
        ("REORG TABLE t APPLY (UPGRADE)", BadStatement, "expected APPLY"),
        ("VACUUM t RETAIN many HOURS", BadStatement, "'many'; expected a number of hours"),
        ("VACUUM t NOW", BadStatement, "'NOW'; expected RETAIN"),
        ("OPTIMIZE t ZORDER (n)", BadStatement, "expected BY"),
        ("ANALYZE TABLE t", BadStatement, "expected COMPUTE"),
    ):
        with pytest.raises(kind, match=said):
            workspace.sql(ask)


def test_files_of_the_user_are_left_as_they_are(workspace: Workspace, tmp_path: Path) -> None:
    for place in range(3):
        pq.write_table(pa.table({"n": [place]}), tmp_path / f"{place}.parquet")
    workspace.register_table(NAME, str(tmp_path))
    told = metrics(workspace, "OPTIMIZE t")
    assert (told["numFilesRemoved"], told["totalFilesSkipped"]) == (0, 3)
    workspace.sql("VACUUM t RETAIN 0 HOURS")
    assert len(list(tmp_path.glob("*.parquet"))) == 3 == workspace.read_table(NAME).num_rows


def test_a_table_is_restored_to_the_version_that_it_has(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE restored AS SELECT 1 AS id")
    (answer,) = workspace.sql("RESTORE TABLE restored TO VERSION AS OF 0").to_pylist()
    assert (answer["num_of_files_after_restore"], answer["num_removed_files"]) == (1, 0)
    workspace.sql("INSERT INTO restored VALUES (2)")
    with pytest.raises(NotSupported, match="version 0 can"):
        workspace.sql("RESTORE restored TO VERSION AS OF 0")
    with pytest.raises(BadStatement, match="'soon' is no time"):
        workspace.sql("RESTORE TABLE restored TO TIMESTAMP AS OF 'soon'")
    assert workspace.sql("SELECT count(*) AS n FROM restored")["n"].to_pylist() == [2]
