"""What DESCRIBE says of a table, a view or an index beside its columns. Knows the cloud's words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import pyarrow as pa

from engine.errors import BadStatement
from engine.service.catalogs.columns import DEFAULT, rules_of
from engine.service.sql.shown.create_statements import key_clause
from engine.service.sql.shown.rows import texts


def facts_of(shown: Mapping[str, Any], place: str | None) -> dict[str, str]:
    """What is told of a table, a view or an index beside its columns."""
    facts = {
        "Catalog": shown["catalog_name"],
        "Database": shown["schema_name"],
        "Table": shown["name"],
        "Created Time": said_time(shown.get("created_at")),
        "Last Access": "UNKNOWN",
        "Created By": shown.get("created_by", ""),
        "Type": shown["table_type"],
        "Comment": shown.get("comment", ""),
        **({} if place is None else {"Location": place, "Provider": "delta"}),
        "Owner": shown["owner"],
        "Table Properties": pairs(shown.get("properties", {})),
    }
    if "view_definition" in shown:
        facts["View Text"] = shown["view_definition"]
    return facts


def keys_of(shown: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The primary and foreign keys of a table, without their kinds."""
    known = ("primary_key_constraint", "foreign_key_constraint")
    kept = shown.get("table_constraints", [])
    return [said for one in kept for kind, said in one.items() if kind in known]


def detailed(shown: Mapping[str, Any], place: str | None) -> list[tuple[str, str, str]]:
    """What DESCRIBE EXTENDED says of a table, a view or an index beside its columns."""
    rows = [
        ("# Detailed Table Information", "", ""),
        *((key, text, "") for key, text in facts_of(shown, place).items()),
    ]
    keys = [(key["name"], key_clause(key), "") for key in keys_of(shown)]
    rows += [("", "", ""), ("# Constraints", "", ""), *keys] if keys else []
    defaults = [
        (one["name"], one["type_text"], rules_of(one)[DEFAULT])
        for one in shown["columns"]
        if DEFAULT in rules_of(one)
    ]
    head = [("", "", ""), ("# Column Default Values", "", "")]
    return [*rows, *head, *defaults] if defaults else rows


def one_column(shown: Mapping[str, Any], column: str) -> pa.Table:
    """What DESCRIBE answers of one column. Raises BadStatement: the table has none of this name."""
    for one in shown["columns"]:
        if one["name"].lower() == column.lower():
            facts = (("col_name", "name"), ("data_type", "type_text"), ("comment", "comment"))
            rows = [(name, one.get(key) or "NULL") for name, key in facts]
            return texts(["info_name", "info_value"], rows)
    raise BadStatement(
        f"[UNRESOLVED_COLUMN] {column!r:.80} is no column of {shown['full_name']}, which has "
        f"{', '.join(one['name'] for one in shown['columns'])}."
    )


def pairs(properties: Mapping[str, str]) -> str:
    """Properties as DESCRIBE says them."""
    return f"[{','.join(f'{key}={value}' for key, value in sorted(properties.items()))}]"


def said_time(ms: int | None) -> str:
    """A time as DESCRIBE says it, of milliseconds."""
    return (
        "UNKNOWN"
        if ms is None
        else datetime.fromtimestamp(ms / 1000, tz=timezone.utc).strftime("%a %b %d %H:%M:%S UTC %Y")
    )
