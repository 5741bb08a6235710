"""Where an export is told to lie: links, odd names, folders with something of the user's in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from exporting.shop import filled
from support.needs import needs

needs("delta", "sdk")

from engine import BadSourceFile, InvalidInputException, Workspace
from engine.store.tables.delta import open_delta


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return filled(tmp_path / "workspace")


def traces(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_export_with_a_file_of_somebody_else_is_not_replaced(
    workspace: Workspace, tmp_path: Path
) -> None:
    target = tmp_path / "up"
    workspace.export_cloud(target)
    workspace.export_cloud(target, replace=True)
    (target / "notes.txt").write_text("mine")
    with pytest.raises(InvalidInputException, match=r"notes\.txt.*is not of an export"):
        workspace.export_cloud(target, replace=True)
    assert (target / "notes.txt").read_text() == "mine"


def test_a_link_stays_one_and_the_export_lies_where_it_leads(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "dangling").symlink_to(tmp_path / "new")
    for link, real in (("link", "real"), ("dangling", "new")):
        for again in (False, True):
            assert not workspace.export_cloud(tmp_path / link, replace=again).failed
        assert (tmp_path / link).is_symlink()
        assert (tmp_path / real / "manifest.json").is_file()
    assert traces(tmp_path) == ["dangling", "link", "new", "real", "workspace"]


@pytest.mark.parametrize("name", ["a b", "é", "o'dd", "100%", "a#b", "a?b", "-x", "a;b:c@d"])
def test_an_odd_name_is_a_name(workspace: Workspace, tmp_path: Path, name: str) -> None:
    assert not workspace.export_cloud(tmp_path / name).failed
    assert (tmp_path / name / "tables" / "main.shop.products" / "_delta_log").is_dir()
    assert traces(tmp_path) == sorted([name, "workspace"])


@pytest.mark.parametrize("name", ["a[b]", "a%20b", "a\\b", "a\nb", "%5b/up"])
def test_a_name_that_deltalake_misreads_is_refused_and_nothing_is_written(
    workspace: Workspace, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    before = traces(tmp_path)
    with pytest.raises(InvalidInputException, match="which deltalake misreads"):
        workspace.export_cloud(tmp_path / name)
    assert traces(tmp_path) == before
    (tmp_path / name / "_delta_log").mkdir(parents=True)
    with pytest.raises(BadSourceFile, match="which deltalake misreads"):
        open_delta(tmp_path / name)


def test_a_name_that_no_folder_has_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputException, match="is no path"):
        workspace.export_cloud(f"{tmp_path}/a\0b")
    with pytest.raises(InvalidInputException, match="is no path"):
        workspace.export_cloud("")


def test_odd_words_of_a_table_come_through_the_statements_of_the_script(
    workspace: Workspace, tmp_path: Path
) -> None:
    odd = "100% 'sure' \\ \"q\" {x} `b` é 😀 \r\n\t ''' \"\"\" \\"
    workspace.sql("COMMENT ON TABLE main.shop.empty IS :odd", parameters={"odd": odd})
    workspace.sql("ALTER TABLE main.shop.empty SET TBLPROPERTIES ('it\\'s' = '100% \"x\" \\n')")
    workspace.export_cloud(tmp_path / "up")
    names: dict[str, Any] = {"__name__": "read", "__file__": str(tmp_path / "up" / "x.py")}
    exec((tmp_path / "up" / "create_in_cloud.py").read_text("utf-8"), names)
    (table,) = [one for one in names["TABLES"] if one["name"] == "main.shop.empty"]
    there = Workspace(tmp_path / "there")
    there.register_table("main.shop.src", tmp_path / "up" / table["folder"])
    there.sql(table["create"] + " AS SELECT * FROM main.shop.src")
    made = there.unity_catalog.tables.get("main.shop.empty")
    assert made["comment"] == odd
    assert made["properties"]["it's"] == '100% "x" \n'
