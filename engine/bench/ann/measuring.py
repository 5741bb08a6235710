"""The whole curve of each contestant: every setting, every k; one thread a query, all threads a batch.

Contestants take turns where all of them fit in memory together, else they come one after the other.
A setting that finds everything ends a curve: dearer ones have nothing to add.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from engine.bench.ann.request import AnnRequest
from engine.bench.contest.contest import Answers, Asked, Built, Contest
from engine.bench.contest.contestant import Setting
from engine.bench.contest.entrants import Entrant
from engine.bench.contest.memory import available
from engine.bench.contest.tuning import described
from engine.bench.contest.worker import Failed, Worker
from engine.bench.records.floors import Floors
from engine.bench.records.line import LeftOut, Line, Record, many, one
from engine.bench.records.machine import cores

CASE = "ann"
TOGETHER = 0.5  # of the memory that is available, for all contestants' vectors
LARGE, MEMORY = 0.2, 0.9  # of it: from which vectors on a process is kept within so much
SOURCE = "the source's own neighbors"


def measure(request: AnnRequest, floors: Floors, record: Record) -> None:
    """Measure everyone on one set of vectors; a line is recorded as soon as it is known."""
    if request.data.agreement is not None:
        k, recall = request.data.agreement
        more = {"about": "the right answers that the source names, held against ours"}
        settings = {**_settings(request), "k": k}
        record(
            Line(
                CASE,
                SOURCE,
                "recall",
                "share",
                many(recall.tolist()),
                settings,
                "higher",
                more=more,
            )
        )
    for group in _groups(request):
        try:
            _Group(request, group, floors, record).measure()
        finally:
            shutil.rmtree(request.stores, ignore_errors=True)


def _settings(request: AnnRequest) -> dict[str, Any]:
    data = request.data
    return {"data": data.name, "rows": data.rows, "dimension": data.dimension}


def _size(request: AnnRequest) -> int:
    return request.data.rows * request.data.dimension * 4


def _groups(request: AnnRequest) -> list[list[Entrant]]:
    """Who is measured in turns: everyone, or those alone who share a store."""
    if _size(request) * len(request.entrants) <= TOGETHER * available():
        return [list(request.entrants)]
    groups: dict[str, list[Entrant]] = {}
    for entrant in request.entrants:
        groups.setdefault(_store(request, entrant), []).append(entrant)
    return list(groups.values())


def _store(request: AnnRequest, entrant: Entrant) -> str:
    try:
        worker = Worker(entrant, request.data.catalogue.schema)
    except Failed:
        return entrant.name  # told why where it is built
    worker.close()
    return worker.facts.store


@dataclass
class _Curve:
    """One contestant's way through its settings, on one thread."""

    waiting: list[Setting]
    spent_s: float = 0.0
    medians_ms: dict[tuple[int, str], float] = field(default_factory=dict)  # by k and setting
    measured: list[Setting] = field(default_factory=list)


