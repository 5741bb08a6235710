"""A run that is ended from outside, and files that can't be had: what is said, kept and left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from support.needs import needs
from support.notebooks import Written, command_of, source_form

needs("notebook")

LONG = """import os, signal, time
print("process", os.getpid(), flush=True)
time.sleep(60)"""


def started(folder: Path, text: str, *options: str) -> subprocess.Popen[str]:
    """The command with a notebook, in a group of processes of its own, as a terminal starts it."""
    command = command_of(text, folder / "shop.py", folder / "ws")
    return subprocess.Popen(
        [*command, *options], cwd=folder, env={**os.environ, "VITRINE_ENCODER": "hashed"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("number", "to_group", "status"),
    [(signal.SIGINT, True, 130), (signal.SIGTERM, False, 143), (signal.SIGTERM, True, 143)],
    ids=["ctrl-c", "terminated", "group-terminated"],
)
def test_a_long_cell_can_be_ended_and_the_page_is_saved(
    number: signal.Signals, to_group: bool, status: int, tmp_path: Path
) -> None:
    cells = [Written("print('first')"), Written(LONG), Written("print('never')")]
    run = started(tmp_path, source_form(cells), "--html", "out.html")
    assert run.stdout is not None
    child = next(line for line in run.stdout if line.startswith("process")).split()[1]
    try:
        time.sleep(0.3)  # the cell sleeps by then; earlier it would end in another line
        (os.killpg if to_group else os.kill)(run.pid, number)
        printed, said = run.communicate(timeout=30)
    finally:
        for left in (run.pid, int(child)):
            if Path(f"/proc/{left}").exists():
                os.kill(left, signal.SIGKILL)
                run.wait()
    assert run.returncode == status, said
    assert "interrupted; 1 of 3 cells ran" in said and "Traceback" not in said
    assert "never" not in printed and "first" in (tmp_path / "out.html").read_text()
    with pytest.raises(ProcessLookupError):
        os.kill(int(child), 0)


def said_by(folder: Path, text: str, *options: str) -> tuple[int, str, str]:
    run = started(folder, text, *options)
    printed, said = run.communicate(timeout=60)
    assert "Traceback (most recent call last)" not in said, said
    return run.returncode, printed, said


def test_a_page_that_cannot_be_written_is_said_and_fails(tmp_path: Path) -> None:
    status, _, said = said_by(tmp_path, source_form([Written("1")]), "--html", "/dev/full")
    assert status == 1 and "1 of 1 cells ran" in said
    assert "the page is not saved: /dev/full: No space left on device" in said


def test_a_workspace_that_is_a_file_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "ws").write_text("")
    status, _, said = said_by(tmp_path, source_form([Written("1")]))
    assert status == 1 and "ws is a file; expected a directory" in said


def test_notebooks_that_run_each_other_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text(source_form([Written(" ./shop", "run")]))
    status, _, said = said_by(tmp_path, source_form([Written(" ./other", "run")]))
    assert status == 1 and "%run goes in a circle: shop.py runs other.py runs shop.py" in said
