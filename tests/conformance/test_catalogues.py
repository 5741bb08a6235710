"""What a test suite does before its first index and after its last: the same through every door."""

from __future__ import annotations

import contextlib
from typing import Any

import httpx
import pyarrow as pa
import pytest
from support.needs import needs

needs("sdk", "clients")

from conformance.doors import Error, LocalDoor, PlainDoor, SdkDoor
from conformance.world import World
from databricks.sdk.service import catalog as uc

import engine
from engine.service.warehouse.result_forms import text_rows
from engine.service.warehouse.warehouse import WAREHOUSE_ID

Json = dict[str, Any]
BASE = "/api/2.1/unity-catalog"
DOORS = ("local", "http", "sdk", "sdk-in-process")
COLUMNS = [
    {"name": "id", "type_text": "bigint", "type_name": "LONG", "position": 0, "nullable": False,
     "comment": "key"},
    {"name": "title", "type_text": "string", "type_name": "STRING", "position": 1},
    {"name": "v", "type_text": "array<float>", "type_name": "ARRAY", "position": 2},
]  # fmt: skip
ROWS = [{"id": 1, "title": "red", "v": [1.0, 0.0]}, {"id": 2, "title": "blue", "v": [0.0, 1.0]}]
KEY = {"primary_key_constraint": {"name": "pk", "child_columns": ["id"]}}


class Local:
    """Operations of the workspace."""

    def __init__(self, door: LocalDoor) -> None:
        self._w: engine.Workspace = door.client.workspace

    def get_catalog(self, name: str) -> Json:
        return self._w.get_catalog(name)

    def create_catalog(self, name: str, comment: str) -> Json:
        return self._w.create_catalog(name, comment=comment)

    def delete_catalog(self, name: str, force: bool) -> None:
        self._w.delete_catalog(name, force=force)

    def catalogs(self) -> list[str]:
        return [found["name"] for found in self._w.list_catalogs()]

    def create_schema(self, name: str, catalog: str) -> Json:
        return self._w.create_schema(name, catalog)

    def update_schema(self, full_name: str, comment: str, owner: str) -> Json:
        return self._w.update_schema(full_name, comment=comment, owner=owner)

    def delete_schema(self, full_name: str, force: bool) -> None:
        self._w.delete_schema(full_name, force=force)

    def schemas(self, catalog: str) -> list[str]:
        return [found["full_name"] for found in self._w.list_schemas(catalog)]

    def table_exists(self, full_name: str) -> bool:
        return self._w.table_exists(full_name)

    def create_table(self, name: str, catalog: str, schema: str) -> Json:
        return self._w.create_table(name, catalog, schema, COLUMNS)

    def get_table(self, full_name: str) -> Json:
        return self._w.get_table(full_name)

    def create_constraint(self, full_name: str, constraint: Json) -> Json:
        return self._w.create_constraint(full_name, constraint)

    def delete_table(self, full_name: str) -> None:
        self._w.unity_catalog.tables.delete(full_name)

    def sql(self, statement: str) -> list[list[str | None]]:
        return text_rows(self._w.sql(statement))


