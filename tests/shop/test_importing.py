"""The public fashion layout: read whole where it is untidy, refused by place where it is wrong."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import BadSourceFile, InvalidInputException
from engine.shop.products.columns import PRODUCT_COLUMNS, PRODUCTS_SCHEMA
from engine.shop.products.importing import ImportReport, read_styles
from engine.shop.products.prices import made_up_price

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


# ------------------------------------------------------------------ separators, quotes, encodings
PRICED = f"{HEADER},price"


def write(folder: Path, content: bytes) -> Path:
    (folder / "styles.csv").write_bytes(content)
    return folder / "styles.csv"


def names_in(file: Path, encoding: str | None = None) -> tuple[list[str], ImportReport]:
    table, report = read_styles(file, file.parent, encoding)
    return table["product_display_name"].to_pylist(), report


@pytest.mark.parametrize(
    ("separator", "word"),
    [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "vertical bar")],
)
def test_the_header_tells_the_separator(tmp_path: Path, separator: str, word: str) -> None:
    text = "\n".join((HEADER, SHIRT, JEANS)).replace(",", separator)
    names, report = names_in(write(tmp_path, text.encode()))
    assert names == ["Turtle Check Men Shirt", "Peter England Jeans"]
    assert (report.separator, report.encoding) == (word, "utf-8")


def test_unquoted_separators_are_part_of_the_name_under_any_separator(tmp_path: Path) -> None:
    text = f"{HEADER}\n{SHIRT}; Tie; Belt, and more".replace(",", ";", 18)
    assert names_in(write(tmp_path, text.encode()))[0] == [
        "Turtle Check Men Shirt; Tie; Belt, and more"
    ]


def test_a_decimal_comma_is_refused_with_the_form_that_is_taken(tmp_path: Path) -> None:
    text = f"{PRICED}\n{SHIRT},x".replace(",", ";").replace(";x", ";19,99")
    with pytest.raises(BadSourceFile, match="with a point for its decimals") as caught:
        names_in(write(tmp_path, text.encode()))
    assert (caught.value.line, caught.value.value) == (2, "19,99")


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_line_break_inside_quotes_is_part_of_the_name(tmp_path: Path, ending: str) -> None:
    front = SHIRT.rpartition(",")[0]
    text = ending.join((HEADER, f'{front},"Shirt{ending}{ending}with, ""Tie"""', JEANS, ""))
    names, _ = names_in(write(tmp_path, text.encode()))
    assert names == [f'Shirt{ending}{ending}with, "Tie"', "Peter England Jeans"]


@pytest.mark.parametrize(
    "later",
    [
        [],
        [JEANS],
        [JEANS, JEANS.replace("39386", "7").replace("Peter", '"Peter') + '"'],
        [JEANS, JEANS.replace("39386", "7") + '"'],
        [JEANS.replace("39386", str(key)) for key in range(1, 3000)],
    ],
    ids=["at the end", "one row", "before a quoted row", "closed by a later row", "a long file"],
)
def test_a_quote_that_never_closes_is_named_by_its_line(tmp_path: Path, later: list[str]) -> None:
    front = SHIRT.rpartition(",")[0]
    text = "\n".join((HEADER, JEANS.replace("39386", "5"), f'{front},"Shirt', *later, ""))
    with pytest.raises(BadSourceFile, match="a quote is opened") as caught:
        names_in(write(tmp_path, text.encode()))
    assert caught.value.line == 3


