"""Permissions of an endpoint in the API's forms. Knows words; not files, and enforces nothing.

Everybody who can read the workspace's folder may do everything; what is set here is kept and shown, so
that programs which set permissions run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.errors import InvalidParameterValue

LEVELS = {
    "CAN_USE": "Can query the endpoint's indexes and create indexes on it",
    "CAN_MANAGE": "Can use, change, share and delete the endpoint",
    "CAN_CREATE": "Can create endpoints",
}
PRINCIPALS = ("user_name", "group_name", "service_principal_name")


def parsed(requests: object) -> list[dict[str, str]]:
    """An `access_control_list` as it is kept: one principal and its level each.

    Raises:
        InvalidParameterValue: not a list of such entries; shows the entry.
    """
    if requests is None:
        return []
    if not isinstance(requests, (list, tuple)):
        raise InvalidParameterValue(f"access_control_list is {requests!r:.80}; expected a list.")
    out = []
    for entry in requests:
        given = [name for name in PRINCIPALS if isinstance(entry, dict) and entry.get(name)]
        level = entry.get("permission_level") if isinstance(entry, dict) else None
        if len(given) != 1 or level not in LEVELS:
            raise InvalidParameterValue(
                f"access_control_list has {entry!r:.120}; expected one of {', '.join(PRINCIPALS)} "
                f"and a permission_level, one of {', '.join(LEVELS)}."
            )
        out.append({given[0]: str(entry[given[0]]), "permission_level": level})
    return out


def merged(
    before: Sequence[dict[str, str]], granted: Sequence[dict[str, str]]
) -> list[dict[str, str]]:
    """Permissions after some were granted; of a principal the last level counts."""
    by_principal = {_principal(entry): entry for entry in [*before, *granted]}
    return list(by_principal.values())


def _principal(entry: dict[str, str]) -> tuple[str, str]:
    return next((name, entry[name]) for name in PRINCIPALS if name in entry)


def granted(facts: dict[str, Any]) -> list[dict[str, str]]:
    """The permissions in an endpoint's file; until some are set, its creator manages it."""
    creator = {"user_name": facts["creator"], "permission_level": "CAN_MANAGE"}
    kept: list[dict[str, str]] = facts.get("access_control_list", [creator])
    return kept


def shown(facts: dict[str, Any]) -> dict[str, Any]:
    """The API's reply about an endpoint's permissions."""
    entries = []
    for entry in granted(facts):
        name, principal = _principal(entry)
        level = {"permission_level": entry["permission_level"], "inherited": False}
        entries.append({name: principal, "display_name": principal, "all_permissions": [level]})
    return {
        "object_id": f"/vector-search-endpoints/{facts['id']}",
        "object_type": "vector-search-endpoints",
        "access_control_list": entries,
    }


def levels() -> dict[str, Any]:
    """The API's reply about the levels that can be given."""
    return {
        "permission_levels": [
            {"permission_level": level, "description": text} for level, text in LEVELS.items()
        ]
    }
