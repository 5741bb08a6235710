"""Columns as Unity Catalog describes them, both ways. Knows types; not tables.

Truth: the columns that the cloud's clients send and read: `type_text` is SQL's spelling, `type_json`
Spark's description of the field.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from engine.core.schema import IndexSpec
from engine.core.types import catalog_type, parse_sql_type, spark_type, widest_type
from engine.core.values import shown
from engine.errors import InvalidParameterValue, NotSupported
from engine.service.indexes.direct_access import check_type
from engine.store.indexes.versions import Version

ColumnFacts = dict[str, dict[str, Any]]
# Keys of a column's facts beside its comment: texts of expressions, and what an identity begins with.
DEFAULT, GENERATED, IDENTITY = "default", "generated", "identity"
CHECK = "delta.constraints."  # before the name of a CHECK constraint: the property of its table


def checks_of(properties: Mapping[str, str]) -> dict[str, str]:
    """The conditions of a table's CHECK constraints, by their names in small letters."""
    return {
        key[len(CHECK) :].lower(): text
        for key, text in properties.items()
        if key.lower().startswith(CHECK)
    }


def column_facts(columns: Sequence[Mapping[str, Any]]) -> ColumnFacts:
    """What the files of a new table don't keep of its columns, by name: comments, and NOT NULL."""
    found: ColumnFacts = {}
    for column in columns:
        facts: dict[str, Any] = {"nullable": False} if column.get("nullable") is False else {}
        if column.get("comment"):
            facts["comment"] = column["comment"]
        if facts:
            found[column["name"]] = facts
    return found


def described_columns(
    fields: Iterable[pa.Field], facts: ColumnFacts | None = None
) -> list[dict[str, Any]]:
    """The columns of a table, in order.

    Args:
        facts: as `column_facts` gave them when the table was made.
    """
    known = facts or {}
    return [_described(i, field, known.get(field.name, {})) for i, field in enumerate(fields)]


def _described(place: int, field: pa.Field, facts: Mapping[str, Any]) -> dict[str, Any]:
    type_name, text = catalog_type(field.type)
    nullable = facts.get("nullable", field.nullable)
    comment = {"comment": facts["comment"]} if "comment" in facts else {}
    described = {
        "name": field.name,
        "type": spark_type(field.type),
        "nullable": nullable,
        "metadata": {**comment, **_rules(facts)},
    }
    is_decimal = pa.types.is_decimal(field.type)
    return {
        "name": field.name,
        "type_text": text,
        "type_json": json.dumps(described, separators=(",", ":")),
        "type_name": type_name,
        "type_precision": field.type.precision if is_decimal else 0,
        "type_scale": field.type.scale if is_decimal else 0,
        "position": place,
        "nullable": nullable,
        **comment,
    }


def _rules(facts: Mapping[str, Any]) -> dict[str, Any]:
    """A column's default, generating expression and identity, as Delta's metadata calls them."""
    told = {_METADATA[key]: facts[key] for key in _METADATA if key in facts}
    identity = facts.get(IDENTITY)
    if identity is not None:
        told["delta.identity.start"] = identity["start"]
        told["delta.identity.step"] = identity["step"]
        told["delta.identity.allowExplicitInsert"] = identity["explicit"]
    return told


_METADATA = {DEFAULT: "CURRENT_DEFAULT", GENERATED: "delta.generationExpression"}


def rules_of(column: Mapping[str, Any]) -> dict[str, Any]:
    """A described column's default, generating expression and identity, by their keys in its facts."""
    said = json.loads(column["type_json"])["metadata"]
    found = {key: said[name] for key, name in _METADATA.items() if name in said}
    if "delta.identity.start" in said:
        parts = {"start": "start", "step": "step", "explicit": "allowExplicitInsert"}
        found[IDENTITY] = {key: said[f"delta.identity.{name}"] for key, name in parts.items()}
    return found


def arrow_schema(columns: Sequence[Mapping[str, Any]]) -> pa.Schema:
    """The columns of a new table.

    Args:
        columns: each with `name` and `type_text`, or `type_name` where that says it all; in the order
            of `position` where all have one.

    Raises:
        InvalidParameterValue: a column without name or type, a name twice.
        NotSupported: a type that a table here can't hold.
    """
    if all(isinstance(column.get("position"), int) for column in columns):
        columns = sorted(columns, key=lambda column: column["position"])
    fields = [_field(place, column) for place, column in enumerate(columns)]
    names = [field.name.lower() for field in fields]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidParameterValue(f"Column {twice!r:.80} is there twice; names ignore case.")
    return pa.schema(fields)


def _field(place: int, column: Mapping[str, Any]) -> pa.Field:
    name, text = column.get("name"), column.get("type_text") or column.get("type_name")
    if not isinstance(name, str) or not name:
        raise InvalidParameterValue(
            "Invalid input: RPC CreateTable Field managedcatalog.ColumnInfo.name: At columns."
            f'{place}: name "{"" if name is None else name}" is not a valid name'
        )
    if not isinstance(text, str):
        raise InvalidParameterValue(f"Column {name!r:.80} has no type_text; it is required.")
    kind = parse_sql_type(text)
    if kind is None:
        raise NotSupported(
            f"Column {name!r:.80} is of the type {shown(text)}, which tables here can't hold. Offered "
            "are numbers, decimals, strings, booleans, dates, timestamps, binary, and arrays of them."
        )
    return pa.field(name, kind, nullable=column.get("nullable") is not False)


def index_fields(spec: IndexSpec, version: Version | None) -> list[pa.Field]:
    """The columns of an index: those of its rows, and the vector.

    Types are those of the source table or the schema where they are known, else of what is stored.

    Args:
        version: the published one; None where the first sync failed, so that nobody knows.
    """
    if spec.is_direct_access:
        schema = spec.schema or {}
        return [pa.field(column, check_type(column, schema[column])[1]) for column in spec.columns]
    if version is None:
        return []
    stored = {f.name: f for part in version.parts[:1] for f in part.segment.metadata.schema}
    vector = pa.list_(pa.float32())
    out = []
    for column in version.columns.values():
        is_vector = column.name == spec.vector_column
        kind = vector if is_vector else widest_type(column.kind)
        out.append(stored.get(column.name, pa.field(column.name, kind)))
    return out
