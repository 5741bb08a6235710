"""A server over the workspace for one run, and clients that find it. Knows the environment.

Nothing is put back: the process is the run's alone.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from engine.doors.faults.faults import Faults
from engine.doors.http.certificates.authority import ServerCertificate, kept_certificate
from engine.doors.http.certificates.bundle import VARIABLES
from engine.doors.http.certificates.names import LOCAL
from engine.doors.http.credentials import Credentials
from engine.doors.http.server import BackgroundServer
from engine.doors.notebook.imports import after_import
from engine.doors.testing.environment import for_server
from engine.doors.testing.fake_packages import PACKAGES, build_modules, module_of
from engine.optional import is_installed
from engine.store.layout import Layout
from engine.workspace import Workspace

_PARENT = "databricks"
USER = "vitrine@localhost"  # as the server says who asks
# Of the two ways to log in that the environment has, the one whose tokens the SDK tells notebooks; the
# other token is told too, as `config.token`.
_AUTH = "oauth-m2m"


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
    certificate = _certificate(workspace)
    with BackgroundServer(workspace, credentials, certificate=certificate) as server:
        changes = for_server(server.url, "any", vars(credentials))
        changes |= {"DATABRICKS_AUTH_TYPE": _AUTH, **_runs_of_mlflow(workspace)}
        if certificate is not None:
            changes.update({name: str(certificate.bundle) for name in VARIABLES})
        for name, value in changes.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        # A notebook that sets up its own log is not told of the server's.
        logging.getLogger("uvicorn").propagate = False
        _bring_clients(workspace)
        after_import("mlflow", _teach_mlflow)
        yield Login(server.url, credentials.token)


def _runs_of_mlflow(workspace: Workspace) -> dict[str, str]:
    """Where MLflow keeps runs and models: as files, for which no package is missing in any of its forms,
    and in the workspace, where the next notebook finds them."""
    place = (workspace.path / "mlflow").absolute()
    return {"MLFLOW_TRACKING_URI": place.as_uri(), "MLFLOW_ALLOW_FILE_STORE": "true"}


def _teach_mlflow(mlflow: Any) -> None:
    """Let the cloud's stores, `databricks` and `databricks-uc`, be those of the workspace."""

    def known(uri: Any) -> Any:
        return None if str(uri).startswith("databricks") else uri

    def setting(given: Callable[[Any], None]) -> Callable[[Any], None]:
        @functools.wraps(given)
        def set_uri(uri: Any) -> None:
            if known(uri) is not None:
                given(uri)

        return set_uri

    for name in ("set_tracking_uri", "set_registry_uri"):
        setattr(mlflow, name, setting(getattr(mlflow, name)))
    begin = mlflow.MlflowClient.__init__

    @functools.wraps(begin)
    def init(self: Any, tracking_uri: Any = None, registry_uri: Any = None) -> None:
        begin(self, known(tracking_uri), known(registry_uri))

    mlflow.MlflowClient.__init__ = init


def _certificate(workspace: Workspace) -> ServerCertificate | None:
    """What a server with https answers with, as notebooks put `https://` before the host that they are
    told; None where the packages for it aren't installed."""
    if not (is_installed("trustme") and is_installed("certifi")):
        return None
    return kept_certificate(Layout(workspace.path), LOCAL)


def bring_module(module: ModuleType) -> None:
    """Let a module be found under its name, and in the package above it where that is installed."""
    sys.modules[module.__name__] = module
    parent, _, last = module.__name__.rpartition(".")
    with contextlib.suppress(ImportError):
        setattr(import_module(parent), last, module)


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
