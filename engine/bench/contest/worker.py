"""How a contestant is measured apart from all others: in a process of its own, on request.

The process waits at a pipe and does nothing between two requests, so that contestants can take turns and
the noise of a shared machine hits all of them alike.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import random
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, TypeVar

from engine import environment
from engine.bench.contest.contestant import Contestant, Setting
from engine.bench.contest.entrants import REFERENCE, Entrant
from engine.bench.contest.filters import Filters
from engine.bench.contest.memory import bound, resident
from engine.bench.contest.schema import Row, Schema
from engine.bench.records.machine import cores, versions
from engine.core.arrays import Matrix, Vector

T = TypeVar("T")
HANG_S = 7_200.0  # for what has no limit of its own; who needs more is taken to hang
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
# Of a contestant's process, from its start.
ENVIRONMENT = {REFERENCE: dict.fromkeys(THREADS, str(cores()))}


class Failed(Exception):
    """A contestant could not do what it was asked for."""


@dataclass(frozen=True)
class Facts:
    """What a contestant says of itself."""

    about: str
    versions: dict[str, str]
    store: str
    settings: tuple[Setting, ...]
    takes_filters: bool
    batches: bool
    writes: bool
    own_writable: bool


@dataclass(frozen=True)
class Turn:
    """Times (ms) and keys of some queries, fewer than asked for where time was up; one answer's rows.

    Which answer's is drawn, so that all of them have to be whole.
    """

    ms: list[float]
    keys: list[list[int]]
    rows: list[Row]


class Session:
    """What a contestant's process can be asked for."""

    def __init__(self, entrant: Entrant, schema: Schema) -> None:
        kind = entrant.load()
        for module in kind.libraries:
            importlib.import_module(module)
        self._contestant = kind(schema)
        self._key = schema.key
        self._before = resident()
        self.facts = Facts(
            about=kind.about,
            versions=versions(kind.packages),
            store=kind.store or entrant.name,
            settings=tuple(kind.settings),
            takes_filters=kind.takes_filters,
            batches=kind.batches,
            writes=kind.writes,
            own_writable=kind.build_writable is not Contestant.build_writable,
        )

    def build(self, store: Path, catalogue: Path, writable: bool) -> float:
        """Seconds to fill a folder."""
        from engine.bench.contest.catalogue import Catalogue

        store.mkdir(parents=True)
        fill = self._contestant.build_writable if writable else self._contestant.build
        return timed(lambda: fill(store, Catalogue(catalogue)))[0] / 1000

    def open(self, store: Path, writable: bool) -> None:
        """Open a store, in this process."""
        opening = self._contestant.open_writable if writable else self._contestant.open
        opening(store)

    def tune(self, setting: Setting) -> None:
        """Answer from now on with a setting."""
        self._contestant.tune(setting)

    def warm(self, queries: Matrix, k: int, filters: Filters | None, limit_s: float) -> None:
        """Answer without being measured; stops when time is up."""
        end = time.perf_counter() + limit_s
        for query in queries:
            self._contestant.search(query, k, filters)
            if time.perf_counter() > end:
                return

    def answer(
        self, queries: Matrix, k: int, filters: Sequence[Filters | None], limit_s: float
    ) -> Turn:
        """Rows with all columns, a query at a time."""
        answers: list[list[Row]] = []
        ask = self._contestant.search
        return self._turn(_timed_each(ask, queries, k, filters, limit_s, answers.append), answers)

    def nearest(
        self, queries: Matrix, k: int, filters: Sequence[Filters | None], limit_s: float
    ) -> Turn:
        """Keys alone, a query at a time."""
        keys: list[list[int]] = []

        def keep(found: list[int]) -> None:
            keys.append([int(key) for key in _whole(found)])

        ask = self._contestant.nearest
        return Turn(_timed_each(ask, queries, k, filters, limit_s, keep), keys, [])

    def batch(self, queries: Matrix, k: int) -> Turn:
        """All queries in one call: one time."""
        spent, answers = timed(lambda: self._contestant.search_batch(queries, k))
        if len(_whole(answers)) != len(queries):
            raise ValueError(f"{len(answers)} answers to {len(queries)} queries at once")
        return self._turn([spent], answers)

    def upsert(self, rows: list[Row], vectors: Matrix) -> list[float]:
        """Milliseconds of each write."""
        one = self._contestant.upsert
        return [timed(lambda r=r, v=v: one(r, v))[0] for r, v in zip(rows, vectors)]  # type: ignore[misc]

    def delete(self, keys: list[int]) -> list[float]:
        """Milliseconds of each."""
        return [timed(lambda key=key: self._contestant.delete(key))[0] for key in keys]  # type: ignore[misc]

    def grown(self) -> dict[str, int]:
        """Bytes of memory above what the imports took."""
        return {name: now - self._before[name] for name, now in resident().items()}

    def _turn(self, ms: list[float], answers: list[list[Row]]) -> Turn:
        keys = [[int(row[self._key]) for row in _whole(rows)] for rows in answers]  # type: ignore[call-overload]
        drawn = random.SystemRandom().choice(answers)
        return Turn(ms, keys, [dict(row) for row in drawn])


