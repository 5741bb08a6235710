"""Users and their tastes as the tables have them, in memory.

An interaction is written before its user's row: of a row that is behind, since a writer was stopped
or is just at work, the taste is made anew in memory, so that what was noted counts whoever reads.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
from engine.shop.people.stored import KEY, VECTOR, Part, StoredRows, text_of
from engine.shop.people.taste import Prices, Taste
from engine.shop.short_tables import short_table
from engine.store.tables.table_store import TableStore
from engine.text_table import Column

_COUNT = "num_interactions"
USERS_SCHEMA = pa.schema([(KEY, pa.string()), ("name", pa.string()), ("segment", pa.string())])
_PRICES = ("min_price", "max_price", "avg_price", "p25_price", "p75_price", "avg_price_point")
FEATURES_SCHEMA = pa.schema(
    [
        (KEY, pa.string()),
        ("segment", pa.string()),
        (VECTOR, pa.list_(pa.float64())),
        ("color_prefs", pa.list_(pa.string())),
        ("category_prefs", pa.list_(pa.string())),
        *((name, pa.float64()) for name in _PRICES),
        (_COUNT, pa.int32()),
    ]
)

FACTS = (Column("what", is_kept=True, least=16), Column("value", is_kept=True, least=16))


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

    def __repr__(self) -> str:
        return short_table(f"user {self.user_id}", self.rows(), FACTS, most=20)

    def rows(self) -> list[dict[str, Any]]:
        """What is known of it, a row each: `what` and `value`."""
        return [
            {"what": name, "value": _told(value)}
            for name, value in self.facts().items()
            if value is not None
        ]

    def summary(self) -> dict[str, Any]:
        """Who it is, and how many interactions it has."""
        return {
            "user_id": self.user_id,
            "name": self.name,
            "segment": self.segment,
            "num_interactions": self.taste.interactions,
        }

    def facts(self) -> dict[str, Any]:
        """Also what it likes: `colors` and `categories` as lists, prices as numbers."""
        taste = self.taste
        prices = {} if taste.prices is None else taste.prices.to_json()
        liked = {"colors": list(taste.colors), "categories": list(taste.categories)}
        return {**self.summary(), **liked, **prices}


def _told(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


class StoredUsers(Mapping[str, User]):
    """Users by id, in the order of the ids, each made of its rows when it is asked for."""

    def __init__(
        self,
        named: Mapping[str, tuple[Part, int]],
        styled: Mapping[str, tuple[Part, int]],
        tastes: Mapping[str, Taste],
    ) -> None:
        self._named, self._styled, self._tastes = named, styled, tastes
        self._keys = sorted({**named, **styled, **tastes})

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        return any(key in each for each in (self._styled, self._named, self._tastes))

    def __getitem__(self, key: str) -> User:
        if key not in self:
            raise KeyError(key)
        name, segment = self.who(key)
        taste = self._tastes.get(key)
        return User(key, name, segment, self._stored_taste(key) if taste is None else taste)

    def matching(self, text: str) -> Sequence[str]:
        """Ids of those in whose id, name or segment a text stands, in either case; all for none."""
        wanted = text.strip().casefold()
        if not wanted:
            return self._keys
        return [key for key in self._keys if self._tells(key, wanted)]

    def _tells(self, key: str, wanted: str) -> bool:
        rows = [row for row in (self._named.get(key), self._styled.get(key)) if row is not None]
        if not rows:
            return wanted in key.casefold()
        return any(wanted in part.told[place] for part, place in rows)

    def who(self, key: str) -> tuple[str | None, str | None]:
        """Name and segment; None for what is not known."""
        row, style = self._named.get(key), self._styled.get(key)
        return text_of(row, "name"), text_of(row, "segment") or text_of(style, "segment")

    def with_tastes(self, tastes: Mapping[str, Taste]) -> StoredUsers:
        """The same, but for the tastes of some."""
        return StoredUsers(self._named, self._styled, tastes)

    def _stored_taste(self, key: str) -> Taste:
        if key not in self._styled:
            return _taste({})
        part, place = self._styled[key]
        return _taste(part.row(place))


class Profiles:
    """All users with their tastes. Safe to use from many threads."""

    def __init__(
        self, tables: TableStore, interactions: Interactions, spaces: ProductSpaces
    ) -> None:
        self._tables, self._interactions, self._spaces = tables, interactions, spaces
        self._state: object = None
        self._rows = (StoredRows(), StoredRows())
        self._stored = self._users = StoredUsers({}, {}, {})
        self._counts: Mapping[str, float] = {}
        self._log: Log | None = None  # that `_users` and `_behind` are of
        self._behind: list[str] = []
        self._lock = threading.Lock()

    def now(self) -> StoredUsers:
        """By id, in the order of the ids; also users that only one of both tables has.

        Raises:
            InvalidState: a table lacks its columns.
        """
        return self.with_behind()[0]

    def with_behind(self) -> tuple[StoredUsers, list[str]]:
        """The same, and the users whose rows in the tables are behind their interactions."""
        names = [table_name(name) for name in (USERS, USER_FEATURES)]
        tables = [self._tables.get(name) if self._tables.exists(name) else None for name in names]
        state = [None if table is None else table.state() for table in tables]
        log = self._interactions.now()
        with self._lock:
            if state != self._state:
                named, styled = (r.read(table) for r, table in zip(self._rows, tables))
                self._stored, self._log = StoredUsers(named, styled, {}), None
                self._counts, self._state = self._rows[1].counts(), state
            if log is not self._log:
                self._behind = behind(log, self._counts)
                self._users, self._log = self._caught_up(log), log
            return self._users, self._behind

    def counting(self) -> Counting:
        """What interactions count."""
        name = table_name(USER_FEATURES)
        return Counting.of(self._tables.get(name).properties if self._tables.exists(name) else {})

    def _caught_up(self, log: Log) -> StoredUsers:
        """The stored users, with the tastes of those behind made anew; as stored without an index."""
        if not self._behind:
            return self._stored
        try:
            space = self._spaces.now()
        except (NotFound, BadRequest):
            return self._stored
        counting = self.counting()
        return self._stored.with_tastes(
            {key: logged_taste(space, log, key, counting) for key in self._behind}
        )

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
    place = FEATURES_SCHEMA.get_field_index(VECTOR)
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
    return {KEY: user.user_id, "name": user.name, "segment": user.segment}


def _features_row(user: User) -> dict[str, Any]:
    taste = user.taste
    figures = dict.fromkeys(_PRICES) if taste.prices is None else taste.prices.to_json()
    return {
        KEY: user.user_id,
        "segment": user.segment,
        "color_prefs": list(taste.colors),
        "category_prefs": list(taste.categories),
        **figures,
        _COUNT: taste.interactions,
    }


def _taste(row: Mapping[str, Any]) -> Taste:
    """The taste that a row of the table of styles tells; also of a table made elsewhere."""
    vector, trouble = None, None
    given = row.get(VECTOR)
    if given is None or not len(given):
        trouble = "its table has none" if _count(row.get(_COUNT)) else "it has no interactions"
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
        _count(row.get(_COUNT)) or 0,
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


def _count(given: object) -> int | None:
    count = _number(given)
    return None if count is None else int(count)


def _texts(given: object) -> tuple[str, ...]:
    """Preferences: a list of texts, or one text of several between commas."""
    if isinstance(given, str):
        given = [part.strip() for part in given.strip("[]{}").split(",")]
    there = given if isinstance(given, (list, tuple)) else ()
    return tuple(
        text for text in (str(one).strip("\"'") for one in there if one is not None) if text
    )
