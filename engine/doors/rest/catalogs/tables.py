"""Routes of tables, among which indexes are listed. Knows fields; not what they mean."""

from __future__ import annotations

from engine.doors.rest.catalogs.paging import BASE, IN_SCHEMA, PAGING, page_of
from engine.doors.rest.fields import Field, ignored
from engine.doors.rest.routing import Json, Request, Route
from engine.errors import InvalidParameterValue, NotSupported
from engine.workspace import Workspace

TABLES = f"{BASE}/tables"
ONE = f"{TABLES}/{{full_name}}"


def _list(workspace: Workspace, request: Request) -> Json:
    query = request.query
    found = workspace.unity_catalog.tables.names_in(query["catalog_name"], query["schema_name"])
    names, token = page_of(found, query)
    tables = workspace.describe_tables(names, columns=not query.get("omit_columns"))
    return {"tables": tables, **token}


def _get(workspace: Workspace, request: Request) -> Json:
    return workspace.get_table(request.path["full_name"])


def _exists(workspace: Workspace, request: Request) -> Json:
    return {"table_exists": workspace.table_exists(request.path["full_name"])}


def _create(workspace: Workspace, request: Request) -> Json:
    """A new table of the workspace's own; files of its machine are nobody's business over the API.

    Raises:
        NotSupported: a table of files elsewhere, or in another format.
    """
    body = dict(request.body)
    kind, place = body.pop("table_type", "MANAGED"), body.pop("storage_location", "")
    form = body.pop("data_source_format", "DELTA")
    if kind == "EXTERNAL" or place:
        name = ".".join(body[key] for key in ("catalog_name", "schema_name", "name"))
        raise NotSupported(
            "A table of files elsewhere is registered on the machine that has them: "
            f"vitrine table register {name:.300} FILES..."
        )
    if kind != "MANAGED":
        raise InvalidParameterValue(f"table_type is {kind!r:.80}; expected 'MANAGED'.")
    if form != "DELTA":
        raise NotSupported(f"data_source_format is {form!r:.80}; offered is 'DELTA'.")
    return workspace.create_table(**{"columns": [], **body})


def _update(workspace: Workspace, request: Request) -> Json:
    return workspace.update_table(request.path["full_name"], **request.body)


def _delete(workspace: Workspace, request: Request) -> Json:
    workspace.unity_catalog.tables.delete(request.path["full_name"])
    return {}


_COLUMN = (
    Field("name", "string", required=True),
    Field("type_text", "string"),
    Field("type_name", "string"),
    Field("position", "integer"),
    Field("nullable", "boolean"),
    Field("comment", "string"),
    # Other ways to say the type, which `type_text` says too, and what tables here don't have.
    *ignored(
        "type_json", "type_precision", "type_scale", "type_interval_type", "partition_index", "mask"
    ),
)  # fmt: skip
_NEW = (
    Field("name", "string", required=True),
    *IN_SCHEMA,
    Field("table_type", "string"),
    Field("data_source_format", "string"),
    Field("storage_location", "string"),
    Field("columns", "objects", fields=_COLUMN),
    Field("comment", "string"),
    Field("properties", "object"),
)
_CHANGED = (Field("owner", "string"), Field("comment", "string"), *ignored("full_name"))
_LISTED = (
    *IN_SCHEMA,
    *PAGING,
    Field("omit_columns", "boolean"),
    # What these would add to a table, or leave out of it, is not shown in any case, or shown to all.
    *ignored(
        "include_manifest_capabilities", "omit_properties", "omit_username",
        "include_delta_metadata",
    ),
)  # fmt: skip
_OF_ONE = ignored("include_browse", "include_delta_metadata", "include_manifest_capabilities")

ROUTES: tuple[Route, ...] = (
    Route("GET", TABLES, "list_tables", "The tables of a schema.", _list, query=_LISTED),
    Route("POST", TABLES, "create_table", "Create an empty table.", _create, body=_NEW),
    Route("GET", ONE, "get_table", "A table's or an index's columns.", _get, query=_OF_ONE),
    Route("GET", f"{ONE}/exists", "table_exists", "Whether there is a table.", _exists),
    Route("PATCH", ONE, "update_table", "Change a table's owner.", _update, body=_CHANGED),
    Route("DELETE", ONE, "delete_table", "Delete a table.", _delete),
)
