"""What every source of products looks like: named columns, rows with their place. Knows no format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

ROW_NUMBER = "row_number"  # names the key of products that have none


@dataclass(frozen=True)
class SourceRow:
    """One row, or why it is none.

    Attributes:
        line: of a text file the first of its lines, from 1; else the number of the row, from 1.
        values: by the source's column; empty for a row with a `trouble`.
    """

    line: int
    values: Mapping[str, Any]
    trouble: str | None = None


@dataclass(frozen=True)
class Source:
    """Products as they came.

    Attributes:
        path: what was given. folder: where relative paths of pictures start.
        names: of the columns, as they are in the source.
        rows: reads the rows, each time from the start.
        types: of columns whose values have one; texts of a text file have none yet.
        how: how it was read, in words, for people.
        is_text: values are texts that may stand for numbers.
        unit: what `line` counts.
    """

    path: Path
    folder: Path
    names: tuple[str, ...]
    rows: Callable[[], Iterator[SourceRow]]
    types: Mapping[str, pa.DataType] = field(default_factory=dict)
    how: tuple[str, ...] = ()
    is_text: bool = False
    unit: str = "line"


def with_row_numbers(source: Source) -> Source:
    """A source with a further column, the number of each row from 1: a key where no column is one."""

    def rows() -> Iterator[SourceRow]:
        for number, row in enumerate(source.rows(), 1):
            values = row.values if row.trouble else {ROW_NUMBER: number, **row.values}
            yield replace(row, values=values)

    return replace(source, names=(ROW_NUMBER, *source.names), rows=rows)


def unique_names(given: Sequence[str]) -> tuple[str, ...]:
    """Names of columns without blanks around them, each once whatever its letter case: a blank one is
    `column_3` by its place, the second `price` is `price_2`.
    """
    made: list[str] = []
    taken: set[str] = set()
    for place, name in enumerate(given, 1):
        plain = " ".join(name.split()) or f"column_{place}"
        unique, count = plain, 1
        while unique.casefold() in taken:
            count += 1
            unique = f"{plain}_{count}"
        taken.add(unique.casefold())
        made.append(unique)
    return tuple(made)
