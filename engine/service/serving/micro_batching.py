"""Micro-batching: calls from many threads become batches of one model. Knows threads; not models.

The first call runs at once. Those that come while it runs wait for it, and then run together: batches
form exactly when the model is the bottleneck, and a lone call waits for nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from engine.core.arrays import Matrix

Item = TypeVar("Item")
MAX_ITEMS = 64  # in one micro-batch: more gain little, and the first would wait for the last


class _Batch:
    """A micro-batch: items of several calls, and what became of them."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.calls = 0
        self.done = threading.Event()
        self.rows: Matrix | None = None
        self.error: BaseException | None = None


class MicroBatching:
    """Micro-batches by model. Safe to use from many threads.

    Attributes:
        calls, batches: so far; fewer batches than calls: some ran together.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[Hashable, _Batch] = {}
        self._running: dict[Hashable, threading.Lock] = {}
        self.calls = self.batches = 0

    def run(
        self, model: Hashable, items: Sequence[Item], encode: Callable[[list[Item]], Matrix]
    ) -> Matrix:
        """The rows of `encode` for these items, in order, perhaps computed with those of other calls.

        Args:
            model: calls of one model may run together. encode: n items to n rows; it is never run
                twice at a time for one model. Its rows are views that other calls share: read only.

        Raises:
            whatever `encode` raises for these items alone: a call never fails for another's item.
        """
        with self._lock:
            self.calls += 1
            running = self._running.setdefault(model, threading.Lock())
            batch = self._open.get(model)
            leads = batch is None or len(batch.items) + len(items) > MAX_ITEMS
            if batch is None or leads:
                batch = self._open[model] = _Batch()
            start = len(batch.items)
            batch.items += items
            batch.calls += 1
        if leads:
            self._lead(model, batch, encode, running)
        else:
            batch.done.wait()
        if batch.rows is not None:
            return batch.rows[start : start + len(items)]
        if batch.calls == 1 and batch.error is not None:
            raise batch.error
        with running:  # it failed for some call's sake: each tries alone
            return _rows(encode, list(items))

    def _lead(
        self,
        model: Hashable,
        batch: _Batch,
        encode: Callable[[list[Any]], Matrix],
        running: threading.Lock,
    ) -> None:
        try:
            with running:
                with self._lock:  # from here on nobody joins
                    if self._open.get(model) is batch:
                        del self._open[model]
                    self.batches += 1
                batch.rows = _rows(encode, batch.items)
        except Exception as error:
            batch.error = error
        finally:
            batch.done.set()


def _rows(encode: Callable[[list[Any]], Matrix], items: list[Any]) -> Matrix:
    rows = encode(items)
    if len(rows) != len(items):  # a caller would get the rows of another
        raise ValueError(f"the model answered {len(items)} items with {len(rows)} rows")
    return rows
