"""The products that models are judged by: rows of a table as the figures' fields. Knows CSV, Parquet.

Fields have the names of the public fashion layout, but for the product's name, which is `name`; a table
of a workspace (`product_id`, `article_type`, ...) is read as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.core.arrow.objects import rows_of
from engine.core.schema import suggestion
from engine.errors import BadSourceFile
from engine.shop.catalogue.guessing.names import usual
from engine.shop.evaluation.figures.figure import Product
from engine.shop.products.columns import COLUMN_OF
from engine.shop.products.fields import NULLS
from engine.shop.products.records import records
from engine.shop.products.text_files import open_text
from engine.store.tables.parquet_files import ParquetFiles

_NAME = "productDisplayName"
# Field -> the columns that are taken for it where none is named.
COLUMNS_OF = {
    "name" if source == _NAME else source: (source, column) for source, column in COLUMN_OF.items()
}
# Field -> the role by whose usual names a column is found where it has none of these.
_ROLE_OF = {
    **{"id": "id", "name": "title", "articleType": "kind", "baseColour": "color"},
    **{name: name for name in ("gender", "season", "usage", "year")},
}
NEEDED = ("id", "name", "articleType", "baseColour")


def is_held_out(product_id: object, share: int = 10) -> bool:
    """True for one product in `share`: BLAKE2b of the id (as text) modulo `share` is zero."""
    return int(hashlib.blake2b(str(product_id).encode()).hexdigest(), 16) % share == 0


def read_products(
    path: str | Path,
    columns: Mapping[str, str],
    asked: Collection[str] = (),
    encoding: str | None = None,
) -> list[Product]:
    """The products of a CSV or Parquet file, in its order; fields that are empty or `NA` are None.

    Args:
        columns: field -> the file's column for it; "" for a field that the file doesn't have.
        asked: fields that query sets ask about; one of no other column is a column of its own name.
        encoding: of a CSV file; None for UTF-8, or what a byte order mark says.

    Raises:
        BadSourceFile: no such file, not readable, a missing column, a product without id or twice.
    """
    file = Path(path)
    wanted = [*columns.values(), *asked, *(name for names in COLUMNS_OF.values() for name in names)]
    if _is_parquet(file):
        found = _of_parquet(file, columns, asked)
    else:
        found = _of_csv(file, columns, asked, wanted, encoding)
    seen: dict[str, int] = {}
    products: list[Product] = []
    for number, product in found:
        key = product["id"]
        if key is None or key in seen:
            why = "the product has no id" if key is None else f"id {key} appears a second time"
            raise BadSourceFile(f"{why}. Keys must be unique.", file=str(file), line=number)
        seen[key] = number
        products.append(product)
    return products


def column_names(
    path: str | Path, columns: Mapping[str, str], encoding: str | None = None
) -> list[str]:
    """The columns of a CSV or Parquet file.

    Args:
        columns: names of columns that a CSV file has, as values; they tell its separator.

    Raises:
        BadSourceFile: no such file, not readable.
    """
    file = Path(path)
    if _is_parquet(file):
        return list(ParquetFiles((file,), ({},)).schema.names)
    usual = [name for names in COLUMNS_OF.values() for name in names]
    return list(open_text(file, [*columns.values(), *usual], encoding).header)


def column_of_field(field: str, there: Collection[str]) -> str | None:
    """The column that holds a field where none is named: one of its own names, else a usual one of its
    role, as for any catalogue; None for none."""
    own = next((name for name in COLUMNS_OF.get(field, (field,)) if name in there), None)
    if own is not None or field not in _ROLE_OF:
        return own
    others = {name for names in COLUMNS_OF.values() for name in names}
    return usual(_ROLE_OF[field], [name for name in there if name and name not in others])


def _is_parquet(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(4) == b"PAR1"
    except OSError:  # reading it as text gives the reason
        return False


def _of_parquet(
    file: Path, columns: Mapping[str, str], asked: Collection[str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number of the row, from 1, and its fields."""
    table = ParquetFiles((file,), ({},))
    column_of = _chosen(file, table.schema.names, columns, asked)
    rows = rows_of(table.read(sorted(set(column_of.values()))))
    for number, row in enumerate(rows, 1):
        yield number, {field: _plain(row[column]) for field, column in column_of.items()}


def _of_csv(
    file: Path,
    columns: Mapping[str, str],
    asked: Collection[str],
    wanted: list[str],
    encoding: str | None,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """First line of the row, and its fields."""
    text = open_text(file, wanted, encoding)
    column_of = _chosen(file, text.header, columns, asked)
    for line, row, _ in records(text, column_of.get("name")):
        yield line, {field: _plain(row[column]) for field, column in column_of.items()}


def _plain(value: Any) -> str | None:
    """A value as text; None for none."""
    text = "" if value is None or value != value else str(value).strip()
    return None if text in NULLS else text


def _chosen(
    file: Path, there: Collection[str], columns: Mapping[str, str], asked: Collection[str]
) -> dict[str, str]:
    """Field -> the file's column for it. Raises BadSourceFile for one that is not there."""
    chosen = {}
    for field in {**COLUMNS_OF, **columns, **dict.fromkeys(asked)}:
        given = columns.get(field)
        if given == "" and field != "id":
            continue
        candidates = (given,) if given else COLUMNS_OF.get(field, (field,))
        found = (given if given in there else None) if given else column_of_field(field, there)
        if found is not None:
            chosen[field] = found
        elif given or field in NEEDED or field in asked:
            raise _missing(file, field, candidates[0], there, is_asked=field in asked)
    lacking = [field for field in asked if field not in chosen]
    if lacking:
        raise _missing(file, lacking[0], lacking[0], there, is_asked=True)
    return chosen


def _missing(
    file: Path, field: str, column: str, there: Collection[str], is_asked: bool
) -> BadSourceFile:
    why = ", which a query set or an attribute asks about," if is_asked else ""
    none = "" if field == "id" or is_asked else f", or --column {field}= where there is none"
    return BadSourceFile(
        f"column {column!r}{why} is missing.{suggestion(column, list(there))} Its columns are "
        f"{', '.join(there)[:500] or 'none'}. Name the one that holds {field}: "
        f"--column {field}=COLUMN (columns= in Python){none}.",
        file=str(file),
        line=None,
        value=column,
    )
