"""ALTER TABLE: what each of its actions makes of a table's columns, layout and facts.

Knows columns; not how a version is published, nor where facts are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from engine.errors import BadStatement, NotSupported
from engine.service.catalogs.columns import DEFAULT, ColumnFacts
from engine.service.sql.queries import QueryRunner
from engine.service.sql.writing.column_rules.altered import (
    refuse_added,
    refuse_default,
    refuse_read,
    refuse_replaced,
)
from engine.service.sql.writing.column_rules.checks import add_check, property_of, refuse_checked
from engine.service.sql.writing.column_rules.rules import ColumnRules, rename_marks, sync_mark
from engine.service.sql.writing.column_rules.saying import check_default, default_said
from engine.service.sql.writing.definitions import (
    Said,
    columns_of,
    constraints_said,
    properties_said,
)
from engine.service.sql.writing.evolution import (
    WIDENING,
    is_wider,
    put_schema,
    replaced_columns,
)
from engine.store.tables.changing import CLUSTERING_COLUMNS, PARTITION_COLUMNS, TableChange

# The property of a table whose columns have names of their own.
MAPPING = "delta.columnMapping.mode"


@dataclass
class Altered:
    """A table that is altered, and what is to become of the facts kept of it.

    Attributes:
        properties, keys, rules: as they are now: TBLPROPERTIES, the columns of the primary key, the
            defaults, generated values and identities of columns.
        told: what the actions say of properties, comments and keys.
        renamed: new names of columns by the old ones; none for those that are dropped.
        operation, parameters: for the table's history.
    """

    runner: QueryRunner
    change: TableChange
    properties: dict[str, str]
    keys: Sequence[str]
    rules: ColumnFacts
    told: Said = field(default_factory=Said)
    renamed: dict[str, str | None] = field(default_factory=dict)
    operation: str = "SET TBLPROPERTIES"
    parameters: dict[str, Any] = field(default_factory=dict)

    def run(self, actions: Sequence[exp.Expression]) -> None:
        """Carry actions out on the table's columns and layout, and say the rest.

        Raises:
            NotSupported: an action that isn't offered. BadStatement: one that can't be carried out.
        """
        for action in actions:
            act = _ACTIONS.get(type(action))
            if act is None or not act(self, action):
                raise NotSupported(
                    f"ALTER TABLE {action.sql(dialect='databricks'):.60} is not supported; ADD, RENAME, "
                    "REPLACE, DROP and ALTER COLUMN, ADD and DROP CONSTRAINT, CLUSTER BY, SET and UNSET "
                    "TBLPROPERTIES and SET OWNER TO are."
                )

    def did(self, operation: str, **parameters: Any) -> bool:
        """Keep what the history says."""
        self.operation, self.parameters = operation, parameters
        return True

    def column(self, node: exp.Expression) -> str:
        """The table's column that a node names. Raises BadStatement; NotSupported: a field."""
        node = node.unnest()
        if len(getattr(node, "parts", [node])) > 1:
            raise NotSupported(
                f"{node.sql(dialect='databricks'):.80}: fields of structs are altered by writing the "
                "whole column anew."
            )
        for name in self.change.schema.names:
            if name.lower() == node.name.lower():
                return str(name)
        raise BadStatement(
            f"[UNRESOLVED_COLUMN] {node.name!r:.80} is no column of {self.change.table.name}, which has "
            f"{', '.join(self.change.schema.names)}."
        )

    def refuse_read(self, column: str, besides: Sequence[str] = ()) -> None:
        """Raises BadStatement where generated columns or constraints read a column."""
        refuse_read(self.rules, column, besides)
        refuse_checked({**self.properties, **self.told.properties}, column)

    def needs(self, key: str, value: str, code: str, what: str) -> None:
        """Raises BadStatement where the table lacks a property, without which the cloud refuses too."""
        if self.properties.get(key, "").lower() != value:
            raise BadStatement(
                f"[{code}] {what} is not supported for {self.change.table.name} as it is. Say first: "
                f"ALTER TABLE {self.change.table.name} SET TBLPROPERTIES ('{key}' = '{value}')"
            )


