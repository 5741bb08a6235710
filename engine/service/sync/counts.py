"""What a sync found: how many rows of each sort, and why rows can't be used. Knows numbers only."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class RowCounts:
    """Rows of an index and of its source table, counted while they are compared.

    Attributes:
        inserted, updated, deleted: rows of the index.
        kept: rows that stay because the table holds something faulty in their place.
        failures: (primary key, reason) of rows of the table that can't be used.
    """

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    kept: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
