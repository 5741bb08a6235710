"""Where a `DeltaTable` is: a table of the workspace, or a folder; each is read and changed in its way.

Knows what each can do; not how Delta's API says it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from engine.core.names import is_volume_path, quoted_name, quoted_text
from engine.errors import BadStatement, VitrineError
from engine.service.sql.session import Session
from engine.service.sql.upkeep import restored
from engine.spark.delta.folder_rows import changed_folder
from engine.spark.frames.table_rows import NamedTable
from engine.spark.frames.volume_paths import local_folder
from engine.store.tables.delta import delta_history, open_delta
from engine.store.tables.delta_writing import (
    add_delta_feature,
    restore_delta,
    set_delta_properties,
)
from engine.store.tables.partitions import is_delta
from engine.store.tables.versions import AsOf, version_meant


class NamedPlace(NamedTable):
    """A table of the workspace."""

    @property
    def said(self) -> str:
        """The table in commands."""
        return self.spelled

    @property
    def own(self) -> str:
        """What it is called where it has no alias."""
        return self.spelled.rpartition(".")[2]

    def check(self) -> None:
        """Raises BadStatement: it is no table of the workspace any longer."""
        named_place(self.session, self.name)

    def as_of(self, version: AsOf) -> DataFrame:
        """The rows of a version."""
        relations = self.session.relations
        return SparkSession.table(self.session, relations.spark_name(self.name, version))

    def restore(self, version: AsOf) -> pa.Table:
        """Nothing where that is the newest. Raises NotSupported, BadStatement for any other."""
        self.session.workspace.tables.get(self.session.catalog.full_name(self.name), version)
        told = self.session.workspace.sql(f"DESCRIBE DETAIL {self.spelled}").to_pylist()[0]
        return restored(told["sizeInBytes"], told["numFiles"], {})

    def set_properties(self, properties: Mapping[str, str]) -> None:
        """Let the table have properties."""
        pairs = ", ".join(
            f"{quoted_text(key)} = {quoted_text(one)}" for key, one in properties.items()
        )
        self.change(f"ALTER TABLE {self.spelled} SET TBLPROPERTIES ({pairs})")

    def add_feature(self, name: str) -> None:
        """Let the table say that it has a feature of Delta's."""
        self.set_properties({f"delta.feature.{name}": "supported"})


class FolderPlace:
    """The Delta table of a folder, which no workspace needs to know."""

    own = "delta_table"  # where it has no alias
    spelled = str(Session().full_name(("delta_table",)))  # where its rows are changed

    def __init__(self, session: Any, path: str) -> None:
        """
        Args:
            path: of this machine or of a volume. Raises InvalidInputException: it is elsewhere.
        """
        self.session, self.path = session, path
        self.folder = local_folder(session.workspace.volumes, path)
        self._shown: tuple[object, DataFrame] | None = None

    def check(self) -> None:
        """Raises BadStatement: there is no Delta table, or none any longer."""
        if not is_delta(self.folder):
            raise BadStatement(
                f"[DELTA_MISSING_DELTA_TABLE] `{self.path:.200}` is not a Delta table. Expected a "
                'folder with a _delta_log in it; write one by df.write.format("delta").save(path).'
            )

    @property
    def said(self) -> str:
        """The table in commands."""
        return f"delta.{quoted_name(str(self.folder))}"

    @property
    def frame(self) -> DataFrame:
        """The rows that it has now; the same DataFrame until it is written."""
        source = open_delta(self.folder)
        state = source.table_id, source.version
        if self._shown is None or self._shown[0] != state:
            self._shown = state, self._rows(None)
        return self._shown[1]

    def as_of(self, version: AsOf) -> DataFrame:
        """The rows of a version."""
        return self._rows(version)

    def _rows(self, version: AsOf | None) -> DataFrame:
        shown = self.session.relations.of_delta(self.folder, version)
        return SparkSession.table(self.session, shown)

    def change(self, statement: str, rows: DataFrame | None = None) -> pa.Table:
        """Carry out a statement on its rows; see `changed_folder`."""
        return changed_folder(self.session, self._written(), self.spelled, statement, rows)

    def _written(self) -> Path:
        """The folder, if it may be written. Raises PermissionDenied."""
        return local_folder(self.session.workspace.volumes, self.path, written=True)

    def restore(self, version: AsOf) -> pa.Table:
        """Make a version the newest once more. Raises BadStatement: there is no such."""
        folder = self._written()
        number = version_meant(delta_history(folder), version, str(folder))
        metrics = restore_delta(folder, number)
        return restored(metrics.pop("size"), metrics.pop("files"), metrics)

    def set_properties(self, properties: Mapping[str, str]) -> None:
        """Let the table have properties."""
        set_delta_properties(self._written(), properties)

    def add_feature(self, name: str) -> None:
        """Let the table have a feature of Delta's. Raises InvalidInputException: none of that name."""
        add_delta_feature(self._written(), name)


Place: TypeAlias = NamedPlace | FolderPlace


def path_named(identifier: str, kind: str = "delta") -> str | None:
    """The path that delta.`path` names; None for another name."""
    match = re.fullmatch(rf"{kind}\s*\.\s*`(.*)`", identifier.strip(), re.I | re.S)
    return None if match is None else match[1].replace("``", "`")


def named_place(session: Any, name: str) -> NamedPlace:
    """A table of the workspace. Raises BadStatement: there is none of that name."""
    if "/" in name or is_volume_path(name):
        raise BadStatement(
            f"[DELTA_MISSING_DELTA_TABLE] `{name:.200}` is not a Delta table. That is a path: say "
            "DeltaTable.forPath(spark, path)."
        )
    place = NamedPlace(session, name)
    is_temporary = session.has_temporary(name)
    try:
        table = None if is_temporary else place.table()
        if table is None and not is_temporary:
            session.workspace.sql(f"DESCRIBE {place.spelled}")  # refuses, with what may be meant
    except VitrineError as error:
        raise BadStatement(
            f"[DELTA_MISSING_DELTA_TABLE] `{name:.200}` is not a Delta table: {error.message}"
        ) from error
    if table is None or (table.registered and table.delta is None):
        kind = "a view or an index" if table is None else "registered from other files"
        raise BadStatement(
            f"[DELTA_MISSING_DELTA_TABLE] `{name:.200}` is not a Delta table: it is {kind}, which is "
            "read by spark.table."
        )
    return place
