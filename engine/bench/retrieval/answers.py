"""A contestant's answer to a task: an encoder's, or a run that somebody else's system wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.bench.retrieval.encoding import CollectionEncoder, Parts
from engine.bench.retrieval.ranking import Ranked, Restriction, by_score, ranked
from engine.bench.retrieval.task import Task
from engine.bench.retrieval.trec import RunFile, token
from engine.errors import InvalidParameterValue
from engine.shop.embedding.vectors import Progress


@dataclass(frozen=True)
class Answer:
    """What a contestant found, by query; a query that is missing found nothing.

    Attributes:
        documents: how many could be found; None where only the contestant knows.
        notes: what must be known of it: documents without a vector, queries that nobody judged.
    """

    contestant: str
    run: Mapping[str, Ranked]
    documents: int | None = None
    notes: tuple[str, ...] = ()


def encoded(encoder: CollectionEncoder, task: Task, depth: int, progress: Progress) -> Answer:
    """Documents ranked by the inner product of their vectors with a query's.

    A document without a vector is never found, and a query without one finds nothing, so that a model
    which can't read a picture is no better off than one that reads it badly.

    Raises:
        InvalidParameterValue: the model knows no pictures, and the task has some.
    """
    collection, queries = task.collection, list(task.queries.values())
    documents = [Parts(one.picture, one.text) for one in collection.documents]
    asked = [Parts(one.picture, one.text) for one in queries]
    if not encoder.encoder.takes_photos and any(one.picture for one in [*documents, *asked]):
        raise InvalidParameterValue(f"{encoder.name} encodes texts only, and there are pictures")
    there, vectors = encoder.vectors(documents, task.text_weight, progress)
    with_vector, own = encoder.vectors(asked, task.text_weight, progress)
    ids = [collection.documents[row].id for row in there]
    restrictions = _restrictions(task, ids)
    query_ids = [queries[row].id for row in with_vector]
    run = dict(ranked(own, query_ids, vectors, ids, depth, restrictions))
    notes = []
    for count, what in (
        (len(documents) - len(there), "documents have no vector and are never found"),
        (len(queries) - len(with_vector), "queries have no vector and count 0"),
    ):
        if count:
            why = next(iter(encoder.failed.values()), "neither a picture nor a text")
            notes.append(f"{count:,} {what} (such as: {why:.200})")
    return Answer(encoder.name, run, len(there), tuple(notes))


def _restrictions(task: Task, ids: Sequence[str]) -> dict[str, Restriction]:
    row_of = {one: row for row, one in enumerate(ids)}

    def rows(some: frozenset[str]) -> np.ndarray:
        return np.array(sorted(row_of[one] for one in some if one in row_of), dtype=np.int64)

    return {
        query.id: Restriction(
            rows(query.without) if query.without else None,
            None if query.among is None else rows(query.among),
        )
        for query in task.queries.values()
        if query.without or query.among is not None
    }


def from_file(name: str, file: RunFile, task: Task) -> Answer | None:
    """A run that was read, where it answers queries of the task; None where it answers none.

    Documents that a query may not find are taken out of it, as they are of encoders' lists. What
    nobody judged is not right. A query of the task that it lacks counts 0.
    """
    queries = {token(one): one for one in task.queries}
    if not any(one in queries for one in file.scores):
        return None
    documents = {token(one.id): one.id for one in task.collection.documents}
    run = {}
    for said, scores in file.scores.items():
        if said in queries:
            query = task.queries[queries[said]]
            own = {documents.get(one, one): score for one, score in scores.items()}
            kept = {
                one: score
                for one, score in own.items()
                if one not in query.without and (query.among is None or one in query.among)
            }
            run[query.id] = by_score(query.id, kept)
    lacking = len(queries) - len(run)
    notes = (f"{lacking:,} of {len(queries):,} queries are not in it and count 0",)
    return Answer(name, run, None, notes if lacking else ())


def unjudged(file: RunFile, tasks: Sequence[Task]) -> Iterator[tuple[str, int]]:
    """Queries of a run that no task asks, each with the line where it stands first."""
    asked = {token(one) for task in tasks for one in task.queries}
    return ((one, file.lines[one]) for one in file.scores if one not in asked)
