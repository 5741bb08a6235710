"""Thumbnails that were made once, as files within a bound. Knows files; not pictures.

A cache can't fail: what can't be read is made again, and what can't be written is made each time.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from engine.store.layout import TEMPORARY_PREFIX

MAX_BYTES = 256 << 20
_KEPT = 0.8  # share of the bound that is left when files are removed
_END = b"\xff\xd9"  # of a whole JPEG: after a crash a file may be cut short
_TOUCH_SECONDS = 3600  # how exactly it is known when a file was last used


class ThumbnailCache:
    """A folder of small files by name, those used last. Safe to use from many threads and processes."""

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES) -> None:
        self._folder, self._max_bytes = folder, max_bytes
        self._held: int | None = None  # bytes, as far as this process knows; None: not counted yet

    def get(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The bytes of a name, made where the folder lacks them.

        Args:
            name: hexadecimal digits, of which the first two are a folder.
        """
        file = self._folder / name[:2] / f"{name}.jpg"
        with contextlib.suppress(OSError):
            data = file.read_bytes()
            if data.endswith(_END):
                self._touch(file)
                return data
        made = make()
        with contextlib.suppress(OSError):
            _write(file, made)
            self._grow(len(made))
        return made

    def _touch(self, file: Path) -> None:
        if time.time() - file.stat().st_mtime > _TOUCH_SECONDS:
            os.utime(file)

    def _grow(self, size: int) -> None:
        held = self._held
        self._held = self._counted() if held is None else held + size
        if self._held > self._max_bytes:
            self._held = self._shrunk()

    def _files(self) -> list[tuple[float, int, Path]]:
        """Time of last use, size and path of each file."""
        out = []
        for file in self._folder.glob("*/*.jpg"):
            if file.name.startswith(TEMPORARY_PREFIX):
                continue
            with contextlib.suppress(OSError):
                status = file.stat()
                out.append((status.st_mtime, status.st_size, file))
        return out

    def _counted(self) -> int:
        return sum(size for _, size, _ in self._files())

    def _shrunk(self) -> int:
        """Remove the files that were not used for longest; the bytes that are left."""
        files = sorted(self._files())
        held = sum(size for _, size, _ in files)
        for _, size, file in files:
            if held <= _KEPT * self._max_bytes:
                break
            with contextlib.suppress(OSError):
                file.unlink()
            held -= size
        return held


def _write(file: Path, data: bytes) -> None:
    """Readers see the whole file or none; it need not survive a crash."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=TEMPORARY_PREFIX)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(data)
        os.replace(temporary, file)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
