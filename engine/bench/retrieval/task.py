"""A task: what is asked of whom, how vectors are made for it, and which measures say how it went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from engine.bench.collections.collection import Collection, Query
from engine.bench.records.line import Setting
from engine.bench.retrieval.measures import Measure
from engine.core.ranking.fusion import DEFAULT_TEXT_WEIGHT


@dataclass(frozen=True)
class Task:
    """A collection as it is asked.

    Attributes:
        name: `text_to_image`, `hybrid`, ...; with the settings it tells tasks of a run apart.
        text_weight: of the text, where a document or a query has a picture and a text.
        settings: what else tells it apart, such as the text's weight where several are compared.
        measures: where it has its own; None for those that were asked for.
    """

    name: str
    collection: Collection
    text_weight: float = DEFAULT_TEXT_WEIGHT
    settings: Mapping[str, Setting] = field(default_factory=dict)
    measures: tuple[Measure, ...] | None = None

    @property
    def title(self) -> str:
        """Its name and settings, for tables."""
        said = ", ".join(f"{name} {value}" for name, value in self.settings.items())
        return f"{self.name} ({said})" if said else self.name

    @property
    def slug(self) -> str:
        """Its name and settings, for files."""
        return "-".join([self.name, *(f"{key}-{value}" for key, value in self.settings.items())])

    @cached_property
    def queries(self) -> dict[str, Query]:
        """Those that something right can be found for, by id, in the order of the ids."""
        chosen = {query.id: query for query in self.collection.queries}
        return {
            one: chosen[one] for one in sorted(chosen) if next(self._right_of(chosen[one]), None)
        }

    @cached_property
    def right(self) -> Judged:
        """What is right for each of `queries`: only documents that it may find."""
        return Judged(self)

    def right_for(self, query: str) -> dict[str, int]:
        """Grades above 0 of the documents that are right for a query and may be found by it."""
        return dict(self._right_of(self.queries[query]))

    def _right_of(self, query: Query) -> Iterator[tuple[str, int]]:
        for document, grade in self.collection.relevance.get(query.id, {}).items():
            is_allowed = query.among is None or document in query.among
            if grade > 0 and is_allowed and document not in query.without:
                yield document, grade


class Judged(Mapping[str, Mapping[str, int]]):
    """A task's judgements, put together when a query's are asked for: thousands may share one set."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def __getitem__(self, query: str) -> Mapping[str, int]:
        return self._task.right_for(query)

    def __iter__(self) -> Iterator[str]:
        return iter(self._task.queries)

    def __len__(self) -> int:
        return len(self._task.queries)


def groups_of(queries: Sequence[Query]) -> dict[str, list[int]]:
    """Places of the queries of each group, by the group's name; queries of no group are in none."""
    found: dict[str, list[int]] = {}
    for place, query in enumerate(queries):
        if query.group is not None:
            found.setdefault(query.group, []).append(place)
    return dict(sorted(found.items()))
