"""How long a model worked and how long it waited for what it is given. Knows clocks; not models."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator


class Watch:
    """Measures one or several runs of a model. Safe to use from many threads.

    Attributes:
        seconds: of all runs. busy: of these, those in which the model had at least one batch.
    """

    def __init__(self) -> None:
        self.seconds = self.busy = 0.0
        self._lock = threading.Lock()
        self._working, self._since = 0, 0.0

    @property
    def waited(self) -> float:
        """The share of the time in which the model had nothing to do, 0 to 1."""
        return 1 - min(self.busy / self.seconds, 1.0) if self.seconds else 0.0

    @contextlib.contextmanager
    def run(self) -> Iterator[None]:
        """A block that is one run."""
        started = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self.seconds += time.perf_counter() - started

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """A block in which the model works on a batch; blocks of several threads count once."""
        with self._lock:
            if not self._working:
                self._since = time.perf_counter()
            self._working += 1
        try:
            yield
        finally:
            with self._lock:
                self._working -= 1
                if not self._working:
                    self.busy += time.perf_counter() - self._since
