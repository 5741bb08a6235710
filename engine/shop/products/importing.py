"""The public fashion layout to the `products` table. Knows that layout; not encoders or indexes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from engine.core.schema import suggestion
from engine.errors import BadSourceFile
from engine.progress import tracked
from engine.settings import DEFAULT_KEY
from engine.shop.names import IMAGE_PATH, IMAGE_VOLUME
from engine.shop.products.columns import COLUMN_OF, PRODUCT_COLUMNS, PRODUCTS_SCHEMA
from engine.shop.products.fields import NULLS, integer_field, price_field
from engine.shop.products.photo_names import photo_names
from engine.shop.products.prices import made_up_price
from engine.shop.products.records import records
from engine.shop.products.text_files import TextFile, open_text

_NAME = "productDisplayName"


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
        how: how a source of any catalogue was read, in words.
        failures: rows of `import_failures` by stage; those of `row` were left out.
        first_failure: line and reason of one of them. unit: what its line counts, lines or rows.
        fetched: pictures that were fetched by this import.
    """

    products: int
    with_photo: int
    prices_made_up: int
    joined_names: int
    nulls: dict[str, int] = field(default_factory=dict)
    encoding: str = "utf-8"
    separator: str = "comma"
    how: tuple[str, ...] = ()
    failures: dict[str, int] = field(default_factory=dict)
    first_failure: tuple[int, str] | None = None
    unit: str = "line"
    fetched: int = 0


def read_styles(
    path: str | Path, images: str | Path, encoding: str | None = None
) -> tuple[pa.Table, ImportReport]:
    """Read a styles file and find its photos.

    Args:
        path: CSV with a header that names at least the public columns; `price` is optional. Separated
            by commas, semicolons, tabs or vertical bars, whichever the header shows.
        images: folder of `{id}.jpg` (or .jpeg, .png, .webp).
        encoding: None for UTF-8, or what a byte order mark says.

    Returns:
        A table of PRODUCTS_SCHEMA in file order, and what was found.

    Raises:
        BadSourceFile: names file, line and value: no such file, no CSV, another encoding, a missing
            column, an id, year or price that is no number, an id that appears twice, a row with too
            few fields, a quote that is not closed.
        InvalidInputException: an encoding that Python doesn't know.
    """
    file, folder = Path(path), Path(images)
    if not folder.is_dir():
        raise BadSourceFile("this is not a folder of images", file=str(folder))
    text = open_text(file, [*COLUMN_OF, "price"], encoding)
    _check_header(text)
    products = _Products(file, photo_names(folder))
    for line, fields, is_joined in tracked(records(text, _NAME), unit="row", desc="import"):
        products.add(line, fields)
        products.joined_names += is_joined
    table = pa.table(products.values, schema=PRODUCTS_SCHEMA)
    report = ImportReport(
        products=len(table),
        with_photo=products.with_photo,
        prices_made_up=products.prices_made_up,
        joined_names=products.joined_names,
        nulls={n: table[n].null_count for n in PRODUCT_COLUMNS if table[n].null_count},
        encoding=text.encoding.removesuffix("-sig"),
        separator=text.separator_name,
    )
    return table, report


class _Products:
    """The rows that were read so far, by column, and what was found in them."""

    def __init__(self, file: Path, photos: Mapping[str, str]) -> None:
        self._file, self._photos = file, photos
        self._first_line: dict[int, int] = {}
        self.values: dict[str, list[object]] = {name: [] for name in PRODUCT_COLUMNS}
        self.with_photo = self.prices_made_up = self.joined_names = 0

    def add(self, line: int, fields: Mapping[str, str]) -> None:
        """One more row: its fields by the file's columns. Raises BadSourceFile."""
        key = self._key(line, fields["id"])
        price = price_field(self._file, line, fields.get("price"))
        self.prices_made_up += price is None
        self.with_photo += str(key) in self._photos
        values = self.values
        for source, column in COLUMN_OF.items():
            cell = fields[source].strip()
            values[column].append(None if cell in NULLS else cell)
        values[DEFAULT_KEY][-1] = key
        values["year"][-1] = integer_field(self._file, line, "year", fields["year"])
        kind = values["article_type"][-1]
        values["price"].append(
            made_up_price(key, None if kind is None else str(kind)) if price is None else price
        )
        values[IMAGE_PATH].append(f"{IMAGE_VOLUME}/{self._photos.get(str(key), f'{key}.jpg')}")

    def _key(self, line: int, text: str) -> int:
        key = integer_field(self._file, line, "id", text, required=True)
        assert key is not None
        if key in self._first_line:
            raise BadSourceFile(
                f"id {key} appears a second time; the first is in line {self._first_line[key]}. "
                "Keys must be unique.",
                file=str(self._file),
                line=line,
                value=str(key),
            )
        self._first_line[key] = line
        return key


def _check_header(text: TextFile) -> None:
    missing = [name for name in COLUMN_OF if name not in text.header]
    if missing:
        found = ", ".join(text.header)
        raise BadSourceFile(
            f"column {missing[0]!r} is missing.{suggestion(missing[0], text.header)} "
            f"Expected {', '.join(COLUMN_OF)}; found {found[:500] or 'an empty line'}.",
            file=str(text.path),
            line=1,
            value=missing[0],
        )
