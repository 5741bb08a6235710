"""Parquet files that are one table: the columns they have together, and their rows in those. Knows
Arrow and Parquet; not workspaces. Values come as they were written, or the file is refused by name.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from stat import S_ISREG
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.core.arrow.objects import object_of
from engine.core.schema import suggestion
from engine.core.types import plain_schema
from engine.errors import BadSourceFile, InvalidInputException
from engine.store.tables.partitions import Partitions, partition_values
from engine.store.tables.widening import NotExact, common_type, is_always_exact, widened

BATCH_ROWS = 1024  # rows read or written at a time: 2 MB for each 512-dimensional float32 column


@dataclass(frozen=True)
class ParquetFiles:
    """Files in order, each with the columns that its folders name (`partitions`; empty for none)."""

    files: tuple[Path, ...]
    partitions: tuple[Partitions, ...]

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns of all files, each in the type that holds the values of all.

        Raises:
            BadSourceFile: a file is not readable, has other columns than the first or one name twice, or
                its type of a column does not go with another file's; names both.
        """
        schemas = [footer(file).schema for file in self.files]
        first = schemas[0]
        for file, schema in zip(self.files, schemas):
            if sorted(schema.names) != sorted(first.names):
                raise BadSourceFile(
                    f"its columns are {', '.join(schema.names)}; those of {self.files[0]} are "
                    f"{', '.join(first.names)}. Files of one table need the same columns.",
                    file=str(file),
                )
        fields = [
            pa.field(
                name, self._type_of(name, schemas), any(s.field(name).nullable for s in schemas)
            )
            for name in first.names
        ]
        in_folders = [name for name in self._folder_columns if name not in first.names]
        return pa.schema(
            [*fields, *(pa.field(name, self._folder_columns[name][0]) for name in in_folders)]
        )

    def _type_of(self, name: str, schemas: Sequence[pa.Schema]) -> pa.DataType:
        kinds = [schema.field(name).type for schema in schemas]
        kind = common_type(kinds)
        if kind is not None:
            return kind
        # Where a file has no value in it, its type says nothing.
        valued = [n for n in range(len(kinds)) if not _is_all_null(self.files[n], name)]
        kind = common_type(kinds[n] for n in valued)
        if kind is not None:
            return kind
        pairs = ((one, two) for two in valued for one in valued if one < two)
        one, two = next(p for p in pairs if common_type([kinds[p[0]], kinds[p[1]]]) is None)
        raise BadSourceFile(
            f"column {name!r} is of type {kinds[two]}, but {kinds[one]} in {self.files[one]}. No type "
            "holds the values of both as they are. Write the files anew with one type.",
            file=str(self.files[two]),
        )

    @cached_property
    def _folder_columns(self) -> Mapping[str, tuple[pa.DataType, Mapping[str | None, Any]]]:
        """Type, and value by text, of each column that is in the folders' names."""
        if not any(self.partitions):
            return {}
        first = self.partitions[0]
        for file, named in zip(self.files, self.partitions):
            if named.keys() != first.keys():
                raise BadSourceFile(
                    f"its folders name the columns {', '.join(named) or 'none'}; those of "
                    f"{self.files[0]} name {', '.join(first) or 'none'}. Files of one table need the "
                    "same key=value folders.",
                    file=str(file),
                )
        return {name: partition_values(named[name] for named in self.partitions) for name in first}

    @property
    def num_rows(self) -> int:
        return sum(footer(file).rows for file in self.files)

    def check_values(self) -> None:
        """Read what only its values show to fit: columns of a wider type than their file's.

        Raises:
            BadSourceFile: a value that does not fit; names file and column.
        """
        for file in self.files:
            found = footer(file).schema
            doubtful = [
                field.name
                for field in self.schema
                if field.name in found.names
                and (
                    field.name in self._folder_columns
                    or not is_always_exact(found.field(field.name).type, field.type)
                )
            ]
            if doubtful:
                for _ in self.batches_of(file, doubtful, 16 * BATCH_ROWS):
                    pass

    # ------------------------------------------------------------------ rows
    def batches_of(
        self,
        file: Path,
        columns: Sequence[str] | None,
        rows: int = BATCH_ROWS,
        check_texts: bool = True,
    ) -> Iterator[pa.RecordBatch]:
        """Stream one of the files in the table's types, at most `rows` rows at a time.

        Args:
            check_texts: refuse text that is not UTF-8; else the caller checks row by row.

        Raises:
            BadSourceFile: it can't be read, or a value does not fit the table's type.
        """
        fields = chosen_fields(self.schema, columns, str(file))
        # Buffered reading keeps memory flat also where a file has one huge row group.
        with _opened(file, pre_buffer=False, buffer_size=1 << 20) as parquet:
            here = self._in_file(file, parquet, fields)
            left = parquet.metadata.num_rows
            for batch in parquet.iter_batches(rows, columns=here):
                left -= batch.num_rows
                yield self._converted(file, batch, batch.num_rows, fields, here, check_texts)
            _check_all_read(file, left)

    def read(self, columns: Sequence[str] | None) -> pa.Table:
        """All rows in memory."""
        fields = chosen_fields(self.schema, columns, str(self.files[0]))
        batches = []
        for file in self.files:
            with _opened(file) as parquet:
                here = self._in_file(file, parquet, fields)
                found = parquet.read(columns=here)
                _check_all_read(file, parquet.metadata.num_rows - found.num_rows)
                # Without columns a table has no batches, though it has rows.
                for batch in found.to_batches() if here else [found]:
                    batches.append(self._converted(file, batch, batch.num_rows, fields, here))
        return pa.Table.from_batches(batches, schema=fields)

    def _in_file(self, file: Path, parquet: pq.ParquetFile, fields: pa.Schema) -> list[str]:
        """Which of the columns the file has; the others are in its folders' names."""
        found = _checked(parquet.schema_arrow, file).names
        lacking = [n for n in fields.names if n not in found and n not in self._folder_columns]
        if lacking:
            raise BadSourceFile(
                f"it has no column {lacking[0]!r}, which the table's other files have. Its columns "
                f"are {', '.join(found)}.",
                file=str(file),
            )
        return [name for name in fields.names if name in found]

    def _converted(
        self,
        file: Path,
        batch: pa.RecordBatch | pa.Table,
        rows: int,
        fields: pa.Schema,
        here: Sequence[str],
        check_texts: bool = True,
    ) -> pa.RecordBatch:
        """Rows of a file in the table's types; `here` are the columns that the file has."""
        arrays = []
        for field in fields:
            if field.name in here:
                column = _exactly(file, field, batch.column(field.name), check_texts)
                if field.name in self._folder_columns:
                    self._check_agreement(file, field.name, column)
            else:
                column = pa.array([self._folder_value(file, field.name)] * rows, field.type)
            arrays.append(column)
        if arrays:
            return pa.record_batch(arrays, schema=fields)
        return pa.RecordBatch.from_struct_array(pa.array([{}] * rows, pa.struct([])))

    @cached_property
    def _texts(self) -> Mapping[Path, Partitions]:
        return dict(zip(self.files, self.partitions))

    def _folder_value(self, file: Path, name: str) -> Any:
        return self._folder_columns[name][1][self._texts[file][name]]

    def _check_agreement(self, file: Path, name: str, column: pa.Array) -> None:
        """A column that is in the file and in its folders' names: both must say the same."""
        value, text = self._folder_value(file, name), self._texts[file][name]
        for found in column.unique():
            if not (found.is_valid and _is_said(found, text)) and object_of(found) != value:
                raise BadSourceFile(
                    f"column {name!r} holds {object_of(found)!r}, but the file lies in the folder "
                    f"{name}={text}. Write the file anew without the column, or move it.",
                    file=str(file),
                )


