"""What a process takes of memory: its own, and pages of mapped files. Imports nothing heavy."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def resident() -> dict[str, int]:
    """Bytes of this process: `anon`, its own, and `file`, of mapped files. Linux; else all is `anon`."""
    try:
        text = Path("/proc/self/status").read_text()
    except OSError:
        import resource

        return {"anon": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, "file": 0}
    status = dict(line.split(":", 1) for line in text.splitlines())
    fields = (("anon", "RssAnon"), ("file", "RssFile"))
    return {name: int(status[field].split()[0]) * 1024 for name, field in fields}


def available() -> int:
    """Bytes that programs may still take without others being pushed out; Linux, else all there are."""
    try:
        text = Path("/proc/meminfo").read_text()
    except OSError:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    known = dict(line.split(":", 1) for line in text.splitlines())
    return int(known["MemAvailable"].split()[0]) * 1024


def bound(share: float) -> None:
    """From now on this process gets no more than a share of what is available, and fails beyond it.

    Else the system would end some process that it chooses. Pages of mapped files don't count. Linux.
    """
    if sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (int(available() * share), hard))


def on_disk(folder: Path) -> int:
    """Bytes that a folder takes on disk; blocks that were never written take nothing, and a file of
    several names counts once."""
    found = [file.stat() for file in folder.rglob("*") if file.is_file()]
    return sum({(one.st_dev, one.st_ino): one.st_blocks * 512 for one in found}.values())
