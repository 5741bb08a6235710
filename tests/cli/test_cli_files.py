"""`vitrine table create` and `export`, and the files of volumes."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from support.command import typed

from engine import Workspace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ws"


def run(folder: Path, *arguments: str) -> Result:
    return typed(*arguments, "--workspace", folder)


# ------------------------------------------------------------------ tables
def test_a_table_is_made_replaced_extended_and_exported(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_text('sku,price,v\n007,19.90,"[1, 0.5]"\n008,,\n')
    create = ("table", "create", "main.s.p", "--from", str(file))
    types = ("--columns", "price:decimal(10,2),v:array<float>")
    done = run(folder, *create, *types, "--primary-key", "sku", "--comment", "stock")
    assert done.stdout.splitlines()[0] == "created main.s.p: 2 rows"
    assert "  sku: string" in done.stdout and "  price: decimal128(10, 2)" in done.stdout
    found = Workspace(folder).get_table("main.s.p")
    assert found["comment"] == "stock" and found["table_constraints"]
    refused = run(folder, *create, *types)
    assert (
        refused.exit_code == 1 and "is there already. Give --replace or --append" in refused.stderr
    )
    assert run(folder, *create, *types, "--append").stdout == "appended 2 rows to main.s.p\n"
    assert run(folder, *create, *types, "--replace").stdout.startswith("replaced main.s.p: 2 rows")
    assert run(folder, *create, *types, "--replace").stdout.startswith("unchanged main.s.p: 2 rows")
    out = tmp_path / "out.parquet"
    done = run(folder, "table", "export", "main.s.p", str(out), "--columns", "sku,v")
    assert done.stdout == f"exported 2 rows of main.s.p to {out}\n"
    assert pq.read_table(out).to_pylist()[0] == {"sku": "007", "v": [1.0, 0.5]}
    listed = json.loads(run(folder, "table", "list", "--json").stdout)
    assert listed == [{"name": "main.s.p", "damaged": None}]
    shown = json.loads(run(folder, "table", "show", "main.s.p", "--json").stdout)
    assert shown[0]["sku"] == "007"


def test_what_is_no_table_is_refused(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_text("a,b\n1,2\n1,2,3\n")
    create = ("table", "create", "main.s.p", "--from")
    for arguments, reason in (
        ((str(file),), "row 3 has 3 fields, the header 2"),
        ((str(tmp_path / "none.csv"),), "there is no such file"),
        ((str(file), "--columns", "a"), "'a' is not NAME:TYPE"),
        ((str(file), "--columns", "a:money"), "which tables here can't hold"),
        ((str(file), "--replace", "--append"), "can't be given together"),
    ):
        refused = run(folder, *create, *arguments)
        assert refused.exit_code in (1, 2) and reason in refused.stderr, refused.stderr
    file.write_text("a\n1\n")
    key = run(folder, *create, str(file), "--primary-key", "b")
    assert key.exit_code == 1 and "primary_key names 'b'" in key.stderr
    assert run(folder, *create, str(file)).exit_code == 0
    file.write_text("c\n1\n")
    other = run(folder, *create, str(file), "--append")
    assert other.exit_code == 1 and "differ in the columns a, c" in other.stderr
    gone = run(folder, "table", "export", "main.s.none", str(tmp_path / "x.csv"))
    assert gone.exit_code == 1 and "not found" in gone.stderr


# ------------------------------------------------------------------ volumes
def test_files_are_copied_listed_printed_and_deleted(folder: Path, tmp_path: Path) -> None:
    run(folder, "schema", "create", "main.s")
    assert run(folder, "volume", "create", "main.s.own").stdout == "created volume main.s.own\n"
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "a.txt").write_text("one")
    (tmp_path / "in" / "deep" / "b.txt").write_text("two")
    volume = "/Volumes/main/s/own"
    copied = run(folder, "volume", "cp", str(tmp_path / "in" / "a.txt"), f"{volume}/")
    assert copied.stdout == f"copied 1 file to {volume}/\n"
    again = run(folder, "volume", "cp", str(tmp_path / "in" / "a.txt"), f"{volume}/a.txt")
    assert again.exit_code == 1
    tree = run(folder, "volume", "cp", "-r", str(tmp_path / "in"), f"{volume}/tree")
    assert tree.stdout == f"copied 2 files to {volume}/tree\n"
    listed = json.loads(run(folder, "volume", "ls", f"{volume}/tree", "--json").stdout)
    assert [(one["name"], one["size"]) for one in listed] == [("a.txt", 3), ("deep/", None)]
    assert run(folder, "volume", "cat", f"{volume}/tree/deep/b.txt").stdout == "two"
    back = run(folder, "volume", "cp", "-r", f"{volume}/tree", str(tmp_path / "out"))
    assert back.exit_code == 0 and (tmp_path / "out" / "deep" / "b.txt").read_text() == "two"
    one = run(folder, "volume", "cp", f"{volume}/a.txt", str(tmp_path / "out" / "a.txt"))
    assert one.exit_code == 1 and "is there already; give --overwrite" in one.stderr
    assert run(folder, "volume", "rm", f"{volume}/tree").exit_code == 1
    assert run(folder, "volume", "rm", "-r", f"{volume}/tree").exit_code == 0
    assert run(folder, "volume", "cp", str(tmp_path / "in"), f"{volume}/x").exit_code == 2
    assert run(folder, "volume", "ls", f"{volume}/tree").exit_code == 1


def test_a_folder_that_is_missing_and_a_catalog_in_place_of_a_schema_are_named(
    folder: Path, tmp_path: Path
) -> None:
    Workspace(folder).write_table("main.s.t", pa.table({"a": [1]}))
    refused = run(folder, "table", "export", "main.s.t", str(tmp_path / "none" / "x.csv"))
    assert refused.exit_code == 1 and f"there is no folder {tmp_path / 'none'}." in refused.stderr
    refused = run(folder, "volume", "list", "main")
    assert refused.exit_code == 2 and "'main' is no schema; expected CATALOG" in refused.stderr


def test_all_volumes_are_listed_where_no_schema_is_named(folder: Path, tmp_path: Path) -> None:
    workspace = Workspace(folder)
    workspace.register_volume("/Volumes/main/s/photos", tmp_path)
    workspace.register_volume("/Volumes/other/t/photos", tmp_path)
    listed = json.loads(run(folder, "volume", "list", "--json").stdout)
    assert [one["volume"] for one in listed] == ["main.s.photos", "other.t.photos"]
    assert "main.s.photos" not in run(folder, "volume", "list", "other.t").stdout


def test_every_list_is_printed_as_json_too(folder: Path) -> None:
    run(folder, "endpoint", "create", "e")
    for arguments, names in (
        (("catalog", "list"), ["main"]),
        (("endpoint", "list"), ["e"]),
        (("index", "list"), []),
        (("table", "list"), []),
        (("volume", "list"), []),
    ):
        listed = json.loads(run(folder, *arguments, "--json").stdout)
        assert [one["name"] for one in listed] == names
    schemas = json.loads(run(folder, "schema", "list", "--json").stdout)
    assert "main.default" in [one["schema"] for one in schemas]
