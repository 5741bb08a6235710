"""How fast is LanceDB without a vector index, with scalar indexes for filters?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import lancedb
import pyarrow as pa
import pyarrow.parquet as pq

from engine.bench.contest.contestant import Contestant as Base
from engine.bench.contest.filters import Filters, sql
from engine.bench.contest.schema import SCORE, Row

if TYPE_CHECKING:
    from engine.bench.contest.catalogue import Catalogue
    from engine.core.arrays import Vector

INDEXES = {"string": "BITMAP", "long": "BTREE", "double": "BTREE"}
DISTANCE = "_distance"


class Contestant(Base):
    about = "LanceDB, all vectors compared, dot; BITMAP and BTREE indexes, filters first"
    packages = ("lancedb", "pyarrow")
    writes = True

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        file = pq.ParquetFile(catalogue.file)
        products = lancedb.connect(folder).create_table(
            "products", file.iter_batches(), schema=file.schema_arrow
        )
        for name in {self.schema.key, *self.schema.filtered}:
            products.create_scalar_index(name, index_type=INDEXES[self.schema.columns[name]])

    def open(self, folder: Path) -> None:
        self._products = lancedb.connect(folder).open_table("products")

    def search(self, query: Vector, k: int, filters: Filters | None) -> list[Row]:
        return self._found(query, k, filters, self.schema.names)

    def nearest(self, query: Vector, k: int, filters: Filters | None) -> list[int]:
        return [row[self.schema.key] for row in self._found(query, k, filters, (self.schema.key,))]

    def _found(
        self, query: Vector, k: int, filters: Filters | None, columns: tuple[str, ...]
    ) -> list[dict[str, Any]]:
        asked = self._products.search(query, vector_column_name=self.schema.vector)
        asked = self.asked(asked.distance_type("dot"))
        if filters is not None:
            asked = asked.where(self.translated(filters), prefilter=True)
        found: list[dict[str, Any]] = asked.select([*columns, DISTANCE]).limit(k).to_list()
        for row in found:
            row[SCORE] = 1 - row.pop(DISTANCE)
        return found

    def asked(self, query: Any) -> Any:
        """A query with the setting's parameters."""
        return query

    def translate(self, filters: Filters) -> str:
        return sql(filters)

    def upsert(self, row: Row, vector: Vector) -> None:
        new = {**row, self.schema.vector: vector}
        merge = self._products.merge_insert(self.schema.key)
        merge.when_matched_update_all().when_not_matched_insert_all().execute(
            pa.Table.from_pylist([new], schema=self._products.schema)
        )

    def delete(self, key: int) -> None:
        self._products.delete(f"{self.schema.key} = {key}")
