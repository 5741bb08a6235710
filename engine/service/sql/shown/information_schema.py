"""`information_schema` of each catalog, and that of `system` over all: what there is, as relations.

Knows the cloud's columns; not SQL. What can't be read is told of as far as it can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import pyarrow as pa

from engine.core.names import ThreePartName
from engine.errors import NotFound
from engine.service.catalogs.columns import DEFAULT, rules_of
from engine.service.sql.shown.constraint_rows import COLUMNS as CONSTRAINTS
from engine.service.sql.shown.constraint_rows import constraint_rows
from engine.service.sql.shown.grants import privilege_rows, tells_of_grants
from engine.service.unity_catalog import UnityCatalog
from engine.store.securable_files import Tagged

SCHEMA = "information_schema"
SYSTEM = "system"  # the catalog whose information schema tells of all catalogs
Row = Mapping[str, Any]

_MADE = ("created", "created_by", "last_altered", "last_altered_by")
_TAG = ("tag_name", "tag_value")
_GRANT, _RIGHT = ("grantor", "grantee"), ("privilege_type", "is_grantable", "inherited_from")
_SPECIFIC = ("specific_catalog", "specific_schema", "specific_name")
_SIZES = (
    "character_maximum_length", "character_octet_length", "numeric_precision",
    "numeric_precision_radix", "numeric_scale", "datetime_precision", "interval_type",
    "interval_precision", "maximum_cardinality",
)  # fmt: skip
_COLUMNS: dict[str, tuple[str, ...]] = {
    "catalogs": ("catalog_name", "catalog_owner", "comment", *_MADE),
    "schemata": ("catalog_name", "schema_name", "schema_owner", "comment", *_MADE),
    "tables": (
        "table_catalog", "table_schema", "table_name", "table_type", "is_insertable_into",
        "commit_action", "table_owner", "comment", *_MADE, "data_source_format", "storage_path",
    ),
    "views": (
        "table_catalog", "table_schema", "table_name", "view_definition", "check_option",
        "is_updatable", "is_insertable_into", "is_materialized",
    ),
    "columns": (
        "table_catalog", "table_schema", "table_name", "column_name", "ordinal_position",
        "column_default", "is_nullable", "full_data_type", "data_type", *_SIZES, "is_identity",
        "identity_generation", "identity_start", "identity_increment", "identity_maximum",
        "identity_minimum", "identity_cycle", "is_generated", "generation_expression",
        "is_system_time_period_start", "is_system_time_period_end",
        "system_time_period_timestamp_generation", "is_updatable", "partition_ordinal_position",
        "comment",
    ),
    "routines": (
        *_SPECIFIC, "routine_catalog", "routine_schema", "routine_name", "routine_type", "data_type",
        "full_data_type", *_SIZES, "routine_body", "routine_definition", "external_name",
        "external_language", "parameter_style", "is_deterministic", "sql_data_access",
        "is_null_call", "sql_path", "security_type", "comment", *_MADE,
    ),
    "parameters": (
        *_SPECIFIC, "ordinal_position", "parameter_mode", "is_result", "parameter_name", "data_type",
        "full_data_type", *_SIZES, "parameter_default", "comment",
    ),
    "catalog_privileges": (*_GRANT, "catalog_name", *_RIGHT),
    "schema_privileges": (*_GRANT, "catalog_name", "schema_name", *_RIGHT),
    "table_privileges": (*_GRANT, "table_catalog", "table_schema", "table_name", *_RIGHT),
    "volume_privileges": (*_GRANT, "volume_catalog", "volume_schema", "volume_name", *_RIGHT),
    "routine_privileges": (
        *_GRANT, *_SPECIFIC, "routine_catalog", "routine_schema", "routine_name", *_RIGHT,
    ),
    "information_schema_catalog_name": ("catalog_name",),
    "volumes": (
        "volume_catalog", "volume_schema", "volume_name", "volume_type", "volume_owner", "comment",
        *_MADE, "storage_location",
    ),
    "catalog_tags": ("catalog_name", *_TAG),
    "schema_tags": ("catalog_name", "schema_name", *_TAG),
    "table_tags": ("catalog_name", "schema_name", "table_name", *_TAG),
    "column_tags": ("catalog_name", "schema_name", "table_name", "column_name", *_TAG),
    "volume_tags": ("catalog_name", "schema_name", "volume_name", *_TAG),
    **CONSTRAINTS,
}  # fmt: skip
_WHOLE = (
    "ordinal_position", "numeric_precision", "numeric_precision_radix", "numeric_scale",
    "datetime_precision", "character_maximum_length", "interval_precision", "maximum_cardinality",
    "partition_ordinal_position", "position_in_unique_constraint",
)  # fmt: skip
_TYPES = {
    **dict.fromkeys(_WHOLE, pa.int32()),
    "created": pa.timestamp("us", tz="UTC"), "last_altered": pa.timestamp("us", tz="UTC"),
}  # fmt: skip


class InformationSchema:
    """The relations of the information schemas of a workspace."""

    def __init__(self, unity_catalog: UnityCatalog) -> None:
        self._catalog = unity_catalog

    def has(self, name: ThreePartName) -> bool:
        """Whether a name is that of such a relation, of a catalog that is there."""
        known = name.schema.lower() == SCHEMA and name.name.lower() in _COLUMNS
        return known and bool(self._catalogs(name))

    def rows(self, name: ThreePartName) -> pa.Table:
        """The rows of such a relation, as everything is now."""
        kind = name.name.lower()
        columns = _COLUMNS[kind]
        schema = pa.schema([(one, _TYPES.get(one, pa.string())) for one in columns])
        found = [
            {**dict.fromkeys(columns), **row} for row in self._rows_of(kind, self._catalogs(name))
        ]
        return pa.Table.from_pylist(found, schema=schema)

    def _rows_of(self, kind: str, catalogs: Sequence[str]) -> Iterable[Row]:
        if kind in CONSTRAINTS:
            return self._keys(kind, catalogs)
        if tells_of_grants(kind):
            return privilege_rows(kind, self._granted(kind, catalogs), self._catalog.grants)
        return _ROWS[kind](self, catalogs) if kind in _ROWS else ()

    def _granted(self, relation: str, catalogs: Sequence[str]) -> Iterator[tuple[str, Row]]:
        """What a relation of privileges tells of: kinds, and things as Unity Catalog shows them."""
        kind = relation.partition("_")[0].upper().replace("ROUTINE", "FUNCTION")
        if kind == "CATALOG":
            things: Iterable[Row] = map(self._catalog.catalogs.get, catalogs)
        elif kind == "SCHEMA":
            things = map(self._catalog.schemas.get, self._schemas(catalogs))
        elif kind == "TABLE":
            things = self._tables(catalogs)
        else:
            things = self._volumes(catalogs) if kind == "VOLUME" else self._functions(catalogs)
        for one in things:
            yield "VIEW" if one.get("table_type") == "VIEW" else kind, one

    def _catalogs(self, name: ThreePartName) -> list[str]:
        known = self._catalog.catalogs.names()
        if name.catalog.lower() == SYSTEM:
            return known
        return [one for one in known if one.lower() == name.catalog.lower()]

    # ------------------------------------------------------------------ what there is
    def _schemas(self, catalogs: Iterable[str]) -> Iterator[str]:
        for catalog in catalogs:
            yield from self._catalog.schemas.names(catalog)

    def _tables(self, catalogs: Iterable[str]) -> Iterator[dict[str, Any]]:
        for schema in self._schemas(catalogs):
            names = self._catalog.tables.names_in(*schema.split("."))
            yield from self._catalog.tables.describe(names)

    def _volumes(self, catalogs: Iterable[str]) -> Iterator[dict[str, Any]]:
        for schema in self._schemas(catalogs):
            yield from self._catalog.volumes.in_schema(*schema.split("."))

    def _tags(self, kind: Tagged, name: str) -> Iterator[Row]:
        for tag, value in sorted(self._catalog.tags.of(kind, name).own.items()):
            yield {"tag_name": tag, "tag_value": value}

    # ------------------------------------------------------------------ as rows
    def catalogs(self, catalogs: Sequence[str]) -> Iterator[Row]:
        for shown in self._catalog.catalogs.describe(catalogs):
            yield {"catalog_name": shown["name"], **_said(shown, "catalog_owner")}

    def schemata(self, catalogs: Sequence[str]) -> Iterator[Row]:
        for shown in self._catalog.schemas.describe(list(self._schemas(catalogs))):
            yield {
                "catalog_name": shown["catalog_name"],
                "schema_name": shown["name"],
                **_said(shown, "schema_owner"),
            }

    def tables(self, catalogs: Sequence[str]) -> Iterator[Row]:
        for shown in self._tables(catalogs):
            is_own = shown["table_type"] == "MANAGED"
            yield {
                **_named(shown, "table"),
                "table_type": shown["table_type"],
                "is_insertable_into": "YES" if is_own else "NO",
                "commit_action": "PRESERVE",
                "data_source_format": shown.get("data_source_format"),
                "storage_path": shown.get("storage_location"),
                **_said(shown, "table_owner"),
            }

    def views(self, catalogs: Sequence[str]) -> Iterator[Row]:
        for shown in self._tables(catalogs):
            if "view_definition" in shown:
                yield {
                    **_named(shown, "table"),
                    "view_definition": shown["view_definition"],
                    "check_option": "NONE",
                    "is_updatable": "NO",
                    "is_insertable_into": "NO",
                    "is_materialized": "NO",
                }

    def columns(self, catalogs: Sequence[str]) -> Iterator[Row]:
        for shown in self._tables(catalogs):
            for one in shown["columns"]:
                yield {
                    **_named(shown, "table"),
                    "column_name": one["name"],
                    "ordinal_position": one["position"] + 1,
                    "column_default": rules_of(one).get(DEFAULT),
                    "is_nullable": "YES" if one["nullable"] else "NO",
                    "full_data_type": one["type_text"],
                    "data_type": one["type_name"],
                    **_sizes(one),
                    **_RESERVED,
                    "comment": one.get("comment"),
                }

    def volumes(self, catalogs: Sequence[str]) -> Iterator[Row]:
        for shown in self._volumes(catalogs):
            yield {
                **_named(shown, "volume"),
                "volume_type": shown.get("volume_type"),
                "storage_location": shown.get("storage_location"),
                **_said(shown, "volume_owner"),
            }

    def catalog_tags(self, catalogs: Sequence[str]) -> Iterator[Row]:
        for catalog in catalogs:
            for tag in self._tags("catalogs", catalog):
                yield {"catalog_name": catalog, **tag}

    def schema_tags(self, catalogs: Sequence[str]) -> Iterator[Row]:
        for name in self._schemas(catalogs):
            catalog, _, schema = name.partition(".")
            for tag in self._tags("schemas", name):
                yield {"catalog_name": catalog, "schema_name": schema, **tag}

    def table_tags(self, catalogs: Sequence[str]) -> Iterator[Row]:
        for shown in self._tables(catalogs):
            for tag in self._tags("tables", shown["full_name"]):
                yield {**_tagged(shown, "table"), **tag}

    def column_tags(self, catalogs: Sequence[str]) -> Iterator[Row]:
        for shown in self._tables(catalogs):
            kept = self._catalog.tags.of("tables", shown["full_name"]).columns
            for column in (one["name"] for one in shown["columns"]):
                for tag, value in sorted(kept.get(column, {}).items()):
                    said = {"column_name": column, "tag_name": tag, "tag_value": value}
                    yield {**_tagged(shown, "table"), **said}

    def volume_tags(self, catalogs: Sequence[str]) -> Iterator[Row]:
        for shown in self._volumes(catalogs):
            for tag in self._tags("volumes", shown["full_name"]):
                yield {**_tagged(shown, "volume"), **tag}

    def routines(self, catalogs: Sequence[str]) -> Iterator[Row]:
        for shown in self._functions(catalogs):
            is_sql = shown.get("routine_body", "SQL") == "SQL"
            yield {
                **_specific(shown),
                **_named(shown, "routine"),
                "routine_type": "FUNCTION",
                "data_type": shown.get("data_type"),
                "full_data_type": shown.get("full_data_type"),
                "routine_body": shown.get("routine_body"),
                "routine_definition": shown.get("routine_definition"),
                "external_language": None if is_sql else shown.get("external_language"),
                "parameter_style": "SQL",
                "is_deterministic": "YES" if shown.get("is_deterministic") else "NO",
                "sql_data_access": shown.get("sql_data_access"),
                "is_null_call": "YES" if shown.get("is_null_call") else "NO",
                "security_type": shown.get("security_type"),
                **_said(shown, "routine_owner"),
            }

    def parameters(self, catalogs: Sequence[str]) -> Iterator[Row]:
        for shown in self._functions(catalogs):
            given = (shown.get("input_params") or {}).get("parameters") or ()
            for place, one in enumerate(given):
                yield {
                    **_specific(shown),
                    "ordinal_position": one.get("position", place) + 1,
                    "parameter_mode": "IN",
                    "is_result": "NO",
                    "parameter_name": one.get("name"),
                    "data_type": one.get("type_name"),
                    "full_data_type": one.get("type_text"),
                    "parameter_default": one.get("parameter_default"),
                    "comment": one.get("comment"),
                }

    def information_schema_catalog_name(self, catalogs: Sequence[str]) -> Iterator[Row]:
        for catalog in catalogs:
            yield {"catalog_name": catalog}

    def _functions(self, catalogs: Iterable[str]) -> Iterator[dict[str, Any]]:
        for schema in self._schemas(catalogs):
            names = self._catalog.functions.names(*schema.split("."))
            yield from self._catalog.functions.describe(names)

    def _keys(self, kind: str, catalogs: Sequence[str]) -> Iterator[Row]:
        tables = (
            name
            for schema in self._schemas(catalogs)
            for name in self._catalog.tables.names_in(*schema.split("."))
        )
        return constraint_rows(kind, tables, self._catalog.constraints.of)


_ROWS: dict[str, Callable[[InformationSchema, Sequence[str]], Iterator[Row]]] = {
    name: getattr(InformationSchema, name) for name in _COLUMNS if hasattr(InformationSchema, name)
}


def missing(name: ThreePartName) -> NotFound:
    """What to raise for a relation that no information schema has here."""
    return NotFound(
        f"[TABLE_OR_VIEW_NOT_FOUND] The table or view `{name.catalog}`.`{name.schema}`.`{name.name}` "
        f"cannot be found. An information schema has here {', '.join(sorted(_COLUMNS))}."
    )


def _named(shown: Row, what: str) -> dict[str, Any]:
    return {
        f"{what}_catalog": shown["catalog_name"],
        f"{what}_schema": shown["schema_name"],
        f"{what}_name": shown["name"],
    }


def _specific(shown: Row) -> dict[str, Any]:
    return dict(zip(_SPECIFIC, (shown["catalog_name"], shown["schema_name"], shown["name"])))


# What the cloud says of every column.
_RESERVED = {
    "is_identity": "NO", "is_generated": "NEVER", "is_system_time_period_start": "NO",
    "is_system_time_period_end": "NO", "is_updatable": "YES",
}  # fmt: skip
_BITS = {"BYTE": 8, "SHORT": 16, "INT": 32, "LONG": 64, "FLOAT": 32, "DOUBLE": 64}
_CLOCKS = {"DATE": 0, "TIMESTAMP": 3, "TIMESTAMP_NTZ": 3}  # digits of a second


def _sizes(column: Row) -> dict[str, int]:
    """How much values of a column's type hold."""
    kind = column["type_name"]
    if kind == "DECIMAL":
        return {
            "numeric_precision": column["type_precision"],
            "numeric_precision_radix": 10,
            "numeric_scale": column["type_scale"],
        }
    if kind in _CLOCKS:
        return {"datetime_precision": _CLOCKS[kind]}
    if kind not in _BITS:
        return {}
    scale = {} if kind in ("FLOAT", "DOUBLE") else {"numeric_scale": 0}
    return {"numeric_precision": _BITS[kind], "numeric_precision_radix": 2, **scale}


def _tagged(shown: Row, what: str) -> dict[str, Any]:
    return {
        "catalog_name": shown["catalog_name"],
        "schema_name": shown["schema_name"],
        f"{what}_name": shown["name"],
    }


def _said(shown: Row, owner: str) -> dict[str, Any]:
    """Owner, comment and times of a thing."""
    return {
        owner: shown.get("owner"),
        "comment": shown.get("comment") or None,
        "created": _time(shown.get("created_at")),
        "created_by": shown.get("created_by"),
        "last_altered": _time(shown.get("updated_at")),
        "last_altered_by": shown.get("updated_by"),
    }


def _time(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, tz=timezone.utc)