def _is_said(value: pa.Scalar, text: str | None) -> bool:
    """Whether the text of a folder's name says a value of a file."""
    if text is None or str(object_of(value)) == text:
        return text is not None
    try:
        said = pa.scalar(text).cast(value.type)  # `true`, and 0.1 of 32 bits
    except pa.ArrowException:
        return False
    return bool(said.equals(value))


def _exactly(file: Path, field: pa.Field, column: pa.Array, check_texts: bool = True) -> pa.Array:
    """A file's column in the table's type."""
    try:
        if check_texts and _holds_text(column.type):
            column.validate(full=True)  # text that is no UTF-8 would fail much later
        return widened(column, field.type)
    except NotExact as error:
        raise BadSourceFile(
            f"column {field.name!r} is of type {column.type}; with the table's other files it becomes "
            f"{field.type}, which does not hold a value of this file: {error}. Write the files anew "
            "with one type.",
            file=str(file),
        ) from None
    except pa.ArrowInvalid as error:
        raise BadSourceFile(
            f"column {field.name!r} is not text in UTF-8 ({error}). Write the file anew.",
            file=str(file),
        ) from None


def chosen_fields(schema: pa.Schema, columns: Sequence[str] | None, place: str) -> pa.Schema:
    """The fields of some columns, or all.

    Raises:
        BadSourceFile: no such column exists. InvalidInputException: one is asked for twice.
    """
    if columns is None:
        return schema
    if isinstance(columns, (str, bytes)):
        raise InvalidInputException(f"columns is {columns!r}; expected a list of columns.")
    for name in columns:
        if name not in schema.names:
            raise BadSourceFile(
                f"there is no column {name!r}.{suggestion(str(name), schema.names)} "
                f"The table's columns are {', '.join(schema.names)}.",
                file=place,
            )
    twice = _twice(columns)
    if twice:
        raise InvalidInputException(f"columns names {twice[0]!r} twice; name each column once.")
    return pa.schema([schema.field(name) for name in columns])