# ------------------------------------------------------------------ columns
def _added(on: Altered, action: exp.Expression) -> bool:
    listed = action.expressions if isinstance(action, exp.Schema) else [action]
    there = {name.lower() for name in on.change.schema.names}
    wanted = [one for one in listed if not (one.args.get("exists") and one.name.lower() in there)]
    positions = {one.name: one.args.get("position") for one in wanted}
    plain = [one.copy() for one in wanted]
    for one in plain:
        one.set("position", None)
    new = columns_of(on.runner, plain, on.told) if plain else pa.schema([])
    refuse_added(on.told.rules)
    fields = list(on.change.schema)
    for one in new:
        if one.name.lower() in there:
            raise BadStatement(
                f"[COLUMN_ALREADY_EXISTS] Column {one.name} is in the table already."
            )
        if not one.nullable:
            raise BadStatement(f"Column {one.name}: a column that is added can't be NOT NULL.")
        fields.insert(_place(fields, positions[one.name]), one)
    put_schema(on.change, pa.schema(fields))
    return on.did("ADD COLUMNS", columns=[one.name for one in wanted])


def _place(fields: Sequence[pa.Field], position: exp.Expression | None) -> int:
    """Where a column is put: last, or as FIRST or AFTER say. Raises BadStatement."""
    if position is None:
        return len(fields)
    if str(position.args["position"]).upper() == "FIRST":
        return 0
    names = [one.name.lower() for one in fields]
    if position.this.name.lower() not in names:
        raise BadStatement(f"[UNRESOLVED_COLUMN] AFTER {position.this.name:.80}: no such column.")
    return names.index(position.this.name.lower()) + 1


def _renamed(on: Altered, action: exp.Expression) -> bool:
    on.needs(MAPPING, "name", "DELTA_UNSUPPORTED_RENAME_COLUMN", "Column rename")
    old, new = on.column(action.this), action.args["to"].name
    on.refuse_read(old)
    names = [name.lower() for name in on.change.schema.names if name != old]
    if new.lower() in names:
        raise BadStatement(f"[COLUMN_ALREADY_EXISTS] Column {new} is in the table already.")
    on.change.schema = pa.schema(
        [one.with_name(new) if one.name == old else one for one in on.change.schema]
    )
    for place in range(len(on.change.table.files)):
        rows = on.change.rows_now(place)
        on.change.replaced[place] = rows.rename_columns(on.change.schema.names)
    for key in (PARTITION_COLUMNS, CLUSTERING_COLUMNS):
        if key in on.change.facts:
            on.change.facts[key] = [new if one == old else one for one in on.change.facts[key]]
    rename_marks(on.change.facts, {old: new})
    on.renamed[old] = new
    return on.did("RENAME COLUMN", oldColumnPath=old, newColumnPath=new)


def _dropped(on: Altered, action: exp.Expression) -> bool:
    kind, lenient = str(action.args.get("kind")).upper(), bool(action.args.get("exists"))
    if kind not in ("COLUMN", "COLUMNS"):
        return False
    on.needs(MAPPING, "name", "DELTA_UNSUPPORTED_DROP_COLUMN", "DROP COLUMN")
    nodes = [
        one
        for node in action.args["tables"]
        for one in (node.expressions if isinstance(node, (exp.Schema, exp.Tuple)) else [node])
    ]
    there = {name.lower() for name in on.change.schema.names}
    gone = [on.column(one) for one in nodes if not lenient or one.unnest().name.lower() in there]
    _check_droppable(on, gone)
    put_schema(on.change, pa.schema([one for one in on.change.schema if one.name not in gone]))
    rename_marks(on.change.facts, dict.fromkeys(gone))
    on.renamed |= dict.fromkeys(gone)
    return on.did("DROP COLUMNS", columns=gone)


def _check_droppable(on: Altered, gone: Sequence[str]) -> None:
    """Raises BadStatement for columns that the table can't do without."""
    for column in gone:
        on.refuse_read(column, besides=gone)
    for what, columns in (
        ("partitioned by", on.change.facts.get(PARTITION_COLUMNS, [])),
        ("clustered by", on.change.facts.get(CLUSTERING_COLUMNS, [])),
        ("known by its primary key", on.keys),
    ):
        held = [one for one in gone if one in columns]
        if held:
            raise BadStatement(
                f"[DELTA_UNSUPPORTED_DROP_COLUMN] Table {on.change.table.name} is {what} {held[0]!r}, "
                "which can't be dropped while it is."
            )
    if len(set(gone)) >= len(on.change.schema):
        raise BadStatement("[DELTA_UNSUPPORTED_DROP_COLUMN] A table needs at least one column.")