class Plain:
    """Requests that anybody can send."""

    def __init__(self, url: str, token: str) -> None:
        self._http = httpx.Client(
            timeout=60, base_url=url, headers={"Authorization": f"Bearer {token}"}
        )

    def close(self) -> None:
        self._http.close()

    def _ask(self, method: str, path: str, body: object = None, **query: Any) -> Json:
        sent = {k: str(v).lower() if isinstance(v, bool) else v for k, v in query.items()}
        reply = self._http.request(method, f"{BASE}/{path}", json=body, params=sent)
        reply.raise_for_status()
        return reply.json()

    def get_catalog(self, name: str) -> Json:
        return self._ask("GET", f"catalogs/{name}")

    def create_catalog(self, name: str, comment: str) -> Json:
        return self._ask("POST", "catalogs", {"name": name, "comment": comment})

    def delete_catalog(self, name: str, force: bool) -> None:
        self._ask("DELETE", f"catalogs/{name}", force=force)

    def catalogs(self) -> list[str]:
        return [found["name"] for found in self._ask("GET", "catalogs")["catalogs"]]

    def create_schema(self, name: str, catalog: str) -> Json:
        return self._ask("POST", "schemas", {"name": name, "catalog_name": catalog})

    def update_schema(self, full_name: str, comment: str, owner: str) -> Json:
        return self._ask("PATCH", f"schemas/{full_name}", {"comment": comment, "owner": owner})

    def delete_schema(self, full_name: str, force: bool) -> None:
        self._ask("DELETE", f"schemas/{full_name}", force=force)

    def schemas(self, catalog: str) -> list[str]:
        """In pages of one."""
        names: list[str] = []
        query: Json = {"catalog_name": catalog, "max_results": 1}
        while True:
            page = self._ask("GET", "schemas", **query)
            names += [found["full_name"] for found in page["schemas"]]
            if "next_page_token" not in page:
                return names
            query["page_token"] = page["next_page_token"]

    def table_exists(self, full_name: str) -> bool:
        return self._ask("GET", f"tables/{full_name}/exists")["table_exists"]

    def create_table(self, name: str, catalog: str, schema: str) -> Json:
        place = {"name": name, "catalog_name": catalog, "schema_name": schema}
        return self._ask("POST", "tables", {**place, "columns": COLUMNS})

    def get_table(self, full_name: str) -> Json:
        return self._ask("GET", f"tables/{full_name}")

    def create_constraint(self, full_name: str, constraint: Json) -> Json:
        body = {"full_name_arg": full_name, "constraint": constraint}
        return self._ask("POST", "constraints", body)

    def delete_table(self, full_name: str) -> None:
        self._ask("DELETE", f"tables/{full_name}")

    def sql(self, statement: str) -> list[list[str | None]]:
        body = {"statement": statement, "warehouse_id": WAREHOUSE_ID, "wait_timeout": "50s"}
        reply = self._http.post("/api/2.0/sql/statements", json=body).json()
        assert reply["status"] == {"state": "SUCCEEDED"}, reply
        return reply["result"].get("data_array", [])


class Sdk:
    """The services of databricks-sdk."""

    def __init__(self, door: SdkDoor) -> None:
        self._w = door.w

    def get_catalog(self, name: str) -> Json:
        return self._w.catalogs.get(name).as_dict()

    def create_catalog(self, name: str, comment: str) -> Json:
        return self._w.catalogs.create(name, comment=comment).as_dict()

    def delete_catalog(self, name: str, force: bool) -> None:
        self._w.catalogs.delete(name, force=force)

    def catalogs(self) -> list[str]:
        return [found.name for found in self._w.catalogs.list()]

    def create_schema(self, name: str, catalog: str) -> Json:
        return self._w.schemas.create(name, catalog).as_dict()

    def update_schema(self, full_name: str, comment: str, owner: str) -> Json:
        return self._w.schemas.update(full_name, comment=comment, owner=owner).as_dict()

    def delete_schema(self, full_name: str, force: bool) -> None:
        self._w.schemas.delete(full_name, force=force)

    def schemas(self, catalog: str) -> list[str]:
        return [found.full_name for found in self._w.schemas.list(catalog, max_results=1)]

    def table_exists(self, full_name: str) -> bool:
        return self._w.tables.exists(full_name).table_exists

    def create_table(self, name: str, catalog: str, schema: str) -> Json:
        return self._w.tables.create(
            name,
            catalog,
            schema,
            uc.TableType.MANAGED,
            uc.DataSourceFormat.DELTA,
            None,  # as mem0 calls it: the default place
            columns=[uc.ColumnInfo.from_dict(column) for column in COLUMNS],
        ).as_dict()

    def get_table(self, full_name: str) -> Json:
        return self._w.tables.get(full_name).as_dict()

    def create_constraint(self, full_name: str, constraint: Json) -> Json:
        given = uc.TableConstraint.from_dict(constraint)
        return self._w.table_constraints.create(full_name, given).as_dict()

    def delete_table(self, full_name: str) -> None:
        self._w.tables.delete(full_name)

    def sql(self, statement: str) -> list[list[str | None]]:
        warehouse = next(iter(self._w.warehouses.list())).id
        found = self._w.statement_execution.execute_statement(
            statement, warehouse, wait_timeout="50s"
        )
        assert found.status.state.value == "SUCCEEDED", found.status
        return found.result.data_array or []


