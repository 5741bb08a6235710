"""What all commands that measure share: where raw lines go, the seed, and the table at the end."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from engine.doors.cli.printing import note, say, terminal_width
from engine.text_table import Column, text_table

if TYPE_CHECKING:
    from engine.bench.records.journal import Recorder
    from engine.bench.records.line import Line, Measured

Command = TypeVar("Command", bound=Callable[..., Any])
FOLDER = "vitrine-bench"  # of raw lines, where --out names no file
OUT = click.Path(dir_okay=False, path_type=Path)


def records(command: Command) -> Command:
    """Add `out`, `seed` and `smoke` to a command that measures."""
    for option in (
        click.option(
            "--smoke", is_flag=True, help="A few rows and rounds: whether all of it runs."
        ),
        click.option(
            "--seed",
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            help="Of all that is drawn.",
        ),
        click.option(
            "--out",
            type=OUT,
            metavar="FILE.jsonl",
            help=f"Append raw lines here; default: a new file in {FOLDER}/.",
        ),
    ):
        command = option(command)
    return command


def recorder(
    case: str, out: Path | None, seed: int, smoke: bool, packages: Sequence[str] = ()
) -> Recorder:
    """A recorder for one command; with `smoke` the machine's floors are taken in an instant."""
    from engine.bench.records import floors, journal

    file = out or Path(FOLDER) / f"{case}-{datetime.now():%Y%m%d-%H%M%S}.jsonl"
    small = floors.measured(rounds=1, read_bytes=2**22) if smoke else None
    return journal.begin(file, typed(), seed=seed, packages=packages, floors=small)


def typed() -> str:
    """The command as it was typed, for whoever wants to repeat it, but for what opens doors."""
    words = ["vitrine", *sys.argv[1:]]
    for place, word in enumerate(words):
        if word.startswith("--token="):
            words[place] = "--token=..."
        elif words[place - 1] == "--token":
            words[place] = "..."
    return shlex.join(words)


def print_lines(kept: Sequence[Measured], file: Path | None) -> None:
    """A table of what was measured; what was left out is a note each."""
    from engine.bench.records.line import Line

    lines = [one for one in kept if isinstance(one, Line)]
    columns = [
        Column("contestant", is_kept=True),
        Column("settings", least=20),
        Column("what", is_kept=True),
        Column("figure", form=",.5g", is_kept=True),
        Column("unit", is_kept=True),
        Column("n"),
        Column("x_floor", "x floor", form=",.3g"),
    ]
    for line in text_table([row_of(one) for one in lines], columns, terminal_width()).lines:
        say(line)
    for one in kept:
        if not isinstance(one, Line):
            note(f"{one.case}: left out: {one.contestant}: {one.reason}")
    if file is not None:
        note(f"raw lines: {os.fspath(file)}")


def row_of(line: Line) -> dict[str, Any]:
    """A line as the table shows it: the mean of shares and scores, the median of all else."""
    from engine.bench.report.figures import middle

    return {
        "contestant": line.contestant,
        "settings": ", ".join(f"{name}={value}" for name, value in line.settings.items()),
        "what": line.what,
        "figure": middle(line),
        "unit": line.unit,
        "n": len(line.values),
        "x_floor": line.floors,
    }
