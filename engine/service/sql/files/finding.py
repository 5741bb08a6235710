"""Which files of a volume a path, a folder or a pattern means. Knows names; opens nothing."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.core.names import is_volume_path, volume_path
from engine.errors import BadStatement
from engine.service.cancellation import check
from engine.service.volume_errors import PathNotFound
from engine.service.volume_files import FileInfo, Files
from engine.store.tables.partitions import Partitions, folder_columns
from engine.store.volumes import VolumeStore

_GLOB = re.compile(r"[*?\[{]")
_HIDDEN = ("_", ".")  # first letters of names of files that are no data


@dataclass(frozen=True)
class FoundFile:
    """A file of a volume.

    Attributes:
        path: `/Volumes/...`. file: where it lies. size: bytes. modified_ms: since 1970, UTC.
        partitions: columns that its folders name, below what was asked for; with their texts.
    """

    path: str
    file: Path
    size: int
    modified_ms: int
    partitions: Partitions = field(default_factory=dict)


class FilesOfVolumes:
    """Finds files below paths of volumes, for callers who aren't trusted."""

    def __init__(self, volumes: VolumeStore) -> None:
        self._volumes, self._files = volumes, Files(volumes)

    def below(self, said: str) -> list[FoundFile]:
        """The files that a path means, sorted by their paths: a file, all files of a folder and of those
        in it, or what a pattern with `*`, `?`, `[a-z]` and `{a,b}` matches. Left out are names that
        begin with `_` or a dot, and files without a byte.

        Raises:
            BadStatement: no path of a volume, or nothing is there. PermissionDenied: a link leaves it.
        """
        if not is_volume_path(said):
            raise BadStatement(
                f"[PATH_NOT_FOUND] {said!r:.200} is no path of a volume; expected "
                "/Volumes/catalog/schema/volume/... Register the folder that they are in as a volume, "
                "or copy them into one."
            )
        base, pattern = _parted(said.removeprefix("dbfs:").rstrip("/"))
        base = volume_path(base)
        try:
            top = self._files.stat(base)
        except PathNotFound:
            raise BadStatement(f"[PATH_NOT_FOUND] Path does not exist: {said:.300}") from None
        if not top.is_directory:
            return [self._found(top)]
        infos = [one for one in self._walk(base) if not pattern or _fits(one.path, base, pattern)]
        found = [self._found(one) for one in sorted(infos, key=lambda one: one.path)]
        return [partitioned(one, base, above=False) for one in found]

    def named(self, folder: str, names: Sequence[str]) -> list[FoundFile]:
        """Files of a folder by their paths below it, each once. Raises BadStatement: one is missing."""
        found = []
        for name in dict.fromkeys(names):
            whole = name if is_volume_path(name) else f"{folder.rstrip('/')}/{name}"
            found += [one for one in self.below(whole) if one not in found]
        base = volume_path(folder.removeprefix("dbfs:").rstrip("/"))
        return [
            partitioned(one, base, above=False) if one.path.startswith(f"{base}/") else one
            for one in found
        ]

    def _walk(self, folder: str) -> Iterator[FileInfo]:
        token = None
        while True:
            check()
            page, token = self._files.list_directory(folder, page_token=token)
            for one in page:
                if one.name.startswith(_HIDDEN):
                    continue
                if one.is_directory:
                    yield from self._walk(one.path)
                elif one.size:
                    yield one
            if token is None:
                return

    def _found(self, info: FileInfo) -> FoundFile:
        file = self._volumes.place(info.path).file
        return FoundFile(info.path, file, info.size, info.modified_ms)


def folder_of(said: str) -> str:
    """The folder of a volume before the first pattern in a path."""
    return _parted(volume_path(said.removeprefix("dbfs:").rstrip("/")))[0]


def partitioned(file: FoundFile, base: str, above: bool) -> FoundFile:
    """A file with the columns that its folders below another name; with `above`, also those above it.

    Raises:
        BadSourceFile: they say two things of a column.
    """
    return replace(file, partitions=folder_columns(Path(file.path), Path(base), above))


def matching(files: Sequence[FoundFile], folder: str, pattern: str) -> list[FoundFile]:
    """The files that a pattern names: by their paths below a folder, or by their own names alone."""
    base, parts = folder.removeprefix("dbfs:").rstrip("/"), pattern.strip("/").split("/")
    if len(parts) > 1:
        return [one for one in files if _fits(one.path, base, parts)]
    return [one for one in files if _is_like(one.path.rpartition("/")[2], pattern)]


def _parted(path: str) -> tuple[str, list[str]]:
    """The folder before the first pattern in a path, and the parts from there on."""
    parts = path.split("/")
    first = next((n for n, part in enumerate(parts) if _GLOB.search(part)), len(parts))
    return "/".join(parts[:first]), parts[first:]


def _fits(path: str, base: str, pattern: Sequence[str]) -> bool:
    """Whether a file, or a folder above it, matches a pattern below another folder."""
    parts = path[len(base) + 1 :].split("/")
    return len(parts) >= len(pattern) and all(map(_is_like, parts, pattern))


def _is_like(name: str, pattern: str) -> bool:
    return any(fnmatch.fnmatchcase(name, one.replace("[^", "[!")) for one in _each(pattern))


def _each(pattern: str) -> Iterator[str]:
    """A pattern without braces for each of the choices in them."""
    found = re.search(r"\{([^{}]*)\}", pattern)
    if found is None:
        yield pattern
        return
    for choice in found[1].split(","):
        yield from _each(pattern[: found.start()] + choice + pattern[found.end() :])
