"""Routes of SQL statements, which are not offered yet. Knows fields."""

from __future__ import annotations

from typing import NoReturn

from engine.doors.rest.fields import Field
from engine.doors.rest.routing import Request, Route
from engine.errors import NotSupported
from engine.workspace import Workspace

STATEMENTS = "/api/2.0/sql/statements"


def _no_sql(workspace: Workspace, request: Request) -> NoReturn:
    raise NotSupported(
        "SQL statements are not offered over HTTP yet. In Python, workspace.sql(...) runs "
        "CREATE VECTOR SEARCH INDEX; tables are read with workspace.read_table(...)."
    )


_ANY = tuple(
    Field(name, "any")
    for name in (
        "statement", "warehouse_id", "catalog", "schema", "parameters", "row_limit", "byte_limit",
        "disposition", "format", "wait_timeout", "on_wait_timeout", "query_tags",
    )
)  # fmt: skip

ROUTES: tuple[Route, ...] = (
    Route("POST", STATEMENTS, "execute_statement", "Not offered yet.", _no_sql, body=_ANY),
    Route("GET", f"{STATEMENTS}/{{id}}", "get_statement", "Not offered yet.", _no_sql),
)
