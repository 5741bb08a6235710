"""The process of one run, from what it was asked for to its exit status. Knows the order of things."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from engine.doors.notebook.asked import Asked
from engine.doors.notebook.reading.opening import read_notebook
from engine.doors.notebook.running import Run
from engine.doors.notebook.serving import served
from engine.doors.notebook.showing.page import page_of
from engine.doors.notebook.showing.screen import Printed, Screen
from engine.workspace import Workspace

INTERRUPTED = 130


def main() -> None:
    """Run what the command line asks for, as JSON, and end the process."""
    asked = Asked.from_json(sys.argv[1])
    sys.argv = [asked.file]
    sys.path[0] = str(Path(asked.file).parent)  # modules beside a notebook can be imported
    screen = Screen(sys.stdout)
    notebook = read_notebook(Path(asked.file))
    with opened_run(asked, screen) as run:
        outcome = run.run(notebook, asked.first, asked.last)
    if asked.html is not None:
        page = page_of(Path(asked.file).name, outcome.summary, screen.cells)
        Path(asked.html).write_text(page, encoding="utf-8")
        screen.say(f"saved {asked.html}")
    screen.say(outcome.summary)
    if asked.value_file is not None and outcome.value is not None:
        Path(asked.value_file).write_text(outcome.value, encoding="utf-8")
    sys.exit(INTERRUPTED if outcome.interrupted else 1 if outcome.failed else 0)


@contextlib.contextmanager
def opened_run(asked: Asked, screen: Screen) -> Iterator[Run]:
    """A run, with its server, for as long as the block; standard output is shown on the screen."""
    workspace = Workspace(asked.workspace)
    with (
        tempfile.TemporaryDirectory(prefix="vitrine-notebook-") as folder,
        served(workspace) as login,
    ):
        run = Run(asked, workspace, login, screen, Path(folder))
        with contextlib.redirect_stdout(Printed(screen, sys.stdout)):
            try:
                yield run
            finally:
                run.close()