@pytest.fixture(params=DOORS)
def doors(world: World, request: pytest.FixtureRequest) -> Any:
    """A door to indexes, and one to catalogues, of one kind."""
    door = world.door(request.param)
    if isinstance(door, PlainDoor):
        plain = Plain(world.url, "dapi-of-the-tests")
        with contextlib.closing(plain):
            yield door, plain
    else:
        yield door, Local(door) if isinstance(door, LocalDoor) else Sdk(door)


def test_a_suite_sets_itself_up_and_cleans_up(world: World, doors: Any) -> None:
    door, catalogue = doors
    catalog = f"suite_{door.name.replace('-', '_')}"
    schema, table, index = f"{catalog}.s", f"{catalog}.s.products", f"{catalog}.s.index"
    missing = Error(404, "CATALOG_DOES_NOT_EXIST", f"Catalog '{catalog}' does not exist.")
    assert door.error_of(lambda: catalogue.get_catalog(catalog)) == missing
    made = catalogue.create_catalog(catalog, "of a suite")
    assert (made["name"], made["comment"], made["owner"]) == (
        catalog,
        "of a suite",
        made["created_by"],
    )
    assert catalogue.get_catalog(catalog) == made
    assert catalog in catalogue.catalogs()
    taken = Error(400, "CATALOG_ALREADY_EXISTS", f"Catalog '{catalog}' already exists")
    assert door.error_of(lambda: catalogue.create_catalog(catalog, "again")) == taken

    # The schema is dropped, if an earlier run left it, and made.
    gone = Error(404, "SCHEMA_DOES_NOT_EXIST", f"Schema '{schema}' does not exist.")
    assert door.error_of(lambda: catalogue.delete_schema(schema, True)) == gone
    for _ in range(2):
        made = catalogue.create_schema("s", catalog)
        assert made["created_at"] == made["updated_at"] > 1_700_000_000_000
        taken = Error(400, "SCHEMA_ALREADY_EXISTS", "Schema 's' already exists")
        assert door.error_of(lambda: catalogue.create_schema("s", catalog)) == taken
        changed = catalogue.update_schema(schema, "new words", "ann")
        assert (changed["comment"], changed["owner"]) == ("new words", "ann")
        assert catalogue.schemas(catalog) == [f"{catalog}.default", schema]

        # A table, its key, rows, an index over them, a query.
        assert not catalogue.table_exists(table)
        made = catalogue.create_table("products", catalog, "s")
        assert catalogue.table_exists(table)
        assert [column["type_text"] for column in made["columns"]] == [
            "bigint",
            "string",
            "array<float>",
        ]
        assert made["columns"][0]["comment"] == "key" and not made["columns"][0]["nullable"]
        assert catalogue.create_constraint(table, KEY) == KEY
        assert catalogue.get_table(table)["table_constraints"] == [KEY]
        taken = Error(400, "TABLE_ALREADY_EXISTS", f"Table '{table}' already exists")
        assert door.error_of(lambda: catalogue.create_table("products", catalog, "s")) == taken
        kinds = pa.schema(
            [("id", pa.int64()), ("title", pa.string()), ("v", pa.list_(pa.float32()))]
        )
        world.workspace.write_table(table, pa.Table.from_pylist(ROWS, kinds))
        door.create_index(
            "standing",
            index,
            primary_key="id",
            source_table_name=table,
            pipeline_type="TRIGGERED",
            embedding_vector_column="v",
            embedding_dimension=2,
        )
        reply = door.search(index, columns=["title"], query_vector=[1.0, 0.0], num_results=1)
        assert reply["result"]["data_array"][0][0] == "red"
        assert catalogue.table_exists(index)
        refused = door.error_of(lambda: catalogue.delete_table(index))
        assert (refused.status, refused.code) == (400, "INVALID_PARAMETER_VALUE")
        assert "TABLE_ONLINE_VECTOR_INDEX_REPLICA cannot be deleted" in refused.message

        # What is not empty stays, unless by force, and then all of it goes.
        full = "is not empty. The schema has 2 tables(s), 0 functions(s), 0 volumes(s)"
        kept = Error(400, "SCHEMA_NOT_EMPTY", f"Schema '{schema}' {full}")
        assert door.error_of(lambda: catalogue.delete_schema(schema, False)) == kept
        catalogue.delete_schema(schema, True)
        assert not world.workspace.index_exists(index)
        assert door.error_of(lambda: catalogue.delete_schema(schema, False)) == gone

    full = f"Catalog '{catalog}' is not empty. The catalog has 1 schema(s)"
    kept = Error(400, "CATALOG_NOT_EMPTY", full)
    assert door.error_of(lambda: catalogue.delete_catalog(catalog, False)) == kept
    catalogue.delete_catalog(catalog, True)
    assert catalog not in catalogue.catalogs()
    assert door.error_of(lambda: catalogue.get_catalog(catalog)) == missing


