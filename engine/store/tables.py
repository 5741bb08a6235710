"""Parquet tables in and out, and the registration of exported ones. Knows files; not what rows mean.

A table is a small `table.json` that lists Parquet files: the table's own, or files registered where
they lie. Writing makes new files and then replaces `table.json`, so readers see the old table or the
new one.
"""

from __future__ import annotations

import contextlib
import glob
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.core.names import ThreePartName
from engine.core.schema import suggestion
from engine.errors import BadSourceFile, NotFound
from engine.store.layout import Layout, make_folder, read_json, sync_file, write_json

if TYPE_CHECKING:
    from engine.store.delta import DeltaSource

BATCH_ROWS = 1024  # rows read or written at a time: 2 MB for each 512-dimensional float32 column


@dataclass(frozen=True)
class Table:
    """A table as it was when it was looked up.

    Attributes:
        files: its Parquet files, in order.
        properties: small facts about it, such as the encoder that made its vectors.
        registered: the files belong to the user and are never changed or deleted.
        delta: a registered Delta table, which is read instead of files; None for others.
    """

    name: ThreePartName
    files: tuple[Path, ...]
    properties: Mapping[str, Any]
    registered: bool
    delta: DeltaSource | None = None

    @property
    def schema(self) -> pa.Schema:
        if self.delta is not None:
            return self.delta.schema
        return _schema(self.files[0]).remove_metadata()

    @property
    def num_rows(self) -> int:
        if self.delta is not None:
            return self.delta.num_rows
        rows = 0
        for file in self.files:
            with _opened(file) as parquet:
                rows += parquet.metadata.num_rows
        return rows

    def batches(
        self, columns: Sequence[str] | None = None, rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Stream the rows in file order, at most `rows` at a time."""
        if self.delta is not None:
            yield from self.delta.batches(columns, rows)
        for file in self.files:
            yield from read_batches(file, columns, rows)

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The whole table, or some of its columns, in memory."""
        if self.delta is not None:
            fields = [self.schema.field(name) for name in columns or self.schema.names]
            return pa.Table.from_batches(self.delta.batches(columns), schema=pa.schema(fields))
        chosen = list(columns) if columns is not None else None
        parts = []
        for file in self.files:
            with _opened(file) as parquet:
                parts.append(parquet.read(columns=chosen))
        return pa.concat_tables(parts, promote_options="permissive").replace_schema_metadata()

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


def read_batches(file: Path, columns: Sequence[str] | None, rows: int) -> Iterator[pa.RecordBatch]:
    """Stream one Parquet file, at most `rows` rows at a time.

    Raises:
        BadSourceFile: it can't be read.
    """
    # Buffered reading keeps memory flat also where a file has one huge row group.
    with _opened(file, pre_buffer=False, buffer_size=1 << 20) as parquet:
        yield from parquet.iter_batches(
            rows, columns=list(columns) if columns is not None else None
        )


@contextlib.contextmanager
def _opened(file: Path, **options: Any) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(file, page_checksum_verification=True, **options) as parquet:
            yield parquet
    except (pa.ArrowException, OSError) as error:
        raise BadSourceFile(f"not a readable Parquet file ({error})", file=str(file)) from None


class TableStore:
    """All tables of a workspace."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def get(self, name: ThreePartName) -> Table:
        """Look a table up.

        Raises:
            NotFound: names the tables that there are.
            BadSourceFile: a registered file is gone.
        """
        folder = self._layout.table_dir(name)
        try:
            manifest = read_json(folder / "table.json")
        except FileNotFoundError:
            known = [str(table) for table in self.names()]
            raise NotFound(
                f"Table {name} not found.{suggestion(str(name), known)} "
                f"Tables of this workspace: {', '.join(known) or 'none'}."
            ) from None
        if manifest.get("delta"):
            from engine.store.delta import open_delta  # an optional package, seldom needed

            source = open_delta(Path(manifest["delta"]))
            return Table(name, (), manifest["properties"], True, source)
        files = tuple(folder / file for file in manifest["files"])
        for file in files:
            if not file.is_file():
                if read_json(folder / "table.json") != manifest:
                    return self.get(name)  # replaced in this moment
                raise BadSourceFile(
                    f"a file of table {name} is gone. Put it back, or register the table again "
                    f"with: vitrine table register {name} FILES...",
                    file=str(file),
                )
        return Table(name, files, manifest["properties"], manifest["registered"])

    def names(self) -> list[ThreePartName]:
        """Names of all tables, sorted."""
        found = (self._layout.root / "tables").glob("*/*/*/table.json")
        return sorted(ThreePartName(*file.parent.parts[-3:]) for file in found)

    def exists(self, name: ThreePartName) -> bool:
        return (self._layout.table_dir(name) / "table.json").is_file()

    def register(self, name: ThreePartName, patterns: Iterable[str | Path]) -> Table:
        """Make Parquet files a table where they lie; folders stand for the Parquet files in them.

        A single folder that holds a Delta table is registered as that table.

        Raises:
            BadSourceFile: nothing found, not Parquet, or a file with other columns than the first.
            MissingExtra: a Delta table, and the package deltalake is not installed.
        """
        patterns = list(patterns)
        if len(patterns) == 1 and (Path(patterns[0]).expanduser() / "_delta_log").is_dir():
            return self._register_delta(name, Path(patterns[0]).expanduser().resolve())
        files = [file.resolve() for pattern in patterns for file in _parquet_files(pattern)]
        if not files:
            raise BadSourceFile("no files were given", file=str(name))
        first = _schema(files[0])
        for file in files[1:]:
            if _schema(file).names != first.names:
                raise BadSourceFile(
                    f"its columns are {', '.join(_schema(file).names)}; those of {files[0]} are "
                    f"{', '.join(first.names)}. Files of one table need the same columns.",
                    file=str(file),
                )
        with self._layout.writing(f"table-{name}"):
            self._publish(name, [str(file) for file in files], {}, registered=True)
        return self.get(name)

    def _register_delta(self, name: ThreePartName, folder: Path) -> Table:
        from engine.store.delta import open_delta

        open_delta(folder)
        with self._layout.writing(f"table-{name}"):
            self._publish(name, [], {}, registered=True, delta=str(folder))
        return self.get(name)

    @contextlib.contextmanager
    def writing(
        self, name: ThreePartName, schema: pa.Schema, properties: Mapping[str, Any]
    ) -> Iterator[pq.ParquetWriter]:
        """Write a table batch by batch; it is published when the block ends without an error.

        Raises:
            Locked: another process is writing the table. StorageFailed: a full disk.
        """
        folder = self._layout.table_dir(name)
        file = folder / f"part-{uuid.uuid4().hex}.parquet"
        # The lock is held all the time: who publishes removes files that no table names.
        with self._layout.writing(f"table-{name}"):
            make_folder(folder)
            try:
                with pq.ParquetWriter(
                    file, schema, compression="zstd", compression_level=1, write_page_checksum=True
                ) as writer:
                    yield writer
                sync_file(file)
            except BaseException:
                with contextlib.suppress(OSError):
                    file.unlink(missing_ok=True)
                raise
            self._publish(name, [file.name], properties, registered=False)

    def write(
        self, name: ThreePartName, table: pa.Table, properties: Mapping[str, Any] | None = None
    ) -> Table:
        """Write a whole table at once."""
        with self.writing(name, table.schema, properties or {}) as writer:
            writer.write_table(table, row_group_size=16 * BATCH_ROWS)
        return self.get(name)

    def _publish(
        self,
        name: ThreePartName,
        files: list[str],
        properties: Mapping[str, Any],
        registered: bool,
        delta: str | None = None,
    ) -> None:
        """Replace `table.json`; the caller holds the table's lock."""
        folder = self._layout.table_dir(name)
        manifest = {"files": files, "properties": dict(properties), "registered": registered}
        if delta is not None:
            manifest["delta"] = delta
        write_json(folder / "table.json", manifest)
        # Readers that opened a superseded file keep it; the name goes away.
        for old in [*folder.glob("part-*.parquet"), *folder.glob(".writing-*")]:
            if old.name not in files:
                with contextlib.suppress(OSError):
                    old.unlink(missing_ok=True)


def _parquet_files(pattern: str | Path) -> list[Path]:
    path = Path(pattern).expanduser()
    if path.is_dir():
        found = sorted(path.rglob("*.parquet"))
    else:
        found = [path] if path.is_file() else [Path(p) for p in sorted(glob.glob(str(path)))]
    if not found:
        raise BadSourceFile("no Parquet file is here", file=str(pattern))
    return found


def _schema(file: Path) -> pa.Schema:
    with _opened(file) as parquet:
        return parquet.schema_arrow
