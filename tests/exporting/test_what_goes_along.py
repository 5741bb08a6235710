"""Tags, defaults, keys, generated columns go up by the script's statements, which run here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.needs import needs

needs("delta", "sdk")

from engine import Workspace
from engine.doors.rest import handle
from engine.errors import BadStatement, VitrineError

FEATURE = "'delta.feature.allowColumnDefaults' = 'supported'"
SHOWN = {
    "columns": "table_name, column_name, column_default, is_nullable, full_data_type, comment",
    "table_constraints": "table_name, constraint_name, constraint_type",
    "key_column_usage": "constraint_name, column_name, position_in_unique_constraint",
    "referential_constraints": "constraint_name, unique_constraint_name",
    "table_tags": "table_name, tag_name, tag_value",
    "column_tags": "table_name, column_name, tag_name, tag_value",
    "table_privileges": "table_name, grantee, privilege_type, inherited_from",
    "routines": "routine_name, data_type, full_data_type, external_language, comment",
    "parameters": "specific_name, parameter_name, full_data_type, parameter_default",
}


@pytest.fixture
def here(tmp_path: Path) -> Workspace:
    """Tables of which everything is said that a statement can say."""
    workspace = Workspace(tmp_path / "here")
    for statement in (
        "CREATE SCHEMA shop",
        "CREATE TABLE shop.a (b_id BIGINT, word STRING DEFAULT 'it\\'s' COMMENT 'w', n INT NOT NULL "
        f"DEFAULT 1 + 1) TBLPROPERTIES ({FEATURE}, 'k' = 'w')",
        "CREATE TABLE shop.b (id BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY (START WITH 5), at "
        f"TIMESTAMP, d DATE GENERATED ALWAYS AS (CAST(at AS DATE)), s STRING DEFAULT 'x', PRIMARY KEY "
        f"(id)) TBLPROPERTIES ({FEATURE})",
        "ALTER TABLE shop.a ADD CONSTRAINT `a to b` FOREIGN KEY (b_id) REFERENCES shop.b",
        "INSERT INTO shop.b (at) VALUES ('2026-01-02'), (NULL)",
        "INSERT INTO shop.a (b_id) VALUES (5), (6)",
        "ALTER TABLE shop.a ADD CONSTRAINT few CHECK (word <> 'it\\'s' OR n < 10)",
        "SET TAG ON TABLE shop.a `cost center` = 'it\\'s'",
        "ALTER TABLE shop.b SET TAGS ('alone', 'with' = 'value')",
        "SET TAG ON COLUMN shop.b.s pii",
        "SET TAG ON SCHEMA shop owner = team",
        "SET TAG ON CATALOG main c = d",
        "GRANT SELECT, MODIFY ON TABLE shop.a TO `a group`",
        "GRANT USE SCHEMA ON SCHEMA shop TO ann",
        "GRANT USE CATALOG ON CATALOG main TO ann",
        "CREATE FUNCTION shop.many(x BIGINT DEFAULT 5) RETURNS BIGINT COMMENT 'it\\'s \\\\ one' RETURN "
        "(SELECT count(*) FROM shop.b WHERE id >= x)",
        "CREATE FUNCTION shop.more() RETURNS TABLE (n BIGINT) RETURN SELECT main.shop.many() + 1",
        "CREATE OR REPLACE FUNCTION shop.many(x BIGINT DEFAULT 5) RETURNS BIGINT COMMENT 'it\\'s' "
        "RETURN SELECT count(*) FROM shop.b WHERE id >= x",  # younger now than what calls it
        "CREATE FUNCTION shop.py(s STRING) RETURNS STRING LANGUAGE PYTHON AS $$\n  return s + ';'\n$$",
    ):
        workspace.sql(statement)
    return workspace


def run_here(names: dict[str, Any], folder: Path, there: Workspace) -> None:
    """Let the script's statements run in a workspace that reads Delta tables by a name."""

    def run_sql(w: Any, warehouse: str, statement: str) -> None:
        for one in (folder / "tables").iterdir():
            place = f"delta.`/Volumes/v/tables/{one.name}`"
            if place in statement:
                name = f"main.source.{one.name.rpartition('.')[2]}"
                there.register_table(name, one)
                statement = statement.replace(place, name)
        try:
            there.sql(statement)
        except VitrineError as error:
            raise RuntimeError(str(error)) from error

    class Given:
        warehouse_id, volume = "w", "/Volumes/v"

    names["run_sql"] = run_sql
    names["table_exists"] = lambda w, name: False
    for table in names["TABLES"]:
        names["load_table"](None, table, Given)
    for table in names["loaded"]:
        names["run_each"](None, table, "last", Given)
    for tags in names["TAGS"]:
        names["set_tags"](None, tags, Given)
    names["create_functions"](None, names["FUNCTIONS"], Given)
    for given in names["GRANTS"]:
        names["grant"](Client(there), given)
    assert names["trouble"] == []


