"""How everyone is measured alike: contestants take turns, one at a time, a few queries each.

A contestant that fails is out, with a line that says why; what it did before is kept.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np

from engine.bench.contest.catalogue import Catalogue
from engine.bench.contest.contestant import Setting
from engine.bench.contest.entrants import REFERENCE, Entrant
from engine.bench.contest.filters import Filters
from engine.bench.contest.first_answer import K as FIRST_K
from engine.bench.contest.memory import on_disk
from engine.bench.contest.truth import Truth
from engine.bench.contest.worker import HANG_S, Facts, Failed, Turn, Worker
from engine.bench.records.line import LeftOut
from engine.errors import VitrineError

TURN = 25  # queries
WARM = 3  # queries before each turn: other contestants' data is in the processor's caches
PAUSE_S = 0.05  # between two turns, until the threads of the one before have gone to sleep
FIRST = "engine.bench.contest.first_answer"
PATIENCE_S = 60.0  # beyond its time, for the one query that a contestant is at


@dataclass(frozen=True)
class Asked:
    """One line of questions for everyone: queries by their numbers, a filter each, how many results.

    Attributes:
        warm: the filter to warm up with.
        with_rows: rows with all columns are wanted, else keys alone.
        judged: False where no right answers are known, because the catalogue was written to.
    """

    queries: Sequence[int]
    filters: Sequence[Filters | None]
    k: int = 10
    warm: Filters | None = None
    with_rows: bool = True
    judged: bool = True


@dataclass
class Answers:
    """What one contestant answered: times, keys, and recall at k of each judged query."""

    ms: list[float] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    filters: list[Filters | None] = field(default_factory=list)
    keys: list[list[int]] = field(default_factory=list)
    recall: np.ndarray = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True)
class Built:
    """What a store took: seconds to fill it, and bytes on disk."""

    seconds: float
    disk: int


class Contest:
    """Contestants that are still in. Those that can't go on are told by `left_out`, once each.

    Args:
        stores: a folder that holds a store for each, named as the contestant.
        budget_s: seconds for one contestant in one line of questions.
        build_s: seconds to fill a store; who needs more is out. None: as long as it takes.
        memory: the share of what is available that one process may take before it fails and is out.
        reuse: whether stores of an earlier run are opened as they are.
    """

    def __init__(
        self,
        case: str,
        catalogue: Catalogue,
        stores: Path,
        left_out: Callable[[LeftOut], None],
        *,
        budget_s: float = 20.0,
        build_s: float | None = None,
        memory: float | None = None,
        reuse: bool = False,
    ) -> None:
        self.case, self.catalogue, self.stores = case, catalogue, stores
        self.truth = Truth(catalogue)
        self.facts: dict[str, Facts] = {}
        self.workers: dict[str, Worker] = {}
        self._entrants: dict[str, Entrant] = {}
        self._out: set[str] = set()
        self._filled: set[str] = set()  # stores
        self._left_out, self._budget_s, self._reuse = left_out, budget_s, reuse
        self._build_s, self._memory = build_s, memory

    # ------------------------------------------------------------------ who is in
    @contextmanager
    def guarded(self, name: str) -> Iterator[None]:
        """What fails in here puts a contestant out, and is told."""
        try:
            yield
        except (Failed, VitrineError) as error:
            self._out.add(name)
            self._left_out(LeftOut(self.case, name, _last_line(str(error))))
            self.dismiss(name)

    @contextmanager
    def only(self, names: Collection[str]) -> Iterator[None]:
        """Some of those who are open take part in what is done in here; the others wait."""
        aside = self.workers
        self.workers = {name: worker for name, worker in aside.items() if name in names}
        try:
            yield
        finally:
            self.workers = {n: w for n, w in aside.items() if n not in names or n in self.workers}

    def dismiss(self, name: str) -> None:
        """End a contestant's process; it may be opened again."""
        if name in self.workers:
            self.workers.pop(name).close()

    def close(self) -> None:
        """End all processes."""
        for name in list(self.workers):
            self.dismiss(name)

    @property
    def names(self) -> list[str]:
        """Those that are not out."""
        return [name for name in self._entrants if name not in self._out]

    def in_turn(self, step: int, action: Callable[[Worker], None]) -> None:
        """Let everyone who is open do one thing; each time another one begins."""
        for name in _turned(list(self.workers), step):
            time.sleep(PAUSE_S)
            with self.guarded(name):
                action(self.workers[name])

    # ------------------------------------------------------------------ build and open
    def build(self, entrants: Sequence[Entrant]) -> dict[str, Built]:
        """Fill each store once, in a process that does nothing else; who shares one isn't named."""
        built: dict[str, Built] = {}
        for entrant in entrants:
            self._entrants[entrant.name] = entrant
            with self.guarded(entrant.name):
                worker = self.open_worker(entrant.name)
                self.facts[entrant.name] = worker.facts
                if worker.facts.store not in self._filled:
                    built[entrant.name] = self._fill(worker)
                    self._filled.add(worker.facts.store)
                self.dismiss(entrant.name)
        return built

    def _fill(self, worker: Worker) -> Built:
        store = self.stores / worker.facts.store
        noted = store.with_name(store.name + ".json")
        if not (self._reuse and noted.exists()):
            shutil.rmtree(store, ignore_errors=True)
            noted.unlink(missing_ok=True)
            folder, limit_s = self.catalogue.folder, self._build_s
            seconds = worker.call("build", store, folder, False, limit_s=limit_s)
            noted.write_text(json.dumps({"seconds": seconds, "disk": on_disk(store)}))
        return Built(**json.loads(noted.read_text()))

    def open(self, names: Sequence[str] | None = None, threads: int | None = None) -> None:
        """Open the stores of contestants that were built, in fresh processes.

        Args:
            threads: how many cores each may use; None for all.
        """
        for name in self.names if names is None else names:
            if name not in self._out and name not in self.workers:
                with self.guarded(name):
                    worker = self.open_worker(name, threads)
                    worker.call("open", self.stores / worker.facts.store, False)

    def open_worker(self, name: str, threads: int | None = None) -> Worker:
        """A fresh process for one contestant, which has opened nothing yet."""
        asked = (self._entrants[name], self.catalogue.schema, threads, self._memory)
        worker = self.workers[name] = Worker(*asked)
        return worker

    def tune(self, name: str, setting: Setting) -> None:
        """Let one contestant answer with one of its settings from now on."""
        with self.guarded(name):
            self.workers[name].call("tune", dict(setting))

    # ------------------------------------------------------------------ queries
    def answer(self, asked: Asked) -> dict[str, Answers]:
        """Everyone who is open answers the same questions, 25 in a turn."""
        answers = {name: Answers() for name in self.workers}
        starts = range(0, len(asked.queries), TURN)
        limit_s = self._budget_s / max(1, len(starts))
        for step, start in enumerate(starts):
            part = slice(start, start + TURN)
            self.in_turn(
                step,
                lambda worker, p=part: self._turn(worker, asked, p, limit_s, answers[worker.name]),  # type: ignore[misc]
            )
        for name in list(answers):
            with self.guarded(name):
                if asked.judged and name in self.workers:
                    self._judge(asked, answers[name])
        return {
            name: found for name, found in answers.items() if name not in self._out and found.ms
        }

    def _turn(
        self, worker: Worker, asked: Asked, part: slice, limit_s: float, into: Answers
    ) -> None:
        numbers, filters = list(asked.queries[part]), list(asked.filters[part])
        queries = self.catalogue.queries
        patience_s = limit_s + PATIENCE_S
        warming = (queries[-WARM:], asked.k, asked.warm, limit_s / 4)
        worker.call("warm", *warming, limit_s=patience_s)
        method = "answer" if asked.with_rows else "nearest"
        questions = (queries[numbers], asked.k, filters, limit_s)
        turn: Turn = worker.call(method, *questions, limit_s=patience_s)
        if asked.judged:
            self.truth.check_rows(turn.rows)
        into.ms += turn.ms
        into.keys += turn.keys
        into.asked += numbers[: len(turn.ms)]
        into.filters += filters[: len(turn.ms)]

    def _judge(self, asked: Asked, found: Answers) -> None:
        found.recall = self.truth.recall(asked.k, found.asked, found.filters, found.keys)

    def batch(
        self, numbers: Mapping[str, Sequence[int]], k: int, rounds: int
    ) -> dict[str, Answers]:
        """Each contestant answers its queries in one call, so often, in turns: a time a call.

        Args:
            numbers: of the queries, for each open contestant that is asked; recall is of the worst call.
        """
        answers = {name: Answers() for name in numbers if name in self.workers}
        with self.only(answers):
            for step in range(rounds):
                self.in_turn(step, lambda worker: self._at_once(worker, numbers, k, answers))
        return {name: found for name, found in answers.items() if name in self.workers}

    def _at_once(
        self,
        worker: Worker,
        numbers: Mapping[str, Sequence[int]],
        k: int,
        into: Mapping[str, Answers],
    ) -> None:
        found, asked = into[worker.name], list(numbers[worker.name])
        queries, patience_s = self.catalogue.queries, self._budget_s + PATIENCE_S
        worker.call("warm", queries[-WARM:], k, None, self._budget_s / 4, limit_s=patience_s)
        turn: Turn = worker.call("batch", queries[asked], k, limit_s=patience_s)
        self.truth.check_rows(turn.rows)
        found.ms += turn.ms
        recall = self.truth.recall(k, asked, [None] * len(asked), turn.keys)
        if not found.keys or recall.mean() < found.recall.mean():
            found.asked, found.keys, found.filters = asked, turn.keys, [None] * len(asked)
            found.recall = recall

    # ------------------------------------------------------------------ fresh processes
    def start(self, rounds: int) -> dict[str, list[float]]:
        """Seconds from starting Python to the first answer, in turns; files are in the page cache."""
        taken: dict[str, list[float]] = {name: [] for name in self.names}
        for step in range(rounds):
            for name in _turned([name for name in taken if name not in self._out], step):
                with self.guarded(name):
                    taken[name].append(self._first_answer(name))
        return {name: found for name, found in taken.items() if found}

    def _first_answer(self, name: str) -> float:
        entrant, store = self._entrants[name], self.stores / self.facts[name].store
        where = [name, str(entrant.file or "-"), str(store), str(self.catalogue.folder)]
        seconds, line = _first_line([sys.executable, "-m", FIRST, *where])
        keys = json.loads(line or "[]")
        self.truth.places(keys)
        wanted = 0 if name == REFERENCE else min(FIRST_K, len(self.catalogue.keys))
        if len(keys) < wanted or not line:
            raise Failed(f"{len(keys)} rows in the first answer" if line else "no first answer")
        return seconds


def _turned(names: list[str], step: int) -> list[str]:
    """The same names, each time with another one at the beginning."""
    first = step % max(1, len(names))
    return names[first:] + names[:first]


def _first_line(command: Sequence[str]) -> tuple[float, str]:
    """What a process first writes to a pipe of its own, if it does so, and after how long."""
    reading, writing = os.pipe()
    with open(reading) as file:  # noqa: PTH123
        started = time.perf_counter()
        process = subprocess.Popen(
            [*command, str(writing)], pass_fds=[writing], stdout=2, start_new_session=True
        )
        os.close(writing)
        try:
            ready = _is_readable(file, HANG_S)
            return time.perf_counter() - started, file.readline() if ready else ""
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _is_readable(file: IO[str], seconds: float) -> bool:
    """Wait for something to read, or the end of it; also in a process with thousands of open files."""
    with selectors.DefaultSelector() as selector:
        selector.register(file, selectors.EVENT_READ)
        return bool(selector.select(seconds))


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), text)[:500]
