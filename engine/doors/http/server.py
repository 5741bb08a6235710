"""Running the server: one process or several over one workspace. Knows uvicorn; not routes."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import inspect
import json
import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from engine import environment
from engine.doors.faults.faults import Faults
from engine.doors.http.certificates.authority import ServerCertificate
from engine.doors.http.certificates.names import WILDCARDS
from engine.doors.http.connections import Connection
from engine.doors.http.credentials import Credentials, open_credentials
from engine.doors.http.faults.connection import BreakableConnection
from engine.doors.http.guard import LOOPBACK, Limits
from engine.doors.http.listening.accepting import SharingLoop
from engine.doors.http.listening.shares import Shares, open_board
from engine.doors.http.listening.sockets import BACKLOG, Listener, listening
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
_STARTUP_FAILURE = 3  # exit status, as uvicorn's own command has it
_CONFIGURATION = "VITRINE_SERVER"  # for worker processes, as JSON; holds no secret


@dataclass(frozen=True)
class Options:
    """How to serve.

    Attributes:
        path: the workspace's directory. auth: False lets everybody in, on loopback only.
        port: 0 for a free one, which `listening` finds.
        workers: processes. access_log: one JSON line a request, on standard error.
        certificate: None for plain HTTP.
        public_volumes: paths of volumes whose files everybody may read.
        faults: let callers ask for faults at /api/v1/faults.
    """

    path: Path
    host: str = HOST
    port: int = PORT
    workers: int = 1
    auth: bool = True
    access_log: bool = True
    certificate: ServerCertificate | None = None
    public_volumes: tuple[str, ...] = ()
    faults: bool = False

    def check(self) -> None:
        """Refuse what would be unsafe or can't be, and make the workspace's folder.

        Raises:
            InvalidInputException: no credentials, or faults, on an address that others reach.
            StorageFailed: the folder can't be made.
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
        try:
            make_folder(self.path)
        except OSError as error:
            raise storage_failed(f"workspace {self.path} was not made", error) from error

    @property
    def url(self) -> str:
        """The address to reach it at, from this machine where it serves on all of its addresses."""
        return _url(self.host, self.port, self.certificate)


def _url(host: str, port: int, certificate: ServerCertificate | None) -> str:
    scheme = "https" if certificate else "http"
    host = WILDCARDS.get(host, host)
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def serve(options: Options, listener: Listener) -> None:
    """Serve until the process is asked to stop; running requests are finished first.

    Args:
        listener: of `listening`, on the host and port of the options.

    Raises:
        InvalidInputException, StorageFailed: see `Options.check`.
    """
    options.check()
    configuration = {
        "path": str(options.path),
        "auth": options.auth,
        "access_log": options.access_log,
        "several": options.workers > 1,
        "public_volumes": options.public_volumes,
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
            open_board(Path(variables[SHARED_FOLDER]))
        stack.enter_context(environment.set_to(variables))
        config = (uvicorn.Config if options.workers == 1 else _OneOfSeveral)(
            _APP,
            factory=True,
            host=options.host,
            port=listener.port,
            workers=options.workers,
            access_log=False,
            log_level="warning",
            timeout_graceful_shutdown=_GRACE_SECONDS,
            **_common(options.certificate, options.faults),
        )
        _run(config, listener)


def _common(certificate: ServerCertificate | None, is_breakable: bool) -> dict[str, Any]:
    """What every server of ours tells uvicorn; `is_breakable`: faults may break connections."""
    return {
        "http": BreakableConnection if is_breakable else Connection,
        "loop": _LOOP,
        "backlog": BACKLOG,
        "server_header": False,
        "ssl_certfile": certificate and certificate.certfile,
        "ssl_keyfile": certificate and certificate.keyfile,
    }


def _run(config: uvicorn.Config, listener: Listener) -> None:
    """What `uvicorn.run` does, on sockets that listen already."""
    server, sockets = uvicorn.Server(config), list(listener.sockets)
    with contextlib.suppress(KeyboardInterrupt):
        if config.workers == 1:
            server.run(sockets=sockets)
        else:
            given: dict[str, Any] = {"sockets": sockets}
            if "target" in inspect.signature(Multiprocess).parameters:  # as in older releases
                given["target"] = server.run
            Multiprocess(config, **given).run()
    if config.workers == 1 and not server.started:
        sys.exit(_STARTUP_FAILURE)


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
    return create_app(
        Workspace(path, settings),
        credentials,
        loopback_only=credentials is None,
        public_volumes=tuple(configuration.get("public_volumes", ())),
        faults=Faults() if configuration.get("faults", False) else None,
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


class _OneOfSeveral(uvicorn.Config):
    """Uvicorn's configuration for worker processes, which share what connects."""

    def get_loop_factory(self) -> Callable[[], asyncio.AbstractEventLoop]:
        """The loop of one of them."""
        return lambda: SharingLoop(Shares(Path(os.environ[SHARED_FOLDER]), self.workers))


class _InProcess(uvicorn.Config):
    """Uvicorn's configuration for a server in somebody else's process, whose logging is not touched."""

    def configure_logging(self) -> None:
        """Uvicorn would take every handler of the process from the list that is flushed at its end."""


class BackgroundServer:
    """A server in a thread of this process, on a free port: for tests and notebooks.

    Who connects before it is entered waits until then.
    Use as a context manager; when it is left, running requests are finished and the port is free.

    Attributes:
        url: its address; with `https` where it has a certificate, see `kept_certificate`.
    """

    def __init__(
        self,
        workspace: Workspace,
        credentials: Credentials | None,
        host: str = HOST,
        port: int = 0,
        limits: Limits | None = None,
        certificate: ServerCertificate | None = None,
        faults: Faults | None = None,
    ) -> None:
        from engine.doors.http.app import create_app

        self._open = contextlib.ExitStack()
        listener = self._open.enter_context(listening(host, port))
        self.url = _url(host, listener.port, certificate)
        app = create_app(workspace, credentials, limits, faults=faults)
        options = _InProcess(app, **_common(certificate, faults is not None))
        options.timeout_graceful_shutdown = _GRACE_SECONDS
        self._server = uvicorn.Server(options)
        self._thread = threading.Thread(
            target=self._server.run,
            kwargs={"sockets": list(listener.sockets)},
            name="vitrine-server",
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
        self._open.close()
