"""One cloud that misbehaves on request, behind the real client packages over HTTP, or the mock."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.needs import needs
from support.server import CREDENTIALS

from engine import Settings, Workspace, mock
from engine.doors.faults.calls import Calls
from engine.doors.faults.faults import Faults
from engine.doors.http.server import BackgroundServer
from engine.doors.testing.environment import for_server
from engine.doors.testing.mirrors import MockedMirror, ServedMirror

INDEX = "main.shop.docs"
ROWS = [{"id": 1, "v": [1.0, 0.0]}, {"id": 2, "v": [0.0, 1.0]}]


class Cloud:
    """The workspace, its faults, and the clients' view of it."""

    def __init__(self, mirror: Any, is_mock: bool) -> None:
        self.mirror, self.is_mock = mirror, is_mock
        self.faults: Faults = mirror.faults

    @property
    def calls(self) -> Calls:
        return self.faults.calls

    def waits(self, operation: str) -> list[float]:
        """Seconds before each try of an operation but the first: as they were, or as they would be."""
        calls = self.calls.of(operation)
        return [call.waited for call in calls[1:]] if self.is_mock else calls.gaps

    def index(self, package: str = "ai_search", **options: Any) -> Any:
        """The index, from a client without arguments."""
        return self.client(package, **options).get_index(index_name=INDEX)

    def client(self, package: str = "ai_search", **options: Any) -> Any:
        import importlib

        client = importlib.import_module(f"databricks.{package}.client")
        return client.VectorSearchClient(disable_notice=True, **options)

    def sdk(self, **configuration: Any) -> Any:
        from databricks.sdk import WorkspaceClient
        from databricks.sdk.config import Config

        if self.is_mock:
            return WorkspaceClient()
        return WorkspaceClient(config=Config(**configuration))

    def keys(self) -> list[Any]:
        """The keys of all rows, past the faults."""
        found = self.mirror.workspace.scan_index(INDEX, num_results=100)
        fields = [{f["key"]: f["value"] for f in row["fields"]} for row in found["data"]]
        return [int(row["id"]["number_value"]) for row in fields]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(settings=Settings(tmp_path / "ws", encoder="hashed"))


@pytest.fixture
def served(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Over HTTP."""
    needs("clients", "sdk")
    faults = Faults()
    with BackgroundServer(workspace, CREDENTIALS, faults=faults) as server:
        for name, value in for_server(server.url, "any", vars(CREDENTIALS)).items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        mirror = ServedMirror(workspace, server.url, CREDENTIALS, faults)
        mirror.direct_index(INDEX, ROWS)
        yield Cloud(mirror, is_mock=False)
        faults.close()


@pytest.fixture
def mocked(workspace: Workspace) -> Iterator[Cloud]:
    """Behind the mock."""
    needs("clients", "sdk")
    with (cloud := mock(workspace)):
        mirror = MockedMirror(workspace, cloud.faults)
        mirror.direct_index(INDEX, ROWS)
        cloud.faults.wait_scale = 0.001
        yield Cloud(mirror, is_mock=True)


@pytest.fixture(params=["served", "mocked"])
def cloud(request: pytest.FixtureRequest) -> Cloud:
    found: Cloud = request.getfixturevalue(request.param)
    assert os.environ["DATABRICKS_AUTH_TYPE"] == "pat"
    return found
