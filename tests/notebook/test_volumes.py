"""`/Volumes/...` in a process of a run, by every way to a path; and nowhere else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from support.needs import needs

from engine import Workspace
from engine.doors.notebook.asked import Asked
from engine.doors.notebook.process import environment_of

CALLS = Path(__file__).parent / "volume_calls.py"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A workspace with a registered folder of two pictures, and an empty volume."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("1.png", "2.png"):
        Image.new("RGB", (3, 2)).save(photos / name)
    workspace = Workspace(tmp_path / "ws")
    workspace.register_volume("/Volumes/main/fashion_demo/raw_data/images", photos)
    workspace.create_volume("main", "fashion_demo", "mine")
    return workspace.path


def called(place: Path, what: str, **environ: str) -> subprocess.CompletedProcess[str]:
    env = {**environment_of(Asked("", str(place))), **environ}
    command = [sys.executable, str(CALLS), what]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=200)


@pytest.mark.parametrize("what", ["read", "refused", "write", "tables"])
def test_volumes_are_folders_in_a_run(what: str, place: Path) -> None:
    if what == "tables":
        needs("pandas")
    done = called(place, what)
    assert done.stdout == "done\n", done.stdout + done.stderr


def test_they_are_none_elsewhere(place: Path) -> None:
    done = called(place, "read", VITRINE_NOTEBOOK_WORKSPACE="")
    assert "FileNotFoundError" in done.stderr


def test_who_ran_at_the_start_before_still_does(place: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "sitecustomize.py").write_text("print('I was here')")
    startup = environment_of(Asked("", str(place)))["PYTHONPATH"]
    done = called(place, "read", PYTHONPATH=f"{startup}:{other}")
    assert done.stdout == "I was here\ndone\n", done.stdout + done.stderr
