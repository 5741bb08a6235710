"""A file that says that the server answers, for scripts that wait for it. Knows files; not the app."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import os
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from engine.doors.http.certificates.names import WILDCARDS
from engine.doors.http.listening.sockets import Listener
from engine.errors import InvalidInputException, VitrineError
from engine.store.secret import write_private

_LOG = logging.getLogger("vitrine.http")
_SECONDS = 1.0  # for a former server to take a connection


def check_place(file: Path) -> None:
    """Make sure that the file can be written, and replaces none but that of a server that has ended.

    Raises:
        InvalidInputException: says why not.
    """
    if file.exists() or file.is_symlink():
        former = _read(file)
        if former is None:
            raise InvalidInputException(
                f"--ready-file {file} exists, and no server wrote it. Delete it, or name another."
            )
        if _still_runs(former):
            raise InvalidInputException(
                f"--ready-file {file} is that of the server on {former['url']} (process "
                f"{former['pid']}), which still runs. End it, or name another file."
            )
    try:
        with tempfile.TemporaryFile(dir=file.absolute().parent):
            pass
    except OSError as error:
        raise InvalidInputException(
            f"--ready-file {file} can't be written ({error.strerror}). Name a file in a folder that "
            "exists and that this user may write to."
        ) from None


@contextlib.contextmanager
def announced(file: Path, content: Mapping[str, object], listener: Listener) -> Iterator[None]:
    """Write a file, its owner's alone, as soon as the server answers; remove it at the end.

    What a server that was killed left there goes at once.

    Args:
        content: as JSON. Of it, `url` tells whether the server speaks TLS, and `pid` whose file it is.
    """
    with contextlib.suppress(FileNotFoundError):
        file.unlink()
    ended, turn = threading.Event(), threading.Lock()
    host, port = listener.sockets[0].getsockname()[:2]  # which a closed socket has no more
    speaks_tls = str(content["url"]).startswith("https:")

    def wait() -> None:
        if not _answers(host, port, speaks_tls):
            return
        with turn:
            if ended.is_set():
                return
            try:
                write_private(file, json.dumps(content, indent=2) + "\n")
            except (OSError, VitrineError) as error:
                _LOG.error("--ready-file %s was not written: %s", file, error)

    threading.Thread(target=wait, name="vitrine-ready", daemon=True).start()
    try:
        yield
    finally:
        with turn:
            ended.set()
        with contextlib.suppress(OSError):
            if (_read(file) or {}).get("pid") == content["pid"]:
                file.unlink()


def _answers(host: str, port: int, speaks_tls: bool) -> bool:
    """Wait until the server answers a request; False where it ends before.

    The sockets listen already, so the request waits in their queue: nobody asks again and again.
    """
    host = WILDCARDS.get(host, host)
    connection = http.client.HTTPConnection(host, port)
    if speaks_tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is our own socket
        connection = http.client.HTTPSConnection(host, port, context=context)
    try:
        connection.request("GET", "/health")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _still_runs(former: dict[str, object]) -> bool:
    """Whether a server listens where a file says, and the process that wrote it lives.

    Both: after a kill the port, or the process's number, may be another's.
    """
    pid, host, port = former["pid"], former["host"], former["port"]
    if not (isinstance(pid, int) and isinstance(port, int) and isinstance(host, str) and pid > 0):
        return False
    try:
        with contextlib.suppress(PermissionError):  # another user's lives too
            os.kill(pid, 0)
        with socket.create_connection((WILDCARDS.get(host, host), port), _SECONDS):
            return True
    except (OSError, OverflowError, UnicodeError):
        return False


def _read(file: Path) -> dict[str, object] | None:
    """What a server wrote there; None for anything else."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        if file.is_file() and file.stat().st_size < 1 << 16:
            found = json.loads(file.read_bytes())
            if isinstance(found, dict) and {"url", "host", "port", "pid"} <= set(found):
                return found
    return None