def _column_altered(on: Altered, action: exp.Expression) -> bool:
    name = on.column(action.this)
    if action.args.get("definition") is not None:
        return _redefined(on, name, action.args["definition"])
    if action.args.get("place") is not None:
        return _moved(on, name, action.args["place"])
    if action.args.get("sync") is not None:
        return _synced(on, name)
    drops_default = action.args.get("drop") and action.args.get("allow_null") is None
    if action.args.get("default") is not None or drops_default:
        return _default_changed(on, name, action.args.get("default"))
    if action.args.get("comment") is not None:
        on.told.comments[name] = action.args["comment"].name
        return on.did("CHANGE COLUMN", column=name)
    if action.args.get("dtype") is not None:
        return _type_changed(on, name, action.args["dtype"])
    if action.args.get("allow_null") is not None:
        return _null_changed(on, name, bool(action.args["allow_null"]))
    return False


def _redefined(on: Altered, name: str, said: exp.ColumnDef) -> bool:
    """Carry out Hive's form, which says a column's name, type, comment and place at once."""
    if said.name.lower() != name.lower():
        raise BadStatement(
            "Operation not allowed: Renaming column is not supported in Hive-style CHANGE COLUMN. Say "
            f"ALTER TABLE {on.change.table.name} RENAME COLUMN {name} TO {said.name}."
        )
    for one in said.args.get("constraints") or []:
        if not isinstance(one.kind, exp.CommentColumnConstraint):
            raise BadStatement(
                f"Operation not allowed: {one.sql(dialect='databricks'):.60} is not supported in "
                f"Hive-style CHANGE COLUMN. Say ALTER TABLE {on.change.table.name} ALTER COLUMN {name} "
                "SET NOT NULL, and the like."
            )
        on.told.comments[name] = one.kind.this.name
    if said.args.get("position") is not None:
        _moved(on, name, said.args["position"])
    return _type_changed(on, name, said.args["kind"])


def _moved(on: Altered, name: str, position: exp.Expression) -> bool:
    fields = [one for one in on.change.schema if one.name != name]
    fields.insert(_place(fields, position), on.change.schema.field(name))
    put_schema(on.change, pa.schema(fields))
    said = str(position.args["position"]).upper()
    after = {"after": position.this.name} if said == "AFTER" else {}
    return on.did("CHANGE COLUMN", column=name, position=said, **after)


def _type_changed(on: Altered, name: str, said: exp.DataType) -> bool:
    column = exp.ColumnDef(this=exp.to_identifier(name, quoted=True), kind=said.copy())
    old, new = on.change.schema.field(name), columns_of(on.runner, [column], Said()).field(0).type
    if old.type != new:
        on.refuse_read(name)
        on.needs(
            WIDENING, "true", "DELTA_UNSUPPORTED_ALTER_TABLE_CHANGE_COL_OP", "ALTER COLUMN TYPE"
        )
        if not (is_wider(new, old.type) or _holds(new, old.type)):
            raise BadStatement(
                f"[DELTA_UNSUPPORTED_ALTER_TABLE_CHANGE_COL_OP] {name} can't be changed from "
                f"{old.type} to {new}, which is no wider type: it is changed by writing the table anew."
            )
        place = on.change.schema.get_field_index(name)
        put_schema(on.change, on.change.schema.set(place, old.with_type(new)))
    return on.did("CHANGE COLUMN", column=name, type=str(new))


def _holds(new: pa.DataType, old: pa.DataType) -> bool:
    """Whether a whole number's type may become another kind of number, which only a statement says."""
    digits = {pa.int8(): 10, pa.int16(): 10, pa.int32(): 10, pa.int64(): 20}
    if pa.types.is_decimal(new):
        return old in digits and new.precision - new.scale >= digits[old]
    return bool(new == pa.float64() and digits.get(old) == 10)


def _default_changed(on: Altered, name: str, value: exp.Expression | None) -> bool:
    """SET DEFAULT, and DROP DEFAULT, which no value says."""
    told = default_said(exp.Null() if value is None else value)
    text = told[DEFAULT]
    if text is not None:
        refuse_default(on.rules, name)
        properties = {**on.properties, **on.told.properties}
        check_default(on.runner, on.change.schema.field(name), text, properties)
    on.told.rules[name] = told
    return on.did("CHANGE COLUMN", column=name, default=text)


