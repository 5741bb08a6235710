"""The process of one run, from what it was asked for to its exit status. Knows the order of things."""

from __future__ import annotations

import contextlib
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from engine.doors.notebook.asked import Asked
from engine.doors.notebook.process import INTERRUPTED
from engine.doors.notebook.reading.opening import read_notebook
from engine.doors.notebook.running import Run
from engine.doors.notebook.serving import served
from engine.doors.notebook.showing.page import page_of
from engine.doors.notebook.showing.screen import Printed, Screen
from engine.errors import VitrineError
from engine.workspace import Workspace


def main() -> None:
    """Run what the command line asks for, as JSON, and end the process."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was shown is saved then too
    asked = Asked.from_json(sys.argv[1])
    sys.argv = [asked.file]
    sys.path[0] = str(Path(asked.file).parent)  # modules beside a notebook can be imported
    screen = Screen(sys.stdout)
    notebook = read_notebook(Path(asked.file))
    try:
        with opened_run(asked, screen) as run:
            outcome = run.run(notebook, asked.first, asked.last)
    except VitrineError as error:  # of the workspace; those of cells are the outcome's
        screen.say(f"Error: {error.in_words}")
        sys.exit(1)
    is_saved = asked.html is None or _save(asked.html, asked.file, outcome.summary, screen)
    screen.say(outcome.summary)
    if asked.value_file is not None and outcome.value is not None:
        Path(asked.value_file).write_text(outcome.value, encoding="utf-8")
    sys.exit(INTERRUPTED if outcome.interrupted else 1 if outcome.failed or not is_saved else 0)


def _save(html: str, file: str, summary: str, screen: Screen) -> bool:
    """Save the page of a run; False where it can't be written, which is said."""
    try:
        page = page_of(Path(file).name, summary, screen.cells)
        Path(html).write_text(page, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        screen.say(
            f"Error: the page is not saved: {html}: {error.strerror}; give --html another file."
        )
        return False
    screen.say(f"saved {html}")
    return True


@contextlib.contextmanager
def opened_run(asked: Asked, screen: Screen) -> Iterator[Run]:
    """A run, with its server, for as long as the block; standard output is shown on the screen."""
    workspace = Workspace(asked.workspace)
    with (
        tempfile.TemporaryDirectory(prefix="vitrine-notebook-") as folder,
        served(workspace) as login,
    ):
        run = Run(asked, workspace, login, screen, Path(folder))
        with (
            contextlib.redirect_stdout(Printed(screen, sys.stdout)),
            contextlib.redirect_stderr(Printed(screen, sys.stderr, is_error=True)),
        ):
            try:
                yield run
            finally:
                run.close()
