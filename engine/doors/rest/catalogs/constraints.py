"""Routes of constraints of tables. Knows fields; not what they mean."""

from __future__ import annotations

from engine.doors.rest.catalogs.paging import BASE
from engine.doors.rest.fields import Field
from engine.doors.rest.routing import Json, Request, Route
from engine.workspace import Workspace

CONSTRAINTS = f"{BASE}/constraints"


def _create(workspace: Workspace, request: Request) -> Json:
    return workspace.create_constraint(request.body["full_name_arg"], request.body["constraint"])


def _delete(workspace: Workspace, request: Request) -> Json:
    query = request.query
    workspace.delete_constraint(
        request.path["full_name"], query["constraint_name"], cascade=query.get("cascade", False)
    )
    return {}


_NAME = Field("name", "string", required=True)
_CHILDREN = Field("child_columns", "strings", required=True)
_CONSTRAINT = Field(
    "constraint",
    "object",
    required=True,
    fields=(
        Field(
            "primary_key_constraint",
            "object",
            fields=(
                _NAME,
                _CHILDREN,
                Field("rely", "boolean"),
                Field("timeseries_columns", "strings"),
            ),
        ),
        Field(
            "foreign_key_constraint",
            "object",
            fields=(
                _NAME,
                _CHILDREN,
                Field("parent_table", "string", required=True),
                Field("parent_columns", "strings", required=True),
                Field("rely", "boolean"),
            ),
        ),
        Field("named_table_constraint", "object", fields=(_NAME,)),
    ),
)

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        CONSTRAINTS,
        "create_constraint",
        "Add a constraint to a table.",
        _create,
        body=(Field("full_name_arg", "string", required=True), _CONSTRAINT),
    ),
    Route(
        "DELETE",
        f"{CONSTRAINTS}/{{full_name}}",
        "delete_constraint",
        "Take a constraint off a table.",
        _delete,
        query=(Field("constraint_name", "string", required=True), Field("cascade", "boolean")),
    ),
)
