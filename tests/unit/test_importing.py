"""The public fashion layout: read whole where it is untidy, refused by place where it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from engine.core.prices import made_up_price
from engine.errors import BadSourceFile
from engine.service.importing import PRODUCT_COLUMNS, PRODUCTS_SCHEMA, ImportReport, read_styles

HEADER = (
    "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,"
    "productDisplayName"
)
SHIRT = "15970,Men,Apparel,Topwear,Shirts,Navy Blue,Fall,2011,Casual,Turtle Check Men Shirt"
JEANS = "39386,Men,Apparel,Bottomwear,Jeans,Blue,Summer,2012,Casual,Peter England Jeans"

Read = Callable[..., tuple[pa.Table, ImportReport]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads lines as a styles file, with photos of the given names beside it."""

    def read_lines(
        *lines: str, header: str = HEADER, photos: tuple[str, ...] = (), ending: str = "\n"
    ) -> tuple[pa.Table, ImportReport]:
        text = "".join(line + ending for line in (header, *lines))
        return read_bytes(text.encode(), photos)

    def read_bytes(content: bytes, photos: tuple[str, ...]) -> tuple[pa.Table, ImportReport]:
        (tmp_path / "styles.csv").write_bytes(content)
        images = tmp_path / "images"
        images.mkdir(exist_ok=True)
        for name in photos:
            (images / name).touch()
        return read_styles(tmp_path / "styles.csv", images)

    return read_lines


def refusal(read: Read, *lines: str, header: str = HEADER) -> BadSourceFile:
    with pytest.raises(BadSourceFile) as caught:
        read(*lines, header=header)
    assert caught.value.file.endswith("styles.csv")
    if caught.value.line is not None:
        assert f"styles.csv, line {caught.value.line}: " in caught.value.message
    return caught.value


# ------------------------------------------------------------------ what is read
def test_the_table_is_the_shops_products_table(read: Read) -> None:
    table, _ = read(SHIRT)
    text = pa.string()
    assert [(field.name, field.type) for field in table.schema] == [
        ("product_id", pa.int32()),
        ("product_display_name", text),
        ("master_category", text),
        ("sub_category", text),
        ("article_type", text),
        ("base_color", text),
        ("price", pa.float64()),
        ("image_path", text),
        ("gender", text),
        ("season", text),
        ("year", pa.int32()),
        ("usage", text),
    ]
    assert table.schema == PRODUCTS_SCHEMA
    assert tuple(table.column_names) == PRODUCT_COLUMNS
    assert not table.schema.field("product_id").nullable


def test_a_row_lands_in_the_shops_columns(read: Read) -> None:
    table, report = read(SHIRT, photos=("15970.jpg",))
    assert table.to_pylist() == [
        {
            "product_id": 15970,
            "product_display_name": "Turtle Check Men Shirt",
            "master_category": "Apparel",
            "sub_category": "Topwear",
            "article_type": "Shirts",
            "base_color": "Navy Blue",
            "price": made_up_price(15970, "Shirts"),
            "image_path": "/Volumes/main/fashion_demo/raw_data/images/15970.jpg",
            "gender": "Men",
            "season": "Fall",
            "year": 2011,
            "usage": "Casual",
        }
    ]
    assert report == ImportReport(
        products=1, with_photo=1, prices_made_up=1, joined_names=0, nulls={}
    )


def test_rows_keep_the_order_of_the_file(read: Read) -> None:
    table, report = read(JEANS, SHIRT)
    assert table["product_id"].to_pylist() == [39386, 15970]
    assert report.products == 2


def test_names_with_unquoted_commas_are_read_whole(read: Read) -> None:
    rows = [f"{key},{SHIRT.partition(',')[2]}, Set of {key}, Blue" for key in range(1, 23)]
    table, report = read(JEANS, *rows)
    names = table["product_display_name"].to_pylist()
    assert names == [
        "Peter England Jeans",
        *[f"Turtle Check Men Shirt, Set of {key}, Blue" for key in range(1, 23)],
    ]
    assert table["usage"].to_pylist() == ["Casual"] * 23
    assert report.joined_names == 22


def test_unquoted_commas_are_read_whole_when_the_name_is_not_the_last_column(read: Read) -> None:
    header = (
        "id,productDisplayName,gender,masterCategory,subCategory,articleType,baseColour,season,"
        "year,usage,price"
    )
    rest = "Men,Apparel,Topwear,Shirts,Navy Blue,Fall,2011,Casual,19.5"
    table, report = read(f"1,Shirt, Tie, and Belt,{rest}", f"2,Shirt,{rest}", header=header)
    assert table["product_display_name"].to_pylist() == ["Shirt, Tie, and Belt", "Shirt"]
    assert table["gender"].to_pylist() == ["Men", "Men"]
    assert table["price"].to_pylist() == [19.5, 19.5]
    assert report.joined_names == 1


