"""Catalogs and schemas: which there are, what is kept of them, and what their deletion takes along."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from engine import (
    BadRequest,
    CorruptFile,
    InvalidParameterValue,
    NotFound,
    NotSupported,
    ResourceConflict,
    Workspace,
)
from engine.service.catalogs.errors import (
    CatalogExists,
    CatalogNotEmpty,
    CatalogNotFound,
    SchemaExists,
    SchemaNotEmpty,
    SchemaNotFound,
)

ROWS = pa.table({"id": [1, 2], "v": [[1.0, 0.0], [0.0, 1.0]]})
NUMBERS = [{"name": "id", "type_text": "int"}]


def names(found: list[dict[str, Any]]) -> list[str]:
    return [one["full_name"] for one in found]


def test_a_new_workspace_has_the_default_catalog_with_a_schema(workspace: Workspace) -> None:
    assert names(workspace.list_catalogs()) == ["main"]
    assert names(workspace.list_schemas("main")) == ["main.default"]
    assert "created_at" not in workspace.get_catalog("main")  # nobody knows
    workspace.create_schema("fashion_demo", "main")
    assert names(workspace.list_schemas("main")) == ["main.default", "main.fashion_demo"]


def test_a_schema_exists_where_something_lies_in_it(workspace: Workspace, tmp_path: Path) -> None:
    workspace.write_table("one.tables.t", ROWS)
    workspace.register_volume("/Volumes/two/volumes/v/photos", tmp_path)
    schema = {"id": "int", "v": "array<float>"}
    workspace.create_direct_access_index(
        "three.indexes.i",
        dimension=2,
        vector_column="v",
        schema=schema,
        primary_key="id",
        create_endpoint=True,
    )
    assert names(workspace.list_catalogs()) == ["main", "one", "three", "two"]
    for catalog, name in (("one", "tables"), ("two", "volumes"), ("three", "indexes")):
        assert names(workspace.list_schemas(catalog)) == [f"{catalog}.{name}"]
        with pytest.raises(SchemaExists):
            workspace.create_schema(name, catalog)
    assert workspace.update_schema("one.tables", comment="c")["comment"] == "c"
    workspace.drop_table("one.tables.t")
    assert workspace.get_schema("one.tables")["comment"] == "c"  # something is known of it


def test_what_is_kept_is_there_after_a_restart(workspace: Workspace) -> None:
    made = workspace.create_catalog("c", comment="a", properties={"k": "v"}, storage_root="s3://b")
    assert made["created_at"] == made["updated_at"] and made["created_by"] == made["owner"]
    changed = workspace.update_catalog("c", owner="ann", comment="")
    assert changed["updated_at"] >= made["created_at"] == changed["created_at"]
    workspace.create_schema("s", "c", comment="b", properties={"k": "w"})
    again = Workspace(workspace.path)
    assert again.get_catalog("c") == changed
    assert (changed["owner"], changed["comment"], changed["properties"]) == ("ann", "", {"k": "v"})
    assert changed["storage_root"] == "s3://b"
    assert again.get_schema("c.s") == workspace.get_schema("c.s")
    assert again.whereabouts().startswith("The workspace is")


def test_a_deleted_schema_takes_all_along_but_what_was_registered(
    workspace: Workspace, tmp_path: Path
) -> None:
    files, photos = tmp_path / "files", tmp_path / "photos"
    files.mkdir(), photos.mkdir()
    (photos / "a.jpg").write_bytes(b"x")
    workspace.write_table("c.other.t", ROWS)
    source = workspace.path / "tables" / "c" / "other" / "t"
    (files / "a.parquet").write_bytes(next(source.glob("*.parquet")).read_bytes())
    workspace.create_schema("s", "c")
    workspace.register_table("c.s.registered", files)
    workspace.create_table("own", "c", "s", NUMBERS, comment="of one")
    workspace.register_volume("/Volumes/c/s/photos", photos)
    workspace.create_volume("c", "s", "own")
    workspace.unity_catalog.models.create("m", "c", "s")
    with pytest.raises(SchemaNotEmpty, match=r"2 tables\(s\), 1 functions\(s\), 2 volumes\(s\)"):
        workspace.delete_schema("c.s")
    workspace.delete_schema("c.s", force=True)
    with pytest.raises(SchemaNotFound):
        workspace.get_schema("c.s")
    assert (files / "a.parquet").exists() and (photos / "a.jpg").exists()
    assert workspace.list_tables() == ["c.other.t"]
    assert workspace.volumes.registered() == {}
    assert not (workspace.path / "volumes" / "c" / "s" / "own").exists()
    workspace.create_schema("s", "c")
    assert workspace.list_volumes("c", "s") == []
    assert "comment" not in workspace.create_table("own", "c", "s", NUMBERS)


def test_a_catalog_goes_by_force_with_its_schemas(workspace: Workspace) -> None:
    workspace.create_catalog("c")
    workspace.write_table("c.s.t", ROWS)
    with pytest.raises(CatalogNotEmpty, match=r"has 2 schema\(s\)"):
        workspace.delete_catalog("c")
    workspace.delete_catalog("c", force=True)
    assert names(workspace.list_catalogs()) == ["main"] and workspace.list_tables() == []
    workspace.create_catalog("c")
    workspace.delete_schema("c.default")
    workspace.delete_catalog("c")  # empty
    assert names(workspace.list_catalogs()) == ["main"]


def test_names_are_kept_as_written(workspace: Workspace) -> None:
    workspace.create_catalog("Shop")
    workspace.create_catalog("shop")
    assert names(workspace.list_catalogs()) == ["Shop", "main", "shop"]


Call = Callable[[Workspace], object]
REFUSALS: list[tuple[Call, type[Exception], str]] = [
    (lambda w: w.get_catalog("no"), CatalogNotFound, "Catalog 'no' does not exist."),
    (lambda w: w.get_catalog("../x"), NotFound, "does not exist"),
    (lambda w: w.update_catalog("no", comment="c"), NotFound, "does not exist"),
    (lambda w: w.delete_catalog("no", force=True), NotFound, "does not exist"),
    (lambda w: w.list_schemas("no"), CatalogNotFound, "Catalog 'no' does not exist."),
    (lambda w: w.get_schema("no.s"), CatalogNotFound, "Catalog 'no' does not exist."),
    (lambda w: w.get_schema("main.s"), SchemaNotFound, "Schema 'main.s' does not exist."),
    (lambda w: w.get_schema("main"), NotFound, "does not exist"),
    (lambda w: w.create_schema("s", "no"), CatalogNotFound, "Catalog 'no' does not exist."),
    (lambda w: w.create_catalog("main"), CatalogExists, "Catalog 'main' already exists"),
    (lambda w: w.create_catalog("main"), ResourceConflict, "already exists"),
    (lambda w: w.create_catalog("a.b"), InvalidParameterValue, 'name "a.b" is not a valid name'),
    (lambda w: w.create_catalog("x" * 251), InvalidParameterValue, "is not a valid name"),
    (lambda w: w.create_schema("", "main"), InvalidParameterValue, 'name "" is not a valid name'),
    (lambda w: w.create_catalog("c", comment=3), InvalidParameterValue, "comment is 3"),  # type: ignore[arg-type]
    (lambda w: w.create_catalog("c", properties={"a": 1}), InvalidParameterValue, "properties"),  # type: ignore[dict-item]
    (lambda w: w.update_catalog("main", owner=""), InvalidParameterValue, "owner is empty"),
    (lambda w: w.update_catalog("main", new_name="other"), NotSupported, "renaming main"),
    (lambda w: w.update_schema("main.default", new_name="x"), NotSupported, "renaming"),
    (lambda w: w.delete_catalog("main", force=True), BadRequest, "can't be deleted"),
    (lambda w: w.delete_schema("main.default"), BadRequest, "can't be deleted"),
]


@pytest.mark.parametrize(("call", "kind", "text"), REFUSALS)
def test_a_refusal_says_why(
    workspace: Workspace, call: Call, kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text.replace("(", r"\(")):
        call(workspace)


def test_of_many_who_make_one_schema_one_does(workspace: Workspace) -> None:
    made: list[object] = []
    refused: list[object] = []
    start = threading.Barrier(6)

    def make() -> None:
        start.wait()
        try:
            made.append(Workspace(workspace.path).create_schema("s", "main"))
        except SchemaExists as error:
            refused.append(error)

    threads = [threading.Thread(target=make) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert (len(made), len(refused)) == (1, 5)


def test_a_damaged_document_spoils_no_list(workspace: Workspace) -> None:
    workspace.create_schema("s", "main")
    file = workspace.path / "unity_catalog" / "schemas" / "main" / "s.json"
    file.write_text(file.read_text().replace("main", "mean").replace("created_by", "created_bye"))
    listed = {one["full_name"]: one for one in workspace.list_schemas("main")}
    assert "damaged" in listed["main.s"]["comment"] and "s.json" in listed["main.s"]["comment"]
    assert "comment" not in listed["main.default"]
    with pytest.raises(CorruptFile, match="Delete that file"):
        workspace.get_schema("main.s")
    workspace.delete_schema("main.s")
    assert names(workspace.list_schemas("main")) == ["main.default"]
