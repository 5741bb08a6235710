"""What is asked of whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.bench.contest.entrants import Entrant
from engine.bench.contest.tuning import RECALL
from engine.bench.filtered.data import FilteredData
from engine.bench.filtered.filters import Kind

MEASURED, TUNING = 25, 25  # queries of each kind
BUDGET_S = 0.7


@dataclass(frozen=True)
class FilteredRequest:
    """Who is measured on what.

    Attributes:
        stores: a folder that keeps a store for each contestant.
        kinds: of filters, one after the other.
        recall: the mean recall at k that a setting has to reach.
        budget_s: seconds for one contestant to answer one kind's cold queries, as many for the cached
            ones and for each setting that is tried; who is slow answers fewer.
        reuse: whether stores of an earlier run are opened.
    """

    data: FilteredData
    stores: Path
    entrants: Sequence[Entrant]
    kinds: Sequence[Kind]
    k: int = 10
    recall: float = RECALL
    budget_s: float = BUDGET_S
    seed: int = 0
    reuse: bool = False
