"""The engines measured: each part gives lines as soon as it is known."""

from __future__ import annotations

import numpy as np

from engine.bench.contest.contest import Answers, Asked, Contest
from engine.bench.contest.entrants import REFERENCE
from engine.bench.contest.tuning import Tuned, answered, described, reached, tuned
from engine.bench.contest.worker import Worker
from engine.bench.engines.request import NEW, NONE, EnginesRequest
from engine.bench.engines.writes import measure_writes
from engine.bench.records.floors import Floors
from engine.bench.records.line import LeftOut, Line, Record, Setting, many, one

CASE = "engines"


def measure(request: EnginesRequest, floors: Floors, record: Record) -> None:
    """Build, ask, start and write, everyone in turns."""
    contest = Contest(
        CASE,
        request.catalogue,
        request.stores,
        record,
        budget_s=request.budget_s,
        reuse=request.reuse,
    )
    run = _Run(request, contest, floors, record)
    try:
        run.build()
        if {"queries", "batch"} & set(request.parts):
            contest.open()
            chosen = run.queries()
            if "batch" in request.parts:
                run.batch(chosen)
            run.memory()
            contest.close()
        if "start" in request.parts:
            run.start()
        if "writes" in request.parts:
            measure_writes(request, contest, record)
    finally:
        contest.close()


class _Run:
    """One run of the case: the request, the contest, and where lines go."""

    def __init__(
        self,
        request: EnginesRequest,
        contest: Contest,
        floors: Floors,
        record: Record,
    ) -> None:
        self.request, self.contest, self.floors, self.record = request, contest, floors, record

    def add(
        self, name: str, what: str, unit: str, values: tuple[float, ...], **more: object
    ) -> None:
        """Record a line; `cell`, where there is one, is one of its settings."""
        settings: dict[str, Setting] = dict(self.request.settings)
        if "cell" in more:
            settings["cell"] = str(more.pop("cell"))
        better = more.pop("better", "lower")
        floor = more.pop("floor", None)
        line = Line(CASE, name, what, unit, values, settings, better, floor, more)  # type: ignore[arg-type]
        self.record(line)

    def build(self) -> None:
        for name, built in self.contest.build(self.request.entrants).items():
            facts = self.contest.facts[name]
            self.add(
                name, "build", "s", one(built.seconds), about=facts.about, versions=facts.versions
            )
            raw = self.request.catalogue.vectors.nbytes
            self.add(name, "disk", "x vectors", one(built.disk / raw))

    def queries(self) -> dict[str, Tuned]:
        """Every cell, each contestant at the cheapest setting that reaches the recall there."""
        plain: dict[str, Tuned] = {}
        for cell, asked in self.request.cells().items():
            if cell != NONE:
                self._with_filters_only()
            if cell == NEW:
                self._answer_new(asked, plain)
                continue
            chosen = tuned(self.contest, self.request.tuning_of(asked), self.request.recall)
            found = answered(self.contest, asked, chosen, self.request.recall)
            for name, answers in found.items():
                self._tell(name, cell, asked, answers, chosen.get(name))
            plain = plain or chosen
        return plain

    def _answer_new(self, asked: Asked, plain: dict[str, Tuned]) -> None:
        """Each filter is asked for twice only, so nobody is tuned: settings are those of no filter."""
        for name, found in plain.items():
            if name in self.contest.workers:
                self.contest.tune(name, found.setting)
        for name, answers in self.contest.answer(asked).items():
            self._tell(name, NEW, asked, answers, plain.get(name))

    def _with_filters_only(self) -> None:
        """Who has no filters goes, and is told but for the reference, which is no engine."""
        for name, worker in list(self.contest.workers.items()):
            if not worker.facts.takes_filters:
                self.contest.dismiss(name)
                if name != REFERENCE:
                    self.record(LeftOut(CASE, name, "it has no filters"))

    def _tell(
        self, name: str, cell: str, asked: Asked, answers: Answers, setting: Tuned | None
    ) -> None:
        more: dict[str, object] = {"cell": cell}
        if setting is not None and name != REFERENCE:
            enough = reached(answers.recall, self.request.recall)
            more |= {"setting": described(setting.setting), "reached": enough}
        rows = len(self.request.catalogue.vectors)
        floor = self.floors.reading(rows, self.request.catalogue.schema.dimension)
        if cell == NEW:
            first, again = np.array(answers.ms[0::2]), np.array(answers.ms[1::2])
            first = first[: len(again)]
            if len(again):
                self.add(name, "latency, filter never seen", "ms", many(first), **more)
                self.add(name, "first - again", "ms", many(first - again), **more)
        else:
            self.add(
                name, "latency", "ms", many(answers.ms), floor=floor, filter=asked.warm, **more
            )
        if name != REFERENCE and len(answers.recall):
            self.add(
                name, f"recall@{asked.k}", "share", many(answers.recall), better="higher", **more
            )

    def batch(self, chosen: dict[str, Tuned]) -> None:
        """All queries at once, some times over; each at its setting without a filter."""
        queries = self.request.catalogue.queries
        for name, setting in chosen.items():
            if name in self.contest.workers:
                self.contest.tune(name, setting.setting)
        numbers = {
            name: range(len(queries))
            for name, worker in self.contest.workers.items()
            if worker.facts.batches
        }
        answers = self.contest.batch(numbers, self.request.k, self.request.rounds)
        for name, found in answers.items():
            rates = many(1000 * len(queries) / ms for ms in found.ms)
            self.add(name, "batch", "queries/s", rates, better="higher", queries=len(queries))
            recall = many(found.recall)
            self.add(name, f"batch recall@{self.request.k}", "share", recall, better="higher")

    def memory(self) -> None:
        """Growth above the imports, over the raw vectors' bytes."""
        raw = self.request.catalogue.vectors.nbytes

        def turn(worker: Worker) -> None:
            grown = {name: value / raw for name, value in worker.call("grown").items()}
            self.add(worker.name, "memory", "x vectors", one(sum(grown.values())), **grown)

        self.contest.in_turn(0, turn)

    def start(self) -> None:
        for name, taken in self.contest.start(self.request.rounds).items():
            self.add(name, "first answer", "s", many(taken))
