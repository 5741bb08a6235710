"""Processes of a server: started, waited for, ended; their processor time and memory, from /proc."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from engine.errors import VitrineError

START_SECONDS = 120.0
END_SECONDS = 30.0
_PROC = Path("/proc")


class NotStarted(VitrineError):
    """A server's process ended, or did not answer, before it served."""


class ServerProcess:
    """A command in a process group of its own, which ends with all that it started.

    Args:
        is_ready: asked until it is true. What the command says on standard error is shown where it
            fails.
    Raises:
        NotStarted: it ended before it was ready, or was not in time.
    """

    def __init__(
        self,
        command: Sequence[str],
        is_ready: Callable[[], bool],
        *,
        variables: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=self._said,
            start_new_session=True,
            env={**os.environ, **(variables or {})},
            cwd=folder,
        )
        self.pid = self._process.pid
        try:
            self._wait(is_ready, command)
        except BaseException:
            self.close()
            raise

    def _wait(self, is_ready: Callable[[], bool], command: Sequence[str]) -> None:
        until = time.monotonic() + START_SECONDS
        while not is_ready():
            if self._process.poll() is not None or time.monotonic() > until:
                self._said.seek(0)
                said = self._said.read()[-500:].decode(errors="replace").strip()
                raise NotStarted(f"{' '.join(command[:3])} ... did not start to serve: {said}")
            time.sleep(0.02)

    def close(self) -> None:
        """Ask all of them to end; after half a minute make them, those in other groups too."""
        known = {pid: _born(pid) for pid in process_tree(self.pid)} if is_known() else {}
        self._process.terminate()  # the first alone: it ends its own workers
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        for pid, born in known.items():
            if born is not None and _born(pid) == born:  # no other process under its number
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._said.close()


def free_port() -> int:
    """A port that nobody has now, for servers that can't take a free one themselves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def takes_connections(port: int) -> bool:
    """Whether something listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


# ---------------------------------------------------------------------- what processes use
def is_known() -> bool:
    """Whether this system tells what other processes use, as Linux does."""
    return (_PROC / "self" / "stat").exists()


def process_tree(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # it ended meanwhile
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def _born(pid: int) -> str | None:
    """When a process began, in ticks since the machine did; None where there is none."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return None


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and all that descend from it, user and system, ended threads too.

    A process's clock, which counts in nanoseconds; /proc/PID/stat counts in hundredths of a second. Its
    number is that of clock_getcpuclockid(3) on Linux.
    """
    total = 0.0
    for one in process_tree(pid):
        with contextlib.suppress(OSError):
            total += time.clock_gettime((~one << 3) | 2)
    return total


def memory_mb(pid: int) -> float:
    """Memory of a process and all that descend from it, in MB; a page that several share counts once.

    Each has its share of such a page: `Pss` of /proc/PID/smaps_rollup.
    """
    kilobytes = 0
    for one in process_tree(pid):
        with contextlib.suppress(OSError):
            text = (_PROC / str(one) / "smaps_rollup").read_text()
            lines = (line.split() for line in text.splitlines())
            kilobytes += sum(int(words[1]) for words in lines if words[0] == "Pss:")
    return kilobytes * 1024 / 1e6
