"""What a measurement of vector search is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.bench.ann.data import Data
from engine.bench.contest.entrants import Entrant


@dataclass(frozen=True)
class AnnRequest:
    """One set of vectors, and who is measured on it.

    Attributes:
        stores: an empty folder for the contestants' stores, which are taken away again.
        ks: how many results are asked for.
        budget_s: seconds for one contestant to fill its store, and as many to answer on one thread.
        rounds: calls of a batch that are timed.
        say: told what is going on.
    """

    data: Data
    stores: Path
    entrants: tuple[Entrant, ...]
    ks: tuple[int, ...] = (1, 10, 100)
    budget_s: float = 120.0
    rounds: int = 3
    say: Callable[[str], None] = lambda text: None
