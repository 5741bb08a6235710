"""SQL and the routes of Unity Catalog show the same catalogs, schemas, tables and views."""

from __future__ import annotations

import pyarrow as pa
import pytest

from engine import BadStatement, NotFound, ResourceConflict, VitrineError, Workspace
from engine.doors.rest import handle

UC = "/api/2.1/unity-catalog"


def ask(workspace: Workspace, method: str, path: str, body: object = None, **query: object):
    status, reply = handle(workspace, method, f"{UC}/{path}", query, body)
    assert status == 200, reply
    return reply


def rows(workspace: Workspace, statement: str) -> list[list[object]]:
    return [list(row.values()) for row in workspace.sql(statement).to_pylist()]


def test_a_schema_is_made_by_one_and_dropped_by_the_other(workspace: Workspace) -> None:
    workspace.sql("CREATE CATALOG shop COMMENT 'of clothes'")
    workspace.sql("CREATE SCHEMA shop.summer COMMENT 'light'")
    assert ask(workspace, "GET", "catalogs/shop")["comment"] == "of clothes"
    assert ask(workspace, "GET", "schemas/shop.summer")["comment"] == "light"
    ask(workspace, "POST", "schemas", {"name": "winter", "catalog_name": "shop", "comment": "warm"})
    assert rows(workspace, "SHOW SCHEMAS IN shop") == [["default"], ["summer"], ["winter"]]
    assert ["Comment", "warm"] in rows(workspace, "DESCRIBE SCHEMA shop.winter")
    with pytest.raises(BadStatement, match="not empty"):
        workspace.sql("DROP CATALOG shop")
    workspace.sql("DROP SCHEMA shop.winter")
    ask(workspace, "DELETE", "schemas/shop.summer")
    assert rows(workspace, "SHOW SCHEMAS IN shop") == [["default"]]
    workspace.sql("DROP CATALOG shop CASCADE")
    assert [one["name"] for one in ask(workspace, "GET", "catalogs")["catalogs"]] == ["main"]
    with pytest.raises(NotFound, match="NO_SUCH_CATALOG"):
        workspace.sql("CREATE SCHEMA shop.summer")


def test_a_table_made_by_sql_shows_what_was_said(workspace: Workspace) -> None:
    workspace.sql(
        "CREATE TABLE t (id BIGINT NOT NULL COMMENT 'the key', name STRING, "
        "CONSTRAINT my_key PRIMARY KEY (id)) COMMENT 'clothes' TBLPROPERTIES ('a' = 'b')"
    )
    found = ask(workspace, "GET", "tables/main.fashion_demo.t")
    columns = [
        (c["name"], c["type_text"], c["nullable"], c.get("comment")) for c in found["columns"]
    ]
    assert columns == [("id", "bigint", False, "the key"), ("name", "string", True, None)]
    assert (found["comment"], found["properties"]) == ("clothes", {"a": "b"})
    assert found["table_constraints"] == [
        {"primary_key_constraint": {"name": "my_key", "child_columns": ["id"]}}
    ]
    workspace.sql("ALTER TABLE t SET TBLPROPERTIES ('c' = 'd')")
    workspace.sql("ALTER TABLE t ADD COLUMN size INT COMMENT 'in cm'")
    workspace.sql("COMMENT ON TABLE t IS 'all clothes'")
    changed = ask(workspace, "GET", "tables/main.fashion_demo.t")
    assert (changed["comment"], changed["properties"]) == ("all clothes", {"a": "b", "c": "d"})
    assert changed["columns"][2]["comment"] == "in cm"
    assert changed["table_id"] == found["table_id"]
    workspace.sql("CREATE OR REPLACE TABLE t AS SELECT 1 AS id")
    replaced = ask(workspace, "GET", "tables/main.fashion_demo.t")
    assert replaced["table_id"] == found["table_id"]
    assert not {"comment", "properties", "table_constraints"} & replaced.keys()


def test_sql_shows_what_a_route_said(workspace: Workspace) -> None:
    place = {"catalog_name": "main", "schema_name": "default"}
    columns = [
        {"name": "id", "type_text": "bigint", "nullable": False, "comment": "the key"},
        {"name": "v", "type_text": "array<float>"},
    ]
    made = {"name": "t", **place, "columns": columns, "comment": "c", "properties": {"k": "w"}}
    ask(workspace, "POST", "tables", made)
    assert rows(workspace, "DESCRIBE main.default.t") == [
        ["id", "bigint", "the key"],
        ["v", "array<float>", None],
    ]
    assert rows(workspace, "SHOW TBLPROPERTIES main.default.t") == [["k", "w"]]
    detail = workspace.sql("DESCRIBE DETAIL main.default.t").to_pylist()[0]
    assert (detail["description"], dict(detail["properties"])) == ("c", {"k": "w"})
    ask(workspace, "PATCH", "tables/main.default.t", {"owner": "ann"})
    assert ["Owner", "ann", ""] in rows(workspace, "DESCRIBE EXTENDED main.default.t")


