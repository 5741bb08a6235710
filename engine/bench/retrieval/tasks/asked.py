"""What tasks are made with: weights, query sets, how many queries; and judgements made on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from engine.bench.collections.collection import Collection, Document, Query
from engine.bench.retrieval.goods.goods import Goods
from engine.bench.retrieval.tasks.rules import rules
from engine.shop.evaluation.figures.catalogue import drawn
from engine.shop.evaluation.figures.query_sets import Query as SetQuery

WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
QUERIES = 1000
Named = TypeVar("Named")


@dataclass(frozen=True)
class Asked:
    """What to ask.

    Attributes:
        weights: of the text, in hybrid tasks.
        queries: of each task at most, drawn by a hash of their ids; None for all.
        query_sets: texts with what is right for them, by name.
    """

    weights: tuple[float, ...] = WEIGHTS
    queries: int | None = QUERIES
    query_sets: Mapping[str, Sequence[SetQuery]] = field(default_factory=dict)

    def some(self, things: Sequence[Named], ids: Sequence[str], share: int = 1) -> list[Named]:
        """So many of them as a task may ask, divided by the number of kinds that share it."""
        if self.queries is None:
            return list(things)
        return [things[row] for row in drawn(ids, max(1, self.queries // share))]


class Judgements(Mapping[str, Mapping[str, int]]):
    """Grades by query, made when they are asked for: many queries of a catalogue have thousands."""

    def __init__(self, queries: Iterable[str], of: Callable[[str], Mapping[str, int]]) -> None:
        self._queries, self._of = set(queries), of

    def __getitem__(self, query: str) -> Mapping[str, int]:
        if query not in self._queries:
            raise KeyError(query)
        return self._of(query)

    def __iter__(self) -> Iterator[str]:
        return iter(self._queries)

    def __len__(self) -> int:
        return len(self._queries)


def collection_of(
    goods: Goods,
    documents: Sequence[Document],
    queries: Sequence[Query],
    right: Mapping[str, Mapping[str, int]],
) -> Collection:
    """A collection that is made of a catalogue, with what it says of itself."""
    return Collection(goods.name, documents, queries, right, rules().limits, goods.source)
