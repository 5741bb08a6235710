"""This repository's engine, through its Python API."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import Workspace
from engine.bench.contest.contestant import Contestant as Base
from engine.bench.contest.filters import Filters
from engine.bench.contest.schema import SCORE, Row
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.bench.contest.catalogue import Catalogue
    from engine.core.arrays import Matrix, Vector

ENDPOINT = "bench"
SYNCED, DIRECT = "main.bench.synced", "main.bench.direct"
TYPES = {"long": "long", "double": "double", "string": "string"}
_SETTINGS = replace(Settings.from_environment(os.environ), integers_as_floats=False)
FILL = 1_000  # rows of one upsert while the direct index is filled


class Contestant(Base):
    """The planner: what a user of the engine gets."""

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
            vector_column=self.schema.vector,
            primary_key=self.schema.key,
            create_endpoint=True,
        )

    def open(self, folder: Path) -> None:
        self._workspace, self._index = Workspace(folder, _SETTINGS), SYNCED

    def search(self, query: Vector, k: int, filters: Filters | None) -> list[Row]:
        names = (*self.schema.names, SCORE)
        return [dict(zip(names, row)) for row in self._found(query, k, filters, self.schema.names)]

    def nearest(self, query: Vector, k: int, filters: Filters | None) -> list[int]:
        return [int(key) for key, _ in self._found(query, k, filters, (self.schema.key,))]

    def _found(
        self, query: Vector, k: int, filters: Filters | None, columns: tuple[str, ...]
    ) -> list[list[Any]]:
        """Columns and score, by the API's query; the shop's search would give more than is asked for."""
        reply = self._workspace.query_index(
            self._index,
            columns=columns,
            query_vector=query,  # type: ignore[arg-type]
            num_results=k,
            filters=filters,
            exact=self.exact,
        )
        rows: list[list[Any]] = reply["result"].get("data_array", [])
        return rows

    def search_batch(self, queries: Matrix, k: int) -> list[list[Row]]:
        return self._workspace.similarity_search_batch(
            self._index,
            query_vectors=queries,
            columns=self.schema.names,
            num_results=k,
            filters=None,
            exact=self.exact,
        )

    def build_writable(self, folder: Path, catalogue: Catalogue) -> None:
        workspace, schema = Workspace(folder), self.schema
        workspace.create_endpoint(ENDPOINT)
        workspace.create_direct_access_index(
            DIRECT,
            endpoint=ENDPOINT,
            primary_key=schema.key,
            dimension=schema.dimension,
            vector_column=schema.vector,
            schema={name: TYPES[kind] for name, kind in schema.columns.items()}
            | {schema.vector: "array<float>"},
        )
        for products, vectors in catalogue.chunks(FILL):
            workspace.upsert(
                DIRECT, [{**row, schema.vector: v} for row, v in zip(products, vectors.tolist())]
            )

    def open_writable(self, folder: Path) -> None:
        self._workspace, self._index = Workspace(folder, _SETTINGS), DIRECT

    def upsert(self, row: Row, vector: Vector) -> None:
        self._workspace.upsert(self._index, [{**row, self.schema.vector: vector.tolist()}])

    def delete(self, key: int) -> None:
        self._workspace.delete_rows(self._index, [key])
