"""The command in a terminal of its own, as people have it before them."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from dataclasses import dataclass


@dataclass(frozen=True)
class Shown:
    """What was typed got: its exit status, what its output and its errors drew."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines of its output."""
        return self.out.replace("\r\n", "\n").splitlines()


def shown(*arguments: object, columns: int = 80, code: str | None = None) -> Shown:
    """What `vitrine ARGUMENTS`, or a program of Python, shows in terminals of so many columns."""
    program = ["-m", "engine.doors.cli"] if code is None else ["-c", code]
    pairs = [pty.openpty(), pty.openpty()]
    for _, inner in pairs:
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    known = {name: v for name, v in os.environ.items() if name not in ("COLUMNS", "LINES")}
    done = subprocess.Popen(
        [sys.executable, *program, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=pairs[0][1],
        stderr=pairs[1][1],
        env=known,
    )
    for _, inner in pairs:
        os.close(inner)
    texts = _read([outer for outer, _ in pairs])
    return Shown(done.wait(), *texts)


def _read(files: list[int]) -> list[str]:
    """All that comes out of several files until each is closed."""
    import selectors

    found = {file: bytearray() for file in files}
    with selectors.DefaultSelector() as ready:
        for file in files:
            ready.register(file, selectors.EVENT_READ)
        while ready.get_map():
            for key, _ in ready.select():
                file = key.fd
                try:
                    part = os.read(file, 1 << 16)
                except OSError:  # what Linux says where the other end was closed
                    part = b""
                found[file] += part
                if not part:
                    ready.unregister(file)
                    os.close(file)
    return [bytes(found[file]).decode() for file in files]
