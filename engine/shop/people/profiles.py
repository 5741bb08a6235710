"""Users and their tastes as the tables have them, in memory. Knows not how they are made."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Vector
from engine.core.names import table_name
from engine.errors import InvalidState, NotFound
from engine.shop.names import USER_FEATURES, USERS
from engine.shop.people.taste import Prices, Taste
from engine.store.tables.table_store import TableStore

_KEY, _VECTOR = "user_id", "user_embedding"
USERS_SCHEMA = pa.schema([(_KEY, pa.string()), ("name", pa.string()), ("segment", pa.string())])
_PRICES = ("min_price", "max_price", "avg_price", "p25_price", "p75_price", "avg_price_point")
FEATURES_SCHEMA = pa.schema(
    [
        (_KEY, pa.string()),
        ("segment", pa.string()),
        (_VECTOR, pa.list_(pa.float64())),
        ("color_prefs", pa.list_(pa.string())),
        ("category_prefs", pa.list_(pa.string())),
        *((name, pa.float64()) for name in _PRICES),
        ("num_interactions", pa.int32()),
    ]
)


@dataclass(frozen=True)
class User:
    """A user: who it is, and what it likes.

    Attributes:
        name, segment: None where nothing says them.
    """

    user_id: str
    name: str | None
    segment: str | None
    taste: Taste


class Profiles:
    """All users with their tastes. Safe to use from many threads."""

    def __init__(self, tables: TableStore) -> None:
        self._tables = tables
        self._state: object = None
        self._users: Mapping[str, User] = {}
        self._lock = threading.Lock()

    def now(self) -> Mapping[str, User]:
        """By id, in the order of the ids; also users that only one of both tables has.

        Raises:
            InvalidState: a table lacks its columns.
        """
        names = [table_name(name) for name in (USERS, USER_FEATURES)]
        tables = [self._tables.get(name) if self._tables.exists(name) else None for name in names]
        state = [None if table is None else table.state() for table in tables]
        with self._lock:
            if state != self._state:
                who, features = [[] if t is None else _rows(t) for t in tables]
                self._users, self._state = _users(who, features), state
            return self._users

    def get(self, user_id: str) -> User:
        """One user. Raises NotFound: there is none of this id."""
        found = self.now().get(user_id)
        if found is None:
            raise NotFound(
                f"User {user_id!r:.80} is neither in table {USER_FEATURES} nor in {USERS}. "
                "Make users with: vitrine users build"
            )
        return found

    def vector(self, user_id: str) -> Vector:
        """A user's vector, (d,) float32 of length 1.

        Raises:
            NotFound: no such user. InvalidState: it has no vector; says why.
        """
        taste = self.get(user_id).taste
        if taste.vector is None:
            raise InvalidState(f"User {user_id!r:.80} has no vector: {taste.trouble}.")
        return taste.vector


def users_table(users: Iterable[User]) -> pa.Table:
    """Rows of the table of users."""
    return pa.Table.from_pylist([who_row(user) for user in users], USERS_SCHEMA)


def features_table(users: Iterable[User]) -> pa.Table:
    """Rows of the table of styles."""
    return pa.Table.from_pylist([_features_row(user) for user in users], FEATURES_SCHEMA)


def who_row(user: User) -> dict[str, Any]:
    """A row of the table of users."""
    return {_KEY: user.user_id, "name": user.name, "segment": user.segment}


def _features_row(user: User) -> dict[str, Any]:
    taste = user.taste
    figures = dict.fromkeys(_PRICES) if taste.prices is None else taste.prices.to_json()
    return {
        _KEY: user.user_id,
        "segment": user.segment,
        _VECTOR: None if taste.vector is None else taste.vector.tolist(),
        "color_prefs": list(taste.colors),
        "category_prefs": list(taste.categories),
        **figures,
        "num_interactions": taste.interactions,
    }


def _rows(table: Any) -> list[dict[str, Any]]:
    if _KEY not in table.schema.names:
        raise InvalidState(
            f"Table {table.name} has no column {_KEY}. Columns: {', '.join(table.schema.names)}."
        )
    read = table.read()
    place = read.schema.get_field_index(_VECTOR)
    vectors = [None] * read.num_rows if place < 0 else _vectors(read.column(place))
    rows: list[dict[str, Any]] = (read if place < 0 else read.remove_column(place)).to_pylist()
    return [{**row, _VECTOR: vector} for row, vector in zip(rows, vectors)]


def _vectors(column: pa.ChunkedArray) -> list[Any]:
    """The numbers of each row, which aren't made to Python's one by one; None for null."""
    lists = column.cast(pa.large_list(pa.float64())).combine_chunks()
    numbers, offsets = lists.values.to_numpy(zero_copy_only=False), lists.offsets.to_pylist()
    return [
        numbers[start:end] if known else None
        for known, start, end in zip(lists.is_valid().to_pylist(), offsets, offsets[1:])
    ]


def _users(who: list[dict[str, Any]], features: list[dict[str, Any]]) -> dict[str, User]:
    named = {str(row[_KEY]): row for row in who if row[_KEY] is not None}
    styled = {str(row[_KEY]): row for row in features if row[_KEY] is not None}
    users = {}
    for key in sorted({**named, **styled}):
        row, style = named.get(key, {}), styled.get(key, {})
        segment = row.get("segment") or style.get("segment")
        users[key] = User(key, row.get("name"), segment, _taste(style))
    return users


def _taste(row: Mapping[str, Any]) -> Taste:
    """The taste that a row of the table of styles tells; also of a table made elsewhere."""
    vector, trouble = None, None
    given = row.get(_VECTOR)
    if given is None or not len(given):
        trouble = "its table has none" if row.get("num_interactions") else "it has no interactions"
    else:
        values = np.array(given, dtype=np.float64)
        length = float(np.linalg.norm(values))
        if np.isfinite(length) and length > 0:
            vector = (values / length).astype(np.float32)
        else:
            trouble = "the one in its table has no direction"
    return Taste(
        vector,
        trouble,
        tuple(row.get("color_prefs") or ()),
        tuple(row.get("category_prefs") or ()),
        _price_figures(row),
        int(row.get("num_interactions") or 0),
    )


def _price_figures(row: Mapping[str, Any]) -> Prices | None:
    mean = row.get("avg_price")
    mean = row.get("avg_price_point") if mean is None else mean
    if mean is None:
        return None
    found = [row.get(name) for name in _PRICES]
    return Prices(*[float(mean if value is None else value) for value in found])
