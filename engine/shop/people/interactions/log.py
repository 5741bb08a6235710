"""The table of interactions in memory: who did what with which product. Knows no vectors."""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from engine.core.arrays import Mask, Rows
from engine.core.names import table_name
from engine.errors import InvalidState
from engine.shop.names import INTERACTIONS
from engine.shop.people.interactions.rows import DISLIKE, interactions_schema
from engine.store.tables.table_store import TableStore


@dataclass(frozen=True, eq=False)
class Log:
    """All interactions, one row each, in the table's order.

    Attributes:
        table: `user_id`, `product_id`, `kind`, `time`, `source`.
    """

    table: pa.Table

    @cached_property
    def users(self) -> dict[str, int]:
        """Users with interactions -> their place, in the order of their first one."""
        return {user: place for place, user in enumerate(self._coded[0])}

    @property
    def user_codes(self) -> Rows:
        """For each row the place of its user."""
        return self._coded[1]

    @cached_property
    def products(self) -> dict[Any, int]:
        """Products with interactions -> their place."""
        return {key: place for place, key in enumerate(self._coded_products[0])}

    def rows_of(self, user: str) -> Rows:
        """The rows of a user, in the table's order; none for one without interactions."""
        place = self.users.get(user)
        if place is None:
            return np.empty(0, dtype=np.int64)
        order, starts = self._by_user
        return order[starts[place] : starts[place + 1]]

    def products_of(self, rows: Rows) -> list[Any]:
        """Keys of the products of some rows."""
        keys = self._coded_products[0]
        return [keys[code] for code in self._coded_products[1][rows].tolist()]

    def kinds(self, rows: Rows) -> list[str]:
        """What was done in some rows."""
        found: list[str] = self.table.column("kind").take(pa.array(rows)).to_pylist()
        return found

    def days(self, rows: Rows) -> npt.NDArray[np.float64]:
        """Days since 1970 of some rows, NaN where no time is known."""
        times = self.table.column("time").take(pa.array(rows)).cast(pa.int64()).to_pylist()
        return np.array([np.nan if t is None else t / 86_400e6 for t in times], dtype=np.float64)

    @cached_property
    def likes(self) -> tuple[Rows, Rows]:
        """Places of user and product of every pair of which something other than a dislike is known."""
        import pyarrow.compute as pc  # opening a workspace doesn't need it

        liked = np.asarray(pc.not_equal(self.table.column("kind"), DISLIKE).combine_chunks())
        pairs = np.stack([self._coded[1], self._coded_products[1]], axis=1)[liked.astype(bool)]
        unique = np.unique(pairs, axis=0) if len(pairs) else pairs
        return unique[:, 0], unique[:, 1]

    @cached_property
    def _coded(self) -> tuple[list[Any], Rows]:
        return _codes(self.table.column("user_id"))

    @cached_property
    def _coded_products(self) -> tuple[list[Any], Rows]:
        return _codes(self.table.column("product_id"))

    @cached_property
    def _by_user(self) -> tuple[Rows, Rows]:
        codes = self._coded[1]
        counts = np.bincount(codes, minlength=len(self.users))
        return np.argsort(codes, kind="stable"), np.concatenate([[0], np.cumsum(counts)])


def with_product(log: Log, user: str, product: object) -> Mask:
    """Which rows say what a user did with a product, whose key may come as text."""
    rows = log.rows_of(user)
    wanted = str(product)
    out = np.zeros(log.table.num_rows, dtype=bool)
    out[rows] = [str(key) == wanted for key in log.products_of(rows)]
    return out


class Interactions:
    """The table of interactions as it is now. Safe to use from many threads."""

    def __init__(self, tables: TableStore) -> None:
        self._tables = tables
        self._state: object = None
        self._log: Log | None = None
        self._lock = threading.Lock()

    @functools.cached_property
    def _nothing(self) -> Log:
        """Of a workspace without the table; made when asked for, as it loads much of Arrow."""
        return Log(interactions_schema(pa.string()).empty_table())

    def now(self) -> Log:
        """What the table holds now; where there is none, nothing.

        Raises:
            InvalidState: it lacks the columns of users and products.
        """
        name = table_name(INTERACTIONS)
        if not self._tables.exists(name):
            return self._nothing
        table = self._tables.get(name)
        state = table.state()
        with self._lock:
            if self._log is None or state != self._state:
                self._log, self._state = Log(_with_columns(table)), state
            return self._log


def _with_columns(table: Any) -> pa.Table:
    """The rows with every column of interactions; a table made elsewhere may lack some."""
    rows = table.read()
    missing = {"user_id", "product_id"} - set(rows.column_names)
    if missing:
        raise InvalidState(
            f"Table {table.name} has no column {' and none '.join(sorted(missing))}; its columns are "
            f"{', '.join(rows.column_names)}. Make users of it under another name: "
            "vitrine users build --from TABLE"
        )
    for each in interactions_schema(pa.string()):
        if each.name not in rows.column_names:
            rows = rows.append_column(each, pa.nulls(rows.num_rows, each.type))
    return rows


def _codes(column: pa.ChunkedArray) -> tuple[list[Any], Rows]:
    """Distinct values in the order of their first place, and for each row the place of its value."""
    coded = column.combine_chunks().dictionary_encode()
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    return coded.dictionary.to_pylist(), np.asarray(coded.indices, dtype=np.int64)
