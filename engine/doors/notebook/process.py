"""A run in a process of its own, which leaves this one as it is. Knows processes; not notebooks."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from engine.doors.notebook.asked import Asked

WORKSPACE_VARIABLE = "VITRINE_NOTEBOOK_WORKSPACE"  # read by startup/sitecustomize.py
_STARTUP = Path(__file__).parent / "volumes" / "startup"
_RUN = (
    "from vitrine_search import use_own; use_own(); "
    "from engine.doors.notebook.child import main; main()"
)


def run_notebook(asked: Asked, timeout: float | None = None) -> int:
    """Run a notebook to its end or its first failing cell; what it shows goes where ours goes.

    Args:
        timeout: seconds; None for no limit.

    Returns:
        the exit status: 0, 1 for a failing cell, 130 for an interruption.

    Raises:
        subprocess.TimeoutExpired: it took longer; it was ended.
    """
    command = [sys.executable, "-c", _RUN, asked.to_json()]
    with (
        _interruption_is_the_childs(),
        subprocess.Popen(command, env=environment_of(asked)) as child,
    ):
        try:
            return child.wait(timeout)
        except BaseException:
            child.terminate()
            raise


def environment_of(asked: Asked) -> dict[str, str]:
    """The environment of a run: each Python in it, Spark's workers too, knows `/Volumes`."""
    path = [str(_STARTUP), *filter(None, [os.environ.get("PYTHONPATH")])]
    commands = [str(Path(sys.executable).parent), *filter(None, [os.environ.get("PATH")])]
    return {
        **os.environ,
        "PATH": os.pathsep.join(commands),  # `%sh python` is this Python
        "PYTHONPATH": os.pathsep.join(path),
        WORKSPACE_VARIABLE: asked.workspace,
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }


@contextlib.contextmanager
def _interruption_is_the_childs() -> Iterator[None]:
    """Ctrl-C reaches both processes; the child ends its run, and says so."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
