"""What every case shares: its options, its lines, and how it runs as a process of its own.

    python benchmarks/cases/CASE.py [--smoke] [--data DIR] [--encoder NAME] [--photos N] [--shop DIR]

A case yields each line as soon as it is known; as a script it prints them as JSON, one a line.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from engine.bench.records.line import Better, Floor, LeftOut, Line, Measured, Setting
from engine.bench.statistics.intervals import percentile

Given = TypeVar("Given")
OURS = "vitrine"
SAMPLE = Path(__file__).parents[2] / "datasets" / "sample"
ENCODER, SMALL_ENCODER = "ViT-B-32-quickgelu/untrained", "embedded"
PHOTOS, FEW_PHOTOS = 256, 8

_OF: dict[str, Callable[[Sequence[float]], float]] = {
    "median": statistics.median,
    "mean": statistics.fmean,
    "minimum": min,
    "maximum": max,
    "99th percentile": lambda values: percentile(values, 99),
}


@dataclass(frozen=True)
class Options:
    """What a case is asked about.

    Attributes:
        data: a catalogue in the public fashion layout.
        photos: how many of them a case encodes.
        smoke: a few rows and rounds, to see whether all of it runs.
        shop: where the workspace of the built catalogue lies, or is built by the first who needs it.
    """

    data: Path = SAMPLE
    encoder: str = ENCODER
    photos: int = PHOTOS
    smoke: bool = False
    shop: Path | None = None

    @property
    def styles(self) -> Path:
        return self.data / "styles.csv"

    @property
    def images(self) -> Path:
        """The larger photos, or what there is."""
        return self.photo_folders[0]

    @property
    def photo_folders(self) -> list[Path]:
        found = [self.data / name for name in ("images", "images_small")]
        return [path for path in found if path.is_dir()] or found[:1]

    def few(self, whole: Given, smoke: Given) -> Given:
        """One of two sizes: that of a run whose figures count, that of a smoke run."""
        return smoke if self.smoke else whole


@dataclass(frozen=True)
class Target:
    """What a line is to reach, judged by its values and kept beside them.

    Attributes:
        side: of the bound, on which to be.
        of: what of the values is judged.
    """

    side: Literal["at most", "at least"]
    bound: float
    of: str = "median"

    def judged(self, values: Sequence[float]) -> dict[str, Any]:
        reached = _OF[self.of](values)
        is_met = reached <= self.bound if self.side == "at most" else reached >= self.bound
        return {**asdict(self), "met": bool(is_met)}


def at_most(bound: float, of: str = "median") -> Target:
    return Target("at most", bound, of)


def at_least(bound: float, of: str = "median") -> Target:
    return Target("at least", bound, of)


@dataclass(frozen=True)
class Question:
    """A case by its name, which makes lines of what it measured."""

    name: str

    def line(
        self,
        what: str,
        unit: str,
        values: float | Sequence[float],
        *,
        contestant: str = OURS,
        better: Better = "lower",
        target: Target | None = None,
        floor: Floor | None = None,
        more: Mapping[str, Any] | None = None,
        **settings: Setting,
    ) -> Line:
        """A line of all values that were taken; its target, if any, with whether it is met."""
        taken = (values,) if isinstance(values, (int, float)) else values
        kept = tuple(float(value) for value in taken)
        told = {} if target is None else {"target": target.judged(kept)}
        told |= more or {}
        return Line(self.name, contestant, what, unit, kept, settings, better, floor, told)

    def left_out(self, reason: str, contestant: str = OURS, **settings: Setting) -> LeftOut:
        return LeftOut(self.name, contestant, reason, settings)


Case = Callable[[Options], Iterator[Measured]]


def run(case: Case) -> None:
    """Run a case as a script: lines as JSON, one a line; last of all, where it fails, what failed."""
    options = given(case.__doc__)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries and servers print is no line of ours

    def tell(document: Mapping[str, Any]) -> None:
        print(json.dumps(document, allow_nan=False), file=out, flush=True)

    try:
        for measured in case(options):
            document = measured.document()
            if options.smoke and "more" in document:
                document["more"].pop("target", None)  # so few rows and rounds reach none, or any
            tell(document)
    except Exception as error:
        tell({"kind": "failed", "error": f"{type(error).__name__}: {error}"})
        raise


def given(told: str | None) -> Options:
    """Options from the command line; with --smoke the bundled sample and the small model."""
    parser = argparse.ArgumentParser(description=told)
    add_options(parser)
    return options_of(parser.parse_args())


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--smoke", action="store_true", help="a few rows and rounds: whether all of it runs")
    add("--data", type=Path, metavar="DIR", help="styles.csv and images/; default: the sample")
    add("--encoder", help=f"default: {ENCODER}, with --smoke {SMALL_ENCODER}")
    add("--photos", type=int, help=f"photos to encode in a case; default: {PHOTOS}")
    add(
        "--shop",
        type=Path,
        default=os.environ.get("VITRINE_BENCH_SHOP")
        or None,  # argparse makes a path of a text, "" too
        metavar="DIR",
        help="a workspace with the built catalogue, built there if there is none; "
        "default: $VITRINE_BENCH_SHOP, else one for the run",
    )


def options_of(found: argparse.Namespace) -> Options:
    return Options(
        (found.data or SAMPLE).resolve(),
        found.encoder or (SMALL_ENCODER if found.smoke else ENCODER),
        found.photos or (FEW_PHOTOS if found.smoke else PHOTOS),
        found.smoke,
        Path(found.shop).resolve() if found.shop else None,
    )


def seconds(action: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    started = time.perf_counter_ns()
    action()
    return (time.perf_counter_ns() - started) / 1e9


def milliseconds(action: Callable[[], object]) -> float:
    """Wall milliseconds of one call."""
    return 1000 * seconds(action)


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
