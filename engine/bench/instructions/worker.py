"""Runs operations where callgrind counts them: in a process of its own, which valgrind runs.

Before and after each number of calls it calls `getpgid`, at which callgrind writes what it counted since
the last time. Counting is switched on once all is prepared: until then code runs ten times as fast.

    python -m engine.bench.instructions.worker FOLDER MODULE...
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.bench.instructions.operations import Operation

WARM, WARM_WRITES = 12, 2  # calls before: caches fill, modules load, Python specializes its code


def main(arguments: Sequence[str]) -> None:
    """Prepare all operations, then count them; prints their names and numbers of calls as JSON."""
    folder, *modules = arguments
    prepared = [
        (one, one.prepare(Path(folder)))
        for module in modules
        for one in importlib.import_module(module).operations()
    ]
    for one, action in prepared:
        _repeat(action, WARM if one.repeats[0] > 1 else WARM_WRITES)
    gc.collect()
    gc.freeze()
    gc.disable()  # when it runs depends on all that ran before
    _count(True)
    for one, action in prepared:
        _counted(one, action)
    _mark()
    _count(False)
    print(json.dumps([[one.name, *one.repeats] for one, _ in prepared]))


def _counted(one: Operation, action: Callable[[], object]) -> None:
    """One call that isn't looked at, the smaller number of calls, the larger one."""
    for repeats in (1, *one.repeats):
        _mark()
        _repeat(action, repeats)


def _repeat(action: Callable[[], object], times: int) -> None:
    for _ in range(times):
        action()


def _mark() -> None:
    """What nothing else calls, and callgrind sees."""
    os.getpgid(0)


def _count(is_on: bool) -> None:
    """Ask the valgrind that runs this process: it listens while code runs, not while one waits."""
    asked = ["vgdb", f"--pid={os.getpid()}", "instrumentation", "on" if is_on else "off"]
    control = subprocess.Popen(asked, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while control.poll() is None:
        pass


if __name__ == "__main__":
    main(sys.argv[1:])
