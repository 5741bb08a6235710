"""A session: what names without catalog or schema mean, and its own views. Knows names; not SQL."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.core.names import ThreePartName, table_name
from engine.errors import BadStatement
from engine.settings import DEFAULT_CATALOG, DEFAULT_SCHEMA

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class TypedText:
    """A parameter's value as the API brings it.

    Attributes:
        text: None for null. type: the name of a type; None for STRING.
    """

    text: str | None
    type: str | None = None


@dataclass(frozen=True)
class TemporaryView:
    """A query under a name that one session knows.

    Attributes:
        text: the query as its user wrote it.
        catalog, schema: what names without them meant when the view was made.
        columns: names of its columns; empty for those of the query.
    """

    text: str
    catalog: str
    schema: str
    columns: tuple[str, ...] = ()


@dataclass
class Session:
    """What statements that follow each other share. Safe to use from many threads.

    Attributes:
        catalog, schema: of names that lack them.
        evolves: INSERT and MERGE add the columns that their tables lack, as if each said WITH SCHEMA
            EVOLUTION.
    """

    catalog: str = DEFAULT_CATALOG
    schema: str = DEFAULT_SCHEMA
    evolves: bool = False
    _views: dict[str, TemporaryView] = field(default_factory=dict, repr=False)
    _rows: dict[str, pa.Table] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def full_name(self, parts: tuple[str, ...]) -> ThreePartName:
        """The name of a table by its one to three parts.

        Raises:
            BadStatement: no name of a table.
        """
        if len(parts) > 3:
            raise BadStatement(f"{'.'.join(parts)} has more than three parts; expected a table.")
        missing = (self.catalog, self.schema)[: 3 - len(parts)]
        return table_name(".".join((*missing, *parts)))

    def use(self, catalog: str | None, schema: str | None) -> None:
        """Change what names without catalog or schema mean; None leaves as it is."""
        with self._lock:
            self.catalog, self.schema = catalog or self.catalog, schema or self.schema

    def at(self, catalog: str, schema: str) -> Session:
        """A session with these names' meaning, and this one's views as they are now."""
        return Session(catalog, schema, self.evolves, self._views, self._rows)

    # ------------------------------------------------------------------ temporary views
    def view(self, name: str) -> TemporaryView | None:
        """The temporary view of a name in any letter case; None for none."""
        return self._views.get(name.lower())

    def views(self) -> list[str]:
        """Names of the temporary views, sorted."""
        return sorted(self._views)

    def add_view(self, name: str, view: TemporaryView, replace: bool) -> None:
        """Keep a view under a name. Raises BadStatement where the name is taken."""
        with self._lock:
            if name.lower() in self._views and not replace:
                raise BadStatement(
                    f"[TEMP_TABLE_OR_VIEW_ALREADY_EXISTS] Temporary view {name} already exists. "
                    "Choose another name, or CREATE OR REPLACE it."
                )
            self._views = {**self._views, name.lower(): view}

    def drop_view(self, name: str) -> bool:
        """Forget a view; whether there was one."""
        with self._lock:
            known = name.lower() in self._views
            self._views = {key: view for key, view in self._views.items() if key != name.lower()}
            return known

    # ------------------------------------------------------------------ rows at hand
    def with_rows(self, rows: Mapping[str, pa.Table]) -> Session:
        """This session as it is now, in which some names of one part are rows at hand."""
        lowered = {name.lower(): table for name, table in rows.items()}
        both = {**self._rows, **lowered}
        return Session(self.catalog, self.schema, self.evolves, self._views, both)

    def rows_of(self, name: str) -> pa.Table | None:
        """The rows at hand of a name in any letter case; None for none."""
        return self._rows.get(name.lower())
