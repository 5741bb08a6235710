"""What a catalogue says: files, templates, proposals, refusals, and another in the same workspace."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.catalogue import write_catalogue
from support.catalogues import hm_articles, put, semicolons
from support.command import typed as run

from engine import Workspace
from engine.errors import BadSourceFile, InvalidInputException, InvalidParameterValue, InvalidState
from engine.shop.catalogue.catalogue import FASHION, Catalogue
from engine.shop.catalogue.guessing.names import folded, usual
from engine.shop.catalogue.stored import catalogue_of
from engine.shop.embedding.recipes import check_recipe, price_words, quartiles, text_content

MEANING = {"id": "sku", "title": "title", "color": "colour", "price": "cost", "category": "kind"}


def table(folder: Path, *rows: list[Any], pictures: int = 3) -> Path:
    """A CSV file of these rows, the first its header, and pictures 1.jpg, 2.jpg, ... beside it."""
    for number in range(1, pictures + 1):
        put(folder / f"{number}.jpg", number)
    with (folder / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder / "t.csv"


# ------------------------------------------------------------------ catalogues and their files
def test_the_fashion_layout_is_a_file_of_the_package() -> None:
    assert Catalogue.from_file("fashion") == FASHION
    assert FASHION.shown == (
        "product_id",
        "product_display_name",
        "article_type",
        "base_color",
        "price",
    )
    assert FASHION.words == ("product_display_name", "article_type", "sub_category", "base_color")
    assert Catalogue.from_json(json.loads(json.dumps(FASHION.to_json()))) == FASHION
    assert Catalogue.from_json({**FASHION.to_json(), "of_a_later_release": 1}) == FASHION


def test_a_file_says_all(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(
        'id = "sku"\ntitle = "t"\ncategory = "kind"\nprice_levels = [1, 2.5, 3]\ncurrency = ""\n'
        'image = "p/{sku}.jpg"\n[rename]\nA = "sku"\n[types]\nt = "string"\n'
    )
    read = Catalogue.from_file(file)
    assert (read.key, read.categories, read.price_levels) == ("sku", ("kind",), (1.0, 2.5, 3.0))
    assert (read.renamed, read.types) == ({"A": "sku"}, {"t": "string"})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('id = "a"', "names no title"),
        ('title = "a"', "names no id"),
        ('id = "a"\ntitel = "b"', "Did you mean 'title'"),
        ("id = 5", "id is 5; expected the name of a column"),
        ('id = ""', "expected the name"),
        ('id = "a"\ntitle = "b"\nprice_levels = [3, 2, 1]', "three rising prices"),
        ('id = "a"\ntitle = "b"\nprice_levels = [3]', "three rising prices"),
        ('id = "a"\ntitle = "b"\ncategory = [1]', "a list of them"),
        ('id = "a"\ntitle = "b"\nrename = "x"', "a table of names"),
        ("id = ", "not TOML"),
        ("\xff", "not TOML"),
    ],
)
def test_a_wrong_file_is_refused_by_place(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "c.toml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadSourceFile, match=reason) as caught:
        Catalogue.from_file(file)
    assert str(file) in caught.value.message


def test_a_file_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(BadSourceFile, match="with the package: fashion"):
        Catalogue.from_file(tmp_path / "none.toml")


# ------------------------------------------------------------------ texts
SHOE = {
    "sku": "1",
    "title": "Shoe",
    "colour": "red",
    "cost": 12.0,
    "kind": "Boots",
    "tags": ["a", "b"],
}
MEANS = Catalogue("sku", "title", ("kind",), "colour", "cost", price_levels=(10.0, 20.0, 30.0))


@pytest.mark.parametrize(
    ("template", "missing", "expected"),
    [
        ("{title} in {colour}", [], "Shoe in red"),
        ("{title} {colour} {kind}", ["colour"], "Shoe Boots"),
        ("{title}[ in {colour}], {kind}", ["colour"], "Shoe, Boots"),
        ("{title}[ in {colour}[".replace("[ in {colour}[", "[ in {colour}]"), [], "Shoe in red"),
        ("{color} {category} {id}", [], "red Boots 1"),
        ("{title}: {tags}", [], "Shoe: a, b"),
        ("{price_words}: {title}", [], "mid-range value: Shoe"),
        ("{price_words} {title}", ["cost"], "Shoe"),
        ("{{{title}}}", [], "{Shoe}"),
        ("{ title }", [], "Shoe"),
        ("only {colour} and {kind}", ["colour", "kind"], None),
        ("full-v1", [], "Shoe Boots red mid-range value"),
        ("short-v1", ["colour"], "Shoe Boots"),
        ("full-v1", ["title"], None),
    ],
)
def test_texts_by_templates(template: str, missing: list[str], expected: str | None) -> None:
    product = {**SHOE, **dict.fromkeys(missing)}
    assert text_content(product, template, MEANS) == expected


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{titel}", "Did you mean 'title'"),
        ("{title", "don't close"),
        ("title}", "unknown; known are"),
        ("{}", "don't close"),
        ("[{title}", "don't close"),
        ("long", "known are: full-v1, short-v1"),
    ],
)
def test_a_wrong_template_is_refused(template: str, reason: str) -> None:
    with pytest.raises(InvalidParameterValue, match=reason):
        check_recipe(template, MEANS, list(SHOE))


def test_price_words_by_a_catalogues_own_prices() -> None:
    assert quartiles([n * 101.0 for n in range(1, 101)]) == (2600.0, 5200.0, 7700.0)
    assert quartiles([5.0] * 100) == ()
    assert price_words(5.0, ()) == ""
    assert price_words(5200.0, (2600.0, 5200.0, 7700.0)) == "premium quality"


# ------------------------------------------------------------------ guesses
@pytest.mark.parametrize(
    ("role", "names", "expected"),
    [
        ("title", ["Product Name", "brand"], "Product Name"),
        ("title", ["Bezeichnung", "Marke"], "Bezeichnung"),
        ("color", ["Couleur", "taille"], "Couleur"),
        ("color", ["base-colour"], "base-colour"),
        ("price", ["Preis", "x"], "Preis"),
        ("price", ["sale_price", "list_price"], "sale_price"),
        ("title", ["商品名"], "商品名"),
        ("color", ["цвет"], "цвет"),
        ("id", ["Número de artículo", "código"], "código"),
        ("image", ["Image URL"], "Image URL"),
        ("color", ["colourful"], None),
    ],
)
def test_names_in_several_languages(role: str, names: list[str], expected: str | None) -> None:
    assert usual(role, names) == expected


def test_names_are_compared_without_case_and_accents() -> None:
    assert folded("  Größe_der Ärmel ") == "grossederarmel"


def test_values_decide_where_names_say_nothing(tmp_path: Path) -> None:
    rows = [
        [f"K{n}", f"A red thing, number {n}", f"{n}.jpg", f"${n}.50", ("x", "y")[n % 2]]
        for n in range(9)
    ]
    found = Workspace(tmp_path / "ws").propose_catalogue(table(tmp_path, list("abcde"), *rows))
    assert found.words == {"id": "a", "title": "b", "image": "c", "price": "d", "category": ["e"]}
    assert "--id a --title b --image c --category e --price d" in found.command
    file = tmp_path / "c.toml"
    file.write_text(found.to_toml())
    assert Catalogue.from_file(file) == found.catalogue


def test_names_that_lie_are_checked_by_their_values(tmp_path: Path) -> None:
    header = ["id", "sku", "name", "price", "image", "year"]
    rows = [[5, f"A{n}", f"Thing number {n}", "cheap", "yes", 17] for n in range(9)]
    found = Workspace(tmp_path / "ws").propose_catalogue(table(tmp_path, header, *rows))
    assert found.words == {"id": "sku", "title": "name"}


# ------------------------------------------------------------------ the command
def test_a_guess_is_shown_and_nothing_is_built(tmp_path: Path) -> None:
    file = semicolons(tmp_path)
    done = run("build", file, tmp_path / "pics", "-w", tmp_path / "ws")
    assert done.exit_code == 3
    assert "nothing was built" in done.stderr
    assert "--id sku --title title --image picture --category master" in done.stdout
    assert 'category = ["master", "kind"]' in done.stdout
    assert not (tmp_path / "ws" / "tables").exists()


def test_what_is_said_is_not_guessed(tmp_path: Path) -> None:
    file = semicolons(tmp_path)
    done = run("build", file, tmp_path / "pics", "--title", "kind", "-w", tmp_path / "ws")
    assert done.exit_code == 3
    assert "kind     Jupes, Robes  (given)" in " ".join(done.stdout.split(" "))
    done = run("build", file, "--title", "knid", "-w", tmp_path / "ws")
    assert done.exit_code == 1
    assert "'knid', which is to be its title, is missing. Did you mean 'kind'?" in done.stderr


def test_a_file_and_options_beside_it(tmp_path: Path) -> None:
    file = semicolons(tmp_path)
    said = tmp_path / "c.toml"
    said.write_text('id = "SKU"\ntitle = "title"\nimage = "picture"\ncurrency = "EUR "\n')
    where = ("-w", tmp_path / "ws", "--encoder", "hashed")
    done = run("build", file, tmp_path / "pics", "--catalogue", said, "--price", "cost", *where)
    assert done.exit_code == 0, done.output
    means = catalogue_of(Workspace(tmp_path / "ws").tables)
    assert (means.key, means.price, means.currency) == ("sku", "cost", "EUR ")
    assert "EUR 12.50" not in run("search", "x", "-k", 1, *where).stdout


def test_no_column_can_be_the_title(tmp_path: Path) -> None:
    file = table(tmp_path, ["a", "b"], ["1", "2.5"], ["1", "2.5"])
    done = run("build", file, "--yes", "-w", tmp_path / "ws")
    assert done.exit_code == 2
    assert "--title COLUMN" in done.stderr


# ------------------------------------------------------------------ Python
def test_python_proposes_and_builds(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    file, images = hm_articles(tmp_path)
    with pytest.raises(InvalidInputException, match="--id article_id --title prod_name"):
        workspace.build(file, images, encoder="hashed")
    found = workspace.propose_catalogue(file, images, given={"category": ["index_name"]})
    report = workspace.build(file, images, encoder="hashed", catalogue=found.catalogue)
    assert (report.imported.products, report.imported.with_photo) == (9, 8)
    assert catalogue_of(workspace.tables).categories == ("index_name",)
    again = workspace.build(file, images, encoder="hashed", catalogue=found.catalogue)
    assert again.embedded.encoded_images == 0
    assert {report.indexed for report in again.synced.values()} == {8}


def test_another_catalogue_is_refused_or_replaces(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    fashion = write_catalogue(tmp_path / "fashion", 6)
    workspace.build(fashion.styles, fashion.images, encoder="hashed")
    file = semicolons(tmp_path)
    means = {**MEANING, "image": "picture"}
    with pytest.raises(InvalidState, match=r"key product_id.*--replace"):
        workspace.build(file, tmp_path / "pics", encoder="hashed", catalogue=means)
    assert workspace.read_table("products").num_rows == 6
    workspace.build(file, tmp_path / "pics", encoder="hashed", catalogue=means, replace=True)
    assert workspace.read_table("products").num_rows == 13
    assert workspace.search("bag").catalogue.title == MEANING["title"]
    corrected = {**means, "title": "kind"}  # of the same products
    workspace.build(file, tmp_path / "pics", encoder="hashed", catalogue=corrected)
    assert catalogue_of(workspace.tables).title == "kind"
    assert workspace.search("bag").catalogue.title == "kind"
    assert workspace.search("robe", encoder="hashed", k=1)[0]["sku"].startswith("0")
    with pytest.raises(InvalidState, match="key sku"):
        workspace.build(fashion.styles, fashion.images, encoder="hashed")
    workspace.build(fashion.styles, fashion.images, encoder="hashed", replace=True)
    assert "import_failures" not in [t.name for t in workspace.tables.names()]


def test_more_columns_of_the_same_catalogue_make_the_indexes_anew(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    means = {"id": "id", "title": "name"}
    file = table(tmp_path, ["id", "name"], [1, "red shoe"], [2, "blue shoe"])
    workspace.build(file, encoder="hashed", catalogue=means)
    file = table(tmp_path, ["id", "name", "size"], [1, "red shoe", 5], [3, "blue shoe", 6])
    workspace.build(file, encoder="hashed", catalogue=means)
    assert {row["size"] for row in workspace.search("shoe", encoder="hashed")} == {5, 6}


def test_the_fashion_layout_with_a_text_and_a_currency_of_ones_own(tmp_path: Path) -> None:
    source = write_catalogue(tmp_path / "fashion", 6)
    where = ("-w", tmp_path / "ws", "--encoder", "hashed")
    plain = run("build", source.styles, source.images, *where)
    assert "6 prices are made up" in plain.stdout
    own = ("--text", "{title}, {price_words}", "--currency", "€")
    done = run("build", source.styles, source.images, *own, *where)
    assert done.exit_code == 0, done.output
    assert "6 prices are made up" in done.stdout
    workspace = Workspace(tmp_path / "ws")
    product = workspace.read_table("products").to_pylist()[0]
    text = workspace.read_table("product_text_embeddings")["text_content"].to_pylist()[0]
    name = " ".join(product["product_display_name"].split())
    assert text == f"{name}, {price_words(product['price'])}"
    assert "€" in run("search", "red", "-k", 1, *where).stdout


@pytest.mark.parametrize(
    "pattern", ["shots/{id}/*.jpg", "shots/{sku}/*", "**/{sku}/b.jpg", "{id}/a.jpg"]
)
def test_a_pattern_with_the_key(tmp_path: Path, pattern: str) -> None:
    for key in ("K1", "K2"):
        put(tmp_path / "shots" / key / "b.jpg", 1)
        put(tmp_path / "shots" / key / "a.jpg", 2)
    file = table(tmp_path, ["sku", "name"], ["K1", "shoe"], ["K2", "boot"], ["K3", "none"])
    where = ("-w", tmp_path / "ws", "--encoder", "hashed")
    means = ("--id", "sku", "--title", "name", "--image", pattern)
    images = tmp_path / "shots" if pattern.startswith("{id}") else tmp_path
    done = run("build", file, images, *means, *where)
    assert "3 products, 2 of them with a photo" in done.stdout, done.output
    workspace = Workspace(tmp_path / "ws")
    assert workspace.read_table("import_failures")["key"].to_pylist() == ["K3"]
    paths = workspace.read_table("products")["image_path"].to_pylist()
    assert [str(path)[-8:-6] for path in paths[:2]] == ["K1", "K2"]
    assert all(workspace.volumes.read(path) for path in paths[:2])


# ------------------------------------------------------------------ odd columns and rows
def test_columns_named_like_ours_or_oddly(tmp_path: Path) -> None:
    header = [
        *("_id", "name", "score", "cosine", "image_path", "image_embedding", "updated_at", "a.b"),
        *("price ($)", "ORDER BY", "größe", "Name", "select", "it's", 'say "so"'),
    ]
    rows = [[n, f"shoe {n}", n, n, f"{n}.jpg", n, n, n, n, n, n, "x", "y", n, n] for n in (1, 2, 3)]
    workspace = Workspace(tmp_path / "ws")
    workspace.build(
        table(tmp_path, header, *rows),
        encoder="hashed",
        catalogue={"id": "_id", "title": "name", "image": "image_path", "price": "price ($)"},
    )
    names = workspace.read_table("products").column_names
    assert names == [
        *("_id_given", "name", "score_given", "cosine_given", "image_path_given"),
        *("image_embedding_given", "updated_at_given", "a.b", "price ($)", "ORDER BY", "größe"),
        *("Name_2", "select", "it's", 'say "so"', "image_path"),
    ]
    found = workspace.search(
        "shoe", encoder="hashed", filters={"a.b": 2, 'say "so"': 2, "it's >=": 1}
    )
    assert [row["_id_given"] for row in found] == [2]
    assert found[0]["score_given"] == 2
    assert found.to_html().count("<img") == 1


def test_types_that_an_index_carries(tmp_path: Path) -> None:
    import datetime as dt
    from decimal import Decimal

    for n in (1, 2):
        put(tmp_path / f"{n}.jpg", n)
    kept = {
        "id": [1, 2],
        "name": ["red", "blue"],
        "day": [dt.date(2020, 1, 1), None],
        "at": [dt.datetime(2020, 1, 1, 5), None],
        "exact": [Decimal("1.50"), Decimal("2.50")],
        "flag": [True, None],
        "tags": [["a"], ["b", "c"]],
        "inner": [[{"k": 1}], None],
        "far": [2**63, 5],
    }
    columns = {**kept, "far": pa.array(kept["far"], pa.uint64())}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    workspace = Workspace(tmp_path / "ws")
    means = {"id": "id", "title": "name"}
    workspace.build(tmp_path / "t.parquet", tmp_path, encoder="hashed", catalogue=means)
    row = next(r for r in workspace.search("red", encoder="hashed") if r["id"] == 1)
    assert (row["day"], row["exact"], row["flag"]) == (dt.date(2020, 1, 1), Decimal("1.50"), True)
    assert (row["tags"], row["inner"], row["far"]) == (["a"], '[{"k":1}]', 2**63)
    found = workspace.search("red", encoder="hashed", filters={"day": "2020-01-01", "exact <": 2})
    assert [r["id"] for r in found] == [1]


def test_a_catalogue_with_times_beyond_the_year_9999_is_built(tmp_path: Path) -> None:
    put(tmp_path / "1.jpg", 1)
    far = 253_402_300_800  # seconds: the first of the year 10000
    columns = {
        "id": [1, 2, 3],
        "name": ["red", "blue", "green"],
        "until": pa.array([far * 10**6, 0, None], pa.timestamp("us")),
        "zoned": pa.array([far * 10**6, 0, None], pa.timestamp("us", "Europe/Zurich")),
        "day": pa.array([far // 86_400, 0, None], pa.date32()),
        "much": pa.array([2**50, 0, None], pa.timestamp("s")),  # no microseconds count so far
    }
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    workspace = Workspace(tmp_path / "ws")
    means = {"id": "id", "title": "name"}
    workspace.build(tmp_path / "t.parquet", tmp_path, encoder="hashed", catalogue=means)
    products = workspace.read_table("products")
    for name in ("until", "zoned", "day"):
        assert products[name].cast(columns[name].type).equals(pa.chunked_array([columns[name]]))
    assert products["much"].is_null().to_pylist() == [True, False, True]
    assert workspace.search("red", encoder="hashed")[0]["id"] == 1


def test_more_columns_than_an_index_holds(tmp_path: Path) -> None:
    header = ["id", "name", *(f"c{n}" for n in range(80)), "colour"]
    file = table(tmp_path, header, [1, "shoe", *range(80), "red"])
    workspace = Workspace(tmp_path / "ws")
    means = {"id": "id", "title": "name", "color": "colour"}
    workspace.build(file, encoder="hashed", catalogue=means)
    assert workspace.read_table("products").num_columns == 84
    assert workspace.search("shoe", encoder="hashed")[0]["colour"] == "red"


def test_values_that_are_none_are_told_and_the_product_stays(tmp_path: Path) -> None:
    rows = [
        [1, "a shoe", "free", "x"],
        [2, "b shoe", "12,50", "2012"],
        ["", "c", "1", "1"],
        [3, "d", "", ""],
    ]
    workspace = Workspace(tmp_path / "ws")
    means = {"id": "id", "title": "name", "price": "price", "year": "year"}
    file = table(tmp_path, ["id", "name", "price", "year"], *rows)
    report = workspace.build(file, encoder="hashed", catalogue=means)
    assert report.imported.failures == {"price": 1, "row": 1, "year": 1}
    assert report.imported.first_failure == (4, "its id is empty")
    assert workspace.read_table("products")["price"].to_pylist() == [None, 12.5, None]
    assert workspace.read_table("products")["year"].to_pylist() == [None, 2012, None]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (
            [["", "a"], [" ", "b"]],
            "no product can be read from it. The first row, in line 2: its id is",
        ),
        ([[98, "a"], [99, "b"]], "not one product has a picture"),
    ],
)
def test_where_nothing_is_good_nothing_is_built(
    tmp_path: Path, rows: list[list[Any]], reason: str
) -> None:
    workspace = Workspace(tmp_path / "ws")
    means = {"id": "id", "title": "name"}
    with pytest.raises(BadSourceFile, match=reason):
        workspace.build(table(tmp_path, ["id", "name"], *rows), encoder="hashed", catalogue=means)
    assert not workspace.tables.names()


def test_a_type_that_is_said_counts(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    file = table(tmp_path, ["id", "name", "n"], [1, "x", 5], [2, "y", "no"], [3, "z", 7])
    means: dict[str, Any] = {
        "id": "id",
        "title": "name",
        "types": {"n": "bigint", "name": "string"},
    }
    workspace.build(file, encoder="hashed", catalogue=means)
    assert workspace.read_table("products")["n"].to_pylist() == [5, None, 7]
    assert workspace.read_table("import_failures")["stage"].to_pylist() == ["type"]
    with pytest.raises(InvalidParameterValue, match="expected an SQL type"):
        workspace.build(file, encoder="hashed", catalogue={**means, "types": {"n": "whole"}})
