"""What an import left out, as the table `import_failures`. Knows Arrow; not why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pyarrow as pa

ROW, PRICE, YEAR, PHOTO, FETCH, TYPE = "row", "price", "year", "photo", "fetch", "type"
_SCHEMA = pa.schema(
    [
        ("line", pa.int64()),
        ("key", pa.string()),
        ("stage", pa.string()),
        ("reason", pa.string()),
        ("file", pa.string()),
    ]
)


@dataclass
class Failures:
    """Rows that were left out (`row`), and values or pictures that products lack for now.

    Attributes:
        file: what the lines are of.
    """

    file: str
    rows: list[tuple[int, str | None, str, str]] = field(default_factory=list)

    def add(self, line: int, key: object, stage: str, reason: str) -> None:
        shown = None if key is None else str(key)[:200]
        self.rows.append((line, shown, stage, reason[:1000]))

    @property
    def counts(self) -> dict[str, int]:
        """How many there are, by stage."""
        return dict(sorted(Counter(stage for _, _, stage, _ in self.rows).items()))

    def first(self, stage: str) -> tuple[int, str] | None:
        """Line and reason of the first of a stage."""
        found = (row for row in self.rows if row[2] == stage)
        row = min(found, default=None, key=lambda one: one[0])
        return None if row is None else (row[0], row[3])

    def table(self) -> pa.Table:
        """As a table, by line; `file` the same in every row."""
        ordered = sorted(self.rows, key=lambda row: row[0])
        columns = list(zip(*((*row, self.file) for row in ordered))) or [()] * len(_SCHEMA)
        arrays = [pa.array(list(values), kind) for values, kind in zip(columns, _SCHEMA.types)]
        return pa.table(arrays, schema=_SCHEMA)
