"""The tables of users as they are written: whole, a row more, a user's row anew, a user's rows gone.

Knows files and rows; not what makes a taste. Callers take turns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from engine.core.names import table_name
from engine.errors import InvalidParameterValue
from engine.shop.names import INTERACTIONS, USER_FEATURES, USERS
from engine.store.layout import Layout
from engine.store.tables.changing import TableChange, TableChanges, refuse_registered
from engine.store.tables.table_store import TableStore

_PART_ROWS = (
    1024  # users of a file: a new interaction writes so many rows again, not the whole table
)
_USER, _PRODUCT = "user_id", "product_id"


class UserTables:
    """The tables of users' names, styles and interactions."""

    def __init__(self, layout: Layout, tables: TableStore) -> None:
        self._tables, self._changes = tables, TableChanges(layout, tables)

    def check_written_here(self) -> None:
        """Raises InvalidState: one of them was registered from files, which are never changed."""
        for name in (INTERACTIONS, USERS, USER_FEATURES):
            if self._tables.exists(table_name(name)):
                refuse_registered(self._tables.get(table_name(name)))

    def put(self, name: str, rows: pa.Table, properties: Mapping[str, Any] | None = None) -> None:
        """Make a table, or replace it."""
        self._changes.write(
            table_name(name),
            rows.schema,
            rows,
            _entry("BUILD USERS", rows.num_rows),
            properties=properties,
            part_rows=_PART_ROWS if name == USER_FEATURES else None,
        )

    def append(self, name: str, rows: pa.Table) -> None:
        """Add rows; a table that isn't there is made."""
        if not self._tables.exists(table_name(name)):
            self.put(name, rows)
            return
        with self._changes.change(table_name(name)) as change:
            change.added = _fitted(rows, change.schema, name)
            change.record(_entry("ADD INTERACTION", rows.num_rows))

    def replace(self, name: str, row: pa.Table) -> None:
        """Put one user's row in the place of its former one: of all files, the one that holds it."""
        if not self._tables.exists(table_name(name)):
            self.put(name, row)
            return
        with self._changes.change(table_name(name)) as change:
            fitted = _fitted(row, change.schema, name)
            change.added = fitted
            for place in range(len(change.table.files)):
                keys = _columns(change, place, [_USER]).column(_USER)
                at = keys.index(fitted.column(_USER)[0]).as_py()
                if at >= 0:
                    rows = change.rows_of(place)
                    parts = [rows.slice(0, at), fitted, rows.slice(at + 1)]
                    change.replaced[place], change.added = pa.concat_tables(parts), None
                    break
            change.record(_entry("ADD INTERACTION", 1))

    def remove(self, name: str, user: str, product: object = None) -> None:
        """Take a user's rows out of a table, where it is there; of one product, where one is given."""
        import pyarrow.compute as pc  # opening a workspace doesn't need it

        if not self._tables.exists(table_name(name)):
            return
        with self._changes.change(table_name(name)) as change:
            wanted = {_USER: user} if product is None else {_USER: user, _PRODUCT: str(product)}
            removed = 0
            for place in range(len(change.table.files)):
                columns = _columns(change, place, list(wanted))
                gone = None
                for column, value in wanted.items():
                    same = pc.equal(columns.column(column).cast(pa.string()), value)
                    gone = same if gone is None else pc.and_kleene(gone, same)
                gone = pc.fill_null(gone, False)
                count = pc.sum(gone).as_py() or 0
                if count:
                    change.replaced[place] = change.rows_of(place).filter(pc.invert(gone))
                    removed += count
            if removed:
                change.record(_entry("REMOVE INTERACTIONS", removed))

    def has(self, name: str, user: str) -> bool:
        """Whether a table has a user's row."""
        table = table_name(name)
        if not self._tables.exists(table):
            return False
        keys = self._tables.get(table).read([_USER]).column(_USER)
        return bool(keys.index(pa.scalar(user, keys.type)).as_py() >= 0)


def _columns(change: TableChange, place: int, names: list[str]) -> pa.Table:
    """Some columns of one of a table's files, in the table's types."""
    batches = change.table.parquet.batches_of(change.table.files[place], names)
    return pa.Table.from_batches(batches, pa.schema([change.table.schema.field(n) for n in names]))


def _fitted(rows: pa.Table, schema: pa.Schema, name: str) -> pa.Table:
    """Rows in a table's own columns; those that it has beside are null."""
    columns = []
    for each in schema:
        known = each.name in rows.column_names
        columns.append(rows.column(each.name) if known else pa.nulls(rows.num_rows, each.type))
    try:
        return pa.table(columns, names=schema.names).cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        raise InvalidParameterValue(
            f"The columns of table {name} can't take an interaction: {error}. Make users anew with: "
            "vitrine users build"
        ) from None


def _entry(operation: str, rows: int) -> dict[str, Any]:
    metrics = {"numOutputRows": str(rows)}
    return {"operation": operation, "user": None, "parameters": {}, "metrics": metrics}
