"""A run in a process of its own, which leaves this one as it is. Knows processes; not notebooks."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from engine.doors.notebook.asked import Asked

WORKSPACE_VARIABLE = "VITRINE_NOTEBOOK_WORKSPACE"  # read by startup/sitecustomize.py
_STARTUP = Path(__file__).parent / "volumes" / "startup"
INTERRUPTED = 130  # the exit status
_PATIENCE = 10.0  # seconds
_BY_SIGNAL = 128  # exit statuses of processes that a signal ended begin here, as in a shell
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
        _signals_are_the_childs(),
        subprocess.Popen(command, env=environment_of(asked)) as child,
    ):
        try:
            return child.wait(timeout)
        except BaseException:
            _end(child)
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
        "MLFLOW_DISABLE_TELEMETRY": "true",  # without it, importing mlflow asks its makers' server
        "DO_NOT_TRACK": "true",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }


def _end(child: subprocess.Popen[bytes]) -> None:
    """Let it say what it showed and remove what it made; where it won't, end it."""
    child.terminate()
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()


@contextlib.contextmanager
def _signals_are_the_childs() -> Iterator[None]:
    """Ctrl-C reaches both processes; the child ends its run, and says so. It never outlives this one.

    A function that does nothing, as a process inherits which signals are ignored, and a run that
    inherits that could not be interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if before[signal.SIGINT] is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: None)
    if before[signal.SIGTERM] is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _ended)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ended(number: int, _: object) -> NoReturn:
    sys.exit(_BY_SIGNAL + number)
