"""The doors that a statement can take: each runs one and gives its rows in the texts of the API."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.needs import needs

needs("sdk", "clients")

import pyarrow as pa
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.sql import StatementParameterListItem

from engine import Workspace
from engine.doors.sdk import WorkspaceClient as InProcessClient
from engine.service.sql.session import Session
from engine.service.warehouse.result_forms import text_rows
from engine.service.warehouse.warehouse import WAREHOUSE_ID

Rows = list[list[str | None]]


class Refused(Exception):
    """A statement failed; says why."""


class LocalDoor:
    """`Workspace.sql`."""

    keeps_sessions = True

    def __init__(self, workspace: Workspace) -> None:
        self._workspace, self._session = workspace, Session()

    def run(self, statement: str, **values: str) -> Rows:
        try:
            found = self._workspace.sql(statement, parameters=values, session=self._session)
        except Exception as error:
            raise Refused(str(error)) from error
        return text_rows(found)


class SdkDoor:
    """`w.statement_execution` of the SDK, over HTTP or in-process."""

    keeps_sessions = False

    def __init__(self, client: Any) -> None:
        self._client = client
        self._warehouse = next(iter(client.warehouses.list())).id

    def run(self, statement: str, **values: str) -> Rows:
        given = [StatementParameterListItem(name=n, value=v) for n, v in values.items()]
        found = self._client.statement_execution.execute_statement(
            statement, self._warehouse, parameters=given, wait_timeout="50s"
        )
        if found.status.state.value == "FAILED":
            raise Refused(f"{found.status.error.error_code} {found.status.error.message}")
        assert found.status.state.value == "SUCCEEDED", found.status
        return found.result.data_array or []


class ConnectorDoor:
    """`databricks-sql-connector` with `use_sea=True`, results as Arrow behind links."""

    keeps_sessions = True

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def run(self, statement: str, **values: str) -> Rows:
        with self._connection.cursor() as cursor:
            try:
                cursor.execute(statement, values or None)
            except Exception as error:
                raise Refused(str(error)) from error
            table = cursor.fetchall_arrow()
        return text_rows(table) if isinstance(table, pa.Table) else []


@contextmanager
def opened(name: str, workspace: Workspace, url: str, token: str) -> Iterator[Any]:
    """A door by its name."""
    if name == "local":
        yield LocalDoor(workspace)
    elif name == "sdk-in-process":
        yield SdkDoor(InProcessClient(workspace=workspace))
    elif name == "sdk":
        yield SdkDoor(WorkspaceClient(host=url, token=token))
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the package says that this way of it is old
            from databricks import sql

            host, _, port = url.rpartition(":")
            path = f"/sql/1.0/warehouses/{WAREHOUSE_ID}"
            with sql.connect(
                server_hostname=host, http_path=path, access_token=token, use_sea=True,
                _port=int(port), enable_telemetry=False,
            ) as connection:  # fmt: skip
                yield ConnectorDoor(connection)


NAMES = ("local", "sdk-in-process", "sdk", "connector")
