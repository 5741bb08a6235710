"""Tables that are made and changed through Unity Catalog, their columns and constraints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from engine import InvalidParameterValue, NotFound, NotSupported, ResourceConflict, Workspace
from engine.core.types import parse_sql_type
from engine.doors.rest import handle
from engine.service.catalogs.errors import DeletedElsewhere, TableExists, TableNotFound

SQL_TYPES = {
    "INT": pa.int32(),
    "bigint": pa.int64(),
    "tinyint": pa.int8(),
    "double": pa.float64(),
    "real": pa.float32(),
    "decimal(10,2)": pa.decimal128(10, 2),
    "DECIMAL( 5 )": pa.decimal128(5, 0),
    "numeric": pa.decimal128(10, 0),
    "varchar(20)": pa.string(),
    "binary": pa.binary(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "timestamp_ntz": pa.timestamp("us"),
    "array<array<decimal(3,1)>>": pa.list_(pa.list_(pa.decimal128(3, 1))),
    "decimal(39,0)": None,
    "decimal(3,4)": None,
    "map<string,int>": None,
    "array<>": None,
}
COLUMNS: list[dict[str, Any]] = [
    {"name": "v", "type_text": "array<float>", "position": 1},
    {"name": "id", "type_name": "LONG", "position": 0, "nullable": False, "comment": "key"},
]


@pytest.mark.parametrize("text", SQL_TYPES)
def test_a_type_as_sql_writes_it(text: str) -> None:
    assert parse_sql_type(text) == SQL_TYPES[text]


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    workspace.create_schema("s", "main")
    workspace.create_table("t", "main", "s", COLUMNS, comment="c", properties={"a": "1"})
    return workspace


def test_a_made_table_shows_what_was_given(shop: Workspace) -> None:
    shown = shop.get_table("main.s.t")
    assert (shown["comment"], shown["properties"]) == ("c", {"a": "1"})
    assert (shown["table_type"], shown["data_source_format"]) == ("MANAGED", "DELTA")
    assert shown["storage_location"] == (shop.path / "tables/main/s/t").absolute().as_uri()
    key, vector = shown["columns"]
    assert (key["name"], key["type_text"], key["nullable"]) == ("id", "bigint", False)
    assert json.loads(key["type_json"]) == {
        "name": "id", "type": "long", "nullable": False, "metadata": {"comment": "key"},
    }  # fmt: skip
    assert json.loads(vector["type_json"])["type"] == {
        "type": "array", "elementType": "float", "containsNull": True,
    }  # fmt: skip
    assert (vector["position"], vector["nullable"], vector["type_name"]) == (1, True, "ARRAY")
    assert shop.read_table("main.s.t").num_rows == 0
    changed = shop.update_table("main.s.t", owner="ann", properties={"b": "2"})
    assert (changed["owner"], changed["properties"]) == ("ann", {"a": "1", "b": "2"})
    assert Workspace(shop.path).get_table("main.s.t") == changed


def test_what_was_said_of_a_table_outlives_its_rows_but_not_the_table(shop: Workspace) -> None:
    made = shop.get_table("main.s.t")
    shop.write_table("main.s.t", pa.table({"id": [1], "v": [[1.0]]}))
    written = shop.get_table("main.s.t")
    assert written["comment"] == "c" and written["columns"][0]["comment"] == "key"
    assert written["created_at"] == made["created_at"] < written["updated_at"]
    shop.drop_table("main.s.t")
    shop.write_table("main.s.t", pa.table({"id": [1]}))
    again = shop.get_table("main.s.t")
    assert "comment" not in again and again["columns"][0]["nullable"]
    assert again["created_at"] == again["updated_at"]


def test_a_registered_table_is_external(shop: Workspace, tmp_path: Path) -> None:
    shop.write_table("main.s.own", pa.table({"id": [1]}))
    file = next((shop.path / "tables/main/s/own").glob("*.parquet"))
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.parquet").write_bytes(file.read_bytes())
    shop.register_table("main.s.r", tmp_path / "files")
    shown = shop.get_table("main.s.r")
    assert (shown["table_type"], shown["data_source_format"]) == ("EXTERNAL", "PARQUET")
    assert shown["storage_location"] == (tmp_path / "files").resolve().as_uri()


@pytest.mark.parametrize(
    ("columns", "kind", "text"),
    [
        ([], InvalidParameterValue, "columns is empty"),
        ([{"type_text": "int"}], InvalidParameterValue, 'At columns.0: name "" is not'),
        ([{"name": "a"}], InvalidParameterValue, "no type_text"),
        ([{"name": "a", "type_text": "map<int,int>"}], NotSupported, "map<int,int>"),
        ([{"name": n, "type_text": "int"} for n in "aA"], InvalidParameterValue, "there twice"),
    ],
)
def test_columns_that_can_not_be_are_refused(
    shop: Workspace, columns: list[dict[str, Any]], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        shop.create_table("x", "main", "s", columns)
    assert not shop.table_exists("main.s.x")


def test_a_name_that_is_taken_or_has_no_schema_is_refused(shop: Workspace) -> None:
    with pytest.raises(TableExists):
        shop.create_table("t", "main", "s", COLUMNS)
    for place in (("main", "no"), ("no", "s")):
        with pytest.raises(NotFound, match="does not exist"):
            shop.create_table("t", *place, COLUMNS)
        with pytest.raises(NotFound, match="does not exist"):
            shop.table_exists(".".join([*place, "t"]))
    with pytest.raises(InvalidParameterValue, match="not a full name"):
        shop.table_exists("t")
    for call in (shop.unity_catalog.tables.delete, shop.update_table):
        with pytest.raises(TableNotFound):
            call("main.s.no")


def test_an_index_is_deleted_as_an_index_only(shop: Workspace) -> None:
    schema = {"id": "int", "v": "array<float>"}
    shop.create_direct_access_index(
        "main.s.i",
        dimension=2,
        vector_column="v",
        schema=schema,
        primary_key="id",
        create_endpoint=True,
    )
    with pytest.raises(DeletedElsewhere, match="TABLE_ONLINE_VECTOR_INDEX_DIRECT") as refused:
        shop.unity_catalog.tables.delete("main.s.i")
    assert refused.value.details[0]["domain"] == "unity-catalog.databricks.com"
    shop.update_table("main.s.i", comment="words")
    assert shop.get_table("main.s.i")["comment"] == "words"


@pytest.mark.parametrize(
    "body",
    [
        {"table_type": "EXTERNAL", "storage_location": "/etc"},
        {"storage_location": "file:///etc"},
        {"data_source_format": "CSV"},
    ],
)
def test_no_file_of_the_machine_becomes_a_table_over_the_api(
    shop: Workspace, body: dict[str, Any]
) -> None:
    given = {"name": "x", "catalog_name": "main", "schema_name": "s", "columns": COLUMNS, **body}
    status, reply = handle(shop, "POST", "/api/2.1/unity-catalog/tables", None, given)
    assert (status, reply["error_code"]) == (501, "NOT_IMPLEMENTED")


# ------------------------------------------------------------------ constraints
KEY = {"primary_key_constraint": {"name": "pk", "child_columns": ["id"]}}


def foreign(name: str, column: str = "v", parent: str = "main.s.t") -> dict[str, Any]:
    facts = {"name": name, "child_columns": [column], "parent_table": parent}
    return {"foreign_key_constraint": {**facts, "parent_columns": ["id"]}}


def test_a_key_is_kept_and_shown_of_one_table_and_in_no_list(shop: Workspace) -> None:
    assert shop.create_constraint("main.s.t", KEY) == KEY
    shop.create_constraint("main.s.t", foreign("fk"))
    assert shop.get_table("main.s.t")["table_constraints"] == [KEY, foreign("fk")]
    (listed,) = shop.describe_tables(["main.s.t"])
    assert "table_constraints" not in listed and listed["columns"]
    with pytest.raises(ResourceConflict, match="'pk' of table"):
        shop.create_constraint("main.s.t", KEY)
    with pytest.raises(ResourceConflict, match="already has a primary key"):
        other = {"primary_key_constraint": {"name": "pk2", "child_columns": ["id"]}}
        shop.create_constraint("main.s.t", other)


def test_a_name_without_catalog_and_schema_means_the_default_ones(workspace: Workspace) -> None:
    workspace.create_schema("fashion_demo", "main")
    workspace.create_table("t", "main", "fashion_demo", COLUMNS)
    workspace.create_constraint("t", KEY)
    assert workspace.update_table("fashion_demo.t", comment="c")["table_constraints"] == [KEY]
    workspace.delete_constraint("t", "pk")
    assert workspace.get_table("main.fashion_demo.t")["table_constraints"] == []
    workspace.unity_catalog.tables.delete("t")
    assert not workspace.table_exists("main.fashion_demo.t")


def test_a_key_that_others_refer_to_goes_with_them_or_not_at_all(shop: Workspace) -> None:
    shop.create_table("child", "main", "s", COLUMNS)
    shop.create_constraint("main.s.t", KEY)
    shop.create_constraint("main.s.child", foreign("fk", "id"))
    with pytest.raises(InvalidParameterValue, match=r"foreign keys of main\.s\.child"):
        shop.delete_constraint("main.s.t", "pk")
    shop.delete_constraint("main.s.t", "pk", cascade=True)
    for table in ("main.s.t", "main.s.child"):
        assert shop.get_table(table)["table_constraints"] == []
    with pytest.raises(NotFound, match="'pk' of table"):
        shop.delete_constraint("main.s.t", "pk")


@pytest.mark.parametrize(
    ("constraint", "kind", "text"),
    [
        ({}, InvalidParameterValue, "has nothing; expected one of"),
        ({**KEY, **foreign("a")}, InvalidParameterValue, "expected one of"),
        ({"primary_key_constraint": {"child_columns": ["id"]}}, InvalidParameterValue, "name"),
        ({"primary_key_constraint": {"name": "a"}}, InvalidParameterValue, "child_columns"),
        ({"primary_key_constraint": {"name": "a", "child_columns": ["no"]}},
         InvalidParameterValue, "has no column no; it has id, v"),
        ({"primary_key_constraint": {"name": "a", "child_columns": ["v"]}}, InvalidParameterValue,
         "Cannot create the primary key `a` because its child column.s. `v` is nullable"),
        (foreign("a", parent="main.s.no"), TableNotFound, "'main.s.no' does not exist"),
        (foreign("a", "no"), InvalidParameterValue, "has no column no"),
    ],
)  # fmt: skip
def test_a_constraint_that_can_not_be_is_refused(
    shop: Workspace, constraint: dict[str, Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        shop.create_constraint("main.s.t", constraint)
    assert "table_constraints" not in shop.get_table("main.s.t")
