"""CREATE, DROP, ALTER and COMMENT ON carried out. Knows which room does what; not their words."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import pyarrow as pa
from sqlglot import exp

from engine.errors import BadStatement, NotSupported
from engine.service.sql.language.functions import with_names
from engine.service.sql.queries import QueryRunner
from engine.service.sql.session import Session
from engine.service.sql.writing import definitions
from engine.service.sql.writing.answers import NOTHING, counts_of, entry, written_table
from engine.service.sql.writing.schemas import Schemas
from engine.service.unity_catalog import UnityCatalog
from engine.store.tables.changing import TableChanges, refuse_registered


class Definer:
    """Carries out what makes, changes and drops tables, views and schemas."""

    def __init__(
        self, changes: TableChanges, schemas: Schemas, unity_catalog: UnityCatalog
    ) -> None:
        self._changes, self._schemas, self._catalog = changes, schemas, unity_catalog

    def run(self, runner: QueryRunner, tree: exp.Expression) -> pa.Table:
        """Carry out one such statement. Raises as it is refused."""
        return self._KINDS[type(tree)](self, runner, tree)

    def _create(self, runner: QueryRunner, tree: exp.Create) -> pa.Table:
        kind = str(tree.args["kind"]).upper()
        if kind == "VIEW":
            self._check_schema_of(runner, tree)
            definitions.create_view(runner, self._catalog.tables, tree)
            return NOTHING
        if kind in ("SCHEMA", "DATABASE"):
            catalog, schema = self._schema_name(tree.this, runner.session)
            told, lenient = definitions.said(tree), bool(tree.args.get("exists"))
            self._schemas.create(catalog, schema, lenient, told.comment, told.properties or None)
            return NOTHING
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
            return NOTHING
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
        written = entry(operation, {"properties": told.properties}, numOutputRows=rows.num_rows)
        layout = told.layout_of(schema)
        self._catalog.tables.define(
            name,
            lambda: self._changes.write(name, schema, rows, written, layout=layout),
            told.facts(name),
            bool(tree.args.get("replace")),
        )
        return NOTHING if query is None else counts_of(rows.num_rows, inserted=rows.num_rows)

    def _drop(self, runner: QueryRunner, tree: exp.Drop) -> pa.Table:
        kind, lenient = str(tree.args["kind"]).upper(), bool(tree.args.get("exists"))
        cascade = bool(tree.args.get("cascade"))
        for node in tree.args.get("tables") or []:
            if kind in ("SCHEMA", "DATABASE"):
                catalog, schema = self._schema_name(node, runner.session)
                self._schemas.drop(catalog, schema, lenient, cascade)
            else:
                self._drop_relation(runner, node, kind, lenient)
        return NOTHING

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
        name, (told, added) = written_table(runner, tree.this), definitions.read_alter(tree)
        refuse_registered(runner.relations.open(name))
        if told.keys:
            key = {"name": told.facts(name).key_name, "child_columns": list(told.keys)}
            self._catalog.constraints.create(str(name), {"primary_key_constraint": key})
        with self._changes.change(name) as change:
            operation, parameters = definitions.alter(runner, change, told, added)
            change.record(entry(operation, parameters))
        if told.properties or told.comments:
            self._catalog.tables.update(
                str(name), properties=told.properties or None, column_comments=told.comments
            )
        return NOTHING

    def _comment(self, runner: QueryRunner, tree: exp.Comment) -> pa.Table:
        if str(tree.args.get("kind")).upper() != "TABLE":
            raise NotSupported("COMMENT ON is supported of tables only.")
        name, text = written_table(runner, tree.this), tree.expression
        comment = text.name if isinstance(text, exp.Literal) else ""
        self._catalog.tables.update(str(name), comment=comment)
        return NOTHING

    _KINDS: ClassVar[dict[type[exp.Expression], Callable[..., pa.Table]]] = {
        exp.Create: _create,
        exp.Drop: _drop,
        exp.Alter: _alter,
        exp.Comment: _comment,
    }
