"""How fast is this repository's engine, through its Python API?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filters import Filters
from schema import COLUMNS, DIMENSION, KEY, VECTOR, Row

from adapters.base import Adapter
from engine import Workspace

if TYPE_CHECKING:
    from catalogue import Catalogue

ENDPOINT = "peers"
SYNCED, DIRECT = "main.fashion_demo.bench", "main.fashion_demo.bench_direct"
KINDS = {KEY: "int", "price": "double", "year": "int"}
SCHEMA = {name: KINDS.get(name, "string") for name in COLUMNS} | {VECTOR: "array<float>"}
FILL = 1_000  # rows of one upsert while the direct index is filled


class Contestant(Adapter):
    about = "vitrine: a synced index over a registered table; writes to a direct access index"
    packages = ("vitrine-search", "faiss-cpu", "duckdb", "pyarrow", "numpy")
    libraries = ("engine.workspace", "faiss", "duckdb", "pyarrow.parquet")
    batches = True
    writes = True
    exact = False

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        workspace = Workspace(folder)
        workspace.register_table("bench", catalogue.file)
        workspace.create_index(
            SYNCED,
            source_table="bench",
            vector_column=VECTOR,
            primary_key=KEY,
            create_endpoint=True,
        )

    def open(self, folder: Path) -> None:
        self._workspace, self._index = Workspace(folder), SYNCED

    def search(self, query: np.ndarray, k: int, filters: Filters | None) -> list[Row]:
        found = self._workspace.search(
            vector=query,
            index=self._index,
            columns=COLUMNS,
            k=k,
            filters=filters,
            exact=self.exact,
        )
        return list(found)

    def search_batch(self, queries: np.ndarray, k: int) -> list[list[Row]]:
        return self._workspace.similarity_search_batch(
            self._index,
            query_vectors=queries,
            columns=COLUMNS,
            num_results=k,
            filters=None,
            exact=self.exact,
        )

    def build_writable(self, folder: Path, catalogue: Catalogue) -> None:
        workspace = Workspace(folder)
        workspace.create_endpoint(ENDPOINT)
        workspace.create_direct_access_index(
            DIRECT,
            endpoint=ENDPOINT,
            primary_key=KEY,
            dimension=DIMENSION,
            vector_column=VECTOR,
            schema=SCHEMA,
        )
        for products, vectors in catalogue.chunks(FILL):
            rows = [{**row, VECTOR: one} for row, one in zip(products, vectors.tolist())]
            workspace.upsert(DIRECT, rows)

    def open_writable(self, folder: Path) -> None:
        self._workspace, self._index = Workspace(folder), DIRECT

    def upsert(self, row: Row, vector: np.ndarray) -> None:
        self._workspace.upsert(self._index, [{**row, VECTOR: vector.tolist()}])

    def delete(self, key: int) -> None:
        self._workspace.delete_rows(self._index, [key])
