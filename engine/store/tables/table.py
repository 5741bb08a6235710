"""A table: its files, or its Delta table, as one set of columns and rows. Knows files; not workspaces.

Nor what rows mean, but for the paths of photos that they hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from engine.core.names import ThreePartName
from engine.errors import BadSourceFile
from engine.photo_texts import is_written
from engine.store.tables.parquet_files import BATCH_ROWS, ParquetFiles, chosen_fields, footer
from engine.store.tables.partitions import Partitions

if TYPE_CHECKING:
    from engine.store.tables.delta import DeltaSource

IMAGE_FOLDER = "image_folder"  # property of a written table: where relative paths in its rows start


@dataclass(frozen=True)
class Table:
    """A table as it was when it was opened.

    Attributes:
        files: its Parquet files, in order.
        properties: small facts about it, such as the encoder that made its vectors.
        registered: the files belong to the user and are never changed or deleted.
        delta: a registered Delta table, which is read instead of files; None for others.
        folder: where relative paths in its rows start, the registered folder; None for the current one.
        partitions: for each file the columns that its folders name; empty where no folder does.
    """

    name: ThreePartName
    files: tuple[Path, ...]
    properties: Mapping[str, Any]
    registered: bool
    delta: DeltaSource | None = None
    folder: Path | None = None
    partitions: tuple[Partitions, ...] = field(default=(), repr=False)

    @cached_property
    def parquet(self) -> ParquetFiles:
        """The files as one; not for a Delta table."""
        return ParquetFiles(self.files, self.partitions)

    @property
    def schema(self) -> pa.Schema:
        """All columns, each in a type that holds the values of every file.

        Raises:
            BadSourceFile: files that don't go together.
        """
        return self.parquet.schema if self.delta is None else self.delta.schema

    @property
    def num_rows(self) -> int:
        return self.parquet.num_rows if self.delta is None else self.delta.num_rows

    def rows_of(self, file: Path) -> int:
        """Rows of one of the files. Raises BadSourceFile: it can't be read."""
        return footer(file).rows

    def batches(
        self, columns: Sequence[str] | None = None, rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Stream the rows in file order, at most `rows` at a time."""
        names = chosen_fields(self.schema, columns, str(self.name)).names
        if self.delta is not None:
            yield from self.delta.batches(names, rows)
        for file in self.files:
            yield from self.parquet.batches_of(file, names, rows)

    def check_values(self) -> None:
        """Refuse files whose columns or values don't go together. Raises BadSourceFile."""
        self.parquet.check_values()

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The whole table, or some of its columns, in memory.

        Raises:
            BadSourceFile: a column that it lacks, or a file that can't be read.
            InvalidInputException: a column that is asked for twice.
        """
        fields = chosen_fields(self.schema, columns, str(self.name))
        if self.delta is None:
            return self.parquet.read(fields.names)
        batches = self.delta.batches(fields.names) if fields.names else ()
        return pa.Table.from_batches(batches, schema=fields)

    def photo_path(self, path: Any) -> Any:
        """An `image_path` of a row; a relative one starts in the table's folder.

        What is no path stays as it is: bytes, structures, base64 and links. In a structure
        `{bytes, path}` or `{content, path}` without bytes, the path is what counts.
        Only where a file of that path is in the current folder and none in the table's, it is that.
        """
        if isinstance(path, Mapping) and path.get("bytes", path.get("content")) is None:
            path = path.get("path")
        if self.folder is None or not isinstance(path, str) or not path or "://" in path:
            return path
        is_whole = path.startswith(("/", "~")) or path[:5].casefold() in ("dbfs:", "file:")
        if is_whole or is_written(path) or Path(path).is_absolute():
            return path
        inside = self.folder / path
        return path if _is_file(Path(path)) and not _is_file(inside) else str(inside)

    def identity(self) -> list[tuple[str, int, int]]:
        """Which bytes these are: path, size and modification time (ns) of each file.

        Raises:
            BadSourceFile: one is gone.
        """
        try:
            stats = [(file, file.stat()) for file in self.files]
        except OSError as error:
            reason = f"it was replaced or removed meanwhile, try again ({error.strerror})"
            raise BadSourceFile(reason, file=str(error.filename)) from None
        return [(str(file), stat.st_size, stat.st_mtime_ns) for file, stat in stats]

    def state(self) -> object:
        """Equal for equal contents of the table: what it holds was changed where this differs.

        Raises:
            BadSourceFile: as `identity`.
        """
        if self.delta is not None:
            return (self.delta.table_id, self.delta.version)
        return self.identity()


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file has
        return False


def read_batches(
    table: Table, file: Path, columns: Sequence[str] | None, rows: int
) -> Iterator[pa.RecordBatch]:
    """Stream one of a table's files in the types of the whole table, at most `rows` rows at a time.

    Text may be no UTF-8: the caller checks that row by row.

    Raises:
        BadSourceFile: it can't be read, or a value has no form in the table's type.
    """
    return table.parquet.batches_of(file, columns, rows, check_texts=False)
