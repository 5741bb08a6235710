"""What is searched: the data of one benchmark, as files in a folder. Knows nobody who searches it.

schema.json  products.parquet (columns and vectors)  vectors.npy  queries.npy  filters.json  truth.npz
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.bench.contest.filters import Filters
from engine.bench.contest.schema import Row, Schema
from engine.bench.vectors.npy import write_npy
from engine.core.arrays import Matrix
from engine.errors import InvalidParameterValue

ROW_GROUP = 50_000


@dataclass(frozen=True)
class Catalogue:
    """The data of one benchmark, in a folder; parts are read when they are first asked for."""

    folder: Path

    @property
    def file(self) -> Path:
        """Parquet: the columns, and the vectors as fixed-size lists."""
        return self.folder / "products.parquet"

    @cached_property
    def schema(self) -> Schema:
        document = json.loads((self.folder / "schema.json").read_text())
        return Schema(**{**document, "filtered": tuple(document["filtered"])})

    @cached_property
    def vectors(self) -> Matrix:
        """(n, d) float32, unit length, mapped."""
        found: Matrix = np.load(self.folder / "vectors.npy", mmap_mode="r")
        return found

    @cached_property
    def table(self) -> pa.Table:
        """The columns without the vectors."""
        return pq.read_table(self.file, columns=list(self.schema.names))

    @cached_property
    def keys(self) -> np.ndarray:
        """(n,) int64, in the order of the vectors."""
        found: np.ndarray = self.table[self.schema.key].to_numpy().astype(np.int64)
        return found

    @cached_property
    def queries(self) -> Matrix:
        """(q, d) float32, unit length."""
        found: Matrix = np.load(self.folder / "queries.npy")
        return found

    @cached_property
    def filters(self) -> dict[str, Filters]:
        """Filters by name, that are asked for again and again."""
        found: dict[str, Filters] = json.loads((self.folder / "filters.json").read_text())
        return found

    @property
    def truth_file(self) -> Path:
        return self.folder / "truth.npz"

    def chunks(self, rows: int) -> Iterator[tuple[list[Row], Matrix]]:
        """Rows as dicts, and their vectors, so many at a time."""
        for start in range(0, len(self.vectors), rows):
            part = self.table.slice(start, rows)
            yield part.to_pylist(), np.ascontiguousarray(self.vectors[start : start + rows])


def write_catalogue(
    folder: Path,
    schema: Schema,
    columns: pa.Table,
    vectors: Matrix,
    queries: Matrix,
    filters: Mapping[str, Filters] | None = None,
) -> Catalogue:
    """Make the folder of a catalogue from arrays; `columns` has the schema's, in its order.

    Vectors may be mapped and larger than memory: they are copied in chunks. `vectors.npy` may be there.

    Raises InvalidParameterValue: where lengths don't fit, or a key is there twice.
    """
    if not len(columns) == len(vectors) or vectors.shape[1] != queries.shape[1]:
        raise InvalidParameterValue(
            f"{len(columns):,} rows, vectors {vectors.shape}, queries {queries.shape}: "
            "expected as many vectors as rows, and one dimension"
        )
    if len(columns[schema.key].unique()) < len(columns):
        raise InvalidParameterValue(f"column {schema.key!r} has a key twice; keys tell rows apart")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "schema.json").write_text(json.dumps(asdict(schema)))
    (folder / "filters.json").write_text(json.dumps(dict(filters or {})))
    np.save(folder / "queries.npy", np.ascontiguousarray(queries, dtype=np.float32))
    if not (folder / "vectors.npy").exists():
        starts = range(0, len(vectors), ROW_GROUP)
        parts = (vectors[start : start + ROW_GROUP] for start in starts)
        write_npy(folder / "vectors.npy", vectors.shape, parts)
    _write_table(folder, schema, columns.select(list(schema.names)))
    return Catalogue(folder)


def _write_table(folder: Path, schema: Schema, columns: pa.Table) -> None:
    vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    kind = pa.list_(pa.float32(), schema.dimension)
    fields = pa.schema([*columns.schema, pa.field(schema.vector, kind)])
    with pq.ParquetWriter(folder / "products.parquet", fields, compression="zstd") as writer:
        for start in range(0, len(columns), ROW_GROUP):
            part = np.ascontiguousarray(vectors[start : start + ROW_GROUP]).ravel()
            lists = pa.FixedSizeListArray.from_arrays(pa.array(part), schema.dimension)
            rows = columns.slice(start, ROW_GROUP).append_column(fields.field(schema.vector), lists)
            writer.write_table(rows)
