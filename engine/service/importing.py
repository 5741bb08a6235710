"""The public fashion layout to the `products` table. Knows that layout; not encoders or indexes."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from engine.core.names import IMAGE_VOLUME
from engine.core.prices import made_up_price
from engine.core.schema import suggestion
from engine.errors import BadSourceFile

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
        joined_names: rows whose name held unquoted commas and was read whole.
        nulls: empty or `NA` fields by column.
    """

    products: int
    with_photo: int
    prices_made_up: int
    joined_names: int
    nulls: dict[str, int] = field(default_factory=dict)


def read_styles(path: str | Path, images: str | Path) -> tuple[pa.Table, ImportReport]:
    """Read a styles file and find its photos.

    Args:
        path: CSV with a header that names at least the public columns; `price` is optional.
        images: folder of `{id}.jpg` (or .jpeg, .png, .webp).

    Returns:
        A table of PRODUCTS_SCHEMA in file order, and what was found.

    Raises:
        BadSourceFile: names file, line and value: no such file, a missing column, an id, year or
            price that is no number, an id that appears twice, a row with too few fields.
    """
    file, folder = Path(path), Path(images)
    if not folder.is_dir():
        raise BadSourceFile("this is not a folder of images", file=str(folder))
    photos = _photos(folder)
    values: dict[str, list[object]] = {name: [] for name in PRODUCT_COLUMNS}
    first_line: dict[int, int] = {}
    counts: Counter[str] = Counter()
    for line, fields, joined in _records(file):
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
            text = fields[source].strip()
            values[column].append(None if text in _NULLS else text)
        values["product_id"][-1] = key
        values["year"][-1] = _integer(file, line, "year", fields["year"])
        kind = values["article_type"][-1]
        values["price"].append(
            made_up_price(key, None if kind is None else str(kind)) if price is None else price
        )
        values["image_path"].append(f"{IMAGE_VOLUME}/{photos.get(str(key), f'{key}.jpg')}")
    table = pa.table(values, schema=PRODUCTS_SCHEMA)
    nulls = {name: table[name].null_count for name in PRODUCT_COLUMNS if table[name].null_count}
    report = ImportReport(len(table), counts["photo"], counts["made up"], counts["joined"], nulls)
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


def _records(file: Path) -> Iterator[tuple[int, dict[str, str], bool]]:
    """Line number, fields by column, and whether the name was joined, of each row."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream)
            header = [name.strip() for name in next(reader, [])]
            _check_header(file, header)
            name_at = header.index(_NAME)
            before = reader.line_num
            for fields in reader:
                first, before = before + 1, reader.line_num
                if before > first:
                    raise BadSourceFile(
                        "a quote is opened in this line and not closed; the row would run to line "
                        f"{before}. Close it, or write a quote inside a name as two.",
                        file=str(file),
                        line=first,
                        value=fields[0],
                    )
                if not fields:
                    continue
                surplus = len(fields) - len(header)
                if surplus < 0:
                    raise BadSourceFile(
                        f"the row has {len(fields)} fields, expected {len(header)}: "
                        f"{','.join(fields)!r:.100}",
                        file=str(file),
                        line=reader.line_num,
                        value=fields[0],
                    )
                # Only names hold unquoted commas, so surplus fields belong to the name.
                if surplus:
                    whole = ",".join(fields[name_at : name_at + surplus + 1])
                    fields[name_at : name_at + surplus + 1] = [whole]
                yield reader.line_num, dict(zip(header, fields)), bool(surplus)
    except FileNotFoundError:
        raise BadSourceFile("there is no such file", file=str(file)) from None
    except (UnicodeDecodeError, csv.Error, IsADirectoryError) as error:
        raise BadSourceFile(f"not readable as CSV in UTF-8 ({error})", file=str(file)) from None


def _check_header(file: Path, header: list[str]) -> None:
    missing = [name for name in _COLUMN_OF if name not in header]
    if missing:
        raise BadSourceFile(
            f"column {missing[0]!r} is missing.{suggestion(missing[0], header)} "
            f"Expected {', '.join(_COLUMN_OF)}; found {', '.join(header) or 'an empty line'}.",
            file=str(file),
            line=1,
            value=missing[0],
        )


def _integer(file: Path, line: int, column: str, text: str, required: bool = False) -> int | None:
    """A 32-bit integer, also written as `2012.0`; None for a null where that is allowed."""
    text = text.strip()
    if text in _NULLS and not required:
        return None
    if re.fullmatch(r"-?\d{1,10}(\.0*)?", text):
        number = int(text.partition(".")[0])
        if -(2**31) <= number < 2**31:
            return number
    raise BadSourceFile(
        f"{column} is {text!r}; expected an integer of 32 bits.",
        file=str(file),
        line=line,
        value=text,
    )


def _price(file: Path, line: int, text: str | None) -> float | None:
    """A price as given; None where there is none."""
    if text is None or text.strip() in _NULLS:
        return None
    if re.fullmatch(r"\d+(\.\d*)?|\.\d+", text.strip()):
        return float(text)
    raise BadSourceFile(
        f"price is {text!r}; expected a number of at least 0 without a currency sign.",
        file=str(file),
        line=line,
        value=text,
    )
