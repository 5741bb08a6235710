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
from engine.errors import RowsFailed
from engine.progress import tracked
from engine.shop.browsing.listing import MAX_LIMIT, check_count
from engine.shop.catalogue.sources.opening import Reading
from engine.shop.names import INTERACTION_FAILURES, INTERACTIONS, USER_FEATURES, USERS
from engine.shop.people.interactions.log import Interactions, Log, with_product
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
from engine.shop.people.user_tables import UserTables
from engine.shop.short_tables import short_table
from engine.store.layout import Layout
from engine.store.tables.table_store import TableStore
from engine.text_table import Column

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
        self._own = UserTables(layout, tables)

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
        name: str | None = None,
        segment: str | None = None,
    ) -> User:
        """Note what a user did with a product; the user's row alone is made anew.

        A new id is a new user. It counts at once, and is durable when this returns.

        Args:
            time: when; None for now. name, segment: of a new user; None for none.

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
            self._own.check_written_here()
            self._own.append(INTERACTIONS, row)
            return self._catch_up(space, User(user, name, segment, NOTHING))

    def remove_interactions(self, user_id: str, product_id: object) -> User:
        """Take back all that a user did with a product; the user's row alone is made anew.

        Also of a product that is gone; nothing changes where there is nothing to take back.

        Returns:
            the user as it is afterwards, who stays also without interactions.

        Raises:
            NotFound: no such user. InvalidState: a table was registered from files of the user.
        """
        space = self._spaces.now()
        with self._writing():
            user = self._profiles.get(user_id)
            log = self._interactions.now()
            taken = with_product(log, user_id, product_id)
            if not taken.any():
                return user
            self._own.check_written_here()
            left = Log(log.table.filter(pa.array(~taken)))
            user = replace(
                user, taste=logged_taste(space, left, user_id, self._profiles.counting())
            )
            # The row first: a writer that stops in between leaves one that is behind, never ahead.
            self._own.replace(USER_FEATURES, features_table([user]))
            self._own.remove(INTERACTIONS, user_id, product_id)
            return user

    def forget_user(self, user_id: str) -> None:
        """Remove a user with all of its interactions from the tables.

        Raises:
            NotFound: no such user. InvalidState: a table was registered from files of the user.
        """
        with self._writing():
            self._profiles.get(user_id)
            self._own.check_written_here()
            for name in (USER_FEATURES, USERS, INTERACTIONS):
                self._own.remove(name, user_id)

    def get_user(self, user_id: str) -> User:
        """One user with its taste. Raises NotFound: there is none of this id."""
        return self._profiles.get(user_id)

    def list_users(
        self, *, limit: int = 20, offset: int = 0, search: str | None = None
    ) -> UserPage:
        """A page of users in the order of their ids; none where none were made.

        Args:
            search: letters that stand in the id, the name or the segment, in either case; None for all.

        Raises:
            InvalidParameterValue: a limit that isn't from 1 to 200, or an offset below 0.
        """
        check_count("limit", limit, 1, MAX_LIMIT)
        check_count("offset", offset, 0, 2**31 - 1)
        users, end = self._profiles.now(), offset + limit
        keys = users.matching(search or "")
        further = end if end < len(keys) else None
        return UserPage([users[key] for key in keys[offset:end]], len(keys), offset, further)

    # ------------------------------------------------------------------ how
    def _catch_up(self, space: ProductSpace, new: User) -> User:
        """Write a user's rows, and those of users whose writers were stopped before they wrote them.

        Args:
            new: the user as it is where no table has it.
        """
        users, behind = self._profiles.with_behind()
        log, counting = self._interactions.now(), self._profiles.counting()
        made: dict[str, User] = {}
        for user in dict.fromkeys([new.user_id, *behind]):
            before = users.get(user) or User(user, None, None, NOTHING)
            is_named = self._own.has(USERS, user)
            if user == new.user_id and not is_named:
                segment = before.segment or new.segment
                before = replace(new, name=before.name or new.name, segment=segment)
            made[user] = replace(before, taste=logged_taste(space, log, user, counting))
            if not is_named:
                self._own.append(USERS, users_table([made[user]]))
            self._own.replace(USER_FEATURES, features_table([made[user]]))
        return made[new.user_id]

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
        self._own.put(INTERACTIONS, log.table)
        self._own.put(INTERACTION_FAILURES, failures_table(found.failures))
        self._own.put(USERS, users_table(users))
        self._own.put(USER_FEATURES, features_table(users), counting.properties())
        return users


def _key_type(space: ProductSpace) -> pa.DataType:
    text = space.products.columns[space.products.catalogue.key].kind == "string"
    return pa.string() if text else pa.int64()
