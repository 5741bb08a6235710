"""The filter mask cache: row masks of segments, kept for each filter. Knows bytes; not filters."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

from engine.core.rows import RowSet
from engine.threads import ThreadLock

MAX_BYTES = 64 << 20  # for each index; a filter of a million rows takes an eighth of a megabyte


class MaskCache:
    """Row masks by key, the least recently used dropped first. Safe to use from many threads."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._masks: OrderedDict[Hashable, RowSet] = OrderedDict()
        self._lock = ThreadLock()

    def get(self, key: Hashable, make: Callable[[], RowSet]) -> tuple[RowSet, bool]:
        """The row mask of a key, made where it is not cached; and whether it was cached.

        Two threads may make the same mask at the same time; neither waits for the other.
        """
        with self._lock:
            cached = self._masks.get(key)
            if cached is not None:
                self._masks.move_to_end(key)
                return cached, True
        made = make()
        with self._lock:
            if key not in self._masks and made.nbytes <= self._max_bytes:
                self._masks[key] = made
                self._bytes += made.nbytes
            while self._bytes > self._max_bytes:
                _, dropped = self._masks.popitem(last=False)
                self._bytes -= dropped.nbytes
        return made, False

    def holds(self, key: Hashable) -> bool:
        """Whether the row mask of a key is cached."""
        return key in self._masks

    @property
    def nbytes(self) -> int:
        """Bytes of all masks that are cached."""
        return self._bytes
