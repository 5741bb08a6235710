"""SHOW CREATE TABLE: the statement that makes a table or a view as it is. Knows the cloud's words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from engine.core.names import quoted_name, quoted_text
from engine.core.types import catalog_type, is_list
from engine.service.catalogs.columns import DEFAULT, GENERATED, IDENTITY, rules_of


def create_table(
    shown: Mapping[str, Any],
    schema: pa.Schema,
    layout: Mapping[str, Sequence[str]],
    keys: Sequence[Mapping[str, Any]],
) -> str:
    """The CREATE TABLE of a table.

    Args:
        shown: as Unity Catalog shows it. schema: its columns.
        layout: columns by the clause that names them, such as PARTITIONED BY.
        keys: its primary and foreign keys as they are kept, without their kinds.
    """
    types = {field.name: sql_type(field.type) for field in schema}
    lines = [_column(one, types[one["name"]]) for one in shown["columns"]]
    for key in keys:
        lines.append(f"CONSTRAINT {quoted_name(key['name'])} {key_clause(key)}")
    clauses = ["USING delta"]
    for clause, names in layout.items():
        if names:
            clauses.append(f"{clause} ({', '.join(map(_name, names))})")
    return "\n".join([f"CREATE TABLE {_full_name(shown)} (", ",\n".join(f"  {o}" for o in lines) + ")",
                      *clauses, *_said(shown)])  # fmt: skip


def key_clause(key: Mapping[str, Any]) -> str:
    """A primary or foreign key without its name, as a statement says it."""
    columns = _listed(key["child_columns"])
    if "parent_table" not in key:
        return f"PRIMARY KEY ({columns})"
    table = ".".join(map(quoted_name, key["parent_table"].split(".")))
    return f"FOREIGN KEY ({columns}) REFERENCES {table} ({_listed(key['parent_columns'])})"


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(map(quoted_name, columns))


def create_view(shown: Mapping[str, Any]) -> str:
    """The CREATE VIEW of a view."""
    lines = [f"  {_name(one['name'])}{_comment(one)}" for one in shown["columns"]]
    return "\n".join([f"CREATE VIEW {_full_name(shown)} (", ",\n".join(lines) + ")", *_said(shown),
                      f"AS {shown['view_definition']}"])  # fmt: skip


def _said(shown: Mapping[str, Any]) -> list[str]:
    """The comment and the properties."""
    out = [f"COMMENT {quoted_text(shown['comment'])}"] if shown.get("comment") else []
    pairs = sorted(shown.get("properties", {}).items())
    if pairs:
        listed = ",\n".join(f"  {quoted_text(key)} = {quoted_text(value)}" for key, value in pairs)
        out.append(f"TBLPROPERTIES (\n{listed})")
    return out


def _column(one: Mapping[str, Any], kind: str) -> str:
    null = "" if one.get("nullable", True) else " NOT NULL"
    return f"{_name(one['name'])} {kind}{null}{_rules(one)}{_comment(one)}"


def _rules(one: Mapping[str, Any]) -> str:
    """A column's default, or how its values are generated."""
    rules = rules_of(one)
    if DEFAULT in rules:
        return f" DEFAULT {rules[DEFAULT]}"
    if GENERATED in rules:
        return f" GENERATED ALWAYS AS ({rules[GENERATED]})"
    if IDENTITY in rules:
        said = rules[IDENTITY]
        when = "BY DEFAULT" if said["explicit"] else "ALWAYS"
        numbers = f"START WITH {said['start']} INCREMENT BY {said['step']}"
        return f" GENERATED {when} AS IDENTITY ({numbers})"
    return ""


def _comment(one: Mapping[str, Any]) -> str:
    return f" COMMENT {quoted_text(one['comment'])}" if one.get("comment") else ""


def sql_type(kind: pa.DataType) -> str:
    """A column's type as a CREATE TABLE says it."""
    if pa.types.is_struct(kind):
        return f"STRUCT<{', '.join(f'{_name(one.name)}: {sql_type(one.type)}' for one in kind)}>"
    if pa.types.is_map(kind):
        return f"MAP<{sql_type(kind.key_type)}, {sql_type(kind.item_type)}>"
    if is_list(kind):
        return f"ARRAY<{sql_type(kind.value_type)}>"
    return catalog_type(kind)[1].upper()


def _full_name(shown: Mapping[str, Any]) -> str:
    return ".".join(_name(shown[part]) for part in ("catalog_name", "schema_name", "name"))


def _name(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) else quoted_name(name)