def test_quoted_commas_and_quotes_are_part_of_the_name(read: Read) -> None:
    front = SHIRT.rpartition(",")[0]
    table, report = read(f'{front},"Shirt, with ""Tie"""', JEANS.replace("Peter", '6" Peter'))
    assert table["product_display_name"].to_pylist() == [
        'Shirt, with "Tie"',
        '6" Peter England Jeans',
    ]
    assert report.joined_names == 0


def test_empty_fields_and_na_are_null_and_counted(read: Read) -> None:
    table, report = read(
        "1,,NA,Topwear,,Blue,Fall,,NA,", "2,NA, NA ,Topwear,Shirts,Nail,NAvy,NA,Casual,NA"
    )
    assert table["product_display_name"].to_pylist() == [None, None]
    assert table["gender"].to_pylist() == [None, None]
    assert table["master_category"].to_pylist() == [None, None]
    assert table["base_color"].to_pylist() == ["Blue", "Nail"]
    assert table["season"].to_pylist() == ["Fall", "NAvy"]
    assert table["year"].to_pylist() == [None, None]
    assert report.nulls == {
        "product_display_name": 2,
        "master_category": 2,
        "article_type": 1,
        "gender": 2,
        "year": 2,
        "usage": 1,
    }


def test_a_byte_order_mark_windows_line_ends_and_blank_lines_do_no_harm(read: Read) -> None:
    plain, _ = read(SHIRT, JEANS)
    marked, _ = read(SHIRT, "", JEANS, header="\ufeff" + HEADER, ending="\r\n")
    assert marked.equals(plain)


def test_numbers_written_as_decimals_are_integers(read: Read) -> None:
    table, _ = read(SHIRT.replace("15970", " 15970.0 ").replace("2011", "2011.0"))
    assert table["product_id"].to_pylist() == [15970]
    assert table["year"].to_pylist() == [2011]


def test_columns_may_stand_in_any_order_with_others_between(read: Read) -> None:
    names = HEADER.split(",")
    values = dict(zip(names, SHIRT.split(",")))
    mixed = ["extra", *reversed(names)]
    table, _ = read(",".join(values.get(name, "x") for name in mixed), header=" ,".join(mixed))
    assert table.equals(read(SHIRT)[0])


# ------------------------------------------------------------------ prices
def test_a_price_column_wins_over_made_up_prices(read: Read) -> None:
    table, report = read(
        f"{SHIRT},49.95", f"{JEANS},", f"3{SHIRT[5:]},NA", f"4{SHIRT[5:]}, 0 ",
        header=HEADER + ",price",
    )  # fmt: skip
    assert table["price"].to_pylist() == [
        49.95,
        made_up_price(39386, "Jeans"),
        made_up_price(3, "Shirts"),
        0.0,
    ]
    assert report.prices_made_up == 2


def test_made_up_prices_are_the_same_at_every_import(read: Read) -> None:
    rows = [f"{key},{SHIRT.partition(',')[2]}" for key in range(1, 200)]
    first, report = read(*rows)
    again, _ = read(*reversed(rows))
    prices = dict(zip(first["product_id"].to_pylist(), first["price"].to_pylist()))
    assert prices == dict(zip(again["product_id"].to_pylist(), again["price"].to_pylist()))
    assert report.prices_made_up == 199
    assert all(0 < price <= 299.95 for price in prices.values())


def test_the_same_products_as_another_type_have_other_prices(read: Read) -> None:
    rows = [f"{key},{SHIRT.partition(',')[2]}" for key in range(1, 50)]
    shirts, _ = read(*rows)
    watches, _ = read(*[row.replace("Shirts", "Watches") for row in rows])
    assert shirts["price"].to_pylist() != watches["price"].to_pylist()


# ------------------------------------------------------------------ photos
@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "png", "webp", "JPG", "Png"])
def test_photos_of_every_kind_are_found(read: Read, suffix: str) -> None:
    table, report = read(SHIRT, JEANS, photos=(f"15970.{suffix}", "notes.txt", "39386.gif"))
    folder = "/Volumes/main/fashion_demo/raw_data/images"
    assert table["image_path"].to_pylist() == [f"{folder}/15970.{suffix}", f"{folder}/39386.jpg"]
    assert report.with_photo == 1


