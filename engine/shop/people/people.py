"""Users: made of interactions, one at a time or all at once, and shown. Knows tables; not doors.

The table of interactions is what counts; the tables of users and their styles are made of it, each user
by itself. Writers take turns, from the reading of a user's interactions to the writing of its row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

import pyarrow as pa

from engine.core.names import table_name
from engine.errors import InvalidParameterValue, RowsFailed
from engine.progress import tracked
from engine.shop.browsing.listing import MAX_LIMIT, check_count
from engine.shop.catalogue.sources.opening import Reading
from engine.shop.names import INTERACTION_FAILURES, INTERACTIONS, USER_FEATURES, USERS
from engine.shop.people.interactions.log import Interactions, Log
from engine.shop.people.interactions.personas import made_up
from engine.shop.people.interactions.reading import of_arrow, read_interactions
from engine.shop.people.interactions.rows import (
    DEFAULT_KIND,
    Checked,
    checked,
    checked_kind,
    checked_time,
    checked_user,
    failures_table,
)
from engine.shop.people.logged import Counting, logged_taste
from engine.shop.people.profiles import Profiles, User, features_table, users_table
from engine.shop.people.report import UsersReport
from engine.shop.people.request import UsersRequest, file_of
from engine.shop.people.space import ProductSpace, ProductSpaces
from engine.shop.people.taste import NOTHING
from engine.shop.short_tables import short_table
from engine.store.layout import Layout
from engine.store.tables.changing import TableChanges, refuse_registered
from engine.store.tables.table_store import TableStore
from engine.text_table import Column

_PART_ROWS = (
    1024  # users of a file: a new interaction writes so many rows again, not the whole table
)
_MADE_UP, _IMPORTED, _ADDED = "made_up", "imported", "added"  # where an interaction is from

USERS_COLUMNS = (
    Column("user_id", is_kept=True),
    Column("name", least=16, is_kept=True),
    Column("segment", least=16),
    Column("num_interactions", form=","),
)


@dataclass(frozen=True)
class UserPage:
    """A page of users, by id.

    Attributes:
        total: on all pages. next_offset: of the next page; None on the last.
    """

    users: list[User]
    total: int
    offset: int
    next_offset: int | None

    def __repr__(self) -> str:
        heading = f"{len(self.users):,} of {self.total:,} users"
        return short_table(heading, self.rows(), USERS_COLUMNS)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each user: `user_id`, `name`, `segment`, `num_interactions`."""
        return [user.summary() for user in self.users]


