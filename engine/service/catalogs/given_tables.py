"""Tables as somebody lists them: made, or brought to what is listed, and nothing where they are so.

Knows when rows and what is said of a table differ; not where the list comes from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from engine.core.names import ThreePartName
from engine.errors import InvalidInputException, InvalidState, ResourceConflict
from engine.service.authorship import user_name
from engine.service.catalogs.columns import rules_of
from engine.service.catalogs.errors import TableExists
from engine.service.catalogs.table_facts import TableFacts
from engine.service.catalogs.tables import Tables
from engine.service.table_files.comparing import same_rows
from engine.store.tables.changing import TableChanges
from engine.store.tables.partitions import find_files, is_delta
from engine.store.tables.table_store import TableStore

# What becomes of a table: nothing, what is said of it, its rows, all of it.
TableAction = Literal["unchanged", "change", "replace", "create"]


@dataclass(frozen=True)
class TableSaid:
    """What a list says of a table beside its rows; None and empty leave what is there.

    Attributes:
        column_comments: by name. not_null: columns that may not be null; the key's are so anyway.
    """

    comment: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    column_comments: Mapping[str, str] = field(default_factory=dict)
    not_null: tuple[str, ...] = ()
    primary_key: tuple[str, ...] = ()

    def check_columns(self, names: Sequence[str]) -> None:
        """Refuse what is said of columns that are not there. Raises InvalidInputException."""
        for what, said in (
            ("primary_key", self.primary_key),
            ("columns", self.column_comments),
            ("columns", self.not_null),
        ):
            missing = [name for name in said if name not in names]
            if missing:
                raise InvalidInputException(
                    f"{what} names {missing[0]!r:.80}, which is no column of the table. Columns: "
                    f"{', '.join(names)}."
                )


class GivenTables:
    """Brings tables to what is listed. Safe to use from many threads and processes."""

    def __init__(self, store: TableStore, tables: Tables, changes: TableChanges) -> None:
        self._store, self._tables, self._changes = store, tables, changes

    def put(
        self, name: ThreePartName, rows: pa.Table, said: TableSaid, *, dry_run: bool = False
    ) -> TableAction:
        """Make a table of these rows, or bring it to them in one new version.

        Args:
            dry_run: only say what would be done.

        Raises:
            TableExists: a view or an index has the name. InvalidState: the table was registered from
                files of the user. InvalidInputException: what is said names no column, or the key
                has nulls.
        """
        said.check_columns(rows.column_names)
        _check_key(rows, said)
        if not self._exists(name):
            if not dry_run:
                self._tables.define(name, lambda: self._write(name, rows), _facts(name, said))
            return "create"
        table = self._store.get(name)
        if table.registered:
            raise InvalidState(
                f"table {name} was registered from files of yours ({table.folder}), which are never "
                f"changed. Drop it, or give the rows another name: vitrine table drop {name}"
            )
        differs = not same_rows(table.read(), rows)
        if differs and not dry_run:
            self._write(name, rows)
        says = self._say(name, said, dry_run)
        return "replace" if differs else "change" if says else "unchanged"

    def register(
        self, name: ThreePartName, files: Sequence[Path], said: TableSaid, *, dry_run: bool = False
    ) -> TableAction:
        """Make files a table where they lie, or bring what is said of it up to date.

        Raises:
            BadSourceFile: the files are not there, or can't be registered. TableExists: a view or an
                index has the name. ResourceConflict: a table with rows of its own has it.
        """
        exists = self._exists(name)
        if exists and not self._store.get(name).registered:
            raise ResourceConflict(
                f"table {name} is there with rows of its own. Drop it, or give the files another name: "
                f"vitrine table drop {name}"
            )
        same = exists and self._is_registered(name, files)
        if dry_run and not same:
            return "replace" if exists else "create"
        if not same:
            facts = _facts(name, said)
            if exists:
                self._store.register(name, files)
                self._say(name, said, False)
                return "replace"
            self._tables.define(name, lambda: self._store.register(name, files), facts)
            said.check_columns(self._store.get(name).schema.names)
            return "create"
        return "change" if self._say(name, said, dry_run) else "unchanged"

    def append(self, name: ThreePartName, rows: pa.Table) -> None:
        """Add rows behind those of a table, in one new version.

        Raises:
            NotFound: no such table. InvalidState: it was registered from files of the user.
            InvalidInputException: other columns. BadSourceFile: a value that has no form in its
                column's type; names it.
        """
        from engine.service.table_files.types import typed  # opening a workspace doesn't need it

        with self._changes.change(name) as change:
            names = change.schema.names
            other = sorted(set(names) ^ set(rows.column_names))
            if other:
                raise InvalidInputException(
                    f"the rows and table {name} differ in the columns {', '.join(other)}; expected "
                    f"{', '.join(names)}."
                )
            columns = [typed(rows.column(one.name), one.type, one.name) for one in change.schema]
            change.added = pa.table(columns, schema=change.schema)
            change.record(_entry("Append", rows.num_rows))

    def _exists(self, name: ThreePartName) -> bool:
        if self._store.exists(name):
            return True
        if self._tables.schema_has(name):
            raise TableExists(f"'{name}' is a view or an index; choose another name for the table.")
        return False

    def _write(self, name: ThreePartName, rows: pa.Table) -> None:
        self._changes.write(name, rows.schema, rows, _entry("Overwrite", rows.num_rows))

    def _is_registered(self, name: ThreePartName, files: Sequence[Path]) -> bool:
        table = self._store.get(name)
        if table.delta is not None:
            return len(files) == 1 and table.delta.folder == files[0].resolve()
        if len(files) == 1 and is_delta(files[0]):
            return False
        found = {one.path.resolve() for given in files for one in find_files(given)[1]}
        return found == set(table.files)

    def _say(self, name: ThreePartName, said: TableSaid, dry_run: bool) -> bool:
        """Bring what is known of a table to what is said; whether anything differed."""
        known = self._tables.get(str(name))
        columns = {column["name"]: column for column in known["columns"]}
        said.check_columns(list(columns))
        comment = said.comment if said.comment != known.get("comment") else None
        properties = {
            key: value
            for key, value in said.properties.items()
            if known.get("properties", {}).get(key) != value
        }
        comments = {
            column: text
            for column, text in said.column_comments.items()
            if columns[column].get("comment") != text
        }
        tight = {*said.not_null, *said.primary_key}
        redefined = bool(said.primary_key) and list(said.primary_key) != _key_of(known)
        redefined = redefined or any(columns[column]["nullable"] for column in tight)
        if dry_run or not (comment is not None or properties or comments or redefined):
            return bool(comment is not None or properties or comments or redefined)
        if redefined:
            self._tables.define(name, lambda: None, _merged(name, said, known), replace=True)
        else:
            self._tables.update(
                str(name),
                comment=comment,
                properties=properties or None,
                column_comments=comments or None,
            )
        return True


def _check_key(rows: pa.Table, said: TableSaid) -> None:
    for column in (*said.primary_key, *said.not_null):
        nulls = rows.column(column).null_count
        if nulls:
            raise InvalidInputException(
                f"column {column!r:.80} has {nulls:,} nulls; a primary key and a column that is not "
                "nullable have none."
            )


def _facts(name: ThreePartName, said: TableSaid) -> TableFacts:
    facts: dict[str, dict[str, Any]] = {}
    for column in (*said.primary_key, *said.not_null):
        facts[column] = {"nullable": False}
    for column, text in said.column_comments.items():
        facts[column] = {**facts.get(column, {}), "comment": text}
    return TableFacts(
        said.comment, dict(said.properties) or None, facts, said.primary_key, f"{name.name}_pk"
    )


def _merged(name: ThreePartName, said: TableSaid, known: Mapping[str, Any]) -> TableFacts:
    """What is said on top of what is known."""
    comments = {c["name"]: c["comment"] for c in known["columns"] if c.get("comment")}
    tight = [column["name"] for column in known["columns"] if not column["nullable"]]
    whole = TableSaid(
        said.comment if said.comment is not None else known.get("comment"),
        {**known.get("properties", {}), **said.properties},
        {**comments, **said.column_comments},
        tuple(dict.fromkeys([*tight, *said.not_null])),
        said.primary_key or tuple(_key_of(known)),
    )
    facts = _facts(name, whole)
    columns = dict(facts.columns)
    for column in known["columns"]:
        rules = rules_of(column)
        if rules:
            columns[column["name"]] = {**columns.get(column["name"], {}), **rules}
    keys = known.get("table_constraints", ())
    foreign = tuple(one for one in keys if "foreign_key_constraint" in one)
    return replace(facts, columns=columns, foreign_keys=foreign)


def _key_of(known: Mapping[str, Any]) -> list[str]:
    keys = [
        one["primary_key_constraint"]["child_columns"]
        for one in known.get("table_constraints", ())
        if "primary_key_constraint" in one
    ]
    return list(keys[0]) if keys else []


def _entry(mode: str, rows: int) -> dict[str, Any]:
    """A write in a table's history."""
    return {
        "operation": "WRITE",
        "user": user_name(),
        "parameters": {"mode": mode},
        "metrics": {"numOutputRows": str(rows)},
    }
