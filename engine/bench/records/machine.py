"""Which machine, with which versions, at which commit: what a figure means nothing without."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "vitrine-search",
    "faiss-cpu",
    "duckdb",
    "numpy",
    "pyarrow",
    "onnxruntime",
    "torch",
    "open_clip_torch",
)


@dataclass(frozen=True)
class Machine:
    """The processor's own name for itself, the cores that this process may use, memory in GiB."""

    processor: str
    cores: int
    memory_gib: float
    system: str
    python: str


def machine() -> Machine:
    """The machine that this process runs on."""
    return Machine(processor(), cores(), memory_gib(), platform.system(), platform.python_version())


def processor() -> str:
    """Linux says it in /proc/cpuinfo, macOS by sysctl."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    if platform.system() == "Darwin":
        asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    return platform.processor() or platform.machine()


def cores() -> int:
    """Those that this process may run on: fewer than the machine's in a container."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_gib() -> float:
    """Physical memory of the machine."""
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)


def versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Installed distributions and their versions; those that are not installed are left out."""
    found = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def commit(folder: Path | None) -> str | None:
    """The checkout's commit, with `+` after it where files differ from it; None without a checkout."""
    if folder is None:
        return None
    try:
        head = _git(folder, "rev-parse", "HEAD")
        return head + ("+" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
