"""How fast is Milvus Lite inside the process, without the server that pymilvus starts for it?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from milvus_lite import CollectionSchema, DataType, FieldSchema, MilvusLite

from engine.bench.contest.contestant import Contestant as Base
from engine.bench.contest.filters import Filters, conditions
from engine.bench.contest.schema import SCORE, Row

if TYPE_CHECKING:
    from engine.bench.contest.catalogue import Catalogue
    from engine.bench.contest.contestant import Setting
    from engine.core.arrays import Matrix, Vector

LINKS, BUILD_BREADTH = 16, 200  # M and efConstruction
FILL = 5_000
TEXT_LENGTH = 65_535  # the most that it takes
TYPES = {"string": DataType.VARCHAR, "long": DataType.INT64, "double": DataType.DOUBLE}
OPERATORS = {"=": "=="}


class Contestant(Base):
    about = (
        f"milvus-lite, MilvusLite in the process: HNSW, M = {LINKS}, efConstruction = "
        f"{BUILD_BREADTH}; inverted indexes on filters' columns"
    )
    packages = ("milvus-lite", "faiss-cpu")
    settings = tuple({"ef": breadth} for breadth in (16, 32, 64, 128, 256, 512, 1024, 2048, 4096))
    batches = True
    writes = True

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        vector = FieldSchema(self.schema.vector, DataType.FLOAT_VECTOR, dim=self.schema.dimension)
        with MilvusLite(str(folder)) as database:
            products = database.create_collection(
                "products", CollectionSchema([*map(self._field, self.schema.names), vector])
            )
            for rows, vectors in catalogue.chunks(FILL):
                products.insert([self._record(*one) for one in zip(rows, vectors)])
            products.flush()
            graph = {"M": LINKS, "efConstruction": BUILD_BREADTH}
            products.create_index(
                self.schema.vector, {"index_type": "HNSW", "metric_type": "IP", "params": graph}
            )
            for name in self.schema.filtered:
                products.create_index(name, {"index_type": "INVERTED", "metric_type": "NONE"})
            products.load()

    def open(self, folder: Path) -> None:
        self._database = MilvusLite(str(folder))
        self._products = self._database.get_collection("products")
        self._products.load()
        self._params: dict[str, Any] = dict(self.settings[0])

    def tune(self, setting: Setting) -> None:
        self._params = dict(setting)

    def search(self, query: Vector, k: int, filters: Filters | None) -> list[Row]:
        return self._found(query[None], k, filters)[0]

    def nearest(self, query: Vector, k: int, filters: Filters | None) -> list[int]:
        return [one["id"] for one in self._asked(query[None], k, filters, [self.schema.key])[0]]

    def search_batch(self, queries: Matrix, k: int) -> list[list[Row]]:
        return self._found(queries, k, None)

    def _found(self, queries: Matrix, k: int, filters: Filters | None) -> list[list[Row]]:
        key = self.schema.key
        return [
            [{**one["entity"], key: one["id"], SCORE: one["distance"]} for one in found]
            for found in self._asked(queries, k, filters, list(self.schema.names))
        ]

    def _asked(
        self, queries: Matrix, k: int, filters: Filters | None, columns: list[str]
    ) -> list[list[dict[str, Any]]]:
        found: list[list[dict[str, Any]]] = self._products.search(
            list(queries),
            k,
            "IP",
            expr=None if filters is None else self.translated(filters),
            output_fields=columns,
            search_params=self._params,
        )
        return found

    def translate(self, filters: Filters) -> str:
        return " and ".join(
            f"{column} {OPERATORS.get(operator, operator)} {json.dumps(value, ensure_ascii=False)}"
            for column, operator, value in conditions(filters)
        )

    def upsert(self, row: Row, vector: Vector) -> None:
        self._products.upsert([self._record(row, vector)])

    def delete(self, key: int) -> None:
        self._products.delete([key])

    def close(self) -> None:
        self._database.close()

    def _field(self, name: str) -> FieldSchema:
        kind = self.schema.columns[name]
        longest = TEXT_LENGTH if kind == "string" else None
        is_key = name == self.schema.key
        return FieldSchema(
            name, TYPES[kind], is_primary=is_key, max_length=longest, nullable=not is_key
        )

    def _record(self, row: Row, vector: Vector) -> Row:
        return {**row, self.schema.vector: vector.tolist()}
