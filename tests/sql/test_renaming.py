"""ALTER TABLE ... RENAME TO: what is known of a table goes along; an index holds its name."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import InvalidState, NotFound, VectorSearchClient, Workspace
from engine.errors import ResourceConflict

T = "main.fashion_demo"


def test_a_table_that_an_index_follows_keeps_its_name(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t AS SELECT 1 AS product_id, array(1.0D, 0.0D) AS v")
    workspace.create_endpoint("e")
    workspace.sql("CREATE VECTOR SEARCH INDEX i ON t(v) USING ENDPOINT e")
    with pytest.raises(InvalidState, match=rf"source of index {T}\.i.*CLONE {T}\.t"):
        workspace.sql("ALTER TABLE t RENAME TO u")
    with pytest.raises(ResourceConflict, match="already exists"):
        workspace.sql("CREATE TABLE w AS SELECT 1 AS x")
        workspace.sql("ALTER TABLE w RENAME TO i")
    assert workspace.sync(f"{T}.i").updated == 0
    VectorSearchClient(workspace=workspace).delete_index(index_name=f"{T}.i")
    workspace.sql("ALTER TABLE t RENAME TO u")
    assert workspace.sql("SELECT product_id FROM u").num_rows == 1
    with pytest.raises(NotFound, match="TABLE_OR_VIEW_NOT_FOUND"):
        workspace.sql("SELECT * FROM t")


def test_a_name_without_schema_goes_to_the_sessions(workspace: Workspace) -> None:
    workspace.sql("CREATE SCHEMA other")
    workspace.sql("CREATE TABLE other.t AS SELECT 1 AS n")
    workspace.sql("ALTER TABLE other.t RENAME TO t")
    assert workspace.read_table(f"{T}.t").num_rows == 1


def test_what_is_known_of_a_table_and_its_history_go_with_it(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t (n INT) CLUSTER BY (n) COMMENT 'all'")
    workspace.sql("INSERT INTO t VALUES (1)")
    before = workspace.describe_tables([f"{T}.t"])[0]
    workspace.sql("ALTER TABLE t RENAME TO u")
    after = workspace.describe_tables([f"{T}.u"])[0]
    for one in ("table_id", "owner", "created_at", "comment", "columns"):
        assert after[one] == before[one]
    assert workspace.sql("DESCRIBE HISTORY u").num_rows == 2
    assert workspace.sql("DESCRIBE DETAIL u")["clusteringColumns"].to_pylist() == [["n"]]


def test_keys_that_refer_to_a_table_follow_it(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE parent (id INT NOT NULL, CONSTRAINT k PRIMARY KEY (id))")
    workspace.sql("CREATE TABLE child (id INT)")
    constraints = workspace.unity_catalog.constraints
    key = {
        "name": "f",
        "child_columns": ["id"],
        "parent_table": f"{T}.parent",
        "parent_columns": ["id"],
    }
    constraints.create(f"{T}.child", {"foreign_key_constraint": key})
    workspace.sql("ALTER TABLE parent RENAME TO mother")
    workspace.sql("ALTER TABLE child RENAME TO kid")
    expected = {"foreign_key_constraint": {**key, "parent_table": f"{T}.mother"}}
    assert constraints.of(f"{T}.kid") == [expected]
    assert constraints.of(f"{T}.child") == []


def test_files_of_the_user_stay_where_they_are(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "mine.parquet"
    pq.write_table(pa.table({"n": [1, 2]}), file)
    workspace.register_table("mine", file)
    workspace.sql("ALTER TABLE mine RENAME TO ours")
    assert workspace.read_table("ours").num_rows == 2
    assert file.is_file()


def test_a_dropped_tables_place_is_free_and_a_strangers_file_in_it_is_kept(
    workspace: Workspace,
) -> None:
    workspace.sql("CREATE TABLE t AS SELECT 1 AS n")
    place = Path(workspace.sql("DESCRIBE DETAIL t")["location"][0].as_py()).with_name("u")
    place.mkdir()
    workspace.sql("ALTER TABLE t RENAME TO u")
    workspace.sql("CREATE TABLE t AS SELECT 2 AS n")
    (strange := place.with_name("x")).mkdir()
    (strange / "notes.txt").write_text("mine")
    with pytest.raises(Exception, match="was not written"):
        workspace.sql("ALTER TABLE t RENAME TO x")
    assert workspace.sql("SELECT n FROM t UNION ALL SELECT n FROM u")["n"].to_pylist() == [2, 1]
    assert (strange / "notes.txt").read_text() == "mine"
