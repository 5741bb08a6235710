"""Where `/Volumes/...` lies, for code that is the user's own. Knows paths; not who opens them.

Errors are those of the operating system, as from a folder that is really there.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from engine.core.names import ThreePartName
from engine.errors import BadImage, InvalidParameterValue, PermissionDenied
from engine.store.layout import Layout
from engine.store.volumes import VolumeStore

ROOT = "/Volumes"
_PARTS = 4  # Volumes, catalog, schema, volume


class Places:
    """The volumes of a workspace as folders."""

    def __init__(self, workspace: str) -> None:
        self._layout = Layout(Path(workspace))
        self._volumes = VolumeStore(self._layout)

    def real(self, path: str, is_written: bool = False) -> str:
        """The file or folder that a path means; it need not exist.

        Args:
            path: begins with `/Volumes`.

        Raises:
            PermissionError: to be written, in a folder that is registered as a volume.
            FileNotFoundError: no path of a volume.
        """
        plain = os.path.normpath(path)
        parts = plain.split("/")[1:]
        if len(parts) < _PARTS:  # a catalog or a schema
            return str(self._layout.volumes_dir.joinpath(*parts[1:]))
        try:
            if is_written:
                self._check_written(plain, path)
            return str(self._volumes.resolve(plain))
        except (BadImage, InvalidParameterValue) as error:
            raise FileNotFoundError(errno.ENOENT, error.message, path) from None

    def _check_written(self, plain: str, path: str) -> None:
        """Refuse what can't be written; the folder of a volume that exists by name alone is made."""
        if self._is_read_only(plain):
            reason = "a registered folder is read in place and never written"
            raise PermissionError(errno.EROFS, reason, path)
        name = ThreePartName(*plain.split("/")[2 : _PARTS + 1])
        folder = self._layout.volumes_dir / name.catalog / name.schema / name.name
        if folder.is_dir():
            return
        if name not in self._volumes.names():
            reason = f"there is no volume {name}; make it: vitrine volume create"
            raise FileNotFoundError(errno.ENOENT, reason, path)
        self._volumes.create(name)

    def _is_read_only(self, path: str) -> bool:
        try:
            return bool(self._volumes.place(path).read_only)
        except PermissionDenied:  # a link that leaves its volume
            return True

    def only_here(self, path: str) -> set[str]:
        """Names in a folder that are registered, or lead there: no folder on the disk has them."""
        return self._volumes.registered_below(os.path.normpath(path))

    @property
    def stand_in(self) -> str:
        """A folder whose facts stand for those of a folder that is nowhere on the disk."""
        return str(self._layout.root)
