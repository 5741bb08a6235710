"""Which way to answer a query, and why. Knows counts; not files or vectors.

Both ways are exact. Approximate graphs will be a third way, for indexes where scanning is too slow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# Below this share of passing rows, reading just their vectors beats a scan that skips the others.
GATHER_SHARE = 0.10


@dataclass(frozen=True)
class Plan:
    """How one segment answers one query.

    Attributes:
        kind: "nothing" (no row passes), "exact gather" or "exact scan".
        reason: the numbers that decided.
    """

    kind: Literal["nothing", "exact gather", "exact scan"]
    reason: str


def plan(rows: int, passing: int | None) -> Plan:
    """Choose for a segment of `rows` rows of which `passing` pass the filter (None: no filter)."""
    if passing is None:
        return Plan("exact scan", f"no filter, {rows} rows")
    if passing == 0:
        return Plan("nothing", f"no row of {rows} passes the filter")
    share = passing / rows
    reason = f"{passing} of {rows} rows pass the filter ({share:.1%})"
    return Plan("exact gather" if share < GATHER_SHARE else "exact scan", reason)
