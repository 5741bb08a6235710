"""Instructions of each operation, a call; of starts, what they add to a bare interpreter's."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from engine.bench.instructions import callgrind
from engine.bench.instructions.callgrind import NoCounter
from engine.bench.instructions.operations import build

WORKER = "engine.bench.instructions.worker"
OWN = "engine.bench.instructions.operations"
MARK = "getpgid"
BARE = ("-c", "pass")
PARTS = 3  # of each operation: a call that isn't looked at, the smaller number, the larger
Starts = Mapping[str, Sequence[str]]
IMPORT: Starts = {"import engine": ("-c", "import engine")}


def count(modules: Sequence[str] = (OWN,), starts: Starts = IMPORT) -> Iterator[tuple[str, float]]:
    """Names and instructions, as soon as they are known.

    Args:
        modules: names of those whose `operations()` are counted.
        starts: arguments of Python by name; counted whole, less a bare interpreter.

    Raises NoCounter: valgrind isn't here, or something that is counted failed.
    """
    with tempfile.TemporaryDirectory(prefix="vitrine-counted-") as name:
        folder = Path(name)
        if starts:
            yield from _starts(starts, folder)
        if modules:
            yield from _operations(modules, folder)


def _starts(starts: Starts, folder: Path) -> Iterator[tuple[str, float]]:
    for arguments in (BARE, *starts.values()):  # what is compiled at first is there then
        # Once before, so that what is imported lies compiled, also where that is switched off.
        compiling = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
        command = callgrind.python(*arguments)
        subprocess.run(command, env=compiling, capture_output=True, check=True)
    bare = callgrind.whole(callgrind.python(*BARE), folder / "bare")
    for place, (name, arguments) in enumerate(starts.items()):
        counted = callgrind.whole(callgrind.python(*arguments), folder / f"start{place}")
        yield name, float(counted - bare)


def _operations(modules: Sequence[str], folder: Path) -> Iterator[tuple[str, float]]:
    workspace = folder / "workspace"
    build(workspace)
    command = callgrind.python("-m", WORKER, str(workspace), *modules)
    counts, output = callgrind.between_marks(command, folder / "operations", MARK)
    names = json.loads(output.splitlines()[-1])
    if len(counts) != PARTS * len(names):
        raise NoCounter(
            f"{len(counts)} counts of {len(names)} operations; expected {PARTS} of each: is {MARK} "
            "called by what is counted?"
        )
    for place, (name, few, many) in enumerate(names):
        _, fewer, more = counts[PARTS * place : PARTS * (place + 1)]
        yield name, (more - fewer) / (many - few)
