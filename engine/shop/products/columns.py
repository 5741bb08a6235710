"""The columns of the `products` table of the public fashion layout, and those of the file that fill
them: as the bundled catalogue file says."""

from __future__ import annotations

import pyarrow as pa

from engine.core.types import parse_sql_type
from engine.shop.catalogue.catalogue import FASHION

PRODUCT_COLUMNS = FASHION.columns
PRODUCTS_SCHEMA = pa.schema(
    [
        pa.field(
            name, parse_sql_type(FASHION.types.get(name, "string")), nullable=name != FASHION.key
        )
        for name in PRODUCT_COLUMNS
    ]
)

# Column of the public fashion file -> column of the table; the price and the photo are found apart.
COLUMN_OF = {
    **FASHION.renamed,
    **{name: name for name in ("gender", "season", "year", "usage")},
}
