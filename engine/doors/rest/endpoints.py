"""Routes of vector search endpoints and their permissions. Knows fields; not what they mean."""

from __future__ import annotations

from engine.core.reply import invalid_token
from engine.core.values import to_timestamp
from engine.doors.rest.fields import Field, Values
from engine.doors.rest.routing import Json, Request, Route
from engine.errors import InvalidParameterValue
from engine.workspace import Workspace

BASE = "/api/2.0/vector-search/endpoints"
ONE = f"{BASE}/{{endpoint}}"
PERMISSIONS = "/api/2.0/permissions/vector-search-endpoints/{endpoint_id}"

PAGE_TOKEN = Field("page_token", "string")
TAGS = Field(
    "custom_tags",
    "objects",
    required=True,
    fields=(Field("key", "string", required=True), Field("value", "string")),
)
_METRIC = (
    Field("name", "string"),
    Field("percentile", "number"),
    Field("labels", "objects", fields=(Field("name", "string"), Field("value", "string"))),
)
_ACCESS = (
    Field(
        "access_control_list",
        "objects",
        fields=(
            Field("user_name", "string"),
            Field("group_name", "string"),
            Field("service_principal_name", "string"),
            Field("permission_level", "string"),
        ),
    ),
)


def check_page_token(query: Values) -> None:
    """Lists are one page, so no token is ever handed out.

    Raises:
        InvalidParameterValue: a token was given; the service's text.
    """
    if "page_token" in query:
        raise invalid_token(query["page_token"])


def _create(workspace: Workspace, request: Request) -> Json:
    return workspace.create_endpoint(**request.body)


def _list(workspace: Workspace, request: Request) -> Json:
    check_page_token(request.query)
    return {"endpoints": workspace.list_endpoints()}


def _get(workspace: Workspace, request: Request) -> Json:
    return workspace.get_endpoint(request.path["endpoint"])


def _delete(workspace: Workspace, request: Request) -> Json:
    workspace.delete_endpoint(request.path["endpoint"])
    return {}


def _update(workspace: Workspace, request: Request) -> Json:
    return workspace.update_endpoint(request.path["endpoint"], **request.body)


def _update_budget_policy(workspace: Workspace, request: Request) -> Json:
    return workspace.update_endpoint_budget_policy(request.path["endpoint"], **request.body)


def _update_custom_tags(workspace: Workspace, request: Request) -> Json:
    return workspace.update_endpoint_custom_tags(request.path["endpoint"], **request.body)


def _stop(workspace: Workspace, request: Request) -> Json:
    return workspace.stop_endpoint(request.path["endpoint"])


def _start(workspace: Workspace, request: Request) -> Json:
    return workspace.start_endpoint(request.path["endpoint"])


def _metrics(workspace: Workspace, request: Request) -> Json:
    """What was asked for, with the values that the workspace has: an empty series each."""
    found = workspace.retrieve_user_visible_metrics(request.path["endpoint"])
    _check_period(request.body)
    check_page_token(request.body)
    series = found["metric_values"]
    measured = [values["metric"] for values in series]
    asked = [metric for metric in request.body.get("metrics", []) if metric not in measured]
    return {**found, "metric_values": [*series, *({"metric": m, "values": []} for m in asked)]}


def _check_period(body: Values) -> None:
    """Refuse times that can't be read or end before they start, and steps of no length."""
    times = {}
    for name in ("start_time", "end_time"):
        if name in body:
            try:
                times[name] = to_timestamp(body[name])
            except (ValueError, OverflowError):
                raise InvalidParameterValue(
                    f"{name} is {body[name]!r:.80}; expected a time such as 2026-01-31T12:00:00Z."
                ) from None
    if len(times) == 2 and times["end_time"] < times["start_time"]:
        raise InvalidParameterValue("end_time is before start_time; expected a later one.")
    step = body.get("granularity_in_seconds", 1)
    if step < 1:
        raise InvalidParameterValue(
            f"granularity_in_seconds is {step}; expected a positive integer."
        )


def _access(request: Request) -> tuple[str, object]:
    return request.path["endpoint_id"], request.body.get("access_control_list")


def _get_permissions(workspace: Workspace, request: Request) -> Json:
    return workspace.get_permissions(request.path["endpoint_id"])


def _set_permissions(workspace: Workspace, request: Request) -> Json:
    return workspace.set_permissions(*_access(request))


def _update_permissions(workspace: Workspace, request: Request) -> Json:
    return workspace.update_permissions(*_access(request))


def _permission_levels(workspace: Workspace, request: Request) -> Json:
    return workspace.get_permission_levels(request.path["endpoint_id"])


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        BASE,
        "create_endpoint",
        "Create an endpoint.",
        _create,
        body=(
            Field("name", "string", required=True),
            Field("endpoint_type", "string"),
            Field("budget_policy_id", "string"),
            Field("usage_policy_id", "string"),
            Field("target_qps", "integer"),
        ),
    ),
    Route("GET", BASE, "list_endpoints", "All endpoints.", _list, query=(PAGE_TOKEN,)),
    Route("GET", ONE, "get_endpoint", "One endpoint with its state.", _get),
    Route(
        "DELETE",
        ONE,
        "delete_endpoint",
        "Delete an endpoint, not its indexes.",
        _delete,
    ),
    Route(
        "PATCH",
        ONE,
        "patch_endpoint",
        "Change how many queries a second an endpoint is asked to serve.",
        _update,
        body=(Field("target_qps", "integer"),),
    ),
    Route(
        "PATCH",
        f"{ONE}/budget-policy",
        "update_endpoint_budget_policy",
        "Change the budget policy of an endpoint.",
        _update_budget_policy,
        body=(Field("budget_policy_id", "string", required=True),),
    ),
    Route(
        "PATCH",
        f"{ONE}/tags",
        "update_endpoint_custom_tags",
        "Replace the tags of an endpoint.",
        _update_custom_tags,
        body=(TAGS,),
    ),
    Route("POST", f"{ONE}/stop", "stop_endpoint", "Stop an endpoint.", _stop),
    Route("POST", f"{ONE}/start", "start_endpoint", "Start a stopped endpoint.", _start),
    Route(
        "POST",
        f"{ONE}/metrics",
        "retrieve_user_visible_metrics",
        "Figures of an endpoint over time.",
        _metrics,
        body=(
            Field("start_time", "string"),
            Field("end_time", "string"),
            Field("granularity_in_seconds", "integer"),
            Field("metrics", "objects", fields=_METRIC),
            PAGE_TOKEN,
        ),
    ),
    Route("GET", PERMISSIONS, "get_permissions", "Who may do what.", _get_permissions),
    Route(
        "PUT",
        PERMISSIONS,
        "set_permissions",
        "Replace who may do what.",
        _set_permissions,
        body=_ACCESS,
    ),
    Route(
        "PATCH",
        PERMISSIONS,
        "update_permissions",
        "Add to who may do what.",
        _update_permissions,
        body=_ACCESS,
    ),
    Route(
        "GET",
        f"{PERMISSIONS}/permissionLevels",
        "get_permission_levels",
        "The levels that can be given.",
        _permission_levels,
    ),
)
