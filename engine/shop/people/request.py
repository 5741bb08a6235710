"""How users are to be made of interactions. Knows options; not tables or products."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Any

from engine.core.values import shown
from engine.errors import InvalidParameterValue


@dataclass(frozen=True)
class UsersRequest:
    """Interactions to make users of.

    Attributes:
        interactions: a CSV, JSON lines or Parquet file, a table of the workspace by name, or a pyarrow
            Table, one interaction a row; None for those that the workspace has, and where it has none,
            made-up ones of the five personas of the demo.
        user, product, kind, time: the source's columns, where their names don't say them.
        personas: take the made-up ones also where the workspace has others.
        kind_weights: what interactions of a kind count, 1 for those not named, and 0 for a "dislike";
            one below 0 leads away. Like `half_life_days`, kept for later interactions.
        half_life_days: an interaction counts half of one that is so many days younger; None for no ages.
        encoding: of a file of text, such as "cp1252"; None to find it.
    """

    interactions: Any = None
    _: KW_ONLY
    user: str | None = None
    product: str | None = None
    kind: str | None = None
    time: str | None = None
    personas: bool = False
    kind_weights: Mapping[str, float] = field(default_factory=dict)
    half_life_days: float | None = None
    encoding: str | None = None

    @property
    def columns(self) -> dict[str, str]:
        """Part of an interaction -> column, as far as it was said."""
        parts = {name: getattr(self, name) for name in ("user", "product", "kind", "time")}
        return {name: column for name, column in parts.items() if column}

    def check(self) -> None:
        """Raises InvalidParameterValue: weights or a half-life that can't be."""
        for kind, weight in self.kind_weights.items():
            if not _is_number(weight):
                raise InvalidParameterValue(
                    f"kind_weights of {kind!r:.60} is {shown(weight)}; expected a number."
                )
        days = self.half_life_days
        if days is not None and not (_is_number(days) and days > 0):
            raise InvalidParameterValue(
                f"half_life_days is {shown(days)}; expected days, a number above 0."
            )
        if self.personas and self.interactions is not None:
            raise InvalidParameterValue("personas takes no interactions: it makes them up.")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def file_of(given: object) -> Path | None:
    """The file that was given for interactions; None where it is the name of a table."""
    if isinstance(given, Path):
        return given.expanduser()
    if not isinstance(given, str):
        raise InvalidParameterValue(
            f"interactions is {shown(given)}; expected a file, the name of a table, or a pyarrow Table."
        )
    path = Path(given).expanduser()
    return path if path.is_file() or "/" in given or path.suffix[1:] in _ENDINGS else None


_ENDINGS = ("csv", "tsv", "txt", "json", "jsonl", "ndjson", "parquet", "gz", "bz2", "xz", "zip")
