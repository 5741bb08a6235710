"""Users and their tastes as the tables have them, in memory.

An interaction is written before its user's row: of a row that is behind, since a writer was stopped
or is just at work, the taste is made anew in memory, so that what was noted counts whoever reads.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Vector
from engine.core.names import table_name
from engine.errors import BadRequest, InvalidState, NotFound
from engine.shop.names import USER_FEATURES, USERS
from engine.shop.people.interactions.log import Interactions, Log
from engine.shop.people.logged import Counting, behind, logged_taste
from engine.shop.people.space import ProductSpaces
from engine.shop.people.taste import NOTHING, Prices, Taste
from engine.store.tables.table_store import TableStore

_KEY, _VECTOR, _COUNT = "user_id", "user_embedding", "num_interactions"
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
        (_COUNT, pa.int32()),
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

    def __init__(
        self, tables: TableStore, interactions: Interactions, spaces: ProductSpaces
    ) -> None:
        self._tables, self._interactions, self._spaces = tables, interactions, spaces
        self._state: object = None
        self._stored: Mapping[str, User] = {}
        self._counts: Mapping[str, int | None] = {}
        self._log: Log | None = None  # that `_users` and `_behind` are of
        self._users: Mapping[str, User] = {}
        self._behind: list[str] = []
        self._lock = threading.Lock()

    def now(self) -> Mapping[str, User]:
        """By id, in the order of the ids; also users that only one of both tables has.

        Raises:
            InvalidState: a table lacks its columns.
        """
        return self.with_behind()[0]

    def with_behind(self) -> tuple[Mapping[str, User], list[str]]:
        """The same, and the users whose rows in the tables are behind their interactions."""
        names = [table_name(name) for name in (USERS, USER_FEATURES)]
        tables = [self._tables.get(name) if self._tables.exists(name) else None for name in names]
        state = [None if table is None else table.state() for table in tables]
        log = self._interactions.now()
        with self._lock:
            if state != self._state:
                who, features = [[] if t is None else _rows(t) for t in tables]
                self._stored, self._log = _users(who, features), None
                self._counts = {str(r[_KEY]): _count(r) for r in features}
                self._state = state
            if log is not self._log:
                self._behind = behind(log, self._counts)
                self._users, self._log = self._caught_up(log), log
            return self._users, self._behind

    def counting(self) -> Counting:
        """What interactions count."""
        name = table_name(USER_FEATURES)
        return Counting.of(self._tables.get(name).properties if self._tables.exists(name) else {})

    def _caught_up(self, log: Log) -> Mapping[str, User]:
        """The stored users, with the tastes of those behind made anew; as stored without an index."""
        if not self._behind:
            return self._stored
        try:
            space = self._spaces.now()
        except (NotFound, BadRequest):
            return self._stored
        users, counting = dict(self._stored), self.counting()
        for key in self._behind:
            before = users.get(key) or User(key, None, None, NOTHING)
            users[key] = replace(before, taste=logged_taste(space, log, key, counting))
        return dict(sorted(users.items()))

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
    all_of = list(users)
    rows = pa.Table.from_pylist([_features_row(user) for user in all_of], FEATURES_SCHEMA)
    place = FEATURES_SCHEMA.get_field_index(_VECTOR)
    vectors = _vector_column([user.taste.vector for user in all_of])
    return rows.set_column(place, FEATURES_SCHEMA.field(place), vectors)


def _vector_column(vectors: Sequence[Vector | None]) -> pa.Array:
    """Lists of numbers, which aren't made to Python's one by one."""
    lengths = [0 if vector is None else len(vector) for vector in vectors]
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int32)
    known = [vector for vector in vectors if vector is not None]
    numbers = np.concatenate(known) if known else np.empty(0)
    missing = pa.array([vector is None for vector in vectors], pa.bool_())
    return pa.ListArray.from_arrays(
        pa.array(offsets), pa.array(numbers.astype(np.float64)), mask=missing
    )


def who_row(user: User) -> dict[str, Any]:
    """A row of the table of users."""
    return {_KEY: user.user_id, "name": user.name, "segment": user.segment}


def _features_row(user: User) -> dict[str, Any]:
    taste = user.taste
    figures = dict.fromkeys(_PRICES) if taste.prices is None else taste.prices.to_json()
    return {
        _KEY: user.user_id,
        "segment": user.segment,
        "color_prefs": list(taste.colors),
        "category_prefs": list(taste.categories),
        **figures,
        _COUNT: taste.interactions,
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
        trouble = "its table has none" if _count(row) else "it has no interactions"
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
        _texts(row.get("color_prefs")),
        _texts(row.get("category_prefs")),
        _price_figures(row),
        _count(row) or 0,
    )


def _price_figures(row: Mapping[str, Any]) -> Prices | None:
    found = [_number(row.get(name)) for name in _PRICES]
    mean = _number(row.get("avg_price"))
    mean = _number(row.get("avg_price_point")) if mean is None else mean
    if mean is None:
        return None
    return Prices(*[mean if value is None else value for value in found])


def _number(given: object) -> float | None:
    """A number of a table; None for null, NaN (which pandas writes for null), and what is none."""
    if isinstance(given, bool) or not isinstance(given, (int, float, Decimal)):
        return None
    return float(given) if math.isfinite(given) else None


def _count(row: Mapping[str, Any]) -> int | None:
    count = _number(row.get(_COUNT))
    return None if count is None else int(count)


def _texts(given: object) -> tuple[str, ...]:
    """Preferences: a list of texts, or one text of several between commas."""
    if isinstance(given, str):
        given = [part.strip() for part in given.strip("[]{}").split(",")]
    there = given if isinstance(given, (list, tuple)) else ()
    return tuple(
        text for text in (str(one).strip("\"'") for one in there if one is not None) if text
    )
