"""Servers that cases ask: `vitrine serve` as a process of its own, connections that stay open."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 60.0  # seconds until a server takes connections


def serve(path: Path) -> tuple[subprocess.Popen[bytes], int]:
    """The server, and its port, as soon as it takes connections.

    Raises RuntimeError: it ended instead, or took none in a minute.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "engine.doors.cli", "serve", "-w", str(path), "--no-auth"]
    server = subprocess.Popen([*command, "--quiet", "--port", str(port)], stdout=subprocess.DEVNULL)
    end = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return server, port
        except ConnectionRefusedError:
            if server.poll() is not None or time.monotonic() > end:
                stop(server)
                raise RuntimeError(f"{' '.join(command)}: takes no connections") from None
            time.sleep(0.005)


def stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    server.wait()


@contextmanager
def served(path: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The port of a server over a workspace and its process, until the block ends."""
    server, port = serve(path)
    try:
        yield port, server
    finally:
        stop(server)


def connected(port: int) -> http.client.HTTPConnection:
    """A connection that stays open and sends at once."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection
