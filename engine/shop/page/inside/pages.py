"""Long lists in pages: where one is, and where the pages before and after it are. Knows numbers."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True)
class Pager:
    """A page of a list.

    Attributes:
        first, last: places from 1 of what it shows. total: of the list.
        before, after: addresses; None where there is nothing.
    """

    first: int
    last: int
    total: int
    before: str | None
    after: str | None


def pager(
    path: str, items: list[tuple[str, str]], name: str, start: int, size: int, total: int
) -> Pager:
    """The page from the place `start` on; `items` are the rest of the address."""

    def url(place: int) -> str:
        others = [item for item in items if item[0] != name]
        return f"{path}?{urlencode([*others, (name, str(place))])}"

    after = start + size
    return Pager(
        min(start + 1, total),
        min(after, total),
        total,
        url(max(start - size, 0)) if start else None,
        url(after) if after < total else None,
    )
