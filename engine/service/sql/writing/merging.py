"""MERGE INTO: each clause a query over target and source, and all of them one change.

Knows clauses; not how rows are written.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from sqlglot import exp

from engine.core.arrays import Rows
from engine.errors import BadStatement, NotSupported
from engine.service.sql.queries import QueryRunner
from engine.service.sql.relations import ROW
from engine.service.sql.writing.column_rules.filling import settled
from engine.service.sql.writing.column_rules.placeholders import without_placeholders
from engine.service.sql.writing.evolution import Evolution
from engine.service.sql.writing.inserting import completed
from engine.service.sql.writing.row_changes import (
    Target,
    assigned,
    change_rows,
    delete_rows,
    numbers_of,
    source_of,
    with_consequences,
    with_ctes,
)
from engine.store.tables.changing import TableChange


@dataclass
class MergeCounts:
    """Rows that a MERGE changed."""

    updated: int = 0
    deleted: int = 0
    inserted: int = 0


class Merge:
    """One MERGE statement."""

    def __init__(
        self,
        runner: QueryRunner,
        change: TableChange,
        tree: exp.Merge,
        evolution: Evolution | None = None,
    ) -> None:
        """
        Args:
            evolution: what the target's columns may become; None for nothing.
        """
        if tree.args.get("returning"):
            raise NotSupported("MERGE with RETURNING is not supported.")
        self._runner, self._tree, self._evolves = runner, tree, evolution is not None
        self._source, self._alias = source_of(runner, tree)
        if evolution is not None:
            evolution.grow(change, self._written())
        self._target = Target(runner, change, tree.this)
        using = tree.args["using"]
        if (
            isinstance(using, exp.Table)
            and not using.alias
            and isinstance(using.this, exp.Identifier)
        ):
            self._target.knows(runner.relations.name_of(using, runner.session))
        self._on = tree.args["on"]
        self.counts = MergeCounts()

    def _written(self) -> list[pa.Field]:
        """The columns of the source that clauses write under their own names."""
        fields = {field.name.lower(): field for field in self._source.schema}
        wanted: list[str] = []
        for clause in self._tree.args["whens"].expressions:
            then = clause.args["then"]
            if isinstance(then, exp.Insert):
                listed = then.this.expressions if isinstance(then.this, exp.Tuple) else [exp.Star()]
            else:
                listed = then.expressions if isinstance(then, exp.Update) else []
            if any(isinstance(one, exp.Star) for one in listed):
                return list(fields.values())
            named = [one.this if isinstance(one, exp.EQ) else one for one in listed]
            wanted += [one.name.lower() for one in named if not self._is_field(one)]
        return [fields[name] for name in dict.fromkeys(wanted) if name in fields]

    def _is_field(self, node: exp.Expression) -> bool:
        """Whether an assignment names a field of a struct, which is no column of the source."""
        above = [part.name.lower() for part in getattr(node, "parts", [node])][:-1]
        return bool(above) and above[-1] != self._tree.this.alias_or_name.lower()

    def run(self) -> MergeCounts:
        """Carry it out.

        Raises:
            BadStatement: several rows of the source would change one of the target, or a clause that
                can't be carried out.
        """
        updates: list[tuple[Rows, pa.Table]] = []
        deletes: list[Rows] = []
        added: list[pa.Table] = []
        before: dict[tuple[bool, bool], list[exp.Expression]] = {}
        for clause in self._tree.args["whens"].expressions:
            kind = (bool(clause.args.get("matched")), bool(clause.args.get("source")))
            query = self._rows_of(kind, clause.args.get("condition"), before.setdefault(kind, []))
            then = clause.args["then"]
            if isinstance(then, exp.Insert):
                added.append(self._inserted(query, then))
            elif isinstance(then, exp.Update):
                found = self._target.run(query.select(*self._assigned(then)))
                values = settled(found.drop_columns([ROW]), self._target.rules)
                updates.append((numbers_of(found), values))
            else:
                deletes.append(numbers_of(self._target.run(query)))
            before[kind].append(clause.args.get("condition") or exp.true())
        self._refuse_twice(updates, deletes)
        self._apply(updates, deletes, added)
        return self.counts

    def _rows_of(
        self,
        kind: tuple[bool, bool],
        condition: exp.Expression | None,
        before: list[exp.Expression],
    ) -> exp.Select:
        """The rows that a clause is about, those of earlier clauses of its kind left out."""
        matched, of_target = kind
        target, source = self._target.relation(), self._runner.show(self._source, self._alias)
        on = self._on.copy()
        # Joins, and no EXISTS, within which a struct of one side hides the other side of its name.
        if matched:
            query = exp.select(self._target.row()).from_(target).join(source, on=on)
        elif of_target:
            query = exp.select(self._target.row()).from_(target)
            query = query.join(source, on=on, join_type="anti")
        else:
            query = exp.Select().from_(source).join(target, on=on, join_type="anti")
        for earlier in before:
            false = exp.Coalesce(this=exp.paren(earlier.copy()), expressions=[exp.false()])
            query = query.where(exp.Not(this=false))
        query = query if condition is None else query.where(condition.copy())
        return with_ctes(query, self._tree)

    def _assigned(self, then: exp.Update) -> list[exp.Expression]:
        if not any(isinstance(one, exp.Star) for one in then.expressions):
            return assigned(self._target, then.expressions)
        return with_consequences(self._target, {n: self._of_source(n) for n in self._shared()})

    def _shared(self) -> list[str]:
        """The target's columns that `*` stands for: all, and where it evolves those of the source.

        Those that the table makes by itself only where the source has them too.
        """
        known = {name.lower() for name in self._source.column_names}
        gives = self._target.rules.gives
        return [
            name
            for name in self._target.change.schema.names
            if name.lower() in known or not (self._evolves or gives(name))
        ]

    def _of_source(self, name: str) -> exp.Expression:
        """The source's column of a name. Raises BadStatement where it has none."""
        for column in self._source.column_names:
            if column.lower() == name.lower():
                return exp.column(column, table=self._alias, quoted=True)
        raise BadStatement(
            f"[UNRESOLVED_COLUMN] The source of the MERGE has no column {name!r}; its columns are "
            f"{', '.join(self._source.column_names)}."
        )

    def _inserted(self, query: exp.Select, then: exp.Insert) -> pa.Table:
        names: list[str] = []
        if isinstance(then.this, exp.Star) or then.this is None:
            names = self._shared()
            values = [self._of_source(name) for name in names]
        else:
            names = [self._target.column(column) for column in then.this.expressions]
            values = [value.copy() for value in then.expression.expressions]
        rules, gone = self._target.rules, set[int]()
        if "DEFAULT" not in map(str.upper, self._source.column_names):
            row, gone = without_placeholders(
                exp.Values(expressions=[exp.Tuple(expressions=values)]),
                names,
                rules,
                self._target.types,
            )
            values = row.expressions[0].expressions
        named = [exp.alias_(value, f"c{place}") for place, value in enumerate(values)]
        found = self._target.run(query.select(*named))
        return completed(self._runner, self._target.change, found, names, rules, gone)

    def _refuse_twice(self, updates: list[tuple[Rows, pa.Table]], deletes: list[Rows]) -> None:
        deleted = np.unique(np.concatenate(deletes)) if deletes else np.empty(0, dtype=np.int64)
        rows = np.concatenate([deleted, *(numbers for numbers, _ in updates)])
        if len(np.unique(rows)) < len(rows):
            raise BadStatement(
                "[DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE] Cannot perform Merge as "
                "multiple source rows matched and attempted to modify the same target row. Make the "
                "keys of the source unique."
            )

    def _apply(
        self, updates: list[tuple[Rows, pa.Table]], deletes: list[Rows], added: list[pa.Table]
    ) -> None:
        change = self._target.change
        for numbers, values in updates:
            change_rows(change, numbers, values)
            self.counts.updated += len(numbers)
        if deletes:
            deleted = np.unique(np.concatenate(deletes))
            delete_rows(change, deleted)
            self.counts.deleted = len(deleted)
        new = pa.concat_tables(added) if added else None
        if new is not None and new.num_rows:
            change.added = new
            self.counts.inserted = new.num_rows
