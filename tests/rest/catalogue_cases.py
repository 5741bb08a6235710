"""One case for each route of Unity Catalog, and the things that they are about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine import Workspace

UC = "/api/2.1/unity-catalog"
SYNCED = "a.b.synced"
IN_SCHEMA = {"catalog_name": "cat", "schema_name": "sch"}
COLUMNS = [
    {"name": "id", "type_text": "bigint", "nullable": False, "position": 0},
    {"name": "v", "type_text": "array<float>", "position": 1},
]
KEY = {"name": "pk", "child_columns": ["id"]}
FUNCTION = {
    "name": "twice",
    **IN_SCHEMA,
    "input_params": {"parameters": [{"name": "x", "type_text": "int", "position": 0}]},
    "data_type": "INT",
    "full_data_type": "INT",
    "routine_body": "SQL",
    "routine_definition": "x * 2",
    "is_deterministic": True,
}

Json = dict[str, Any]
Case = tuple[str, str, object, dict[str, object], Callable[[Json], bool]]


def fill(workspace: Workspace) -> None:
    """A catalog, a schema, and one of each kind in it."""
    workspace.create_catalog("cat", comment="of the tests")
    workspace.create_schema("sch", "cat")
    workspace.create_schema("empty", "cat")
    workspace.create_table("t", "cat", "sch", COLUMNS)
    workspace.create_constraint("cat.sch.t", {"primary_key_constraint": KEY})
    workspace.update_grants("table", "cat.sch.t", [{"principal": "ann", "add": ["SELECT"]}])
    workspace.update_grants("schema", "cat.sch", [{"principal": "ann", "add": ["MODIFY"]}])
    workspace.create_table("loose", "cat", "sch", COLUMNS)
    workspace.create_volume("cat", "sch", "photos")
    workspace.unity_catalog.functions.create({**FUNCTION, "name": "once"})
    workspace.unity_catalog.models.create("clip", "cat", "sch")


def is_empty(reply: Json) -> bool:
    return reply == {}


def named(name: str) -> Callable[[Json], bool]:
    return lambda reply: reply["full_name"] == name


def of(kind: str, *names: str) -> Callable[[Json], bool]:
    return lambda reply: [one["full_name"] for one in reply[kind]] == list(names)


def owned_by(name: str) -> Callable[[Json], bool]:
    return lambda reply: reply["owner"] == name


def granted(held: dict[str, list[str]]) -> Callable[[Json], bool]:
    listed = [{"principal": who, "privileges": what} for who, what in held.items()]
    return lambda reply: reply == {"privilege_assignments": listed}


GIVEN = {"owner": "ann"}
CASES: list[Case] = [
    ("GET", f"{UC}/catalogs", None, {}, of("catalogs", "a", "cat", "main")),
    ("POST", f"{UC}/catalogs", {"name": "new"}, {}, named("new")),
    ("GET", f"{UC}/catalogs/cat", None, {}, lambda r: r["comment"] == "of the tests"),
    ("PATCH", f"{UC}/catalogs/cat", GIVEN, {}, owned_by("ann")),
    ("DELETE", f"{UC}/catalogs/cat", None, {"force": "true"}, is_empty),
    ("GET", f"{UC}/schemas", None, {"catalog_name": "cat"},
     of("schemas", "cat.default", "cat.empty", "cat.sch")),
    ("POST", f"{UC}/schemas", {"name": "new", "catalog_name": "cat"}, {}, named("cat.new")),
    ("GET", f"{UC}/schemas/cat.sch", None, {}, named("cat.sch")),
    ("PATCH", f"{UC}/schemas/cat.sch", GIVEN, {}, owned_by("ann")),
    ("DELETE", f"{UC}/schemas/cat.empty", None, {}, is_empty),
    ("GET", f"{UC}/tables", None, IN_SCHEMA, of("tables", "cat.sch.loose", "cat.sch.t")),
    ("GET", f"{UC}/tables", None, {"catalog_name": "main", "schema_name": "default"},
     lambda r: r == {"tables": []}),
    ("POST", f"{UC}/tables", {"name": "new", **IN_SCHEMA, "columns": COLUMNS}, {},
     lambda r: [c["type_name"] for c in r["columns"]] == ["LONG", "ARRAY"]),
    ("GET", f"{UC}/tables/{SYNCED}", None, {}, lambda r: r["table_type"] == "FOREIGN"),
    ("GET", f"{UC}/tables/cat.sch.t/exists", None, {}, lambda r: r == {"table_exists": True}),
    ("GET", f"{UC}/tables/cat.sch.no/exists", None, {}, lambda r: r == {"table_exists": False}),
    ("PATCH", f"{UC}/tables/cat.sch.t", GIVEN, {}, owned_by("ann")),
    ("DELETE", f"{UC}/tables/cat.sch.t", None, {}, is_empty),
    ("POST", f"{UC}/constraints",
     {"full_name_arg": "cat.sch.loose", "constraint": {"primary_key_constraint": KEY}}, {},
     lambda r: r == {"primary_key_constraint": KEY}),
    ("DELETE", f"{UC}/constraints/cat.sch.t", None, {"constraint_name": "pk", "cascade": "false"},
     is_empty),
    ("GET", f"{UC}/volumes", None, IN_SCHEMA, of("volumes", "cat.sch.photos")),
    ("POST", f"{UC}/volumes", {"name": "new", "volume_type": "MANAGED", **IN_SCHEMA}, {},
     named("cat.sch.new")),
    ("GET", f"{UC}/volumes/cat.sch.photos", None, {}, lambda r: r["volume_type"] == "MANAGED"),
    ("PATCH", f"{UC}/volumes/cat.sch.photos", GIVEN, {}, owned_by("ann")),
    ("DELETE", f"{UC}/volumes/cat.sch.photos", None, {}, is_empty),
    ("GET", f"{UC}/functions", None, IN_SCHEMA, of("functions", "cat.sch.once")),
    ("POST", f"{UC}/functions", {"function_info": FUNCTION}, {},
     lambda r: r["routine_definition"] == "x * 2" and r["full_name"] == "cat.sch.twice"),
    ("GET", f"{UC}/functions/cat.sch.once", None, {}, lambda r: r["is_deterministic"]),
    ("PATCH", f"{UC}/functions/cat.sch.once", GIVEN, {}, owned_by("ann")),
    ("DELETE", f"{UC}/functions/cat.sch.once", None, {"force": "true"}, is_empty),
    ("GET", f"{UC}/models", None, {}, of("registered_models", "cat.sch.clip")),
    ("POST", f"{UC}/models", {"name": "new", **IN_SCHEMA, "comment": "c"}, {},
     lambda r: r["comment"] == "c"),
    ("GET", f"{UC}/models/cat.sch.clip", None, {}, named("cat.sch.clip")),
    ("PATCH", f"{UC}/models/cat.sch.clip", GIVEN, {}, owned_by("ann")),
    ("DELETE", f"{UC}/models/cat.sch.clip", None, {}, is_empty),
    ("GET", f"{UC}/permissions/table/cat.sch.t", None, {}, granted({"ann": ["SELECT"]})),
    ("PATCH", f"{UC}/permissions/schema/cat.sch",
     {"changes": [{"principal": "bob", "add": ["USE_SCHEMA"], "remove": ["SELECT"]}]}, {},
     granted({"ann": ["MODIFY"], "bob": ["USE_SCHEMA"]})),
    ("GET", f"{UC}/effective-permissions/TABLE/cat.sch.t", None, {"principal": "Ann"},
     lambda r: r == {"privilege_assignments": [{"principal": "ann", "privileges": [
         {"privilege": "SELECT"},
         {"privilege": "MODIFY", "inherited_from_type": "SCHEMA", "inherited_from_name": "cat.sch"},
     ]}]}),
]  # fmt: skip
