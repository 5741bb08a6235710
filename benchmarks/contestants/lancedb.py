"""How fast is LanceDB without a vector index, with scalar indexes for filters?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import lancedb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from filters import Filters, sql
from schema import COLUMNS, KEY, SCORE, VECTOR, Row

from adapters.base import Adapter

if TYPE_CHECKING:
    from catalogue import Catalogue

INDEXES = {
    "BITMAP": ("master_category", "article_type", "base_color", "gender", "season"),
    "BTREE": ("price", KEY),
}
DISTANCE = "_distance"


class Contestant(Adapter):
    about = "LanceDB, all vectors compared, dot; BITMAP and BTREE indexes, filters first"
    packages = ("lancedb", "pyarrow")
    writes = True

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        file = pq.ParquetFile(catalogue.file)
        products = lancedb.connect(folder).create_table(
            "products", file.iter_batches(), schema=file.schema_arrow
        )
        for kind, names in INDEXES.items():
            for name in names:
                products.create_scalar_index(name, index_type=kind)

    def open(self, folder: Path) -> None:
        self._products = lancedb.connect(folder).open_table("products")

    def search(self, query: np.ndarray, k: int, filters: Filters | None) -> list[Row]:
        asked = self._products.search(query, vector_column_name=VECTOR).distance_type("dot")
        if filters is not None:
            asked = asked.where(self.translated(filters), prefilter=True)
        found = asked.select([*COLUMNS, DISTANCE]).limit(k).to_list()
        for row in found:
            row[SCORE] = 1 - row.pop(DISTANCE)
        return found

    def translate(self, filters: Filters) -> str:
        return sql(filters)

    def upsert(self, row: Row, vector: np.ndarray) -> None:
        new = pa.Table.from_pylist([{**row, VECTOR: vector}], schema=self._products.schema)
        merge = self._products.merge_insert(KEY)
        merge.when_matched_update_all().when_not_matched_insert_all().execute(new)

    def delete(self, key: int) -> None:
        self._products.delete(f"{KEY} = {key}")
