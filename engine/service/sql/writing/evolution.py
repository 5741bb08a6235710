"""Schema evolution: a table that takes the columns which only new rows have, and their wider types.

Knows types; not statements, nor where rows come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pyarrow as pa

from engine.errors import BadStatement
from engine.store.tables.changing import TableChange

WIDENING = "delta.enableTypeWidening"  # the property of a table whose types may widen
_WHOLE = (pa.int8(), pa.int16(), pa.int32(), pa.int64())


@dataclass(frozen=True)
class Evolution:
    """What a write may do to the columns of its table.

    Attributes:
        widens: types may become wider, as the table's property says; else values are brought to the
            table's own, or refused.
    """

    widens: bool = False

    def grow(self, change: TableChange, columns: Iterable[pa.Field]) -> None:
        """Let a table have these columns too: those that it lacks behind its own, null in its rows.

        Fields of structs, also within lists and maps, are added in the same way.

        Args:
            columns: of the rows that come, by name in any letter case.

        Raises:
            BadStatement: a new column without a type.
        """
        put_schema(change, pa.schema(self._grown(change.schema, columns)))

    def _grown(self, known: Iterable[pa.Field], columns: Iterable[pa.Field]) -> list[pa.Field]:
        """Fields, wider where others of their names are, and behind them those that are new."""
        fields = {field.name.lower(): field for field in known}
        for new in columns:
            old = fields.get(new.name.lower())
            if old is None:
                _check_type(new.name, new.type)
                fields[new.name.lower()] = pa.field(new.name, new.type)
            else:
                fields[old.name.lower()] = old.with_type(self._merged(old.type, new.type))
        return list(fields.values())

    def _merged(self, old: pa.DataType, new: pa.DataType) -> pa.DataType:
        """A column's type once it takes values of another; its own where that is no wider one."""
        if pa.types.is_struct(old) and pa.types.is_struct(new):
            return pa.struct(self._grown(old, new))
        if pa.types.is_map(old) and pa.types.is_map(new):
            key = self._merged(old.key_type, new.key_type)
            return pa.map_(key, self._merged(old.item_type, new.item_type))
        if pa.types.is_list(old) and pa.types.is_list(new):
            return pa.list_(self._merged(old.value_type, new.value_type))
        return new if self.widens and is_wider(new, old) else old


def is_wider(new: pa.DataType, old: pa.DataType) -> bool:
    """Whether Delta widens one type to another by itself: whole numbers, FLOAT to DOUBLE, more digits
    of a decimal before and behind its point, DATE to TIMESTAMP_NTZ."""
    if old in _WHOLE and new in _WHOLE:
        return _WHOLE.index(new) > _WHOLE.index(old)
    if pa.types.is_decimal(old) and pa.types.is_decimal(new):
        more, behind = new.precision - old.precision, new.scale - old.scale
        return bool(more >= behind >= 0 and new != old)
    if pa.types.is_date32(old):
        return bool(pa.types.is_timestamp(new) and new.tz is None)
    return bool(old == pa.float32() and new == pa.float64())


def replaced_columns(
    known: pa.Schema,
    said: pa.Schema,
    *,
    drops: bool,
    takes: Callable[[pa.Field, pa.DataType], bool],
) -> pa.Schema:
    """The columns that ALTER TABLE REPLACE COLUMNS leaves of a table's: those that are said, in order.

    Args:
        drops: columns may be left out. takes: whether a column may get a type.

    Raises:
        BadStatement: a column is left out, gets another type or may no longer be null.
    """
    before = {field.name.lower(): field for field in known}
    fields = [
        field.with_name(before[field.name.lower()].name) if field.name.lower() in before else field
        for field in said
    ]
    there = {field.name for field in fields}
    gone = [name for name in known.names if name not in there]
    why = f"dropping column(s) {', '.join(gone)}" if gone and not drops else ""
    for field in fields:
        old = before.get(field.name.lower())
        if old is not None and old.type != field.type and not takes(old, field.type):
            why = f"changing data type of {field.name} from {old.type} to {field.type}"
        if not field.nullable and (old is None or old.nullable):
            why = f"tightening nullability of {field.name}"
    if why:
        raise BadStatement(
            "[DELTA_ALTER_TABLE_REPLACE_COL_NOT_SUPPORTED] Unsupported ALTER TABLE REPLACE COLUMNS "
            f"operation. Reason: {why}. Columns are dropped of a table with 'delta.columnMapping.mode' "
            f"= 'name' alone, and types get wider with '{WIDENING}' = 'true'."
        )
    return pa.schema(fields)


def put_schema(change: TableChange, schema: pa.Schema) -> None:
    """Give a table other columns by their names: new ones are null, types are cast to.

    Raises:
        BadStatement: a value that has no form in its new type.
    """
    if schema == change.schema:
        return
    change.schema = schema
    for place in range(len(change.table.files)):
        change.replaced[place] = _in_schema(change.rows_now(place), schema)


def _in_schema(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    there = set(rows.column_names)
    try:
        columns = [
            rows.column(field.name).cast(field.type)
            if field.name in there
            else pa.nulls(rows.num_rows, field.type)
            for field in schema
        ]
    except pa.ArrowInvalid as error:
        raise BadStatement(f"[CAST_INVALID_INPUT] The table's rows: {error}.") from None
    return pa.table(columns, schema=schema)


def _check_type(name: str, kind: pa.DataType) -> None:
    if pa.types.is_null(kind):
        raise BadStatement(f"Column {name:.80} has no type; CAST its NULL to one.")