class People:
    """The users of a workspace. Safe to use from many threads and processes."""

    def __init__(
        self,
        layout: Layout,
        tables: TableStore,
        spaces: ProductSpaces,
        interactions: Interactions,
        profiles: Profiles,
        reading: Callable[[str | None], Reading],
    ) -> None:
        self._layout, self._tables, self._spaces = layout, tables, spaces
        self._interactions, self._profiles = interactions, profiles
        self._reading = reading
        self._changes = TableChanges(layout, tables)

    def build_users(self, request: UsersRequest) -> UsersReport:
        """Make the tables `users` and `user_style_features` from interactions.

        A user's `user_embedding` is the unit-length mean of the hybrid embeddings of what it likes.
        Interactions that were added one by one stay; those of an earlier source are replaced.

        Raises:
            NotFound: no products, no hybrid index, no such table. BadSourceFile: a file or a column.
            RowsFailed: no interaction can be used. InvalidParameterValue: an option that can't be.
        """
        request.check()
        space = self._spaces.now()
        with self._writing():
            source, columns, found = self._found(request, space)
            if not found.users:
                first = found.failures[0].reason if found.failures else "there is none"
                raise RowsFailed(f"No interaction of {source} can be used: {first}")
            kind = _MADE_UP if source.startswith("made up") else _IMPORTED
            if request.interactions is None and kind == _IMPORTED:
                rows, kept = self._interactions.now().table, 0
            else:
                added = self._added(space)
                kept = added.num_rows
                rows = pa.concat_tables([found.table(_key_type(space), kind), added])
            users = self._write(request, space, Log(rows.combine_chunks()), found)
        missing = space.places_of(space.products.rows_of(rows.column("product_id").to_pylist())) < 0
        lacking = {u.user_id: str(u.taste.trouble) for u in users if u.taste.vector is None}
        return UsersReport(
            source,
            columns,
            len(users),
            lacking,
            rows.num_rows,
            kept,
            int(missing.sum()),
            found.failures,
        )

    def add_interaction(
        self,
        user_id: str,
        product_id: object,
        *,
        kind: str = DEFAULT_KIND,
        time: object = None,
    ) -> User:
        """Note what a user did with a product; the user's row alone is made anew.

        A new id is a new user, without a name. It counts at once, and is durable when this returns.

        Args:
            time: when; None for now.

        Returns:
            the user as it is afterwards.

        Raises:
            NotFound: no such product. InvalidParameterValue: an id, a kind or a time that can't be.
            InvalidState: a table was registered from files, which are never changed.
        """
        user, kind = checked_user(user_id), checked_kind(kind)
        space = self._spaces.now()
        key = space.products.product(product_id)[space.products.catalogue.key]
        at = checked_time(time) or datetime.now(timezone.utc)
        row = Checked([user], [key], [kind], [at]).table(_key_type(space), _ADDED)
        with self._writing():
            for name in (INTERACTIONS, USERS, USER_FEATURES):
                if self._tables.exists(table_name(name)):
                    refuse_registered(self._tables.get(table_name(name)))
            self._append(INTERACTIONS, row)
            return self._catch_up(space, user)

    def get_user(self, user_id: str) -> User:
        """One user with its taste. Raises NotFound: there is none of this id."""
        return self._profiles.get(user_id)

    def list_users(self, *, limit: int = 20, offset: int = 0) -> UserPage:
        """A page of users in the order of their ids; none where none were made.

        Raises:
            InvalidParameterValue: a limit that isn't from 1 to 200, or an offset below 0.
        """
        check_count("limit", limit, 1, MAX_LIMIT)
        check_count("offset", offset, 0, 2**31 - 1)
        users, end = self._profiles.now(), offset + limit
        further = end if end < len(users) else None
        return UserPage(users.page(offset, end), len(users), offset, further)

    # ------------------------------------------------------------------ how
    def _catch_up(self, space: ProductSpace, user_id: str) -> User:
        """Write a user's rows, and those of users whose writers were stopped before they wrote them."""
        users, behind = self._profiles.with_behind()
        log, counting = self._interactions.now(), self._profiles.counting()
        made: dict[str, User] = {}
        for user in dict.fromkeys([user_id, *behind]):
            before = users.get(user) or User(user, None, None, NOTHING)
            made[user] = replace(before, taste=logged_taste(space, log, user, counting))
            if not self._has(USERS, user):
                self._append(USERS, users_table([made[user]]))
            self._replace(USER_FEATURES, features_table([made[user]]))
        return made[user_id]

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._layout.writing("users"):
            yield

    def _found(
        self, request: UsersRequest, space: ProductSpace
    ) -> tuple[str, Mapping[str, str], Checked]:
        """Where interactions are from, by which columns, and those that hold."""
        given = request.interactions
        if given is None:
            log = self._interactions.now().table
            imported = _IMPORTED in log.column("source").to_pylist()
            if request.personas or not imported:
                return "made up by the five personas", {}, checked(made_up(space), space.products)
            columns, entries = of_arrow(log, INTERACTIONS, {})
            source = f"table {INTERACTIONS}"
        elif isinstance(given, pa.Table):
            source = "the table that was given"
            columns, entries = of_arrow(given, source, request.columns)
        else:
            file = file_of(given)
            if file is not None:
                source = str(file)
                columns, entries = read_interactions(
                    file, request.columns, self._reading(request.encoding)
                )
            else:
                table = self._tables.get(table_name(given))
                source = f"table {table.name}"
                columns, entries = of_arrow(table.read(), source, request.columns)
        return source, columns, checked(entries, space.products)

    def _added(self, space: ProductSpace) -> pa.Table:
        """Interactions that were added one by one, of products that are still there."""
        import pyarrow.compute as pc  # opening a workspace doesn't need it

        log = self._interactions.now().table
        added = log.filter(pc.equal(log.column("source"), _ADDED))
        known = space.products.rows_of(added.column("product_id").to_pylist()) >= 0
        schema = Checked().table(_key_type(space), _ADDED).schema
        return added.filter(pa.array(known)).cast(schema)

    def _write(
        self, request: UsersRequest, space: ProductSpace, log: Log, found: Checked
    ) -> list[User]:
        before = self._profiles.now()
        counting = Counting(request.kind_weights, request.half_life_days)
        users = []
        every = sorted(log.users)
        for user in tracked(every, total=len(every), unit="user", desc="users"):
            taste = logged_taste(space, log, user, counting)
            name, segment = before.who(user)
            name = found.names.get(user) or name
            users.append(User(user, name, found.segments.get(user) or segment, taste))
        self._put(INTERACTIONS, log.table)
        self._put(INTERACTION_FAILURES, failures_table(found.failures))
        self._put(USERS, users_table(users))
        self._put(USER_FEATURES, features_table(users), counting.properties())
        return users

    def _put(self, name: str, rows: pa.Table, properties: Mapping[str, Any] | None = None) -> None:
        self._changes.write(
            table_name(name),
            rows.schema,
            rows,
            _entry("BUILD USERS", rows.num_rows),
            properties=properties,
            part_rows=_PART_ROWS if name == USER_FEATURES else None,
        )

    def _append(self, name: str, rows: pa.Table) -> None:
        if not self._tables.exists(table_name(name)):
            self._put(name, rows)
            return
        with self._changes.change(table_name(name)) as change:
            change.added = _fitted(rows, change.schema, name)
            change.record(_entry("ADD INTERACTION", rows.num_rows))

    def _replace(self, name: str, row: pa.Table) -> None:
        """Put one user's row in the place of its former one: of all files, the one that holds it."""
        if not self._tables.exists(table_name(name)):
            self._put(name, row)
            return
        with self._changes.change(table_name(name)) as change:
            fitted = _fitted(row, change.schema, name)
            change.added = fitted
            for place, file in enumerate(change.table.files):
                batches = change.table.parquet.batches_of(file, ["user_id"])
                keys = pa.Table.from_batches(batches, fitted.select(["user_id"]).schema)
                at = keys.column("user_id").index(fitted.column("user_id")[0]).as_py()
                if at >= 0:
                    rows = change.rows_of(place)
                    parts = [rows.slice(0, at), fitted, rows.slice(at + 1)]
                    change.replaced[place], change.added = pa.concat_tables(parts), None
                    break
            change.record(_entry("ADD INTERACTION", 1))

    def _has(self, name: str, user: str) -> bool:
        table = table_name(name)
        if not self._tables.exists(table):
            return False
        keys = self._tables.get(table).read(["user_id"]).column("user_id")
        return bool(keys.index(pa.scalar(user, keys.type)).as_py() >= 0)


def _key_type(space: ProductSpace) -> pa.DataType:
    text = space.products.columns[space.products.catalogue.key].kind == "string"
    return pa.string() if text else pa.int64()


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
