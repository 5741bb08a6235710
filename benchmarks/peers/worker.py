"""How is a contestant measured apart from all others? In a process of its own, on request.

The process waits at a pipe and does nothing between two requests, so that contestants can take
turns and the noise of a shared machine hits all of them alike.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

import numpy as np
from adapters import ENVIRONMENT, adapter_of
from adapters.base import Adapter
from filters import Filters
from schema import KEY, Row

T = TypeVar("T")


class Failed(Exception):
    """A contestant could not do what it was asked for."""


@dataclass(frozen=True)
class Facts:
    """What a contestant says of itself."""

    about: str
    versions: dict[str, str]
    store: str
    batches: bool
    writes: bool
    own_writable: bool


@dataclass(frozen=True)
class Turn:
    """Times and answers of some queries; fewer than asked for where time was up."""

    ms: list[float]
    keys: list[list[int]]
    first: list[Row]


class Session:
    """What a contestant's process can be asked for."""

    def __init__(self, name: str) -> None:
        kind = adapter_of(name)
        for module in kind.libraries:
            importlib.import_module(module)
        self._adapter = kind()
        self._before = memory()
        self.facts = Facts(
            about=kind.about,
            versions=versions(kind.packages),
            store=kind.store or name,
            batches=kind.batches,
            writes=kind.writes,
            own_writable=kind.build_writable is not Adapter.build_writable,
        )

    def build(self, store: Path, catalogue: Path, writable: bool) -> float:
        """Seconds to fill a folder."""
        from catalogue import Catalogue

        store.mkdir(parents=True)
        fill = self._adapter.build_writable if writable else self._adapter.build
        return timed(lambda: fill(store, Catalogue(catalogue)))[0] / 1000

    def open(self, store: Path, writable: bool) -> None:
        if writable:
            self._adapter.open_writable(store)
        else:
            self._adapter.open(store)

    def warm(self, queries: np.ndarray, k: int, filters: Filters | None, limit_s: float) -> None:
        """Answer without being measured; stops when time is up."""
        end = time.perf_counter() + limit_s
        for query in queries:
            self._adapter.search(query, k, filters)
            if time.perf_counter() > end:
                return

    def answer(
        self, queries: np.ndarray, k: int, filters: Sequence[Filters | None], limit_s: float
    ) -> Turn:
        ms, answers, end = [], [], time.perf_counter() + limit_s
        for query, one in zip(queries, filters):
            spent, rows = timed(lambda q=query, f=one: self._adapter.search(q, k, f))
            ms.append(spent)
            answers.append(rows)
            if time.perf_counter() > end:
                break
        return Turn(ms, list(map(keys_of, answers)), answers[0])

    def batch(self, queries: np.ndarray, k: int) -> Turn:
        spent, answers = timed(lambda: self._adapter.search_batch(queries, k))
        return Turn([spent], list(map(keys_of, answers)), answers[0])

    def upsert(self, rows: list[Row], vectors: np.ndarray) -> list[float]:
        """Milliseconds of each write."""
        one = self._adapter.upsert
        return [timed(lambda r=r, v=v: one(r, v))[0] for r, v in zip(rows, vectors)]

    def delete(self, keys: list[int]) -> list[float]:
        return [timed(lambda key=key: self._adapter.delete(key))[0] for key in keys]

    def grown(self) -> dict[str, int]:
        """Bytes of memory above what the imports took."""
        return {name: now - self._before[name] for name, now in memory().items()}


def timed(action: Callable[[], T]) -> tuple[float, T]:
    """Milliseconds, and what came back."""
    started = time.perf_counter_ns()
    value = action()
    return (time.perf_counter_ns() - started) / 1e6, value


def keys_of(rows: list[Row]) -> list[int]:
    return [int(row[KEY]) for row in rows]


def memory() -> dict[str, int]:
    """Resident bytes of this process: its own, and of mapped files."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {
        name: int(status[field].split()[0]) * 1024
        for name, field in (("anon", "RssAnon"), ("file", "RssFile"))
    }


def versions(packages: Sequence[str]) -> dict[str, str]:
    out = {}
    for name in packages:
        try:
            out[name] = version(name)
        except PackageNotFoundError:
            continue  # one of two that can stand for each other
    return out


def serve(pipe: Connection, name: str) -> None:
    """Answer requests, each a method's name and its arguments, until the pipe is closed."""
    try:
        session = Session(name)
        pipe.send((True, session.facts))
        while True:
            method, arguments = pipe.recv()
            pipe.send((True, getattr(session, method)(*arguments)))
    except EOFError:
        return
    except Exception:
        pipe.send((False, traceback.format_exc()))


class Worker:
    """A contestant's process, seen from the harness. Every failure is `Failed`."""

    def __init__(self, name: str) -> None:
        context = multiprocessing.get_context("spawn")
        self.name = name
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, name), daemon=True)
        kept = dict(os.environ)
        os.environ.update(ENVIRONMENT.get(name, {}))
        self._process.start()
        os.environ.clear()
        os.environ.update(kept)
        theirs.close()
        self.facts: Facts = self._reply()

    def call(self, method: str, *arguments: object) -> object:
        self._pipe.send((method, arguments))
        return self._reply()

    def _reply(self) -> object:
        try:
            good, value = self._pipe.recv()
        except EOFError:
            raise Failed(f"{self.name}: its process ended") from None
        if not good:
            raise Failed(f"{self.name}: {value}")
        return value

    def close(self) -> None:
        self._pipe.close()
        self._process.join(10)
        self._process.kill()
