"""What a task showed: each contestant's figures, and which of them differ beyond noise."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from engine.bench.records.line import Line, Setting, many, one
from engine.bench.retrieval.answers import Answer
from engine.bench.retrieval.measures import Measure, values_of
from engine.bench.retrieval.task import Task, groups_of
from engine.bench.retrieval.trec import token
from engine.bench.statistics.intervals import bootstrap
from engine.bench.statistics.significance import holm, paired_randomization
from engine.shop.evaluation.figures.figure import Floats

CASE = "retrieval"
LEVEL = 0.05  # of all pairs of a task together


@dataclass(frozen=True)
class Scores:
    """One contestant's values in one task, a query each, in the order of the queries' ids.

    Attributes:
        intervals: 95 % of what the means would be with other queries of the kind (bootstrap).
    """

    answer: Answer
    values: Mapping[Measure, Floats]
    intervals: Mapping[Measure, tuple[float, float]]

    @property
    def contestant(self) -> str:
        return self.answer.contestant


@dataclass(frozen=True)
class Difference:
    """By how much the first contestant's mean exceeds the second's.

    Attributes:
        interval: 95 % (paired bootstrap). p: of no difference, adjusted for all pairs of the task by
            Holm's rule.
    """

    first: str
    second: str
    measure: Measure
    mean: float
    interval: tuple[float, float]
    p: float

    @property
    def is_beyond_noise(self) -> bool:
        return self.p <= LEVEL

    @property
    def verdict(self) -> str:
        """What it means, in words."""
        if not self.is_beyond_noise:
            return "no difference beyond noise"
        better = self.first if self.mean > 0 else self.second
        return f"{better} is better beyond noise"


@dataclass(frozen=True)
class TaskResult:
    """All contestants of one task; `differences` holds every pair, for each measure; `seed` draws."""

    task: Task
    seed: int
    measures: tuple[Measure, ...]
    scores: tuple[Scores, ...]
    differences: tuple[Difference, ...]

    def lines(self) -> Iterator[Line]:
        """As a run's file keeps them: every query's value, then groups, then differences."""
        for scores in self.scores:
            for measure in self.measures:
                yield _line(self, scores, measure)
            yield from _of_groups(self, scores)
        for found in self.differences:
            yield Line(
                CASE,
                f"{found.first} - {found.second}",
                f"difference in {found.measure}",
                "share",
                one(found.mean),
                settings_of(self.task),
                "neither",
                more={
                    "interval": list(found.interval),
                    "p": found.p,
                    "test": f"randomization, Holm over the pairs of the task, level {LEVEL}",
                    "beyond_noise": found.is_beyond_noise,
                },
            )


def result_of(
    task: Task, answers: Sequence[Answer], measures: Sequence[Measure], seed: int
) -> TaskResult:
    """Score what contestants found, and compare them.

    Raises:
        MissingExtra: ir-measures is not installed.
    """
    chosen = task.measures or tuple(measures)
    scores = []
    for answer in answers:
        ids = {query: found.ids for query, found in answer.run.items()}
        values = values_of(chosen, task.right, ids)
        bounds = {measure: bootstrap(some.tolist(), seed=seed) for measure, some in values.items()}
        scores.append(Scores(answer, values, bounds))
    found = [each for measure in chosen for each in _differences(scores, measure, seed)]
    return TaskResult(task, seed, chosen, tuple(scores), tuple(found))


def settings_of(task: Task, group: str | None = None) -> dict[str, Setting]:
    """What tells a task's lines apart."""
    own: dict[str, Setting] = {
        "task": task.name,
        "collection": task.collection.name,
        **task.settings,
    }
    return own if group is None else {**own, "group": group}


def _differences(scores: Sequence[Scores], measure: Measure, seed: int) -> list[Difference]:
    pairs = list(combinations(scores, 2))
    sides = [(first.values[measure], second.values[measure]) for first, second in pairs]
    p_values = holm(
        [paired_randomization(*(one.tolist() for one in both), seed=seed) for both in sides]
    )
    return [
        Difference(
            first.contestant,
            second.contestant,
            measure,
            float(np.mean(both[0] - both[1])),
            bootstrap((both[0] - both[1]).tolist(), seed=seed),
            p,
        )
        for (first, second), both, p in zip(pairs, sides, p_values)
    ]


def _line(result: TaskResult, scores: Scores, measure: Measure) -> Line:
    """All values of a contestant by one measure."""
    collection, ids = result.task.collection, list(result.task.queries)
    more: dict[str, Any] = {
        "queries": len(ids),
        "queries_digest": digest_of(ids),
        "order": "ids of the queries, ascending",
        "documents": len(collection.documents),
        "notes": list(scores.answer.notes),
        "source": collection.source,
        "limits": collection.limits,
    }
    if collection.more:
        more["collection"] = dict(collection.more)
    settings = settings_of(result.task)
    values = scores.values[measure]
    return _mean(scores, measure, values, scores.intervals[measure], settings, more)


def _of_groups(result: TaskResult, scores: Scores) -> Iterator[Line]:
    """The first measure's values in each group of queries."""
    first = result.measures[0]
    ids = list(result.task.queries)
    documents = len(result.task.collection.documents)
    for group, places in groups_of(list(result.task.queries.values())).items():
        values = scores.values[first][places]
        interval = bootstrap(values.tolist(), seed=result.seed)
        own = [ids[place] for place in places]
        more = {"queries": len(own), "queries_digest": digest_of(own), "documents": documents}
        yield _mean(scores, first, values, interval, settings_of(result.task, group), more)


def _mean(
    scores: Scores,
    measure: Measure,
    values: Floats,
    interval: tuple[float, float],
    settings: Mapping[str, Setting],
    more: Mapping[str, Any],
) -> Line:
    said = {"statistic": "mean", "mean": float(values.mean()), "interval": list(interval), **more}
    name, contestant = str(measure), scores.contestant
    return Line(
        CASE, contestant, name, "share", many(values.tolist()), settings, "higher", more=said
    )


def digest_of(ids: Sequence[str]) -> str:
    """What tells whether two lines' values belong to the same queries."""
    whole = "\n".join(map(token, ids)).encode()
    return hashlib.blake2b(whole, digest_size=8).hexdigest()
