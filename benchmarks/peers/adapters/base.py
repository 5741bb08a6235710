"""What does a contestant have to do? Keep products and answer with them as dicts.

Imports nothing heavy, because the time to the first answer of a fresh process is measured.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filters import Filters
from schema import Row

if TYPE_CHECKING:
    from catalogue import Catalogue


class Adapter:
    """One contestant, at the fastest configuration of its library that answers honestly.

    A store is built in one process and opened in others. A filter is first brought into the
    library's own form, and that form is kept: filters that were seen cost no translation.
    """

    about = ""  # one line for the report
    packages: tuple[str, ...] = ()  # distributions whose versions the report names
    libraries: tuple[str, ...] = ()  # modules loaded late, that count as imported for memory
    store = ""  # the contestant whose store is opened, where not its own
    batches = False  # it has search_batch
    writes = False  # it has upsert and delete, durable when they return

    def __init__(self) -> None:
        self._translated: dict[tuple, object] = {}

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        """Fill an empty folder."""
        raise NotImplementedError

    def open(self, folder: Path) -> None:
        raise NotImplementedError

    def search(self, query: np.ndarray, k: int, filters: Filters | None) -> list[Row]:
        """The k nearest products that pass, best first: the 12 columns and a score each."""
        raise NotImplementedError

    def search_batch(self, queries: np.ndarray, k: int) -> list[list[Row]]:
        """The same for many queries at once, without a filter."""
        raise NotImplementedError

    def upsert(self, row: Row, vector: np.ndarray) -> None:
        raise NotImplementedError

    def delete(self, key: int) -> None:
        raise NotImplementedError

    def build_writable(self, folder: Path, catalogue: Catalogue) -> None:
        """Fill an empty folder with a store for `open_writable`."""
        self.build(folder, catalogue)

    def open_writable(self, folder: Path) -> None:
        self.open(folder)

    def translate(self, filters: Filters) -> object:
        """A filter in the library's own form."""
        return filters

    def translated(self, filters: Filters) -> object:
        """The same, worked out once for each filter."""
        seen = tuple(filters.items())
        if seen not in self._translated:
            self._translated[seen] = self.translate(filters)
        return self._translated[seen]
