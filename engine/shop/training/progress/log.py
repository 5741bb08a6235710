"""The log of a training: JSON lines, one for some steps, with the means of their losses."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any


class Log:
    """Appends to a file; what is there stays."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._sums: dict[str, list[float]] = {}

    def add(self, losses: dict[str, float]) -> None:
        """The losses of a step; their means are in the next line."""
        for name, value in losses.items():
            self._sums.setdefault(name, []).append(value)

    def write(self, **facts: Any) -> None:
        """A line: facts, and the means of the losses since the last one with any."""
        means = {name: round(sum(values) / len(values), 4) for name, values in self._sums.items()}
        self._sums = {}
        line = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **facts}
        with self.file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({**line, "losses": means} if means else line) + "\n")

    def lines(self) -> list[dict[str, Any]]:
        """All lines; one that a crash cut off is left out."""
        found = []
        for line in self.file.read_text("utf-8").splitlines() if self.file.is_file() else ():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found
