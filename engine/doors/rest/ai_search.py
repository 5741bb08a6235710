"""Routes of the newer dialect, `/api/2.0/ai-search/`: the same service in resource names.

Knows how its fields differ: full resource names, RFC 3339 times, `max_results`, rows of a scan as
plain objects. Truth: databricks-sdk's `aisearch` service, and what its reference says.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from engine.core.reply import invalid_token
from engine.doors.pages import join_pages
from engine.doors.rest.data import INPUTS, KEYS, QUERY, query_request, rows_of
from engine.doors.rest.endpoints import PAGE_TOKEN, TAGS, check_page_token
from engine.doors.rest.fields import Field, Values, ignored
from engine.doors.rest.indexes import index_of
from engine.doors.rest.new_index import create_fields, create_index
from engine.doors.rest.routing import Json, Request, Route
from engine.errors import InvalidParameterValue, NotSupported
from engine.workspace import Workspace

BASE = "/api/2.0/ai-search/workspaces/{workspace}/endpoints"
ONE = f"{BASE}/{{endpoint}}"
INDEXES = f"{ONE}/indexes"
INDEX = f"{INDEXES}/{{index}}"
MODEL = "embedding_model_endpoint"

_PAGES = (Field("page_size", "integer"), PAGE_TOKEN)
_SAME = (  # fields of an endpoint that have the same name in both dialects
    "id", "endpoint_type", "creator", "last_updated_user", "endpoint_status", "custom_tags",
    "budget_policy_id", "effective_budget_policy_id", "usage_policy_id", "scaling_info",
)  # fmt: skip
_ENDPOINT = (
    Field("endpoint_type", "string"),
    Field("budget_policy_id", "string"),
    Field("usage_policy_id", "string"),
    Field("target_qps", "integer"),
    Field("replica_count", "integer"),
    Field("custom_tags", "objects", fields=TAGS.fields),
    *ignored(  # the service writes these
        "name", "id", "creator", "create_time", "update_time", "last_updated_user",
        "endpoint_status", "effective_budget_policy_id", "index_count", "scaling_info",
        "throughput_info",
    ),
)  # fmt: skip


# ------------------------------------------------------------------ endpoints
def _time(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, tz=timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _endpoint(facts: Mapping[str, Any], request: Request) -> Json:
    """An endpoint in this dialect, from the older one's reply."""
    shown: Json = {name: facts[name] for name in _SAME if name in facts}
    shown["name"] = f"workspaces/{request.path['workspace']}/endpoints/{facts['name']}"
    for name, older in (
        ("create_time", "creation_timestamp"),
        ("update_time", "last_updated_timestamp"),
    ):
        if older in facts:
            shown[name] = _time(facts[older])
    if "num_indexes" in facts:
        shown["index_count"] = facts["num_indexes"]
    target = facts.get("scaling_info", {}).get("requested_target_qps")
    if target is not None:
        shown["target_qps"] = target
    return shown


def _refuse_replicas(body: Values) -> None:
    if "replica_count" in body:
        raise NotSupported("replica_count is not supported: one machine has no replicas.")


def _create_endpoint(workspace: Workspace, request: Request) -> Json:
    name = request.query.get("endpoint_id")
    if not name or "endpoint_type" not in request.body:
        missing = "endpoint_type" if name else "endpoint_id"
        raise InvalidParameterValue(f"{missing} is missing; it is required.")
    _refuse_replicas(request.body)
    arguments = dict(request.body)
    tags = arguments.pop("custom_tags", None)
    made = workspace.create_endpoint(name, **arguments)
    if tags:
        made = {**made, **workspace.update_endpoint_custom_tags(name, tags)}
    return _endpoint(made, request)


def _list_endpoints(workspace: Workspace, request: Request) -> Json:
    check_page_token(request.query)
    return {"endpoints": [_endpoint(facts, request) for facts in workspace.list_endpoints()]}


def _get_endpoint(workspace: Workspace, request: Request) -> Json:
    return _endpoint(workspace.get_endpoint(request.path["endpoint"]), request)


