"""Writers and readers that go on and on, in forked children."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

from reliability.forks import Report
from reliability.world import ALL, INDEX, TABLE, create_direct, held_by, rows, table

from engine import Workspace
from engine.errors import VitrineError

KEYS = range(8)
LONGEST = 300  # seconds, after which a child ends that nobody ended


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
    report: Report, *, folder: str, writer: int, seconds: float, workspace: Workspace | None = None
) -> None:
    """Replace all rows of a block again and again; report the last acknowledged generation."""
    workspace = workspace or Workspace(folder)
    end, generation, errors = time.monotonic() + seconds, 1, Counter()
    keys = list(block(writer))
    while time.monotonic() < end:
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
    seconds: float,
    workspace: Workspace | None = None,
) -> None:
    """Query all the time: of each block all rows are there, of one generation that never falls."""
    shared = workspace
    workspace = shared or Workspace(folder)
    end, answers, newest = time.monotonic() + seconds, 0, [0] * writers
    while time.monotonic() < end:
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
def write_tables(report: Report, *, folder: str, seconds: float) -> None:
    """Replace the source table again and again, each time with one generation."""
    workspace, end, generation = Workspace(folder), time.monotonic() + seconds, 1
    while time.monotonic() < end:
        generation += 1
        workspace.write_table(TABLE, table(dict.fromkeys(KEYS, generation)))
    report({"generation": generation})


def sync_index(report: Report, *, folder: str, seconds: float) -> None:
    """Sync all the time; another one doing so, or a table replaced meanwhile, is refused by name."""
    workspace, end, syncs, errors = Workspace(folder), time.monotonic() + seconds, 0, Counter()
    while time.monotonic() < end:
        try:
            syncs += workspace.sync(INDEX).changed
        except VitrineError as error:
            errors[type(error).__name__] += 1
    report({"syncs": syncs, "errors": dict(errors)})


def read_table_and_index(report: Report, *, folder: str, seconds: float) -> None:
    """Each answer of the index has all rows of one generation."""
    workspace, end, answers, newest = Workspace(folder), time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
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
    """Delete the index and make it again, with one row that tells who made it, until the time is up."""
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
