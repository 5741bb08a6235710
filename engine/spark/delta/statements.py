"""Statements about a Delta table by its folder, delta.`path`, which no workspace knows: its upkeep and
history. Knows which library does it; not grammar."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from engine.errors import VitrineError
from engine.service.sql.language.commands import Describe
from engine.service.sql.language.dialect import parse
from engine.service.sql.language.forms.replacing import Restore
from engine.service.sql.language.forms.words import Name
from engine.service.sql.language.upkeep import Optimize, Vacuum
from engine.service.sql.shown.details import detail
from engine.service.sql.shown.listings import history_rows
from engine.service.sql.upkeep import vacuumed, version_asked, with_metrics
from engine.spark.delta.places import FolderPlace
from engine.spark.frames.volume_paths import local_folder
from engine.spark.kinds import OnWorkspace
from engine.store.tables.delta import delta_detail, delta_history
from engine.store.tables.delta_writing import join_delta_files, vacuum_delta


def of_a_folder(session: OnWorkspace, text: str) -> pa.Table | None:
    """What OPTIMIZE, VACUUM, RESTORE, DESCRIBE DETAIL or HISTORY of delta.`path` answers; None else.

    Raises:
        BadSourceFile: there is no such table, or it can't be read. PermissionDenied: the folder is never
            written. InvalidInputException: a VACUUM of too few hours. BadStatement: no such version.
    """
    try:
        command = parse(text).command
    except VitrineError:
        return None  # whoever runs it says what is wrong with it
    if isinstance(command, Optimize) and _is_path(command.table):
        folder = _folder(session, command.table, written=True)
        return with_metrics(str(folder), join_delta_files(folder, command.zorder))
    if isinstance(command, Vacuum) and _is_path(command.table):
        folder = _folder(session, command.table, written=not command.dry_run)
        gone = vacuum_delta(folder, command.hours, command.dry_run)
        paths = [str(folder / one) for one in gone] if command.dry_run else [str(folder)]
        return vacuumed(paths)
    if isinstance(command, Restore) and _is_path(command.name):
        place = FolderPlace(session, command.name[1])
        place.check()
        return place.restore(version_asked(command))
    if isinstance(command, Describe) and _is_path(command.name):
        return _described(command, _folder(session, command.name, written=False))
    return None


def _described(command: Describe, folder: Path) -> pa.Table | None:
    if command.kind == "HISTORY":
        return history_rows(delta_history(folder)).slice(0, command.limit)
    if command.kind != "DETAIL":
        return None
    found, history = delta_detail(folder), delta_history(folder)
    return detail(
        format="delta",
        id=found["id"],
        name=found["name"],
        description=found["description"],
        location=folder.absolute().as_uri(),
        createdAt=found["created_at"],
        lastModified=history[-1]["timestamp"],
        partitionColumns=found["partitions"],
        clusteringColumns=[],
        numFiles=found["files"],
        sizeInBytes=found["bytes"],
        properties=found["properties"],
        minReaderVersion=found["reader"],
        minWriterVersion=found["writer"],
        tableFeatures=found["features"],
    )


def _is_path(name: Name) -> bool:
    return len(name) == 2 and name[0].lower() == "delta" and "/" in name[1]


def _folder(session: OnWorkspace, name: Name, written: bool) -> Path:
    return local_folder(session.workspace.volumes, name[1], written=written)
