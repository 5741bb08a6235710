"""valgrind's callgrind: a program's instructions, in all or between its marks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.errors import InvalidParameterValue, VitrineError

TOOLS = ("valgrind", "vgdb", "setarch")
# One thread, one order of sets, nothing compiled while it is counted: what else makes counts differ.
STEADY = {
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
LIMIT = 540  # seconds
OUT, FIRST = "out", "-01"  # a file's name, and what it ends with for the first thread


class NoCounter(VitrineError):
    """What counts instructions isn't here, or did not run."""


def is_here() -> bool:
    """Whether instructions can be counted on this machine."""
    return all(map(shutil.which, TOOLS))


def whole(command: Sequence[str], folder: Path) -> int:
    """Instructions of a program from start to end.

    Raises NoCounter: valgrind isn't installed, or the program failed.
    """
    _run(command, folder, [])
    return _total(folder / OUT)


def between_marks(command: Sequence[str], folder: Path, mark: str) -> tuple[list[int], str]:
    """Instructions before each call of a function of C, from the first on; and what the program printed.

    Counting starts when the program asks for it. Only the first thread's instructions count: when others
    run, and how long they wait for each other, differs from run to run.
    """
    options = ["--instr-atstart=no", "--separate-threads=yes", f"--dump-before={mark}"]
    output = _run(command, folder, options)
    numbered = [(int(path.name.split(".")[1].removesuffix(FIRST)), path) for path in _dumps(folder)]
    return [_total(path) for _, path in sorted(numbered)][1:], output


def python(*arguments: str) -> list[str]:
    """A command of this Python."""
    return [sys.executable, *arguments]


def _run(command: Sequence[str], folder: Path, options: Sequence[str]) -> str:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise NoCounter(
            f"counting instructions needs {', '.join(missing)}, which isn't installed "
            "(Debian: apt-get install valgrind)"
        )
    folder.mkdir(parents=True)
    tool = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={folder / OUT}"]
    done = subprocess.run(
        ["setarch", "-R", *tool, *options, *command],
        env={**os.environ, **STEADY},
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    if done.returncode != 0:
        raise NoCounter(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def _dumps(folder: Path) -> Iterator[Path]:
    """Files that were written at marks, of the first thread: `out.3-01`."""
    return folder.glob(f"{OUT}.*{FIRST}")


def _total(path: Path) -> int:
    found = re.search(r"^totals: (\d+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise InvalidParameterValue(f"{path}: no totals; expected a file of callgrind")
    return int(found[1])
