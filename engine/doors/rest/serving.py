"""Routes of model serving endpoints. Knows fields; not models.

Truth: `ServingEndpointsAPI` of databricks-sdk, whose optional fields without a meaning here are ignored.
"""

from __future__ import annotations

from engine.doors.rest.fields import Field, Values, ignored
from engine.doors.rest.routing import Json, Request, Route
from engine.service.serving.invocations import FORMATS, invoke
from engine.workspace import Workspace

BASE = "/api/2.0/serving-endpoints"
ONE = f"{BASE}/{{name}}"

_ENTITY = (
    Field("name", "string"),
    Field("entity_name", "string"),
    Field("entity_version", "scalar"),
    Field("model_name", "string"),
    Field("model_version", "scalar"),
    Field("workload_size", "string"),
    Field("workload_type", "string"),
    Field("scale_to_zero_enabled", "boolean"),
    Field("external_model", "object"),
    Field("environment_vars", "object"),
    Field("instance_profile_arn", "string"),
    *ignored(
        "burst_scaling_enabled",
        "min_provisioned_concurrency",
        "max_provisioned_concurrency",
        "min_provisioned_throughput",
        "max_provisioned_throughput",
        "provisioned_model_units",
    ),
)
_TRAFFIC = Field(
    "routes",
    "objects",
    fields=(
        Field("served_model_name", "string"),
        Field("served_entity_name", "string"),
        Field("traffic_percentage", "integer"),
    ),
)
_CONFIG = (
    Field("served_entities", "objects", fields=_ENTITY),
    Field("served_models", "objects", fields=_ENTITY),
    Field("traffic_config", "object", fields=(_TRAFFIC,)),
    Field("output", "string"),
    *ignored("name", "auto_capture_config", "config_version"),
)
_TAG = (Field("key", "string", required=True), Field("value", "string"))
_QUERY = (
    *(Field(name, "any") for name in FORMATS),
    Field("encoding_format", "string"),
    Field("dimensions", "integer"),
    *ignored(
        "client_request_id",
        "extra_params",
        "max_tokens",
        "messages",
        "model",
        "n",
        "params",
        "prompt",
        "stop",
        "stream",
        "temperature",
        "usage_context",
    ),
)


def _list(workspace: Workspace, request: Request) -> Json:
    return {"endpoints": workspace.list_serving_endpoints()}


def _get(workspace: Workspace, request: Request) -> Json:
    return workspace.get_serving_endpoint(request.path["name"])


def _create(workspace: Workspace, request: Request) -> Json:
    given: Values = dict(request.body)
    # Without a configuration, the entity that is missing is named.
    return workspace.create_serving_endpoint(
        given["name"],
        config=given.get("config") or {"served_entities": []},
        description=given.get("description"),
        tags=given.get("tags", ()),
    )


def _update(workspace: Workspace, request: Request) -> Json:
    return workspace.update_serving_endpoint(request.path["name"], request.body)


def _update_tags(workspace: Workspace, request: Request) -> Json:
    return {"tags": workspace.update_serving_endpoint_tags(request.path["name"], **request.body)}


def _delete(workspace: Workspace, request: Request) -> Json:
    workspace.delete_serving_endpoint(request.path["name"])
    return {}


def _open_api(workspace: Workspace, request: Request) -> Json:
    return workspace.get_serving_endpoint_open_api(request.path["name"])


def _invoke(workspace: Workspace, request: Request) -> Json:
    return invoke(workspace.serving, request.path["name"], request.body)


ROUTES: tuple[Route, ...] = (
    Route("GET", BASE, "list_serving_endpoints", "All model serving endpoints.", _list),
    Route(
        "POST",
        BASE,
        "create_serving_endpoint",
        "Create a model serving endpoint.",
        _create,
        body=(
            Field("name", "string", required=True),
            Field("config", "object", fields=_CONFIG),
            Field("description", "string"),
            Field("tags", "objects", fields=_TAG),
            *ignored(
                "ai_gateway",
                "budget_policy_id",
                "email_notifications",
                "rate_limits",
                "route_optimized",
                "telemetry_config",
            ),
        ),
    ),
    Route("GET", ONE, "get_serving_endpoint", "One serving endpoint with its state.", _get),
    Route("DELETE", ONE, "delete_serving_endpoint", "Delete a serving endpoint.", _delete),
    Route(
        "PUT",
        f"{ONE}/config",
        "update_serving_endpoint",
        "Put another entity behind a serving endpoint.",
        _update,
        body=_CONFIG,
    ),
    Route(
        "PATCH",
        f"{ONE}/tags",
        "update_serving_endpoint_tags",
        "Add and remove tags of a serving endpoint.",
        _update_tags,
        body=(Field("add_tags", "objects", fields=_TAG), Field("delete_tags", "strings")),
    ),
    Route(
        "GET",
        f"{ONE}/openapi",
        "get_serving_endpoint_open_api",
        "What a serving endpoint takes and answers, as OpenAPI.",
        _open_api,
    ),
    Route(
        "POST",
        "/serving-endpoints/{name}/invocations",
        "invocations",
        "Ask a serving endpoint.",
        _invoke,
        body=_QUERY,
    ),
)
