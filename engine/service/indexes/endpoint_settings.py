"""What can be set of an endpoint: its type, target, policy and tags. Knows forms; not files."""

from __future__ import annotations

from typing import Any

from engine.errors import InvalidParameterValue
from engine.store.endpoint_files import ENDPOINT_TYPES

_NO_TARGET = -1  # the API's word for "no target any more"


def check_endpoint_type(endpoint_type: str) -> str:
    """STANDARD or STORAGE_OPTIMIZED. Raises InvalidParameterValue for anything else."""
    if endpoint_type not in ENDPOINT_TYPES:
        raise InvalidParameterValue(
            f"endpoint_type is {endpoint_type!r}; expected {' or '.join(ENDPOINT_TYPES)}."
        )
    return endpoint_type


def one_policy(budget_policy_id: str | None, usage_policy_id: str | None) -> dict[str, str]:
    """The policy of a new endpoint as its file keeps it; empty where none was given.

    Raises:
        InvalidParameterValue: both were given.
    """
    if budget_policy_id and usage_policy_id:
        raise InvalidParameterValue(
            "budget_policy_id and usage_policy_id were both given; give usage_policy_id alone."
        )
    chosen = usage_policy_id or budget_policy_id
    return _policy(chosen) if chosen else {}


def new_policy(budget_policy_id: object) -> dict[str, str]:
    """The policy that replaces another; raises InvalidParameterValue for an empty one."""
    if not isinstance(budget_policy_id, str) or not budget_policy_id:
        raise InvalidParameterValue(
            f"budget_policy_id is {budget_policy_id!r}; expected the policy's id as text."
        )
    return _policy(budget_policy_id)


def _policy(policy: str) -> dict[str, str]:
    return {"budget_policy_id": policy, "effective_budget_policy_id": policy}


def set_target_qps(facts: dict[str, Any], target_qps: object) -> None:
    """Keep among an endpoint's facts how many queries a second are wanted.

    Raises:
        InvalidParameterValue: no positive integer, or the endpoint is STORAGE_OPTIMIZED.
    """
    if isinstance(target_qps, bool) or not isinstance(target_qps, int) or target_qps < 1:
        raise InvalidParameterValue(f"target_qps is {target_qps!r}; expected a positive integer.")
    if facts["endpoint_type"] == "STORAGE_OPTIMIZED":
        raise InvalidParameterValue(
            f"Endpoint {facts['name']} is STORAGE_OPTIMIZED; only STANDARD endpoints take target_qps."
        )
    facts["target_qps"] = target_qps


def change_target_qps(facts: dict[str, Any], target_qps: object) -> None:
    """As `set_target_qps`; -1 takes the target back."""
    if target_qps == _NO_TARGET:
        facts.pop("target_qps", None)
    else:
        set_target_qps(facts, target_qps)


def checked_tags(given: object) -> list[dict[str, str]]:
    """Tags as the API keeps them; a tag without value has an empty one.

    Raises:
        InvalidParameterValue: no list of `{"key": text, "value": text}`, or a key twice.
    """
    if not isinstance(given, (list, tuple)):
        raise InvalidParameterValue(f"custom_tags is {given!r:.80}; expected a list of tags.")
    tags = []
    for tag in given:
        key = tag.get("key") if isinstance(tag, dict) else None
        value = (tag.get("value") or "") if isinstance(tag, dict) else None
        if not isinstance(key, str) or not key or not isinstance(value, str):
            raise InvalidParameterValue(
                f'custom_tags has {tag!r:.80}; expected {{"key": text, "value": text}}.'
            )
        tags.append({"key": key, "value": value})
    keys = [tag["key"] for tag in tags]
    if len(set(keys)) < len(keys):
        raise InvalidParameterValue(f"custom_tags has a key twice: {', '.join(keys)}.")
    return tags