def _synced(on: Altered, name: str) -> bool:
    """SYNC IDENTITY: numbers go on behind those that rows have."""
    identity = ColumnRules.of({name: on.rules[name]}).identities.get(name)
    if identity is None:
        raise BadStatement(
            "[DELTA_IDENTITY_COLUMNS_ALTER_NON_IDENTITY_COLUMN] ALTER TABLE ALTER COLUMN SYNC IDENTITY "
            f"cannot be called on non IDENTITY columns: {name}."
        )
    furthest = pc.max if identity.step > 0 else pc.min
    places = range(len(on.change.table.files))
    found = [furthest(on.change.rows_now(place).column(name)).as_py() for place in places]
    held = pa.array([one for one in found if one is not None], pa.int64())
    sync_mark(on.change.facts, name, identity, furthest(held).as_py())
    return on.did("SYNC IDENTITY", column=name)


def _null_changed(on: Altered, name: str, nullable: bool) -> bool:
    if nullable and name in on.keys:
        raise BadStatement(f"Column {name} is of the primary key, which is never null.")
    if not nullable:
        for place in range(len(on.change.table.files)):
            if on.change.rows_now(place).column(name).null_count:
                raise BadStatement(
                    f"[DELTA_NOT_NULL_CONSTRAINT_VIOLATED] Column {name} of {on.change.table.name} has "
                    "nulls; it is as it was. Give those rows a value first."
                )
    schema, place = on.change.schema, on.change.schema.get_field_index(name)
    put_schema(on.change, schema.set(place, schema.field(place).with_nullable(nullable)))
    return on.did("CHANGE COLUMN", column=name, nullable=nullable)


def _replaced(on: Altered, action: exp.Expression) -> bool:
    """REPLACE COLUMNS: those that are said, with what is said of them alone."""
    said = columns_of(on.runner, action.expressions, on.told)
    refuse_added(on.told.rules)
    refuse_replaced(on.rules)
    known = on.change.schema
    widens = on.properties.get(WIDENING, "").lower() == "true"
    schema = replaced_columns(
        known,
        said,
        drops=on.properties.get(MAPPING, "").lower() == "name",
        takes=lambda old, new: widens and is_wider(new, old.type),
    )
    gone = [name for name in known.names if name not in schema.names]
    _check_droppable(on, gone)
    for one in schema:
        if one.nullable and one.name in on.keys:
            raise BadStatement(f"Column {one.name} is of the primary key, which is never null.")
        if one.name in known.names and known.field(one.name).type != one.type:
            on.refuse_read(one.name)
        on.told.rules[one.name] = {"comment": None, DEFAULT: None}
    spelled = {name.lower(): name for name in schema.names}
    on.told.comments = {spelled[one.lower()]: text for one, text in on.told.comments.items()}
    put_schema(on.change, schema)
    on.renamed |= dict.fromkeys(gone)
    return on.did("REPLACE COLUMNS", columns=schema.names)


# ------------------------------------------------------------------ the table
def _constraint_added(on: Altered, action: exp.Expression) -> bool:
    told = constraints_said([action])
    for name, text in told.checks.items():
        add_check(on.runner, on.change, {**on.properties, **on.told.properties}, name, text)
        on.told.properties[property_of(name)] = text
        return on.did("ADD CONSTRAINT", name=name, expr=text)
    if told.references:
        key = told.references[0][1]
        return on.did("ADD CONSTRAINT", foreign_key=[one.name for one in key.expressions])
    return on.did("ADD CONSTRAINT", primary_key=list(told.keys))


def _properties_set(on: Altered, action: exp.Expression) -> bool:
    assert isinstance(action, exp.AlterSet)
    return properties_said(action, on.told) and on.did(
        "SET TBLPROPERTIES", properties=on.told.properties
    )


def _clustered(on: Altered, action: exp.Expression) -> bool:
    columns = [on.column(one) for one in action.expressions]
    on.change.facts[CLUSTERING_COLUMNS] = columns
    return on.did("CLUSTER BY", newClusteringColumns=columns)


_ACTIONS: dict[type[exp.Expression], Callable[[Altered, exp.Expression], bool]] = {
    exp.ColumnDef: _added,
    exp.Schema: _added,
    exp.ReplaceColumns: _replaced,
    exp.RenameColumn: _renamed,
    exp.Drop: _dropped,
    exp.AlterColumn: _column_altered,
    exp.AddConstraint: _constraint_added,
    exp.AlterSet: _properties_set,
    exp.ClusterProperty: _clustered,
}
