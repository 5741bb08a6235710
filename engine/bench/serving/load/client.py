"""The process that makes load: one, kept for a whole run, whose processor time is its own."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Sequence
from types import TracebackType

from engine.bench.serving.load.job import Address, Call, Load, Outcome

WORKER = "engine.bench.serving.load.worker"


class Client:
    """Makes loads one after the other, in another process; both ends are this program's own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._process.kill()
        self._process.communicate()  # closes what it reads, at which it ends

    def ask(self, address: Address, calls: Sequence[Call], load: Load) -> Outcome:
        """Make one load and wait for its end; see `generate`. Raises what it raised there."""
        asked, said = self._process.stdin, self._process.stdout
        assert asked is not None and said is not None
        pickle.dump((address, tuple(calls), load), asked)
        asked.flush()
        found = pickle.load(said)
        if isinstance(found, Exception):
            raise found
        assert isinstance(found, Outcome)
        return found
