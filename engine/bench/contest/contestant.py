"""What a contestant has to do: keep rows, and answer with the nearest that pass a filter.

A newcomer is one file with a class `Contestant`, given as `--contestant FILE.py`. Imports nothing heavy,
because the time to the first answer of a fresh process is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.bench.contest.filters import Filters
from engine.bench.contest.schema import Row, Schema

if TYPE_CHECKING:
    from engine.bench.contest.catalogue import Catalogue
    from engine.core.arrays import Matrix, Vector

Setting = Mapping[str, int | float | str]


class Contestant:
    """One contestant, as a careful user of its library would set it up.

    A store is built in one process and opened in others. A filter is first brought into the library's
    own form, and that form is kept: filters that were seen cost no translation.

    Attributes:
        about: one line for the report.
        packages: distributions whose versions the report names.
        libraries: modules loaded late, that count as imported where memory is measured.
        store: the contestant whose store is opened, where it isn't its own.
        settings: of a search, the cheapest first: the harness takes the first that reaches the recall
            that all have to reach. One empty setting: there is nothing to set.
        takes_filters, batches, writes: whether it has filters, `search_batch`, `upsert` and `delete`
            (durable when they return).
    """

    about = ""
    packages: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    store = ""
    settings: Sequence[Setting] = ({},)
    takes_filters = True
    batches = False
    writes = False

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._translated: dict[tuple[object, ...], Any] = {}

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        """Fill an empty folder."""
        raise NotImplementedError

    def open(self, folder: Path) -> None:
        """Open what was built, in another process."""
        raise NotImplementedError

    def tune(self, setting: Setting) -> None:
        """Answer from now on as one of `settings` says."""

    def search(self, query: Vector, k: int, filters: Filters | None) -> list[Row]:
        """The k nearest rows that pass, best first: all columns, and `score` (higher is nearer)."""
        raise NotImplementedError

    def nearest(self, query: Vector, k: int, filters: Filters | None) -> list[int]:
        """Their keys alone, for a library that is quicker without the columns."""
        return [int(row[self.schema.key]) for row in self.search(query, k, filters)]  # type: ignore[call-overload]

    def search_batch(self, queries: Matrix, k: int) -> list[list[Row]]:
        """The same for many queries at once, without a filter."""
        raise NotImplementedError

    def upsert(self, row: Row, vector: Vector) -> None:
        """Write one row; durable in the library's own terms when it returns."""
        raise NotImplementedError

    def delete(self, key: int) -> None:
        """Take one row away; durable when it returns."""
        raise NotImplementedError

    def build_writable(self, folder: Path, catalogue: Catalogue) -> None:
        """Fill an empty folder with a store for `open_writable`."""
        self.build(folder, catalogue)

    def open_writable(self, folder: Path) -> None:
        """Open a store to write to it."""
        self.open(folder)

    def close(self) -> None:
        """Let go of files and threads."""

    def translate(self, filters: Filters) -> Any:
        """A filter in the library's own form."""
        return filters

    def translated(self, filters: Filters) -> Any:
        """The same, worked out once for each filter."""
        seen = tuple((name, str(value)) for name, value in filters.items())
        if seen not in self._translated:
            self._translated[seen] = self.translate(filters)
        return self._translated[seen]
