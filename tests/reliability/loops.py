"""Writers and readers that go on and on, in forked children."""

from __future__ import annotations

from pathlib import Path

from reliability.forks import Report
from reliability.world import ALL, INDEX, held_by, rows

from engine import Workspace

KEYS = range(8)


def write_generations(report: Report, *, folder: str, first: int) -> None:
    """Replace all rows again and again, with deletions and compaction between; never ends."""
    workspace = Workspace(folder)
    report({"ready": True})
    for generation in range(first, first + 100_000):
        workspace.upsert(INDEX, rows(generation, KEYS))
        report({"written": generation})
        if generation % 5 == 0:
            workspace.upsert(INDEX, rows(generation, [ALL]))
            workspace.delete_rows(INDEX, [ALL])
            workspace.compact_index(INDEX)


def read_generations(report: Report, *, folder: str, stop: str) -> None:
    """Query all the time: every answer has all rows, of one generation, and none goes back."""
    workspace, answers, newest, seen_generations = Workspace(folder), 0, 0, set()
    while not Path(stop).exists():
        held = held_by(workspace)
        held.pop(ALL, None)
        assert set(held) == set(KEYS), held
        assert len(set(held.values())) == 1, held
        assert held[0] >= newest, (held, newest)
        newest = held[0]
        seen_generations.add(newest)
        answers += 1
        if answers % 50 == 0:
            workspace = Workspace(folder)
    report({"answers": answers, "generations": len(seen_generations)})