def test_a_key_of_a_route_is_the_key_of_an_index_made_by_sql(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t (code STRING NOT NULL, v ARRAY<FLOAT>)")
    workspace.sql("INSERT INTO t VALUES ('a', array(1, 0))")
    workspace.create_constraint(
        "main.fashion_demo.t",
        {"primary_key_constraint": {"name": "pk", "child_columns": ["code"]}},
    )
    workspace.create_endpoint("e")
    workspace.sql("CREATE VECTOR SEARCH INDEX i ON t(v) USING ENDPOINT e")
    assert workspace.get_index("main.fashion_demo.i")["primary_key"] == "code"


def test_a_view_is_among_the_tables(workspace: Workspace) -> None:
    workspace.write_table("main.s.t", pa.table({"id": [1], "name": ["red"]}))
    workspace.sql(
        "CREATE VIEW main.s.w (a COMMENT 'key', b) COMMENT 'cut' AS SELECT * FROM main.s.t"
    )
    found = ask(workspace, "GET", "tables/main.s.w")
    assert found["table_type"] == "VIEW"
    assert found["comment"] == "cut"
    assert "main.s.t" in found["view_definition"]
    columns = [(c["name"], c["type_text"], c.get("comment")) for c in found["columns"]]
    assert columns == [("a", "bigint", "key"), ("b", "string", None)]
    listed = ask(workspace, "GET", "tables", catalog_name="main", schema_name="s")["tables"]
    assert [one["name"] for one in listed] == ["t", "w"]
    assert rows(workspace, "DESCRIBE main.s.w") == [["a", "bigint", "key"], ["b", "string", None]]
    assert ask(workspace, "GET", "tables/main.s.w/exists") == {"table_exists": True}
    ask(workspace, "DELETE", "tables/main.s.w")
    with pytest.raises(NotFound):
        workspace.sql("SELECT * FROM main.s.w")


def test_a_name_is_taken_once(workspace: Workspace) -> None:
    workspace.sql("CREATE VIEW w AS SELECT 1 AS a")
    place = {"catalog_name": "main", "schema_name": "fashion_demo"}
    made = {"name": "w", **place, "columns": [{"name": "a", "type_text": "int"}]}
    status, reply = handle(workspace, "POST", f"{UC}/tables", {}, made)
    assert (status, reply["error_code"]) == (400, "TABLE_ALREADY_EXISTS")
    with pytest.raises(ResourceConflict, match="is a view"):
        workspace.write_table("w", pa.table({"a": [1]}))
    workspace.sql("DROP VIEW w")
    workspace.write_table("w", pa.table({"a": [1]}))


def test_a_column_that_may_not_be_null_is_so_for_both(workspace: Workspace) -> None:
    columns = [{"name": "a", "type_text": "int", "nullable": False}]
    workspace.create_table("t", "main", "default", columns)
    with pytest.raises(VitrineError, match="NULL"):
        workspace.sql("INSERT INTO main.default.t VALUES (NULL)")
    workspace.sql("INSERT INTO main.default.t VALUES (1)")
    assert not workspace.get_table("main.default.t")["columns"][0]["nullable"]


def test_a_schema_with_a_view_goes_by_force_alone(workspace: Workspace) -> None:
    workspace.sql("CREATE SCHEMA s")
    workspace.sql("CREATE VIEW s.w AS SELECT 1 AS a")
    status, reply = handle(workspace, "DELETE", f"{UC}/schemas/main.s")
    assert (status, reply["error_code"]) == (400, "SCHEMA_NOT_EMPTY")
    ask(workspace, "DELETE", "schemas/main.s", force="true")
    workspace.sql("CREATE SCHEMA s")
    with pytest.raises(NotFound, match="TABLE_OR_VIEW_NOT_FOUND"):
        workspace.sql("SELECT * FROM s.w")


def test_what_was_known_of_a_table_goes_with_it(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t (a INT) COMMENT 'old'")
    workspace.sql("DROP TABLE t")
    workspace.write_table("t", pa.table({"a": [1]}))
    assert "comment" not in workspace.get_table("main.fashion_demo.t")
