"""A run's file: one line that says what ran where, then each measured line as soon as it is known.

    {"kind": "run", "id": ..., "command": ..., "machine": {...}, "floors": {...}, "versions": {...},
     "commit": ..., "seed": ..., "started": ...}
    {"kind": "line", "run": ..., "case": ..., "contestant": ..., "what": ..., "values": [...], ...}
    {"kind": "left_out", "run": ..., "case": ..., "contestant": ..., "reason": ...}

A file may hold several runs, one after the other; what is there is never changed. Numbers that JSON
has no word for are refused. `floors` and the machine's `memory_gib` are null where nobody took them.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, BinaryIO

from engine.bench.records.floors import NOT_TAKEN, Floors, measured
from engine.bench.records.line import Floor, LeftOut, Line, Measured
from engine.bench.records.machine import Machine, commit, machine, versions
from engine.bench.records.reading import check, documents
from engine.errors import InvalidParameterValue
from engine.optional import checkout

KINDS = ("left_out", "line", "run")


@dataclass(frozen=True)
class Run:
    """What ran: enough to judge its lines by, and to do it again."""

    id: str
    command: str
    machine: Machine
    floors: Floors
    versions: dict[str, str]
    commit: str | None
    seed: int
    started: str

    def document(self) -> dict[str, Any]:
        return {"kind": "run", **asdict(self)}


@dataclass(frozen=True)
class Journal:
    """Runs and lines that were read from a file, in their order; `run_of` says whose a line is."""

    runs: tuple[Run, ...]
    lines: tuple[Line, ...]
    left_out: tuple[LeftOut, ...]
    run_of: tuple[str, ...]  # the run's id of each line


class Recorder:
    """Appends to a file, a line at a time: an interrupted run keeps what it measured."""

    def __init__(self, file: Path | None, run: Run) -> None:
        self.file, self.run = file, run
        self.kept: list[Measured] = []
        self._append(run.document())

    def add(self, measured: Measured) -> None:
        self.kept.append(measured)
        self._append({**measured.document(), "run": self.run.id})

    def _append(self, document: dict[str, Any]) -> None:
        if self.file is None:
            return
        text = json.dumps(document, allow_nan=False)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a+b", buffering=0) as out:
            end = out.seek(0, os.SEEK_END)
            left = memoryview(_new_line(out, end) + text.encode() + b"\n")
            try:
                while left:
                    left = left[out.write(left) :]
            except BaseException:  # a full disk, Ctrl-C: no half of a line stays
                out.truncate(end)
                raise


def _new_line(out: BinaryIO, end: int) -> bytes:
    """What must stand before a line, where the file's last one has no end of its own."""
    if end == 0:
        return b""
    out.seek(end - 1)
    return b"" if out.read(1) == b"\n" else b"\n"


def begin(
    file: Path | None,
    command: str,
    *,
    seed: int = 0,
    packages: Sequence[str] = (),
    floors: Floors | None = None,
) -> Recorder:
    """A recorder whose run says this machine, its floors (measured now), versions and commit.

    Args:
        file: JSON lines, appended to; None keeps lines in memory only.
        command: what repeats the run, as typed.
        packages: distributions whose versions matter, beside the engine's own.
    """
    started = datetime.now(timezone.utc).isoformat(timespec="seconds")
    known = {**versions(), **versions(packages)}
    own = machine()
    run = Run(
        uuid.uuid4().hex[:12],
        command,
        own,
        floors or measured(),
        known,
        commit(checkout()),
        seed,
        started,
    )
    return Recorder(file, run)


def read(files: Iterable[Path]) -> Journal:
    """All runs and lines of some files.

    Raises InvalidParameterValue: with file and line, where a line is not one of a journal.
    """
    runs: list[Run] = []
    lines: list[Line] = []
    left_out: list[LeftOut] = []
    run_of: list[str] = []
    for place, document in (one for file in files for one in documents(file)):
        try:
            if document["kind"] not in KINDS:
                raise InvalidParameterValue(
                    f"{place}: kind {document['kind']!r}; expected one of {list(KINDS)}"
                )
            check(document)
            kind = document.pop("kind")
            if kind == "run":
                runs.append(_run(document))
            elif kind == "line":
                run_of.append(document.pop("run"))
                lines.append(_line(document))
            else:
                document.pop("run")
                left_out.append(LeftOut(**document))
        except (KeyError, TypeError) as error:
            raise InvalidParameterValue(
                f"{place}: not a line of a benchmark's file: {error}"
            ) from error
    return Journal(tuple(runs), tuple(lines), tuple(left_out), tuple(run_of))


def _run(document: dict[str, Any]) -> Run:
    own, floors = document.pop("machine"), document.pop("floors")
    if own["memory_gib"] is None:
        own["memory_gib"] = float("nan")
    taken = NOT_TAKEN if floors is None else Floors(**floors)
    return Run(machine=Machine(**own), floors=taken, **document)


def _line(document: dict[str, Any]) -> Line:
    floor = document.pop("floor", None)
    values = tuple(document.pop("values"))
    return Line(floor=None if floor is None else Floor(**floor), values=values, **document)
