"""How is everyone measured alike? Contestants take turns, one at a time, a few queries each.

A contestant that fails is out, with a line that says why; what it did before is kept.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from adapters import REFERENCE
from catalogue import Catalogue
from cells import Cell
from truth import Truth
from worker import Failed, Turn, Worker

K = 20
TURN = 25  # queries
WARM = 3  # queries before each turn: other contestants' data is in the processor's caches
PAUSE_S = 0.05  # between two turns, until the threads of the one before have gone to sleep
STARTS = 5
BATCHES = 5
HERE = Path(__file__).parent


@dataclass
class Contest:
    """Contestants that are still in, and what was measured of each so far, ready for JSON."""

    catalogue: Catalogue
    stores: Path
    budget_s: float  # for one contestant in one cell
    results: dict[str, dict] = field(default_factory=dict)
    answers: dict[str, dict[str, list]] = field(default_factory=dict)
    workers: dict[str, Worker] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.truth = Truth(self.catalogue)
        self.queries = self.catalogue.queries

    # ------------------------------------------------------------------ who is in
    @contextmanager
    def guarded(self, name: str) -> Iterator[None]:
        """What fails in here puts a contestant out."""
        try:
            yield
        except (Failed, ValueError) as error:
            print(f"out: {name}: {str(error).splitlines()[-1]}", file=sys.stderr)
            self.results.setdefault(name, {})["failed"] = str(error)
            self.dismiss(name)

    def dismiss(self, name: str) -> None:
        if name in self.workers:
            self.workers.pop(name).close()

    def dismiss_all(self) -> None:
        for name in list(self.workers):
            self.dismiss(name)

    def in_turn(self, step: int, action: Callable[[Worker], None]) -> None:
        """Let everyone who is in do one thing; each time another one begins."""
        names = list(self.workers)
        first = step % max(1, len(names))
        for name in names[first:] + names[:first]:
            time.sleep(PAUSE_S)
            with self.guarded(name):
                action(self.workers[name])

    # ------------------------------------------------------------------ build and open
    def build(self, names: Sequence[str], reuse: bool) -> None:
        """Fill each store once, in a process that does nothing else."""
        filled: set[str] = set()
        for name in names:
            print(f"building {name}", file=sys.stderr)
            with self.guarded(name):
                self.workers[name] = worker = Worker(name)
                self.results[name] = {"about": worker.facts.about, "store": worker.facts.store}
                self.results[name]["versions"] = worker.facts.versions
                if worker.facts.store not in filled:
                    self.results[name] |= self._fill(worker, reuse)
                    filled.add(worker.facts.store)
                self.dismiss(name)

    def _fill(self, worker: Worker, reuse: bool) -> dict[str, float]:
        store = self.stores / worker.facts.store
        noted = store.with_suffix(".json")
        if not (reuse and noted.exists()):
            shutil.rmtree(store, ignore_errors=True)
            noted.unlink(missing_ok=True)
            seconds = worker.call("build", store, self.catalogue.folder, False)
            noted.write_text(json.dumps({"build_s": seconds, "disk_mb": megabytes(store)}))
        return json.loads(noted.read_text())

    def open(self, names: Sequence[str]) -> None:
        """Open the stores of contestants that were built, in fresh processes, and warm up."""
        for name in names:
            if "failed" in self.results[name]:
                continue
            with self.guarded(name):
                self.workers[name] = worker = Worker(name)
                worker.call("open", self.stores / worker.facts.store, False)
                for filters in (None, *self.catalogue.filters.values()):
                    worker.call("warm", self.queries[-TURN:], K, filters, self.budget_s / 10)

    # ------------------------------------------------------------------ queries
    def answer(self, cell: Cell) -> None:
        """Everyone answers a cell's queries, 25 in a turn."""
        taken: dict[str, list[tuple[range, Turn]]] = {name: [] for name in self.workers}
        starts = range(0, len(cell.asked), TURN)
        limit_s = self.budget_s / len(starts)

        def turn(worker: Worker, start: int) -> None:
            part = range(start, min(start + TURN, len(cell.asked)))
            queries = self.queries[[cell.asked[i] for i in part]]
            filters = [cell.filters[i] for i in part]
            worker.call("warm", self.queries[-WARM:], K, cell.warm, limit_s / 4)
            taken[worker.name].append((part, worker.call("answer", queries, K, filters, limit_s)))

        for step, start in enumerate(starts):
            self.in_turn(step, lambda worker, start=start: turn(worker, start))
        for name in list(self.workers):
            with self.guarded(name):
                self._note(name, cell, taken[name])

    def _note(self, name: str, cell: Cell, taken: list[tuple[range, Turn]]) -> None:
        places = [i for part, turn in taken for i, _ in zip(part, turn.ms)]
        asked = [cell.asked[i] for i in places]
        keys = [one for _, turn in taken for one in turn.keys]
        facts: dict = {"places": places, "ms": [ms for _, turn in taken for ms in turn.ms]}
        if cell.judged and name != REFERENCE:
            facts["recall"] = self.truth.recall(asked, [cell.filters[i] for i in places], keys)
            for _, turn in taken:
                self.truth.check_rows(turn.first)
            self.answers.setdefault(name, {})[cell.name] = list(zip(asked, keys))
        self.results[name].setdefault("cells", {})[cell.name] = facts

    def batch(self) -> None:
        """All queries at once, some times over."""

        def turn(worker: Worker) -> None:
            if not worker.facts.batches:
                return
            done = worker.call("batch", self.queries, K)
            facts = self.results[worker.name].setdefault("batch", {"qps": []})
            facts["qps"].append(1000 * len(self.queries) / done.ms[0])
            if "recall" not in facts:
                numbers = range(len(self.queries))
                facts["recall"] = self.truth.recall(numbers, [None] * len(numbers), done.keys)
                self.truth.check_rows(done.first)

        for step in range(BATCHES):
            self.in_turn(step, turn)

    def memory(self, label: str) -> None:
        raw = self.catalogue.vectors.nbytes

        def turn(worker: Worker) -> None:
            grown = worker.call("grown")
            facts = {"anon": grown["anon"] / raw, "file": grown["file"] / raw}
            self.results[worker.name].setdefault("memory", {})[label] = facts

        self.in_turn(0, turn)

    # ------------------------------------------------------------------ fresh processes
    def start(self, names: Sequence[str]) -> None:
        """Seconds from starting Python to the first answer."""
        for step in range(STARTS):
            for name in names[step:] + names[:step]:
                if "failed" in self.results[name]:
                    continue
                with self.guarded(name):
                    seconds = self._first_answer(name)
                    self.results[name].setdefault("start_s", []).append(seconds)

    def _first_answer(self, name: str) -> float:
        store = self.stores / self.results[name]["store"]
        queries = self.catalogue.folder / "queries.npy"
        command = [sys.executable, str(HERE / "first_answer.py"), name, str(store), str(queries)]
        started = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            line = process.stdout.readline()
            seconds = time.perf_counter() - started
        if not line:
            raise Failed(f"{name}: no first answer")
        return seconds


def megabytes(folder: Path) -> float:
    """What a folder takes on disk; blocks that were never written take nothing."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file()) / 1e6
