"""Fixtures for tests of applications: a workspace, the server over it, the mock. Knows pytest.

pytest loads this file in every run where the package is installed, so it imports nothing but pytest and
the standard library; `engine` comes with the first fixture. A project may have an `engine` of its own:
its tests run, and only those that ask for a fixture of ours fail.
"""

from __future__ import annotations

import os
import re
import secrets
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vitrine_search import hidden_by, own_folder

if TYPE_CHECKING:
    from engine.doors.testing.mirrors import Mirror, ServedMirror
    from engine.workspace import Workspace

_AUTH = ("oauth", "token")
_MARKER = (
    'vitrine(auth="oauth"): how the fixture `vitrine` lets clients log in: "oauth" sets '
    'DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET, "token" sets DATABRICKS_TOKEN.'
)


class EngineIsHidden(UserWarning):
    """Another package called `engine` stands where vitrine's should be."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option and the setting that keep workspaces where they can be inspected."""
    text = "keep the workspaces of vitrine's fixtures in this directory, one for each test"
    parser.getgroup("vitrine").addoption("--vitrine-workspace", metavar="DIR", help=text)
    parser.addini("vitrine_workspace", text)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, for runs with strict markers."""
    config.addinivalue_line("markers", _MARKER)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Say once that the fixtures can't work here, when all that changes the path has run."""
    other = hidden_by()
    worker = getattr(session.config, "workerinput", {}).get("workerid", "gw0")
    if other is not None and worker == "gw0":  # of several processes of pytest-xdist, the first
        _warn(session.config, EngineIsHidden(f"{_reason(other)} Its own tests are not concerned."))


def _warn(config: pytest.Config, warning: EngineIsHidden) -> None:
    """Show a warning; where warnings are errors too, as the run is not to end by this one."""
    try:
        config.issue_config_time_warning(warning, stacklevel=2)
    except EngineIsHidden:
        shown = warnings.WarningMessage(warning, EngineIsHidden, __file__, 1)
        config.hook.pytest_warning_recorded.call_historic(
            kwargs={
                "warning_message": shown,
                "when": "config",
                "nodeid": "",
                "location": None,
            }
        )


def _reason(other: str) -> str:
    return (
        f"vitrine's fixtures need its package `engine` of {own_folder()}; this project's `engine`, "
        f"{other}, hides it."
    )


@pytest.fixture(scope="session")
def _vitrine_engine() -> None:
    """Fail with the reason where our package can't be imported."""
    other = hidden_by()
    if other is not None:
        pytest.fail(
            f"{_reason(other)} Two packages of one name can't be loaded together: give the project's "
            "another name, keep tests with these fixtures where it is not on the path (pythonpath, "
            "python -m pytest, conftest.py), or run `vitrine serve` and set DATABRICKS_HOST.",
            pytrace=False,
        )


@pytest.fixture
def vitrine_workspace(
    _vitrine_engine: None,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Workspace:
    """A fresh `engine.Workspace` for each test, with the instant encoder "hashed"."""
    from engine.settings import Settings
    from engine.workspace import Workspace

    config = request.config
    kept = config.getoption("--vitrine-workspace") or config.getini("vitrine_workspace")
    if kept:
        path = _free_folder(config.rootpath / Path(kept).expanduser(), request.node.name)
    else:
        path = tmp_path_factory.mktemp("vitrine")
    return Workspace(settings=Settings(path, encoder="hashed"))


def _free_folder(parent: Path, test: str) -> Path:
    """A new folder named for a test; what an earlier run left stays."""
    name = re.sub(r"\W+", "_", test)[:80]
    for number in range(1, 1_000_000):
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(f"{parent / name}: a million runs are kept there; remove some.")


@pytest.fixture
def vitrine(
    request: pytest.FixtureRequest, vitrine_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ServedMirror]:
    """A workspace served over HTTP on a free port, to which the environment leads the real clients.

    `databricks.sdk.WorkspaceClient()` finds it without arguments. The package's `VectorSearchClient()`
    without arguments knows only tokens: mark such tests with `@pytest.mark.vitrine(auth="token")`. The
    environment can't hold both, as the SDK refuses to choose; `vitrine.token` works in either case.
    """
    from engine.doors.http.credentials import Credentials
    from engine.doors.http.server import BackgroundServer
    from engine.doors.testing.environment import for_server
    from engine.doors.testing.mirrors import ServedMirror

    auth = _auth_of(request)
    credentials = Credentials(
        token=f"dapi{secrets.token_hex(16)}",
        client_id=f"vitrine-{secrets.token_hex(8)}",
        client_secret=f"dose{secrets.token_hex(16)}",
    )
    with BackgroundServer(vitrine_workspace, credentials) as server:
        _apply(monkeypatch, for_server(server.url, auth, vars(credentials)))
        yield ServedMirror(vitrine_workspace, server.url, credentials)


@pytest.fixture
def vitrine_mock(vitrine_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """A workspace that `databricks.vector_search` and `databricks.ai_search` work on, without a port.

    What the application imported before the test works on it too; see `engine.mock`.
    """
    from engine.doors.testing.environment import for_mock
    from engine.doors.testing.mirrors import Mirror
    from engine.doors.testing.mock import mock

    # Here too, so that what a test sets by monkeypatch on top is taken back in order.
    _apply(monkeypatch, for_mock(os.environ))
    with mock(vitrine_workspace):
        yield Mirror(vitrine_workspace)


def _auth_of(request: pytest.FixtureRequest) -> str:
    marker = request.node.get_closest_marker("vitrine")
    if marker is None:
        return "oauth"
    given = {**dict(zip(("auth",), marker.args)), **marker.kwargs}
    auth = given.get("auth", "oauth")
    if set(given) - {"auth"} or len(marker.args) > 1 or auth not in _AUTH:
        raise pytest.UsageError(
            f"{request.node.nodeid}: the marker vitrine has {marker.args} {marker.kwargs}; expected "
            'auth="oauth" or auth="token".'
        )
    return str(auth)


def _apply(monkeypatch: pytest.MonkeyPatch, changes: dict[str, str | None]) -> None:
    for name, value in changes.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
