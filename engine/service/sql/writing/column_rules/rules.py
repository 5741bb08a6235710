"""The rules of a table's columns as they are kept of it, read for a write. Knows texts; not rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from sqlglot import exp

from engine.errors import BadStatement
from engine.service.catalogs.columns import DEFAULT, GENERATED, IDENTITY, ColumnFacts
from engine.service.sql.language.dialect import expression

_MARKS = "identity_marks"  # property of a written table: the last number given, by column


@dataclass(frozen=True)
class Identity:
    """A column of numbers that the table gives: the first, the step, and whether a write may say one."""

    start: int
    step: int
    explicit: bool


@dataclass(frozen=True)
class ColumnRules:
    """What columns hold where a statement doesn't say it, by name.

    Attributes:
        defaults: constant expressions. generated: expressions over the other columns.
    """

    defaults: Mapping[str, exp.Expression] = field(default_factory=dict)
    generated: Mapping[str, exp.Expression] = field(default_factory=dict)
    identities: Mapping[str, Identity] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: ColumnFacts) -> ColumnRules:
        """The rules that are kept of columns."""
        return cls(
            {n: expression(one[DEFAULT]) for n, one in facts.items() if DEFAULT in one},
            {n: expression(one[GENERATED]) for n, one in facts.items() if GENERATED in one},
            {n: Identity(**one[IDENTITY]) for n, one in facts.items() if IDENTITY in one},
        )

    def __bool__(self) -> bool:
        return bool(self.defaults or self.generated or self.identities)

    def gives(self, column: str) -> bool:
        """Whether the table itself makes a column's values."""
        return column in self.generated or column in self.identities

    def refuse_given(self, columns: Collection[str]) -> None:
        """Refuse columns of a new row that only the table may give. Raises BadStatement."""
        for column in columns:
            if column in self.identities and not self.identities[column].explicit:
                raise BadStatement(
                    "[DELTA_IDENTITY_COLUMNS_EXPLICIT_INSERT_NOT_SUPPORTED] Providing values for "
                    f"GENERATED ALWAYS AS IDENTITY column {column} is not supported. Leave it out of "
                    "the columns that INSERT names."
                )


def columns_read(node: exp.Expression) -> set[str]:
    """The names of columns, in small letters, that an expression reads."""
    return {column.name.lower() for column in node.find_all(exp.Column)}


# ------------------------------------------------------------------ numbers that a table gave
def next_numbers(
    facts: MutableMapping[str, Any], column: str, identity: Identity, count: int
) -> pa.Array:
    """(count,) new numbers of a column; they are taken from now on.

    Args:
        facts: what `table.json` says of the table.
    """
    last = _marks(facts).get(column)
    first = identity.start if last is None else last + identity.step
    numbers = first + identity.step * np.arange(count, dtype=np.int64)
    if count:
        put_mark(facts, column, int(numbers[-1]))
    return pa.array(numbers)


def put_mark(facts: MutableMapping[str, Any], column: str, last: int) -> None:
    """Keep the last number that a column was given."""
    properties = {**facts.get("properties", {})}
    facts["properties"] = {**properties, _MARKS: {**properties.get(_MARKS, {}), column: last}}


def sync_mark(
    facts: MutableMapping[str, Any], column: str, identity: Identity, furthest: int | None
) -> None:
    """Let new numbers of a column begin behind those that it holds.

    Args:
        furthest: the greatest of them, or the least where the step goes down; None for none.
    """
    if furthest is None:
        return
    steps = -(-(furthest - identity.start) // identity.step)  # up to the next number of the row
    reached = identity.start + max(steps, 0) * identity.step
    last = _marks(facts).get(column)
    further = max if identity.step > 0 else min
    if steps >= 0 or last is not None:
        put_mark(facts, column, reached if last is None else further(last, reached))


def rename_marks(facts: MutableMapping[str, Any], renamed: Mapping[str, str | None]) -> None:
    """Let the numbers follow columns that have other names or are gone; see `with_columns`."""
    marks = _marks(facts)
    if marks.keys() & renamed.keys():
        named = {renamed.get(column, column): last for column, last in marks.items()}
        kept = {column: last for column, last in named.items() if column is not None}
        facts["properties"] = {**facts["properties"], _MARKS: kept}


def _marks(facts: Mapping[str, Any]) -> Mapping[str, int]:
    found: Mapping[str, int] = facts.get("properties", {}).get(_MARKS, {})
    return found
