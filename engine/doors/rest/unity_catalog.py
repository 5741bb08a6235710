"""Routes of Unity Catalog's tables. Knows fields; not tables."""

from __future__ import annotations

from engine.doors.rest.fields import Field, ignored
from engine.doors.rest.routing import Json, Request, Route
from engine.errors import InvalidParameterValue
from engine.workspace import Workspace

TABLES = "/api/2.1/unity-catalog/tables"


def _table(workspace: Workspace, request: Request) -> Json:
    return workspace.get_table(request.path["full_name"])


def _tables(workspace: Workspace, request: Request) -> Json:
    """The tables of a schema, by name; the token of a page is the last name of the page before."""
    wanted = (request.query["catalog_name"], request.query["schema_name"])
    after, most = request.query.get("page_token", ""), request.query.get("max_results", 0)
    if most < 0:
        raise InvalidParameterValue(f"max_results is {most}; expected 1 or more, or 0 for all.")
    prefix = ".".join((*wanted, ""))
    names = [n for n in workspace.list_tables() if n.startswith(prefix) and n > after]
    page = names[:most] if most else names
    found = workspace.describe_tables(page, columns=not request.query.get("omit_columns"))
    return {"tables": found, **({"next_page_token": page[-1]} if len(page) < len(names) else {})}


_IN_SCHEMA = (
    Field("catalog_name", "string", required=True),
    Field("schema_name", "string", required=True),
    Field("max_results", "integer"),
    Field("page_token", "string"),
    Field("omit_columns", "boolean"),
    # What these would add to a table, or leave out of it, is not shown in any case.
    *ignored(
        "include_browse", "include_manifest_capabilities", "omit_properties", "omit_username",
        "include_delta_metadata",
    ),
)  # fmt: skip
_OF_TABLE = ignored("include_browse", "include_delta_metadata", "include_manifest_capabilities")

ROUTES: tuple[Route, ...] = (
    Route("GET", TABLES, "list_tables", "The tables of a schema.", _tables, query=_IN_SCHEMA),
    Route(
        "GET",
        f"{TABLES}/{{full_name}}",
        "get_table",
        "A table's or an index's columns.",
        _table,
        query=_OF_TABLE,
    ),
)
