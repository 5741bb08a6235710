"""A DataFrame's rows as files that its workers write, mapped into this process instead of sent to it.

So its size is bounded by the disk, and not by Java's memory nor by `spark.driver.maxResultSize`. Knows
Arrow and files; not tables.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.types import (
    ArrayType,
    CalendarIntervalType,
    DataType,
    DayTimeIntervalType,
    MapType,
    NullType,
    StructType,
    YearMonthIntervalType,
)

from engine.errors import BadStatement

_FILE = "file"


@dataclass(frozen=True)
class BatchesWritten:
    """Run by a worker: the batches of one part into a file of the folder, whose path it gives."""

    folder: str

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = iter(batches)
        first = next(rows, None)
        if first is None:
            return
        file = Path(self.folder) / f"{uuid4().hex}.arrow"  # a part that is tried again has another
        with pa.ipc.new_file(file, first.schema) as writer:
            writer.write_batch(first)
            for batch in rows:
                writer.write_batch(batch)
        yield pa.RecordBatch.from_pydict({_FILE: [str(file)]})


@contextlib.contextmanager
def rows_of(frame: DataFrame, beside: Path) -> Iterator[pa.Table]:
    """The rows in the types and the order of `DataFrame.toArrow()`, while the block runs.

    Args:
        beside: a folder of this process, in which the files are for that time.

    Raises:
        BadStatement: no columns, two of one name, or of a type that no table holds.
        Whatever Spark raises for the DataFrame.
    """
    _check(frame)
    schema = frame.limit(0).toArrow().schema
    plain = frame.toDF(*(f"c{place}" for place in range(len(schema))))  # mapInArrow resolves names
    folder = Path(tempfile.mkdtemp(prefix="saved-", dir=beside))
    try:
        written = plain.mapInArrow(BatchesWritten(str(folder)), f"{_FILE} STRING").collect()
        parts = [_mapped(Path(row[_FILE])).rename_columns(schema.names) for row in written]
        yield pa.concat_tables([part.cast(schema) for part in parts] or [schema.empty_table()])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check(frame: DataFrame) -> None:
    """Refuse columns that no table can have; see `rows_of`."""
    if not frame.columns:
        raise BadStatement("The rows have no columns; a table has at least one.")
    known = set[str]()
    for field in frame.schema.fields:
        name = field.name
        if not name:
            raise BadStatement("a column has no name. Give it one: .withColumnRenamed('', 'name').")
        strange = _unknown_type(field.dataType)
        if strange is not None:
            raise BadStatement(
                f"column {name!r:.80} is of type {field.dataType.simpleString():.80}, and no table has "
                f"{strange}. Cast it to another type, or leave it out."
            )
        if field.dataType.typeName() == "variant":
            raise BadStatement(
                f"column {name!r} is of type VARIANT, which tables here don't have. Write it as a text: "
                f"to_json(`{name}`)."
            )
        if name.lower() in known:
            raise BadStatement(
                f"[COLUMN_ALREADY_EXISTS] The column `{name}` already exists. Choose another name or "
                "rename the existing column."
            )
        known.add(name.lower())


def _unknown_type(kind: DataType, inside: bool = False) -> str | None:
    """What in a type no table has: an interval, or nothing inside of another; None for none."""
    if isinstance(kind, (CalendarIntervalType, DayTimeIntervalType, YearMonthIntervalType)):
        return "intervals"
    if isinstance(kind, NullType):
        return "a type for the values within" if inside else None
    inner: list[DataType] = []
    if isinstance(kind, ArrayType):
        inner = [kind.elementType]
    elif isinstance(kind, MapType):
        inner = [kind.keyType, kind.valueType]
    elif isinstance(kind, StructType):
        inner = [one.dataType for one in kind.fields]
    return next((said for one in inner if (said := _unknown_type(one, True))), None)


def _mapped(file: Path) -> pa.Table:
    with pa.memory_map(str(file)) as source:
        return pa.ipc.open_file(source).read_all()