def _timed_each(
    ask: Callable[[Vector, int, Filters | None], T],
    queries: Matrix,
    k: int,
    filters: Sequence[Filters | None],
    limit_s: float,
    keep: Callable[[T], None],
) -> list[float]:
    """Milliseconds of each query until time is up; its answer is kept off the clock, at once."""
    ms, end = [], time.perf_counter() + limit_s
    for query, one in zip(queries, filters):
        spent, found = timed(lambda q=query, f=one: ask(q, k, f))  # type: ignore[misc]
        ms.append(spent)
        keep(found)
        if time.perf_counter() > end:
            break
    return ms


def _whole(answer: list[T]) -> list[T]:
    """An answer that is there: one that comes when it is looked at would be looked at off the clock."""
    if type(answer) is not list:
        raise TypeError(f"an answer is a list; {type(answer).__name__} was given back")
    return answer


def timed(action: Callable[[], T]) -> tuple[float, T]:
    """Milliseconds, and what came back."""
    started = time.perf_counter_ns()
    value = action()
    return (time.perf_counter_ns() - started) / 1e6, value


def serve(pipe: Connection, entrant: Entrant, schema: Schema, memory: float | None) -> None:
    """Answer requests, each a method's name and its arguments, until the pipe is closed."""
    os.setsid()  # what it starts ends with it
    os.dup2(2, 1)  # what a library prints is no result of ours
    if memory is not None:
        bound(memory)
    try:
        session = Session(entrant, schema)
        pipe.send((True, session.facts))
        while True:
            method, arguments = pipe.recv()
            pipe.send((True, getattr(session, method)(*arguments)))
    except EOFError:
        return
    except BaseException:  # a library's own panic, as of Rust, is no Exception
        with suppress(OSError):  # nobody waits for it any more
            pipe.send((False, traceback.format_exc()))


class Worker:
    """A contestant's process, seen from the harness. Every failure is `Failed`.

    Args:
        threads: how many cores it may use, whatever its library believes; None for all.
        memory: the share of what is available that it may take before it fails; None: as it likes.
    """

    def __init__(
        self,
        entrant: Entrant,
        schema: Schema,
        threads: int | None = None,
        memory: float | None = None,
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self.name = entrant.name
        self._pipe, theirs = context.Pipe()
        told = (theirs, entrant, schema, memory)
        self._process = context.Process(target=serve, args=told, daemon=True)
        if threads is None:
            variables = ENVIRONMENT.get(entrant.name, {})
        else:
            variables = dict.fromkeys(THREADS, str(threads))
        with environment.set_to(variables), on_cores(threads):
            self._process.start()
        theirs.close()
        try:
            self.facts: Facts = self._reply(None, "start")
        except BaseException:
            self.close()
            raise

    def call(self, method: str, *arguments: object, limit_s: float | None = None) -> Any:
        """What a method of `Session` gives back.

        Args:
            limit_s: None for `HANG_S`.

        Raises Failed: what failed there, or that it took longer than `limit_s`; the process ends then.
        """
        try:
            self._pipe.send((method, arguments))
        except OSError:
            raise Failed(self._ended()) from None
        return self._reply(limit_s, method)

    def _reply(self, limit_s: float | None, method: str) -> Any:
        limit_s = HANG_S if limit_s is None else limit_s
        try:
            if not self._pipe.poll(limit_s):
                self._kill()
                raise Failed(f"{method} was stopped after {limit_s:,g} s")
            good, value = self._pipe.recv()
        except (EOFError, OSError):
            raise Failed(self._ended()) from None
        except Failed:
            raise
        except Exception as error:  # rows of a class that only its own process knows
            raise Failed(f"what {method} gave back can't be read: {error}") from None
        if not good:
            raise Failed(value)
        return value

    def _ended(self) -> str:
        self._process.join(10)
        return f"its process ended with status {self._process.exitcode}"

    def close(self) -> None:
        """End the process and all that it started; it has ten seconds to end by itself."""
        self._pipe.close()
        wait([self._process.sentinel], 10)
        self._kill()
        self._process.join(10)

    def _kill(self) -> None:
        self._process.kill()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid or 0, signal.SIGKILL)


@contextmanager
def on_cores(count: int | None) -> Iterator[None]:
    """What is started in here runs on so many cores alone, where the system can say so (Linux)."""
    if count is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[-count:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
