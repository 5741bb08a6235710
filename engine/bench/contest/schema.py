"""What a row is, to every contestant: its key, its columns with their kinds, the length of its vector.

Imports nothing heavy: the time to the first answer of a fresh process is measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["long", "double", "string"]
Row = dict[str, object]
SCORE = "score"  # what an answer adds to a row


@dataclass(frozen=True)
class Schema:
    """Rows have an integer key, a unit vector and columns. `columns` holds the key too.

    Attributes:
        filtered: the columns that filters may name, for libraries that index them.
    """

    key: str
    vector: str
    dimension: int
    columns: Mapping[str, Kind] = field(default_factory=dict)
    filtered: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)
