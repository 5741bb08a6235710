"""An immutable batch of index rows: metadata, vectors, checksums. Knows files; not versions.

<id>/rows.parquet     every column but the vector
<id>/vectors.faiss    the vectors, in the same order
<id>/segment.json     counts, shape, size and SHA-256 of both files
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.core.arrays import Matrix, Rows
from engine.core.schema import IndexSpec
from engine.digests import sha256
from engine.errors import CorruptFile
from engine.store.layout import read_json, sync_file, sync_folder, write_json
from engine.store.metadata import RowTable
from engine.store.vector_columns import column_lists, shortest_decimals
from engine.store.vectors import Shape, VectorFile, write_vectors

ROW_GROUP = 16_384


class SegmentWriter:
    """Collects rows, then writes them as one segment; `discard` leaves nothing behind."""

    def __init__(self, folder: Path, dimension: int) -> None:
        self.id = uuid.uuid4().hex
        self._folder = folder / self.id
        self._folder.mkdir(parents=True)
        self._rows_file = self._folder / "rows.parquet"
        self._dimension = dimension
        self._vectors: list[Matrix] = []
        self._parquet: pq.ParquetWriter | None = None

    def append(self, rows: pa.Table, vectors: Matrix) -> None:
        """Add rows: a table without the vector column, and (len(rows), dimension) float32."""
        if self._parquet is None:
            self._parquet = pq.ParquetWriter(self._rows_file, rows.schema, compression="zstd")
        self._parquet.write_table(rows, row_group_size=ROW_GROUP)
        self._vectors.append(vectors)

    def finish(self) -> int:
        """Write everything durably and return the number of rows; 0 leaves no segment."""
        count = sum(map(len, self._vectors))
        if self._parquet is None or not count:
            self.discard()
            return 0
        self._parquet.close()
        vectors_file = self._folder / "vectors.faiss"
        shape = write_vectors(vectors_file, np.concatenate(self._vectors))
        self._vectors.clear()
        files = {}
        for file in (self._rows_file, vectors_file):
            sync_file(file)
            files[file.name] = {"bytes": file.stat().st_size, "sha256": sha256(file)}
        write_json(
            self._folder / "segment.json",
            {"rows": count, "shape": asdict(shape), "files": files},
        )
        sync_folder(self._folder.parent)
        return count

    def discard(self) -> None:
        """Remove what was written."""
        if self._parquet is not None:
            self._parquet.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class Segment:
    """An open segment; safe to use from many threads."""

    def __init__(self, folder: Path, spec: IndexSpec) -> None:
        """Open a segment.

        Raises:
            FileNotFoundError: it was collected, because a newer version superseded it.
            CorruptFile: a file is missing, truncated or not what `segment.json` says.
        """
        facts = read_json(folder / "segment.json")
        for name, expected in facts["files"].items():
            size = (folder / name).stat().st_size
            if size != expected["bytes"]:
                raise CorruptFile(
                    f"{folder / name} has {size} bytes, expected {expected['bytes']}. "
                    f"Sync index {spec.name} again."
                )
        self.id = folder.name
        self.rows: int = facts["rows"]
        self._folder, self._facts, self._spec = folder, facts, spec
        self.vectors = VectorFile(folder / "vectors.faiss", Shape(**facts["shape"]))
        self.metadata = RowTable(folder / "rows.parquet")
        if not self.rows == self.vectors.rows == self.metadata.rows:
            raise CorruptFile(f"{folder}: its files hold different numbers of rows.")

    @cached_property
    def keys(self) -> Sequence[Any]:
        """Primary keys by row."""
        column = column_lists(self.metadata.column(self._spec.primary_key))
        keys: Sequence[Any] = column.to_pylist()
        return keys

    @cached_property
    def row_of(self) -> dict[Any, int]:
        """Row of each primary key."""
        return {key: row for row, key in enumerate(self.keys)}

    def fetch(self, columns: Sequence[str], rows: Rows) -> list[list[Any]]:
        """Values of the columns, in order, for each of the rows."""
        taken = []
        for name in columns:
            if name == self._spec.vector_column:
                taken.append(shortest_decimals(self.vectors.take(rows)))
            else:
                taken.append(self.metadata.take(name, rows))
        return [list(values) for values in zip(*taken)]

    def verify(self) -> None:
        """Read every byte and compare the checksums.

        Raises:
            CorruptFile: names the damaged file.
        """
        for name, expected in self._facts["files"].items():
            if sha256(self._folder / name) != expected["sha256"]:
                raise CorruptFile(
                    f"{self._folder / name} does not match its checksum. "
                    f"Sync index {self._spec.name} again."
                )
