"""The metrics of all worker processes together. Knows the Prometheus client; not what is counted.

They meet in a folder. Each process that uses it holds the lock of a file there, so that the next server
knows the folders of those that were killed.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest, multiprocess

from engine.locks import WaitedTooLong, held

_PREFIX = "vitrine-metrics-"
_LOCKS = "in-use-{}.lock"
_SECONDS_TO_LOCK = 60  # from making a folder until its maker holds a lock in it, and far more
_held = contextlib.ExitStack()  # locks of this process, until it ends
atexit.register(_held.close)
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the library's own name; set where workers are several


def current_metrics() -> bytes:
    """The metrics in Prometheus' text form."""
    return generate_latest(current_registry())


def current_registry() -> CollectorRegistry:
    """The metrics of all worker processes together, to be collected."""
    if SHARED_FOLDER not in os.environ:
        return REGISTRY
    _forget_ended(Path(os.environ[SHARED_FOLDER]))
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _forget_ended(folder: Path) -> None:
    """Requests that run count no more in a worker that has ended; all it answered still counts."""
    for file in folder.glob("gauge_live*.db"):
        number = int(re.findall(r"_(\d+)\.db", file.name)[-1])
        if not _is_alive(number):
            multiprocess.mark_process_dead(number)  # type: ignore[no-untyped-call]


# ---------------------------------------------------------------------- the folder
@contextlib.contextmanager
def shared_folder() -> Iterator[str]:
    """A folder for the metrics of several processes, gone at the end."""
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as folder:
        hold(Path(folder))
        yield folder


def hold(folder: Path) -> None:
    """Show, for as long as this process lives, that it uses the folder."""
    _held.enter_context(held(folder / _LOCKS.format(os.getpid()), 0))


def remove_abandoned() -> None:
    """Remove the folders of servers that were killed; those in use and other users' stay."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # another user's, or another server removes it too
            if folder.is_dir() and not folder.is_symlink() and _is_abandoned(folder):
                shutil.rmtree(folder)


def _is_abandoned(folder: Path) -> bool:
    files = os.listdir(folder)
    locks = list(folder.glob(_LOCKS.format("*")))
    if not locks:  # just being made, or a server's of an earlier release, which held no locks
        is_old = time.time() - folder.stat().st_mtime > _SECONDS_TO_LOCK
        processes = re.findall(r"_(\d+)\.db", " ".join(files))
        return is_old and not any(_is_alive(int(number)) for number in processes)
    with contextlib.ExitStack() as taken:
        try:
            for lock in locks:
                taken.enter_context(held(lock, 0))
        except WaitedTooLong:
            return False
    return True


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it runs, as another user's
    return True