def test_of_several_photos_the_jpg_is_taken(read: Read) -> None:
    table, report = read(SHIRT, photos=("15970.png", "15970.webp", "15970.jpg", "15970.jpeg"))
    assert table["image_path"].to_pylist()[0].endswith("/15970.jpg")
    assert report.with_photo == 1


# ------------------------------------------------------------------ refusals
def test_a_key_that_appears_twice_names_both_lines(read: Read) -> None:
    error = refusal(read, SHIRT, JEANS, SHIRT)
    assert (error.line, error.value) == (4, "15970")
    assert "15970" in error.message
    assert "line 2" in error.message


@pytest.mark.parametrize("column", HEADER.split(","))
def test_a_missing_column_is_named(read: Read, column: str) -> None:
    header = ",".join(name for name in HEADER.split(",") if name != column)
    error = refusal(read, SHIRT, header=header)
    assert (error.line, error.value) == (1, column)
    assert f"column {column!r} is missing" in error.message


def test_a_misspelt_column_gets_a_suggestion(read: Read) -> None:
    error = refusal(read, SHIRT, header=HEADER.replace("baseColour", "baseColor"))
    assert "Did you mean 'baseColor'?" in error.message


@pytest.mark.parametrize("key", ["abc", "", "NA", "1.5", "12x", "99999999999", "2147483648", "1e3"])
def test_a_key_that_is_no_32_bit_integer_is_shown_with_its_line(read: Read, key: str) -> None:
    error = refusal(read, JEANS, SHIRT.replace("15970", key))
    assert (error.line, error.value) == (3, key)
    assert f"id is {key!r}" in error.message


@pytest.mark.parametrize("year", ["MMXI", "20.5", "99999999999"])
def test_a_year_that_is_no_integer_is_shown_with_its_line(read: Read, year: str) -> None:
    error = refusal(read, SHIRT.replace("2011", year))
    assert (error.line, error.value) == (2, year)
    assert f"year is {year!r}" in error.message


@pytest.mark.parametrize("price", ["cheap", "$5", "-1", "nan", "inf", "1e5"])
def test_a_price_that_is_no_number_is_shown_with_its_line(read: Read, price: str) -> None:
    error = refusal(read, f"{JEANS},5", f"{SHIRT},{price}", header=HEADER + ",price")
    assert (error.line, error.value) == (3, price)
    assert f"price is {price!r}" in error.message


def test_a_row_with_too_few_fields_is_shown_with_its_line(read: Read) -> None:
    error = refusal(read, SHIRT, "39386,Men,Apparel")
    assert (error.line, error.value) == (3, "39386")
    assert "3 fields, expected 10" in error.message


@pytest.mark.parametrize("later", [JEANS, JEANS.replace("Peter England Jeans", '"Jeans, Blue"')])
def test_a_quote_left_open_does_not_swallow_the_rows_after_it(read: Read, later: str) -> None:
    opened = SHIRT.replace("Turtle", '"Turtle')
    with pytest.raises(BadSourceFile) as caught:
        read(opened, later)
    assert caught.value.file.endswith("styles.csv")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "styles.csv").write_bytes(b"")
    with pytest.raises(BadSourceFile) as caught:
        read_styles(tmp_path / "styles.csv", tmp_path)
    assert caught.value.line == 1
    assert "found an empty line" in caught.value.message


def test_a_file_with_only_a_header_is_an_empty_table(read: Read) -> None:
    table, report = read()
    assert table.num_rows == 0
    assert table.schema == PRODUCTS_SCHEMA
    assert report == ImportReport(0, 0, 0, 0, {})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSourceFile, match="there is no such file") as caught:
        read_styles(tmp_path / "styles.csv", tmp_path)
    assert caught.value.file == str(tmp_path / "styles.csv")


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSourceFile) as caught:
        read_styles(tmp_path, tmp_path)
    assert caught.value.file == str(tmp_path)


def test_an_image_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "styles.csv").write_text(HEADER + "\n")
    with pytest.raises(BadSourceFile, match="not a folder of images") as caught:
        read_styles(tmp_path / "styles.csv", tmp_path / "images")
    assert caught.value.file == str(tmp_path / "images")


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "styles.csv").write_bytes((HEADER + "\n" + SHIRT).encode() + b"\xe9\n")
    with pytest.raises(BadSourceFile, match="not readable as CSV in UTF-8") as caught:
        read_styles(tmp_path / "styles.csv", tmp_path)
    assert caught.value.file == str(tmp_path / "styles.csv")
