"""Volumes that everybody may read. Knows paths; not HTTP."""

from __future__ import annotations

from collections.abc import Iterable

from engine.core.names import is_full_name, is_volume_path, volume_path
from engine.errors import InvalidInputException, InvalidParameterValue, PermissionDenied
from engine.store.volumes import VolumeStore


def public_paths(given: Iterable[str]) -> tuple[str, ...]:
    """Volume paths of names and paths, each a comma-separated list, as `--public-volumes` takes them.

    Raises:
        InvalidInputException: one is neither `catalog.schema.volume` nor `/Volumes/...`.
    """
    found = dict.fromkeys(_path_of(name.strip()) for text in given for name in text.split(","))
    return tuple(found)


def _path_of(name: str) -> str:
    if is_full_name(name, 3):
        return "/Volumes/" + name.replace(".", "/")
    try:
        if is_volume_path(name):
            return "/" + "/".join(part for part in volume_path(name).split("/") if part)
    except InvalidParameterValue:
        pass
    raise InvalidInputException(
        f"--public-volumes {name!r:.300} names no volume; expected catalog.schema.volume, or a path "
        "/Volumes/catalog/schema/volume[/folder]."
    )


class PublicVolumes:
    """What lies at or below some volume paths."""

    def __init__(self, volumes: VolumeStore, paths: Iterable[str]) -> None:
        self._volumes, self._paths = volumes, tuple(paths)

    def covers(self, path: str) -> bool:
        """Whether a path is public: by its name, and by where it really lies, links followed."""
        if not self._paths:
            return False
        try:
            place = self._volumes.place(path)
            for public in self._paths:
                if place.path != public and not place.path.startswith(f"{public}/"):
                    continue
                root = self._volumes.place(public)
                # A folder that was registered below it is a volume's root of its own, and kept to.
                if place.base != root.base or place.file.is_relative_to(root.file):
                    return True
        except (InvalidParameterValue, PermissionDenied):
            pass  # it leads out of its volume
        return False
