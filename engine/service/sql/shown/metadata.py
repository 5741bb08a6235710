"""All that is told of one table at once: as JSON, and as the text of SHOW TABLE EXTENDED.

Knows the cloud's words; not where facts are kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

# Types whose names in the JSON are others than in Spark's own.
_NAMES = {
    "integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint",
    "timestamp": "timestamp_ltz",
}  # fmt: skip


def as_json(
    shown: Mapping[str, Any], layout: Mapping[str, Sequence[str]], place: str | None
) -> str:
    """What DESCRIBE ... AS JSON answers of a table, a view or an index; what isn't known is left out.

    Args:
        shown: as Unity Catalog shows it.
        layout: columns by what they are, `partition_columns` and `clustering_columns`.
        place: where it lies; None where it has no files.
    """
    view = {
        "view_text": shown.get("view_definition"),
        "view_original_text": shown.get("view_definition"),
        "view_query_output_columns": [one["name"] for one in shown["columns"]],
    }
    facts = {
        "table_name": shown["name"],
        "catalog_name": shown["catalog_name"],
        "schema_name": shown["schema_name"],
        "namespace": [shown["schema_name"]],
        "type": shown["table_type"],
        "provider": None if place is None else "delta",
        "columns": [_column(one) for one in shown["columns"]],
        **{key: list(columns) for key, columns in layout.items() if columns},
        "location": place,
        **(view if "view_definition" in shown else {}),
        "comment": shown.get("comment"),
        "table_properties": dict(sorted(shown.get("properties", {}).items())) or None,
        "owner": shown["owner"],
        "created_time": _iso(shown.get("created_at")),
        "created_by": shown.get("created_by"),
        "last_access": "UNKNOWN",
    }
    return json.dumps({key: one for key, one in facts.items() if one is not None})


def _column(one: Mapping[str, Any]) -> dict[str, Any]:
    facts = {
        "name": one["name"],
        "type": _type(json.loads(one["type_json"])["type"]),
        "comment": one.get("comment"),
        "nullable": one.get("nullable", True),
    }
    return {key: fact for key, fact in facts.items() if fact is not None}


def _type(said: str | Mapping[str, Any]) -> dict[str, Any]:
    """A type of Spark's JSON in that of DESCRIBE."""
    if isinstance(said, str):
        if said.startswith("decimal("):
            precision, scale = said.removeprefix("decimal(").removesuffix(")").split(",")
            return {"name": "decimal", "precision": int(precision), "scale": int(scale)}
        return {"name": _NAMES.get(said, said)}
    if said["type"] == "array":
        inner, nulls = _type(said["elementType"]), said["containsNull"]
        return {"name": "array", "element_type": inner, "element_nullable": nulls}
    if said["type"] == "map":
        return {
            "name": "map",
            "key_type": _type(said["keyType"]),
            "value_type": _type(said["valueType"]),
            "value_nullable": said["valueContainsNull"],
        }
    fields = [
        {"name": one["name"], "type": _type(one["type"]), "nullable": one["nullable"]}
        for one in said["fields"]
    ]
    return {"name": "struct", "fields": fields}


def _iso(ms: int | None) -> str | None:
    if ms is None:
        return None
    return datetime.fromtimestamp(ms // 1000, tz=timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def information(facts: Mapping[str, str], columns: Sequence[Mapping[str, Any]]) -> str:
    """The text of SHOW TABLE EXTENDED: facts a line each, and the columns as Spark draws them."""
    lines = [f"{key}: {text}" for key, text in facts.items() if text]
    tree = ["Schema: root", *_branches([json.loads(one["type_json"]) for one in columns], " |")]
    return "\n".join([*lines, *tree]) + "\n\n"


def _branches(fields: Sequence[Mapping[str, Any]], stem: str) -> list[str]:
    """Lines of columns or fields, and those within them deeper."""
    lines = []
    for one in fields:
        kind, null = one["type"], str(one["nullable"]).lower()
        name = kind if isinstance(kind, str) else kind["type"]
        lines.append(f"{stem}-- {one['name']}: {name} (nullable = {null})")
        lines += _inside(kind, f"{stem}    |")
    return lines


def _inside(kind: str | Mapping[str, Any], stem: str) -> list[str]:
    if isinstance(kind, str):
        return []
    if kind["type"] == "struct":
        return _branches(kind["fields"], stem)
    parts = (
        [("element", kind["elementType"], f" (containsNull = {_said(kind['containsNull'])})")]
        if kind["type"] == "array"
        else [
            ("key", kind["keyType"], ""),
            (
                "value",
                kind["valueType"],
                f" (valueContainsNull = {_said(kind['valueContainsNull'])})",
            ),
        ]
    )
    lines = []
    for name, inner, null in parts:
        word = inner if isinstance(inner, str) else inner["type"]
        lines.append(f"{stem}-- {name}: {word}{null}")
        lines += _inside(inner, f"{stem}    |")
    return lines


def _said(truth: bool) -> str:
    return str(truth).lower()
