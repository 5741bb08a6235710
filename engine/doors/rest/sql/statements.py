"""Routes of SQL statements and their sessions. Knows fields; not how statements run."""

from __future__ import annotations

from engine.doors.rest.fields import Field, ignored
from engine.doors.rest.routing import Json, Request, Route
from engine.errors import InvalidParameterValue
from engine.service.warehouse.requests import StatementRequest
from engine.workspace import Workspace

STATEMENTS = "/api/2.0/sql/statements"
SESSIONS = "/api/2.0/sql/sessions"
_STATEMENT = (
    Field("statement", "string", required=True),
    Field("warehouse_id", "string", required=True),
    Field("session_id", "string"),
    Field("catalog", "string"),
    Field("schema", "string"),
    Field(
        "parameters",
        "objects",
        fields=(
            Field("name", "string"),
            Field("value", "any"),
            Field("type", "string"),
            *ignored("ordinal"),
        ),
    ),
    Field("row_limit", "integer"),
    Field("byte_limit", "integer"),
    Field("disposition", "string"),
    Field("format", "string"),
    Field("wait_timeout", "string"),
    Field("on_wait_timeout", "string"),
    *ignored("query_tags", "result_compression"),  # results are not compressed, and say so
)
_REPEATED = ignored("statement_id", "session_id", "warehouse_id")  # drivers send the path's again


def _execute(workspace: Workspace, request: Request) -> Json:
    return workspace.execute_statement(StatementRequest(**request.body), request.origin)


def _get(workspace: Workspace, request: Request) -> Json:
    return workspace.get_statement(request.path["statement_id"], request.origin)


def _chunk(workspace: Workspace, request: Request) -> Json:
    text = request.path["chunk_index"]
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidParameterValue(f"chunk_index is {text!r:.40}; expected an integer from 0.")
    return workspace.get_statement_chunk(request.path["statement_id"], int(text), request.origin)


def _cancel(workspace: Workspace, request: Request) -> Json:
    workspace.cancel_statement(request.path["statement_id"])
    return {}


def _close(workspace: Workspace, request: Request) -> Json:
    workspace.close_statement(request.path["statement_id"])
    return {}


def _open_session(workspace: Workspace, request: Request) -> Json:
    body = request.body
    return {"session_id": workspace.open_sql_session(body.get("catalog"), body.get("schema"))}


def _close_session(workspace: Workspace, request: Request) -> Json:
    workspace.close_sql_session(request.path["session_id"])
    return {}


_ONE = f"{STATEMENTS}/{{statement_id}}"
_SESSION = (
    Field("warehouse_id", "string"),
    Field("catalog", "string"),
    Field("schema", "string"),
    *ignored("session_confs"),
)

ROUTES: tuple[Route, ...] = (
    Route("POST", STATEMENTS, "execute_statement", "Run SQL.", _execute, body=_STATEMENT),
    Route("GET", _ONE, "get_statement", "A statement's state and result.", _get, body=_REPEATED),
    Route(
        "GET",
        f"{_ONE}/result/chunks/{{chunk_index}}",
        "get_statement_result_chunk_n",
        "A piece of a statement's result.",
        _chunk,
    ),
    Route(
        "POST", f"{_ONE}/cancel", "cancel_execution", "End a statement.", _cancel, body=_REPEATED
    ),
    Route("DELETE", _ONE, "close_statement", "Forget a statement.", _close, body=_REPEATED),
    Route("POST", SESSIONS, "open_sql_session", "Open a session.", _open_session, body=_SESSION),
    Route(
        "DELETE",
        f"{SESSIONS}/{{session_id}}",
        "close_sql_session",
        "Forget a session.",
        _close_session,
        body=_REPEATED,
        query=_REPEATED,
    ),
)
