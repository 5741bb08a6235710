"""Rows of any library as a table to be shown. Knows data frames by what they can do; imports none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

TABLE = "application/vnd.vitrine.table"  # the kind of output, as a MIME type
MOST_ROWS = 1000  # that are shown, as in the cloud
_FIRST = 3  # values of a list that are shown
_SHORT = 8  # a list that is shown whole
_LONGEST = 300  # characters of a value


@dataclass(frozen=True)
class Table:
    """Rows to be shown.

    Attributes:
        columns: their names. rows: at most `MOST_ROWS`.
        total: how many there are; None where only "more" is known.
        is_cut: whether there are more.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: int | None
    is_cut: bool

    @property
    def note(self) -> str:
        """What is to be said below it; empty for nothing."""
        if not self.is_cut:
            return ""
        of = f" of {self.total:,}" if self.total is not None else ""
        return f"the first {len(self.rows):,}{of} rows"


def table_of(value: object) -> Table | None:
    """A data frame or table as one to be shown; None for anything else."""
    package, _, _ = type(value).__module__.partition(".")
    read = _READERS.get((package, type(value).__name__))
    return None if read is None else read(value)


def value_text(value: object) -> str:
    """A value of a table, in short: long lists, such as vectors, by their first numbers."""
    listed = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(listed, (list, tuple)) and len(listed) > _SHORT:
        first = ", ".join(_number(each) for each in listed[:_FIRST])
        return f"[{first}, … {len(listed):,} in all]"
    if listed is None:
        return "null"
    text = str(listed)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def made_table(
    columns: Iterable[object], rows: Iterable[Sequence[Any]], total: int | None
) -> Table:
    """A table of rows, the first of them."""
    found = tuple(tuple(row) for row in islice(rows, MOST_ROWS + 1))
    is_cut = len(found) > MOST_ROWS or (total or 0) > len(found)
    return Table(tuple(map(str, columns)), found[:MOST_ROWS], total, is_cut)


def _of_pandas(frame: Any) -> Table:
    rows = frame.head(MOST_ROWS).itertuples(index=False, name=None)
    return made_table(frame.columns, rows, len(frame))


def _of_series(series: Any) -> Table:
    return _of_pandas(series.to_frame())


def _of_arrow(table: Any) -> Table:
    from engine.core.arrow.objects import values_of

    columns = [values_of(column) for column in table.slice(0, MOST_ROWS).columns]
    return made_table(table.schema.names, zip(*columns), table.num_rows)


def _of_spark(frame: Any) -> Table:
    return made_table(frame.columns, frame.limit(MOST_ROWS + 1).collect(), None)


_READERS: dict[tuple[str, str], Callable[[Any], Table]] = {
    ("pandas", "DataFrame"): _of_pandas,
    ("pandas", "Series"): _of_series,
    ("pyarrow", "Table"): _of_arrow,
    ("pyarrow", "RecordBatch"): _of_arrow,
    ("pyspark", "DataFrame"): _of_spark,
}
