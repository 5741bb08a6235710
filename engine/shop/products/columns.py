"""The columns of the `products` table, and those of the public fashion file that fill them."""

from __future__ import annotations

import pyarrow as pa

from engine.settings import DEFAULT_KEY
from engine.shop.names import IMAGE_PATH

PRODUCTS_SCHEMA = pa.schema(
    [
        pa.field(DEFAULT_KEY, pa.int32(), nullable=False),
        ("product_display_name", pa.string()),
        ("master_category", pa.string()),
        ("sub_category", pa.string()),
        ("article_type", pa.string()),
        ("base_color", pa.string()),
        ("price", pa.float64()),
        (IMAGE_PATH, pa.string()),
        ("gender", pa.string()),
        ("season", pa.string()),
        ("year", pa.int32()),
        ("usage", pa.string()),
    ]
)
PRODUCT_COLUMNS = tuple(PRODUCTS_SCHEMA.names)

# Column of the public fashion file -> column of the table.
COLUMN_OF = {
    "id": DEFAULT_KEY,
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