def _delete_endpoint(workspace: Workspace, request: Request) -> Json:
    workspace.delete_endpoint(request.path["endpoint"])
    return {}


def _update_endpoint(workspace: Workspace, request: Request) -> Json:
    """Change the fields that the mask names, in the service's order: policy, tags, throughput."""
    name, body = request.path["endpoint"], request.body
    mask = {_snake(part) for part in request.query["update_mask"].split(",") if part.strip()}
    changeable = {field.name for field in _ENDPOINT if not field.ignored} - {"endpoint_type"}
    unknown = sorted(mask - changeable)
    if unknown or not mask:
        raise InvalidParameterValue(
            f"update_mask is {request.query['update_mask']!r:.200}; expected some of "
            f"{', '.join(sorted(changeable))}."
        )
    workspace.get_endpoint(name)
    if "replica_count" in mask:
        _refuse_replicas({"replica_count": None})
    policies = mask & {"budget_policy_id", "usage_policy_id"}
    if len(policies) > 1:
        raise InvalidParameterValue("update_mask names two policies; an endpoint has one.")
    for field in policies:
        if field not in body:
            raise InvalidParameterValue(f"{field} is missing; update_mask names it.")
        workspace.update_endpoint_budget_policy(name, body[field])
    if "custom_tags" in mask:
        workspace.update_endpoint_custom_tags(name, body.get("custom_tags", []))
    if "target_qps" in mask:
        # A field that the mask names and the body lacks goes back to its default.
        workspace.update_endpoint(name, target_qps=body.get("target_qps", -1))
    return _endpoint(workspace.get_endpoint(name), request)


def _snake(name: str) -> str:
    """`targetQps`, as masks are written in JSON, as `target_qps`."""
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name.strip())


# ------------------------------------------------------------------ indexes
def _index(facts: Mapping[str, Any], request: Request) -> Json:
    """An index in this dialect, from the older one's reply."""
    same = ("primary_key", "index_type", "index_subtype", "creator", "status")
    shown: Json = {name: facts[name] for name in same if name in facts}
    endpoint = f"workspaces/{request.path['workspace']}/endpoints/{facts['endpoint_name']}"
    shown |= {"name": f"{endpoint}/indexes/{facts['name']}", "endpoint": endpoint}
    for name in ("delta_sync_index_spec", "direct_access_index_spec"):
        if name in facts:
            spec = dict(facts[name])
            if "embedding_source_columns" in spec:
                spec["embedding_source_columns"] = [
                    {_newer(key): value for key, value in column.items()}
                    for column in spec["embedding_source_columns"]
                ]
            shown[name] = spec
    return shown


def _newer(field: str) -> str:
    return MODEL if field == "embedding_model_endpoint_name" else field


def _create_index(workspace: Workspace, request: Request) -> Json:
    name = request.query.get("index_id")
    if not name:
        raise InvalidParameterValue("index_id is missing; it is required.")
    made = create_index(workspace, name, request.path["endpoint"], request.body, MODEL)
    return _index(made, request)


def _list_indexes(workspace: Workspace, request: Request) -> Json:
    check_page_token(request.query)
    found = workspace.list_indexes(request.path["endpoint"])
    return {"indexes": [_index(facts, request) for facts in found]}


def _get_index(workspace: Workspace, request: Request) -> Json:
    found = workspace.get_index(request.path["index"], request.path["endpoint"])
    return _index(found, request)


def _delete_index(workspace: Workspace, request: Request) -> Json:
    workspace.delete_index(request.path["index"], request.path["endpoint"])
    return {}


def _sync(workspace: Workspace, request: Request) -> Json:
    workspace.start_sync(index_of(workspace, request))
    return {}


# ------------------------------------------------------------------ rows
def _query(workspace: Workspace, request: Request) -> Json:
    """A query whose pages are joined: this dialect has no page token."""
    name, body = index_of(workspace, request), dict(request.body)
    wanted = [body.pop(field, None) for field in ("page_size", "max_results")]
    for value in (value for value in reversed(wanted) if value is not None):
        body["num_results"] = value
    first = workspace.queries.query(query_request(name, body))
    return join_pages(first, lambda token: workspace.queries.next_page(name, token))


