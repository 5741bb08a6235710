"""Routes that helper libraries read the catalogue by, and SQL, which is not offered. Knows fields."""

from __future__ import annotations

from typing import NoReturn

from engine.doors.rest.fields import Field
from engine.doors.rest.routing import Json, Request, Route
from engine.errors import NotSupported
from engine.service.workspace import Workspace

TABLES = "/api/2.1/unity-catalog/tables"
STATEMENTS = "/api/2.0/sql/statements"


def _table(workspace: Workspace, request: Request) -> Json:
    return workspace.get_table(request.path["full_name"])


def _tables(workspace: Workspace, request: Request) -> Json:
    wanted = (request.query["catalog_name"], request.query["schema_name"])
    found = [workspace.get_table(name) for name in workspace.list_tables()]
    return {"tables": [t for t in found if (t["catalog_name"], t["schema_name"]) == wanted]}


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
_IN_SCHEMA = (
    Field("catalog_name", "string", required=True),
    Field("schema_name", "string", required=True),
)

ROUTES: tuple[Route, ...] = (
    Route("GET", TABLES, "list_tables", "The tables of a schema.", _tables, query=_IN_SCHEMA),
    Route(
        "GET", f"{TABLES}/{{full_name}}", "get_table", "A table's or an index's columns.", _table
    ),
    Route("POST", STATEMENTS, "execute_statement", "Not offered yet.", _no_sql, body=_ANY),
    Route("GET", f"{STATEMENTS}/{{id}}", "get_statement", "Not offered yet.", _no_sql),
)
