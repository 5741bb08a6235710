"""A process that decodes photos, as its starter sees it. Knows processes; not photos.

It is started as a program of its own, by `subprocess`: neither a fork, which a process with threads and
a device must not make, nor `multiprocessing`'s spawn, which runs the user's main module once more.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from multiprocessing import Pipe

from engine.encode.photos.workers.blocks import Blocks
from engine.encode.photos.workers.worker import Reply, Request

_PROGRAM = (
    "import sys; sys.path[:] = sys.argv[5:]; "
    "from engine.encode.photos.workers.worker import main; main(*map(int, sys.argv[1:5]))"
)
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_START = 60  # seconds that a start may take
_END = 5  # seconds


class Gone(Exception):
    """The process has ended, or doesn't answer as it should."""


class Process:
    """One process; used by one thread at a time.

    Raises:
        Gone: it can't be started.
    """

    def __init__(self, blocks: Blocks, share: int) -> None:
        self._told: dict[int, int] = {}  # versions of rules that it knows
        if not sys.executable or getattr(sys, "frozen", False):
            raise Gone("no Python is known here that could be started")
        self._connection, other = Pipe()
        given = (other.fileno(), blocks.file, blocks.size, share)
        command = [sys.executable, "-c", _PROGRAM, *map(str, given), *map(str, sys.path)]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, **dict.fromkeys(_ONE_THREAD, "1")},
                pass_fds=(other.fileno(), blocks.file),
                start_new_session=True,  # a terminal's Ctrl-C is not for it
            )
        except OSError as error:
            self._connection.close()
            raise Gone(f"no process can be started: {error}") from None
        finally:
            other.close()

    @property
    def number(self) -> int:
        """As the system knows it."""
        return self._process.pid

    def wait_until_ready(self) -> None:
        """Raises Gone where it does not come up."""
        try:
            if not self._connection.poll(_START):
                raise Gone(f"a process was not ready within {_START} s")
            self._connection.recv()
        except (EOFError, OSError):
            raise Gone("a process ended while it started") from None

    def send(self, request: Request, version: int) -> None:
        """Ask for photos; what the process was told in this version already is left out."""
        knows = self._told.get(request.rule) == version
        try:
            self._connection.send(request._replace(told=None) if knows else request)
        except OSError:
            raise Gone from None
        self._told[request.rule] = version

    def receive(self) -> Reply:
        """The reply to the first request that has none yet."""
        try:
            reply: Reply = self._connection.recv()
        except (EOFError, OSError):
            raise Gone from None
        return reply

    def end(self) -> str:
        """End it, where it has not ended; how it did, in words."""
        self._connection.close()  # which it takes as its end, unless it hangs
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END)
        self._process.kill()
        code = self._process.wait()
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def kill(self) -> None:
        """End it at once; from any thread."""
        self._process.kill()
        self._process.wait()

    def forget(self) -> None:
        """In a fork of its starter, whose process it is not."""
        self._connection.close()
        self._process.returncode = 0
