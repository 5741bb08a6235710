"""Image files of `/Volumes/...` paths. Knows folders and path safety; not pictures.

A folder anywhere can be registered as (a part of) a volume and is read in place, never copied.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from engine.core.names import ThreePartName, is_full_name, is_volume_path, volume_path
from engine.errors import BadImage, BadSourceFile, InvalidParameterValue, PermissionDenied
from engine.photo_files import path_forms, read_photo, shortened
from engine.photo_texts import photo_bytes
from engine.store.layout import (
    TEMPORARY_PREFIX,
    Layout,
    make_folder,
    read_json,
    remove,
    write_json,
)

MAX_NAME_BYTES = 255  # of one folder or file
_VOLUME_PARTS = 4  # Volumes, catalog, schema, volume


@dataclass(frozen=True)
class Place:
    """Where a volume's path lies on this machine; it was checked that it stays in its volume.

    Attributes:
        path: the `/Volumes/...` path, in its plain form.
        file: the real file or folder, links followed; need not exist.
        entry: the same, but for a last part that is a link: what to replace or delete.
        base: the real folder of the volume, or the registered one.
        read_only: empty, or the registered path that it belongs to.
        is_root: the volume's own folder, or a registered one.
    """

    path: str
    file: Path
    entry: Path
    base: Path
    read_only: str
    is_root: bool


def _path_of(name: ThreePartName) -> str:
    return f"/Volumes/{name.catalog}/{name.schema}/{name.name}"


def is_plain_name(name: str) -> bool:
    """Whether a file's name can be part of a volume path: no way up, no separators, Unicode."""
    if name in ("", ".", "..") or name.startswith(TEMPORARY_PREFIX):
        return False
    # Names that are not UTF-8 come from the disk as lone surrogates.
    return not any(c in "/\\\0" or "\ud800" <= c <= "\udfff" for c in name)


