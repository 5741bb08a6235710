"""The folder of a workspace: which one it is, who chose it, and whether one is in it."""

from __future__ import annotations

import contextlib
import difflib
from dataclasses import dataclass
from pathlib import Path

from engine.errors import NotFound

# Folders of a workspace.
_PARTS = (
    "tables",
    "volumes",
    "endpoints",
    "serving",
    "model_versions",
    "indexes",
    "unity_catalog",
)


_ALIKE = 0.8  # of names: a letter more or less in five
# What a server, a clock and a cache leave in a workspace that holds nothing yet.
_BESIDE = ("credentials.json", "secret", "clock.json", "warehouse.json", "https", "locks", "cache")


@dataclass(frozen=True)
class WorkspaceFolder:
    """The folder of a workspace.

    Attributes:
        root: the folder, which may not exist yet.
        path_from: who chose it, in words; see `Settings.path_from`.
    """

    root: Path
    path_from: str

    def describe(self) -> str:
        """Which folder is the workspace, who said so, and what is wrong with that."""
        place = f"{self.root} ({self.path_from})"
        if self.exists:
            return f"The workspace is {place}."
        other = (
            "Name another folder by --workspace DIR or the variable VITRINE_WORKSPACE; or make a "
            f"workspace: vitrine demo -w {self.root}"
        )
        if not self.root.exists():
            near = "" if (meant := self.meant) is None else f" Did you mean {meant}?"
            return f"There is no workspace at {place}: no such folder.{near} {other}"
        if self._is_empty:
            return f"The workspace at {place} is empty. {other}"
        return f"There is no workspace at {place}: the folder holds other files. {other}"

    def check_exists(self) -> None:
        """Refuse a folder that is missing or holds something else; an empty one may become one.

        Raises:
            NotFound: says which folder that is, and what to do.
        """
        if not self.exists and not self._is_empty:
            error = NotFound(self.describe())
            error.hint = ""
            raise error

    @property
    def exists(self) -> bool:
        """Whether the folder holds something of a workspace."""
        return _is_workspace(self.root)

    @property
    def meant(self) -> Path | None:
        """Where no such folder exists: a workspace beside it whose name is spelled alike, if any."""
        found: list[str] = []
        with contextlib.suppress(OSError):
            if not self.root.exists():
                beside = [one.name for one in self.root.parent.iterdir() if _is_workspace(one)]
                found = difflib.get_close_matches(self.root.name, sorted(beside), 1, _ALIKE)
        return self.root.with_name(found[0]) if found else None

    @property
    def _is_empty(self) -> bool:
        return self.root.is_dir() and all(file.name in _BESIDE for file in self.root.iterdir())


def _is_workspace(folder: Path) -> bool:
    return any((folder / part).is_dir() for part in _PARTS)
