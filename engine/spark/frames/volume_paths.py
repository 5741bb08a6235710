"""Paths of volumes in calls of Spark's readers and writers, which know files of this machine alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pyspark import SparkContext
from pyspark.sql import DataFrame, functions

from engine.core.names import is_volume_path
from engine.errors import InvalidInputException, PermissionDenied
from engine.spark.errors import as_spark
from engine.store.volumes import Place, VolumeStore

_PATTERN = re.compile(r"[*?\[{]")


def knowing_volumes(method: Callable[..., Any], written: bool = False) -> Callable[..., Any]:
    """A method of a reader or writer on a workspace that takes `/Volumes/...` wherever it takes a path.

    Args:
        written: the files are written, which those of a registered folder never are.
    """

    def call(self: Any, *args: Any, **named: Any) -> Any:
        with as_spark():
            volumes = self.session.workspace.volumes
            given = [_on_disk(volumes, value, written) for value in args]
            by_name = {name: _on_disk(volumes, value, written) for name, value in named.items()}
        return method(self, *given, **by_name)

    call.__name__, call.__doc__ = method.__name__, method.__doc__
    return call


def teach_context(context: SparkContext, volumes: VolumeStore) -> None:
    """Let the ways to files that RDDs have take paths of these volumes too."""

    def taught(given: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: str, *args: Any, **named: Any) -> Any:
            with as_spark():
                found = _on_disk(volumes, path, written=False)
            return given(context, found, *args, **named)

        call.__name__, call.__doc__ = given.__name__, given.__doc__
        return call

    for name in ("textFile", "wholeTextFiles", "binaryFiles"):
        setattr(context, name, taught(getattr(type(context), name)))


def local_folder(volumes: VolumeStore, path: str, written: bool = False) -> Path:
    """A path of a folder on this machine, an address `file:`, or a path of a volume, as a Path.

    Raises:
        InvalidInputException: an address elsewhere. PermissionDenied: it is never written.
    """
    found = str(_on_disk(volumes, path, written))
    if found.startswith("file:"):
        found = "/" + unquote(found.removeprefix("file:")).lstrip("/")
    if re.match(r"[a-z][a-z0-9+.-]+:", found, re.I):
        raise InvalidInputException(
            f"{path!r:.200} is elsewhere; expected a folder on this machine, or in a volume."
        )
    return Path(found)


def with_volume_paths(frame: DataFrame, volumes: VolumeStore, given: Any) -> DataFrame:
    """The files that were found below paths of volumes, under these in their column `path`, as the cloud
    says them: `dbfs:/Volumes/...`."""
    column = functions.col("path")
    shown = column
    for path in given if isinstance(given, list) else [given]:
        if isinstance(path, str) and is_volume_path(path):
            local, said = _without_pattern(volumes.place(path))
            below = functions.substr(column, functions.lit(len(local) + 1))
            as_said = functions.concat(functions.lit(said), below)
            shown = functions.when(column.startswith(local), as_said).otherwise(shown)
    return frame if shown is column else frame.withColumn("path", shown)


def _without_pattern(place: Place) -> tuple[str, str]:
    """Address and path of what a place says without `*` and the like, to the last folder before them."""
    local, said = place.file.parts, tuple(place.path.strip("/").split("/"))
    rest = next((said[at:] for at, part in enumerate(said) if _PATTERN.search(part)), ())
    kept = len(local) - len(rest), len(said) - len(rest)
    return f"file:{Path(*local[: kept[0]])}", f"dbfs:/{'/'.join(said[: kept[1]])}"


def _on_disk(volumes: VolumeStore, value: Any, written: bool) -> Any:
    """An argument with its volume paths as files of this machine; anything else as it is."""
    if isinstance(value, list):
        return [_on_disk(volumes, one, written) for one in value]
    if not isinstance(value, str) or not is_volume_path(value):
        return value
    place = volumes.place(value)
    if written and place.read_only:
        raise PermissionDenied(
            f"{value!r} lies in a folder that is registered as {place.read_only}, read in place and "
            "never written. Write to a volume of the workspace: vitrine volume create"
        )
    return str(place.file)
