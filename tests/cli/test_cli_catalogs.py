"""`vitrine catalog`, `vitrine schema` and the volumes of one."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from support.command import typed

from engine import Workspace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ws"


def run(folder: Path, *arguments: str) -> Result:
    return typed(*arguments, "--workspace", folder)


def test_a_catalog_and_a_schema_are_made_listed_and_deleted(folder: Path) -> None:
    made = run(folder, "catalog", "create", "shop", "--comment", "of mine")
    assert (made.exit_code, made.stdout) == (0, "created catalog shop\n")
    listed = run(folder, "catalog", "list").stdout
    assert "main" in listed and "shop" in listed and "of mine" in listed
    assert run(folder, "schema", "create", "shop.s", "--comment", "words").exit_code == 0
    assert "shop.s" in run(folder, "schema", "list", "shop").stdout
    assert "main.default" in run(folder, "schema", "list").stdout
    Workspace(folder).create_volume("shop", "s", "photos")
    assert "shop.s.photos" in run(folder, "volume", "list", "shop.s").stdout
    refused = run(folder, "schema", "delete", "shop.s")
    assert refused.exit_code == 1 and "is not empty" in refused.stderr
    assert run(folder, "volume", "delete", "shop.s.photos").exit_code == 0
    assert run(folder, "schema", "delete", "shop.s").stdout == "deleted schema shop.s\n"
    assert run(folder, "catalog", "delete", "shop").exit_code == 1
    assert run(folder, "catalog", "delete", "shop", "--force").exit_code == 0
    assert Workspace(folder).unity_catalog.catalogs.names() == ["main"]


def test_what_is_missing_is_named(folder: Path) -> None:
    Workspace(folder).create_catalog("shop")
    for arguments in (("schema", "list", "no"), ("catalog", "delete", "no")):
        refused = run(folder, *arguments)
        assert refused.exit_code == 1 and "Catalog 'no' does not exist." in refused.stderr
