"""Changes of a table's own rows: some of its files written anew, the others kept. One atomic version.

A file that is written anew is cut to parts, so that the next change of a few rows writes few. Knows
files and rows; not what they mean, and not SQL.
"""

from __future__ import annotations

import contextlib
import copy
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.core.names import ThreePartName
from engine.errors import InvalidInputException, InvalidState
from engine.store.layout import Layout, make_folder, read_json, sync_file, write_json
from engine.store.tables.parquet_files import BATCH_ROWS
from engine.store.tables.table import Table
from engine.store.tables.table_store import TableStore
from engine.store.tables.versions import history_of, record

PART_ROWS = 65_536  # rows of a file that a change writes
SMALL_ROWS = 4_096  # a last file with fewer rows takes new rows in, so that files don't become many
# What `table.json` calls the columns of its layout; files lie as ever.
PARTITION_COLUMNS, CLUSTERING_COLUMNS = "partition_columns", "clustering_columns"


@dataclass
class TableChange:
    """What becomes of a table: each of its files kept, replaced or dropped, and rows behind the last.

    Attributes:
        table: as it was when the change began; nobody else writes it meanwhile.
        replaced: by place of the file its rows as they will be; none drops the file.
        added: rows that come behind all others, in the table's columns.
        schema: the columns afterwards; other than the table's only where every file is replaced.
        facts: what `table.json` says beside its files, as it will be.
    """

    table: Table
    schema: pa.Schema
    facts: dict[str, Any]
    replaced: dict[int, pa.Table] = field(default_factory=dict)
    added: pa.Table | None = None

    def record(self, entry: Mapping[str, Any]) -> None:
        """Say what the change is, for the table's history; see `record`."""
        record(self.facts, entry)

    def rows_of(self, place: int) -> pa.Table:
        """All rows of one of the table's files, in the table's types."""
        batches = self.table.parquet.batches_of(self.table.files[place], None, 16 * BATCH_ROWS)
        return pa.Table.from_batches(batches, schema=self.table.schema)

    def rows_now(self, place: int) -> pa.Table:
        """The same as they will be, as far as the change goes by now."""
        found = self.replaced.get(place)
        return self.rows_of(place) if found is None else found


@dataclass(frozen=True)
class Joined:
    """Which files became which others: sizes in bytes.

    Attributes:
        considered: how many files there were.
    """

    removed: tuple[int, ...]
    added: tuple[int, ...]
    considered: int


