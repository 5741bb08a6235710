"""What is searched? The data of one size, as files in a folder. Knows nobody who searches it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from filters import Filters
from schema import COLUMNS


@dataclass(frozen=True)
class Catalogue:
    """The data of one size, in a folder; parts are read when they are first asked for."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "products.parquet"

    @cached_property
    def vectors(self) -> np.ndarray:
        """(n, 512) float32, unit length, mapped."""
        return np.load(self.folder / "vectors.npy", mmap_mode="r")

    @cached_property
    def table(self) -> pa.Table:
        """The product columns without the vectors."""
        return pq.read_table(self.file, columns=list(COLUMNS))

    @cached_property
    def queries(self) -> np.ndarray:
        """(500, 512) float32, unit length."""
        return np.load(self.folder / "queries.npy")

    @cached_property
    def filters(self) -> dict[str, Filters]:
        return json.loads((self.folder / "filters.json").read_text())

    @property
    def truth_file(self) -> Path:
        return self.folder / "truth.npz"

    def chunks(self, rows: int) -> Iterator[tuple[list[dict], np.ndarray]]:
        """Products as dicts, and their vectors, some rows at a time."""
        for start in range(0, len(self.vectors), rows):
            part = self.table.slice(start, rows)
            yield part.to_pylist(), np.ascontiguousarray(self.vectors[start : start + rows])