def test_a_suite_makes_its_table_by_sql(world: World, doors: Any) -> None:
    door, catalogue = doors
    catalog = f"written_{door.name.replace('-', '_')}"
    schema, table, index = f"{catalog}.s", f"{catalog}.s.products", f"{catalog}.s.index"
    missing = Error(404, "CATALOG_DOES_NOT_EXIST", f"Catalog '{catalog}' does not exist.")
    assert door.error_of(lambda: catalogue.get_catalog(catalog)) == missing
    catalogue.create_catalog(catalog, "of a suite")
    assert catalogue.sql(f"SHOW CATALOGS LIKE '{catalog}'") == [[catalog]]
    for statement in (
        f"DROP SCHEMA IF EXISTS {schema} CASCADE",
        f"CREATE SCHEMA {schema}",
        f"CREATE TABLE {table} (id BIGINT NOT NULL COMMENT 'key', title STRING, v ARRAY<FLOAT>, "
        "CONSTRAINT pk PRIMARY KEY (id)) COMMENT 'clothes' "
        "TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')",
        f"INSERT INTO {table} VALUES (1, 'red', array(1, 0)), (2, 'blue', array(0, 1))",
    ):
        catalogue.sql(statement)
    assert catalogue.schemas(catalog) == [f"{catalog}.default", schema]
    made = catalogue.get_table(table)
    columns = [(column["name"], column["type_text"]) for column in made["columns"]]
    assert columns == [("id", "bigint"), ("title", "string"), ("v", "array<float>")]
    assert made["columns"][0]["comment"] == "key" and not made["columns"][0]["nullable"]
    assert made["comment"] == "clothes"
    assert made["properties"] == {"delta.enableChangeDataFeed": "true"}
    assert made["table_constraints"] == [KEY]

    door.create_index(
        "standing",
        index,
        primary_key="id",
        source_table_name=table,
        pipeline_type="TRIGGERED",
        embedding_vector_column="v",
        embedding_dimension=2,
    )
    reply = door.search(index, columns=["title"], query_vector=[1.0, 0.0], num_results=1)
    assert reply["result"]["data_array"][0][0] == "red"
    asked = f"SELECT title FROM vector_search(index => '{index}', query_vector => array(0, 1), "
    assert catalogue.sql(f"{asked} num_results => 1)") == [["blue"]]

    catalogue.sql(f"DROP SCHEMA {schema} CASCADE")
    assert not world.workspace.index_exists(index)
    assert catalogue.schemas(catalog) == [f"{catalog}.default"]
    catalogue.delete_catalog(catalog, True)
    assert catalogue.sql(f"SHOW CATALOGS LIKE '{catalog}'") == []
