"""Relative paths of photos start in the folder of their table, wherever the program runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from engine import BadImage, Workspace


def make_shop(folder: Path, **more: Any) -> Path:
    """A folder of photos, and a table that names them relative to itself."""
    (folder / "images").mkdir(parents=True)
    for key, color in ((1, "red"), (2, "blue")):
        Image.new("RGB", (32, 32), color).save(folder / "images" / f"{key}.png")
    names = ["Red Shirt", "Blue Jeans", "Gone Sock"]
    table = pa.table(
        {
            "product_id": [1, 2, 3],
            "product_display_name": names,
            "image_path": ["images/1.png", "images/2.png", "images/3.png"],
        }
    )
    pq.write_table(table, folder / "products.parquet")
    return folder


@pytest.mark.parametrize("way", ["file", "folder", "pattern", "symbolic link"])
def test_photos_are_found_beside_the_table(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    shop = make_shop(tmp_path / "shop")
    (tmp_path / "link").symlink_to(shop)
    ways = {
        "file": shop / "products.parquet",
        "folder": shop,
        "pattern": str(shop / "*.parquet"),
        "symbolic link": tmp_path / "link",
    }
    workspace.register_table("products", ways[way])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    report = workspace.embed(encoder="hashed")
    assert (report.images, report.failures) == (2, {"image_read": 1})
    (failure,) = workspace.read_table("embedding_failures").to_pylist()
    assert str(shop / "images" / "3.png") in failure["reason"]
    rows = workspace.read_table("product_embeddings_multimodal").to_pylist()
    assert [row["image_path"] for row in rows] == ["images/1.png", "images/2.png"]
    workspace.create_index(
        "main.fashion_demo.vs_image_search",
        source_table="product_embeddings_multimodal",
        vector_column="image_embedding",
        create_endpoint=True,
    )
    found = workspace.search("red", k=2)
    assert found.to_html().count("data:image") == 2


def test_a_file_in_the_current_folder_is_taken_where_the_tables_has_none(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_shop(tmp_path / "shop")
    here = tmp_path / "here"
    (here / "images").mkdir(parents=True)
    Image.new("RGB", (32, 32), "green").save(here / "images" / "3.png")
    monkeypatch.chdir(here)
    workspace.register_table("products", shop)
    report = workspace.embed(encoder="hashed")
    assert (report.images, report.failures) == (3, {})


@pytest.mark.parametrize(
    "path", ["/abs/1.png", "~/1.png", "/Volumes/main/s/v/1.png", "dbfs:/Volumes/a/b/c/1.png",
             "s3://bucket/1.png", "", None, 7]
)  # fmt: skip
def test_other_paths_stay_as_they_are(workspace: Workspace, tmp_path: Path, path: Any) -> None:
    from engine.core.names import table_name

    workspace.register_table("products", make_shop(tmp_path / "shop"))
    table = workspace.tables.get(table_name("products"))
    assert table.photo_path(path) == path
    assert table.photo_path("images/9.png") == str(tmp_path / "shop" / "images" / "9.png")
    assert table.photo_path("x" * 5000) == str(tmp_path / "shop" / ("x" * 5000))
    assert "\0" in str(table.photo_path("a\0b"))
    workspace.write_table("own", pa.table({"id": [1]}))
    assert workspace.tables.get(table_name("own")).photo_path("images/9.png") == "images/9.png"


@pytest.mark.parametrize("kind", [str, Path])
def test_a_search_by_a_photo_in_a_volume_reads_it_there(
    workspace: Workspace, tmp_path: Path, kind: Any
) -> None:
    shop = make_shop(tmp_path / "shop")
    workspace.register_table("products", shop)
    workspace.register_volume("/Volumes/main/fashion_demo/raw_data", shop)
    workspace.embed(encoder="hashed")
    workspace.create_index(
        "main.fashion_demo.vs_image_search",
        source_table="product_embeddings_multimodal",
        vector_column="image_embedding",
        create_endpoint=True,
    )
    photos = "/Volumes/main/fashion_demo/raw_data/images"
    for path in (kind(f"{photos}/2.png"), f"dbfs:{photos}/2.png"):
        assert workspace.search(image=path, k=1)[0]["product_id"] == 2
    with pytest.raises(BadImage, match=f"no file at {photos}/9.png"):
        workspace.search(image=kind(f"{photos}/9.png"))
