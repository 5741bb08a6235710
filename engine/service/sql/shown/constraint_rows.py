"""Keys of tables as an information schema tells of them. Knows the cloud's columns; not files.

Of a foreign key, `constraint_column_usage` and `constraint_table_usage` name what it refers to.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from engine.errors import VitrineError

Row = Mapping[str, Any]
Keys = Callable[[str], Sequence[Mapping[str, Any]]]  # the constraints of a table, by its full name
_TYPES = {"primary_key_constraint": "PRIMARY KEY", "foreign_key_constraint": "FOREIGN KEY"}

_CONSTRAINT = ("constraint_catalog", "constraint_schema", "constraint_name")
_TABLE = ("table_catalog", "table_schema", "table_name")
COLUMNS: dict[str, tuple[str, ...]] = {
    "table_constraints": (
        *_CONSTRAINT, *_TABLE, "constraint_type", "is_deferrable", "initially_deferred", "enforced",
        "comment",
    ),
    "key_column_usage": (
        *_CONSTRAINT, *_TABLE, "column_name", "ordinal_position", "position_in_unique_constraint",
    ),
    "referential_constraints": (
        *_CONSTRAINT, "unique_constraint_catalog", "unique_constraint_schema",
        "unique_constraint_name", "match_option", "update_rule", "delete_rule",
    ),
    "constraint_column_usage": (*_TABLE, "column_name", *_CONSTRAINT),
    "constraint_table_usage": (*_TABLE, *_CONSTRAINT),
    "check_constraints": (*_CONSTRAINT, "check_clause"),
}  # fmt: skip


def constraint_rows(kind: str, tables: Iterable[str], keys: Keys) -> Iterator[Row]:
    """The rows of one of these relations.

    Args:
        tables: full names of those that it tells of; one whose constraints can't be read has none.
    """
    tell = _TOLD.get(kind)
    for table in tables if tell is not None else ():
        with contextlib.suppress(VitrineError):
            for one in keys(table):
                for key, said in one.items():
                    if key in _TYPES and tell is not None:
                        yield from tell(table, _TYPES[key], said, keys)


def _of_constraint(table: str, said: Row) -> dict[str, Any]:
    catalog, schema, _ = table.split(".")
    return dict(zip(_CONSTRAINT, (catalog, schema, said["name"])))


def _of_table(table: str) -> dict[str, Any]:
    return dict(zip(_TABLE, table.split(".")))


def _constraints(table: str, kind: str, said: Row, keys: Keys) -> Iterator[Row]:
    yield {
        **_of_constraint(table, said),
        **_of_table(table),
        "constraint_type": kind,
        "is_deferrable": "YES",
        "initially_deferred": "NO",
        "enforced": "NO",
    }


def _columns_of_keys(table: str, kind: str, said: Row, keys: Keys) -> Iterator[Row]:
    primary = _primary(said["parent_table"], keys) if kind == "FOREIGN KEY" else {}
    unique = list(primary.get("child_columns", ()))
    for place, column in enumerate(said["child_columns"]):
        parent = said["parent_columns"][place] if kind == "FOREIGN KEY" else None
        yield {
            **_of_constraint(table, said),
            **_of_table(table),
            "column_name": column,
            "ordinal_position": place + 1,
            "position_in_unique_constraint": unique.index(parent) + 1 if parent in unique else None,
        }


def _references(table: str, kind: str, said: Row, keys: Keys) -> Iterator[Row]:
    if kind != "FOREIGN KEY":
        return
    catalog, schema, _ = said["parent_table"].split(".")
    yield {
        **_of_constraint(table, said),
        "unique_constraint_catalog": catalog,
        "unique_constraint_schema": schema,
        "unique_constraint_name": _primary(said["parent_table"], keys).get("name"),
        "match_option": "FULL",
        "update_rule": "NO ACTION",
        "delete_rule": "NO ACTION",
    }


def _used_columns(table: str, kind: str, said: Row, keys: Keys) -> Iterator[Row]:
    columns = said.get("parent_columns", said["child_columns"])
    for column in columns:
        for row in _used_tables(table, kind, said, keys):
            yield {**row, "column_name": column}


def _used_tables(table: str, kind: str, said: Row, keys: Keys) -> Iterator[Row]:
    yield {**_of_table(said.get("parent_table", table)), **_of_constraint(table, said)}


def _primary(table: str, keys: Keys) -> Row:
    """The primary key of a table; nothing where it has none."""
    found = (one.get("primary_key_constraint") for one in keys(table))
    return next((one for one in found if one is not None), {})


_TOLD: dict[str, Callable[[str, str, Row, Keys], Iterator[Row]]] = {
    "table_constraints": _constraints,
    "key_column_usage": _columns_of_keys,
    "referential_constraints": _references,
    "constraint_column_usage": _used_columns,
    "constraint_table_usage": _used_tables,
}
