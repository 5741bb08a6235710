"""This repository's engine, through its Python API."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import Workspace
from engine.bench.contest.contestant import Contestant as Base
from engine.bench.contest.filters import Filters
from engine.bench.contest.schema import Row

if TYPE_CHECKING:
    from engine.bench.contest.catalogue import Catalogue
    from engine.core.arrays import Matrix, Vector

ENDPOINT = "bench"
SYNCED, DIRECT = "main.bench.synced", "main.bench.direct"
TYPES = {"long": "long", "double": "double", "string": "string"}
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
        self._workspace, self._index = Workspace(folder), SYNCED

    def search(self, query: Vector, k: int, filters: Filters | None) -> list[Row]:
        return self._found(query, k, filters, self.schema.names)

    def nearest(self, query: Vector, k: int, filters: Filters | None) -> list[int]:
        found = self._found(query, k, filters, (self.schema.key,))
        return [int(row[self.schema.key]) for row in found]

    def _found(
        self, query: Vector, k: int, filters: Filters | None, columns: tuple[str, ...]
    ) -> list[Any]:
        found = self._workspace.search(
            vector=query,  # type: ignore[arg-type]
            index=self._index,
            columns=columns,
            k=k,
            filters=filters,
            exact=self.exact,
        )
        return list(found)

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
        self._workspace, self._index = Workspace(folder), DIRECT

    def upsert(self, row: Row, vector: Vector) -> None:
        self._workspace.upsert(self._index, [{**row, self.schema.vector: vector.tolist()}])

    def delete(self, key: int) -> None:
        self._workspace.delete_rows(self._index, [key])
