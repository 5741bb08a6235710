"""Tags follow what they are on, and the information schemas tell of all that there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import NotFound, Workspace
from engine.errors import CorruptFile, ResourceConflict

T = "main.fashion_demo.t"


def tags_of(workspace: Workspace, relation: str) -> list[tuple[Any, ...]]:
    found = workspace.sql(f"SELECT * FROM information_schema.{relation}").to_pylist()
    return [tuple(row.values()) for row in found]


def test_tags_follow_a_table_and_its_columns(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t (id INT, a INT, b INT) TBLPROPERTIES ("
                  "'delta.columnMapping.mode' = 'name')")  # fmt: skip
    workspace.sql("ALTER TABLE t SET TAGS ('k' = 'w')")
    for column in ("id", "a", "b"):
        workspace.sql(f"ALTER TABLE t ALTER COLUMN {column} SET TAGS ('of' = '{column}')")
    workspace.sql("ALTER TABLE t RENAME COLUMN a TO c")
    workspace.sql("ALTER TABLE t DROP COLUMN b")
    workspace.sql("ALTER TABLE t ADD COLUMN b INT")
    workspace.sql("ALTER TABLE t RENAME TO u")
    assert tags_of(workspace, "table_tags") == [("main", "fashion_demo", "u", "k", "w")]
    columns = [row[3:] for row in tags_of(workspace, "column_tags")]
    assert columns == [("id", "of", "id"), ("c", "of", "a")]
    workspace.sql("CREATE OR REPLACE TABLE u AS SELECT 1 AS c")
    assert [row[3:] for row in tags_of(workspace, "column_tags")] == [("c", "of", "a")]
    assert len(tags_of(workspace, "table_tags")) == 1
    workspace.sql("DROP TABLE u")
    workspace.sql("CREATE TABLE u AS SELECT 1 AS c")
    assert tags_of(workspace, "column_tags") == tags_of(workspace, "table_tags") == []


def test_tags_are_no_part_of_what_the_api_shows(workspace: Workspace) -> None:
    workspace.write_table(T, pa.table({"id": [1]}))
    before = workspace.describe_tables([T])[0]
    workspace.sql("ALTER TABLE t SET TAGS ('k')")
    workspace.sql("ALTER TABLE t ALTER id SET TAGS ('k')")
    after = workspace.describe_tables([T])[0]
    for one in ("updated_at", "updated_by"):
        before.pop(one, None), after.pop(one, None)
    assert after == before


def test_all_that_may_have_tags_has_them(workspace: Workspace) -> None:
    workspace.sql("CREATE CATALOG more")
    workspace.sql("CREATE SCHEMA more.s")
    workspace.unity_catalog.volumes.create("more", "s", "v", "MANAGED")
    workspace.sql("CREATE VIEW more.s.w AS SELECT 1 AS x")
    for what in ("CATALOG more", "SCHEMA more.s", "VOLUME more.s.v", "VIEW more.s.w"):
        workspace.sql(f"ALTER {what} SET TAGS ('k' = '{what}')")
    workspace.sql("USE CATALOG more")
    assert tags_of(workspace, "catalog_tags") == [("more", "k", "CATALOG more")]
    assert tags_of(workspace, "schema_tags") == [("more", "s", "k", "SCHEMA more.s")]
    assert tags_of(workspace, "volume_tags") == [("more", "s", "v", "k", "VOLUME more.s.v")]
    assert tags_of(workspace, "table_tags") == [("more", "s", "w", "k", "VIEW more.s.w")]
    assert workspace.sql("SELECT * FROM main.information_schema.table_tags").num_rows == 0
    workspace.sql("DROP CATALOG more CASCADE")
    workspace.sql("USE CATALOG main")
    workspace.sql("CREATE CATALOG more")
    workspace.sql("CREATE SCHEMA more.s")
    assert workspace.sql("SELECT * FROM system.information_schema.schema_tags").num_rows == 0
    with pytest.raises(NotFound, match="v"):
        workspace.sql("ALTER VOLUME more.s.v SET TAGS ('k')")


def test_a_tag_that_is_there_is_set_anew_by_alter_alone(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t (id INT)")
    for what in ("TABLE t", "COLUMN t.id"):
        workspace.sql(f"SET TAG ON {what} k = a")
        with pytest.raises(ResourceConflict, match="tag 'k' already, with the value 'a'"):
            workspace.sql(f"SET TAG ON {what} k = b")
    workspace.sql("ALTER TABLE t SET TAGS ('k' = 'b')")
    assert [row[-1] for row in tags_of(workspace, "table_tags")] == ["b"]
    assert [row[-1] for row in tags_of(workspace, "column_tags")] == ["a"]


def test_damaged_tags_are_named(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t AS SELECT 1 AS x")
    workspace.sql("ALTER TABLE t SET TAGS ('k')")
    root = Path(workspace.sql("DESCRIBE DETAIL t")["location"][0].as_py()).parents[3]
    (file,) = (root / "unity_catalog" / "tags").rglob("t.json")
    file.write_text("{")
    with pytest.raises(CorruptFile, match=r"tags.*t\.json.*Delete that file"):
        workspace.sql("SELECT * FROM information_schema.table_tags")
    workspace.sql("DROP TABLE t")
    assert not file.exists()


def test_an_information_schema_tells_of_tables_views_columns_and_volumes(
    workspace: Workspace, tmp_path: Path
) -> None:
    workspace.sql("CREATE SCHEMA s COMMENT 'here'")
    workspace.sql(
        "CREATE TABLE s.t (id BIGINT NOT NULL COMMENT 'k', d DECIMAL(5, 2)) COMMENT 'all'"
    )
    workspace.sql("CREATE VIEW s.w AS SELECT id FROM s.t")
    workspace.unity_catalog.volumes.create("main", "s", "v", "MANAGED")
    pq.write_table(pa.table({"n": [1]}), tmp_path / "a.parquet")
    workspace.register_table("main.s.gone", tmp_path / "a.parquet")
    (tmp_path / "a.parquet").unlink()

    def rows(what: str, where: str) -> list[dict[str, Any]]:
        found = workspace.sql(f"SELECT {what} FROM Information_Schema.{where}").to_pylist()
        return [dict(row) for row in found]

    types = "table_name, table_type, comment, data_source_format"
    found = rows(types, "TABLES WHERE table_schema = 's' ORDER BY table_name")
    assert [tuple(row.values()) for row in found[1:]] == [
        ("t", "MANAGED", "all", "DELTA"),
        ("w", "VIEW", None, None),
    ]
    assert found[0]["table_name"] == "gone" and "damaged" in found[0]["comment"]
    columns = "column_name, ordinal_position, is_nullable, full_data_type, data_type, comment"
    found = rows(columns, "columns WHERE table_name = 't' ORDER BY ordinal_position")
    assert [tuple(row.values()) for row in found] == [
        ("id", 1, "NO", "bigint", "LONG", "k"),
        ("d", 2, "YES", "decimal(5,2)", "DECIMAL", None),
    ]
    assert rows("view_definition", "views") == [{"view_definition": "SELECT id FROM s.t"}]
    assert rows("volume_name, volume_type", "volumes") == [
        {"volume_name": "v", "volume_type": "MANAGED"}
    ]
    assert rows("comment", "schemata WHERE schema_name = 's'") == [{"comment": "here"}]
    assert workspace.sql("SELECT * FROM system.information_schema.catalogs").num_rows == 1
    workspace.sql("CREATE TEMP VIEW mine AS SELECT table_name FROM information_schema.views")
    assert workspace.sql("SELECT * FROM mine").to_pylist() == [{"table_name": "w"}]
    assert workspace.sql(
        "SELECT tables.table_name FROM information_schema.tables WHERE tables.table_name = 'w'"
    ).to_pylist() == [{"table_name": "w"}]


def test_an_information_schema_tells_of_functions_and_their_parameters(
    workspace: Workspace,
) -> None:
    workspace.create_schema("s", "main")
    parameter = {
        "name": "x",
        "type_text": "int",
        "type_name": "INT",
        "position": 0,
        "comment": "in",
    }
    workspace.unity_catalog.functions.create(
        {
            "name": "twice",
            "catalog_name": "main",
            "schema_name": "s",
            "data_type": "INT",
            "full_data_type": "INT",
            "routine_body": "SQL",
            "routine_definition": "x * 2",
            "is_deterministic": True,
            "comment": "doubles",
            "input_params": {"parameters": [parameter]},
        }
    )
    workspace.unity_catalog.functions.create(
        {"name": "bare", "catalog_name": "main", "schema_name": "s"}
    )
    found = workspace.sql(
        "SELECT routine_name, data_type, routine_definition, is_deterministic, comment, created_by IS "
        "NOT NULL AS made FROM information_schema.routines ORDER BY 1"
    ).to_pylist()
    assert [tuple(row.values()) for row in found] == [
        ("bare", None, None, "NO", None, True),
        ("twice", "INT", "x * 2", "YES", "doubles", True),
    ]
    found = workspace.sql(
        "SELECT specific_name, ordinal_position, parameter_name, full_data_type, comment FROM "
        "system.information_schema.parameters"
    ).to_pylist()
    assert [tuple(row.values()) for row in found] == [("twice", 1, "x", "int", "in")]


def test_keys_that_can_not_be_read_hide_no_others(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t (id INT NOT NULL PRIMARY KEY)")
    workspace.sql("CREATE TABLE u (id INT NOT NULL PRIMARY KEY)")
    root = Path(workspace.sql("DESCRIBE DETAIL t")["location"][0].as_py()).parents[3]
    (file,) = (root / "unity_catalog" / "tables").rglob("t.json")
    file.write_text("{")
    assert [row[5] for row in tags_of(workspace, "table_constraints")] == ["u"]