def check_names(schema: pa.Schema) -> str | None:
    """A name that two columns have, or two fields of one column; None where all differ."""
    twice = _twice(schema.names)
    if twice:
        return f"column {twice[0]!r}"
    inner = ((f.name, _twice_within(f.type)) for f in schema)
    return next((f"field {found!r} of column {name!r}" for name, found in inner if found), None)


def _twice(names: Sequence[str]) -> list[str]:
    return [name for place, name in enumerate(names) if name in names[:place]]


def _twice_within(kind: pa.DataType) -> str | None:
    inner = [kind.field(place) for place in range(kind.num_fields)]
    twice = _twice([f.name for f in inner]) if pa.types.is_struct(kind) else []
    return twice[0] if twice else next(filter(None, (_twice_within(f.type) for f in inner)), None)


def _holds_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _holds_text(kind.value_type)
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    inner = (kind.field(place).type for place in range(kind.num_fields))
    return any(test(kind) for test in tests) or any(map(_holds_text, inner))


# ------------------------------------------------------------------ one file
@dataclass(frozen=True)
class Footer:
    """Columns, without metadata, and number of rows."""

    schema: pa.Schema
    rows: int


def footer(file: Path) -> Footer:
    """What a file says of itself; read once for each state of the file.

    Raises:
        BadSourceFile: it is not readable, or has a name twice.
    """
    try:
        stat = file.stat()
    except OSError as error:
        raise BadSourceFile(f"it can't be read ({error.strerror})", file=str(file)) from None
    if not S_ISREG(stat.st_mode):  # opening a pipe would wait for somebody who writes to it
        raise BadSourceFile("it is a pipe or device, no file", file=str(file))
    return _read_footer(file, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=4096)  # another size or time of change is another state of a file
def _read_footer(file: Path, size: int, changed: int) -> Footer:
    with _opened(file) as parquet:
        schema = _checked(parquet.schema_arrow, file)
        return Footer(plain_schema(schema), parquet.metadata.num_rows)


def _checked(schema: pa.Schema, file: Path) -> pa.Schema:
    twice = check_names(schema)
    if twice:
        raise BadSourceFile(
            f"{twice} is there twice. Write the file anew with a name of its own for each, such as "
            "SELECT a.price, b.price AS old_price.",
            file=str(file),
        )
    return schema


def check_exact(file: Path, name: str, wanted: pa.Field) -> None:
    """Read a column of a file to see that its values fit a type.

    Raises:
        BadSourceFile: one does not; names it.
    """
    with _opened(file, pre_buffer=False, buffer_size=1 << 20) as parquet:
        for batch in parquet.iter_batches(16 * BATCH_ROWS, columns=[name]):
            column = batch.column(name)
            kind = common_type([column.type, wanted.type]) or wanted.type  # also a large list's
            _exactly(file, pa.field(wanted.name, kind), column)


def _is_all_null(file: Path, name: str) -> bool:
    with _opened(file, pre_buffer=False, buffer_size=1 << 20) as parquet:
        for batch in parquet.iter_batches(16 * BATCH_ROWS, columns=[name]):
            if batch.column(name).null_count < batch.num_rows:
                return False
    return True


@contextlib.contextmanager
def _opened(file: Path, **options: Any) -> Iterator[pq.ParquetFile]:
    try:
        # INT96, Spark's old form of times: as nanoseconds, which is Arrow's way, the year 9999 wraps.
        with (
            pa.OSFile(str(file)) as source,
            pq.ParquetFile(
                source, page_checksum_verification=True, coerce_int96_timestamp_unit="us", **options
            ) as parquet,
        ):
            before = _written(source)
            yield parquet
            if _written(source) != before:
                raise _changed(file)
    except UnicodeEncodeError:
        raise BadSourceFile(
            "its path is not in UTF-8; give it another name", file=f"{file!a}"
        ) from None
    except (pa.ArrowException, OSError) as error:
        raise BadSourceFile(f"not a readable Parquet file ({error})", file=str(file)) from None


def _written(source: pa.OSFile) -> tuple[int, int]:
    """Size and time of change of an open file; one that took its name meanwhile is another."""
    stat = os.fstat(source.fileno())
    return stat.st_size, stat.st_mtime_ns


def _check_all_read(file: Path, left: int) -> None:
    """Of a file that is emptied while it is read, Arrow gives no rows and no error."""
    if left:
        raise _changed(file)


def _changed(file: Path) -> BadSourceFile:
    return BadSourceFile(
        "it was written to while it was read. Try again; write a new file and rename it to this one, "
        "and readers see all of one or of the other.",
        file=str(file),
    )
