"""Exports of shops' own software and layouts of public data sets: what is guessed, and what is built."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from support.catalogues import photo, put

from engine import Workspace
from engine.doors.cli.command import main
from engine.errors import BadSourceFile
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.catalogue.guessing.guess import Guesser
from engine.shop.catalogue.guessing.names import rank
from engine.shop.catalogue.importing.money import read_prices
from engine.shop.embedding.recipes import text_content

NAMES = ["Red summer dress", "Blue denim jeans", "Green wool sweater", "White cotton shirt"]
LINK = "https://shop.example/{}.jpg"


def write(file: Path, *rows: list[Any], encoding: str = "utf-8") -> Path:
    with file.open("w", newline="", encoding=encoding) as out:
        csv.writer(out).writerows(rows)
    return file


def guessed(*rows: list[Any]) -> dict[str, Any]:
    """Role -> column of rows, the first of which has the names; categories in a list."""
    names = [str(name) for name in rows[0]]
    found: dict[str, Any] = {}
    for one in Guesser(names, [dict(zip(names, row)) for row in rows[1:]]).guesses():
        if one.role == "category":
            found.setdefault("category", []).append(one.column)
        else:
            found[one.role] = one.column
    return found


def shopify(folder: Path) -> Path:
    """Three rows for each product; the first alone has a title, the second one more picture."""
    rows = [
        ["Handle", "Title", "Type", "Variant SKU", "Variant Price", "Image Src", "Option1 Value"]
    ]
    for number, name in enumerate(NAMES):
        handle = name.lower().replace(" ", "-")
        put(folder / f"{number}.jpg", number)
        rows.append([handle, name, "Clothing", f"S{number}", "9.50", f"{number}.jpg", "S"])
        rows.append([handle, "", "", f"M{number}", "9.50", "0.jpg", "M"])
        rows.append([handle, "", "", "", "9.50", "", "L"])
    return write(folder / "products_export.csv", *rows)


# ------------------------------------------------------------------ variants
def test_variants_of_a_product_are_one_product_and_no_failures(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    file = shopify(tmp_path)
    found = workspace.propose_catalogue(file)
    assert (found.words["id"], found.words["title"]) == ("Handle", "Title")
    report = workspace.build(file, encoder="hashed", catalogue=found.catalogue)
    assert (report.imported.products, report.imported.with_photo) == (4, 4)
    assert report.imported.failures == {}
    assert "8 further rows of products passed over" in report.imported.how


def test_a_key_that_comes_again_with_another_title_is_still_a_failure(tmp_path: Path) -> None:
    put(tmp_path / "a.jpg", 1)
    rows = [["sku", "name"], ["a", NAMES[0]], ["a", NAMES[1]], ["a", ""], ["b", NAMES[2]]]
    workspace = Workspace(tmp_path / "ws")
    file = write(tmp_path / "p.csv", *rows)
    report = workspace.build(
        file,
        encoder="hashed",
        catalogue=workspace.propose_catalogue(
            file, given={"id": ["sku"], "title": ["name"]}
        ).catalogue,
    )
    assert report.imported.failures["row"] == 1


# ------------------------------------------------------------------ products without a key
def test_a_file_without_a_key_is_numbered_by_its_rows(tmp_path: Path) -> None:
    pictures = [{"bytes": photo(n), "path": None} for n in range(4)]
    pq.write_table(pa.table({"image": pictures, "text": NAMES}), tmp_path / "train.parquet")
    workspace = Workspace(tmp_path / "ws")
    found = workspace.propose_catalogue(tmp_path / "train.parquet")
    assert found.words == {"id": "row_number", "title": "text", "image": "image"}
    report = workspace.build(
        tmp_path / "train.parquet", encoder="hashed", catalogue=found.catalogue
    )
    assert (report.imported.products, report.imported.with_photo) == (4, 4)
    assert workspace.get_product(1)["text"] == NAMES[0]
    given = {"id": ["row_number"]}
    again = workspace.propose_catalogue(tmp_path / "train.parquet", given=given)
    assert again.words["id"] == "row_number"


def test_amounts_pictures_and_half_empty_columns_are_no_keys() -> None:
    header = ["TITLE", "PRICE", "QUANTITY", "IMAGE1", "SKU"]
    rows = [
        [name, f"{n}.95", n, LINK.format(n), "E1" if n == 1 else ""] for n, name in enumerate(NAMES)
    ]
    assert guessed(header, *rows) == {
        "id": "row_number",
        "title": "TITLE",
        "price": "PRICE",
        "image": "IMAGE1",
    }


# ------------------------------------------------------------------ names and values
def test_a_price_that_most_products_lack_is_not_the_price() -> None:
    header = ["ID", "Type", "Name", "Sale price", "Regular price", "Categories", "Images"]
    rows = [
        [n, "simple", name, "5" if n == 0 else "", "9.5", ("Tops", "Jeans")[n % 2],
         f"{LINK.format(n)}, {LINK.format(0)}"]
        for n, name in enumerate(NAMES)
    ]  # fmt: skip
    found = guessed(header, *rows)
    assert (found["price"], found["category"]) == ("Regular price", ["Categories"])
    assert found["image"] == "Images"


def test_a_list_of_links_in_one_cell_is_a_picture() -> None:
    rows = [[n, name, json.dumps([LINK.format(n), LINK.format(0)])] for n, name in enumerate(NAMES)]
    assert guessed(["pid", "product_name", "image"], *rows)["image"] == "image"


@pytest.mark.parametrize(
    ("values", "role"),
    [
        (["Drama|Comedy", "Drama", "Action", "Drama"], "category"),
        (["Homme", "Femme", "Femme", "Mixte"], "gender"),
    ],
)
def test_a_genre_is_for_whom_something_is_only_if_its_values_say_so(
    values: list[str], role: str
) -> None:
    found = guessed(["id", "title", "genre"], *([n, NAMES[n], v] for n, v in enumerate(values)))
    assert found[role] in ("genre", ["genre"])
    assert {"category", "gender"} & set(found) == {role}


@pytest.mark.parametrize(
    ("role", "name", "is_it"),
    [
        ("price", "Prix TTC (€)", True),
        ("price", "Price (USD)", True),
        ("price", "amount_in_stock", False),
        ("image", "IMAGE1", True),
        ("image", "Image URL 2", True),
        ("title", "name_en", True),
        ("category", "category_id", False),
        ("color", "color_hex", False),
        ("color", "colourful", False),
    ],
)
def test_names_with_a_language_a_currency_or_a_number_behind_them(
    role: str, name: str, is_it: bool
) -> None:
    assert (rank(role, name) is not None) == is_it


@pytest.mark.parametrize(
    ("given", "number", "sign"),
    [
        ("￥1,000", 1000.0, "¥"),
        ("1000.50元", 1000.5, "¥"),
        ("500円", 500.0, "¥"),
        ("100 руб.", 100.0, "₽"),
    ],
)
def test_prices_of_china_japan_and_russia(given: str, number: float, sign: str) -> None:
    found = read_prices([given])
    assert (found.values, found.currency) == ([number], sign)


# ------------------------------------------------------------------ no photo at all
def test_products_without_any_photo_are_found_by_words(tmp_path: Path) -> None:
    rows = [["id", "name"], *([n, name] for n, name in enumerate(NAMES))]
    file = write(tmp_path / "p.csv", *rows)
    workspace = Workspace(tmp_path / "ws")
    catalogue = workspace.propose_catalogue(file).catalogue
    workspace.build(file, encoder="hashed", catalogue=catalogue, text_index="all")
    for more in ({}, {"query_type": "HYBRID"}, {"query_type": "FULL_TEXT"}):
        assert len(workspace.search("denim jeans", k=1, **more)) == 1, more


# ------------------------------------------------------------------ unkind files
@pytest.mark.parametrize("form", ["{}", "file://{}", "/x/../{}", "{shop}/../home/id_rsa"])
def test_a_table_that_names_a_secret_file_does_not_copy_it(tmp_path: Path, form: str) -> None:
    secret = tmp_path / "home" / "id_rsa"
    secret.parent.mkdir()
    secret.write_text("-----BEGIN PRIVATE KEY-----")
    other = tmp_path / "elsewhere" / "photo"  # a picture by its content
    other.parent.mkdir()
    other.write_bytes(photo(1))
    folder = tmp_path / "shop"
    folder.mkdir()
    rows = [
        ["id", "name", "picture"],
        [1, NAMES[0], form.format(secret, shop=folder)],
        [2, NAMES[1], other],
    ]
    workspace = Workspace(tmp_path / "ws")
    catalogue = workspace.propose_catalogue(
        write(folder / "p.csv", *rows), given={"image": ["picture"]}
    ).catalogue
    report = workspace.build(folder / "p.csv", encoder="hashed", catalogue=catalogue)
    assert (report.imported.with_photo, report.imported.failures["photo"]) == (1, 1)
    kept = [file for file in (tmp_path / "ws").rglob("*.img") if b"PRIVATE" in file.read_bytes()]
    assert kept == []


def test_a_home_folder_is_not_made_a_volume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    places = [put(home / name / "1.jpg", n) for n, name in enumerate(("one", "two"))]
    (tmp_path / "shop").mkdir()
    rows = [["id", "name", "image"], *([n, NAMES[n], str(p)] for n, p in enumerate(places))]
    workspace = Workspace(tmp_path / "ws")
    file = write(tmp_path / "shop" / "p.csv", *rows)
    catalogue = workspace.propose_catalogue(file).catalogue
    assert workspace.build(file, encoder="hashed", catalogue=catalogue).imported.with_photo == 2
    paths = workspace.read_table("products", ["image_path"])["image_path"].to_pylist()
    assert all("/kept/" in path for path in paths), paths


@pytest.mark.parametrize("text", ["sku;name\n", "sku;name\na,b,c;d;e\nf;g;h\n"])
def test_a_file_without_good_rows_says_why(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(BadSourceFile, match=r"no row of it can be read.*--separator"):
        Workspace(tmp_path / "ws").propose_catalogue(tmp_path / "p.csv", separator=";")


# ------------------------------------------------------------------ lists of products
def test_a_list_shows_what_a_product_is_first_however_wide_its_table(tmp_path: Path) -> None:
    more = [f"field_{n}" for n in range(60)]
    header = ["code", *more, "price", "product_name"]
    rows = [[f"c{n}", *(["x"] * 60), n + 0.5, name] for n, name in enumerate(NAMES)]
    workspace = Workspace(tmp_path / "ws")
    file = write(tmp_path / "p.csv", header, *rows)
    catalogue = workspace.propose_catalogue(file).catalogue
    workspace.build(file, encoder="hashed", catalogue=catalogue, text_index="all")
    for more_words in ([], ["c0", "--similar", "text"]):
        done = CliRunner().invoke(main, ["products", *more_words, "-w", str(tmp_path / "ws")])
        assert done.exit_code == 0, done.output
        assert done.stdout.split()[:3] == ["code", "product_name", "price"]


# ------------------------------------------------------------------ descriptions
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            "<p>A <b>red</b> dress &amp; more.</p><ul><li>Cotton</li></ul>",
            "A red dress & more. Cotton",
        ),
        ("<style>p {x}</style>Silk<br/>soft<!-- no -->", "Silk soft"),
        ("a < b and b > c, <3", "a < b and b > c, <3"),
        ("wool &amp; silk", "wool &amp; silk"),
    ],
)
def test_a_description_in_html_is_read_as_words_by_a_template(given: str, expected: str) -> None:
    means = Catalogue("id", "title")
    product = {"id": 1, "title": "Dress", "Body (HTML)": given}
    assert text_content(product, "{Body (HTML)}", means) == expected
