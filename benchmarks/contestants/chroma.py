"""How fast is Chroma, embedded and on disk?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import chromadb
import numpy as np
from chromadb.config import Settings
from filters import Filters, conditions
from schema import COLUMNS, KEY, SCORE, Row

from adapters.base import Adapter

if TYPE_CHECKING:
    from catalogue import Catalogue

FILL = 5_000  # the library takes no more at once
OPERATORS = {"=": "$eq", ">=": "$gte", "<": "$lt"}
SPACE = {"hnsw": {"space": "ip"}}


class Contestant(Adapter):
    about = "Chroma, PersistentClient, hnsw over inner product, its own defaults"
    packages = ("chromadb",)
    batches = True
    writes = True

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        products = client(folder).create_collection("products", configuration=SPACE)
        for rows, vectors in catalogue.chunks(FILL):
            keys = [str(row[KEY]) for row in rows]
            products.add(ids=keys, embeddings=vectors, metadatas=list(map(known, rows)))

    def open(self, folder: Path) -> None:
        self._products = client(folder).get_collection("products")

    def search(self, query: np.ndarray, k: int, filters: Filters | None) -> list[Row]:
        return self._found(query[None], k, filters)[0]

    def search_batch(self, queries: np.ndarray, k: int) -> list[list[Row]]:
        return self._found(queries, k, None)

    def _found(self, queries: np.ndarray, k: int, filters: Filters | None) -> list[list[Row]]:
        found = self._products.query(
            query_embeddings=queries,
            n_results=k,
            where=None if filters is None else self.translated(filters),
            include=["metadatas", "distances"],
        )
        return [
            [row_of(row, distance) for row, distance in zip(*one)]
            for one in zip(found["metadatas"], found["distances"])
        ]

    def translate(self, filters: Filters) -> dict:
        terms = [
            {column: {OPERATORS[operator]: value}}
            for column, operator, value in conditions(filters)
        ]
        return terms[0] if len(terms) == 1 else {"$and": terms}

    def upsert(self, row: Row, vector: np.ndarray) -> None:
        self._products.upsert(ids=[str(row[KEY])], embeddings=vector[None], metadatas=[known(row)])

    def delete(self, key: int) -> None:
        self._products.delete(ids=[str(key)])


def client(folder: Path) -> chromadb.ClientAPI:
    return chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))


def known(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}


def row_of(row: Row, distance: float) -> Row:
    return {name: row.get(name) for name in COLUMNS} | {SCORE: 1 - distance}