class VolumeStore:
    """All volumes of a workspace."""

    def __init__(self, layout: Layout) -> None:
        self._root = layout.volumes_dir
        self._layout = layout
        self._cached: tuple[int, dict[str, str]] | None = None

    def register(self, path: str, folder: str | Path) -> None:
        """Let `path` (a volume, or a folder in one) stand for a folder on this machine.

        Raises:
            InvalidParameterValue: `path` is not a volume path.
            BadSourceFile: the folder does not exist.
        """
        prefix = volume_path(path)
        real = Path(folder).expanduser().resolve()
        if not real.is_dir():
            raise BadSourceFile("this is not a folder", file=str(folder))
        with self._layout.writing("volumes"):
            write_json(self._root / "volumes.json", {**self.registered(), prefix: str(real)})

    def registered(self) -> dict[str, str]:
        """Registered volume paths and the folders that they stand for."""
        file = self._root / "volumes.json"
        try:
            stamp = file.stat().st_mtime_ns
        except FileNotFoundError:
            return {}
        if self._cached is None or self._cached[0] != stamp:
            self._cached = (stamp, {k: str(v) for k, v in read_json(file).items()})
        return self._cached[1]

    def names(self) -> list[ThreePartName]:
        """Names of all volumes, sorted: registered ones, and those with a folder in the workspace."""
        found = {tuple(path.split("/")[2:5]) for path in self.registered()}
        for folder in self._root.glob("*/*/*"):
            parts = folder.relative_to(self._root).parts
            if folder.is_dir() and is_full_name(".".join(parts), 3):
                found.add(parts)
        return sorted(ThreePartName(*parts) for parts in found)

    def folder_of(self, name: ThreePartName) -> tuple[Path, bool]:
        """The folder that a volume is, and whether that was registered."""
        registered = self.registered().get(_path_of(name))
        if registered is not None:
            return Path(registered), True
        return self._root.resolve() / name.catalog / name.schema / name.name, False

    def create(self, name: ThreePartName) -> None:
        """Make the folder of a volume in the workspace; nothing happens where there is one."""
        with self._layout.writing("volumes"):
            make_folder(self._root / name.catalog / name.schema / name.name)

    def delete(self, name: ThreePartName) -> None:
        """Delete a volume with its files; registered folders are only forgotten."""
        path = _path_of(name)
        with self._layout.writing("volumes"):
            kept = {
                p: folder
                for p, folder in self.registered().items()
                if p != path and not p.startswith(f"{path}/")
            }
            if kept != self.registered():
                write_json(self._root / "volumes.json", kept)
            remove(self._root / name.catalog / name.schema / name.name)

    def registered_below(self, path: str) -> set[str]:
        """Names under `path` that are registered folders, or lead to one."""
        start = f"{path}/"
        below = [
            p[len(start) :].partition("/")[0] for p in self.registered() if p.startswith(start)
        ]
        return set(filter(is_plain_name, below))

    def own_folder_in(self, base: Path) -> Path | None:
        """The workspace's own folder where a registered folder lies around it: never shown."""
        own = self._layout.root.resolve()
        return own if own.is_relative_to(base) or base == self._root.resolve() else None

    def writing(self) -> AbstractContextManager[None]:
        """Hold the lock under which files of volumes appear and folders vanish."""
        return self._layout.writing("volumes")

    def place(self, path: str) -> Place:
        """Where a path lies, for reading and writing on behalf of callers who aren't trusted.

        No part may lead out of the volume's real folder: neither by its name nor as a symbolic
        link. Names are compared as written, upper and lower case apart.

        Raises:
            InvalidParameterValue: no volume path, or with a part that is no plain name.
            PermissionDenied: a link leaves the volume.
        """
        clean = "/" + "/".join(part for part in volume_path(path).split("/") if part)
        _check_parts(path, clean[1:].split("/"))
        prefix = self._registered_prefix(clean)
        base, rest = self._real_base(clean, prefix)
        entry = file = _follow(base, base, path)
        for part in rest:
            entry = file / part
            file = _follow(base, entry, path)
        own = self.own_folder_in(base) if prefix else None
        if own and file.is_relative_to(own):
            raise PermissionDenied(f"{path!r} is the workspace's own; it can't be read as a file.")
        return Place(clean, file, entry, base, prefix, is_root=not rest)

    def _real_base(self, path: str, prefix: str) -> tuple[Path, list[str]]:
        """The real folder of a path's volume, or the registered one, and the parts below it."""
        if prefix:
            base, below = Path(self.registered()[prefix]), path[len(prefix) + 1 :].split("/")
        else:  # Only what is above the volumes may be a link: the workspace's own place.
            parts = path[1:].split("/")
            base = self._root.resolve().joinpath(*parts[1:_VOLUME_PARTS])
            below = parts[_VOLUME_PARTS:]
        return base, [part for part in below if part]

    def resolve(self, image_path: str) -> Path:
        """The file that a table's `image_path` means; a path outside `/Volumes` is a local file.

        Raises:
            BadImage: a path that leaves its volume, or no path at all.
        """
        if not image_path:
            raise BadImage("the product has no image_path")
        if not isinstance(image_path, str) or "\0" in image_path:
            raise BadImage(f"image_path is {image_path!r:.80}; expected the path of a photo")
        if not is_volume_path(image_path):
            try:
                return Path(image_path).expanduser()
            except RuntimeError as error:  # the home folder of nobody
                raise BadImage(f"no file at {shortened(image_path)} ({error})") from None
        try:
            path = volume_path(image_path)
        except InvalidParameterValue as error:
            raise BadImage(error.message) from None
        base, rest = self._base(path)
        file = Path(os.path.normpath(base / rest))
        if not file.is_relative_to(base):
            raise BadImage(f"{image_path} leaves its volume")
        return file

    def _base(self, path: str) -> tuple[Path, str]:
        prefix = self._registered_prefix(path)
        if prefix:
            return Path(self.registered()[prefix]), path[len(prefix) :].lstrip("/")
        return self._root, path.removeprefix("/Volumes/")

    def _registered_prefix(self, path: str) -> str:
        """The longest registered path that `path` is or lies under; empty for none."""
        registered = self.registered()
        prefix = path
        while prefix and prefix not in registered:
            prefix = prefix.rpartition("/")[0]
        return prefix

    def photo(self, image_path: str) -> Path:
        """The file of a photo by any form of its path that is there; see `resolve`, `path_forms`.

        Raises:
            BadImage: a path that leaves its volume, or no path at all.
        """
        if not isinstance(image_path, str) or not image_path:
            return self.resolve(image_path)
        forms = path_forms(image_path)
        file = self.resolve(next(forms))
        if os.path.lexists(file):
            return file
        for form in forms:
            with contextlib.suppress(BadImage):
                other = self.resolve(form)
                if os.path.lexists(other):
                    return other
        return file

    def read(self, image: object) -> bytes:
        """The bytes of an image, by its path or as another value that a table holds; see `photo_bytes`.

        Raises:
            BadImage: missing, no file, unreadable, empty or absurdly large; says which file.
        """
        given = "" if image is None else image
        if given == "":
            self.resolve("")  # which says so
        return photo_bytes(given, lambda path: read_photo(self.photo(path), path))


def _check_parts(path: str, parts: Sequence[str]) -> None:
    bad = [part for part in parts if not is_plain_name(part)]
    if bad:
        raise InvalidParameterValue(
            f"{path!r} has the part {bad[0]!r}; expected names without '..', '.', backslashes, "
            f"NUL, characters outside Unicode, or {TEMPORARY_PREFIX!r} in front."
        )
    long = [part for part in parts if len(part.encode()) > MAX_NAME_BYTES]
    if long:
        raise InvalidParameterValue(
            f"The name {long[0][:40]!r}... is too long: {len(long[0].encode())} bytes in UTF-8; "
            f"expected at most {MAX_NAME_BYTES}, which is what disks take."
        )


def _follow(base: Path, file: Path, path: str) -> Path:
    """The real file, which must lie under `base`."""
    try:
        real = file.resolve()
    except (OSError, RuntimeError):  # links in a circle
        real = base.parent
    if not real.is_relative_to(base):
        raise PermissionDenied(
            f"{path!r} leads out of its volume by a symbolic link. Register the folder that the "
            "link stands for with register_volume, and use its own path."
        )
    return real
