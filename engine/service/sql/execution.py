"""What carries out a statement, by its kind. Knows which room does what; not how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pyarrow as pa
from sqlglot import exp

from engine.core.index_request import IndexRequest
from engine.errors import BadStatement, NotSupported, ResourceConflict
from engine.service.authorship import user_name
from engine.service.indexes.operations import Indexes
from engine.service.search.operations import Queries
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.service.sql.ai_functions import AiFunctions
from engine.service.sql.database import Database
from engine.service.sql.language.commands import (
    Analyze,
    ChangeCatalog,
    CreateIndex,
    Describe,
    Optimize,
    Show,
    Use,
    Vacuum,
)
from engine.service.sql.language.dialect import parse, with_parameters
from engine.service.sql.language.functions import with_names
from engine.service.sql.language.parameters import expressions_of
from engine.service.sql.listings import Listings
from engine.service.sql.queries import QueryRunner
from engine.service.sql.relations import Relations
from engine.service.sql.session import Session
from engine.service.sql.upkeep import Upkeep
from engine.service.sql.vector_search import VectorSearch
from engine.service.sql.writing import definitions
from engine.service.sql.writing.merging import Merge
from engine.service.sql.writing.row_changes import Target, delete, delete_all, insert, update
from engine.service.sql.writing.schemas import Schemas
from engine.service.unity_catalog import UnityCatalog
from engine.settings import DEFAULT_KEY
from engine.store.layout import Layout
from engine.store.tables.changing import TableChanges, refuse_registered
from engine.store.tables.table_store import TableStore

_NOTHING = pa.table({})


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
        self._relations = Relations(tables, unity_catalog.views)
        self._changes = TableChanges(layout, tables)
        self._schemas = Schemas(unity_catalog)
        self._listings = Listings(
            self._relations, self._changes, unity_catalog.tables, self._schemas
        )
        self._upkeep = Upkeep(self._relations, self._changes, self._schemas)
        self._ai = AiFunctions(serving, VectorSearch(queries, serving))

    def run(self, text: str, parameters: Mapping[str, Any], session: Session) -> pa.Table:
        """See `Statements.execute`."""
        statement = parse(text)
        if statement.command is not None:
            return self._command(statement.command, session)
        assert statement.tree is not None  # it is one of both
        tree = with_parameters(statement.tree, expressions_of(parameters))
        with self._database.connection() as connection:
            runner = QueryRunner(self._relations, self._ai, session, connection)
            return self._carried_out(runner, tree)

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
        if isinstance(command, Analyze):
            return self._upkeep.analyze(command, session)
        assert isinstance(command, ChangeCatalog)
        if command.drop:
            self._schemas.drop_catalog(command.name, command.lenient, command.cascade)
        else:
            self._schemas.create_catalog(command.name, command.lenient, command.comment)
        return _NOTHING

    def _use(self, command: Use, session: Session) -> pa.Table:
        """Change the session's names; a name of one part that is only a catalogue's is that."""
        catalog, schema = command.catalog or session.catalog, command.schema
        if schema is None:
            self._schemas.check_catalog(catalog)
        else:
            self._schemas.check(catalog, schema)
        session.use(command.catalog, schema)
        return _NOTHING

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

    # ------------------------------------------------------------------ definitions
    def _create(self, runner: QueryRunner, tree: exp.Create) -> pa.Table:
        kind = str(tree.args["kind"]).upper()
        if kind == "VIEW":
            self._check_schema_of(runner, tree)
            definitions.create_view(runner, self._catalog.tables, tree)
            return _NOTHING
        if kind in ("SCHEMA", "DATABASE"):
            catalog, schema = self._schema_name(tree.this, runner.session)
            told, lenient = definitions.said(tree), bool(tree.args.get("exists"))
            self._schemas.create(catalog, schema, lenient, told.comment, told.properties or None)
            return _NOTHING
        return self._create_table(runner, tree)

    def _check_schema_of(self, runner: QueryRunner, tree: exp.Create) -> None:
        node = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        if not isinstance(node, exp.Table):
            raise BadStatement("[PARSE_SYNTAX_ERROR] The name of a table or view was expected.")
        name = runner.relations.name_of(node, runner.session)
        self._schemas.check(name.catalog, name.schema)

    def _create_table(self, runner: QueryRunner, tree: exp.Create) -> pa.Table:
        self._check_schema_of(runner, tree)
        told = definitions.said(tree)
        if told.temporary:
            raise NotSupported("Temporary tables are not supported; create a temporary view.")
        listed = tree.this.expressions if isinstance(tree.this, exp.Schema) else []
        node = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        name = runner.relations.name_of(node, runner.session)
        if definitions.taken_by_table(runner, name, tree):
            return _NOTHING
        name = runner.relations.found(name) or name
        query = tree.expression
        if query is not None and listed:
            raise NotSupported("CREATE TABLE with both a list of columns and AS is not supported.")
        if query is None:
            schema = definitions.columns_of(runner, listed, told)
            rows, operation = schema.empty_table(), "CREATE TABLE"
        else:
            rows = runner.source(with_names(query.copy()))
            schema, operation = definitions.result_schema(rows), "CREATE TABLE AS SELECT"
        if tree.args.get("replace"):
            operation = f"CREATE OR REPLACE{operation.removeprefix('CREATE')}"
        entry = _entry(operation, {"properties": told.properties}, numOutputRows=rows.num_rows)
        layout = told.layout_of(schema)
        self._catalog.tables.define(
            name,
            lambda: self._changes.write(name, schema, rows, entry, layout=layout),
            told.facts(name),
            bool(tree.args.get("replace")),
        )
        return _NOTHING if query is None else _counts(rows.num_rows, inserted=rows.num_rows)

    def _drop(self, runner: QueryRunner, tree: exp.Drop) -> pa.Table:
        kind, lenient = str(tree.args["kind"]).upper(), bool(tree.args.get("exists"))
        cascade = bool(tree.args.get("cascade"))
        for node in tree.args.get("tables") or []:
            if kind in ("SCHEMA", "DATABASE"):
                catalog, schema = self._schema_name(node, runner.session)
                self._schemas.drop(catalog, schema, lenient, cascade)
            else:
                self._drop_relation(runner, node, kind, lenient)
        return _NOTHING

    def _drop_relation(
        self, runner: QueryRunner, node: exp.Table, kind: str, lenient: bool
    ) -> None:
        session, relations = runner.session, runner.relations
        if kind == "VIEW" and len(node.parts) == 1 and session.drop_view(node.name):
            return
        name = relations.name_of(node, session)
        found = relations.found(name)
        if found is None:
            if lenient:
                return
            raise relations.missing(name)
        is_view = relations.views.exists(found)
        if is_view != (kind == "VIEW"):
            raise BadStatement(
                f"[WRONG_COMMAND_FOR_OBJECT_TYPE] {found} is a {'view' if is_view else 'table'}; use "
                f"DROP {'VIEW' if is_view else 'TABLE'}."
            )
        self._catalog.tables.drop(str(found))

    def _schema_name(self, node: exp.Table, session: Session) -> tuple[str, str]:
        catalog = node.args.get("catalog")
        return catalog.name if catalog is not None else session.catalog, node.args["db"].name

    def _alter(self, runner: QueryRunner, tree: exp.Alter) -> pa.Table:
        if str(tree.args.get("kind")).upper() != "TABLE":
            raise NotSupported("ALTER is supported of tables only.")
        name, (told, added) = self._table(runner, tree.this), definitions.read_alter(tree)
        refuse_registered(self._relations.open(name))
        if told.keys:
            key = {"name": told.facts(name).key_name, "child_columns": list(told.keys)}
            self._catalog.constraints.create(str(name), {"primary_key_constraint": key})
        with self._changes.change(name) as change:
            operation, parameters = definitions.alter(runner, change, told, added)
            change.record(_entry(operation, parameters))
        if told.properties or told.comments:
            self._catalog.tables.update(
                str(name), properties=told.properties or None, column_comments=told.comments
            )
        return _NOTHING

    def _comment(self, runner: QueryRunner, tree: exp.Comment) -> pa.Table:
        if str(tree.args.get("kind")).upper() != "TABLE":
            raise NotSupported("COMMENT ON is supported of tables only.")
        name, text = self._table(runner, tree.this), tree.expression
        comment = text.name if isinstance(text, exp.Literal) else ""
        self._catalog.tables.update(str(name), comment=comment)
        return _NOTHING

    # ------------------------------------------------------------------ rows
    def _table(self, runner: QueryRunner, node: exp.Expression) -> Any:
        """The name of the table that a statement writes. Raises NotFound; BadStatement for a view."""
        inner = node.this if isinstance(node, exp.Schema) else node
        if not isinstance(inner, exp.Table):
            raise BadStatement("[PARSE_SYNTAX_ERROR] The name of a table was expected.")
        if inner.args.get("version"):
            raise BadStatement(
                f"{inner.sql(dialect='databricks'):.80}: an earlier version is only read."
            )
        name = runner.relations.name_of(inner, runner.session)
        found = runner.relations.found(name)
        is_temporary = len(inner.parts) == 1 and runner.session.view(inner.name) is not None
        if is_temporary or (found is not None and runner.relations.views.exists(found)):
            raise BadStatement(f"{inner.name} is a view; only tables are written.")
        if found is None:
            raise runner.relations.missing(name)
        return found

    def _insert(self, runner: QueryRunner, tree: exp.Insert) -> pa.Table:
        with self._changes.change(self._table(runner, tree.this)) as change:
            count = insert(runner, change, tree)
            replacing = bool(tree.args.get("overwrite") or tree.args.get("where"))
            told = {"mode": "Overwrite" if replacing else "Append", **_predicate(tree)}
            if count or replacing:
                change.record(_entry("WRITE", told, numOutputRows=count))
            else:
                change.added = None
        return _counts(count, inserted=count)

    def _update(self, runner: QueryRunner, tree: exp.Update) -> pa.Table:
        with self._changes.change(self._table(runner, tree.this)) as change:
            count = update(Target(runner, change, tree.this), tree)
            if count:
                change.record(_entry("UPDATE", _predicate(tree), numUpdatedRows=count))
        return _counts(count)

    def _delete(self, runner: QueryRunner, tree: exp.Delete) -> pa.Table:
        with self._changes.change(self._table(runner, tree.this)) as change:
            count = delete(Target(runner, change, tree.this), tree)
            if count:
                change.record(_entry("DELETE", _predicate(tree), numDeletedRows=count))
        return _counts(count)

    def _truncate(self, runner: QueryRunner, tree: exp.TruncateTable) -> pa.Table:
        for node in tree.expressions:
            with self._changes.change(self._table(runner, node)) as change:
                count = delete_all(change)
                change.record(_entry("TRUNCATE", {}, numDeletedRows=count))
        return _NOTHING

    def _merge(self, runner: QueryRunner, tree: exp.Merge) -> pa.Table:
        with self._changes.change(self._table(runner, tree.this)) as change:
            counts = Merge(runner, Target(runner, change, tree.this), tree).run()
            total = counts.updated + counts.deleted + counts.inserted
            metrics = {
                "numTargetRowsUpdated": counts.updated,
                "numTargetRowsDeleted": counts.deleted,
                "numTargetRowsInserted": counts.inserted,
            }
            if total:
                predicate = tree.args["on"].sql(dialect="databricks")
                change.record(_entry("MERGE", {"predicate": predicate}, **metrics))
        return _counts(
            total, updated=counts.updated, deleted=counts.deleted, inserted=counts.inserted
        )

    _WRITES: ClassVar[dict[type[exp.Expression], Callable[..., pa.Table]]] = {
        exp.Create: _create,
        exp.Drop: _drop,
        exp.Alter: _alter,
        exp.Comment: _comment,
        exp.Insert: _insert,
        exp.Update: _update,
        exp.Delete: _delete,
        exp.TruncateTable: _truncate,
        exp.Merge: _merge,
    }


def _entry(operation: str, parameters: dict[str, Any], **metrics: int) -> dict[str, Any]:
    """An entry of a table's history."""
    return {
        "operation": operation,
        "user": user_name(),
        "parameters": parameters,
        "metrics": {name: str(count) for name, count in metrics.items()},
    }


def _predicate(tree: exp.Expression) -> dict[str, Any]:
    where = tree.args.get("where")
    if where is None:
        return {}
    condition = where.this if isinstance(where, exp.Where) else where  # of REPLACE WHERE
    return {"predicate": condition.sql(dialect="databricks")}


def _counts(affected: int, **more: int) -> pa.Table:
    """What a write answers: `num_affected_rows`, and the kinds of change where it has several."""
    named = {"num_affected_rows": affected}
    named |= {f"num_{kind}_rows": count for kind, count in more.items()}
    return pa.table({name: pa.array([count], pa.int64()) for name, count in named.items()})
