"""Tags of catalogs, schemas, tables, their columns and volumes: texts by name, which mean nothing here.

Knows where they are kept; not whether a thing is there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from engine.service.authorship import user_name
from engine.service.catalogs.documents import touched
from engine.store.securable_files import SecurableFiles, Tagged

TagValues = dict[str, str]


@dataclass
class TagsKept:
    """The tags of one thing.

    Attributes:
        own: values by name; an empty text for a tag without one. columns: those of a table's columns.
    """

    own: TagValues = field(default_factory=dict)
    columns: dict[str, TagValues] = field(default_factory=dict)


class Tags:
    """The tags of a workspace. Safe to use from many threads and processes.

    Names are full ones of things that are there, which the caller has checked.
    """

    def __init__(self, files: SecurableFiles) -> None:
        self._files = files

    def of(self, kind: Tagged, name: str) -> TagsKept:
        """The tags of a thing and of its columns; none where it has none."""
        found = self._files.tags(kind, name)
        return TagsKept(dict(found.get("own", {})), dict(found.get("columns", {})))

    def set(
        self, kind: Tagged, name: str, tags: Mapping[str, str], column: str | None = None
    ) -> None:
        """Give a thing, or a column of a table, tags; those that it has get the new value."""
        self._change(kind, name, lambda kept: _those(kept, column).update(tags))

    def unset(
        self, kind: Tagged, name: str, names: Sequence[str], column: str | None = None
    ) -> None:
        """Take tags from a thing, or from a column of a table; those that it lacks are passed over."""

        def forget(kept: TagsKept) -> None:
            for one in names:
                _those(kept, column).pop(one, None)

        self._change(kind, name, forget)

    def rename_columns(self, table: str, renamed: Mapping[str, str | None]) -> None:
        """Let tags follow a table's columns.

        Args:
            renamed: new names by the old ones; none for those that are gone.
        """

        def follow(kept: TagsKept) -> None:
            named = {renamed.get(column, column): tags for column, tags in kept.columns.items()}
            kept.columns = {column: tags for column, tags in named.items() if column is not None}

        self._change("tables", table, follow)

    def keep_columns(self, table: str, columns: Collection[str]) -> None:
        """Forget the tags of all other columns of a table."""
        gone = [column for column in self.of("tables", table).columns if column not in columns]
        if gone:
            self.rename_columns(table, dict.fromkeys(gone))

    def _change(self, kind: Tagged, name: str, alter: Callable[[TagsKept], None]) -> None:
        with self._files.writing():
            before, after = self.of(kind, name), self.of(kind, name)
            alter(after)
            columns = {column: tags for column, tags in after.columns.items() if tags}
            if (after.own, columns) == (before.own, before.columns):
                return
            if not self._files.exists(kind, name):  # with which they are forgotten
                self._files.write(kind, name, {"owner": user_name(), **touched()})
            kept = {**self._files.tags(kind, name), "own": after.own, "columns": columns}
            self._files.write_tags(kind, name, kept)


def _those(kept: TagsKept, column: str | None) -> TagValues:
    return kept.own if column is None else kept.columns.setdefault(column, {})
