"""Views: queries under a table's name, each a small file beside where a table of that name would lie.

Knows texts and names; not SQL.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import Any

from engine.core.names import ThreePartName
from engine.errors import CorruptFile, NotFound
from engine.store.layout import Layout, read_json, remove, write_json

_FILE = "view.json"


@dataclass(frozen=True)
class View:
    """A query under a name.

    Attributes:
        text: the query as its user wrote it.
        catalog, schema: what names without them meant when the view was made.
        columns: names of its columns; empty for those of the query.
        described: its columns as Unity Catalog shows them, when the view was made.
    """

    name: ThreePartName
    text: str
    catalog: str
    schema: str
    columns: tuple[str, ...]
    described: tuple[dict[str, Any], ...]


class ViewStore:
    """All views of a workspace. Safe to use from many threads and processes."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def get(self, name: ThreePartName) -> View:
        """A view by its name.

        Raises:
            NotFound: no such view. CorruptFile: its file is damaged.
        """
        file = self._layout.table_dir(name) / _FILE
        try:
            facts = read_json(file, "Create the view again, or drop it.")
        except FileNotFoundError:
            raise NotFound(f"View {name} not found.") from None
        try:
            return View(
                name,
                str(facts["text"]),
                str(facts["catalog"]),
                str(facts["schema"]),
                tuple(map(str, facts["columns"])),
                tuple(map(dict, facts["described"])),
            )
        except (KeyError, TypeError, ValueError):
            raise CorruptFile(
                f"{file} is damaged: it lacks what every view has. Create the view again, or drop it."
            ) from None

    def exists(self, name: ThreePartName) -> bool:
        """Whether a view has this name, a damaged one too."""
        return (self._layout.table_dir(name) / _FILE).is_file()

    def names(self) -> list[ThreePartName]:
        """Names of all views, sorted."""
        found = (self._layout.root / "tables").glob(f"*/*/*/{_FILE}")
        return sorted(ThreePartName(*file.parent.parts[-3:]) for file in found)

    def write(self, view: View) -> None:
        """Make or replace a view."""
        facts = {
            "text": view.text,
            "catalog": view.catalog,
            "schema": view.schema,
            "columns": list(view.columns),
            "described": list(view.described),
        }
        with self._layout.writing(f"table-{view.name}"):
            write_json(self._layout.table_dir(view.name) / _FILE, facts)

    def move(self, name: ThreePartName, new: ThreePartName) -> None:
        """Give a view another name, which nothing has. Raises as `get`."""
        self.write(replace(self.get(name), name=new))
        self.drop(name)

    def drop(self, name: ThreePartName) -> None:
        """Forget a view. Raises NotFound."""
        with self._layout.writing(f"table-{name}"):
            if not self.exists(name):
                raise NotFound(f"View {name} not found.")
            folder = self._layout.table_dir(name)
            remove(folder / _FILE)
            with contextlib.suppress(OSError):
                folder.rmdir()  # only where nothing of anybody else is left
