"""Writers and readers that go on and on, in forked children."""

from __future__ import annotations

import os
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

from reliability.forks import Report
from reliability.world import ALL, INDEX, TABLE, create_direct, held_by, rows, table

from engine import Workspace
from engine.errors import VitrineError

KEYS = range(8)
LONGEST = 300  # seconds, after which a child ends that nobody ended


class Together:
    """Loops that go on for a while, and until each of them has done enough, on a machine of any speed.

    Args:
        marks: a folder in which each leaves a mark when it has done enough. loops: how many they are.
        seconds: how long they go on at least.
    """

    def __init__(self, marks: str, loops: int, seconds: float) -> None:
        self._marks, self._loops, self._name = Path(marks), loops, uuid.uuid4().hex
        self._end, self._last = time.monotonic() + seconds, time.monotonic() + LONGEST
        self._marks.mkdir(exist_ok=True)

    def go_on(self, enough: bool) -> bool:
        """Whether to go on, where `enough` says that this loop has done enough.

        Raises:
            AssertionError: one of them never has.
        """
        if enough:
            (self._marks / self._name).touch()
        if time.monotonic() < self._end:
            return True
        done = sum(1 for _ in self._marks.iterdir())
        assert time.monotonic() < self._last, f"{done} of {self._loops} did enough"
        return done < self._loops


def write_generations(report: Report, *, folder: str, first: int) -> None:
    """Replace all rows again and again, with deletions and compaction between, until killed."""
    workspace = Workspace(folder)
    for generation in range(first, first + 1000):
        workspace.upsert(INDEX, rows(generation, KEYS))
        report({"written": generation})
        if generation % 5 == 0:
            workspace.upsert(INDEX, rows(generation, [ALL]))
            workspace.delete_rows(INDEX, [ALL])
            workspace.compact_index(INDEX)
    time.sleep(LONGEST)


def read_generations(report: Report, *, folder: str, stop: str) -> None:
    """Query all the time: every answer has all rows, of one generation, and none goes back."""
    workspace, answers, newest, met = Workspace(folder), 0, 0, set()
    end = time.monotonic() + LONGEST
    while not Path(stop).exists() and time.monotonic() < end:
        held = held_by(workspace)
        held.pop(ALL, None)
        assert set(held) == set(KEYS), held
        assert len(set(held.values())) == 1, held
        assert held[0] >= newest, (held, newest)
        newest = held[0]
        met.add(newest)
        answers += 1
        time.sleep(0.002)  # leaves the processor to the writer
        if answers % 50 == 0:
            workspace = Workspace(folder)
    report({"answers": answers, "generations": len(met)})


# ---------------------------------------------------------------------- writers side by side
def block(writer: int) -> range:
    """The keys that one of several writers writes."""
    return range(100 * writer, 100 * writer + 8)


def write_block(
    report: Report,
    *,
    folder: str,
    writer: int,
    together: dict[str, Any],
    workspace: Workspace | None = None,
) -> None:
    """Replace all rows of a block again and again; report the last acknowledged generation."""
    workspace = workspace or Workspace(folder)
    all_loops, generation, errors = Together(**together), 1, Counter()
    keys = list(block(writer))
    while all_loops.go_on(generation > 10):
        try:
            if generation % 7 == 0:
                workspace.upsert(INDEX, rows(generation, [keys[-1] + 1]))
                workspace.delete_rows(INDEX, [keys[-1] + 1])
            if generation % 50 == 0:
                workspace.compact_index(INDEX)
            workspace.upsert(INDEX, rows(generation + 1, keys))
            generation += 1
        except VitrineError as error:
            errors[type(error).__name__] += 1
    report({"generation": generation, "errors": dict(errors)})


