"""The catalogue of a workspace, kept in the properties of its products table. Knows tables."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from engine.core.names import ThreePartName, table_name
from engine.errors import NotFound
from engine.shop.catalogue.catalogue import FASHION, Catalogue
from engine.shop.names import PRODUCTS
from engine.store.layout import read_json
from engine.store.tables.table_store import TableStore

PROPERTY = "catalogue"  # of the products table, and of the tables that an embedding makes of it


def catalogue_of(tables: TableStore, table: str = PRODUCTS) -> Catalogue:
    """What the columns of a products table mean; of one that doesn't say, the fashion layout.

    Raises:
        NotFound: no such table.
    """
    return stored_catalogue(tables, table) or FASHION


def stored_catalogue(tables: TableStore, table: str = PRODUCTS) -> Catalogue | None:
    """What a table says that its columns mean; None for one that doesn't say.

    Raises:
        NotFound: no such table.
    """
    name = table_name(table)
    return _stored(str(tables.folder(name) / "table.json"), name)


class Catalogues:
    """The catalogues of a workspace's tables, for who asks again and again: names become files once."""

    def __init__(self, tables: TableStore) -> None:
        self._tables = tables
        self._files: dict[str, tuple[str, ThreePartName]] = {}

    def of(self, table: str) -> Catalogue:
        """See `catalogue_of`."""
        known = self._files.get(table)
        if known is None:
            name = table_name(table)
            known = str(self._tables.folder(name) / "table.json"), name
            self._files[table] = known
        return _stored(*known) or FASHION


def _stored(file: str, name: ThreePartName) -> Catalogue | None:
    try:
        state = os.stat(file)  # noqa: PTH116  (a third of what Path.stat takes)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"Table {name} not found.") from None
    return _read(file, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)  # every search asks; another time or size is another state of the file
def _read(file: str, changed: int, size: int) -> Catalogue | None:
    written = read_json(Path(file)).get("properties", {}).get(PROPERTY)
    return None if written is None else Catalogue.from_json(written)
