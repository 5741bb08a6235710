"""CREATE, ALTER and DROP of tables and views. Knows their words; not how rows are found.

What a definition says that has no meaning here, such as a location, is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from sqlglot import exp

from engine.core.names import ThreePartName
from engine.errors import BadStatement, NotSupported, ResourceConflict
from engine.service.catalogs.columns import ColumnFacts, checks_of, described_columns
from engine.service.catalogs.table_facts import TableFacts
from engine.service.catalogs.tables import Tables
from engine.service.sql.language.column_types import column_type
from engine.service.sql.language.forms.originals import text_of
from engine.service.sql.queries import QueryRunner, without_rows
from engine.service.sql.relations import Relations, views_of
from engine.service.sql.session import TemporaryView
from engine.service.sql.writing.column_rules.saying import rule_said
from engine.store.tables.changing import CLUSTERING_COLUMNS, PARTITION_COLUMNS
from engine.store.tables.parquet_files import check_names
from engine.store.tables.views import View

_FORMATS = ("DELTA", "PARQUET")
_FREE = (exp.TemporaryProperty, exp.SchemaCommentProperty, exp.Property, exp.FileFormatProperty)
_LAYOUT = {exp.PartitionedByProperty: PARTITION_COLUMNS, exp.ClusterProperty: CLUSTERING_COLUMNS}


@dataclass
class Said:
    """What a definition says beside names and columns.

    Attributes:
        properties: TBLPROPERTIES. comments: of columns, by name. keys: columns of the primary key.
        rules: defaults, generated values and identities of columns, by name; see `rule_said`.
        key_name: the primary key's own name; empty for none.
        references: foreign keys as they are said, with their names; see `foreign_keys`.
        checks: conditions of CHECK constraints, by name.
        layout: columns of PARTITIONED BY and of CLUSTER BY, by their keys in `changing`.
        like: the table whose definition is taken; None for none.
    """

    comment: str | None = None
    temporary: bool = False
    properties: dict[str, str] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    rules: ColumnFacts = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    key_name: str = ""
    references: list[tuple[str, exp.ForeignKey]] = field(default_factory=list)
    checks: dict[str, str] = field(default_factory=dict)
    layout: dict[str, list[str]] = field(default_factory=dict)
    like: exp.Table | None = None

    def layout_of(self, schema: pa.Schema) -> dict[str, list[str]]:
        """The columns of the layout as the table spells them. Raises BadStatement: it lacks one."""
        known = {name.lower(): name for name in schema.names}
        for column in (one for columns in self.layout.values() for one in columns):
            if column.lower() not in known:
                raise BadStatement(
                    f"[UNRESOLVED_COLUMN] PARTITIONED BY or CLUSTER BY names {column!r:.80}; the table "
                    f"has {', '.join(schema.names)}."
                )
        return {key: [known[one.lower()] for one in those] for key, those in self.layout.items()}

    def facts(
        self, name: ThreePartName, foreign_keys: Sequence[Mapping[str, Any]] = ()
    ) -> TableFacts:
        """What Unity Catalog keeps of a table or view of this name."""
        return TableFacts(
            self.comment,
            self.properties or None,
            self.column_facts(),
            self.keys,
            self.key_name or f"{name.name}_pk",
            tuple(foreign_keys),
        )

    def column_facts(self) -> ColumnFacts:
        """The comments of columns, and their rules."""
        rules = {column: _without_none(rule) for column, rule in self.rules.items()}
        facts: ColumnFacts = {column: rule for column, rule in rules.items() if rule}
        for column, text in self.comments.items():
            facts[column] = {"comment": text, **facts.get(column, {})}
        return facts


def _without_none(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: one for key, one in facts.items() if one is not None}


def said(tree: exp.Create) -> Said:
    """The properties of a CREATE. Raises NotSupported for one that has no meaning here."""
    out = Said()
    for part in ("clone", "indexes", "begin", "unique"):
        if tree.args.get(part):
            raise NotSupported(f"CREATE with {part.upper()} is not supported.")
    properties = tree.args.get("properties")
    for one in properties.expressions if properties is not None else []:
        if type(one) in _LAYOUT:
            out.layout[_LAYOUT[type(one)]] = _columns_named(one)
            continue
        if isinstance(one, exp.LikeProperty):
            out.like = one.this
            continue
        if not isinstance(one, _FREE) or type(one) not in _FREE:
            raise NotSupported(
                f"{one.sql(dialect='databricks'):.60} is not supported in CREATE: tables lie in the "
                "workspace."
            )
        if isinstance(one, exp.TemporaryProperty):
            out.temporary = True
        elif isinstance(one, exp.SchemaCommentProperty):
            out.comment = one.this.name
        elif isinstance(one, exp.FileFormatProperty):
            if one.this.name.upper() not in _FORMATS:
                raise NotSupported(f"USING {one.this.name:.40} is not supported; use USING DELTA.")
        else:
            out.properties |= _property(one)
    return out


def _columns_named(node: exp.Expression) -> list[str]:
    """The columns of PARTITIONED BY or CLUSTER BY; none for CLUSTER BY AUTO, which names none.

    Raises:
        NotSupported: what is no column's name.
    """
    inner = node.this
    listed = node.expressions or (inner.expressions if isinstance(inner, exp.Expression) else [])
    for one in listed:
        if not isinstance(one, (exp.Identifier, exp.Column)):
            raise NotSupported(
                f"{node.sql(dialect='databricks'):.80} is not supported: expected names of columns of "
                "the table, such as PARTITIONED BY (category)."
            )
    return [one.name for one in listed]


def _property(node: exp.Expression) -> dict[str, str]:
    key, value = node.this, node.args["value"]
    text = str(value.this).lower() if isinstance(value, exp.Boolean) else value.name
    return {key.sql() if isinstance(key, exp.Dot) else getattr(key, "name", key): text}


# ------------------------------------------------------------------ columns
def columns_of(runner: QueryRunner, definitions: Sequence[exp.Expression], told: Said) -> pa.Schema:
    """The columns that a definition lists, and what it says of them (in `told`).

    Raises:
        BadStatement: a name twice, or no type. NotSupported: a mask, a collation and the like.
    """
    fields: list[tuple[str, exp.DataType, bool]] = []
    for one in definitions:
        if isinstance(one, exp.ColumnDef):
            fields.append(_column(one, told))
        else:
            constraint_said(one, told)
    if told.checks:
        raise NotSupported(
            f"CREATE TABLE takes no CHECK constraint, such as {next(iter(told.checks))!r:.80}. Add it "
            "to the table that was made: ALTER TABLE t ADD CONSTRAINT name CHECK (condition)."
        )
    if not fields:
        raise BadStatement("A table needs at least one column.")
    names = [name for name, _, _ in fields]
    if len({name.lower() for name in names}) < len(names):
        raise BadStatement(f"[COLUMN_ALREADY_EXISTS] A column is named twice: {', '.join(names)}.")
    nulls = [exp.alias_(exp.cast(exp.Null(), kind), name, quoted=True) for name, kind, _ in fields]
    found = runner.run(exp.select(*nulls).limit(0)).schema
    missing = [name for name in told.keys if name not in names]
    if missing:
        raise BadStatement(f"The primary key names {missing[0]!r}, which is no column.")
    return pa.schema([f.with_nullable(null) for f, (_, _, null) in zip(found, fields)])


def _column(node: exp.ColumnDef, told: Said) -> tuple[str, exp.DataType, bool]:
    kind, nullable = node.args.get("kind"), True
    if not isinstance(kind, exp.DataType):
        raise BadStatement(f"Column {node.name!r:.80} has no type.")
    if node.args.get("position") is not None:
        raise NotSupported(f"Column {node.name}: FIRST and AFTER are not supported.")
    for constraint in node.args.get("constraints") or []:
        what = constraint.kind
        if isinstance(what, exp.NotNullColumnConstraint):
            nullable = bool(what.args.get("allow_null"))
        elif isinstance(what, exp.CommentColumnConstraint):
            told.comments[node.name] = what.this.name
        elif isinstance(what, exp.PrimaryKeyColumnConstraint):
            told.keys, nullable = (node.name,), False
        elif isinstance(what, exp.Reference):
            key = exp.ForeignKey(expressions=[exp.to_identifier(node.name)], reference=what.copy())
            told.references.append(("", key))
        elif (rule := rule_said(what)) is not None:
            told.rules[node.name] = {**told.rules.get(node.name, {}), **rule}
        else:
            raise NotSupported(
                f"Column {node.name}: {constraint.sql(dialect='databricks'):.60} is not supported."
            )
    return node.name, column_type(kind, node.name), nullable


def constraint_said(node: exp.Expression, told: Said) -> None:
    """Read a key or a CHECK (into `told`). Raises NotSupported for another constraint."""
    said, name = node, ""
    if isinstance(node, exp.Constraint) and len(node.expressions) == 1:
        said, name = node.expressions[0], node.name
    if isinstance(said, exp.ForeignKey) and isinstance(said.args.get("reference"), exp.Reference):
        told.references.append((name, said))
        return
    if isinstance(said, exp.CheckColumnConstraint) and name:
        told.checks[name] = text_of(said.this)
        return
    if not isinstance(said, exp.PrimaryKey):
        raise NotSupported(
            f"{node.sql(dialect='databricks'):.80} is not supported; PRIMARY KEY, FOREIGN KEY and "
            "CONSTRAINT name CHECK (condition) are."
        )
    told.keys = tuple(key.name for key in said.expressions)
    told.key_name = name


def result_schema(rows: pa.Table) -> pa.Schema:
    """The columns of a query's rows as a table's. Raises BadStatement for a name twice."""
    twice = check_names(rows.schema)
    if twice:
        raise BadStatement(f"[COLUMN_ALREADY_EXISTS] {twice} is there twice. Name each by AS.")
    _refuse_twice(rows.schema.names)
    if not rows.num_columns:
        raise BadStatement("A table needs at least one column.")
    return pa.schema([_storable(f) for f in rows.schema])


def _storable(found: pa.Field) -> pa.Field:
    kind = found.type
    if pa.types.is_null(kind):
        raise BadStatement(f"Column {found.name} has no type; CAST its NULL to one.")
    return pa.field(found.name, kind)


# ------------------------------------------------------------------ views
def _refuse_twice(names: Sequence[str]) -> None:
    """Raises BadStatement for a name twice, in any letter case."""
    lower = [name.lower() for name in names]
    twice = next((name for place, name in enumerate(names) if name.lower() in lower[:place]), None)
    if twice is not None:
        raise BadStatement(
            f"[COLUMN_ALREADY_EXISTS] column {twice!r} is there twice. Name each by AS."
        )


def create_view(runner: QueryRunner, tables: Tables, tree: exp.Create) -> None:
    """Carry out CREATE [OR REPLACE] [TEMP] VIEW, whose query is tried once, without its rows.

    Raises:
        BadStatement, NotSupported: as its query is refused. ResourceConflict: the name is taken.
    """
    told = said(tree)
    node = tree.this
    columns: tuple[str, ...] = ()
    if isinstance(node, exp.Schema):
        columns = _names_of_view(node, told)
        node = node.this
    query = tree.expression
    if not isinstance(query, (exp.Query, exp.Values)):
        raise BadStatement("CREATE VIEW needs a query: ... AS SELECT ...")
    if told.temporary and len(node.parts) > 1:
        raise BadStatement("A temporary view has a name of one part.")
    found = _tried(runner, query, node.name.lower() if told.temporary else _full(runner, node))
    if columns and len(columns) != found.num_columns:
        raise BadStatement(
            f"The view names {len(columns)} columns; its query has {found.num_columns}."
        )
    shown = found.schema if not columns else found.rename_columns(list(columns)).schema
    _refuse_twice(shown.names)
    session, replace = runner.session, bool(tree.args.get("replace"))
    if told.temporary:
        text = runner.relations.name_fully(query.copy(), session).sql(dialect="databricks")
        view = TemporaryView(text, session.catalog, session.schema, columns)
        session.add_view(node.name, view, replace)
        return
    name = _full(runner, node)
    if _taken(runner, name, bool(tree.args.get("exists")), replace, "view"):
        return
    described = tuple(described_columns(shown, told.column_facts()))
    text = query.sql(dialect="databricks")
    made = View(name, text, session.catalog, session.schema, columns, described)
    tables.define(name, lambda: runner.relations.views.write(made), told.facts(name), replace)


def _full(runner: QueryRunner, node: exp.Table) -> ThreePartName:
    """The name of a view that is made, as the one that it replaces spells it."""
    name = runner.relations.name_of(node, runner.session)
    return runner.relations.found(name) or name


def _tried(runner: QueryRunner, query: exp.Expression, name: str | ThreePartName) -> pa.Table:
    """The columns of a view's query, without rows.

    Args:
        name: the view's; of one part where it is temporary.

    Raises:
        BadStatement: the view would read itself, or one that lasts a temporary one.
    """
    resolved = runner.resolved(without_rows(query))
    read = views_of(resolved)
    if name in read:
        raise BadStatement(f"[RECURSIVE_VIEW] The view {name} would read itself. It is as it was.")
    temporary = sorted(one for one in read if isinstance(one, str))
    if temporary and not isinstance(name, str):
        raise BadStatement(
            f"[INVALID_TEMP_OBJ_REFERENCE] The view {name} lasts and can't read the temporary view "
            f"{temporary[0]}; make a temporary view of it."
        )
    return runner.finished(resolved)


def _names_of_view(node: exp.Schema, told: Said) -> tuple[str, ...]:
    """The names that a view gives its columns, and their comments (in `told`)."""
    for one in node.expressions:
        for constraint in one.args.get("constraints") or []:
            if isinstance(constraint.kind, exp.CommentColumnConstraint):
                told.comments[one.name] = constraint.kind.this.name
    return tuple(one.name for one in node.expressions)


def taken_by_table(runner: QueryRunner, name: ThreePartName, tree: exp.Create) -> bool:
    """Whether a CREATE TABLE has nothing to do. Raises ResourceConflict where the name is taken."""
    lenient, replace = bool(tree.args.get("exists")), bool(tree.args.get("replace"))
    return _taken(runner, name, lenient, replace, "table")


def _taken(
    runner: QueryRunner, name: ThreePartName, lenient: bool, replace: bool, what: str
) -> bool:
    relations = runner.relations
    found = relations.found(name)
    if found is None:
        return False
    if lenient:
        return True
    if not replace or relations.views.exists(found) != (what == "view"):
        refuse_taken(relations, name, ", or say IF NOT EXISTS or OR REPLACE")
    return False


def refuse_taken(relations: Relations, name: ThreePartName, more: str = "") -> None:
    """Raises ResourceConflict where a table or a view has a name.

    Args:
        more: what else may be done about it.
    """
    found = relations.found(name)
    if found is not None:
        raise ResourceConflict(
            f"[TABLE_OR_VIEW_ALREADY_EXISTS] Cannot create table or view `{name.catalog}`."
            f"`{name.schema}`.`{name.name}` because it already exists as a "
            f"{'view' if relations.views.exists(found) else 'table'}. Choose a different name, drop "
            f"it{more}."
        )


# ------------------------------------------------------------------ ALTER TABLE
def properties_said(action: exp.AlterSet, told: Said) -> bool:
    """Read `SET TBLPROPERTIES (...)` (into `told`); whether the action is that."""
    for group in action.expressions:
        if not isinstance(group, exp.Properties):
            return False
        for one in group.expressions:
            told.properties |= _property(one)
    if checks_of(told.properties):
        raise BadStatement(
            "[DELTA_ADD_CONSTRAINTS] Please use ALTER TABLE ADD CONSTRAINT to add CHECK constraints."
        )
    return bool(told.properties)


def constraints_said(actions: Sequence[exp.Expression]) -> Said:
    """The keys and conditions that an ALTER TABLE adds. Raises NotSupported for another constraint."""
    told = Said()
    for action in actions:
        if isinstance(action, exp.AddConstraint):
            for one in action.expressions:
                constraint_said(one, told)
    return told
