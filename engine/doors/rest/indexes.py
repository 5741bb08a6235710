"""Routes of indexes: create, read, change, delete, sync. Knows fields; not what they mean.

An index has two addresses: by its name, and by its name under its endpoint.
"""

from __future__ import annotations

from engine.doors.rest.endpoints import PAGE_TOKEN, check_page_token
from engine.doors.rest.fields import Field
from engine.doors.rest.new_index import MODEL, create_fields, create_index
from engine.doors.rest.routing import Answer, Json, Request, Route
from engine.errors import InvalidParameterValue
from engine.workspace import Workspace

BASE = "/api/2.0/vector-search/indexes"
UNDER_ENDPOINT = "/api/2.0/vector-search/endpoints/{endpoint}/indexes"
NAMED = (f"{BASE}/{{index}}", f"{UNDER_ENDPOINT}/{{index}}")
NAME = Field("name", "string", required=True)


# ------------------------------------------------------------------ answers
def _create(workspace: Workspace, request: Request) -> Json:
    body = request.body
    return create_index(workspace, body["name"], body["endpoint_name"], body)


def _create_under_endpoint(workspace: Workspace, request: Request) -> Json:
    endpoint = request.path["endpoint"]
    given = request.body.get("endpoint_name", endpoint)
    if given != endpoint:
        raise InvalidParameterValue(
            f"endpoint_name is {given!r:.80}, but the path names endpoint {endpoint}."
        )
    return create_index(workspace, request.body["name"], endpoint, request.body)


def _list(workspace: Workspace, request: Request) -> Json:
    check_page_token(request.query)
    endpoint = request.path.get("endpoint") or request.query["endpoint_name"]
    return {"vector_indexes": workspace.list_indexes(endpoint)}


def _get(workspace: Workspace, request: Request) -> Json:
    """The index; where it lists an address, that one serves rerankers too, so a wish for it holds."""
    return workspace.get_index(request.path["index"], request.path.get("endpoint"))


def _delete(workspace: Workspace, request: Request) -> Json:
    workspace.delete_index(request.path["index"], request.path.get("endpoint"))
    return {}


def index_of(workspace: Workspace, request: Request) -> str:
    """The index that a path names.

    Raises:
        NotFound: the path names an endpoint too, and no such index is on it.
    """
    name, endpoint = request.path["index"], request.path.get("endpoint")
    if endpoint is not None:
        workspace.get_index(name, endpoint)
    return name


def _update(workspace: Workspace, request: Request) -> Json:
    name = index_of(workspace, request)
    if request.body.get("name", name) != name:
        raise InvalidParameterValue(
            f"name is {request.body['name']!r:.200}, but the path names index {name}."
        )
    mask = [part.strip() for part in request.query.get("update_mask", "").split(",") if part]
    unknown = [part for part in mask if part != "payload_logging_enabled"]
    if unknown:
        raise InvalidParameterValue(
            f"update_mask names {', '.join(unknown):.200}; only payload_logging_enabled can change."
        )
    if "payload_logging_enabled" not in request.body:
        raise InvalidParameterValue("payload_logging_enabled is missing; it is required.")
    workspace.update_index(name, payload_logging_enabled=request.body["payload_logging_enabled"])
    return workspace.get_index(name)


def _update_usage_policy(workspace: Workspace, request: Request) -> Json:
    name = index_of(workspace, request)
    workspace.update_index(name, usage_policy_id=request.body["usage_policy_id"])
    return {}


def _sync(workspace: Workspace, request: Request) -> Json:
    workspace.start_sync(index_of(workspace, request))
    return {}


# ------------------------------------------------------------------ the table
def both(
    method: str,
    verb: str,
    name: str,
    summary: str,
    answer: Answer,
    body: tuple[Field, ...] = (),
    query: tuple[Field, ...] = (),
) -> tuple[Route, Route]:
    """An operation of an index at its two addresses; `verb` begins with a slash or is empty."""
    first, second = NAMED
    return (
        Route(method, first + verb, name, summary, answer, body, query),
        Route(method, second + verb, name, summary, answer, body, query),
    )


_CREATE = (NAME, *create_fields(MODEL))
_ENDPOINT_NAME = Field("endpoint_name", "string", required=True)

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        BASE,
        "create_index",
        "Create an index.",
        _create,
        body=(*_CREATE, _ENDPOINT_NAME),
    ),
    Route(
        "POST",
        UNDER_ENDPOINT,
        "create_index",
        "Create an index.",
        _create_under_endpoint,
        body=(*_CREATE, Field("endpoint_name", "string")),
    ),
    Route(
        "GET",
        BASE,
        "list_indexes",
        "The indexes of an endpoint.",
        _list,
        query=(_ENDPOINT_NAME, PAGE_TOKEN),
    ),
    Route(
        "GET",
        UNDER_ENDPOINT,
        "list_indexes",
        "The indexes of an endpoint.",
        _list,
        query=(PAGE_TOKEN,),
    ),
    *both(
        "GET",
        "",
        "get_index",
        "One index with its status.",
        _get,
        query=(Field("ensure_reranker_compatible", "boolean"),),
    ),
    *both("DELETE", "", "delete_index", "Delete an index.", _delete),
    *both(
        "PATCH",
        "",
        "update_index",
        "Change whether requests to an index are logged.",
        _update,
        body=(Field("name", "string"), Field("payload_logging_enabled", "boolean")),
        query=(Field("update_mask", "string"),),
    ),
    *both(
        "PATCH",
        "/usage-policy",
        "update_index_usage_policy",
        "Change the usage policy of an index.",
        _update_usage_policy,
        body=(Field("usage_policy_id", "string", required=True),),
    ),
    *both("POST", "/sync", "sync_index", "Begin to sync an index with its table.", _sync),
)
