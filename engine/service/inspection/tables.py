"""Tables and volumes as an operator sees them: how much, changed when, what is wrong. Knows files."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.core.names import ThreePartName
from engine.errors import NotFound, VitrineError
from engine.store.tables.table_store import TableStore
from engine.store.tables.views import ViewStore
from engine.store.volumes import VolumeStore

_BACK = "Put it back, or register the path for another: vitrine volume register"
Kind = Literal["table", "files", "Delta", "view", "unknown"]


@dataclass(frozen=True)
class TableState:
    """One table, as far as it can be read.

    Attributes:
        kind: "table" (its own files), "files" (registered ones), "Delta", "view", or "unknown".
        rows, columns: None where they are not known.
        bytes: of its files; None for a view or a Delta table.
        changed_ms: when it was last written, in milliseconds since the epoch; 0 for not known.
        fault: why it can't be used, and what to do; None where it can.
    """

    name: str
    kind: Kind
    rows: int | None = None
    columns: int | None = None
    bytes: int | None = None
    changed_ms: int = 0
    fault: str | None = None


@dataclass(frozen=True)
class VolumeState:
    """One volume, or a path in it that was registered.

    Attributes:
        folder: what it stands for. registered: read where it lies, outside of the workspace.
        fault: why it can't be read; None where it can.
    """

    path: str
    folder: str
    registered: bool
    fault: str | None = None


@dataclass(frozen=True)
class TableStates:
    """Some tables of a workspace.

    Attributes:
        total: how many there are, of those that were looked for.
    """

    tables: tuple[TableState, ...]
    total: int


class TableInspection:
    """What looks at the tables and volumes of a workspace."""

    def __init__(self, tables: TableStore, views: ViewStore, volumes: VolumeStore) -> None:
        self._tables, self._views, self._volumes = tables, views, volumes

    def states(self, start: int, most: int, part: str = "", damaged: bool = False) -> TableStates:
        """Tables and views by name, `most` of them from the place `start` on; only these are opened.

        Args:
            part: of the names that are wanted. damaged: only those that can't be used, for which
                every table is opened.
        """
        views = set(self._views.names())
        names = sorted({*self._tables.names(), *views})
        wanted = [name for name in names if part.casefold() in str(name).casefold()]
        if damaged:
            every = [self._state(name, name in views) for name in wanted]
            faulty = [state for state in every if state.fault is not None]
            return TableStates(tuple(faulty[start : start + most]), len(faulty))
        some = wanted[start : start + most]
        return TableStates(tuple(self._state(name, name in views) for name in some), len(wanted))

    def _state(self, name: ThreePartName, is_view: bool) -> TableState:
        """One table; whatever is wrong with it is its own row's trouble."""
        changed = 0
        try:
            if is_view:
                columns = len(self._views.get(name).described)
                return TableState(str(name), "view", columns=columns or None)
            with contextlib.suppress(NotFound):
                changed = self._tables.changed_ms(name)
            table = self._tables.get(name)
            kind: Kind = "Delta" if table.delta else "files" if table.registered else "table"
            size = None if table.delta else sum(size for _, size, _ in table.identity())
            columns, rows = len(table.schema), table.num_rows
            return TableState(str(name), kind, rows, columns, size, changed)
        except VitrineError as error:
            kind = "view" if is_view else "unknown"
            return TableState(str(name), kind, changed_ms=changed, fault=error.message)

    def volumes(self) -> list[VolumeState]:
        """Every volume and registered path, by path; where what is registered can't be read, that.

        Those that lie elsewhere are looked for; what is in them is not read.
        """
        try:
            registered = self._volumes.registered()
            names = self._volumes.names()
        except VitrineError as error:
            return [VolumeState("/Volumes", "", True, error.message)]
        own = [f"/Volumes/{n.catalog}/{n.schema}/{n.name}" for n in names]
        found = []
        for path in sorted({*own, *registered}):
            folder = registered.get(path)
            if folder is None:
                catalog, schema, name = path.split("/")[2:5]
                place = self._volumes.folder_of(ThreePartName(catalog, schema, name))[0]
                found.append(VolumeState(path, str(place), False))
                continue
            fault = None if Path(folder).is_dir() else f"There is no folder {folder}. {_BACK}"
            found.append(VolumeState(path, folder, True, fault))
        return found
