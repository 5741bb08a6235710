"""Catalogues of other shapes than the fashion layout: each built by one command, and searched."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import Result
from PIL import Image
from support.catalogues import (
    berkeley_objects,
    folder_of_pictures,
    hm_articles,
    hugging_face,
    photo,
    picture_server,
    semicolons,
    zipped,
)
from support.command import typed as run
from support.needs import needs

from engine import Workspace
from engine.shop.catalogue.stored import catalogue_of


class Shop:
    """A workspace that one command builds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "ws"

    def build(self, *arguments: object, status: int = 0) -> Result:
        done = run("build", *arguments, "--encoder", "hashed", "-w", self.folder)
        assert done.exit_code == status, done.output
        return done

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.folder)

    @property
    def products(self) -> pa.Table:
        return self.workspace.read_table("products")

    @property
    def failures(self) -> list[dict[str, Any]]:
        return self.workspace.read_table("import_failures").to_pylist()

    def found(self, *arguments: object) -> list[dict[str, Any]]:
        done = run("search", *arguments, "--encoder", "hashed", "--json", "-w", self.folder)
        assert done.exit_code == 0, done.output
        return list(json.loads(done.stdout)["results"])

    def photo_of(self, column: str, key: object) -> bytes:
        row = next(row for row in self.products.to_pylist() if row[column] == key)
        assert row["image_path"].startswith("/Volumes/main/fashion_demo/raw_data/")
        return self.workspace.volumes.read(row["image_path"])


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def rows_of_index(shop: Shop, name: str) -> int:
    return int(shop.workspace.get_index(name)["status"]["indexed_row_count"])


# ------------------------------------------------------------------ one: semicolons, cp1252
COLUMNS = (
    "--id", "sku", "--title", "title", "--image", "picture", "--category", "master",
    "--category", "kind", "--color", "colour", "--price", "cost", "--text", "{title} in {colour}",
)  # fmt: skip


def test_semicolons_cp1252_and_nested_folders(shop: Shop, tmp_path: Path) -> None:
    table = semicolons(tmp_path)
    done = shop.build(table, tmp_path / "pics", *COLUMNS)
    assert "13 products, 12 of them with a photo" in done.stdout
    assert "encoding cp1252 (sniffed), separator semicolon" in done.stdout
    products = shop.products
    assert products.column_names == [
        *("sku", "title", "colour", "cost", "master", "kind", "picture", "image_path")
    ]
    first = products.to_pylist()[0]
    assert first["sku"] == "001"
    assert (first["title"], first["cost"]) == ("Robe d'été n° 1", 1201.5)
    assert shop.photo_of("sku", "003") == photo(3)
    assert [(row["line"], row["stage"]) for row in shop.failures] == [(15, "row"), (16, "row")]
    assert "sku 001 appears a second time; the first is in line 2" in shop.failures[0]["reason"]
    means = catalogue_of(shop.workspace.tables)
    assert (means.currency, means.kind, means.key) == ("€", "kind", "sku")
    texts = shop.workspace.read_table("product_text_embeddings").to_pylist()
    assert texts[0]["text_content"] == "Robe d'été n° 1 in rouge"
    shown = run("search", "robe", "-k", 1, "--encoder", "hashed", "-w", shop.folder).stdout
    assert shown.split()[:6] == ["sku", "title", "kind", "colour", "cost", "score"]
    assert "€12" in shown
    cheap = shop.found("robe", "--filter", "cost < 1204 AND colour = 'bleu'")
    assert [row["sku"] for row in cheap] == ["002"]
    assert rows_of_index(shop, "main.fashion_demo.vs_text_search") == 12


def test_products_without_a_photo_are_found_by_text(shop: Shop, tmp_path: Path) -> None:
    table = semicolons(tmp_path)
    shop.build(table, tmp_path / "pics", *COLUMNS, "--text-index", "all", "--strict", status=1)
    assert rows_of_index(shop, "main.fashion_demo.vs_text_search") == 13
    assert rows_of_index(shop, "main.fashion_demo.vs_image_search") == 12
    found = shop.found("Sans photo in vert", "--index", "vs_text_search", "-k", 1)
    assert found[0]["sku"] == "0099"
    assert found[0]["image_path"] is None
    assert shop.workspace.read_table("embedding_failures").num_rows == 0
    shop.build(table, tmp_path / "pics", *COLUMNS)  # and back
    assert rows_of_index(shop, "main.fashion_demo.vs_text_search") == 12


