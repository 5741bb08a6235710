"""A workspace that is filled in one line, in tests and anywhere else; and with a login, for fixtures.

Knows rows and indexes; not pytest, whose plugin is `installed/vitrine_search/pytest_plugin.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.core.arrow.objects import rows_of
from engine.core.index_request import DirectAccessRequest
from engine.core.names import table_name
from engine.doors.arguments import taking
from engine.doors.client.client import AISearchClient, AISearchIndex
from engine.doors.faults.faults import Faults
from engine.doors.seeding.applying import apply
from engine.doors.seeding.report import ApplyReport
from engine.doors.testing.misbehaving import Misbehaving
from engine.doors.testing.new_index import NewIndex, direct_columns, only_vector_column
from engine.errors import InvalidInputException
from engine.service.given_rows import table_of
from engine.workspace import Workspace

if TYPE_CHECKING:
    from engine.doors.http.credentials import Credentials


class Mirror:
    """A workspace, and what fills it in one line: tables, indexes of every kind, a whole file.

        with engine.mock() as workspace:
            engine.Mirror(workspace).index("main.shop.docs", rows, text_column="text")

    The fixtures `vitrine` and `vitrine_mock` are such objects.

    Attributes:
        workspace: the `engine.Workspace`, for everything else.
        endpoint: where indexes are made of which nobody says where.
    """

    endpoint = "test_endpoint"

    def __init__(self, workspace: Workspace | str | Path | None = None) -> None:
        """
        Args:
            workspace: a Workspace, or its directory as `Workspace` takes it.
        """
        self.workspace = workspace if isinstance(workspace, Workspace) else Workspace(workspace)

    def apply(
        self,
        resources: str | Path | Mapping[str, Any],
        *,
        dry_run: bool = False,
        recreate: bool = False,
    ) -> ApplyReport:
        """Bring the workspace to what a file says; see `engine.apply`.

        Raises:
            RowsFailed: something in it failed. Otherwise as `engine.apply`.
        """
        report = apply(self.workspace, resources, dry_run=dry_run, recreate=recreate)
        report.raise_for_failures()
        return report

    def table(self, name: str, rows: object) -> str:
        """Make or replace a table; returns its full name.

        Args:
            name: one or two parts are completed by the default catalog and schema.
            rows: an Arrow table or a list of dicts; numbers, text, dates, lists of them.

        Raises:
            InvalidInputException: rows of another form. InvalidParameterValue: a bad name.
        """
        full = str(table_name(name))
        self.workspace.write_table(full, table_of(rows))
        return full

    @taking(NewIndex)
    def index(self, given: NewIndex) -> AISearchIndex:
        """Make a delta sync index, with endpoint and source table where they are missing, and fill it.

            vitrine.index("main.shop.shirts", rows)                    # vectors in a column of rows
            vitrine.index("main.shop.docs", rows, text_column="text")  # managed embeddings
            vitrine.index("main.shop.words", rows, index_subtype="FULL_TEXT")

        Returns:
            the in-process index, with `name`, `similarity_search`, `sync` and the rest.

        Raises:
            InvalidInputException: no rows, or no column to take. Otherwise as `create_index`.
        """
        endpoint = given.endpoint or self.endpoint
        full, source = self._source(given.name, given.rows, given.source_table)
        vector_column = given.vector_column
        if vector_column is None and given.text_column is None and not given.is_full_text:
            vector_column = only_vector_column(self.workspace.read_table(source))
        self._make_endpoint(endpoint, given.type_of_endpoint)
        self.workspace.indexes.create(given.request(full, source, vector_column, endpoint))
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
        endpoint: str | None = None,
        endpoint_type: str = "STANDARD",
    ) -> AISearchIndex:
        """Make a direct access index, with the endpoint where it is missing, and upsert the rows.

        Args:
            rows: an Arrow table or a list of dicts; None for an empty index.
            vector_column, schema, dimension: read from the rows where they are not given.
            model: serving endpoint that encodes the texts of queries; None where they bring vectors.

        Raises:
            InvalidInputException: no schema to be found, or rows that don't fit it. VitrineError.
        """
        full = str(table_name(name))
        column, size, types = direct_columns(rows, vector_column, dimension, schema)
        self._make_endpoint(chosen := endpoint or self.endpoint, endpoint_type)
        request = DirectAccessRequest(
            full,
            endpoint=chosen,
            primary_key=primary_key,
            dimension=size,
            vector_column=column,
            schema=types,
            model_endpoint=model,
        )
        self.workspace.indexes.create_direct_access(request)
        index = self._open(full)
        if rows is not None:
            _upsert(index, rows, self.workspace)
        return index

    def _make_endpoint(self, name: str, kind: str) -> None:
        if not self.workspace.endpoint_exists(name):
            self.workspace.create_endpoint(name, kind)

    def _source(self, name: str, rows: object, source_table: str | None) -> tuple[str, str]:
        """Full names of the index and of its source table, which is written where rows are given."""
        full = str(table_name(name))
        if rows is not None:
            return full, self.table(source_table or f"{full}_source", rows)
        if source_table is None:
            raise InvalidInputException(
                f"index {full} needs rows, or source_table= of a table that is there."
            )
        return full, str(table_name(source_table))

    def _open(self, name: str) -> AISearchIndex:
        """The index, ready whatever the workspace's pace: what takes its time is what a test does."""
        self.workspace.clock.finish()
        return AISearchClient(workspace=self.workspace).get_index(index_name=name)


class MockedMirror(Misbehaving, Mirror):
    """A workspace that a mock answers for, with faults on request; see `Misbehaving`."""

    def __init__(self, workspace: Workspace, faults: Faults) -> None:
        super().__init__(workspace)
        self.faults = faults


class ServedMirror(Misbehaving, Mirror):
    """A workspace that a server on this machine answers for, with faults on request.

    Attributes:
        url: of the server, `http://127.0.0.1:...`.
        token: works as a personal access token, whatever the environment is set to.
        client_id, client_secret: of its one service principal.
    """

    def __init__(self, workspace: Workspace, url: str, login: Credentials, faults: Faults) -> None:
        super().__init__(workspace)
        self.faults = faults
        self.url = url
        self.token = login.token
        self.client_id = login.client_id
        self.client_secret = login.client_secret


def _upsert(index: AISearchIndex, rows: object, workspace: Workspace) -> None:
    reply = index.upsert(rows_of(table_of(rows)))
    if reply["status"] != "SUCCESS":
        failed = ", ".join(reply["result"]["failed_primary_keys"][:5])
        raise InvalidInputException(f"rows with these keys don't fit index {index.name}: {failed}.")
    workspace.clock.finish()  # as when it was opened
