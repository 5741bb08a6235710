"""How fast is zvec, Alibaba's engine inside the process?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import zvec

from engine.bench.contest.contestant import Contestant as Base
from engine.bench.contest.filters import Filters, conditions
from engine.bench.contest.schema import SCORE, Row

if TYPE_CHECKING:
    from engine.bench.contest.catalogue import Catalogue
    from engine.bench.contest.contestant import Setting
    from engine.core.arrays import Vector

LINKS, BUILD_BREADTH = 16, 100  # m and ef_construction
FILL = 1_000
TYPES = {
    "string": zvec.DataType.STRING,
    "long": zvec.DataType.INT64,
    "double": zvec.DataType.DOUBLE,
}


class Contestant(Base):
    about = (
        f"zvec: HNSW, m = {LINKS}, ef_construction = {BUILD_BREADTH}, inverted indexes on filters' "
        "columns; a write is flushed"
    )
    packages = ("zvec",)
    settings = (
        *({"ef": breadth} for breadth in (16, 32, 64, 128, 256, 512, 1024, 2048)),
        {"linear": "yes"},
    )
    writes = True

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        inverted = zvec.InvertIndexParam(enable_range_optimization=True)
        fields = [
            zvec.FieldSchema(
                name,
                TYPES[kind],
                nullable=name != self.schema.key,
                index_param=inverted if name in self.schema.filtered else None,
            )
            for name, kind in self.schema.columns.items()
        ]
        graph = zvec.HnswIndexParam(zvec.MetricType.IP, LINKS, BUILD_BREADTH)
        vector = zvec.VectorSchema(
            self.schema.vector, zvec.DataType.VECTOR_FP32, self.schema.dimension, graph
        )
        products = zvec.create_and_open(
            str(folder / "products"), zvec.CollectionSchema("products", fields, vector)
        )
        for rows, vectors in catalogue.chunks(FILL):
            products.insert([self._document(row, one) for row, one in zip(rows, vectors)])
        products.optimize()
        products.flush()
        products.close()

    def open(self, folder: Path) -> None:
        self._products = zvec.open(str(folder / "products"))
        self.tune(self.settings[0])

    def tune(self, setting: Setting) -> None:
        linear = setting.get("linear") == "yes"
        self._params = zvec.HnswQueryParam(ef=int(setting.get("ef", 16)), is_linear=linear)

    def search(self, query: Vector, k: int, filters: Filters | None) -> list[Row]:
        return [
            {name: one.fields.get(name) for name in self.schema.names} | {SCORE: one.score}
            for one in self._found(query, k, filters, list(self.schema.names))
        ]

    def nearest(self, query: Vector, k: int, filters: Filters | None) -> list[int]:
        return [int(one.id) for one in self._found(query, k, filters, [])]

    def _found(self, query: Vector, k: int, filters: Filters | None, columns: list[str]) -> Any:
        return self._products.query(
            zvec.Query(self.schema.vector, vector=query, param=self._params),
            topk=k,
            filter=None if filters is None else self.translated(filters),
            output_fields=columns,
        )

    def translate(self, filters: Filters) -> str:
        return " AND ".join(
            f"{column} {operator} {literal(value)}"
            for column, operator, value in conditions(filters)
        )

    def upsert(self, row: Row, vector: Vector) -> None:
        self._products.upsert(self._document(row, vector))
        self._products.flush()

    def delete(self, key: int) -> None:
        self._products.delete(str(key))
        self._products.flush()

    def _document(self, row: Row, vector: Vector) -> zvec.Doc:
        return zvec.Doc(str(row[self.schema.key]), vectors={self.schema.vector: vector}, fields=row)


def literal(value: object) -> str:
    """A value as its filters write it; a text that ends in a backslash can't be written (0.8)."""
    if isinstance(value, list):
        return "(" + ", ".join(map(literal, value)) + ")"
    if isinstance(value, str):
        return "'" + value.replace("'", "\\'") + "'"
    return repr(value)
