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
from typing import TYPE_CHECKING, TypeVar

import pytest

from vitrine_search import hidden_by, own_folder

if TYPE_CHECKING:
    from engine.doors.testing.mirrors import Mirror, MockedMirror, ServedMirror
    from engine.workspace import Workspace

    _Mirror = TypeVar("_Mirror", bound=Mirror)

_AUTH = ("any", "oauth", "token")
_ENDPOINT_TYPES = ("STANDARD", "STORAGE_OPTIMIZED")
_MARKER = (
    'vitrine(auth="any", encoder="hashed", endpoint="test_endpoint", pace="instant"): the settings of '
    "one test, before those of the ini file, vitrine_auth and so on."
)
_SETTINGS = {
    "auth": 'how clients log in with the fixture `vitrine`: "any" (the default) sets DATABRICKS_TOKEN, '
    'DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET; "token" and "oauth" set the one or the others',
    "encoder": 'the encoder of the fixtures\' workspaces, "hashed" where none is named',
    "endpoint": "a vector search endpoint that the fixtures' workspaces have, where their indexes are "
    "made; its name, and behind a blank its type, STANDARD or STORAGE_OPTIMIZED",
    "pace": 'how long endpoints and syncs take in the fixtures\' workspaces: "instant" (the default), '
    '"cloud", or seconds',
}


class EngineIsHidden(UserWarning):
    """Another package called `engine` stands where vitrine's should be."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option that keeps workspaces where they can be inspected, and the fixtures' settings."""
    text = "keep the workspaces of vitrine's fixtures in this directory, one for each test"
    parser.getgroup("vitrine").addoption("--vitrine-workspace", metavar="DIR", help=text)
    parser.addini("vitrine_workspace", text)
    for name, meaning in _SETTINGS.items():
        parser.addini(f"vitrine_{name}", meaning, default="")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, for runs with strict markers, and refuse settings that mean nothing.

    Raises:
        pytest.UsageError: names the setting.
    """
    config.addinivalue_line("markers", _MARKER)
    for name in _SETTINGS:
        _check(name, config.getini(f"vitrine_{name}"), f"the setting vitrine_{name}")


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

    chosen = _chosen(request)
    encoder = chosen["encoder"] or "hashed"
    if encoder != "hashed":
        _check_encoder(request, encoder)
    config = request.config
    kept = config.getoption("--vitrine-workspace") or config.getini("vitrine_workspace")
    if kept:
        path = _free_folder(config.rootpath / Path(kept).expanduser(), request.node.name)
    else:
        path = tmp_path_factory.mktemp("vitrine")
    workspace = Workspace(
        settings=Settings(path, encoder=encoder, pace=chosen["pace"] or "instant")
    )
    if chosen["endpoint"]:
        name, *kind = chosen["endpoint"].split()
        workspace.create_endpoint(name, (kind or ["STANDARD"])[0])
    return workspace


def _check_encoder(request: pytest.FixtureRequest, name: str) -> None:
    from engine.encode.registry import load_encoder
    from engine.errors import VitrineError

    try:
        load_encoder(name)
    except VitrineError as error:
        raise pytest.UsageError(
            f"{request.node.nodeid}: the encoder {name!r}, of the setting vitrine_encoder or the "
            f"marker vitrine, can't be used: {error.message}"
        ) from None


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

    Clients find it without arguments, and with DATABRICKS_TOKEN or with DATABRICKS_CLIENT_ID and
    DATABRICKS_CLIENT_SECRET; `@pytest.mark.vitrine(auth="oauth")` or `"token"` sets the ones alone.
    `vitrine.faults` lets calls fail, `vitrine.calls` are those that came.
    """
    from engine.doors.faults.faults import Faults
    from engine.doors.http.credentials import Credentials
    from engine.doors.http.server import BackgroundServer
    from engine.doors.testing.environment import for_server
    from engine.doors.testing.mirrors import ServedMirror

    chosen = _chosen(request)
    credentials = Credentials(
        token=f"dapi{secrets.token_hex(16)}",
        client_id=f"vitrine-{secrets.token_hex(8)}",
        client_secret=f"dose{secrets.token_hex(16)}",
    )
    faults = Faults()
    with BackgroundServer(vitrine_workspace, credentials, faults=faults) as server:
        _apply(monkeypatch, for_server(server.url, chosen["auth"] or "any", vars(credentials)))
        given = ServedMirror(vitrine_workspace, server.url, credentials, faults)
        try:
            yield _at_endpoint(given, chosen)
        finally:
            faults.close()  # before the server waits for slow answers
    faults.tell_unused()


@pytest.fixture
def vitrine_mock(
    request: pytest.FixtureRequest, vitrine_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MockedMirror]:
    """A workspace that `databricks.vector_search` and `databricks.ai_search` work on, without a port.

    What the application imported before the test works on it too; see `engine.mock`. `faults` lets
    calls fail, `calls` are those that came.
    """
    from engine.doors.testing.environment import for_mock
    from engine.doors.testing.mirrors import MockedMirror
    from engine.doors.testing.mock import mock

    # Here too, so that what a test sets by monkeypatch on top is taken back in order.
    _apply(monkeypatch, for_mock(os.environ))
    cloud = mock(vitrine_workspace)
    with cloud:
        yield _at_endpoint(MockedMirror(vitrine_workspace, cloud.faults), _chosen(request))


def _at_endpoint(mirror: _Mirror, chosen: dict[str, str]) -> _Mirror:
    if chosen["endpoint"]:
        mirror.endpoint = chosen["endpoint"].split()[0]
    return mirror


def _chosen(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of a test, "" for one that nobody made: of the nearest marker, else of the ini file.

    Raises:
        pytest.UsageError: a marker that means nothing.
    """
    chosen = {name: request.config.getini(f"vitrine_{name}") for name in _SETTINGS}
    for marker in reversed(list(request.node.iter_markers("vitrine"))):
        where = f"{request.node.nodeid}: the marker vitrine has {marker.args} {marker.kwargs};"
        given = {**dict(zip(("auth",), marker.args)), **marker.kwargs}
        if set(given) - set(_SETTINGS) or len(marker.args) > 1:
            raise pytest.UsageError(f"{where} expected {', '.join(_SETTINGS)}, by name.")
        for name, value in given.items():
            text = str(value) if name == "pace" else value
            _check(name, text, where)
            chosen[name] = text
    return chosen


def _check(name: str, value: object, where: str) -> None:
    """Refuse a setting that means nothing; "" is one that nobody made."""
    if not isinstance(value, str):
        expected = "a text"
    elif name == "auth" and value not in ("", *_AUTH):
        expected = " or ".join(f'auth="{one}"' for one in _AUTH)
    elif name == "pace" and value not in ("", "instant", "cloud") and not _is_seconds(value):
        expected = "instant, cloud, or seconds"
    elif (
        name == "endpoint" and (value.split()[1:] or [_ENDPOINT_TYPES[0]])[0] not in _ENDPOINT_TYPES
    ):
        expected = f"a name and, behind a blank, {' or '.join(_ENDPOINT_TYPES)}"
    elif name == "endpoint" and len(value.split()) > 2:
        expected = "a name and a type"
    else:
        return
    raise pytest.UsageError(f"{where} {name} is {value!r}; expected {expected}.")


def _is_seconds(text: str) -> bool:
    try:
        return 0 <= float(text) < float("inf")
    except ValueError:
        return False


def _apply(monkeypatch: pytest.MonkeyPatch, changes: dict[str, str | None]) -> None:
    for name, value in changes.items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
