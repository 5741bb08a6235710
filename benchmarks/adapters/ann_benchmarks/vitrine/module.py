"""vitrine in ann-benchmarks, by its interface `BaseANN`; angular distance."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine import Workspace

from ..base.module import BaseANN

INDEX, TABLE = "main.bench.vectors", "vectors"
KEY, VECTOR = "row", "vector"
ROW_GROUP = 50_000


class Vitrine(BaseANN):
    """A synced index over a table of vectors; the planner decides how much of it a query reads.

    Args:
        metric: "angular"; vitrine compares unit vectors.
    """

    def __init__(self, metric: str) -> None:
        if metric != "angular":
            raise NotImplementedError(f"vitrine doesn't support metric {metric}; only angular")
        self._exact = False
        self._folder = Path(tempfile.mkdtemp(prefix="vitrine-"))
        self._found: list[np.ndarray] = []

    def fit(self, vectors: np.ndarray) -> None:
        """(n, d) vectors of any length; rows of zeros have no direction and are never found."""
        file = self._folder / "vectors.parquet"
        kind = pa.list_(pa.float32(), vectors.shape[1])
        fields = pa.schema([pa.field(KEY, pa.int64()), pa.field(VECTOR, kind)])
        with pq.ParquetWriter(file, fields) as writer:
            for start in range(0, len(vectors), ROW_GROUP):
                writer.write_table(_rows(vectors[start : start + ROW_GROUP], start, fields))
        self._workspace = Workspace(self._folder / "workspace")
        self._workspace.register_table(TABLE, file)
        self._workspace.create_index(
            INDEX,
            source_table=TABLE,
            primary_key=KEY,
            vector_column=VECTOR,
            create_endpoint=True,
        )

    def set_query_arguments(self, exact: bool) -> None:
        """Whether every vector is compared; else the planner decides."""
        self._exact = exact

    def query(self, q: np.ndarray, n: int) -> list[int]:
        """Rows of the n nearest vectors, nearest first; fewer where there are fewer."""
        found = self._workspace.search(vector=q, index=INDEX, columns=[KEY], k=n, exact=self._exact)
        return [row[KEY] for row in found]

    def batch_query(self, queries: np.ndarray, n: int) -> None:
        """All queries at once, on all cores; see `get_batch_results`."""
        answers = self._workspace.similarity_search_batch(
            INDEX, query_vectors=queries, columns=[KEY], num_results=n, exact=self._exact
        )
        self._found = [np.array([row[KEY] for row in rows], dtype=np.int64) for rows in answers]

    def get_batch_results(self) -> list[np.ndarray]:
        """Rows of the nearest vectors of each query of the last batch."""
        return self._found

    def get_additional(self) -> dict[str, Any]:
        """Bytes of the workspace on disk, the index among them."""
        files = (self._folder / "workspace").rglob("*")
        return {"disk_bytes": sum(one.stat().st_size for one in files if one.is_file())}

    def done(self) -> None:
        """Take the workspace away."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def __str__(self) -> str:
        return f"vitrine(exact={self._exact})"


def _rows(vectors: np.ndarray, first: int, fields: pa.Schema) -> pa.Table:
    """Unit vectors with their numbers, but for zeros."""
    lengths = np.linalg.norm(vectors, axis=1)
    kept = np.flatnonzero(lengths > 0)
    unit = (vectors[kept] / lengths[kept, None]).astype(np.float32)
    lists = pa.FixedSizeListArray.from_arrays(pa.array(unit.ravel()), vectors.shape[1])
    return pa.Table.from_arrays([pa.array(kept + first), lists], schema=fields)
