"""Which rows of a segment pass a filter, kept for the next time. Knows bytes; not what filters say."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from engine.core.rows import RowSet

MAX_BYTES = 64 << 20  # for each index; a filter of a million rows takes an eighth of a megabyte


class MaskCache:
    """Row sets by key, the least recently used dropped first. Safe to use from many threads."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._sets: OrderedDict[Hashable, RowSet] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], RowSet]) -> tuple[RowSet, bool]:
        """The row set of a key, made where it is not there; and whether it was there.

        Two threads may make the same set at the same time; neither waits for the other.
        """
        with self._lock:
            cached = self._sets.get(key)
            if cached is not None:
                self._sets.move_to_end(key)
                return cached, True
        made = make()
        with self._lock:
            if key not in self._sets and made.nbytes <= self._max_bytes:
                self._sets[key] = made
                self._bytes += made.nbytes
            while self._bytes > self._max_bytes:
                _, dropped = self._sets.popitem(last=False)
                self._bytes -= dropped.nbytes
        return made, False

    def holds(self, key: Hashable) -> bool:
        """Whether the row set of a key is there."""
        return key in self._sets

    @property
    def nbytes(self) -> int:
        """Bytes of all sets that are kept."""
        return self._bytes
