"""Contestants of one model, batch and number of threads: loaded, asked in turns, and compared.

A contestant whose vectors are not ours is out, however fast it is; one that fails is out too. Both are
told with the reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.bench.embedding.entrants import OURS, Entrant, Model
from engine.bench.embedding.process import Failed, Process
from engine.bench.records.line import LeftOut, Setting
from engine.core.arrays import Matrix

CASE = "embedding"
SAME = 0.9999  # least cosine of two vectors that count as equal
PAUSE_S = 0.05  # between two turns, until the threads of the one before have gone to sleep


@dataclass
class Turns:
    """What one contestant did with one kind of inputs, a value for each round.

    Attributes:
        seconds, processor: wall and processor time. cosines: the least to ours. memory_mb: the most.
    """

    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    cosines: list[float] = field(default_factory=list)
    memory_mb: float | None = None


@dataclass(frozen=True)
class Start:
    """How a contestant's process is started: what it is told, and by which interpreter."""

    entrant: Entrant
    setup: dict[str, Any]
    python: str


class Cell:
    """The processes of one cell.

    Attributes:
        settings: what its lines are told apart by. facts: what contestants know of the model.
        ready_s: seconds until each was loaded.
    """

    def __init__(
        self,
        model: Model,
        settings: dict[str, Setting],
        folder: Path,
        left_out: Callable[[LeftOut], None],
    ) -> None:
        self.model, self.settings, self.folder = model, settings, folder
        self.facts: dict[str, dict[str, Any]] = {}
        self.ready_s: dict[str, float] = {}
        self._left_out = left_out
        self._entrants: dict[str, Entrant] = {}
        self._processes: dict[str, Process] = {}

    def start(self, starts: Sequence[Start], threads: int | None, budget_s: float) -> None:
        """Load each contestant, and ask what it knows of the model."""
        for number, one in enumerate(starts):
            name = one.entrant.name
            with self.guarded(name):
                self._processes[name] = Process(
                    one.entrant.path,
                    one.setup,
                    self.folder / f"{number}",
                    threads=threads,
                    python=one.python,
                    budget_s=budget_s,
                )
                self._entrants[name] = one.entrant
                self.ready_s[name] = self._processes[name].ready_s
                self.facts[name] = self._processes[name].ask(do="facts")["facts"]

    @contextmanager
    def guarded(self, name: str) -> Iterator[None]:
        """What fails in here puts a contestant out of the cell, and is told."""
        try:
            yield
        except Failed as error:
            self.out(name, str(error))

    def out(self, name: str, reason: str) -> None:
        self._left_out(LeftOut(CASE, name, reason, self.settings))
        process = self._processes.pop(name, None)
        if process is not None:
            process.close()

    def close(self) -> None:
        """End all processes."""
        for process in self._processes.values():
            process.close()
        self._processes.clear()

    # ------------------------------------------------------------------ turns
    def turns(self, kind: str, warm: Path, inputs: Path, rounds: int) -> dict[str, Turns]:
        """Let each embed the same inputs so often, in turns that another one begins each time.

        Args:
            kind: `images` or `texts`. warm, inputs: files of `Inputs`; the first once, not counted.

        Returns:
            Of those that are not out, by name.
        """
        names = [name for name in self._processes if kind in self._entrants[name].kinds]
        for name in names:
            with self.guarded(name):
                self._processes[name].ask(do="run", kind=kind, inputs=str(warm))
        taken = {name: Turns() for name in names}
        for number in range(rounds):
            first = number % len(names) if names else 0
            vectors: dict[str, Matrix] = {}
            for name in names[first:] + names[:first]:
                if name in self._processes:
                    with self.guarded(name):
                        vectors[name] = self._turn(name, kind, inputs, taken[name])
            self._compare(kind, vectors, taken)
        return {name: found for name, found in taken.items() if name in self._processes}

    def _turn(self, name: str, kind: str, inputs: Path, into: Turns) -> Matrix:
        time.sleep(PAUSE_S)
        process, file = self._processes[name], self.folder / "vectors.npy"
        said = process.ask(do="run", kind=kind, inputs=str(inputs))
        process.ask(do="vectors", kind=kind, inputs=str(inputs), file=str(file))
        into.seconds.append(said["seconds"])
        into.processor.append(said["processor"])
        into.memory_mb = said["memory_mb"]
        found: Matrix = np.load(file)
        return found

    def _compare(self, kind: str, vectors: dict[str, Matrix], taken: dict[str, Turns]) -> None:
        """Put out those whose vectors aren't ours."""
        ours = vectors.get(OURS)
        for name, found in vectors.items():
            if ours is None:
                self.out(name, f"{OURS} made no vectors of {kind} to compare with")
                continue
            if found.shape != ours.shape:
                self.out(name, f"{kind}: vectors {found.shape}, and ours are {ours.shape}")
                continue
            cosines = cosines_of(found, ours)
            taken[name].cosines.append(float(cosines.min()))
            if not cosines.min() >= SAME:
                self.out(
                    name,
                    f"answers differ: {kind} {int(cosines.argmin())} has cosine {cosines.min():.6f} to "
                    f"ours, {int((~(cosines >= SAME)).sum())} of {len(cosines)} are under {SAME}",
                )

    def stages(self, kind: str, inputs: Path, rounds: int) -> list[dict[str, float]]:
        """Seconds of our stages, a dict for each round; none where we are out."""
        found: list[dict[str, float]] = []
        for _ in range(rounds):
            if OURS in self._processes:
                with self.guarded(OURS):
                    asked = self._processes[OURS].ask(do="stages", kind=kind, inputs=str(inputs))
                    found.append(asked["stages"])
        return found


def cosines_of(a: Matrix, b: Matrix) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Of rows with rows; -1 for one that has no length or is no number."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    lengths = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        cosines: np.ndarray[Any, np.dtype[np.float64]] = (a * b).sum(axis=1) / lengths
    return np.where(np.isfinite(cosines), cosines, -1.0)
