"""What is remembered of an index's last sync where it failed. Knows errors and one file; not syncs.

The file `failed_sync.json` exists exactly while the last sync failed. Where a disk is too full for its
content, an empty file says at least that to other processes; this process knows the reason, and writes
it down as soon as it can.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.core.assumptions import RETRY_SECONDS
from engine.errors import CorruptFile, StorageFailed, VitrineError
from engine.store.layout import Layout, read_json, storage_failed, write_json

_UNKNOWN = (
    "Its reason could not be written down: make room on the workspace's disk, and sync again."
)

_guard = threading.Lock()


@dataclass(frozen=True)
class SyncFailure:
    """Why a sync failed.

    Attributes:
        error_code, message: of the error.
        tried: digest of what was read, where the same would fail again; else None.
        failed_at: milliseconds since the epoch.
    """

    error_code: str
    message: str
    tried: str | None = None
    failed_at: int = 0

    @staticmethod
    def of(error: Exception, tried: str | None) -> SyncFailure:
        """The failure that an error is."""
        if isinstance(error, VitrineError):
            code, message = error.error_code, error.message
        else:
            code, message = VitrineError.error_code, f"{type(error).__name__}: {error}"
        if isinstance(error, StorageFailed):
            tried = None  # what the disk takes next time has nothing to do with what was read
        return SyncFailure(code, message, tried, time.time_ns() // 1_000_000)

    def is_like(self, other: SyncFailure | None) -> bool:
        """Whether it says the same, whenever that was."""
        return other is not None and asdict(self) | {"failed_at": other.failed_at} == asdict(other)

    def is_fresh(self, seconds: float) -> bool:
        """Whether it happened in the last `seconds`."""
        return time.time() - self.failed_at / 1000 < seconds


class SyncAttempt:
    """One attempt of a sync, whose failure is remembered until an attempt succeeds.

    Attributes:
        asked: somebody asked for it; otherwise a query of a CONTINUOUS index started it.
        tried: digest of what is read; None before reading starts.
    """

    def __init__(self, layout: Layout, index: str, asked: bool) -> None:
        self._layout, self._index, self.asked = layout, index, asked
        self.tried: str | None = None

    def reads(self, state: Mapping[str, Any]) -> None:
        """Reading starts, of a source table in this state.

        Raises:
            FailedBefore: nobody asked for it, and the same failed less than `RETRY_SECONDS` ago.
        """
        tried = hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()
        failure = None if self.asked else failure_of(self._layout, self._index)
        if failure is not None and failure.tried == tried and failure.is_fresh(RETRY_SECONDS):
            raise FailedBefore
        self.tried = tried

    def failed(self, error: Exception) -> None:
        """Remember that the attempt failed, and why."""
        remember_failure(self._layout, self._index, SyncFailure.of(error, self.tried))

    @contextlib.contextmanager
    def remembered(self) -> Iterator[None]:
        """A block whose failure is remembered, and whose success forgets the last failure.

        Raises:
            StorageFailed: for an error of the system.
        """
        try:
            yield
        except FailedBefore:
            raise
        except OSError as error:
            refused = storage_failed(f"index {self._index} was not synced", error)
            self.failed(refused)
            raise refused from error
        except Exception as error:
            self.failed(error)
            raise
        forget_failure(self._layout, self._index)


class FailedBefore(Exception):
    """The same was tried a moment ago, and nobody asks for it now."""


def failure_of(layout: Layout, index: str) -> SyncFailure | None:
    """How the last sync of an index failed; None where it succeeded."""
    file = _file(layout, index)
    unwritten = _unwritten_at(file)
    if unwritten is not None:
        return unwritten
    try:
        facts = read_json(file)
        return SyncFailure(
            facts.get("error_code", VitrineError.error_code),  # releases before 0.5 wrote none
            str(facts["message"]),
            facts.get("tried"),
            facts.get("failed_at", 0),
        )
    except FileNotFoundError:
        return None
    except (CorruptFile, StorageFailed, KeyError, OSError):
        return SyncFailure(StorageFailed.error_code, _UNKNOWN)


def remember_failure(layout: Layout, index: str, failure: SyncFailure) -> None:
    """Remember why the last sync failed, also where the disk takes no file now."""
    file = _file(layout, index)
    if not file.parent.is_dir():  # the index was deleted meanwhile
        return
    # A CONTINUOUS index may fail at each query: that is written once.
    if failure.tried is None and failure.is_like(failure_of(layout, index)):
        return
    with _guard:
        _unwritten.pop(file, None)
        if not _write(file, failure):
            marked = False
            with contextlib.suppress(OSError):
                file.write_bytes(b"")  # takes no room but its name
                marked = True
            _unwritten[file] = failure, marked


def forget_failure(layout: Layout, index: str) -> None:
    """The last sync succeeded."""
    file = _file(layout, index)
    with _guard:
        _unwritten.pop(file, None)
        file.unlink(missing_ok=True)


# What no disk took yet, by file, and whether an empty file stands for it.
_unwritten: dict[Path, tuple[SyncFailure, bool]] = {}


def _unwritten_at(file: Path) -> SyncFailure | None:
    """A failure that only this process knows; it is written down if that is possible now."""
    if file not in _unwritten:
        return None
    with _guard:
        failure, marked = _unwritten.get(file, (None, False))
        if failure is None:
            return None
        with contextlib.suppress(OSError):
            # Another process has synced since, with its own result.
            if marked and (not file.exists() or file.stat().st_size):
                del _unwritten[file]
                return None
        if file.parent.is_dir() and _write(file, failure):
            del _unwritten[file]
        return failure


def _write(file: Path, failure: SyncFailure) -> bool:
    """Write a failure to its file; whether the disk took it."""
    try:
        write_json(file, asdict(failure))
    except OSError:
        return False
    return True


def _file(layout: Layout, index: str) -> Path:
    return layout.index_dir(index) / "failed_sync.json"
