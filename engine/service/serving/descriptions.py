"""Serving endpoints as the API shows them. Knows the API's replies; not encoders, models or files.

Truth: `ServingEndpointDetailed` of databricks-sdk, and what was seen of the cloud.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.service.serving.entities.entity import Entity
from engine.service.serving.serving_files import EndpointFacts

Json = dict[str, Any]
TASK = "llm/v1/embeddings"
_READY, _CREATING, _FAILED = "DEPLOYMENT_READY", "DEPLOYMENT_CREATING", "DEPLOYMENT_FAILED"
_FLAT = "One record alone is answered with a flat vector."
_COLUMN_TYPES: Mapping[str, Json] = {
    "string": {"type": "string"},
    "binary": {"type": "string", "format": "byte"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "long": {"type": "integer"},
    "float": {"type": "number"},
    "double": {"type": "number"},
}


def describe(facts: EndpointFacts) -> Json:
    """An endpoint with its state and configurations."""
    out = {
        "name": facts.name,
        "id": facts.id,
        "creator": facts.creator,
        "creation_timestamp": facts.creation_timestamp,
        "last_updated_timestamp": facts.last_updated_timestamp,
        "description": facts.description or _description(facts),
        "state": _state(facts),
        "task": TASK if _makes_vectors(facts) else None,
        "route_optimized": False,
        "permission_level": "CAN_MANAGE",
        "tags": facts.tags or None,
    }
    if facts.live is not None:
        out["config"] = _config(facts.live, _READY, "")
    if facts.pending is not None:
        deployment = _CREATING if facts.failure is None else _FAILED
        started = {"start_time": facts.pending.creation_timestamp}
        out["pending_config"] = _config(facts.pending, deployment, facts.failure or "") | started
    return {key: value for key, value in out.items() if value is not None}


def describe_damaged(name: str, reason: str) -> Json:
    """An endpoint that can't be read, as the API shows one that failed."""
    failed = {"deployment": _FAILED, "deployment_state_message": reason}
    entity = {"name": "unknown", "entity_name": "unknown", "entity_version": "1", "state": failed}
    return {
        "name": name,
        "description": reason,
        "state": {"ready": "NOT_READY", "config_update": "UPDATE_FAILED"},
        "task": TASK,
        "config": {"served_entities": [entity], "output": "unknown"},
    }


def open_api(facts: EndpointFacts) -> Json:
    """The OpenAPI description of what an endpoint takes and answers."""
    entity = facts.live
    inputs = entity.model.inputs if entity is not None and entity.model is not None else None
    if entity is not None and entity.model is None:
        inputs = [{"name": n, "type": "string", "required": False} for n in ("text", "image")]
    record: Json = {"type": "object"}
    if inputs is not None:
        record["properties"] = {c["name"]: _COLUMN_TYPES.get(str(c["type"]), {}) for c in inputs}
        record["required"] = [column["name"] for column in inputs if column["required"]]
    body = {"type": "object", "properties": {"dataframe_records": _list_of(record)}}
    answer = {"type": "object", "properties": {"predictions": {}}}
    path = f"/serving-endpoints/{facts.name}/invocations"
    operation = {
        "requestBody": {"content": {"application/json": {"schema": body}}},
        "responses": {
            "200": {
                "description": "Successful operation",
                "content": {"application/json": {"schema": answer}},
            }
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": facts.name, "version": "1"},
        "paths": {path: {"post": operation}},
    }


def _list_of(items: Json) -> Json:
    return {"type": "array", "items": items}


def _state(facts: EndpointFacts) -> Json:
    if facts.pending is None:
        update = "NOT_UPDATING"
    else:
        update = "IN_PROGRESS" if facts.failure is None else "UPDATE_FAILED"
    return {"ready": "NOT_READY" if facts.live is None else "READY", "config_update": update}


def _makes_vectors(facts: EndpointFacts) -> bool:
    entity = facts.live or facts.pending
    return entity is None or entity.model is None or entity.model.dimension is not None


def _description(facts: EndpointFacts) -> str:
    entity = facts.live or facts.pending
    assert entity is not None  # an endpoint has one of them
    if entity.source is not None:
        version = f", version {entity.entity_version}" if entity.entity_version else ""
        said = f"Served by the Python model {entity.entity_name}{version}."
    else:
        said = f"Served by encoder {entity.encoder or 'of the workspace'}."
    return f"{said} {_FLAT}" if entity.output == "flat" else said


def _config(entity: Entity, deployment: str, message: str) -> Json:
    state = {"deployment": deployment, "deployment_state_message": message}
    served: Json = {
        "name": entity.served_name,
        "entity_name": entity.entity_name,
        "entity_version": entity.entity_version or "1",
        "creation_timestamp": entity.creation_timestamp,
        "creator": entity.creator,
        "state": state if message else {"deployment": deployment},
        **(entity.options or {}),
    }
    route = {"served_model_name": entity.served_name, "traffic_percentage": 100}
    return {
        "served_entities": [served],
        "served_models": [
            {
                **{k: v for k, v in served.items() if k not in ("entity_name", "entity_version")},
                "model_name": served["entity_name"],
                "model_version": served["entity_version"],
            }
        ],
        "traffic_config": {"routes": [route]},
        "config_version": entity.config_version,
        "output": entity.output,
    }
