"""How fast is Chroma, embedded and on disk?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import chromadb
from chromadb.config import Settings

from engine.bench.contest.contestant import Contestant as Base
from engine.bench.contest.filters import Filters, conditions
from engine.bench.contest.schema import SCORE, Row

if TYPE_CHECKING:
    from engine.bench.contest.catalogue import Catalogue
    from engine.bench.contest.contestant import Setting
    from engine.core.arrays import Matrix, Vector

FILL = 5_000  # the library takes no more at once
OPERATORS = {"=": "$eq", "in": "$in", ">=": "$gte", "<": "$lt"}


class Contestant(Base):
    about = "Chroma, PersistentClient, hnsw over inner product, its own defaults"
    packages = ("chromadb",)
    settings = tuple({"ef_search": breadth} for breadth in (32, 64, 100, 200, 400, 800, 1600, 3200))
    batches = True
    writes = True

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        products = client(folder).create_collection(
            "products", configuration={"hnsw": {"space": "ip"}}
        )
        for rows, vectors in catalogue.chunks(FILL):
            keys = [str(row[self.schema.key]) for row in rows]
            products.add(ids=keys, embeddings=vectors, metadatas=list(map(known, rows)))

    def open(self, folder: Path) -> None:
        self._products = client(folder).get_collection("products")

    def tune(self, setting: Setting) -> None:
        self._products.modify(configuration={"hnsw": {"ef_search": int(setting["ef_search"])}})

    def search(self, query: Vector, k: int, filters: Filters | None) -> list[Row]:
        return self._found(query[None], k, filters)[0]

    def nearest(self, query: Vector, k: int, filters: Filters | None) -> list[int]:
        return [int(key) for key in self._asked(query[None], k, filters, ["distances"])["ids"][0]]

    def search_batch(self, queries: Matrix, k: int) -> list[list[Row]]:
        return self._found(queries, k, None)

    def _asked(self, queries: Matrix, k: int, filters: Filters | None, include: list[Any]) -> Any:
        where = None if filters is None else self.translated(filters)
        return self._products.query(
            query_embeddings=queries, n_results=k, where=where, include=include
        )

    def _found(self, queries: Matrix, k: int, filters: Filters | None) -> list[list[Row]]:
        found = self._asked(queries, k, filters, ["metadatas", "distances"])
        return [
            [self._row(row, distance) for row, distance in zip(*one)]
            for one in zip(found["metadatas"], found["distances"])
        ]

    def _row(self, row: Row, distance: float) -> Row:
        return {name: row.get(name) for name in self.schema.names} | {SCORE: 1 - distance}

    def translate(self, filters: Filters) -> Any:
        terms = [
            {column: {OPERATORS[operator]: value}}
            for column, operator, value in conditions(filters)
        ]
        return terms[0] if len(terms) == 1 else {"$and": terms}

    def upsert(self, row: Row, vector: Vector) -> None:
        keys = [str(row[self.schema.key])]
        self._products.upsert(ids=keys, embeddings=vector[None], metadatas=[known(row)])

    def delete(self, key: int) -> None:
        self._products.delete(ids=[str(key)])


def client(folder: Path) -> Any:
    """A client that tells nobody."""
    return chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))


def known(row: Row) -> Any:
    """A row without its nulls, which metadata don't hold."""
    return {name: value for name, value in row.items() if value is not None}
