"""Interactions from a file or an Arrow table, as entries for `checked`. Knows formats; not products.

Columns are guessed by the names that they usually have; the guess is said in the report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.core.arrow.objects import rows_of
from engine.core.schema import suggestion
from engine.errors import BadSourceFile
from engine.service.table_files.packed import first_bytes
from engine.shop.catalogue.sources.opening import Reading, open_source
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
    path: Path, columns: Mapping[str, str], reading: Reading
) -> tuple[dict[str, str], Iterator[Entry]]:
    """Which column is what, and the entries of whatever a catalogue may come in, see `open_source`.

    Args:
        columns: part -> column, where it isn't to be guessed.

    Raises:
        BadSourceFile: no such file, not readable, or a column that is missing.
    """
    if path.is_file() and first_bytes(path, 4) == b"PAR1":
        return of_arrow(ParquetFiles((path,), ({},)).read(None), str(path), columns)
    source = open_source(path, reading)
    chosen = _chosen(str(path), source.names, columns)
    entries = (
        (row.line, row.trouble or {part: row.values[column] for part, column in chosen.items()})
        for row in source.rows()
    )
    return chosen, entries


def of_arrow(
    table: pa.Table, source: str, columns: Mapping[str, str]
) -> tuple[dict[str, str], Iterator[Entry]]:
    """The same of an Arrow table. Raises BadSourceFile: a column that is missing."""
    chosen = _chosen(source, table.column_names, columns)
    kept = table.select(list(dict.fromkeys(chosen.values())))

    def entries() -> Iterator[Entry]:
        number = 0
        for batch in kept.to_batches(max_chunksize=65_536):
            for row in rows_of(batch):
                number += 1
                yield number, {part: row[column] for part, column in chosen.items()}

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
