"""Primary and foreign keys of tables. Knows that they are kept and shown; nothing enforces them.

Nor does the cloud: a constraint there says what is meant, and is checked when it is made only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.core.values import shown
from engine.errors import InvalidParameterValue, NotFound, ResourceConflict
from engine.service.catalogs.documents import change, kept
from engine.service.catalogs.tables import Tables
from engine.store.securable_files import SecurableFiles

Constraint = dict[str, Any]
_KINDS = ("primary_key_constraint", "foreign_key_constraint", "named_table_constraint")


class Constraints:
    """The constraints of a workspace's tables. Safe to use from many threads and processes."""

    def __init__(self, tables: Tables, files: SecurableFiles) -> None:
        self._tables, self._files = tables, files

    def of(self, full_name: str) -> list[Constraint]:
        """The constraints of a table, in the order in which they were made."""
        found: list[Constraint] = kept(self._files, "tables", full_name).get(
            "table_constraints", []
        )
        return found

    def primary_key(self, full_name: str) -> list[str]:
        """The columns of a table's primary key; empty where it has none."""
        keys = [one[_KINDS[0]]["child_columns"] for one in self.of(full_name) if _KINDS[0] in one]
        return list(keys[0]) if keys else []

    def create(self, full_name: str, constraint: Mapping[str, Any]) -> Constraint:
        """Add a constraint to a table.

        Args:
            constraint: one of `primary_key_constraint` (name, child_columns), `foreign_key_constraint`
                (also parent_table, parent_columns) and `named_table_constraint` (name).

        Raises:
            TableNotFound: no such table, or no such parent. ResourceConflict: the table has a
                constraint of this name, or a primary key.
            InvalidParameterValue: not of this form, an unknown column, or a key that may be null.
        """
        kind, facts = _only_one(constraint)
        name = facts.get("name")
        if not isinstance(name, str) or not name:
            raise InvalidParameterValue(f"{kind}.name is {shown(name)}; expected a string.")
        with self._files.writing():
            full_name = self._tables.full_name(full_name)
            self._check_columns(full_name, kind, facts)
            before = self.of(full_name)
            taken = {held["name"] for one in before for held in one.values()}
            if name in taken:
                raise ResourceConflict(f"Constraint '{name}' of table '{full_name}' already exists")
            if kind == _KINDS[0] and any(kind in one for one in before):
                raise ResourceConflict(f"Table '{full_name}' already has a primary key")
            made: Constraint = {kind: dict(facts)}
            change(self._files, "tables", full_name, {"table_constraints": [*before, made]})
        return made

    def _check_columns(self, full_name: str, kind: str, facts: Mapping[str, Any]) -> None:
        nullable = self._columns(full_name)
        if kind == "named_table_constraint":
            return
        children = _names(kind, "child_columns", facts)
        _check_known(full_name, children, nullable)
        if kind == "primary_key_constraint":
            loose = [column for column in children if nullable[column]]
            if loose:
                raise InvalidParameterValue(
                    f"Cannot create the primary key `{facts['name']}` because its child column(s) "
                    f"`{'`, `'.join(loose)}` is nullable. Please change the column nullability and "
                    "retry."
                )
            return
        parent, columns = facts.get("parent_table"), _names(kind, "parent_columns", facts)
        if not isinstance(parent, str):
            raise InvalidParameterValue(f"{kind}.parent_table is missing; it is required.")
        _check_known(parent, columns, self._columns(parent))
        if len(columns) != len(children):
            raise InvalidParameterValue(
                f"{kind} has {len(children)} child columns and {len(columns)} parent columns; expected "
                "as many."
            )

    def _columns(self, full_name: str) -> dict[str, bool]:
        """The columns of a table, and whether each may be null. Raises TableNotFound."""
        found = self._tables.get(full_name)
        return {column["name"]: column["nullable"] for column in found["columns"]}

    def delete(self, full_name: str, constraint_name: str, cascade: bool = False) -> None:
        """Take a constraint off a table.

        Args:
            cascade: foreign keys that refer to this primary key go too.

        Raises:
            TableNotFound: no such table. NotFound: no such constraint.
            InvalidParameterValue: foreign keys refer to it, and `cascade` is false.
        """
        with self._files.writing():
            full_name = self._tables.full_name(full_name)
            before = self.of(full_name)
            gone = [one for one in before if constraint_name in _names_of(one)]
            if not gone:
                raise NotFound(
                    f"Constraint '{constraint_name}' of table '{full_name}' does not exist."
                )
            referring = self._referring(full_name) if _KINDS[0] in gone[0] else {}
            if referring and not cascade:
                raise InvalidParameterValue(
                    f"Constraint '{constraint_name}' is referred to by foreign keys of "
                    f"{', '.join(referring)}. Delete those first, or give cascade."
                )
            referring[full_name] = [*referring.get(full_name, []), *gone]
            for table, those in referring.items():
                left = [one for one in self.of(table) if one not in those]
                change(self._files, "tables", table, {"table_constraints": left})

    def _referring(self, full_name: str) -> dict[str, list[Constraint]]:
        """Foreign keys that refer to a table, by the table that has them."""
        found: dict[str, list[Constraint]] = {}
        for table in self._files.names("tables"):
            those = [
                one
                for one in self.of(table)
                if one.get("foreign_key_constraint", {}).get("parent_table") == full_name
            ]
            if those:
                found[table] = those
        return found


def _only_one(constraint: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    given = [kind for kind in _KINDS if constraint.get(kind) is not None]
    if len(given) != 1 or not isinstance(constraint[given[0]], Mapping):
        raise InvalidParameterValue(
            f"constraint has {', '.join(given) or 'nothing'}; expected one of {', '.join(_KINDS)}."
        )
    return given[0], constraint[given[0]]


def _names(kind: str, key: str, facts: Mapping[str, Any]) -> list[str]:
    value = facts.get(key)
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise InvalidParameterValue(
            f"{kind}.{key} is {shown(value)}; expected a list of one column or more."
        )
    return list(value)


def _names_of(constraint: Constraint) -> list[str]:
    return [facts["name"] for facts in constraint.values()]


def _check_known(table: str, columns: Sequence[str], known: Mapping[str, bool]) -> None:
    unknown = [str(column) for column in columns if column not in known]
    if unknown:
        raise InvalidParameterValue(
            f"Table '{table}' has no column {', '.join(unknown):.200}; it has "
            f"{', '.join(known):.500}."
        )