class TableChanges:
    """Changes of the tables of a workspace, each of which is a new version with its history."""

    def __init__(self, layout: Layout, tables: TableStore) -> None:
        self._layout, self._tables = layout, tables

    @contextlib.contextmanager
    def change(self, name: ThreePartName) -> Iterator[TableChange]:
        """Change a table's rows; published when the block ends without an error.

        Raises:
            NotFound: no such table. Locked: another process is writing it.
            InvalidState: it was registered from files of the user, which are never changed.
            StorageFailed: a full disk.
        """
        with self._layout.writing(f"table-{name}"):
            table = self._tables.get(name)
            refuse_registered(table)
            file = self._layout.table_dir(name) / "table.json"
            facts = read_json(file)
            facts["history"] = history_of(facts, file)
            change = TableChange(table, table.schema, copy.deepcopy(facts))
            yield change
            if change.replaced or change.added is not None or change.facts != facts:
                self._publish(change)

    def write(
        self,
        name: ThreePartName,
        schema: pa.Schema,
        rows: pa.Table,
        entry: Mapping[str, Any],
        *,
        properties: Mapping[str, Any] | None = None,
        part_rows: int | None = None,
        layout: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Make or replace a table; `entry` is the first of its history. See `record`.

        Args:
            layout: its `PARTITION_COLUMNS` and `CLUSTERING_COLUMNS`; None for neither.
            part_rows: rows of a file: a change of one row writes as many again; None for the usual.
        """
        with self._layout.writing(f"table-{name}"):
            folder = self._layout.table_dir(name)
            history: list[dict[str, Any]] = []
            if self._tables.exists(name):
                history = history_of(read_json(folder / "table.json"), folder / "table.json")
            made: dict[str, Any] = {
                "files": [],
                "properties": dict(properties or {}),
                "registered": False,
                "history": history,
                **{key: list(columns) for key, columns in (layout or {}).items()},
            }
            record(made, entry)
            files = self._written(folder, schema, rows, part_rows)
            self._put(name, {**made, "files": files})

    def join_files(self, name: ThreePartName, entry: Mapping[str, Any]) -> Joined:
        """Write neighbouring small files of a table as one, in the order of their rows.

        Args:
            entry: `user` and `parameters` for the table's history, where there is something to do.

        Raises:
            As `change`.
        """
        with self.change(name) as change:
            before = change.table.files
            sizes = {file.name: file.stat().st_size for file in before}
            for group in _groups_of_small(before):
                change.replaced[group[0]] = pa.concat_tables(map(change.rows_of, group))
                change.replaced |= {n: change.schema.empty_table() for n in group[1:]}
            gone = tuple(sizes[before[place].name] for place in sorted(change.replaced))
            if gone:
                metrics = {"numRemovedFiles": str(len(gone))}
                change.record({"operation": "OPTIMIZE", "metrics": metrics, **entry})
        after = self._tables.get(name).files
        new = tuple(file.stat().st_size for file in after if file.name not in sizes)
        return Joined(gone, new, len(before))

    def layout(self, name: ThreePartName) -> dict[str, list[str]]:
        """The columns that a table was said to be partitioned and clustered by."""
        facts = read_json(self._layout.table_dir(name) / "table.json")
        return {key: facts.get(key, []) for key in (PARTITION_COLUMNS, CLUSTERING_COLUMNS)}

    def _publish(self, change: TableChange) -> None:
        folder = self._layout.table_dir(change.table.name)
        files: list[str] = []
        places = range(len(change.table.files))
        last = len(change.table.files) - 1
        replaced, added = dict(change.replaced), change.added
        if added is not None and last >= 0:
            before = replaced.get(last)
            if before is None and pq.read_metadata(change.table.files[last]).num_rows < SMALL_ROWS:
                before = change.rows_of(last)
            if before is not None:
                replaced[last] = pa.concat_tables([before, added.cast(change.schema)])
                added = None
        for place in places:
            if place not in replaced:
                files.append(change.table.files[place].name)
            elif replaced[place].num_rows:
                files += self._written(folder, change.schema, replaced[place])
        if added is not None and added.num_rows:
            files += self._written(folder, change.schema, added)
        if not files:  # a table without rows keeps its columns
            files = self._written(folder, change.schema, change.schema.empty_table())
        self._put(change.table.name, {**change.facts, "files": files})

    def _written(
        self, folder: Path, schema: pa.Schema, rows: pa.Table, part_rows: int | None = None
    ) -> list[str]:
        make_folder(folder)
        names = []
        size = part_rows or PART_ROWS
        for start in range(0, max(rows.num_rows, 1), size):
            file = folder / f"part-{uuid.uuid4().hex}.parquet"
            try:
                pq.write_table(
                    rows.slice(start, size).cast(schema),
                    file,
                    row_group_size=16 * BATCH_ROWS,
                    compression="zstd",
                    compression_level=1,
                    write_page_checksum=True,
                )
                sync_file(file)
            except BaseException as error:
                file.unlink(missing_ok=True)
                if isinstance(error, pa.ArrowNotImplementedError):
                    raise InvalidInputException(
                        f"the rows can't be written as Parquet: {error}. Leave that column out, or "
                        "cast it."
                    ) from None
                raise
            names.append(file.name)
        return names

    def _put(self, name: ThreePartName, facts: Mapping[str, Any]) -> None:
        folder = self._layout.table_dir(name)
        write_json(folder / "table.json", facts)
        self._tables.remove_other_files(name, facts["files"])


def _groups_of_small(files: Sequence[Path]) -> list[list[int]]:
    """Places of files side by side that have at most `PART_ROWS` rows together, two or more each."""
    groups: list[list[int]] = [[]]
    held = 0
    for place, file in enumerate(files):
        rows = pq.read_metadata(file).num_rows
        if held + rows > PART_ROWS:
            groups.append([])
            held = 0
        groups[-1].append(place)
        held += rows
    return [group for group in groups if len(group) > 1]


def refuse_registered(table: Table) -> None:
    """Refuse to write a table whose files are the user's. Raises InvalidState: how to copy it."""
    if table.registered:
        raise InvalidState(
            f"Table {table.name} was registered from files of yours ({table.folder}), which are never "
            f"changed. Copy it, and write the copy: CREATE TABLE {table.name}_copy AS SELECT * FROM "
            f"{table.name}; or make it the workspace's own: CREATE OR REPLACE TABLE {table.name} AS "
            f"SELECT * FROM {table.name}."
        )
