"""CREATE, DROP and ALTER carried out. Knows which room does what; not their words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pyarrow as pa
from sqlglot import exp

from engine.core.names import ThreePartName
from engine.errors import BadStatement, NotSupported
from engine.service.catalogs.columns import IDENTITY, ColumnFacts, checks_of, rules_of
from engine.service.sql.language.forms.clones import CLONES
from engine.service.sql.language.forms.replacing import REPLACES
from engine.service.sql.language.functions.names import with_names
from engine.service.sql.queries import QueryRunner
from engine.service.sql.relations import version_of
from engine.service.sql.session import Session
from engine.service.sql.shown.partitions import laid_out
from engine.service.sql.writing import definitions
from engine.service.sql.writing.altering import Altered
from engine.service.sql.writing.answers import NOTHING, copied, counts_of, entry, written_table
from engine.service.sql.writing.column_rules.checks import check_made
from engine.service.sql.writing.column_rules.saying import FEATURE, check_rules
from engine.service.sql.writing.foreign_keys import foreign_keys
from engine.service.sql.writing.schemas import Schemas
from engine.service.unity_catalog import UnityCatalog
from engine.store.tables.changing import PARTITION_COLUMNS, TableChanges, refuse_registered
from engine.store.tables.table import IMAGE_FOLDER, Table


@dataclass(frozen=True)
class Content:
    """What a table is made of.

    Attributes:
        operation: for its history. facts: small facts about it; see `Table.properties`.
        source: the table that it is a copy of; None for none.
    """

    schema: pa.Schema
    rows: pa.Table
    operation: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    source: Table | None = None


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
        node = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        name = runner.relations.name_of(node, runner.session)
        if definitions.taken_by_table(runner, name, tree):
            return NOTHING
        found = runner.relations.found(name)
        if found is None and tree.meta.get(REPLACES):
            raise runner.relations.missing(name)
        name = found or name
        made = self._content(runner, tree, told)
        check_made(runner, made.schema, made.rows, checks_of(told.properties))
        operation = made.operation
        if tree.args.get("replace") and made.source is None:
            word = "REPLACE" if tree.meta.get(REPLACES) else "CREATE OR REPLACE"
            operation = f"{word}{operation.removeprefix('CREATE')}"
        parameters = {"properties": told.properties}
        written = entry(operation, parameters, numOutputRows=made.rows.num_rows)
        layout = told.layout_of(made.schema)
        keys = self._foreign_keys(runner, told, name, made.schema.names)

        def write() -> None:
            rows = made.rows
            self._changes.write(
                name, made.schema, rows, written, properties=made.facts, layout=layout
            )

        self._catalog.tables.define(
            name, write, told.facts(name, keys), bool(tree.args.get("replace"))
        )
        self._catalog.tags.keep_columns(str(name), made.schema.names)
        if made.source is not None:
            return copied(made.source, runner.relations.open(name))
        rows = made.rows.num_rows
        return NOTHING if tree.expression is None else counts_of(rows, inserted=rows)

    def _foreign_keys(
        self,
        runner: QueryRunner,
        told: definitions.Said,
        name: ThreePartName,
        columns: Sequence[str],
    ) -> list[dict[str, Any]]:
        constraints = self._catalog.constraints
        own = told.keys or constraints.primary_key(str(name))
        return foreign_keys(runner, constraints, told.references, name, columns, own)

    def _content(self, runner: QueryRunner, tree: exp.Create, told: definitions.Said) -> Content:
        """The columns and rows of a table that is made, and what it takes of another (into `told`)."""
        listed = tree.this.expressions if isinstance(tree.this, exp.Schema) else []
        query = tree.expression
        if told.like is not None:
            table = self._take(runner, told.like, told, properties=False)
            return Content(table.schema, table.schema.empty_table(), "CREATE TABLE")
        if query is None:
            # Without any, what is copied into the table brings its columns.
            schema = pa.schema([])
            if isinstance(tree.this, exp.Schema):
                schema = definitions.columns_of(runner, listed, told)
            check_rules(runner, schema, told.rules, told.properties)
            _refuse_parted_by_identity(told)
            return Content(schema, schema.empty_table(), "CREATE TABLE")
        if listed:
            raise NotSupported("CREATE TABLE with both a list of columns and AS is not supported.")
        if tree.meta.get(CLONES):
            table = self._take(runner, query.args["from_"].this, told, properties=True)
            facts = dict(table.properties)
            if table.folder is not None:
                facts[IMAGE_FOLDER] = str(table.folder)
            return Content(table.schema, table.read(), "CLONE", facts, table)
        rows = runner.source(with_names(query.copy()))
        return Content(definitions.result_schema(rows), rows, "CREATE TABLE AS SELECT")

    def _take(
        self, runner: QueryRunner, node: exp.Table, told: definitions.Said, properties: bool
    ) -> Table:
        """A table whose definition another takes: comments, layout, and properties (into `told`)."""
        relations = runner.relations
        table = relations.open(
            relations.name_of(node, runner.session), version_of(node, runner.scope())
        )
        shown, there = self._catalog.tables.get(str(table.name)), set(table.schema.names)
        columns = [one for one in shown["columns"] if one["name"] in there]  # of that version
        told.comments = {one["name"]: one["comment"] for one in columns if one.get("comment")}
        layout = {key: [one for one in those if one in there] for key, those in self._layout(table)}
        told.layout = {**layout, **told.layout}
        told.rules = {one["name"]: rules for one in columns if (rules := rules_of(one))}
        kept = shown.get("properties", {})
        if not properties:  # but for what the columns' own rules ask for
            kept = {key: value for key, value in kept.items() if key == FEATURE}
        told.properties = {**kept, **told.properties}
        return table

    def _layout(self, table: Table) -> Iterable[tuple[str, list[str]]]:
        """The columns that a table is partitioned and clustered by."""
        return laid_out(table, self._changes.layout(table.name)).items()

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
            raise _wrong_kind(found, is_view, "DROP")
        self._catalog.tables.drop(str(found))

    def _schema_name(self, node: exp.Table, session: Session) -> tuple[str, str]:
        catalog = node.args.get("catalog")
        return catalog.name if catalog is not None else session.catalog, node.args["db"].name

    # ------------------------------------------------------------------ ALTER
    def _alter(self, runner: QueryRunner, tree: exp.Alter) -> pa.Table:
        actions = tree.args.get("actions") or []
        if len(actions) == 1 and isinstance(actions[0], exp.AlterRename):
            return self._rename(runner, tree, actions[0].this)
        if str(tree.args.get("kind")).upper() != "TABLE":
            raise NotSupported(
                "ALTER is supported of tables only; a view is renamed by ALTER VIEW ... RENAME TO, and "
                "changed by CREATE OR REPLACE VIEW."
            )
        name = written_table(runner, tree.this)
        refuse_registered(runner.relations.open(name))
        shown = self._catalog.tables.get(str(name))
        told = definitions.constraints_said(actions)
        if told.keys:  # before the table: it may be refused, and no writer waits for the catalogue
            key = {"name": told.facts(name).key_name, "child_columns": list(told.keys)}
            self._catalog.constraints.create(str(name), {"primary_key_constraint": key})
        columns = [one["name"] for one in shown["columns"]]
        for foreign in self._foreign_keys(runner, told, name, columns):
            self._catalog.constraints.create(str(name), foreign)
        with self._changes.change(name) as change:
            keys = self._catalog.constraints.primary_key(str(name))
            rules = {one["name"]: rules_of(one) for one in shown["columns"]}
            altered = Altered(runner, change, dict(shown.get("properties", {})), keys, rules)
            altered.run(actions)
            change.record(entry(altered.operation, altered.parameters))
        self._keep(str(name), altered)
        return NOTHING

    def _rename(self, runner: QueryRunner, tree: exp.Alter, to: exp.Table) -> pa.Table:
        """Carry out ALTER TABLE | VIEW ... RENAME TO; a name without schema goes to the session's."""
        relations, kind = runner.relations, str(tree.args.get("kind")).upper()
        asked, new = (relations.name_of(node, runner.session) for node in (tree.this, to))
        name = relations.found(asked)
        if name is None:
            raise relations.missing(asked)
        if relations.views.exists(name) != (kind == "VIEW"):
            raise _wrong_kind(name, kind == "TABLE", "ALTER")
        if new.catalog != name.catalog:
            raise BadStatement(
                f"ALTER {kind} {name} RENAME TO {new}: a {kind.lower()} stays in its catalog; expected "
                f"a name in {name.catalog}. In another make it anew: CREATE {kind} {new} AS SELECT * "
                f"FROM {name}."
            )
        self._schemas.check(new.catalog, new.schema)
        definitions.refuse_taken(relations, new)
        self._catalog.renaming.rename(name, new)
        return NOTHING

    def _keep(self, name: str, altered: Altered) -> None:
        """Keep what was said beside the columns."""
        told, tables = altered.told, self._catalog.tables
        before = {field.name: field.nullable for field in altered.change.table.schema}
        nullable: dict[str, bool] = {
            field.name: field.nullable
            for field in altered.change.schema
            if before.get(field.name, field.nullable) != field.nullable
        }
        said: ColumnFacts = {column: {"nullable": may} for column, may in nullable.items()}
        for column, rule in told.rules.items():
            said[column] = {**said.get(column, {}), **rule}
        if altered.renamed or said:
            tables.update_columns(name, altered.renamed, said=said)
            self._catalog.tags.rename_columns(name, altered.renamed)
        if told.properties or told.comments:
            properties = told.properties or None
            tables.update(name, properties=properties, column_comments=told.comments)

    _KINDS: ClassVar[dict[type[exp.Expression], Callable[..., pa.Table]]] = {
        exp.Create: _create,
        exp.Drop: _drop,
        exp.Alter: _alter,
    }


def _refuse_parted_by_identity(told: definitions.Said) -> None:
    parted = [one.lower() for one in told.layout.get(PARTITION_COLUMNS, [])]
    for column, rule in told.rules.items():
        if IDENTITY in rule and column.lower() in parted:
            raise BadStatement(
                "[DELTA_IDENTITY_COLUMNS_PARTITION_NOT_SUPPORTED] PARTITIONED BY IDENTITY column "
                f"{column} is not supported."
            )


def _wrong_kind(name: ThreePartName, is_view: bool, word: str) -> BadStatement:
    """What to raise where a statement takes a view for a table, or the other way round."""
    kind = "VIEW" if is_view else "TABLE"
    return BadStatement(
        f"[WRONG_COMMAND_FOR_OBJECT_TYPE] {name} is a {kind.lower()}; use {word} {kind}."
    )
