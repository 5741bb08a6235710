"""The points where a process changes files, counted; at a chosen one it dies or is refused.

Python reports every file that it opens, makes, renames or removes by audit events; syncs and the
writes of Arrow, numpy and FAISS are wrapped. Only for forked children: audit hooks stay.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import faiss
import numpy as np
import pyarrow.parquet as pq

SHRINKING = ("os.remove", "os.rmdir")
_EVENTS = ("os.mkdir", "os.rename", "os.truncate", *SHRINKING)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Points:
    """Counts points from 1; what happens at `at` is the mode.

    Modes: "kill" before the change; "torn", where half of a file is written, and killed then;
    "full" (from there on nothing can be written, but removed), "fails" (this one point, an
    input/output error) and "read-only" (from there on nothing can be changed at all).
    """

    def __init__(self, mode: str, at: int) -> None:
        self.count = 0
        self.names: list[str] = []
        self._mode, self._at = mode, at
        self._armed = True

    def install(self) -> Points:
        sys.addaudithook(self._audit)
        os.fsync = self._synced(os.fsync)
        for owner, name in (
            (pq.ParquetWriter, "write_table"),
            (pq.ParquetWriter, "close"),
            (np, "save"),
            (np.lib.format, "write_array_header_1_0"),
            (faiss, "write_index"),
        ):
            setattr(owner, name, self._written(name, getattr(owner, name)))
        return self

    def disarm(self) -> None:
        self._armed = False

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _EVENTS or (event == "open" and _is_for_writing(arguments)):
            self._reached(event)

    def _synced(self, sync: Callable[[int], None]) -> Callable[[int], None]:
        def synced(file: int) -> None:
            self._reached("fsync", lambda: _tear(file))
            sync(file)

        return synced

    def _written(self, name: str, write: Callable[..., Any]) -> Callable[..., Any]:
        def written(*arguments: Any, **options: Any) -> Any:
            self._reached(name)
            return write(*arguments, **options)

        return written

    def _reached(self, name: str, tear: Callable[[], None] = lambda: None) -> None:
        if not self._armed:
            return
        self.count += 1
        self.names.append(name)
        if self.count < self._at:
            return
        if self._mode in ("kill", "torn") and self.count == self._at:
            if self._mode == "torn":
                tear()
            os.kill(os.getpid(), signal.SIGKILL)
        if self._mode == "full" and name not in SHRINKING:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self._mode == "fails" and self.count == self._at:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if self._mode == "read-only":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def _is_for_writing(arguments: tuple[Any, ...]) -> bool:
    _, mode, flags = arguments
    if mode is None:  # os.open
        return bool(flags & _WRITING)
    return any(letter in str(mode) for letter in "wax+")


def _tear(file: int) -> None:
    try:
        os.ftruncate(file, os.fstat(file).st_size // 2)
    except OSError:  # a folder
        pass
