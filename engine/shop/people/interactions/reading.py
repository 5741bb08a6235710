"""Interactions from a file or an Arrow table, as entries for `checked`. Knows formats; not products.

Columns are guessed by the names that they usually have; the guess is said in the report.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.core.schema import suggestion
from engine.errors import BadSourceFile
from engine.shop.products.text_files import open_text
from engine.store.tables.parquet_files import ParquetFiles

Entry = tuple[int, Mapping[str, Any] | str]
# Part of an interaction -> names of columns, in small letters and without signs, the surest first.
NAMES: dict[str, tuple[str, ...]] = {
    "user": (
        "userid",
        "user",
        "customerid",
        "customer",
        "visitorid",
        "sessionid",
        "uid",
        "clientid",
    ),
    "product": (
        "productid",
        "product",
        "itemid",
        "item",
        "articleid",
        "sku",
        "id",
        "asin",
        "styleid",
    ),
    "kind": ("kind", "interactiontype", "eventtype", "event", "type", "action", "interaction"),
    "time": ("time", "timestamp", "tdat", "date", "datetime", "createdat", "eventtime", "ts"),
    "name": ("name", "username", "customername"),
    "segment": ("segment", "usersegment", "customersegment"),
}
_NEEDED = ("user", "product")


def read_interactions(
    path: Path, columns: Mapping[str, str]
) -> tuple[dict[str, str], Iterator[Entry]]:
    """Which column is what, and the entries of a CSV, JSON lines or Parquet file.

    Args:
        columns: part -> column, where it isn't to be guessed.

    Raises:
        BadSourceFile: no such file, not readable, or a column that is missing.
    """
    try:
        with path.open("rb") as opened:
            start = opened.read(4)
    except OSError as error:
        raise BadSourceFile(f"it can't be read ({error.strerror})", file=str(path)) from None
    if start == b"PAR1":
        return of_arrow(ParquetFiles((path,), ({},)).read(None), str(path), columns)
    if start.lstrip(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return _of_json(path, columns)
    return _of_text(path, columns)


def of_arrow(
    table: pa.Table, source: str, columns: Mapping[str, str]
) -> tuple[dict[str, str], Iterator[Entry]]:
    """The same of an Arrow table. Raises BadSourceFile: a column that is missing."""
    chosen = _chosen(source, table.column_names, columns)
    kept = table.select(list(dict.fromkeys(chosen.values())))

    def entries() -> Iterator[Entry]:
        number = 0
        for batch in kept.to_batches(max_chunksize=65_536):
            for row in batch.to_pylist():
                number += 1
                yield number, {part: row[column] for part, column in chosen.items()}

    return chosen, entries()


def _of_json(path: Path, columns: Mapping[str, str]) -> tuple[dict[str, str], Iterator[Entry]]:
    rows: list[tuple[int, dict[str, Any] | str]] = []
    names: dict[str, None] = {}
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            rows.append((number, f"this is not JSON ({error})"))
            continue
        good = isinstance(row, dict)
        rows.append((number, row if good else "expected a JSON object"))
        names.update(dict.fromkeys(row if good else ()))
    chosen = _chosen(str(path), list(names), columns)
    entries = (
        (number, row if isinstance(row, str) else {p: row.get(c) for p, c in chosen.items()})
        for number, row in rows
    )
    return chosen, entries


def _of_text(path: Path, columns: Mapping[str, str]) -> tuple[dict[str, str], Iterator[Entry]]:
    usual = ["user_id", "product_id", "customer_id", "item_id", "user", "product"]
    text = open_text(path, [*columns.values(), *usual])
    chosen = _chosen(str(path), text.header, columns)

    def entries() -> Iterator[Entry]:
        for row in text.rows():
            if len(row.fields) != len(text.header):
                count = f"{len(row.fields)} fields, expected {len(text.header)}"
                yield row.line, f"the row has {count}"
                continue
            values = dict(zip(text.header, row.fields))
            yield row.line, {part: values[column] for part, column in chosen.items()}

    return chosen, entries()


def _chosen(source: str, there: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Part -> the source's column for it."""
    plain = {"".join(c for c in name.casefold() if c.isalnum()): name for name in reversed(there)}
    chosen: dict[str, str] = {}
    for part, names in NAMES.items():
        given = columns.get(part)
        found = next((plain[name] for name in names if name in plain), None)
        column = (given if given in there else None) if given else found
        if column is not None and (given or column not in chosen.values()):
            chosen[part] = column
        elif given or part in _NEEDED:
            wanted = (
                f"column {given!r} is missing.{suggestion(given, list(there))}" if given else ""
            )
            raise BadSourceFile(
                f"{wanted or f'no column looks like the {part} of an interaction.'} Its columns are "
                f"{', '.join(there)[:500] or 'none'}. Name the one that holds it: --{part} COLUMN "
                f"({part}= in Python).",
                file=source,
            )
    return chosen
