"""COPY INTO: files of a volume into a table, each of them once. Knows files and columns; no grammar.

Which files a table took is kept with its rows, in the same version, so that both are there or neither.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from engine.core.names import ThreePartName
from engine.errors import BadStatement, NotSupported
from engine.service.sql.files.finding import FoundFile, matching
from engine.service.sql.files.options import is_true, options_of
from engine.service.sql.files.shown import hide_metadata, read_asked, wants_metadata
from engine.service.sql.language.dialect import parse
from engine.service.sql.language.forms.copying import COPIED, CopyInto
from engine.service.sql.queries import QueryRunner
from engine.service.sql.writing.answers import entry
from engine.service.sql.writing.column_rules.checks import refuse_strangers
from engine.service.sql.writing.column_rules.rules import ColumnRules
from engine.service.sql.writing.evolution import WIDENING, Evolution
from engine.service.sql.writing.inserting import completed
from engine.store.tables.changing import TableChange, TableChanges

_TAKEN = "copied_files"  # property of a written table: paths of the files that it took
_COPY_OPTIONS = ("force", "mergeSchema")
_WHAT = "COPY INTO"


class Copying:
    """One COPY INTO."""

    def __init__(self, runner: QueryRunner, changes: TableChanges, said: CopyInto) -> None:
        self._runner, self._changes, self._said = runner, changes, said
        self._merges = self._option("mergeSchema")
        self._forces = self._option("force")
        formats = dict(said.format_options)
        self._how = options_of(_WHAT, said.format, formats, infers=False)
        if (said.by_position or said.columns) and (
            said.format.lower() != "csv" or self._how.csv.header
        ):
            raise BadStatement(
                f"{_WHAT} {'BY POSITION' if said.by_position else '(columns)'} is for CSV files "
                "without a header; leave it out, and columns are matched by their names."
            )

    def _option(self, name: str) -> bool:
        for key, value in self._said.copy_options:
            if key.lower() not in [one.lower() for one in _COPY_OPTIONS]:
                raise NotSupported(
                    f"{_WHAT}: the option {key!r:.60} of COPY_OPTIONS is not offered; "
                    f"{' and '.join(_COPY_OPTIONS)} are."
                )
            if key.lower() == name.lower():
                return is_true(_WHAT, key, value)
        return False

    def run(self) -> pa.Table:
        """Carry it out.

        Returns:
            one row: num_affected_rows, num_inserted_rows, num_skipped_corrupt_files; with VALIDATE the
            first of the rows that would be written.

        Raises:
            NotFound: no such table. BadStatement: no such path, or rows that don't fit the table.
            BadSourceFile: a file that can't be read. NotSupported: a format or an option.
        """
        name = self._table()
        with self._changes.change(name) as change:
            taken = list(change.facts.get("properties", {}).get(_TAKEN, []))
            new = self._new_files(() if self._forces else taken)
            before = copy.deepcopy(change.facts)
            rows, skipped = self._rows(change, new)
            if self._said.validate is not None:
                change.facts, change.replaced = before, {}
                return rows.slice(0, self._said.validate)
            read = [one.path for one in new if one.path not in skipped]
            if rows.num_rows or change.schema != change.table.schema:
                change.added = rows if rows.num_rows else None
                refuse_strangers(
                    self._runner, change, self._runner.relations.properties(change.table.name)
                )
            if read:
                properties = change.facts.get("properties", {})
                both = list(dict.fromkeys([*taken, *read]))
                change.facts["properties"] = {**properties, _TAKEN: both}
                told = {"path": self._said.path, "format": self._how.kind}
                count = {"numOutputRows": rows.num_rows, "numFiles": len(read)}
                change.record(entry(_WHAT, told, **count))
        return _answer(rows.num_rows, len(skipped))

    def _table(self) -> ThreePartName:
        relations, session = self._runner.relations, self._runner.session
        name = session.full_name(self._said.table)
        return relations.open(name).name

    def _new_files(self, taken: Sequence[str]) -> list[FoundFile]:
        """The files that are asked for and were not taken."""
        files, said = self._runner.relations.files, self._said
        found = files.named(said.path, said.files) if said.files else files.below(said.path)
        if said.pattern is not None:
            found = matching(found, said.path, said.pattern)
        known = set(taken)
        return [one for one in found if one.path not in known]

    def _rows(self, change: TableChange, new: list[FoundFile]) -> tuple[pa.Table, Sequence[str]]:
        """The rows of files as the table takes them, and the files that were passed over."""
        none = change.schema.empty_table()
        if not new:
            return none, ()
        if self._said.by_position or self._said.columns:  # of the files' own columns
            new = [replace(one, partitions={}) for one in new]
        tree = None if self._said.query is None else parse(self._said.query).tree
        wants = tree is not None and wants_metadata(tree)
        found = read_asked(
            new, self._said.path, self._how, wants, change.schema if tree is None else None
        )
        source = found.rows
        if not source.num_columns:
            return none, found.skipped
        if tree is not None:
            query = tree.copy()
            if wants:
                hide_metadata(query)
            source = self._runner.with_rows({COPIED: source}).rows(query)
        names = self._names(change, source)
        if self._merges:
            widens = self._runner.relations.properties(change.table.name).get(WIDENING, "")
            grown = Evolution(widens=widens.lower() == "true")
            grown.grow(change, [f.with_name(name) for f, name in zip(source.schema, names)])
        self._refuse_others(change, names)
        rules = ColumnRules.of(self._runner.relations.column_facts(change.table.name))
        return completed(self._runner, change, source, names, rules), found.skipped

    def _names(self, change: TableChange, source: pa.Table) -> list[str]:
        """The columns of the table that those of the rows are for."""
        wanted = list(self._said.columns)
        if self._said.by_position:
            wanted = list(change.schema.names)
        if not wanted:
            return list(source.column_names)
        if len(wanted) != source.num_columns:
            raise BadStatement(
                f"[COPY_INTO_COLUMN_ARITY_MISMATCH] The files have {source.num_columns} columns; "
                f"{len(wanted)} are to be filled: {', '.join(wanted)}."
            )
        return wanted

    def _refuse_others(self, change: TableChange, names: Sequence[str]) -> None:
        known = {name.lower() for name in change.schema.names}
        others = [name for name in names if name.lower() not in known]
        if others:
            raise BadStatement(
                "[COPY_INTO_SCHEMA_MISMATCH_WITH_TARGET_TABLE] A schema mismatch was detected while "
                f"copying into the Delta table (Table: {change.table.name}). The files have "
                f"{', '.join(map(repr, others)):.300}, the table {', '.join(change.schema.names):.300}. "
                "Columns are added by COPY_OPTIONS ('mergeSchema' = 'true'); a header is read by "
                "FORMAT_OPTIONS ('header' = 'true')."
            )


def _answer(rows: int, skipped: int) -> pa.Table:
    counts: dict[str, Any] = {
        "num_affected_rows": rows,
        "num_inserted_rows": rows,
        "num_skipped_corrupt_files": skipped,
    }
    return pa.table({name: pa.array([count], pa.int64()) for name, count in counts.items()})
