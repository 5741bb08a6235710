"""What is a product, to every contestant? Names of its columns, and the length of its vector."""

from __future__ import annotations

DIMENSION = 512
KEY = "product_id"
VECTOR = "image_embedding"
COLUMNS = (
    KEY,
    "product_display_name",
    "master_category",
    "sub_category",
    "article_type",
    "base_color",
    "price",
    "image_path",
    "gender",
    "season",
    "year",
    "usage",
)
SCORE = "score"

Row = dict[str, object]