def test_products_without_any_photo(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,name,price\n1,red shoe,5\n2,blue boot,7\n")
    done = shop.build(tmp_path / "t.csv", "--yes", "--text-index", "all", "--strict")
    assert "2 products, 0 of them with a photo" in done.stdout
    found = shop.found("red shoe", "--index", "vs_text_search", "-k", 1)
    assert found[0]["id"] == 1
    assert shop.found("red shoe")[0]["id"] == 1  # no photo to search by, so by text
    Image.open(io.BytesIO(photo(1))).save(tmp_path / "1.png")  # and later one comes
    shop.build(tmp_path / "t.csv", "--yes", "--text-index", "all")
    assert [row["id"] for row in shop.found("red shoe")] == [1]


# ------------------------------------------------------------------ two: a bare folder
def test_a_bare_folder_of_pictures(shop: Shop, tmp_path: Path) -> None:
    done = shop.build(folder_of_pictures(tmp_path), "--yes")
    assert "a folder of 3 pictures" in done.stdout
    rows = {row["id"]: row for row in shop.products.to_pylist()}
    assert set(rows) == {
        "Dresses/red_summer-dress",
        "Dresses/long/blue dress (2)",
        "Shoes/white sneaker é 100%",
    }
    red = rows["Dresses/red_summer-dress"]
    assert (red["title"], red["category"], red["subcategory"]) == (
        "red summer dress",
        "Dresses",
        None,
    )
    assert rows["Dresses/long/blue dress (2)"]["subcategory"] == "long"
    assert shop.photo_of("id", "Shoes/white sneaker é 100%") == photo(3)
    assert catalogue_of(shop.workspace.tables).categories == ("category", "subcategory")
    assert shop.found("red summer dress", "-k", 1)


# ------------------------------------------------------------------ three: Hugging Face
def test_shards_with_pictures_inside(shop: Shop, tmp_path: Path) -> None:
    done = shop.build(hugging_face(tmp_path), "--yes")
    assert "Parquet, 2 files" in done.stdout
    products = shop.products
    assert products.schema.field("id").type == pa.int64()
    assert products.schema.field("year").type == pa.int32()
    assert products.schema.field("image").type == pa.string()
    assert shop.photo_of("id", 10_005) == photo(5)
    means = catalogue_of(shop.workspace.tables)
    assert means.categories == ("masterCategory", "subCategory", "articleType")
    assert (means.title, means.color, means.image) == ("productDisplayName", "baseColour", "image")
    assert "image" not in means.columns
    found = shop.found("shirt", "--filter", '{"gender": "Women", "year >=": 2011}')
    assert {row["id"] % 2 for row in found} == {1}


# ------------------------------------------------------------------ four: a zip archive
def test_a_zip_archive_with_its_table(shop: Shop, tmp_path: Path) -> None:
    done = shop.build(zipped(tmp_path / "in"), "--yes")
    assert "a zip archive; CSV, separator tab" in done.stdout
    assert "../escaped.jpg: its name leads out of the archive" in done.stdout
    assert not list(tmp_path.rglob("escaped.jpg"))
    assert shop.products["Artikelnummer"].to_pylist() == [f"A-{n}" for n in range(1, 7)]
    assert shop.products["Preis"].to_pylist() == [n + 0.99 for n in range(1, 7)]
    assert shop.photo_of("Artikelnummer", "A-2") == photo(2)
    again = shop.build(tmp_path / "in" / "shop.zip", "--yes")
    assert "(0 new)" in again.stdout


# ------------------------------------------------------------------ five: links
def linked(folder: Path, address: str) -> Path:
    rows = [
        {
            "asin": f"B0{n}",
            "name": f"Linked shirt {n}",
            "image_url": f"{address}/{n}.jpg",
            "price": n,
        }
        for n in range(1, 6)
    ]
    rows[3]["image_url"] = f"{address}/gone.jpg"
    rows[4]["image_url"] = f"{address}/page.html"
    table = folder / "products.jsonl"
    table.write_text("\n".join(map(json.dumps, rows)))
    return table


def test_pictures_behind_links_are_fetched_once(shop: Shop, tmp_path: Path) -> None:
    answers: dict[str, Any] = {f"/{n}.jpg": photo(n) for n in range(1, 4)}
    answers["/2.jpg"] = (302, {"Location": "/3.jpg"}, b"")
    answers["/page.html"] = (200, {"Content-Type": "text/html"}, b"<html>")
    with picture_server(answers) as (address, asked):
        table = linked(tmp_path, address)
        refused = shop.build(table, "--yes", status=1)
        assert "--fetch" in refused.output
        assert not asked
        private = shop.build(table, "--yes", "--fetch", status=1)
        assert "address of this machine" in private.output
        assert not asked
        arguments = (table, "--yes", "--fetch", "--allow-private")
        done = shop.build(*arguments)
        assert "3 pictures fetched" in done.stdout
        assert shop.photo_of("asin", "B02") == photo(3)
        reasons = {row["key"]: row["reason"] for row in shop.failures}
        assert set(reasons) == {"B04", "B05"}
        assert "404" in reasons["B04"]
        assert "'text/html'" in reasons["B05"]
        asked.clear()
        shop.build(*arguments)
        assert sorted(asked) == ["/gone.jpg", "/page.html"]


# ------------------------------------------------------------------ six and seven: public layouts
def test_the_layout_of_amazon_berkeley_objects(shop: Shop, tmp_path: Path) -> None:
    listings, images, listed = berkeley_objects(tmp_path)
    done = shop.build(
        listings, images, "--image-list", listed, "--id", "item_id", "--title", "item_name",
        "--image", "main_image_id", "--category", "product_type", "--color", "color",
        "--year", "model_year", "--language", "de",
    )  # fmt: skip
    assert "6 products, 5 of them with a photo" in done.stdout
    assert [(row["line"], row["stage"]) for row in shop.failures] == [(7, "row")]
    row = shop.products.to_pylist()[1]
    assert (row["item_name"], row["color"], row["product_type"]) == (
        "Turnschuh Nummer 1",
        "Rot",
        "BOOT",
    )
    assert row["other_image_id"] == ["51c", "52d"]
    assert row["item_dimensions_height_value"] == 4.5
    assert row["model_year"] == 2017
    assert json.loads(row["node"]) == [{"node_id": 1983, "node_name": "/Categories/Shoes"}]
    assert shop.photo_of("item_id", "B073QXR5B") == photo(3)
    assert shop.found("Turnschuh", "--filter", "color = 'Rot'", "-k", 2)


def test_the_layout_of_hm_articles(shop: Shop, tmp_path: Path) -> None:
    table, images = hm_articles(tmp_path)
    done = shop.build(table, images, "--yes")
    assert "9 products, 8 of them with a photo" in done.stdout
    assert shop.products["article_id"].to_pylist()[0] == "0108775015"
    assert shop.products.num_columns == 26
    assert (
        shop.products["detail_desc"].to_pylist()[2]
        == 'Jersey top, with narrow "shoulder" straps 2.'
    )
    assert shop.photo_of("article_id", "0108775017") == photo(2)
    means = catalogue_of(shop.workspace.tables)
    assert (means.title, means.color) == ("prod_name", "colour_group_name")
    assert "product_type_name" in means.categories
    found = shop.found("--like", "0108775017", "-k", 3)
    assert "0108775017" not in [row["article_id"] for row in found]


def test_a_delta_table(shop: Shop, tmp_path: Path) -> None:
    needs("delta")
    import deltalake

    rows = {
        "ref": [5, 6],
        "nombre": ["Camisa azul", "Falda roja"],
        "precio": pa.array(["1.234,50 €", "9,95 €"]),
        "foto": [photo(1), photo(2)],
    }
    deltalake.write_deltalake(tmp_path / "delta", pa.table(rows))
    done = shop.build(tmp_path / "delta", "--yes")
    assert "a Delta table" in done.stdout
    assert shop.products["precio"].to_pylist() == [1234.5, 9.95]
    assert shop.photo_of("ref", 6) == photo(2)
