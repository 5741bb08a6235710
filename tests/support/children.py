"""Child processes of tests: started by one hand, and gone when their test is."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

LONGEST = 300  # seconds that a wait may take on a machine under load; none needs that long


def command_of(command: Sequence[str], *, offline: bool = False) -> list[str]:
    """A command as `launch.py` runs it; see there."""
    launcher = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py"))]
    return [*launcher, str(os.getpid()), "--offline" if offline else "--online", *command]


@contextlib.contextmanager
def started(
    command: Sequence[str], *, offline: bool = False, **options: Any
) -> Iterator[subprocess.Popen[Any]]:
    """A running child, in a process group of its own, which is killed at the end with all in it."""
    with subprocess.Popen(
        command_of(command, offline=offline), start_new_session=True, **options
    ) as child:
        try:
            yield child
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)


def wait_until(true: Callable[[], Any], child: subprocess.Popen[Any] | None = None) -> None:
    """Wait until something is true. It fails where a child ended first, or at long last."""
    until = time.monotonic() + LONGEST
    while not true():
        assert child is None or child.poll() is None, "the child ended first"
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.01)
