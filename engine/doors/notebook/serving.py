"""A server over the workspace for one run, and clients that find it. Knows the environment.

Nothing is put back: the process is the run's alone.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

from engine.doors.faults.faults import Faults
from engine.doors.http.credentials import Credentials
from engine.doors.http.server import BackgroundServer
from engine.doors.testing.environment import for_server
from engine.doors.testing.fake_packages import PACKAGES, build_modules, module_of
from engine.optional import is_installed
from engine.workspace import Workspace

_PARENT = "databricks"


@dataclass(frozen=True)
class Login:
    """Where the server of a run is, and a token that it takes."""

    url: str
    token: str


@contextlib.contextmanager
def served(workspace: Workspace) -> Iterator[Login]:
    """Serve a workspace, with an environment that leads the cloud's clients there."""
    credentials = Credentials(
        token=f"dapi{secrets.token_hex(16)}",
        client_id=f"vitrine-{secrets.token_hex(8)}",
        client_secret=f"dose{secrets.token_hex(16)}",
    )
    with BackgroundServer(workspace, credentials) as server:
        for name, value in for_server(server.url, "any", vars(credentials)).items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        _bring_clients(workspace)
        yield Login(server.url, credentials.token)


def _bring_clients(workspace: Workspace) -> None:
    """Where a package of clients isn't installed, the mirrored one stands for it."""
    missing = [package for package in PACKAGES if not is_installed(package)]
    if not missing:
        return
    if not is_installed(_PARENT):
        sys.modules[_PARENT] = module_of(_PARENT, {}, is_package=True)
    parent = import_module(_PARENT)
    for name, module in build_modules(workspace, Faults()).items():
        for package in missing:
            if name == package or name.startswith(f"{package}."):
                sys.modules[name] = module
            if name == package:
                setattr(parent, package.rpartition(".")[2], module)
