"""The process that makes load: one, kept for a whole run, whose processor time is its own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from types import TracebackType

from engine.bench.serving.load.generator import generate
from engine.bench.serving.load.job import Address, Call, Load, Outcome


class Client:
    """Makes loads one after the other, in another process."""

    def __init__(self) -> None:
        self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown()

    def ask(self, address: Address, calls: Sequence[Call], load: Load) -> Outcome:
        """Make one load and wait for its end; see `generate`."""
        return self._pool.submit(generate, address, tuple(calls), load).result()