class _Group:
    """Contestants that take turns on one set of vectors."""

    def __init__(
        self, request: AnnRequest, entrants: Sequence[Entrant], floors: Floors, record: Record
    ) -> None:
        self._request, self._entrants, self._record = request, entrants, record
        self._base = _settings(request)
        self._floor = floors.reading(request.data.rows, request.data.dimension)
        self._line_s = request.budget_s / (2 * len(request.ks))
        self._contest = Contest(
            CASE,
            request.data.catalogue,
            request.stores,
            lambda out: record(replace(out, settings=self._base)),
            budget_s=self._line_s,
            build_s=request.budget_s,
            memory=MEMORY if _size(request) > LARGE * available() else None,
        )
        self._curves: dict[str, _Curve] = {}

    def measure(self) -> None:
        """Fill the stores, ask on one thread, look at the memory, ask on all threads."""
        try:
            for entrant in self._entrants:
                self._request.say(f"{self._request.data.name}: {entrant.name} fills its store")
                self._built(self._contest.build([entrant]))
            self._request.say(f"{self._request.data.name}: curves on one thread")
            self._contest.open(threads=1)
            self._on_one_thread()
            self._memory()
            self._contest.close()
            self._request.say(f"{self._request.data.name}: batches on {cores()} threads")
            self._contest.open()
            self._on_all_threads()
        finally:
            self._contest.close()

    def _add(self, name: str, what: str, unit: str, values: tuple[float, ...], **more: Any) -> None:
        settings = self._base | more.pop("settings", {})
        self._record(Line(CASE, name, what, unit, values, settings, **more))

    def _built(self, built: dict[str, Built]) -> None:
        for name, found in built.items():
            facts = self._contest.facts[name]
            notes = list(self._request.data.notes)
            said = {"about": facts.about, "versions": facts.versions, "notes": notes}
            self._add(name, "build", "s", one(found.seconds), more=said)
            self._add(name, "disk", "MB", one(found.disk / 1e6))

    # ------------------------------------------------------------------ one thread
    def _on_one_thread(self) -> None:
        contest = self._contest
        self._curves = {n: _Curve(list(w.facts.settings)) for n, w in contest.workers.items()}
        going = dict(self._curves)
        while going:
            tried = {name: curve.waiting.pop(0) for name, curve in going.items()}
            with contest.only(tried):
                for name, setting in tried.items():
                    contest.tune(name, setting)
                found = {k: contest.answer(self._asked(k)) for k in self._request.ks}
            for name, setting in tried.items():
                if not self._goes_on(name, setting, {k: a.get(name) for k, a in found.items()}):
                    del going[name]

    def _asked(self, k: int) -> Asked:
        count = self._request.data.count
        return Asked(range(count), [None] * count, k, with_rows=False)

    def _goes_on(self, name: str, setting: Setting, found: dict[int, Answers | None]) -> bool:
        """Record a setting's answers; whether there is a next one to try."""
        curve, best = self._curves[name], True
        for k, answers in found.items():
            if answers is not None:
                self._answered(name, setting, k, answers)
                best = best and bool((answers.recall == 1).all())
        if name not in self._contest.workers:
            return False
        curve.measured.append(setting)
        if best or not curve.waiting:
            return False
        if curve.spent_s > self._request.budget_s:
            reason = (
                f"stopped after {curve.spent_s:,.0f} s of queries, of {self._request.budget_s:,.0f}: "
                f"not measured from {described(curve.waiting[0])} on"
            )
            self._record(LeftOut(CASE, name, reason, self._base))
            return False
        return True

    def _answered(self, name: str, setting: Setting, k: int, found: Answers) -> None:
        curve, words = self._curves[name], described(setting)
        settings = {"k": k, "threads": 1, "batch": False, "setting": words}
        asked = {"asked": self._request.data.count}
        total_s = sum(found.ms) / 1000
        self._add(
            name, "latency", "ms", many(found.ms), settings=settings, floor=self._floor, more=asked
        )
        self._recall(name, found.recall, settings)
        self._rate(name, [len(found.ms) / total_s], settings)
        curve.spent_s += total_s
        curve.medians_ms[k, words] = float(np.median(found.ms))

    def _recall(self, name: str, recall: np.ndarray, settings: dict[str, Any]) -> None:
        self._add(
            name, "recall", "share", many(recall.tolist()), settings=settings, better="higher"
        )

    def _rate(self, name: str, rates: list[float], settings: dict[str, Any], **more: Any) -> None:
        what = "queries/s"
        self._add(name, what, what, many(rates), settings=settings, better="higher", more=more)

    def _memory(self) -> None:
        """What a process takes above its imports that has opened a store and answered the curve."""
        for name, worker in list(self._contest.workers.items()):
            with self._contest.guarded(name):
                grown = worker.call("grown")
                for pages, what in (("own", "anon"), ("files", "file")):
                    value = one(grown[what] / 1e6)
                    self._add(name, "memory", "MB", value, settings={"pages": pages})

    # ------------------------------------------------------------------ all threads
    def _on_all_threads(self) -> None:
        for step in range(max((len(own.measured) for own in self._curves.values()), default=0)):
            tried = {
                name: curve.measured[step]
                for name, curve in self._curves.items()
                if step < len(curve.measured) and name in self._contest.workers
            }
            for name, setting in tried.items():
                self._contest.tune(name, setting)
            for k in self._request.ks:
                self._batches(k, tried)

    def _batches(self, k: int, tried: dict[str, Setting]) -> None:
        contest, numbers = self._contest, {}
        for name in tried.keys() & contest.workers.keys():
            numbers[name] = range(self._asked_at_once(name, k, described(tried[name])))
        at_once = {n: numbers[n] for n in tried if n in numbers and contest.facts[n].batches}
        for name, found in contest.batch(at_once, k, self._request.rounds).items():
            rates = [1000 * len(found.asked) / ms for ms in found.ms]
            self._on_all(name, k, tried[name], found, rates, batch=True)
        alone = [n for n in tried if n in contest.workers and not contest.facts[n].batches]
        if cores() == 1 or not alone:
            return  # that has been measured
        with contest.only(alone):
            singly = contest.answer(self._asked(k))
        for name, found in singly.items():
            rates = [1000 * len(found.ms) / sum(found.ms)]
            self._on_all(name, k, tried[name], found, rates, batch=False)

    def _asked_at_once(self, name: str, k: int, words: str) -> int:
        """As many queries as one thread would answer in the time for a line; all of them as a rule."""
        median_ms = self._curves[name].medians_ms.get((k, words), 0.0)
        fits = int(1000 * self._line_s / self._request.rounds / max(median_ms, 1e-6))
        return max(1, min(self._request.data.count, fits))

    def _on_all(
        self,
        name: str,
        k: int,
        setting: Setting,
        found: Answers,
        rates: list[float],
        batch: bool,
    ) -> None:
        words = described(setting)
        settings = {"k": k, "threads": cores(), "batch": batch, "setting": words}
        self._rate(name, rates, settings, asked=len(found.asked))
        self._recall(name, found.recall, settings)
