"""Parquet tables in and out, and the registration of exported ones. Knows files; not what rows mean.

A table is a small `table.json` that lists Parquet files: the table's own, or files registered where
they lie. Writing makes new files and then replaces `table.json`, so readers see the old table or the
new one.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from engine.core.names import ThreePartName
from engine.core.schema import suggestion
from engine.core.types import written_type
from engine.errors import (
    BadSourceFile,
    CorruptFile,
    InvalidInputException,
    NotFound,
    NotSupported,
    VitrineError,
)
from engine.store.layout import (
    TEMPORARY_PREFIX,
    Layout,
    make_folder,
    read_json,
    sync_file,
    sync_folder,
    write_json,
)
from engine.store.tables.parquet_files import BATCH_ROWS, check_names
from engine.store.tables.partitions import (
    FoundFile,
    Partitions,
    common_folder,
    find_files,
    is_delta,
    local_path,
)
from engine.store.tables.table import IMAGE_FOLDER, Table
from engine.store.tables.versions import AsOf, history_of, version_meant


class TableStore:
    """All tables of a workspace."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def get(self, name: ThreePartName, as_of: AsOf | None = None) -> Table:
        """Open a table.

        Args:
            as_of: an earlier version; None for the newest.

        Raises:
            NotFound: names the tables that exist. BadStatement: it never had that version.
            NotSupported: the version's rows are gone; says of which tables they stay.
            CorruptFile: what is known of it is damaged. BadSourceFile: a registered file is gone.
        """
        folder = self._layout.table_dir(name)
        try:
            manifest = read_json(folder / "table.json")
        except FileNotFoundError:
            raise self._not_found(name) from None
        if not _is_whole(manifest):
            raise CorruptFile(
                f"{folder / 'table.json'} is damaged: it lacks what every table has. Register or write "
                f"table {name} again, or drop it."
            )
        table = self._open(name, folder, manifest)
        return table if as_of is None else self._earlier(table, as_of)

    def _earlier(self, table: Table, as_of: AsOf) -> Table:
        history = self.history(table.name)
        number = version_meant(history, as_of, str(table.name))
        if number == history[-1]["version"]:
            return table
        if table.delta is None:
            raise NotSupported(
                f"Table {table.name} keeps the rows of its newest version alone, which is "
                f"{history[-1]['version']}; version {number} can't be read. Earlier versions are read "
                "of Delta tables, by their folder or registered (vitrine table register). Of this one "
                f"keep a copy before it is changed: CREATE TABLE {table.name}_before AS SELECT * FROM "
                f"{table.name}."
            )
        from engine.store.tables.delta import open_delta

        return replace(table, delta=open_delta(table.delta.folder, number))

    def history(self, name: ThreePartName) -> list[dict[str, Any]]:
        """Versions of a table, the first one first; of one that SQL never wrote, its only one.

        Of a registered Delta table those that its log knows. Raises NotFound: no such table.
        """
        file = self._layout.table_dir(name) / "table.json"
        try:
            facts = read_json(file)
        except FileNotFoundError:
            raise self._not_found(name) from None
        if facts.get("delta"):
            from engine.store.tables.delta import delta_history

            return delta_history(Path(facts["delta"]))
        return history_of(facts, file)

    def _open(self, name: ThreePartName, folder: Path, manifest: Mapping[str, Any]) -> Table:
        if manifest.get("delta"):
            from engine.store.tables.delta import open_delta  # an optional package, seldom needed

            source = open_delta(Path(manifest["delta"]))
            return Table(name, (), manifest["properties"], True, source, source.folder)
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
        return Table(
            name,
            files,
            manifest["properties"],
            manifest["registered"],
            folder=_folder_of(manifest, files),
            partitions=tuple(map(dict, manifest.get("partitions", ()))),
        )

    def _not_found(self, name: ThreePartName) -> NotFound:
        known = [str(table) for table in self.names()]
        namesakes = [table for table in known if table.rpartition(".")[2] == name.name]
        hint = suggestion(str(name), known)
        if not hint and namesakes:
            hint = f" Did you mean {namesakes[0]!r}?"
        return NotFound(
            f"Table {name} not found in workspace {self._layout.root}.{hint} "
            f"Tables of this workspace: {', '.join(known) or 'none'}."
        )

    def names(self) -> list[ThreePartName]:
        """Names of all tables, sorted."""
        found = (self._layout.root / "tables").glob("*/*/*/table.json")
        return sorted(ThreePartName(*file.parent.parts[-3:]) for file in found)

    def fault(self, name: ThreePartName) -> str | None:
        """Why a table can't be used; None where it can, as far as its files' footers say."""
        try:
            self.get(name).schema  # noqa: B018
        except VitrineError as error:
            return error.message
        return None

    def exists(self, name: ThreePartName) -> bool:
        return (self._layout.table_dir(name) / "table.json").is_file()

    def folder(self, name: ThreePartName) -> Path:
        """Where a table's own files lie."""
        return self._layout.table_dir(name)

    def changed_ms(self, name: ThreePartName) -> int:
        """When a table was last written or registered, in milliseconds since the epoch.

        Raises:
            NotFound: no such table.
        """
        try:
            return (self._layout.table_dir(name) / "table.json").stat().st_mtime_ns // 1_000_000
        except FileNotFoundError:
            raise self._not_found(name) from None

    def drop(self, name: ThreePartName) -> None:
        """Forget a table, also a damaged one; registered files stay, the table's own are deleted.

        Raises:
            NotFound: no such table.
        """
        folder = self._layout.table_dir(name)
        with self._layout.writing(f"table-{name}"):
            if not self.exists(name):
                raise self._not_found(name)
            (folder / "table.json").unlink()
            sync_folder(folder)
            _remove_own_files(folder, kept=())
            with contextlib.suppress(OSError):
                folder.rmdir()  # only where nothing of anybody else is left

    def move(self, name: ThreePartName, new: ThreePartName) -> None:
        """Give a table another name, which nothing has; its own files go there with it, at once.

        Raises:
            NotFound: no such table. StorageFailed: what isn't the workspace's lies in the new place.
        """
        first, second = sorted((name, new))
        with self._layout.writing(f"table-{first}"), self._layout.writing(f"table-{second}"):
            if not self.exists(name):
                raise self._not_found(name)
            before, after = self._layout.table_dir(name), self._layout.table_dir(new)
            make_folder(after.parent)
            with contextlib.suppress(OSError):
                after.rmdir()  # a dropped table may have left it
            before.rename(after)
            sync_folder(after.parent)
            sync_folder(before.parent)

    def register(self, name: ThreePartName, patterns: Iterable[str | Path]) -> Table:
        """Make Parquet files a table where they lie; folders stand for the Parquet files in them.

        A single folder that holds a Delta table is registered as that table. Folders named `key=value`
        bring a column; see `partitions`.

        Raises:
            BadSourceFile: nothing found, not Parquet, a file with other columns than the first or with
                values that have no type in common, or a file of this workspace.
            MissingExtra: a Delta table, and the package deltalake is not installed.
        """
        patterns = [local_path(pattern) for pattern in patterns]
        if len(patterns) == 1 and is_delta(Path(patterns[0]).expanduser()):
            return self._register_delta(name, Path(patterns[0]).expanduser().resolve())
        roots: list[Path] = []
        found: dict[Path, FoundFile] = {}
        for pattern in patterns:
            root, files = find_files(pattern)
            roots.append(root)
            for file in files:
                found.setdefault(file.path.resolve(), file)  # one file is one, however often named
        if not found:
            raise BadSourceFile("no files were given", file=str(name))
        self._refuse_foreign(name, list(found))
        partitions = _partitions(found.values())
        table = Table(name, tuple(found), {}, True, partitions=partitions)
        table.check_values()
        facts: dict[str, Any] = {"folder": str(common_folder(root.resolve() for root in roots))}
        if partitions:
            facts["partitions"] = [list(named.items()) for named in partitions]  # JSON sorts keys
        with self._layout.writing(f"table-{name}"):
            self._publish(name, [str(file) for file in found], {}, registered=True, **facts)
        return self.get(name)

    def _refuse_foreign(self, name: ThreePartName, files: Sequence[Path]) -> None:
        """Refuse files that somebody else replaces or deletes: this workspace, a Delta table."""
        own = self._layout.root.resolve()
        for file in files:
            if any(file.is_relative_to(own / part) for part in ("tables", "indexes")):
                raise BadSourceFile(
                    "it belongs to this workspace, which deletes it when it writes its table or "
                    f"index. Copy it elsewhere and register the copy as {name}.",
                    file=str(file),
                )
        above = {folder: file for file in reversed(files) for folder in file.parents}
        for folder, file in above.items():
            if is_delta(folder):
                raise BadSourceFile(
                    f"it is part of the Delta table {folder}, and may hold rows that were deleted "
                    f"there. Register the folder itself: vitrine table register {name} {folder}",
                    file=str(file),
                )

    def _register_delta(self, name: ThreePartName, folder: Path) -> Table:
        from engine.store.tables.delta import open_delta

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
            InvalidInputException: a name twice among the columns, or a type that Parquet lacks.
            Locked: another process is writing the table. StorageFailed: a full disk.
        """
        twice = check_names(schema)
        if twice:
            raise InvalidInputException(
                f"table {name} can't be written: {twice} is there twice. Give each a name of its own."
            )
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
            except BaseException as error:
                with contextlib.suppress(OSError):
                    file.unlink(missing_ok=True)
                if isinstance(error, pa.ArrowNotImplementedError):
                    raise InvalidInputException(
                        f"table {name} can't be written as Parquet: {error}. Leave that column out, or "
                        "cast it."
                    ) from None
                raise
            self._publish(name, [file.name], properties, registered=False)

    def write(
        self, name: ThreePartName, table: pa.Table, properties: Mapping[str, Any] | None = None
    ) -> Table:
        """Write a whole table at once; see `written_type`."""
        schema = pa.schema([field.with_type(written_type(field.type)) for field in table.schema])
        try:
            if schema != table.schema:
                table = table.cast(schema)
            with self.writing(name, table.schema, properties or {}) as writer:
                writer.write_table(table, row_group_size=16 * BATCH_ROWS)
        except pa.ArrowInvalid as error:  # such as a time beyond what Parquet's units count
            raise InvalidInputException(
                f"table {name} can't be written as Parquet: {error}. Leave that column out, or cast it."
            ) from None
        return self.get(name)

    def remove_other_files(self, name: ThreePartName, kept: Sequence[str]) -> None:
        """Remove a table's own files but those of these names; the caller holds the table's lock."""
        _remove_own_files(self._layout.table_dir(name), kept)

    def _publish(
        self,
        name: ThreePartName,
        files: list[str],
        properties: Mapping[str, Any],
        registered: bool,
        **facts: Any,
    ) -> None:
        """Replace `table.json`; the caller holds the table's lock."""
        folder = self._layout.table_dir(name)
        manifest = {"files": files, "properties": dict(properties), "registered": registered}
        write_json(folder / "table.json", {**manifest, **facts})
        _remove_own_files(folder, kept=files)


def _remove_own_files(folder: Path, kept: Sequence[str]) -> None:
    """Remove a table's own files but those of these names. Readers that opened one keep it."""
    for old in [*folder.glob("part-*.parquet"), *folder.glob(f"{TEMPORARY_PREFIX}*")]:
        if old.name not in kept:
            with contextlib.suppress(OSError):
                old.unlink(missing_ok=True)


def _partitions(found: Iterable[FoundFile]) -> tuple[Partitions, ...]:
    named = tuple(file.partitions for file in found)
    return named if any(named) else ()


def _is_whole(manifest: Mapping[str, Any]) -> bool:
    kinds = {"files": list, "properties": dict, "registered": bool}
    return all(isinstance(manifest.get(key), kind) for key, kind in kinds.items())


def _folder_of(manifest: Mapping[str, Any], files: Sequence[Path]) -> Path | None:
    """The registered folder; older releases did not write it down."""
    if not manifest["registered"]:
        recorded = manifest["properties"].get(IMAGE_FOLDER)
        return Path(recorded) if recorded else None
    return (
        Path(manifest["folder"]) if "folder" in manifest else common_folder(f.parent for f in files)
    )
