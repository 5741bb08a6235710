"""What carries out a statement, by its kind. Knows which room does what; not how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import pyarrow as pa
from sqlglot import exp

from engine.core.index_request import IndexRequest
from engine.core.names import ThreePartName
from engine.errors import BadStatement, ResourceConflict
from engine.service.indexes.operations import Indexes
from engine.service.search.operations import Queries
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.service.sql.ai_functions import AiFunctions
from engine.service.sql.database import Database
from engine.service.sql.files.copying import Copying
from engine.service.sql.files.finding import FilesOfVolumes
from engine.service.sql.language.commands import (
    ChangeCatalog,
    CreateIndex,
    Describe,
    Show,
    Use,
)
from engine.service.sql.language.dialect import parse, with_parameters
from engine.service.sql.language.forms.copying import CopyInto
from engine.service.sql.language.forms.evolution import EVOLVES
from engine.service.sql.language.forms.facts import CommentOn, Facts
from engine.service.sql.language.forms.grants import OfGrants
from engine.service.sql.language.forms.replacing import Restore
from engine.service.sql.language.forms.volumes import ChangeVolume
from engine.service.sql.language.parameters import expressions_of
from engine.service.sql.language.routines import Routines
from engine.service.sql.language.upkeep import Analyze, Optimize, Refresh, Vacuum
from engine.service.sql.queries import QueryRunner
from engine.service.sql.relations import Relations
from engine.service.sql.routines.making import RoutineStatements
from engine.service.sql.session import Session
from engine.service.sql.shown.grants import grant_rows
from engine.service.sql.shown.listings import Listings
from engine.service.sql.text_calls import with_identifiers
from engine.service.sql.upkeep import Upkeep
from engine.service.sql.vector_search import VectorSearch
from engine.service.sql.writing.answers import NOTHING, counts_of, entry, predicate, written_table
from engine.service.sql.writing.column_rules.checks import refuse_strangers
from engine.service.sql.writing.definer import Definer
from engine.service.sql.writing.evolution import WIDENING, Evolution
from engine.service.sql.writing.facts_kept import FactsKept
from engine.service.sql.writing.inserting import insert
from engine.service.sql.writing.merging import Merge
from engine.service.sql.writing.row_changes import Target, delete, delete_all, update
from engine.service.sql.writing.schemas import Schemas
from engine.service.sql.writing.volumes import change_volume
from engine.service.unity_catalog import UnityCatalog
from engine.settings import DEFAULT_KEY
from engine.store.layout import Layout
from engine.store.tables.changing import TableChange, TableChanges
from engine.store.tables.table_store import TableStore
from engine.store.volumes import VolumeStore


class Execution:
    """Carries out the statements of a workspace. Safe to use from many threads."""

    def __init__(
        self,
        layout: Layout,
        tables: TableStore,
        unity_catalog: UnityCatalog,
        indexes: Indexes,
        serving: ServingEndpoints,
        queries: Queries,
        database: Database,
    ) -> None:
        self._indexes, self._database = indexes, database
        self._catalog = unity_catalog
        self._relations = Relations(tables, unity_catalog, FilesOfVolumes(VolumeStore(layout)))
        self._changes = TableChanges(layout, tables)
        self._schemas = Schemas(unity_catalog)
        self._listings = Listings(self._relations, self._changes, unity_catalog, self._schemas)
        self._definer = Definer(self._changes, self._schemas, unity_catalog)
        self._facts = FactsKept(self._relations, self._schemas, unity_catalog)
        self._routines = RoutineStatements(self._relations.routines, self._schemas, unity_catalog)
        self._upkeep = Upkeep(self._relations, self._changes, self._schemas)
        self._ai = AiFunctions(serving, VectorSearch(queries, serving))

    def run(self, text: str, parameters: Mapping[str, Any], session: Session) -> pa.Table:
        """See `Statements.execute`."""
        statement = parse(with_identifiers(text, self._value_of(parameters, session)))
        command = statement.command
        if isinstance(command, CommentOn) and command.parameter is not None:
            command = replace(command, text=_text_of(command.parameter, parameters))
        if command is not None:
            return self._command(command, session)
        assert statement.tree is not None  # it is one of both
        tree = with_parameters(statement.tree, expressions_of(parameters))
        with self._database.connection() as connection:
            runner = QueryRunner(self._relations, self._ai, session, connection)
            return self._carried_out(runner, tree)

    def _value_of(self, parameters: Mapping[str, Any], session: Session) -> Callable[[str], object]:
        """What finds the value of an expression by its text."""
        return lambda said: self.run(f"SELECT {said}", parameters, session).column(0)[0].as_py()

    def _carried_out(self, runner: QueryRunner, tree: exp.Expression) -> pa.Table:
        for kind, carry_out in self._WRITES.items():
            if isinstance(tree, kind):
                return carry_out(self, runner, tree)
        return runner.rows(tree)

    # ------------------------------------------------------------------ commands
    def _command(self, command: object, session: Session) -> pa.Table:
        if isinstance(command, Show):
            return self._listings.show(command, session)
        if isinstance(command, Describe):
            return self._listings.describe(command, session)
        if isinstance(command, CreateIndex):
            return self._create_index(command, session)
        if isinstance(command, Use):
            return self._use(command, session)
        if isinstance(command, Optimize):
            return self._upkeep.optimize(command, session)
        if isinstance(command, Vacuum):
            return self._upkeep.vacuum(command, session)
        if isinstance(command, Restore):
            return self._upkeep.restore(command, session)
        if isinstance(command, Analyze):
            return self._upkeep.analyze(command, session)
        if isinstance(command, Refresh):
            return self._upkeep.refresh(command, session)
        if isinstance(command, CopyInto | Routines):
            return self._with_queries(command, session)
        if isinstance(command, OfGrants):
            return grant_rows(command, self._facts.grants(command, session))
        if isinstance(command, Facts):
            self._facts.run(command, session)
            return NOTHING
        if isinstance(command, ChangeVolume):
            change_volume(self._catalog.volumes, self._schemas, command, session)
            return NOTHING
        assert isinstance(command, ChangeCatalog)
        if command.drop:
            self._schemas.drop_catalog(command.name, command.lenient, command.cascade)
        else:
            self._schemas.create_catalog(command.name, command.lenient, command.comment)
        return NOTHING

    def _with_queries(self, command: CopyInto | Routines, session: Session) -> pa.Table:
        """A command that runs queries of its own."""
        with self._database.connection() as connection:
            runner = QueryRunner(self._relations, self._ai, session, connection)
            if isinstance(command, CopyInto):
                return Copying(runner, self._changes, command).run()
            return self._routines.run(runner, command)

    def _use(self, command: Use, session: Session) -> pa.Table:
        """Change the session's names; a name of one part that is only a catalogue's is that."""
        catalog, schema = command.catalog or session.catalog, command.schema
        if schema is None:
            self._schemas.check_catalog(catalog)
        else:
            self._schemas.check(catalog, schema)
        session.use(command.catalog, schema)
        return NOTHING

    def _create_index(self, command: CreateIndex, session: Session) -> pa.Table:
        """Create an index over a column of vectors, with the default primary key.

        The table's own primary key, where its definition named one of one column.
        """
        table = self._relations.open(session.full_name(command.table))
        index = str(session.full_name(command.index))
        keys = self._catalog.constraints.primary_key(str(table.name))
        request = IndexRequest(
            index,
            source_table=str(table.name),
            vector_column=command.column,
            endpoint=command.endpoint,
            primary_key=keys[0] if len(keys) == 1 else DEFAULT_KEY,
        )
        rows = 0
        try:
            rows = self._indexes.create(request).indexed
        except ResourceConflict:
            if not command.if_not_exists:
                raise
            return pa.table({"index": [index], "created": [False], "indexed_row_count": [rows]})
        return pa.table({"index": [index], "created": [True], "indexed_row_count": [rows]})

    # ------------------------------------------------------------------ rows
    def _evolution(
        self, runner: QueryRunner, name: ThreePartName, tree: exp.Expression
    ) -> Evolution | None:
        """What a statement may make of its table's columns; None for nothing."""
        if not (tree.args.get(EVOLVES) or runner.session.evolves):
            return None
        told = runner.relations.properties(name)
        return Evolution(widens=told.get(WIDENING, "").lower() == "true")

    def _check(self, runner: QueryRunner, change: TableChange) -> None:
        """Refuse rows that the table's constraints refuse."""
        refuse_strangers(runner, change, runner.relations.properties(change.table.name))

    def _insert(self, runner: QueryRunner, tree: exp.Insert) -> pa.Table:
        name = written_table(runner, tree.this)
        with self._changes.change(name) as change:
            count = insert(runner, change, tree, self._evolution(runner, name, tree))
            self._check(runner, change)
            replacing = any(
                tree.args.get(one) is not None for one in ("where", "using", "replace_on")
            )
            replacing = replacing or bool(tree.args.get("overwrite"))
            told = {"mode": "Overwrite" if replacing else "Append", **predicate(tree)}
            if count or replacing or change.schema != change.table.schema:
                change.record(entry("WRITE", told, numOutputRows=count))
            else:
                change.added = None
        return counts_of(count, inserted=count)

    def _define(self, runner: QueryRunner, tree: exp.Expression) -> pa.Table:
        return self._definer.run(runner, tree)

    def _update(self, runner: QueryRunner, tree: exp.Update) -> pa.Table:
        with self._changes.change(written_table(runner, tree.this)) as change:
            count = update(Target(runner, change, tree.this), tree)
            self._check(runner, change)
            if count:
                change.record(entry("UPDATE", predicate(tree), numUpdatedRows=count))
        return counts_of(count)

    def _delete(self, runner: QueryRunner, tree: exp.Delete) -> pa.Table:
        with self._changes.change(written_table(runner, tree.this)) as change:
            count = delete(Target(runner, change, tree.this), tree)
            if count:
                change.record(entry("DELETE", predicate(tree), numDeletedRows=count))
        return counts_of(count)

    def _truncate(self, runner: QueryRunner, tree: exp.TruncateTable) -> pa.Table:
        for node in tree.expressions:
            with self._changes.change(written_table(runner, node)) as change:
                count = delete_all(change)
                change.record(entry("TRUNCATE", {}, numDeletedRows=count))
        return NOTHING

    def _merge(self, runner: QueryRunner, tree: exp.Merge) -> pa.Table:
        name = written_table(runner, tree.this)
        with self._changes.change(name) as change:
            counts = Merge(runner, change, tree, self._evolution(runner, name, tree)).run()
            self._check(runner, change)
            total = counts.updated + counts.deleted + counts.inserted
            metrics = {
                "numTargetRowsUpdated": counts.updated,
                "numTargetRowsDeleted": counts.deleted,
                "numTargetRowsInserted": counts.inserted,
            }
            if total or change.schema != change.table.schema:
                predicate = tree.args["on"].sql(dialect="databricks")
                change.record(entry("MERGE", {"predicate": predicate}, **metrics))
        return counts_of(
            total, updated=counts.updated, deleted=counts.deleted, inserted=counts.inserted
        )

    _WRITES: ClassVar[dict[type[exp.Expression], Callable[..., pa.Table]]] = {
        exp.Create: _define,
        exp.Drop: _define,
        exp.Alter: _define,
        exp.Insert: _insert,
        exp.Update: _update,
        exp.Delete: _delete,
        exp.TruncateTable: _truncate,
        exp.Merge: _merge,
    }


def _text_of(name: str, parameters: Mapping[str, Any]) -> str:
    """The text that a parameter stands for, none for null. Raises BadStatement: it is no text."""
    marker = exp.Paren(this=exp.Placeholder(this=name))
    value = with_parameters(marker, expressions_of(parameters)).this
    if isinstance(value, exp.Null):
        return ""
    if not (isinstance(value, exp.Literal) and value.is_string):
        raise BadStatement(f"parameter {name} is {value.sql():.80}; expected a text.")
    return str(value.this)
