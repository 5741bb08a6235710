"""Image files of `/Volumes/...` paths. Knows folders and path safety; not pictures.

A folder anywhere can be registered as (a part of) a volume and is read in place, never copied.
"""

from __future__ import annotations

import os
from pathlib import Path

from engine.core.names import volume_path
from engine.errors import BadImage, BadSourceFile, InvalidParameterValue
from engine.store.layout import Layout, read_json, write_json

MAX_FILE_BYTES = 256 * 1024 * 1024  # no product photo is larger; guards memory


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

    def resolve(self, image_path: str) -> Path:
        """The file that a table's `image_path` means; a path outside `/Volumes` is a local file.

        Raises:
            BadImage: a path that leaves its volume, or no path at all.
        """
        if not image_path or "\0" in image_path:
            raise BadImage("the product has no image_path")
        if not image_path.removeprefix("dbfs:").startswith("/Volumes/"):
            return Path(image_path).expanduser()
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
        registered = self.registered()
        prefix = path
        while prefix:
            if prefix in registered:
                return Path(registered[prefix]), path[len(prefix) :].lstrip("/")
            prefix = prefix.rpartition("/")[0]
        return self._root, path.removeprefix("/Volumes/")

    def read(self, image_path: str) -> bytes:
        """The bytes of an image.

        Raises:
            BadImage: missing, unreadable, empty or absurdly large; says which file.
        """
        file = self.resolve(image_path)
        try:
            size = file.stat().st_size
            if size > MAX_FILE_BYTES:
                raise BadImage(
                    f"the file {file} has {size:,} bytes; at most {MAX_FILE_BYTES:,} are read"
                )
            data = file.read_bytes()
        except FileNotFoundError:
            raise BadImage(f"no file at {image_path}") from None
        except OSError as error:
            raise BadImage(f"the file {file} can't be read ({error.strerror})") from None
        if not data:
            raise BadImage(f"the file {file} is empty")
        return data
