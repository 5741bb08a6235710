"""Fixtures for tests of applications: a workspace, the server over it, the mock. Knows pytest.

pytest loads this file in every run where the package is installed, so it imports nothing but pytest and
the standard library; the rest comes with the first fixture.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from engine.doors.local import AISearchIndex
    from engine.service.workspace import Workspace

MODEL = "databricks-gte-large-en"  # a stand-in of that name is in every workspace
_AUTH = ("oauth", "token")
_MARKER = (
    'vitrine(auth="oauth"): how the fixture `vitrine` lets clients log in: "oauth" sets '
    'DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET, "token" sets DATABRICKS_TOKEN.'
)
# Variables that clients read and that would lead them elsewhere; a prefix, or a whole name.
_FOREIGN = re.compile(
    r"DATABRICKS_.*|DB_MODEL_SERVING_.*|IS_IN_(DB|DATABRICKS)_MODEL_SERVING_ENV|ARM_.*"
    r"|GOOGLE_CREDENTIALS|MLFLOW_TRACKING_(URI|TOKEN|USERNAME|PASSWORD)"
)


class Mirror:
    """A workspace, and what a test needs to fill it in one line.

    Attributes:
        workspace: the `engine.Workspace`, for everything else.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def table(self, name: str, rows: object) -> str:
        """Make or replace a table; returns its full name.

        Args:
            name: one or two parts are completed with `main.fashion_demo`.
            rows: an Arrow table or a list of dicts; numbers, text, dates, lists of them.

        Raises:
            InvalidInputException: rows of another form. InvalidParameterValue: a bad name.
        """
        from engine.core.names import table_name
        from engine.service.given_rows import table_of

        full = str(table_name(name))
        self.workspace.write_table(full, table_of(rows))
        return full

    def index(
        self,
        name: str,
        rows: object = None,
        *,
        source_table: str | None = None,
        primary_key: str = "id",
        vector_column: str | None = None,
        text_column: str | None = None,
        model: str | None = None,
        dimension: int | None = None,
        index_subtype: str | None = None,
        columns_to_sync: list[str] | None = None,
        pipeline_type: str = "TRIGGERED",
        endpoint: str = "test_endpoint",
        endpoint_type: str | None = None,
    ) -> AISearchIndex:
        """Make a delta sync index, with endpoint and source table where they are missing, and fill it.

            vitrine.index("main.shop.shirts", rows)                    # vectors in a column of rows
            vitrine.index("main.shop.docs", rows, text_column="text")  # managed embeddings
            vitrine.index("main.shop.words", rows, index_subtype="FULL_TEXT")

        Args:
            name: one or two parts are completed as for a table.
            rows: an Arrow table or a list of dicts, which become the source table.
            source_table: its name, None for the index's name with `_source` behind it; without rows,
                a table that is there.
            vector_column: None for the only column that holds lists of floats.
            text_column, model: a column of texts, and the serving endpoint that encodes them, `MODEL`
                where none is named.
            endpoint_type: None for STANDARD, for FULL_TEXT STORAGE_OPTIMIZED.

        Returns:
            the in-process index, with `name`, `similarity_search`, `sync` and the rest.

        Raises:
            InvalidInputException: no rows, or no column to take. Otherwise as `create_index`.
        """
        full, source = self._source(name, rows, source_table)
        is_full_text = (index_subtype or "").upper() == "FULL_TEXT"
        if vector_column is None and text_column is None and not is_full_text:
            vector_column = _only_vector_column(self.workspace.read_table(source))
        kind = "STORAGE_OPTIMIZED" if is_full_text else "STANDARD"
        self._make_endpoint(endpoint, endpoint_type or kind)
        self.workspace.create_index(
            full,
            endpoint=endpoint,
            primary_key=primary_key,
            source_table=source,
            vector_column=vector_column,
            source_column=text_column,
            model_endpoint=model if text_column is None else model or MODEL,
            dimension=dimension,
            pipeline_type=pipeline_type,
            columns_to_sync=columns_to_sync,
            index_subtype=index_subtype,
        )
        return self._open(full)

    def direct_index(
        self,
        name: str,
        rows: object = None,
        *,
        primary_key: str = "id",
        vector_column: str | None = None,
        schema: Mapping[str, str] | None = None,
        dimension: int | None = None,
        model: str | None = None,
        endpoint: str = "test_endpoint",
        endpoint_type: str = "STANDARD",
    ) -> AISearchIndex:
        """Make a direct access index, with the endpoint where it is missing, and upsert the rows.

        Args:
            rows: an Arrow table or a list of dicts; None for an empty index.
            vector_column, schema, dimension: read from the rows where they are not given.
            model: serving endpoint that encodes the texts of queries; None where they bring vectors.

        Raises:
            InvalidInputException: nothing to read the schema from, or rows that don't fit it.
                Otherwise as `create_direct_access_index`.
        """
        from engine.core.names import table_name

        full = str(table_name(name))
        column, size, types = _direct_facts(rows, vector_column, dimension, schema)
        self._make_endpoint(endpoint, endpoint_type)
        self.workspace.create_direct_access_index(
            full,
            endpoint=endpoint,
            primary_key=primary_key,
            dimension=size,
            vector_column=column,
            schema=types,
            model_endpoint=model,
        )
        index = self._open(full)
        if rows is not None:
            _upsert(index, rows)
        return index

    def _make_endpoint(self, name: str, kind: str) -> None:
        if not self.workspace.endpoint_exists(name):
            self.workspace.create_endpoint(name, kind)

    def _source(self, name: str, rows: object, source_table: str | None) -> tuple[str, str]:
        """Full names of the index and of its source table, which is written where there are rows."""
        from engine.core.names import table_name
        from engine.errors import InvalidInputException

        full = str(table_name(name))
        if rows is not None:
            return full, self.table(source_table or f"{full}_source", rows)
        if source_table is None:
            raise InvalidInputException(
                f"index {full} needs rows, or source_table= of a table that is there."
            )
        return full, str(table_name(source_table))

    def _open(self, name: str) -> AISearchIndex:
        from engine.doors.local import AISearchClient

        return AISearchClient(workspace=self.workspace).get_index(index_name=name)


