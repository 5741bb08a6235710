"""What reading every vector once costs: a product of matrix and vector on all cores. No engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.bench.contest.contestant import Contestant as Base
from engine.bench.contest.filters import Filters
from engine.bench.contest.schema import Row

if TYPE_CHECKING:
    from engine.bench.contest.catalogue import Catalogue
    from engine.core.arrays import Vector


class Contestant(Base):
    """A product of all vectors and the query: the floor of an exact scan."""

    about = "not an engine: numpy's X @ q on all cores, nothing chosen, nothing fetched"
    packages = ("numpy",)
    takes_filters = False

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        np.save(folder / "vectors.npy", catalogue.vectors)

    def open(self, folder: Path) -> None:
        self._vectors = np.load(folder / "vectors.npy")

    def search(self, query: Vector, k: int, filters: Filters | None) -> list[Row]:
        self._vectors @ query
        return []
