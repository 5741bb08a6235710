"""How fast is Qdrant's engine inside the process?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import qdrant_edge as qdrant
from filters import Filters, conditions
from schema import COLUMNS, DIMENSION, KEY, SCORE, Row

from adapters.base import Adapter

if TYPE_CHECKING:
    from catalogue import Catalogue

LINKS, BREADTH = 16, 100  # m and ef_construct, which is also the breadth of a search
FULL_SCAN_KB = 10_000
FILL = 1_000
NUMBERS = {"price": qdrant.PayloadSchemaType.Float, "year": qdrant.PayloadSchemaType.Integer}
INDEXED = ("master_category", "article_type", "base_color", "gender", "season", "price")
BOUNDS = {">=": "gte", "<": "lt"}


class Contestant(Adapter):
    about = (
        f"qdrant-edge: one HNSW, m = {LINKS}, ef = {BREADTH}, payload indexes on filters' columns; "
        "a write is flushed"
    )
    packages = ("qdrant-edge-py",)
    batches = True
    writes = True

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        graph = qdrant.HnswIndexConfig(LINKS, BREADTH, FULL_SCAN_KB)
        vectors = qdrant.EdgeVectorParams(DIMENSION, qdrant.Distance.Dot, hnsw_config=graph)
        one_graph = qdrant.EdgeOptimizersConfig(default_segment_number=1)  # the fastest, measured
        config = qdrant.EdgeConfig(vectors=vectors, optimizers=one_graph)
        shard = qdrant.EdgeShard.create(str(folder), config)
        for name in INDEXED:
            kind = NUMBERS.get(name, qdrant.PayloadSchemaType.Keyword)
            shard.update(qdrant.UpdateOperation.create_field_index(name, kind))
        for products, part in catalogue.chunks(FILL):
            points = [point(row, one) for row, one in zip(products, part)]
            shard.update(qdrant.UpdateOperation.upsert_points(points))
        shard.optimize()
        shard.flush()
        shard.close()

    def open(self, folder: Path) -> None:
        self._shard = qdrant.EdgeShard.load(str(folder))

    def search(self, query: np.ndarray, k: int, filters: Filters | None) -> list[Row]:
        request = qdrant.SearchRequest(
            query=qdrant.Query.Nearest(query.tolist()),
            limit=k,
            filter=None if filters is None else self.translated(filters),
            with_payload=True,
        )
        return rows(self._shard.search(request))

    def search_batch(self, queries: np.ndarray, k: int) -> list[list[Row]]:
        requests = [
            qdrant.QueryRequest(limit=k, query=qdrant.Query.Nearest(query), with_payload=True)
            for query in queries.tolist()
        ]
        return [rows(one) for one in self._shard.query_batch(qdrant.QueryBatchRequest(requests))]

    def translate(self, filters: Filters) -> qdrant.Filter:
        return qdrant.Filter(must=[condition(*one) for one in conditions(filters)])

    def upsert(self, row: Row, vector: np.ndarray) -> None:
        self._shard.update(qdrant.UpdateOperation.upsert_points([point(row, vector)]))
        self._shard.flush()

    def delete(self, key: int) -> None:
        self._shard.update(qdrant.UpdateOperation.delete_points([key]))
        self._shard.flush()


def point(row: Row, vector: np.ndarray) -> qdrant.Point:
    payload = {name: value for name, value in row.items() if value is not None}
    return qdrant.Point(row[KEY], vector.tolist(), payload)


def rows(found: list[qdrant.ScoredPoint]) -> list[Row]:
    out = []
    for one in found:
        payload = one.payload
        out.append({name: payload.get(name) for name in COLUMNS} | {SCORE: one.score})
    return out


def condition(column: str, operator: str, value: object) -> qdrant.FieldCondition:
    if operator == "=":
        return qdrant.FieldCondition(column, match=qdrant.MatchValue(value))
    return qdrant.FieldCondition(column, range=qdrant.RangeFloat(**{BOUNDS[operator]: value}))
