"""The products table as it is now, read again where it was changed. Knows tables; not requests."""

from __future__ import annotations

import threading

from engine.core.names import table_name
from engine.shop.browsing.rows import ProductRows
from engine.shop.catalogue.stored import catalogue_of
from engine.shop.names import PRODUCTS
from engine.store.tables.table import Table
from engine.store.tables.table_store import TableStore


class Products:
    """The products of a workspace. Safe to use from many threads."""

    def __init__(self, tables: TableStore) -> None:
        self._tables = tables
        self._rows: ProductRows | None = None
        self._state: object = None
        self._lock = threading.Lock()

    @property
    def table(self) -> Table:
        """The table.

        Raises:
            NotFound: there is none. CorruptFile, BadSourceFile: it can't be read.
        """
        return self._tables.get(table_name(PRODUCTS))

    def now(self) -> ProductRows:
        """The rows that the table has now.

        Raises:
            NotFound, CorruptFile, BadSourceFile, InvalidState: as `table`, `ProductRows`.
        """
        table, catalogue = self.table, catalogue_of(self._tables)
        state = (table.state(), catalogue)
        with self._lock:
            if self._rows is None or state != self._state:
                self._rows = ProductRows(str(table.name), table.read(), catalogue)
                self._state = state
            return self._rows
