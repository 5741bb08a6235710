"""The catalogue of a workspace, kept in the properties of its products table. Knows tables."""

from __future__ import annotations

from engine.core.names import table_name
from engine.shop.catalogue.catalogue import FASHION, Catalogue
from engine.shop.names import PRODUCTS
from engine.store.tables.table_store import TableStore

PROPERTY = "catalogue"  # of the products table, and of the tables that an embedding makes of it


def catalogue_of(tables: TableStore, table: str = PRODUCTS) -> Catalogue:
    """What the columns of a products table mean; of one that doesn't say, the fashion layout.

    Raises:
        NotFound: no such table.
    """
    written = tables.get(table_name(table)).properties.get(PROPERTY)
    return FASHION if written is None else Catalogue.from_json(written)
