"""Volumes, functions and registered models as Unity Catalog registers them."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import InvalidParameterValue, NotFound, NotSupported, ResourceConflict, Workspace
from engine.service.volume_files import Files

FUNCTION = {
    "name": "twice",
    "catalog_name": "main",
    "schema_name": "s",
    "routine_definition": "x * 2",
}


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    workspace.create_schema("s", "main")
    return workspace


def test_a_volume_is_made_filled_and_deleted(shop: Workspace) -> None:
    made = shop.create_volume("main", "s", "raw-data", comment="photos")
    assert (made["volume_type"], made["comment"], made["full_name"]) == (
        "MANAGED",
        "photos",
        "main.s.raw-data",
    )
    Files(shop.volumes).write("/Volumes/main/s/raw-data/a/b.txt", [b"x"])
    assert made["storage_location"].endswith("/volumes/main/s/raw-data")
    assert shop.update_volume("main.s.raw-data", owner="ann")["owner"] == "ann"
    assert [one["full_name"] for one in shop.list_volumes("main", "s")] == ["main.s.raw-data"]
    with pytest.raises(ResourceConflict):
        shop.create_volume("main", "s", "raw-data")
    shop.delete_volume("main.s.raw-data")
    assert not (shop.path / "volumes" / "main" / "s" / "raw-data").exists()
    with pytest.raises(NotFound, match=r"Volume 'main\.s\.raw-data' does not exist\."):
        shop.get_volume("main.s.raw-data")


def test_a_registered_folder_is_forgotten_and_stays(shop: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"x")
    shop.register_volume("/Volumes/main/s/photos", folder)
    shown = shop.get_volume("main.s.photos")
    assert (shown["volume_type"], shown["storage_location"]) == ("EXTERNAL", folder.as_uri())
    shop.delete_volume("main.s.photos")
    assert shop.list_volumes("main", "s") == []
    assert (folder / "a.jpg").exists()


def test_a_volume_that_can_not_be_is_refused(shop: Workspace) -> None:
    with pytest.raises(NotSupported, match="vitrine volume register /Volumes/main/s/v FOLDER"):
        shop.create_volume("main", "s", "v", "EXTERNAL", storage_location="/etc")
    with pytest.raises(InvalidParameterValue, match="MANAGED or EXTERNAL"):
        shop.create_volume("main", "s", "v", "OTHER")
    with pytest.raises(InvalidParameterValue, match="is not a valid name"):
        shop.create_volume("main", "s", "a/../b")
    with pytest.raises(NotFound, match=r"'main\.no'"):
        shop.create_volume("main", "no", "v")
    for name in ("main.s.no", "no", "../../x.y.z"):
        with pytest.raises(NotFound):
            shop.delete_volume(name)


def test_a_function_is_kept_as_it_was_given(shop: Workspace) -> None:
    functions = shop.unity_catalog.functions
    made = functions.create(FUNCTION)
    assert (made["routine_definition"], made["full_name"]) == ("x * 2", "main.s.twice")
    assert functions.update("main.s.twice", owner="ann")["owner"] == "ann"
    again = Workspace(shop.path).unity_catalog.functions
    assert again.get("main.s.twice") == functions.get("main.s.twice")
    assert functions.names("main", "s") == ["main.s.twice"]
    with pytest.raises(ResourceConflict):
        functions.create(FUNCTION)
    with pytest.raises(InvalidParameterValue, match="function_info"):
        functions.create({"name": "x"})
    functions.delete("main.s.twice")
    with pytest.raises(NotFound, match="does not exist"):
        functions.get("main.s.twice")


def test_a_model_is_registered_changed_and_deleted(shop: Workspace) -> None:
    models = shop.unity_catalog.models
    made = models.create("clip", "main", "s", comment="c", owner="ann")
    assert (made["full_name"], made["comment"], made["owner"]) == ("main.s.clip", "c", "ann")
    assert models.update("main.s.clip", comment="d")["comment"] == "d"
    assert models.all_names() == models.names("main", "s") == ["main.s.clip"]
    with pytest.raises(ResourceConflict):
        models.create("clip", "main", "s")
    with pytest.raises(NotSupported, match="renaming"):
        models.update("main.s.clip", new_name="other")
    models.delete("main.s.clip")
    assert models.all_names() == []
