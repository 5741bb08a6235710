"""How fast is qdrant-client's local mode, Qdrant rewritten in Python?"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qdrant_client import QdrantClient, models

from engine.bench.contest.contestant import Contestant as Base
from engine.bench.contest.filters import Filters, conditions
from engine.bench.contest.schema import SCORE, Row

if TYPE_CHECKING:
    from engine.bench.contest.catalogue import Catalogue
    from engine.core.arrays import Vector

FILL = 1_000
BOUNDS = {">=": "gte", "<": "lt"}


class Contestant(Base):
    about = "qdrant-client, QdrantClient(path=...): numpy and SQLite in Python, dot, brute force"
    packages = ("qdrant-client", "numpy")
    writes = True

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        client = QdrantClient(path=str(folder))
        size = models.VectorParams(size=self.schema.dimension, distance=models.Distance.DOT)
        client.create_collection("products", vectors_config=size)
        with warnings.catch_warnings():  # it warns that it isn't made for many rows
            warnings.simplefilter("ignore", UserWarning)
            for rows, vectors in catalogue.chunks(FILL):
                client.upsert("products", [self._point(*one) for one in zip(rows, vectors)])
        client.close()

    def open(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            self._client = QdrantClient(path=str(folder))

    def search(self, query: Vector, k: int, filters: Filters | None) -> list[Row]:
        return [
            {name: one.payload.get(name) for name in self.schema.names} | {SCORE: one.score}
            for one in self._found(query, k, filters, True)
        ]

    def nearest(self, query: Vector, k: int, filters: Filters | None) -> list[int]:
        return [one.id for one in self._found(query, k, filters, False)]

    def _found(self, query: Vector, k: int, filters: Filters | None, payload: bool) -> list[Any]:
        where = None if filters is None else self.translated(filters)
        return self._client.query_points(
            "products", query, limit=k, query_filter=where, with_payload=payload
        ).points

    def translate(self, filters: Filters) -> models.Filter:
        return models.Filter(must=[condition(*one) for one in conditions(filters)])

    def upsert(self, row: Row, vector: Vector) -> None:
        self._client.upsert("products", [self._point(row, vector)])

    def delete(self, key: int) -> None:
        self._client.delete("products", [key])

    def close(self) -> None:
        self._client.close()

    def _point(self, row: Row, vector: Vector) -> models.PointStruct:
        payload = {name: value for name, value in row.items() if value is not None}
        return models.PointStruct(id=row[self.schema.key], vector=vector.tolist(), payload=payload)


def condition(column: str, operator: str, value: object) -> models.FieldCondition:
    """One condition in the library's own form."""
    if operator == "=":
        return models.FieldCondition(key=column, match=models.MatchValue(value=value))
    if operator == "in":
        return models.FieldCondition(key=column, match=models.MatchAny(any=value))
    return models.FieldCondition(key=column, range=models.Range(**{BOUNDS[operator]: value}))
