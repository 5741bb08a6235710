"""A writer that is killed: no answer is half of a version, nothing acknowledged is lost, no garbage."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reliability.forks import Ended, Forks
from reliability.loops import KEYS
from reliability.scenes import NO_THREADS, SCENES, seen
from reliability.world import ALL, INDEX, create_direct, garbage, held_by, rows

from engine import Workspace
from engine.errors import NotFound

INSTANTS = 200
# What is seen of an index between two states, where its files are removed or made anew.
BETWEEN = ("none", "not ready", [])


class Played:
    """A scene's prepared workspace, its states after each step and the names of its points."""

    def __init__(self, forks: Forks, name: str, folder: Path) -> None:
        self.name, self.prepared, self.folder, self.forks = name, folder / "prepared", folder, forks
        forks.run("reliability.scenes:record", name=name, folder=str(self.prepared)).check()
        self.states = [seen(Workspace(self.prepared))]
        whole = self.play("kill", 0).check()
        self.states += whole.values("state")
        self.points: list[str] = whole.values("points")[0]

    def fresh(self) -> Path:
        """A copy of the prepared workspace."""
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.prepared, copy)
        return copy

    def play(self, mode: str, at: int) -> Ended:
        folder = str(self.fresh())
        return self.forks.run(
            "reliability.scenes:play", name=self.name, folder=folder, mode=mode, at=at
        )

    def allows(self, state: dict[str, Any], done: int) -> bool:
        """Whether a state can be seen after some acknowledged steps, with one under way."""
        ends = self.states[done : done + 2]
        if state in ends:
            return True
        return self.name == "create and delete" and (
            state["index"] in (*BETWEEN, *(end["index"] for end in ends))
            and state["table"] in [end["table"] for end in ends]
        )


@pytest.mark.parametrize("mode", ["kill", "torn"])
@pytest.mark.parametrize("name", SCENES)
def test_a_writer_killed_at_any_point_leaves_a_whole_version_and_no_garbage(
    forks: Forks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, mode: str
) -> None:
    for place, value in NO_THREADS.items():
        monkeypatch.setattr(place, value)
    played = Played(forks, name, tmp_path)
    assert len(played.points) > 10
    for at, point in enumerate(played.points, start=1):
        if mode == "torn" and point != "fsync":
            continue
        where = f"{name}: killed at point {at} of {len(played.points)}, {point}"
        folder = played.fresh()
        reader = Workspace(folder)
        assert seen(reader) == played.states[0], where
        arguments = {"name": name, "folder": str(folder), "mode": mode, "at": at}
        ended = forks.run("reliability.scenes:play", **arguments)
        assert ended.status == -signal.SIGKILL, (where, ended)
        done = len(ended.values("done"))
        after = seen(Workspace(folder))
        assert played.allows(after, done), (where, done, after)
        assert seen(reader) == after, where
        assert check(folder) == [], where
        SCENES[name].last(Workspace(folder))
        assert garbage(folder) == [], where
        assert check(folder) == [], where


def check(folder: Path) -> list[str]:
    try:
        return Workspace(folder).check_index(INDEX)
    except NotFound:
        return []


# ---------------------------------------------------------------------- random instants
@pytest.fixture
def readers() -> Iterator[Forks]:
    server = Forks()
    yield server
    server.close()


def test_a_writer_killed_at_random_instants_loses_nothing_that_it_acknowledged(
    forks: Forks, readers: Forks, tmp_path: Path
) -> None:
    workspace = Workspace(tmp_path)
    create_direct(workspace)
    workspace.upsert(INDEX, rows(1, KEYS))
    stop = tmp_path / "stop"
    reading = {"folder": str(tmp_path), "stop": str(stop)}
    job = {"function": "reliability.loops:read_generations", "arguments": reading}
    readers.start(job, job)
    generation, chance, longest = 1, random.Random(20240731), 0.06
    for instant in range(INSTANTS):
        written = killed_after(forks, tmp_path, generation + 1, chance.uniform(0, longest))
        # As long as this machine needs for some writes.
        longest *= 0.98 if written else 1.06
        held = held_by(workspace)
        held.pop(ALL, None)
        assert set(held) == set(KEYS)
        assert set(held.values()) <= {written or generation, (written or generation) + 1}, instant
        assert len(set(held.values())) == 1
        generation = held[0]
        assert Workspace(tmp_path).check_index(INDEX) == []
    assert generation > INSTANTS // 4, "the writer was killed before it wrote anything"
    stop.touch()
    for ended in readers.ends(2):
        assert ended.check().values("generations")[0] > 20
    workspace.upsert(INDEX, rows(generation + 1, KEYS))
    assert garbage(tmp_path) == []


def killed_after(forks: Forks, folder: Path, first: int, seconds: float) -> int:
    """Let a writer write for so long; returns the last generation that it acknowledged, or 0."""
    arguments = {"folder": str(folder), "first": first}
    job = {"function": "reliability.loops:write_generations", "arguments": arguments}
    [pid] = forks.start(job)
    time.sleep(seconds)
    kill(pid)
    ended = forks.ends()[0]
    assert ended.status == -signal.SIGKILL, ended
    return max(ended.values("written"), default=0)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
