"""How fast is Qdrant's engine inside the process?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import qdrant_edge as qdrant

from engine.bench.contest.contestant import Contestant as Base
from engine.bench.contest.filters import Filters, conditions
from engine.bench.contest.schema import SCORE, Row

if TYPE_CHECKING:
    from engine.bench.contest.catalogue import Catalogue
    from engine.bench.contest.contestant import Setting
    from engine.core.arrays import Matrix, Vector

LINKS, BUILD_BREADTH = 16, 100  # m and ef_construct
FULL_SCAN_KB = 10_000
FILL = 1_000
TYPES = {
    "string": qdrant.PayloadSchemaType.Keyword,
    "long": qdrant.PayloadSchemaType.Integer,
    "double": qdrant.PayloadSchemaType.Float,
}
BOUNDS = {">=": "gte", "<": "lt"}


class Contestant(Base):
    about = (
        f"qdrant-edge: one HNSW, m = {LINKS}, ef_construct = {BUILD_BREADTH}, payload indexes on "
        "filters' columns; a write is flushed"
    )
    packages = ("qdrant-edge-py",)
    settings = (
        *({"ef": breadth} for breadth in (16, 32, 64, 128, 256, 512, 1024, 2048)),
        {"exact": "yes"},
    )
    batches = True
    writes = True

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        graph = qdrant.HnswIndexConfig(LINKS, BUILD_BREADTH, FULL_SCAN_KB)
        vectors = qdrant.EdgeVectorParams(
            self.schema.dimension, qdrant.Distance.Dot, hnsw_config=graph
        )
        one_graph = qdrant.EdgeOptimizersConfig(default_segment_number=1)  # the fastest, measured
        config = qdrant.EdgeConfig(vectors=vectors, optimizers=one_graph)
        shard = qdrant.EdgeShard.create(str(folder), config)
        for name in self.schema.filtered:
            kind = TYPES[self.schema.columns[name]]
            shard.update(qdrant.UpdateOperation.create_field_index(name, kind))
        for products, part in catalogue.chunks(FILL):
            points = [self._point(row, one) for row, one in zip(products, part)]
            shard.update(qdrant.UpdateOperation.upsert_points(points))
        shard.optimize()
        shard.flush()
        shard.close()

    def open(self, folder: Path) -> None:
        self._shard = qdrant.EdgeShard.load(str(folder))
        self.tune(self.settings[0])

    def tune(self, setting: Setting) -> None:
        exact = setting.get("exact") == "yes"
        self._params = qdrant.SearchParams(hnsw_ef=setting.get("ef"), exact=exact)

    def search(self, query: Vector, k: int, filters: Filters | None) -> list[Row]:
        return [self._row(point) for point in self._found(query, k, filters, True)]

    def nearest(self, query: Vector, k: int, filters: Filters | None) -> list[int]:
        return [int(point.id) for point in self._found(query, k, filters, False)]

    def _found(
        self, query: Vector, k: int, filters: Filters | None, payload: bool
    ) -> list[qdrant.ScoredPoint]:
        request = qdrant.SearchRequest(
            query=qdrant.Query.Nearest(query.tolist()),
            limit=k,
            filter=None if filters is None else self.translated(filters),
            params=self._params,
            with_payload=payload,
        )
        found: list[qdrant.ScoredPoint] = self._shard.search(request)
        return found

    def search_batch(self, queries: Matrix, k: int) -> list[list[Row]]:
        requests = [
            qdrant.QueryRequest(
                limit=k, query=qdrant.Query.Nearest(query), params=self._params, with_payload=True
            )
            for query in queries.tolist()
        ]
        answers = self._shard.query_batch(qdrant.QueryBatchRequest(requests))
        return [[self._row(point) for point in one] for one in answers]

    def translate(self, filters: Filters) -> qdrant.Filter:
        return qdrant.Filter(must=[condition(*one) for one in conditions(filters)])

    def upsert(self, row: Row, vector: Vector) -> None:
        self._shard.update(qdrant.UpdateOperation.upsert_points([self._point(row, vector)]))
        self._shard.flush()

    def delete(self, key: int) -> None:
        self._shard.update(qdrant.UpdateOperation.delete_points([key]))
        self._shard.flush()

    def _point(self, row: Row, vector: Vector) -> qdrant.Point:
        payload = {name: value for name, value in row.items() if value is not None}
        return qdrant.Point(row[self.schema.key], vector.tolist(), payload)

    def _row(self, point: qdrant.ScoredPoint) -> Row:
        payload = point.payload
        return {name: payload.get(name) for name in self.schema.names} | {SCORE: point.score}


def condition(column: str, operator: str, value: object) -> qdrant.FieldCondition:
    """One condition in the library's own form."""
    if operator == "=":
        return qdrant.FieldCondition(column, match=qdrant.MatchValue(value))
    if operator == "in":
        return qdrant.FieldCondition(column, match=qdrant.MatchAny(value))
    return qdrant.FieldCondition(column, range=qdrant.RangeFloat(**{BOUNDS[operator]: value}))
