"""How long until the command answers and the package is imported? Whole processes, medians of 11."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from case import Options, Row, median, run, seconds

RUNS = 11
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import engine": [sys.executable, "-c", "import engine"],
    "vitrine --help": [str(Path(sys.executable).parent / "vitrine"), "--help"],
}
TARGETS = {"import engine": 0.15, "vitrine --help": 0.3}


def start(_: Options) -> list[Row]:
    took: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _run in range(RUNS):
        for name, command in COMMANDS.items():
            took[name].append(
                seconds(lambda c=command: subprocess.run(c, check=True, capture_output=True))
            )
    rows = []
    for name, values in took.items():
        target = TARGETS.get(name)
        met = None if target is None else median(values) < target
        text = "" if target is None else f"under {target} s"
        rows.append(Row(name, f"{median(values):.3f} s", text, met))
    return rows


if __name__ == "__main__":
    run(start)
