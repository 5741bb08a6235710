"""Endpoints of a file, of vector search and of model serving: made, or changed where they can."""

from __future__ import annotations

from typing import Any

from engine.doors.rest.fields import Values
from engine.doors.seeding.file.resources import Resource
from engine.doors.seeding.setting import Setting
from engine.errors import ModelUnavailable, NotFound
from engine.service.indexes.endpoint_settings import check_endpoint_type

_NEW = ("endpoint_type", "budget_policy_id", "usage_policy_id", "target_qps")


def endpoint_problem(setting: Setting, resource: Resource) -> str | None:
    """Why an endpoint can't become what the file says; None where it can."""
    wanted = check_endpoint_type(resource.fields.get("endpoint_type", "STANDARD"))
    if not setting.workspace.endpoint_exists(resource.name):
        return None
    kind = setting.workspace.endpoints.type_of(resource.name)
    if kind != wanted:
        return (
            f"endpoint {resource.name} is {kind}, the file says {wanted}, and no endpoint changes its "
            "type. Give the other type, or another name; or delete it with its indexes: vitrine "
            f"endpoint delete {resource.name}"
        )
    return None


def carry_out_endpoint(setting: Setting, resource: Resource) -> tuple[str, str]:
    """Make or change a vector search endpoint; what was done, and what changed."""
    workspace, fields, name = setting.workspace, resource.fields, resource.name
    tags = fields.get("custom_tags")
    if not workspace.endpoint_exists(name):
        if not setting.dry_run:
            workspace.create_endpoint(name, **{key: fields[key] for key in _NEW if key in fields})
            if tags:
                workspace.update_endpoint_custom_tags(name, tags)
        return "create", fields.get("endpoint_type", "STANDARD").upper()
    found = workspace.get_endpoint(name)
    changes: dict[str, Any] = {}
    policy = fields.get("budget_policy_id", fields.get("usage_policy_id"))
    if policy not in (None, found.get("budget_policy_id")):
        changes["budget policy"] = lambda: workspace.update_endpoint_budget_policy(name, policy)
    if tags is not None and _plain(tags) != _plain(found.get("custom_tags", [])):
        changes["tags"] = lambda: workspace.update_endpoint_custom_tags(name, tags)
    target = fields.get("target_qps")
    if target not in (None, found.get("scaling_info", {}).get("requested_target_qps")):
        changes["target_qps"] = lambda: workspace.update_endpoint(name, target_qps=target)
    if not setting.dry_run:
        for change in changes.values():
            change()
    return ("change" if changes else "unchanged"), ", ".join(changes)


def _plain(tags: list[dict[str, str]]) -> list[tuple[str, str]]:
    return sorted((tag["key"], tag.get("value", "")) for tag in tags)


def carry_out_serving(setting: Setting, resource: Resource) -> tuple[str, str]:
    """Make a serving endpoint or put another entity behind it; what was done, and the entity.

    Raises:
        ModelUnavailable: the model could not be deployed. Otherwise as `ServingEndpoints.create`.
    """
    workspace, name = setting.workspace, resource.name
    config = resource.fields.get("config") or {"served_entities": [{"entity_name": "default"}]}
    wanted = _entity(config)
    found = _own(setting, name)
    if found is not None and wanted == {key: found.get(key) for key in wanted}:
        return "unchanged", str(wanted["entity_name"])
    if not setting.dry_run:
        if found is None:
            facts = {k: resource.fields[k] for k in ("description", "tags") if k in resource.fields}
            workspace.create_serving_endpoint(name, config=config, **facts)
        else:
            workspace.update_serving_endpoint(name, config)
        reached = workspace.wait_for_serving_endpoint(name)
        if reached["state"]["config_update"] == "UPDATE_FAILED":
            (entity,) = reached["pending_config"]["served_entities"]
            raise ModelUnavailable(entity["state"]["deployment_state_message"])
    return ("create" if found is None else "change"), str(wanted["entity_name"])


def _own(setting: Setting, name: str) -> Values | None:
    """What is behind an endpoint of the workspace's own; None where it has none of this name."""
    serving = setting.workspace.serving
    try:
        if serving.is_built_in(name):
            return None
        found = serving.get(name)
    except NotFound:
        return None
    config = found.get("config") or found["pending_config"]
    return {**config["served_entities"][0], "output": config.get("output", "vectors")}


def _entity(config: Values) -> Values:
    """What a configuration asks for, in the words that descriptions use."""
    entities = config.get("served_entities") or config.get("served_models") or [{}]
    first = entities[0]
    wanted = {"entity_name": first.get("entity_name", first.get("model_name"))}
    version = first.get("entity_version", first.get("model_version"))
    if version is not None:
        wanted["entity_version"] = str(version)
    return {**wanted, "output": config.get("output", "vectors")}