def test_a_quote_in_the_middle_of_a_quoted_name_is_refused(tmp_path: Path) -> None:
    front = SHIRT.rpartition(",")[0]
    with pytest.raises(BadSourceFile, match="closed in the middle of a field") as caught:
        names_in(write(tmp_path, f'{HEADER}\n{JEANS}\n{front},"Tie" Shirt\n'.encode()))
    assert caught.value.line == 3


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_a_byte_order_mark_tells_the_encoding(tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-le" else ""
    text = f"{mark}{HEADER}\n{SHIRT.replace('Check', 'Größe 红')}\n"
    names, report = names_in(write(tmp_path, text.encode(encoding)))
    assert names == ["Turtle Größe 红 Men Shirt"]
    assert report.encoding == encoding.removesuffix("-le").removesuffix("-sig")


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp1250", "mac_roman"])
def test_another_encoding_is_never_guessed_but_read_when_named(
    tmp_path: Path, encoding: str
) -> None:
    file = write(
        tmp_path, f"{HEADER}\n{JEANS}\n{SHIRT.replace('Check', 'Größé')}\n".encode(encoding)
    )
    with pytest.raises(BadSourceFile, match="--encoding cp1252") as caught:
        names_in(file)
    assert caught.value.line == 3
    assert names_in(file, encoding)[0] == ["Peter England Jeans", "Turtle Größé Men Shirt"]


@pytest.mark.parametrize("encoding", ["utf-9", "zlib", ""])
def test_an_unknown_encoding_is_refused(tmp_path: Path, encoding: str) -> None:
    file = write(tmp_path, HEADER.encode())
    with pytest.raises(InvalidInputException, match="Examples: utf-8, cp1252"):
        names_in(file, encoding)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PAR1\x15\x04", r"a Parquet file.*vitrine table register"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"PK\x03\x04", r"an Excel workbook \(\.xlsx\)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", r"an old Excel workbook \(\.xls\)"),
        (b"%PDF-1.7", "a PDF document"),
        (b" \n\n", "the file is empty"),
        (f"{HEADER}\n{SHIRT}\0\n".encode(), "line 2: there is a NUL character"),
        (HEADER.encode("utf-16-le"), "utf-16-le"),
        (f"{HEADER}\n".encode() + f"{SHIRT}\n".encode() * 700 + b"\0", "line 702: there is a NUL"),
    ],
)
def test_what_is_no_csv_is_named_as_what_it_is(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(BadSourceFile, match=words):
        names_in(write(tmp_path, content))


def test_a_folder_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadSourceFile, match="this is a folder"):
        names_in(tmp_path)
    with pytest.raises(BadSourceFile, match="there is no such file"):
        names_in(tmp_path / "none.csv")


def test_a_name_twice_in_the_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSourceFile, match="the header names column 'price' twice"):
        names_in(write(tmp_path, f"{PRICED},price\n{SHIRT},1,2\n".encode()))
    assert names_in(write(tmp_path, f"{HEADER},,\n{SHIRT},,\n".encode()))[0] == [
        "Turtle Check Men Shirt"
    ]


@pytest.mark.parametrize("number", ["1_0", " 1_000 ", "1_000.5", "１２", "٣", "0x10", "1 0", "--1"])
@pytest.mark.parametrize("column", ["id", "year", "price"])
def test_numbers_are_read_strictly(tmp_path: Path, column: str, number: str) -> None:
    row = dict(zip(PRICED.split(","), [*SHIRT.split(","), "1"]))
    text = f"{PRICED}\n{','.join((row | {column: number}).values())}\n"
    with pytest.raises(BadSourceFile) as caught:
        names_in(write(tmp_path, text.encode()))
    assert (caught.value.line, caught.value.value.strip()) == (2, number.strip())
    assert f"{column} is " in caught.value.message


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    names=st.lists(
        st.text(
            st.characters(exclude_categories=["Cs", "Cc"], include_characters='\n"'), min_size=1
        )
        .map(str.strip)
        .filter(lambda name: name not in ("", "NA")),
        min_size=1,
        max_size=5,
    ),
    separator=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
def test_what_a_csv_writer_wrote_is_read_as_it_was(
    tmp_path: Path, names: list[str], separator: str, encoding: str
) -> None:
    rows = [SHIRT.split(",")[:-1] for _ in names]
    with (tmp_path / "styles.csv").open("w", newline="", encoding=encoding) as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(HEADER.split(","))
        for key, (row, name) in enumerate(zip(rows, names)):
            writer.writerow([key, *row[1:], name])
    assert names_in(tmp_path / "styles.csv")[0] == names
