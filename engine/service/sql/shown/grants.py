"""Grants as SHOW GRANTS and information schemas tell of them. Knows the cloud's columns; not files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from engine.service.catalogs.changes.grants import Grant, Grants
from engine.service.sql.language.forms.grants import OfGrants
from engine.service.sql.shown.rows import texts

_SHOWN = ("principal", "actionType", "objectType", "objectKey")
# Relations of an information schema: what they tell of, and the columns of its name.
_RELATIONS: dict[str, tuple[str, ...]] = {
    "catalog_privileges": ("catalog_name",),
    "schema_privileges": ("catalog_name", "schema_name"),
    "table_privileges": ("table_catalog", "table_schema", "table_name"),
    "volume_privileges": ("volume_catalog", "volume_schema", "volume_name"),
    "routine_privileges": ("routine_catalog", "routine_schema", "routine_name"),
}
_SPECIFIC = ("specific_catalog", "specific_schema", "specific_name")


def grant_rows(asked: OfGrants, found: Sequence[Grant]) -> pa.Table:
    """What SHOW GRANTS answers; nothing for GRANT and REVOKE."""
    if asked.action != "SHOW":
        return pa.table({})
    return texts(
        list(_SHOWN), [(one.principal, one.privilege, one.kind, one.name) for one in found]
    )


def tells_of_grants(relation: str) -> bool:
    """Whether a relation of an information schema tells of grants."""
    return relation in _RELATIONS


def privilege_rows(
    relation: str, things: Iterable[tuple[str, Mapping[str, Any]]], grants: Grants
) -> Iterator[Mapping[str, Any]]:
    """The rows of one of these relations.

    Args:
        things: the kind of each thing that it tells of, and the thing as Unity Catalog shows it.
    """
    columns = _RELATIONS[relation]
    for kind, shown in things:
        name = shown["full_name"] if len(columns) > 1 else shown["name"]
        named = dict(zip(columns, name.split(".")))
        if relation == "routine_privileges":
            named |= dict(zip(_SPECIFIC, name.split(".")))
        for one in grants.affecting(kind, name):
            yield {
                **named,
                "grantor": shown.get("owner"),
                "grantee": one.principal,
                "privilege_type": one.privilege.replace(" ", "_"),
                "is_grantable": "NO",
                "inherited_from": "NONE" if one.name == name else one.kind,
            }
