"""Running the server: one process or several over one workspace. Knows uvicorn; not routes."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from engine.doors.faults.faults import Faults
from engine.doors.http.connections import Connection
from engine.doors.http.credentials import Credentials, open_credentials
from engine.doors.http.faults.connection import BreakableConnection
from engine.doors.http.guard import LOOPBACK, Limits
from engine.doors.http.metrics import SHARED_FOLDER, hold, remove_abandoned, shared_folder
from engine.errors import InvalidInputException, InvalidState
from engine.settings import Settings
from engine.store.layout import make_folder, storage_failed
from engine.workspace import Workspace

if TYPE_CHECKING:
    from fastapi import FastAPI

HOST, PORT = "127.0.0.1", 8765
_GRACE_SECONDS = 30  # for running requests, when the server is asked to stop
# Where a worker process finds its app; by the name that no other package hides, where it is installed.
_APP = (
    "vitrine_search:app"
    if importlib.util.find_spec("vitrine_search")
    else "engine.doors.http.server:app_from_environment"
)
# asyncio's own loop takes all connections that wait at once. uvloop takes one a round, so that behind
# hundreds a request of /health would wait for seconds; a query costs the same in both.
_LOOP = "asyncio"
_SWITCH_SECONDS = 0.001  # after which a thread that computes lets the event loop go on
_BACKLOG = 2048  # connections that wait to be taken
_CONFIGURATION = "VITRINE_SERVER"  # for worker processes, as JSON; holds no secret


@dataclass(frozen=True)
class Options:
    """How to serve.

    Attributes:
        path: the workspace's directory. auth: False lets everybody in, on loopback only.
        workers: processes. access_log: one JSON line a request, on standard error.
        faults: let callers ask for faults at /api/v1/faults.
    """

    path: Path
    host: str = HOST
    port: int = PORT
    workers: int = 1
    auth: bool = True
    access_log: bool = True
    faults: bool = False

    def check(self) -> None:
        """Refuse what would be unsafe or can't be, and make the workspace's folder.

        Raises:
            InvalidInputException: no credentials, or faults, on an address that others reach.
            InvalidState: the port is taken. StorageFailed: the folder can't be made.
        """
        if not self.auth and self.host not in LOOPBACK:
            raise InvalidInputException(
                f"--no-auth is for this machine alone, and --host {self.host} is reached by others. "
                f"Leave out --no-auth, or serve on {HOST}."
            )
        if self.faults and (self.host not in LOOPBACK or self.workers > 1):
            raise InvalidInputException(
                "--faults is for one process that this machine alone reaches, as its rules are kept "
                f"there: serve on {HOST}, with --workers 1."
            )
        _check_free(self.host, self.port)
        try:
            make_folder(self.path)
        except OSError as error:
            raise storage_failed(f"workspace {self.path} was not made", error) from error

    @property
    def url(self) -> str:
        """The address that it serves."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def serve(options: Options) -> None:
    """Serve until the process is asked to stop; running requests are finished first.

    Raises:
        InvalidInputException, InvalidState, StorageFailed: see `Options.check`.
    """
    options.check()
    configuration = {
        "path": str(options.path),
        "auth": options.auth,
        "access_log": options.access_log,
        "several": options.workers > 1,
        "faults": options.faults,
    }
    remove_abandoned()
    with contextlib.ExitStack() as stack:
        # uvicorn stops in order, then raises the signal again for whoever had the handler before.
        for number in (signal.SIGTERM, signal.SIGINT):
            stack.callback(signal.signal, number, signal.signal(number, lambda *_: None))
        variables = {_CONFIGURATION: json.dumps(configuration)}
        if options.workers > 1:
            variables[SHARED_FOLDER] = stack.enter_context(shared_folder())
        stack.enter_context(_environment(variables))
        uvicorn.run(
            _APP,
            factory=True,
            host=options.host,
            port=options.port,
            workers=options.workers,
            access_log=False,
            log_level="warning",
            http=BreakableConnection if options.faults else Connection,
            loop=_LOOP,
            backlog=_BACKLOG,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            server_header=False,
        )


@contextlib.contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Variables of the environment for worker processes; afterwards they are as before."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _check_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InvalidState(
                f"{host}:{port} can't be served on ({error.strerror}). Choose another with --port."
            ) from None


def app_from_environment() -> FastAPI:
    """The app of one worker process, as `serve` described it; the process is the server's alone."""
    from engine.doors.http.app import create_app

    _end_with_parent()
    sys.setswitchinterval(_SWITCH_SECONDS)
    configuration = json.loads(os.environ[_CONFIGURATION])
    path = Path(configuration["path"])
    if SHARED_FOLDER in os.environ:
        hold(Path(os.environ[SHARED_FOLDER]))
    if configuration["access_log"]:
        log_to_standard_error()
    credentials = open_credentials(path, os.environ)[0] if configuration["auth"] else None
    settings = Settings.from_environment(os.environ)
    settings = replace(settings, is_one_of_several=configuration.get("several", False))
    faults = Faults() if configuration.get("faults", False) else None
    return create_app(
        Workspace(path, settings), credentials, loopback_only=credentials is None, faults=faults
    )


def _end_with_parent() -> None:
    """Let a worker end when the process that started it is killed; it would keep the port."""
    parent = multiprocessing.parent_process()
    if parent is None:  # the one process that serves
        return

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="vitrine-parent", daemon=True).start()


def log_to_standard_error() -> None:
    """Write access lines and the service's own errors to standard error."""
    for name, form in (("vitrine.access", "%(message)s"), ("vitrine.http", None), ("engine", None)):
        logger = logging.getLogger(name)
        if not logger.handlers:
            handler = logging.StreamHandler(sys.stderr)
            handler.setFormatter(logging.Formatter(form))
            logger.addHandler(handler)
        logger.setLevel(logging.WARNING if name == "engine" else logging.INFO)
        logger.propagate = False


class _InProcess(uvicorn.Config):
    """Uvicorn's configuration for a server in somebody else's process, whose logging is not touched."""

    def configure_logging(self) -> None:
        """Uvicorn would take every handler of the process from the list that is flushed at its end."""


class BackgroundServer:
    """A server in a thread of this process, on a free port: for tests and notebooks.

    Who connects before it is entered waits until then.
    Use as a context manager; when it is left, running requests are finished and the port is free.
    """

    def __init__(
        self,
        workspace: Workspace,
        credentials: Credentials | None,
        host: str = HOST,
        port: int = 0,
        limits: Limits | None = None,
        faults: Faults | None = None,
    ) -> None:
        from engine.doors.http.app import create_app

        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((host, port))
        self._socket.listen(_BACKLOG)
        self.url = f"http://{host}:{self._socket.getsockname()[1]}"
        app = create_app(workspace, credentials, limits, faults=faults)
        connection = Connection if faults is None else BreakableConnection
        options = _InProcess(
            app, http=connection, loop=_LOOP, backlog=_BACKLOG, server_header=False
        )
        options.timeout_graceful_shutdown = _GRACE_SECONDS
        self._server = uvicorn.Server(options)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="vitrine-server"
        )

    def __enter__(self) -> BackgroundServer:
        self._thread.daemon = True
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise InvalidState("the server ended while it was starting; its log says why.")
            self._thread.join(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
