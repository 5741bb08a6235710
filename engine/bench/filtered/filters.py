"""Filters of a selectivity that keep what is near to the query, what is far, or either; each is new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.bench.contest.contest import Asked
from engine.bench.contest.filters import Filters, text
from engine.bench.filtered.data import CENTRES, SHUFFLED, FilteredData, near
from engine.errors import InvalidParameterValue

CORRELATIONS = ("uncorrelated", "correlated", "anticorrelated")
SELECTIVITIES = (0.01, 0.1, 1.0, 5.0, 10.0, 25.0, 50.0)  # percent


@dataclass(frozen=True)
class Kind:
    """One kind of filter: percent of the rows that it keeps, and what they have to do with the query."""

    selectivity: float
    correlation: str

    def __post_init__(self) -> None:
        if not 0 < self.selectivity <= 100:
            raise InvalidParameterValue(
                f"selectivity {self.selectivity}; expected percent, above 0 and at most 100"
            )
        if self.correlation not in CORRELATIONS:
            raise InvalidParameterValue(
                f"correlation {self.correlation!r}; expected one of {', '.join(CORRELATIONS)}"
            )

    def kept(self, rows: int) -> int:
        """How many rows pass, at least one."""
        return max(1, round(rows * self.selectivity / 100))


@dataclass(frozen=True)
class Questions:
    """What is asked under one kind.

    Attributes:
        cold: with filters that were never asked, each a new one.
        cached: the same filters again, each with another query near the same centre.
        tuning: other queries and other filters.
    """

    tuning: Asked
    cold: Asked
    cached: Asked


@dataclass
class FilterMaker:
    """Makes filters that are new each time, whatever the kind."""

    data: FilteredData
    seed: int = 0
    _made: set[str] = field(default_factory=set)

    def questions(self, kind: Kind, k: int) -> Questions:
        """Questions of one kind, with queries of all centres in turn.

        Raises InvalidParameterValue: the rows are too few for so many different filters.
        """
        measured = _in_turn(self.data.groups["measured"])
        tuning = _in_turn(self.data.groups["tuning"])
        of_tuning = self._filters(kind, len(tuning))
        filters = self._filters(kind, len(measured))
        others = [measured[(place + CENTRES) % len(measured)] for place in range(len(measured))]
        warm = of_tuning[0]
        return Questions(
            Asked(tuning, of_tuning, k, warm, with_rows=False),
            Asked(measured, filters, k, warm),
            Asked(others, filters, k, warm),
        )

    def _filters(self, kind: Kind, count: int) -> list[Filters]:
        rows = self.data.rows
        places = rows - kind.kept(rows) + 1  # where a range of so many rows may begin
        order: Sequence[int] = range(places)
        if kind.correlation == "uncorrelated":
            order = np.random.default_rng([self.seed, len(self._made)]).permutation(places).tolist()
        free = [iter(order) for _ in range(CENTRES)]
        return [
            self._next(kind, number % CENTRES, free[number % CENTRES]) for number in range(count)
        ]

    def _next(self, kind: Kind, centre: int, starts: Iterator[int]) -> Filters:
        """The first filter that was not made yet."""
        for start in starts:
            found = range_filter(kind, centre, start, self.data.rows)
            if text(found) not in self._made:
                self._made.add(text(found))
                return found
        raise InvalidParameterValue(
            f"{self.data.rows:,} rows have no more different filters that keep "
            f"{kind.selectivity:g} % of them; expected more rows, or a lower selectivity"
        )


def range_filter(kind: Kind, centre: int, start: int, rows: int) -> Filters:
    """A range of one column; `start` counts from the end that its kind is about."""
    kept = kind.kept(rows)
    column = SHUFFLED if kind.correlation == "uncorrelated" else near(centre)
    low = rows - kept - start if kind.correlation == "anticorrelated" else start
    return {f"{column} >=": low, f"{column} <": low + kept}


def _in_turn(groups: list[list[int]]) -> list[int]:
    """One of each group, then the next of each: the n-th belongs to group n modulo their number."""
    return [number for numbers in zip(*groups) for number in numbers]
