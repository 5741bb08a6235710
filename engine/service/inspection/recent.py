"""The last queries of this process: what was asked, how it was answered, how long each step took.

Of each only little is kept, whatever was asked with it: this is on the way of every query.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

KEPT = 60  # queries
_LONGEST = 300  # characters of a text


class AnsweredQuery(NamedTuple):
    """One query that was answered.

    Attributes:
        at: seconds since the epoch, when it was answered.
        searched: the index; of a search by words alone, the table.
        text: what was searched for, "" for a vector. kind: of the query, such as HYBRID.
        filtered: what it was filtered by, in short; "" for nothing.
        is_plain: the text is all that was asked.
        found: rows that were returned. times: milliseconds by step. plans: of each segment.
        by: who brought it: "search" (the shop's) or "api".
    """

    at: float
    searched: str
    text: str
    kind: str
    filtered: str
    is_plain: bool
    found: int
    times: Mapping[str, float]
    plans: tuple[str, ...]
    by: str

    @property
    def whole_ms(self) -> float:
        """Milliseconds of all steps together."""
        return sum(self.times.values())


class RecentQueries:
    """A bounded list of answered queries. Safe to use from many threads."""

    def __init__(self) -> None:
        self._last: deque[AnsweredQuery] = deque(maxlen=KEPT)

    def add(self, query: AnsweredQuery) -> None:
        """Remember one; the oldest is forgotten."""
        self._last.append(query)

    def newest(self) -> list[AnsweredQuery]:
        """All that are known, the newest first."""
        return list(self._last)[::-1]


def in_short(value: object) -> str:
    """A text or a filter in few characters; of a filter's dict its conditions without the values."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        value = ", ".join([str(name) for name, _ in zip(value, range(10))])
    return value[:_LONGEST] if isinstance(value, str) else type(value).__name__
