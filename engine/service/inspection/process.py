"""What this process and the workspace's disk take. Knows the system; not what is stored."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from engine.service.inspection.indexes import folder_sizes

_STATUS = Path("/proc/self/status")  # of Linux
_PARTS = {
    "tables": "tables",
    "indexes": "indexes",
    "volumes": "volumes",
    "cache": "vectors and photos kept",
}


@dataclass(frozen=True)
class ProcessState:
    """This process.

    Attributes:
        memory: bytes in the machine's memory (resident). since: milliseconds since the epoch, when
            the workspace was opened. python: its release.
    """

    pid: int
    memory: int | None
    since: int
    threads: int
    python: str


@dataclass(frozen=True)
class DiskState:
    """What a workspace takes.

    Attributes:
        parts: what, and bytes. total: of all. free: bytes that are left on its disk; None for not known.
    """

    parts: tuple[tuple[str, int], ...]
    total: int
    free: int | None


def process_state(since: float) -> ProcessState:
    """This process now; `since` in seconds since the epoch."""
    return ProcessState(
        os.getpid(),
        resident_bytes(),
        round(1000 * since),
        threading.active_count(),
        platform.python_version(),
    )


def resident_bytes() -> int | None:
    """Bytes of this process in memory: now (Linux), else at most so far; None where nobody says."""
    try:
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) << 10
    except OSError:
        pass
    try:
        import resource  # not on every system
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10


def disk_state(root: Path) -> DiskState:
    """What the files of a workspace take; every one is looked at."""
    sizes = folder_sizes(root)
    parts = [(called, sizes.get(name, 0)) for name, called in _PARTS.items()]
    total = sum(sizes.values())
    rest = total - sum(size for _, size in parts)
    try:
        free = shutil.disk_usage(root).free
    except OSError:
        free = None
    return DiskState((*parts, ("everything else", rest)), total, free)
