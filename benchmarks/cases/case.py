"""What every case shares: its options, its rows, a median."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One line of the report; `met` is None where there is no target."""

    what: str
    measured: str
    target: str = ""
    met: bool | None = None


@dataclass(frozen=True)
class Options:
    data: Path
    encoder: str
    photos: int

    @property
    def styles(self) -> Path:
        return self.data / "styles.csv"

    @property
    def images(self) -> Path:
        return self.data / "images"


def run(case: Callable[[Options], list[Row]]) -> None:
    """Run a case as a script: options from the command line, rows as JSON on the last line."""
    data, encoder, photos = sys.argv[1:]
    rows = case(Options(Path(data).resolve(), encoder, int(photos)))
    print(json.dumps([asdict(row) for row in rows]))


def seconds(action: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    started = time.perf_counter_ns()
    action()
    return (time.perf_counter_ns() - started) / 1e9


def median(values: list[float]) -> float:
    return statistics.median(values)


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
