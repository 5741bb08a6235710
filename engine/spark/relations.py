"""A workspace's tables and views as relations of Spark's own catalogue.

Each is a view over Parquet files that Spark reads itself: the table's own, by a second link to them, so
that a DataFrame keeps the rows which it was made of when the table is written again; or, where Spark
can't read them as they are, files written for it. Knows files and types; not statements.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql.pandas.types import from_arrow_type

from engine.core.names import ThreePartName, is_volume_path, quoted_name
from engine.core.types import stored_type, with_each
from engine.errors import BadStatement, InvalidParameterValue, NotSupported
from engine.service.sql.relations import readable_type
from engine.service.sql.shown.information_schema import SCHEMA as INFORMATION_SCHEMA
from engine.spark.frames.volume_paths import local_folder
from engine.spark.kinds import OnWorkspace
from engine.store.tables.delta import delta_history, open_delta
from engine.store.tables.table import Table
from engine.store.tables.versions import AsOf, version_meant

_DELTA = "vitrine_delta"  # a database of Spark's: Delta tables that no workspace knows
_ROWS = 8_192  # of a batch that is written for Spark


class SparkRelations:
    """The relations that Spark was shown in one session."""

    def __init__(self, session: OnWorkspace, folder: Path) -> None:
        self._session, self._folder = session, folder
        # All sessions of a process share Spark's catalogue: names are told apart by the folder.
        self._mark = folder.name.rpartition("-")[2]
        self._schemas: dict[tuple[str, str], str] = {}
        self._shown: dict[ThreePartName, object] = {}  # the state that each table had
        # Of Delta tables by folder and version, None for the newest: the name, the state shown.
        self._deltas: dict[tuple[str, int | None], tuple[str, object]] = {}
        self._numbers = itertools.count()

    def spark_name(self, name: str, as_of: AsOf | None = None) -> str:
        """What Spark calls a table of the workspace, or a temporary view; in its spelling.

        Args:
            as_of: an earlier version of it; None for the newest.

        Raises:
            NotFound: there is none. BadStatement, NotSupported: a version that can't be read.
        """
        parts = tuple(part.strip("`") for part in name.split("."))
        return self.of_parts(parts, as_of) or name

    def of_parts(self, parts: tuple[str, ...], as_of: AsOf | None = None) -> str | None:
        """As `spark_name`; None for what is Spark's own, such as a temporary view or a file's path."""
        if as_of is None and len(parts) == 1 and self._session.has_temporary(parts[0]):
            return None
        if parts[0].lower() == "global_temp":
            return None
        if parts[0].lower() == "delta" and len(parts) == 2 and "/" in parts[1]:
            if self._session.knows_delta():
                return None
            return self.of_delta(local_folder(self._session.workspace.volumes, parts[1]), as_of)
        if len(parts) == 2 and is_volume_path(parts[1]):  # csv.`/Volumes/...`
            local = self._session.workspace.volumes.place(parts[1]).file
            return f"{quoted_name(parts[0])}.{quoted_name(str(local))}"
        try:
            name = self._session.names.full_name(parts)
        except (BadStatement, InvalidParameterValue):
            return None
        return self._of(name, as_of)

    def of_delta(self, folder: Path, as_of: AsOf | None = None) -> str:
        """What Spark calls the Delta table of a folder, as it is now or was.

        Raises:
            BadSourceFile: there is none, or it can't be read. MissingExtra: deltalake is not installed.
            BadStatement: it has no such version.
        """
        version = None
        if as_of is not None:
            version = version_meant(delta_history(folder), as_of, str(folder))
        source, key = open_delta(folder, version), (str(folder.resolve()), version)
        state = (source.table_id, source.version)
        shown, known = self._deltas.get(
            key, (f"`{_DELTA}`.`{self._mark}_{len(self._deltas)}`", None)
        )
        if known != state:
            self._session.by_spark_alone(f"CREATE DATABASE IF NOT EXISTS `{_DELTA}`")
            schema = spark_schema(source.schema)
            self._show(shown, self._written(schema, source.batches(None, _ROWS)), schema)
            self._deltas[key] = (shown, state)
        return shown

    def _of(self, name: ThreePartName, as_of: AsOf | None) -> str:
        workspace = self._session.workspace
        is_information = name.schema.lower() == INFORMATION_SCHEMA
        found = name if is_information else self._found(name)
        shown = f"`{self._schema(found)}`.`{found.name}`"
        if is_information or workspace.unity_catalog.views.exists(found):
            if as_of is not None:
                raise NotSupported(
                    f"{found} is a view, which has no versions; its tables may have."
                )
            rows = workspace.sql(f"SELECT * FROM {found}", session=self._session.names)
            self._show(shown, self._written(rows.schema, rows.to_batches()), rows.schema)
            self._shown.pop(found, None)
            return shown
        table = workspace.tables.get(found, as_of)
        if as_of is not None and table.delta is not None:
            return self.of_delta(table.delta.folder, AsOf(version=table.delta.version))
        state = table.state()
        if self._shown.get(found) != state:
            schema = spark_schema(table.schema)
            self._show(shown, self._files_of(table, schema), schema)
            self._shown[found] = state
        return shown

    def _found(self, name: ThreePartName) -> ThreePartName:
        """The name as its table or view spells it; letter case doesn't matter. Raises NotFound."""
        workspace = self._session.workspace
        known = [*workspace.tables.names(), *workspace.unity_catalog.views.names()]
        wanted = str(name).lower()
        for one in known:
            if str(one).lower() == wanted:
                return one
        workspace.sql(f"SELECT * FROM {name}", session=self._session.names)  # refuses in its words
        return name

    def _schema(self, name: ThreePartName) -> str:
        """The database of Spark's that stands for a schema, made when it is first needed."""
        key = (name.catalog.lower(), name.schema.lower())
        if key not in self._schemas:
            chosen = "__".join((*key, self._mark))
            if chosen in self._schemas.values():
                chosen = f"{chosen}__{len(self._schemas)}"
            self._session.by_spark_alone(f"CREATE DATABASE IF NOT EXISTS `{chosen}`")
            self._schemas[key] = chosen
        return self._schemas[key]

    def _show(self, shown: str, folder: Path, schema: pa.Schema) -> None:
        columns = ", ".join(_column(field) for field in schema)
        self._session.by_spark_alone(
            f"CREATE OR REPLACE VIEW {shown} AS SELECT {columns} FROM parquet.`{folder}`"
        )

    # ------------------------------------------------------------------ files
    def _files_of(self, table: Table, schema: pa.Schema) -> Path:
        if table.delta is not None or any(table.partitions) or not _readable(table):
            return self._written(schema, table.batches(None, _ROWS))
        folder = self._new_folder()
        for place, file in enumerate(table.files):
            link(file, folder / f"part-{place:05}.parquet")
        return folder

    def _written(self, schema: pa.Schema, batches: object) -> Path:
        folder, schema = self._new_folder(), spark_schema(schema)
        with pq.ParquetWriter(folder / "part-00000.parquet", schema) as writer:
            for batch in batches:  # type: ignore[attr-defined]
                writer.write_table(pa.Table.from_batches([batch]).cast(schema))
        return folder

    def _new_folder(self) -> Path:
        folder = self._folder / f"rows-{next(self._numbers)}"
        folder.mkdir(parents=True)
        return folder


