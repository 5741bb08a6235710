"""A file of a volume while it is written: invisible until it is whole. Knows no transport."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

from engine.service.volume_errors import PathExists, refusals_of
from engine.store.layout import TEMPORARY_PREFIX, make_folder, sync_folder
from engine.store.volumes import Place, VolumeStore

_ABANDONED_SECONDS = 3600  # an upload that wrote nothing for so long was cut off by a crash


class Upload:
    """A file that is being written: invisible until `finish`, gone after `discard`.

    Use as a context manager: what is not finished when it is left is discarded.
    """

    def __init__(self, volumes: VolumeStore, place: Place, overwrite: bool) -> None:
        self._volumes, self._place, self._overwrite = volumes, place, overwrite
        handle, name = _temporary_file(place)
        self._temporary = Path(name)
        self._file: BinaryIO | None = os.fdopen(handle, "wb")

    def __enter__(self) -> Upload:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def write(self, chunk: bytes) -> None:
        """Add bytes."""
        assert self._file is not None, "the upload has ended"
        with refusals_of(self._place.path):
            self._file.write(chunk)

    def finish(self) -> None:
        """Put the file in its place, durably.

        Raises:
            PathExists: it came into being meanwhile, and must not be replaced.
        """
        file, target = self._file, self._place.entry
        assert file is not None, "the upload has ended"
        with refusals_of(self._place.path):
            file.flush()
            os.fsync(file.fileno())
            file.close()
            os.chmod(self._temporary, 0o644)
        with self._volumes.writing():  # so that two who must not overwrite don't both succeed
            if os.path.lexists(target):
                refuse_taken(self._place.path, target.is_dir(), self._overwrite)
            with refusals_of(self._place.path):
                make_folder(target.parent)
            os.replace(self._temporary, target)
            self._file = None
            sync_folder(target.parent)

    def discard(self) -> None:
        """Forget what was written; does nothing after `finish`."""
        if self._file is None:
            return
        file, self._file = self._file, None
        with contextlib.suppress(OSError):  # a full disk refuses the last bytes
            file.close()
        with contextlib.suppress(OSError):
            self._temporary.unlink()


def refuse_taken(path: str, is_directory: bool, overwrite: bool) -> None:
    """Refuse to write where a folder is, or a file that must not be replaced. Raises PathExists."""
    if is_directory:
        raise PathExists(f"A directory already exists at {path}; a file can't replace it.")
    if not overwrite:
        raise PathExists(f"A file already exists at {path}. Set overwrite to replace it.")


def _temporary_file(place: Place) -> tuple[int, str]:
    """A new file in the nearest folder that exists, so that half an upload makes no folders.

    Not in a folder of its own: a volume may lie on another disk, where a rename can't lead.
    """
    folder = place.entry.parent
    if not place.base.exists():
        make_folder(place.base)
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise FileExistsError(errno.EEXIST, "a file is in the way", str(folder))
    return tempfile.mkstemp(dir=folder, prefix=TEMPORARY_PREFIX)


def remove_abandoned(temporary: Path) -> None:
    """Delete what a crash left of an upload."""
    with contextlib.suppress(OSError):
        if temporary.lstat().st_mtime < time.time() - _ABANDONED_SECONDS:
            temporary.unlink()