class ServedMirror(Mirror):
    """A workspace that a server on this machine answers for.

    Attributes:
        url: of the server, `http://127.0.0.1:...`.
        token: works as a personal access token, whatever the environment is set to.
        client_id, client_secret: of its one service principal.
    """

    def __init__(self, workspace: Workspace, url: str, login: _Login) -> None:
        super().__init__(workspace)
        self.url = url
        self.token = login.token
        self.client_id = login.client_id
        self.client_secret = login.client_secret


@dataclass(frozen=True)
class _Login:
    token: str
    client_id: str
    client_secret: str


def _upsert(index: AISearchIndex, rows: object) -> None:
    from engine.errors import InvalidInputException
    from engine.service.given_rows import table_of

    reply = index.upsert(table_of(rows).to_pylist())
    if reply["status"] != "SUCCESS":
        failed = ", ".join(reply["result"]["failed_primary_keys"][:5])
        raise InvalidInputException(f"rows with these keys don't fit index {index.name}: {failed}.")


def _only_vector_column(table: Any) -> str:
    from engine.errors import InvalidInputException
    from engine.service.given_rows import vector_columns

    found = vector_columns(table)
    if len(found) != 1:
        raise InvalidInputException(
            f"rows have {len(found)} columns with lists of floats, of {', '.join(table.column_names)}; "
            "say vector_column=, text_column= for managed embeddings, or "
            'index_subtype="FULL_TEXT" for words alone.'
        )
    return found[0]


def _direct_facts(
    rows: object, column: str | None, dimension: int | None, schema: Mapping[str, str] | None
) -> tuple[str, int, Mapping[str, str]]:
    """Vector column, dimension and schema of a direct access index, given or read from the rows."""
    from engine.errors import InvalidInputException
    from engine.service.given_rows import dimension_of, schema_of, table_of

    if rows is not None:
        table = table_of(rows)
        found = column or _only_vector_column(table)
        return found, dimension or dimension_of(table, found), schema or schema_of(table)
    if schema is None or dimension is None or column is None:
        raise InvalidInputException(
            "an empty direct access index needs schema=, dimension= and vector_column=; with rows "
            "they are read from them."
        )
    return column, dimension, schema


# ------------------------------------------------------------------ pytest
def pytest_addoption(parser: pytest.Parser) -> None:
    """The option and the setting that keep workspaces where they can be looked at."""
    text = "keep the workspaces of vitrine's fixtures in this directory, one for each test"
    parser.getgroup("vitrine").addoption("--vitrine-workspace", metavar="DIR", help=text)
    parser.addini("vitrine_workspace", text)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, for runs with strict markers."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def vitrine_workspace(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Workspace:
    """A fresh `engine.Workspace` for each test, with the instant encoder "hashed"."""
    from engine.service.workspace import Workspace
    from engine.settings import Settings

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
    request: pytest.FixtureRequest,
    vitrine_workspace: Workspace,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ServedMirror]:
    """A workspace served over HTTP on a free port, to which the environment leads the real clients.

    `databricks.sdk.WorkspaceClient()` finds it without arguments. The package's `VectorSearchClient()`
    without arguments knows only tokens: mark such tests with `@pytest.mark.vitrine(auth="token")`. The
    environment can't hold both, as the SDK refuses to choose; `vitrine.token` works in either case.
    """
    from engine.doors.http.credentials import Credentials
    from engine.doors.http.server import BackgroundServer

    auth = _auth_of(request)
    login = _Login(
        token=f"dapi{secrets.token_hex(16)}",
        client_id=f"vitrine-{secrets.token_hex(8)}",
        client_secret=f"dose{secrets.token_hex(16)}",
    )
    credentials = Credentials(login.token, login.client_id, login.client_secret)
    with BackgroundServer(vitrine_workspace, credentials) as server:
        no_profiles = tmp_path_factory.mktemp("vitrine-config") / "databrickscfg"
        no_profiles.touch()
        _set_environment(monkeypatch, server.url, login, auth, no_profiles)
        yield ServedMirror(vitrine_workspace, server.url, login)


@pytest.fixture
def vitrine_mock(vitrine_workspace: Workspace) -> Iterator[Mirror]:
    """A workspace that `databricks.vector_search` and `databricks.ai_search` work on, without a port.

    What the application imported before the test keeps the real client; see `engine.mock`.
    """
    from engine.doors.mock import mock

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


def _set_environment(
    monkeypatch: pytest.MonkeyPatch, url: str, login: _Login, auth: str, no_profiles: Path
) -> None:
    for name in list(os.environ):
        if _FOREIGN.fullmatch(name):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATABRICKS_HOST", url)
    monkeypatch.setenv("DATABRICKS_WORKSPACE_URL", url)
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(no_profiles))
    if auth == "token":
        monkeypatch.setenv("DATABRICKS_TOKEN", login.token)
    else:
        monkeypatch.setenv("DATABRICKS_CLIENT_ID", login.client_id)
        monkeypatch.setenv("DATABRICKS_CLIENT_SECRET", login.client_secret)
    for name in ("NO_PROXY", "no_proxy"):
        through = [os.environ[name]] if os.environ.get(name) else []
        monkeypatch.setenv(name, ",".join([*through, "127.0.0.1", "localhost"]))
