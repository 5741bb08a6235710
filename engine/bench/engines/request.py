"""What is asked of the engines, and in which cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.bench.contest.catalogue import Catalogue
from engine.bench.contest.contest import Asked
from engine.bench.contest.entrants import Entrant
from engine.bench.contest.filters import Filters
from engine.bench.contest.schema import Row
from engine.bench.contest.tuning import RECALL

NONE, NEW = "none", "new"
PARTS = ("queries", "batch", "start", "writes")


@dataclass(frozen=True)
class EnginesRequest:
    """Who is measured on what.

    Attributes:
        stores: a folder that keeps a store for each contestant.
        queries: in each cell. tuning: others, of the same catalogue, that find each one's setting.
        recall: the mean recall at k that a setting has to reach.
        rounds: of fresh processes and of batches. writes: of each kind.
        budget_s: seconds for one contestant in one cell.
        parts: which of `queries`, `batch`, `start`, `writes`.
    """

    catalogue: Catalogue
    stores: Path
    entrants: Sequence[Entrant]
    queries: int = 200
    tuning: int = 100
    k: int = 20
    recall: float = RECALL
    rounds: int = 5
    writes: int = 50
    budget_s: float = 20.0
    reuse: bool = False
    parts: Sequence[str] = PARTS

    def smoke(self) -> EnginesRequest:
        """The same, a few of each."""
        return replace(self, queries=6, tuning=6, k=5, rounds=1, writes=2, budget_s=2.0)

    @property
    def settings(self) -> dict[str, int]:
        """What every line of it is told by."""
        return {
            "rows": len(self.catalogue.vectors),
            "dimension": self.catalogue.schema.dimension,
            "k": self.k,
        }

    def cells(self) -> dict[str, Asked]:
        """Questions by cell: no filter, each named one, and filters that were never asked before."""
        numbers = list(range(min(self.queries, len(self.catalogue.queries))))
        filters: dict[str, Filters | None] = {NONE: None, **self.catalogue.filters}
        found = {
            name: Asked(numbers, [one] * len(numbers), self.k, one) for name, one in filters.items()
        }
        pairs = [one for one in unseen_filters(self.catalogue, len(numbers) // 2) for _ in (0, 1)]
        # Asked twice, with another query: what the first one takes more is the filter's own cost.
        return {**found, NEW: Asked(numbers[: len(pairs)], pairs, self.k)}

    def tuning_of(self, asked: Asked) -> Asked:
        """The same cell with the queries that tune."""
        last = len(self.catalogue.queries)
        numbers = list(range(max(0, last - self.tuning), last))
        return Asked(
            numbers, [asked.filters[0]] * len(numbers), self.k, asked.warm, with_rows=False
        )


def unseen_filters(catalogue: Catalogue, number: int) -> list[Filters]:
    """Different filters, alone or combined, each of which keeps at least one row."""
    rng = np.random.default_rng(1)
    chosen = catalogue.table.take(rng.integers(0, len(catalogue.table), number)).to_pylist()
    widths = rng.uniform(0.5, 40, (number, 2)).tolist()
    return [combined(row, place, *width) for place, (row, width) in enumerate(zip(chosen, widths))]


def combined(row: Row, place: int, below: float, above: float) -> Filters:
    """A filter that a product passes, of one of four forms in turn; its bounds are its own."""
    price = float(row["price"] or 0.0)  # type: ignore[arg-type]
    low, high = price - below, price + above
    forms: tuple[tuple[tuple[str, ...], dict[str, object]], ...] = (
        ((), {"price >=": low, "price <": high}),
        (("master_category",), {"price <": high}),
        (("gender", "base_color"), {"price >=": low}),
        (("article_type", "season"), {"price <": high}),
    )
    names, bounds = forms[place % len(forms)]
    return {name: row[name] for name in names if row[name] is not None} | bounds
