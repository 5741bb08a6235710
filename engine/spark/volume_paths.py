"""Paths of volumes in calls of Spark's readers and writers, which know files of this machine alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.core.names import is_volume_path
from engine.errors import PermissionDenied
from engine.spark.errors import as_spark
from engine.store.volumes import VolumeStore


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
