"""Tables, endpoints and indexes as the manifest and the script say them. Knows words; not files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.core.schema import IndexSpec
from engine.service.catalogs.changes.tags import TagsKept
from engine.service.catalogs.columns import rules_of
from engine.service.indexes.descriptions import describe


def described_table(
    known: Mapping[str, Any], tags: TagsKept, folder: str, rows: int
) -> dict[str, Any]:
    """A table by what Unity Catalog knows of it.

    Args:
        known: as `Tables.get` gives it. tags: its own and those of its columns.
        folder: of its Delta table, in the export.
    """
    keys = _constraints(known, "primary_key_constraint")
    return {
        "name": known["full_name"],
        "folder": folder,
        "rows": rows,
        "comment": known.get("comment"),
        "properties": dict(known.get("properties", {})),
        "primary_key": {"name": keys[0]["name"], "columns": list(keys[0]["child_columns"])}
        if keys
        else None,
        "foreign_keys": [
            {
                "name": one["name"],
                "columns": list(one["child_columns"]),
                "parent_table": one["parent_table"],
                "parent_columns": list(one["parent_columns"]),
            }
            for one in _constraints(known, "foreign_key_constraint")
        ],
        "tags": dict(tags.own),
        "columns": [_column(one, tags.columns.get(one["name"], {})) for one in known["columns"]],
    }


def _column(known: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": known["name"],
        "type": known["type_text"],
        "nullable": known["nullable"],
        "comment": known.get("comment"),
        **rules_of(known),
        "tags": dict(tags),
    }


def _constraints(known: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    return [one[kind] for one in known.get("table_constraints", ()) if kind in one]


def described_endpoint(known: Mapping[str, Any]) -> dict[str, Any]:
    """A vector search endpoint: what a call can make. Policies and rights are the account's own."""
    return {
        "name": known["name"],
        "endpoint_type": known["endpoint_type"],
        "target_qps": known.get("scaling_info", {}).get("requested_target_qps"),
        "custom_tags": list(known.get("custom_tags", ())),
    }


def described_index(spec: IndexSpec, folder: str | None = None, rows: int = 0) -> dict[str, Any]:
    """An index in the API's own words.

    Args:
        folder: of the Delta table with a direct access index's rows, in the export.
    """
    shown = describe(spec, None, None)
    made = {
        "name": spec.name,
        "endpoint_name": spec.endpoint_name,
        "primary_key": spec.primary_key,
        "index_type": shown["index_type"],
        "index_subtype": spec.index_subtype if spec.index_subtype == "FULL_TEXT" else None,
    }
    if spec.is_direct_access:
        direct = shown["direct_access_index_spec"]
        return {**made, "direct_access_index_spec": direct, "folder": folder, "rows": rows}
    synced = {
        key: value for key, value in shown["delta_sync_index_spec"].items() if key != "pipeline_id"
    }
    return {**made, "delta_sync_index_spec": synced}


def serving_endpoints(specs: Iterable[IndexSpec]) -> list[str]:
    """Names of the model serving endpoints that indexes use, sorted."""
    names = {name for one in specs for name in (one.model_endpoint, one.query_model_endpoint)}
    return sorted(name for name in names if name is not None)