def _scan(workspace: Workspace, request: Request) -> Json:
    name, arguments = index_of(workspace, request), {}
    if "page_size" in request.body:
        arguments["num_results"] = request.body["page_size"]
    if request.body.get("page_token"):
        arguments["last_primary_key"] = _key_of(request.body["page_token"])
    found = workspace.scan_index(name, **arguments)
    if not found:
        return {}
    rows = [
        {field["key"]: _plain(field["value"]) for field in row["fields"]} for row in found["data"]
    ]
    return {"data": rows, "next_page_token": _token_of(found["last_primary_key"])}


def _plain(value: Mapping[str, Any]) -> Any:
    """A typed value of the older scan as plain JSON; no kind at all is null."""
    if "list_value" in value:
        return [_plain(item) for item in value["list_value"].get("values", [])]
    if "struct_value" in value:
        fields = value["struct_value"].get("fields", [])
        return {field["key"]: _plain(field["value"]) for field in fields}
    return next((held for kind, held in value.items() if kind.endswith("_value")), None)


def _token_of(key: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _key_of(token: str) -> object:
    try:
        key = json.loads(base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        key = None
    if not isinstance(key, (str, int, float)):
        raise invalid_token(token)
    return key


def _upsert(workspace: Workspace, request: Request) -> Json:
    return workspace.upsert(index_of(workspace, request), rows_of(request.body["inputs_json"]))


def _remove(workspace: Workspace, request: Request) -> Json:
    return workspace.delete_rows(index_of(workspace, request), request.body["primary_keys"])


_INDEX = (
    *create_fields(MODEL),
    *ignored("name", "endpoint", "creator", "status"),
)
_ENDPOINT_ID, _INDEX_ID = Field("endpoint_id", "string"), Field("index_id", "string")
_MASK = Field("update_mask", "string", required=True)
_SIZES = (Field("max_results", "integer"), Field("page_size", "integer"))
_REMOVED = (Field(KEYS.name, KEYS.kind, required=True),)
_NEW = (_create_endpoint, _ENDPOINT, (_ENDPOINT_ID,))

ROUTES: tuple[Route, ...] = (
    Route("POST", BASE, "create_endpoint", "Create an endpoint.", *_NEW),
    Route("GET", BASE, "list_endpoints", "All endpoints.", _list_endpoints, query=_PAGES),
    Route("GET", ONE, "get_endpoint", "One endpoint with its state.", _get_endpoint),
    Route("DELETE", ONE, "delete_endpoint", "Delete an endpoint.", _delete_endpoint),
    Route(
        "PATCH",
        ONE,
        "update_endpoint",
        "Change what the mask names.",
        _update_endpoint,
        body=_ENDPOINT,
        query=(_MASK,),
    ),
    Route(
        "POST",
        INDEXES,
        "create_index",
        "Create an index.",
        _create_index,
        body=_INDEX,
        query=(_INDEX_ID,),
    ),
    Route("GET", INDEXES, "list_indexes", "Its indexes.", _list_indexes, query=_PAGES),
    Route("GET", INDEX, "get_index", "One index with its status.", _get_index),
    Route("DELETE", INDEX, "delete_index", "Delete an index.", _delete_index),
    Route(
        "POST",
        f"{INDEX}:query",
        "query_index",
        "The best rows for a vector, a text or both.",
        _query,
        body=(*QUERY, *_SIZES),
    ),
    Route(
        "POST",
        f"{INDEX}:scan",
        "scan_index",
        "Rows in the order of their keys.",
        _scan,
        body=_PAGES,
    ),
    Route("POST", f"{INDEX}:upsertData", "upsert_data", "Write rows.", _upsert, body=(INPUTS,)),
    Route("POST", f"{INDEX}:removeData", "remove_data", "Delete rows.", _remove, body=_REMOVED),
    Route("POST", f"{INDEX}:sync", "sync_index", "Sync an index with its table.", _sync),
)