def link(file: Path, place: Path) -> None:
    """Give a file a second name, by a hard link where the disk allows it."""
    try:
        os.link(file, place)
    except OSError:  # another disk, or one without links
        place.symlink_to(file.absolute())


def spark_schema(schema: pa.Schema) -> pa.Schema:
    """A table's columns in types that Spark reads, which are those of SQL where it knows none."""
    return pa.schema([pa.field(field.name, _spark_type(field.type)) for field in schema])


def _spark_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_null(kind):
        return pa.string()
    kind = with_each(kind, lambda one: one if pa.types.is_float16(one) else readable_type(one))
    if pa.types.is_timestamp(kind) and kind.tz:
        return pa.timestamp("us", tz="UTC")
    return stored_type(kind)


def _readable(table: Table) -> bool:
    """Whether Spark reads a table's files as they are: in one schema, of types that it knows."""
    if spark_schema(table.schema) != pa.schema([pa.field(f.name, f.type) for f in table.schema]):
        return False
    if not table.registered:
        return True
    return all(pq.read_schema(file).equals(table.schema) for file in table.files)


def _column(field: pa.Field) -> str:
    """A column as Spark shows it: times here are in UTC, also where their type says no zone."""
    name = quoted_name(field.name)
    if _has_local_times(field.type):
        return f"CAST({name} AS {_sql_type(field.type)}) AS {name}"
    return name


def _has_local_times(kind: pa.DataType) -> bool:
    if pa.types.is_timestamp(kind):
        return not kind.tz
    if pa.types.is_map(kind):
        return _has_local_times(kind.key_type) or _has_local_times(kind.item_type)
    inner = (kind.field(place).type for place in range(kind.num_fields))
    return any(_has_local_times(one) for one in inner)


def _sql_type(kind: pa.DataType) -> str:
    """A type in Spark's words; times without a zone are instants."""
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP"
    if pa.types.is_list(kind):
        return f"ARRAY<{_sql_type(kind.value_type)}>"
    if pa.types.is_map(kind):
        return f"MAP<{_sql_type(kind.key_type)}, {_sql_type(kind.item_type)}>"
    if pa.types.is_struct(kind):
        fields = (f"{quoted_name(one.name)}: {_sql_type(one.type)}" for one in kind)
        return f"STRUCT<{', '.join(fields)}>"
    return from_arrow_type(kind).simpleString()
