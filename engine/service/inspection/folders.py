"""How many bytes lie in folders. Knows the system; not what is stored."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import NamedTuple

_MANY = 32  # files of a folder from which they are not counted anew at every look
_SETTLED_NS = (
    2_000_000_000  # after a change: the system's times are no finer than some milliseconds
)


class _Counted(NamedTuple):
    """The files of a folder when it was last changed, and its folders."""

    changed_ns: int
    bytes: int
    folders: tuple[str, ...]


class FolderSizes:
    """Bytes of a folder, looked at again and again.

    Files of a folder that has many, such as one of small photos, are counted anew when some came or
    went: the folder's own time says so. What grows where it lies is in folders of few. Safe to use from
    many threads.
    """

    def __init__(self) -> None:
        self._known: dict[str, _Counted] = {}

    def of(self, folder: Path) -> dict[str, int]:
        """Bytes of each file and folder in a folder, by its name; see `folder_bytes`."""
        known: dict[str, _Counted] = {}
        sizes: dict[str, int] = {}
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        sizes[entry.name] = self._bytes(entry.path, known)
                    elif not entry.is_symlink():
                        sizes[entry.name] = entry.stat().st_size
        self._known = known
        return sizes

    def _bytes(self, folder: str, known: dict[str, _Counted]) -> int:
        """Bytes below a folder; what may be counted less often is put into `known`."""
        counted = self._known.get(folder)
        changed = 0
        with contextlib.suppress(OSError):
            changed = Path(folder).stat().st_mtime_ns
        if counted is None or counted.changed_ns != changed:
            counted, files = _counted(folder, changed)
            settled = time.time_ns() - changed > _SETTLED_NS
        else:
            files, settled = _MANY, True
        if files >= _MANY and settled:
            known[folder] = counted
        return counted.bytes + sum(self._bytes(each, known) for each in counted.folders)


def folder_bytes(folder: Path) -> int:
    """Bytes of the files in a folder and below it; what is gone or can't be read counts nothing.

    A link counts nothing: what it leads to lies elsewhere.
    """
    return sum(FolderSizes().of(folder).values())


def _counted(folder: str, changed_ns: int) -> tuple[_Counted, int]:
    """What lies in a folder itself, and how many files that are."""
    size = files = 0
    folders = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif not entry.is_symlink():
                    size += entry.stat().st_size
                    files += 1
    return _Counted(changed_ns, size, tuple(folders)), files
