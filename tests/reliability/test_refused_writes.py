"""A full disk, a read-only workspace, a failing disk: declared errors, and nothing is lost."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from reliability.forks import Forks
from reliability.scenes import SCENES, seen
from reliability.test_crash import Played, check
from reliability.world import garbage

from engine import Workspace
from engine.errors import StorageFailed

SCENE_NAMES = [name for name in SCENES if name != "create and delete"]
# Every point is tried where there is time for it.
STRIDE = 1 if float(os.environ.get("VITRINE_SOAK_SECONDS", "10")) >= 60 else 5


@pytest.mark.parametrize("mode", ["full", "fails"])
@pytest.mark.parametrize("name", SCENE_NAMES)
def test_a_write_that_the_disk_refuses_is_a_declared_error_and_can_be_done_again(
    forks: Forks, tmp_path: Path, name: str, mode: str
) -> None:
    played = Played(forks, name, tmp_path)
    refused = 0
    for at in range(1 + len(mode) % STRIDE, len(played.points) + 1, STRIDE):
        where = f"{name}, {mode} at point {at} of {len(played.points)}: {played.points[at - 1]}"
        folder = played.fresh()
        arguments = {"name": name, "folder": str(folder), "mode": mode, "at": at}
        ended = forks.run("reliability.scenes:play_against_errors", **arguments)
        assert ended.status == 0, (where, ended.values("error"))
        for number, state in zip(ended.values("refused"), ended.values("state"), strict=True):
            refused += 1
            assert played.allows(state, number), (where, number, state)
        assert ended.values("end") == [played.states[-1]], where
        assert check(folder) == [], where
        assert garbage(folder) == [], where
    assert refused > 5
