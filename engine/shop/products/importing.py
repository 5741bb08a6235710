"""The public fashion layout to the `products` table. Knows that layout; not encoders or indexes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from engine.core.schema import suggestion
from engine.core.values import integer_of, number_of
from engine.errors import BadSourceFile
from engine.shop.names import IMAGE_VOLUME
from engine.shop.products.prices import made_up_price
from engine.shop.products.text_files import TextFile, open_text

PRODUCTS_SCHEMA = pa.schema(
    [
        pa.field("product_id", pa.int32(), nullable=False),
        ("product_display_name", pa.string()),
        ("master_category", pa.string()),
        ("sub_category", pa.string()),
        ("article_type", pa.string()),
        ("base_color", pa.string()),
        ("price", pa.float64()),
        ("image_path", pa.string()),
        ("gender", pa.string()),
        ("season", pa.string()),
        ("year", pa.int32()),
        ("usage", pa.string()),
    ]
)
PRODUCT_COLUMNS = tuple(PRODUCTS_SCHEMA.names)

# Column of the file -> column of the table.
_COLUMN_OF = {
    "id": "product_id",
    "productDisplayName": "product_display_name",
    "masterCategory": "master_category",
    "subCategory": "sub_category",
    "articleType": "article_type",
    "baseColour": "base_color",
    "gender": "gender",
    "season": "season",
    "year": "year",
    "usage": "usage",
}
_NAME = "productDisplayName"
_NULLS = ("", "NA")
_IMAGE_SUFFIXES = {"jpg": 0, "jpeg": 1, "png": 2, "webp": 3}  # in order of preference


@dataclass(frozen=True)
class ImportReport:
    """What an import found.

    Attributes:
        products: rows of the table.
        with_photo: products whose image file is in the folder.
        prices_made_up: the file had no price column, or left it empty, for so many products.
        joined_names: rows whose name held unquoted separators and was read whole.
        nulls: empty or `NA` fields by column.
        encoding, separator: how the file was read, in Python's and in plain words.
    """

    products: int
    with_photo: int
    prices_made_up: int
    joined_names: int
    nulls: dict[str, int] = field(default_factory=dict)
    encoding: str = "utf-8"
    separator: str = "comma"


def read_styles(
    path: str | Path, images: str | Path, encoding: str | None = None
) -> tuple[pa.Table, ImportReport]:
    """Read a styles file and find its photos.

    Args:
        path: CSV with a header that names at least the public columns; `price` is optional. Separated
            by commas, semicolons, tabs or vertical bars, whichever the header shows.
        images: folder of `{id}.jpg` (or .jpeg, .png, .webp).
        encoding: None for UTF-8, or what a byte order mark tells.

    Returns:
        A table of PRODUCTS_SCHEMA in file order, and what was found.

    Raises:
        BadSourceFile: names file, line and value: no such file, no CSV, another encoding, a missing
            column, an id, year or price that is no number, an id that appears twice, a row with too
            few fields, a quote that is not closed.
        InvalidInputException: an encoding that there isn't.
    """
    file, folder = Path(path), Path(images)
    if not folder.is_dir():
        raise BadSourceFile("this is not a folder of images", file=str(folder))
    text = open_text(file, [*_COLUMN_OF, "price"], encoding)
    _check_header(text)
    photos = _photos(folder)
    values: dict[str, list[object]] = {name: [] for name in PRODUCT_COLUMNS}
    first_line: dict[int, int] = {}
    counts: Counter[str] = Counter()
    for line, fields, joined in _records(text):
        key = _integer(file, line, "id", fields["id"], required=True)
        assert key is not None
        if key in first_line:
            raise BadSourceFile(
                f"id {key} appears a second time; the first is in line {first_line[key]}. "
                "Keys must be unique.",
                file=str(file),
                line=line,
                value=str(key),
            )
        first_line[key] = line
        counts["joined"] += joined
        price = _price(file, line, fields.get("price"))
        counts["made up"] += price is None
        counts["photo"] += str(key) in photos
        for source, column in _COLUMN_OF.items():
            cell = fields[source].strip()
            values[column].append(None if cell in _NULLS else cell)
        values["product_id"][-1] = key
        values["year"][-1] = _integer(file, line, "year", fields["year"])
        kind = values["article_type"][-1]
        values["price"].append(
            made_up_price(key, None if kind is None else str(kind)) if price is None else price
        )
        values["image_path"].append(f"{IMAGE_VOLUME}/{photos.get(str(key), f'{key}.jpg')}")
    table = pa.table(values, schema=PRODUCTS_SCHEMA)
    nulls = {name: table[name].null_count for name in PRODUCT_COLUMNS if table[name].null_count}
    report = ImportReport(
        len(table),
        counts["photo"],
        counts["made up"],
        counts["joined"],
        nulls,
        text.encoding.removesuffix("-sig"),
        text.separator_name,
    )
    return table, report


def _photos(folder: Path) -> dict[str, str]:
    """Stem -> file name of the images in a folder."""
    found: dict[str, list[tuple[int, str]]] = {}
    for name in sorted(os.listdir(folder)):
        stem, dot, suffix = name.rpartition(".")
        preference = _IMAGE_SUFFIXES.get(suffix.lower())
        if dot and preference is not None:
            found.setdefault(stem, []).append((preference, name))
    return {stem: min(files)[1] for stem, files in found.items()}


def _records(text: TextFile) -> Iterator[tuple[int, dict[str, str], bool]]:
    """First line, fields by column, and whether the name was joined, of each row."""
    name_at = text.header.index(_NAME)
    for row in text.rows():
        fields, surplus = row.fields, len(row.fields) - len(text.header)
        if surplus < 0:
            raise BadSourceFile(
                f"the row has {len(fields)} fields, expected {len(text.header)}: "
                f"{text.separator.join(fields)!r:.100}",
                file=str(text.path),
                line=row.line,
                value=fields[0],
            )
        # Only names hold unquoted separators, so surplus fields belong to the name.
        if surplus:
            whole = text.separator.join(fields[name_at : name_at + surplus + 1])
            fields[name_at : name_at + surplus + 1] = [whole]
        yield row.line, dict(zip(text.header, fields)), bool(surplus)


def _check_header(text: TextFile) -> None:
    missing = [name for name in _COLUMN_OF if name not in text.header]
    if missing:
        found = ", ".join(text.header)
        raise BadSourceFile(
            f"column {missing[0]!r} is missing.{suggestion(missing[0], text.header)} "
            f"Expected {', '.join(_COLUMN_OF)}; found {found[:500] or 'an empty line'}.",
            file=str(text.path),
            line=1,
            value=missing[0],
        )


def _integer(file: Path, line: int, column: str, text: str, required: bool = False) -> int | None:
    """A 32-bit integer, also written as `2012.0`; None for a null where that is allowed."""
    text = text.strip()
    if text in _NULLS and not required:
        return None
    whole, _, fraction = text.partition(".")
    try:
        number = integer_of(whole)
        if -(2**31) <= number < 2**31 and not fraction.strip("0"):
            return number
    except ValueError:
        pass
    raise BadSourceFile(
        f"{column} is {text!r}; expected an integer of 32 bits in plain digits, such as 2012.",
        file=str(file),
        line=line,
        value=text,
    )


def _price(file: Path, line: int, text: str | None) -> float | None:
    """A price as given; None where there is none."""
    if text is None or text.strip() in _NULLS:
        return None
    try:
        price = float(number_of(text.strip()))
        if 0 <= price < float("inf") and "e" not in text.lower():  # nobody writes a price as 1e5
            return price
    except (ValueError, OverflowError):
        pass
    raise BadSourceFile(
        f"price is {text!r}; expected a number of at least 0 such as 1234.50, with a point for its "
        "decimals and without a currency sign or marks between thousands.",
        file=str(file),
        line=line,
        value=text,
    )
