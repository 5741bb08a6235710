"""How long until the command answers and the package is imported? Whole processes, in turns."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from case import OURS, Options, Question, at_most, run, seconds

from engine.bench.records.line import Measured

ASK = Question("start")
RUNS, FEW_RUNS = 11, 2
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import engine": [sys.executable, "-c", "import engine"],
    "vitrine --help": [str(Path(sys.executable).parent / "vitrine"), "--help"],
}
TARGETS = {"import engine": at_most(0.15), "vitrine --help": at_most(0.3)}


def start(options: Options) -> Iterator[Measured]:
    took: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(options.few(RUNS, FEW_RUNS)):
        for name, command in COMMANDS.items():
            took[name].append(
                seconds(lambda c=command: subprocess.run(c, check=True, capture_output=True))
            )
    for name, values in took.items():
        contestant = OURS if name in TARGETS else "python"
        yield ASK.line(name, "s", values, contestant=contestant, target=TARGETS.get(name))


if __name__ == "__main__":
    run(start)