def read_blocks(
    report: Report,
    *,
    folder: str,
    writers: int,
    together: dict[str, Any],
    workspace: Workspace | None = None,
) -> None:
    """Query all the time: of each block all rows are there, of one generation that never falls."""
    shared = workspace
    workspace = shared or Workspace(folder)
    all_loops, answers, newest = Together(**together), 0, [0] * writers
    while all_loops.go_on(answers > 20):
        filters = {"id <": 10_000} if answers % 3 == 0 else None
        held = held_by(workspace, filters)
        for writer in range(writers):
            generations = {held[key] for key in block(writer)}
            assert len(generations) == 1, held
            assert generations.pop() >= newest[writer], (held, newest)
            newest[writer] = held[block(writer)[0]]
        answers += 1
        if answers % 100 == 0 and shared is None:
            workspace = Workspace(folder)
    report({"answers": answers, "newest": newest})


# ---------------------------------------------------------------------- a table and its index
def write_tables(report: Report, *, folder: str, together: dict[str, Any]) -> None:
    """Replace the source table again and again, each time with one generation."""
    workspace, all_loops, generation = Workspace(folder), Together(**together), 1
    while all_loops.go_on(generation > 10):
        generation += 1
        workspace.write_table(TABLE, table(dict.fromkeys(KEYS, generation)))
    report({"generation": generation})


def sync_index(report: Report, *, folder: str, together: dict[str, Any]) -> None:
    """Sync all the time; another one doing so, or a table replaced meanwhile, is refused by name."""
    workspace, all_loops, syncs, errors = Workspace(folder), Together(**together), 0, Counter()
    while all_loops.go_on(syncs > 2):
        try:
            syncs += workspace.sync(INDEX).changed
        except VitrineError as error:
            errors[type(error).__name__] += 1
    report({"syncs": syncs, "errors": dict(errors)})


def read_table_and_index(report: Report, *, folder: str, together: dict[str, Any]) -> None:
    """Each answer of the index has all rows of one generation."""
    workspace, all_loops, answers, newest = Workspace(folder), Together(**together), 0, 0
    while all_loops.go_on(newest > 2):
        held = held_by(workspace)
        assert set(held) == set(KEYS)
        assert len(set(held.values())) == 1
        assert held[0] >= newest
        newest, answers = held[0], answers + 1
    report({"answers": answers, "newest": newest})


def hold_the_lock(report: Report, *, folder: str) -> None:
    """Take the lock of the index, and never give it back."""
    workspace = Workspace(folder)
    with workspace._layout.writing(f"index-{INDEX}"):
        report({"holds": True})
        time.sleep(LONGEST)


# ---------------------------------------------------------------------- indexes that come and go
def create_once(report: Report, *, folder: str) -> None:
    """Create the index and write one row; or say what was in the way."""
    workspace = Workspace(folder)
    try:
        create_direct(workspace)
        workspace.upsert(INDEX, rows(1, [os.getpid()]))
        report({"outcome": "created"})
    except VitrineError as error:
        report({"outcome": type(error).__name__})


def make_again(report: Report, *, folder: str, seconds: float, maker: int) -> None:
    """Delete the index and make it again, with one row that says who made it, until the time is up."""
    workspace, end, made, errors = Workspace(folder), time.monotonic() + seconds, 0, Counter()
    while time.monotonic() < end:
        for step in (
            lambda: workspace.delete_index(INDEX),
            lambda: create_direct(workspace),
            lambda: workspace.upsert(INDEX, rows(1, [maker])),
        ):
            try:
                step()
                made += 1
            except VitrineError as error:
                errors[type(error).__name__] += 1
    report({"made": made, "errors": dict(errors)})


def write_what_is_there(report: Report, *, folder: str, seconds: float) -> None:
    """Write, delete rows, read and compact; what is read is whole."""
    workspace, end, written, errors = Workspace(folder), time.monotonic() + seconds, 0, Counter()
    while time.monotonic() < end:
        for step in (
            lambda: workspace.upsert(INDEX, rows(2, range(50, 60))),
            lambda: workspace.delete_rows(INDEX, [55]),
            lambda: held_by(workspace),
            lambda: workspace.compact_index(INDEX),
        ):
            try:
                step()
                written += 1
            except VitrineError as error:
                errors[type(error).__name__] += 1
    report({"written": written, "errors": dict(errors)})