class Client:
    """What the script grants with, of a workspace here."""

    def __init__(self, there: Workspace) -> None:
        self.api_client, self._there = self, there

    def do(self, method: str, path: str, body: object) -> None:
        assert handle(self._there, method, path, body=body)[0] == 200


def shown(workspace: Workspace) -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    for relation, columns in SHOWN.items():
        kind = "schema_name" if relation.endswith("tags") else "constraint_schema"
        kind = "table_schema" if relation in ("columns", "table_privileges") else kind
        kind = "specific_schema" if relation in ("routines", "parameters") else kind
        rows = workspace.sql(
            f"SELECT {columns} FROM information_schema.{relation} WHERE {kind} = 'shop' ORDER BY ALL"
        )
        found[relation] = [tuple(row.values()) for row in rows.to_pylist()]
    return found


def test_all_that_is_said_of_tables_is_said_there_too(here: Workspace, tmp_path: Path) -> None:
    report = here.export_cloud(tmp_path / "up")
    assert not report.failed
    (told,) = [one for one in report.things if one.name == "main.shop.b"]
    assert told.detail.startswith("id: GENERATED BY DEFAULT AS IDENTITY there")
    names: dict[str, Any] = {"__name__": "read", "__file__": str(tmp_path / "up" / "x.py")}
    exec((tmp_path / "up" / "create_in_cloud.py").read_text("utf-8"), names)
    there = Workspace(tmp_path / "there")
    there.sql("CREATE SCHEMA shop")
    run_here(names, tmp_path / "up", there)
    assert shown(there) == shown(here)
    assert all(shown(here).values())
    for table in ("a", "b"):
        assert there.sql(f"SELECT * FROM shop.{table}") == here.sql(f"SELECT * FROM shop.{table}")
    for workspace in (here, there):
        workspace.sql("INSERT INTO shop.b (at) VALUES ('2026-05-06 07:08:09')")
        workspace.sql("INSERT INTO shop.a (b_id) VALUES (DEFAULT)")
        rows = workspace.sql("SELECT id, CAST(d AS STRING) AS d, s FROM shop.b ORDER BY id")
        assert [tuple(row.values()) for row in rows.to_pylist()] == [
            (5, "2026-01-02", "x"),
            (6, None, "x"),
            (7, "2026-05-06", "x"),
        ]
        assert workspace.sql("SELECT word, n FROM shop.a WHERE b_id IS NULL").to_pylist() == [
            {"word": "it's", "n": 2}
        ]
        with pytest.raises(BadStatement, match="CHECK constraint few"):
            workspace.sql("INSERT INTO shop.a (n) VALUES (11)")
        for relation in ("schema_tags", "catalog_tags"):
            rows = workspace.sql(f"SELECT tag_name, tag_value FROM information_schema.{relation}")
            assert rows.num_rows == 1
        rows = workspace.sql("SELECT shop.many(6) AS m, n FROM shop.more()")
        assert rows.to_pylist() == [{"m": 2, "n": 4}]


def test_the_manifest_says_it_too(here: Workspace, tmp_path: Path) -> None:
    here.export_cloud(tmp_path / "up")
    manifest = json.loads((tmp_path / "up" / "manifest.json").read_text("utf-8"))
    a, b = sorted(manifest["tables"], key=lambda one: str(one["name"]))
    assert a["foreign_keys"] == [
        {
            "name": "a to b",
            "columns": ["b_id"],
            "parent_table": "main.shop.b",
            "parent_columns": ["id"],
        }
    ]
    assert a["columns"][1]["default"] == "'it\\'s'"
    assert b["columns"][0]["identity"] == {"start": 5, "step": 1, "explicit": False}
    assert b["columns"][2]["generated"] == "CAST(at AS DATE)"
    assert (a["tags"], b["columns"][3]["tags"]) == ({"cost center": "it's"}, {"pii": ""})
    assert {(one["kind"], one["name"]) for one in manifest["tags"]} == {
        ("CATALOG", "main"),
        ("SCHEMA", "main.shop"),
    }
    ann = {"principal": "ann", "privileges": ["USE_CATALOG"]}
    assert manifest["grants"][0] == {"kind": "catalog", "name": "main", **ann}
