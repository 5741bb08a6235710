"""How long the steps of a query took, as a small picture. Knows numbers; not HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.service.inspection.recent import AnsweredQuery
from engine.shop.page.address import Asked

WIDTH = 180  # of the picture's own units
_LEAST = 2.0  # of a step that took any time, to be seen


@dataclass(frozen=True)
class Step:
    """A step of a query: its milliseconds, and where its bar begins and how long it is."""

    name: str
    ms: float
    start: float
    length: float


@dataclass(frozen=True)
class Steps:
    """The steps of a query, in their order; those that took no time are left out."""

    steps: tuple[Step, ...]
    whole_ms: float

    @property
    def in_words(self) -> str:
        """Such as `encode 4.1 ms, search 0.6 ms`."""
        return ", ".join(f"{step.name} {step.ms:.2f} ms" for step in self.steps) or "no time"


def steps_of(times: Mapping[str, float]) -> Steps:
    """The steps side by side, of milliseconds by step; together they fill the picture."""
    there = {name: ms for name, ms in times.items() if ms > 0}
    whole = sum(there.values())
    room = WIDTH - _LEAST * len(there)
    steps, start = [], 0.0
    for name, ms in there.items():
        length = _LEAST + room * ms / whole
        steps.append(Step(name, ms, round(start, 1), round(length, 1)))
        start += length
    return Steps(tuple(steps), whole)


@dataclass(frozen=True)
class ShownQuery:
    """One of the last queries: what it was, its steps, and where it is explained; None for nowhere."""

    query: AnsweredQuery
    steps: Steps
    explained: str | None

    @property
    def at_ms(self) -> float:
        """When it was answered, in milliseconds since the epoch."""
        return 1000 * self.query.at


def shown_queries(queries: list[AnsweredQuery]) -> list[ShownQuery]:
    """The last queries, each with its picture."""
    return [ShownQuery(one, steps_of(one.times), _explained(one)) for one in queries]


def _explained(query: AnsweredQuery) -> str | None:
    if not query.is_plain:
        return None
    return Asked(words=query.text).url("/inside/query")
