"""What does reading every vector once cost? A product of matrix and vector on two threads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filters import Filters
from schema import Row

from adapters.base import Adapter

if TYPE_CHECKING:
    from catalogue import Catalogue


class Contestant(Adapter):
    about = "not an engine: numpy's X @ q on two threads, nothing chosen, nothing fetched"
    packages = ("numpy",)

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        np.save(folder / "vectors.npy", catalogue.vectors)

    def open(self, folder: Path) -> None:
        self._vectors = np.load(folder / "vectors.npy")

    def search(self, query: np.ndarray, k: int, filters: Filters | None) -> list[Row]:
        self._vectors @ query
        return []
