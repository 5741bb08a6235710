"""Tables and indexes as Unity Catalog describes them: names, types and positions of columns."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from engine import NotFound, Workspace
from engine.core.types import catalog_type
from engine.doors.rest import handle

TABLES = "/api/2.1/unity-catalog/tables"
TYPES = [
    (pa.bool_(), "BOOLEAN", "boolean"),
    (pa.int8(), "BYTE", "tinyint"),
    (pa.int16(), "SHORT", "smallint"),
    (pa.int32(), "INT", "int"),
    (pa.int64(), "LONG", "bigint"),
    (pa.uint8(), "LONG", "bigint"),
    (pa.uint64(), "DECIMAL", "decimal(20,0)"),
    (pa.float32(), "FLOAT", "float"),
    (pa.float64(), "DOUBLE", "double"),
    (pa.decimal128(10, 2), "DECIMAL", "decimal(10,2)"),
    (pa.string(), "STRING", "string"),
    (pa.large_string(), "STRING", "string"),
    (pa.dictionary(pa.int32(), pa.string()), "STRING", "string"),
    (pa.date32(), "DATE", "date"),
    (pa.timestamp("us", tz="UTC"), "TIMESTAMP", "timestamp"),
    (pa.timestamp("ns"), "TIMESTAMP", "timestamp"),
    (pa.binary(), "BINARY", "binary"),
    (pa.list_(pa.float32()), "ARRAY", "array<float>"),
    (pa.list_(pa.float32(), 8), "ARRAY", "array<float>"),
    (pa.large_list(pa.string()), "ARRAY", "array<string>"),
    (pa.list_(pa.list_(pa.int16())), "ARRAY", "array<array<smallint>>"),
]


@pytest.mark.parametrize(("kind", "name", "text"), TYPES, ids=[str(kind) for kind, *_ in TYPES])
def test_a_type_has_two_names(kind: pa.DataType, name: str, text: str) -> None:
    assert catalog_type(kind) == (name, text)


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    """An endpoint, three tables in two schemas."""
    rows = {
        "id": pa.array([1, 2], pa.int32()),
        "title": pa.array(["red shirt", "blue jeans"]),
        "price": pa.array([1.5, None]),
        "v": pa.array([[1.0, 0.0], [0.0, 1.0]], pa.list_(pa.float64())),
    }
    for name in ("a.b.products", "a.b.more", "a.other.products"):
        workspace.write_table(name, pa.table(rows))
    workspace.create_endpoint("e")
    return workspace


def types(table: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(c["name"], c["type_text"], c["position"]) for c in table["columns"]]


SOURCE = [
    ("id", "int", 0),
    ("title", "string", 1),
    ("price", "double", 2),
    ("v", "array<double>", 3),
]


def test_a_table_shows_its_names_and_columns(shop: Workspace) -> None:
    found = shop.get_table("a.b.products")
    assert types(found) == SOURCE
    names = ("name", "catalog_name", "schema_name", "full_name", "table_type")
    assert [found[n] for n in names] == ["products", "a", "b", "a.b.products", "MANAGED"]


def create(shop: Workspace, name: str, **given: Any) -> None:
    shop.create_index(name, source_table="a.b.products", primary_key="id", endpoint="e", **given)


def test_an_index_shows_the_columns_that_it_holds(shop: Workspace) -> None:
    create(shop, "a.b.some", vector_column="v", dimension=2, columns_to_sync=["price"])
    found = shop.get_table("a.b.some")
    assert (found["table_type"], found["data_source_format"]) == ("FOREIGN", "VECTOR_INDEX_FORMAT")
    assert found["properties"] == {"endpoint_name": "e"}
    assert types(found) == [("id", "int", 0), ("price", "double", 1), ("v", "array<float>", 2)]


def test_an_index_that_computes_its_vectors_shows_the_internal_column(shop: Workspace) -> None:
    create(shop, "a.b.texts", source_column="title", model_endpoint="databricks-gte-large-en")
    columns = {name: text for name, text, _ in types(shop.get_table("a.b.texts"))}
    assert columns["__db_title_vector"] == "array<float>"
    assert columns["title"] == "string"


def test_a_direct_access_index_shows_its_schema_before_it_has_rows(shop: Workspace) -> None:
    schema = {
        "id": "long",
        "on": "date",
        "tags": "array<string>",
        "n": "short",
        "v": "array<double>",
    }
    shop.create_direct_access_index(
        "a.b.direct", dimension=2, vector_column="v", schema=schema, primary_key="id", endpoint="e"
    )
    shown = {name: text for name, text, _ in types(shop.get_table("a.b.direct"))}
    assert shown == {
        "id": "bigint", "on": "date", "tags": "array<string>", "n": "smallint", "v": "array<double>",
    }  # fmt: skip
    shop.stop_endpoint("e")
    assert {name: text for name, text, _ in types(shop.get_table("a.b.direct"))} == shown


@pytest.mark.parametrize("name", ["a.b.nothing", "no name!", "a.b.c.d", "../x"])
def test_what_is_not_there_is_not_found(shop: Workspace, name: str) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        shop.get_table(name)


def listed(shop: Workspace, **query: object) -> dict[str, Any]:
    given = {"catalog_name": "a", "schema_name": "b", **query}
    status, reply = handle(shop, "GET", TABLES, given)
    assert status == 200, reply
    return reply


def test_the_tables_of_a_schema_come_by_name_in_pages(shop: Workspace) -> None:
    everything = listed(shop)
    assert [t["full_name"] for t in everything["tables"]] == ["a.b.more", "a.b.products"]
    assert "next_page_token" not in everything
    assert listed(shop, max_results="0") == listed(shop, max_results="2") == everything
    first = listed(shop, max_results="1")
    second = listed(shop, max_results="1", page_token=first["next_page_token"])
    assert first["tables"] + second["tables"] == everything["tables"]
    assert "next_page_token" not in second
    assert "columns" not in listed(shop, omit_columns="true")["tables"][0]
    create(shop, "a.b.index", vector_column="v", dimension=2)
    names = ["a.b.index", "a.b.more", "a.b.products"]
    assert [t["full_name"] for t in listed(shop)["tables"]] == names
    status, reply = handle(shop, "GET", TABLES, {"catalog_name": "a", "schema_name": "none"})
    assert (status, reply["error_code"]) == (404, "SCHEMA_DOES_NOT_EXIST")
    assert reply["message"] == "Schema 'a.none' does not exist."


def test_a_list_without_a_schema_or_of_less_than_nothing_is_refused(shop: Workspace) -> None:
    for query in (
        {"catalog_name": "a"},
        {"catalog_name": "a", "schema_name": "b", "max_results": "-1"},
    ):
        status, reply = handle(shop, "GET", TABLES, query)
        assert (status, reply["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_a_damaged_table_does_not_spoil_the_list_of_its_schema(shop: Workspace) -> None:
    folder = shop.path / "tables" / "a" / "b" / "more"
    (folder / "table.json").write_text("{")
    query = {"catalog_name": "a", "schema_name": "b"}
    status, reply = handle(shop, "GET", TABLES, query)
    assert status == 200
    more, products = reply["tables"]
    assert (more["full_name"], more["columns"]) == ("a.b.more", [])
    assert "damaged" in more["comment"] and "table.json" in more["comment"]
    assert types(products) == SOURCE
    assert "comment" not in products
    assert handle(shop, "GET", f"{TABLES}/a.b.products")[0] == 200
    assert handle(shop, "GET", f"{TABLES}/a.b.more")[0] == 500
