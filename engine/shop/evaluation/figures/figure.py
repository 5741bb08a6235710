"""A figure: what came of each of its queries, and what is said of all of them together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from engine.core.arrays import Matrix

Floats = npt.NDArray[np.float64]
Product = Mapping[str, Any]  # fields by their names in the public fashion layout, and `name`
Encode = Callable[[Sequence[str]], Matrix]  # texts to unit rows

DRAWS = 1000  # of a bootstrap
_AT_ONCE = 1 << 20  # numbers that are drawn at once


@dataclass(frozen=True)
class Figure:
    """One measure of one model.

    Attributes:
        key: its name in JSON. title: its name for people.
        queries: what was asked, each once. values: what came of each query, in the same order.
        statistic: what is said of the values together.
        found: rows of the products that each query found, best first; empty where that says nothing.
        more: what else is to be known of it, as JSON.
    """

    key: str
    title: str
    queries: tuple[str, ...]
    values: Floats
    statistic: Literal["mean", "median"] = "mean"
    found: tuple[tuple[int, ...], ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def value(self) -> float | None:
        """The mean, or the median, over the queries; None without a query."""
        return self._of(self.values) if len(self.values) else None

    def interval(self) -> tuple[float, float] | None:
        """95 % of what the value would be with other queries drawn from the same ones (bootstrap)."""
        if not len(self.values):
            return None
        return _middle([self._of_each(self.values[some]) for some in _draws(len(self.values))])

    def summary(self) -> dict[str, Any]:
        """Value, interval and number of queries, as JSON."""
        interval = self.interval()
        return {
            "value": None if self.value is None else round(self.value, 4),
            "interval": interval and [round(bound, 4) for bound in interval],
            "n": len(self.values),
            **self.more,
        }

    def gain_over(self, other: Figure) -> tuple[float, float, float] | None:
        """By how much this model's value exceeds another's, with a 95 % interval: paired bootstrap.

        Only queries that both answered count, and each draw takes the same ones of both, so that what
        makes a query hard for both does not widen the interval. None where they share no query.
        """
        place = {query: row for row, query in enumerate(other.queries)}
        rows = [row for row, query in enumerate(self.queries) if query in place]
        if not rows:
            return None
        own = self.values[rows]
        others = other.values[[place[self.queries[row]] for row in rows]]
        draws = [
            self._of_each(own[some]) - self._of_each(others[some]) for some in _draws(len(rows))
        ]
        return self._of(own) - self._of(others), *_middle(draws)

    def _of(self, values: Floats) -> float:
        return float(self._of_each(values[None])[0])

    def _of_each(self, draws: Floats) -> Floats:
        """Of (d, n) values what is said of each row together: (d,)."""
        return np.median(draws, axis=1) if self.statistic == "median" else draws.mean(axis=1)


def _draws(count: int) -> Iterator[npt.NDArray[np.int64]]:
    """Rows with replacement, (d, count) at a time, the same ones for every model and at every call."""
    rng = np.random.default_rng(0)
    at_once = max(1, _AT_ONCE // count)
    for start in range(0, DRAWS, at_once):
        yield rng.integers(0, count, (min(at_once, DRAWS - start), count))


def _middle(blocks: Sequence[Floats]) -> tuple[float, float]:
    low, high = np.percentile(np.concatenate(blocks), [2.5, 97.5])
    return float(low), float(high)
