"""What a durable write of one row costs, and how fast queries are after it.

Written to is a copy of the store that was measured, or a store of the contestant's own for writes.
Whether a write can be seen is asked of the contestant itself, with the written vector.
"""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.bench.contest.catalogue import Catalogue
from engine.bench.contest.contest import Asked, Contest
from engine.bench.contest.schema import Row
from engine.bench.contest.worker import Turn, Worker
from engine.bench.engines.request import EnginesRequest
from engine.bench.records.line import Line, Record, many
from engine.core.arrays import Matrix

CASE = "engines"
TURN = 10  # writes
DEPTH = 5  # results among which a written row is looked for


@dataclass(frozen=True)
class Change:
    """One kind of write: what it is called with, and which rows then are there or are not."""

    kind: str
    method: str
    arguments: tuple[Any, ...]  # sequences: a value for each write
    keys: list[int]
    vectors: Matrix
    present: bool


def changes(catalogue: Catalogue, writes: int) -> list[Change]:
    """New rows, other vectors for rows that exist, and rows taken away."""
    rng = np.random.default_rng(2)
    key = catalogue.schema.key
    writes = min(writes, len(catalogue.table) // 3, len(catalogue.queries) // 2)
    places = rng.choice(len(catalogue.table), 3 * writes, replace=False)
    copied, changed, removed = places.reshape(3, writes)
    first = int(catalogue.keys.max()) + 1
    new = [{**row, key: first + i} for i, row in enumerate(rows_at(catalogue, copied))]
    gone = catalogue.keys[removed].tolist()
    return [
        upsert("upsert, new", key, new, catalogue.queries[:writes]),
        upsert(
            "upsert, existing",
            key,
            rows_at(catalogue, changed),
            catalogue.queries[writes : 2 * writes],
        ),
        Change("delete", "delete", (gone,), gone, catalogue.vectors[removed], False),
    ]


def rows_at(catalogue: Catalogue, places: np.ndarray) -> list[Row]:
    """Rows as dicts."""
    return catalogue.table.take(places).to_pylist()  # type: ignore[no-any-return]


def upsert(kind: str, key: str, rows: list[Row], vectors: Matrix) -> Change:
    """Rows to write, with their vectors."""
    return Change(kind, "upsert", (rows, vectors), [int(r[key]) for r in rows], vectors, True)  # type: ignore[call-overload]


def measure_writes(request: EnginesRequest, contest: Contest, record: Record) -> None:
    """Everyone who can writes in turns, then answers without a filter; leaves no copies behind."""
    for name in contest.names:
        with contest.guarded(name):
            open_copy(contest, name)
    run = _Writes(request, contest, record)
    for change in changes(request.catalogue, request.writes):
        run.write(change)
    run.ask()
    written = list(contest.workers)
    contest.close()
    for name in written:
        shutil.rmtree(contest.stores / f"{name}-written", ignore_errors=True)


def open_copy(contest: Contest, name: str) -> None:
    """A store that may be written to, opened; nobody is opened who can't write."""
    worker = contest.open_worker(name)
    if not worker.facts.writes:
        contest.dismiss(name)
        return
    copy = contest.stores / f"{name}-written"
    shutil.rmtree(copy, ignore_errors=True)
    if worker.facts.own_writable:
        worker.call("build", copy, contest.catalogue.folder, True)
    else:
        shutil.copytree(contest.stores / worker.facts.store, copy)
    worker.call("open", copy, True)


class _Writes:
    """One run of the writes."""

    def __init__(self, request: EnginesRequest, contest: Contest, record: Record) -> None:
        self.request, self.contest, self.record = request, contest, record

    def write(self, change: Change) -> None:
        """All writes of a kind, ten in a turn; then whether queries see them."""
        taken: dict[str, list[float]] = {name: [] for name in self.contest.workers}

        def turn(worker: Worker, part: slice) -> None:
            arguments = (values[part] for values in change.arguments)
            taken[worker.name] += worker.call(change.method, *arguments)

        for start in range(0, len(change.keys), TURN):
            part = slice(start, start + TURN)
            self.contest.in_turn(start // TURN, lambda worker, p=part: turn(worker, p))  # type: ignore[misc]
        self.contest.in_turn(0, lambda worker: self._tell(worker, change, taken[worker.name]))

    def _tell(self, worker: Worker, change: Change, taken: list[float]) -> None:
        nothing = [None] * len(change.keys)
        turn: Turn = worker.call("answer", change.vectors, DEPTH, nothing, math.inf)
        seen = [(key in found) == change.present for key, found in zip(change.keys, turn.keys)]
        settings = self.request.settings
        self.record(Line(CASE, worker.name, change.kind, "ms", many(taken), settings))
        share = (float(np.mean(seen)),)
        self.record(
            Line(CASE, worker.name, f"{change.kind}, seen", "share", share, settings, "higher")
        )

    def ask(self) -> None:
        """What a query takes after the writes."""
        numbers = list(range(min(self.request.queries, len(self.request.catalogue.queries))))
        asked = Asked(numbers, [None] * len(numbers), self.request.k, judged=False)
        for name, answers in self.contest.answer(asked).items():
            line = Line(
                CASE, name, "latency after writes", "ms", many(answers.ms), self.request.settings
            )
            self.record(line)
