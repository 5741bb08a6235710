"""The documents of what is registered in Unity Catalog: who owns a thing, its comment, its definition.

Knows their form and where they lie; not what a thing is. A table, a volume and an index exist without
one: theirs is made when there is something to keep. A function or a registered model is its document.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal

from engine.core.values import check_texts
from engine.errors import CorruptFile
from engine.store.layout import Layout, made_by_newer_release, read_json, remove, write_json

Kind = Literal["catalogs", "schemas", "tables", "volumes", "functions", "models"]
# What may have tags and grants; of functions grants alone.
Tagged = Literal["catalogs", "schemas", "tables", "volumes", "functions"]
FORMAT = 1  # counts up when an older release would misread a document
_PARTS: Mapping[Kind, int] = {"catalogs": 1, "schemas": 2}  # of a full name; the others have three
_TAG_KEYS = ("own", "columns", "grants")
_TEXTS = ("owner", "comment", "created_by", "updated_by")
_NUMBERS = ("created_at", "updated_at")


class SecurableFiles:
    """The documents of a workspace. Names are full ones, which the caller has checked."""

    def __init__(self, layout: Layout) -> None:
        self._layout, self._root = layout, layout.unity_catalog_dir

    def writing(self) -> AbstractContextManager[None]:
        """Hold the lock under which things appear, change and vanish."""
        return self._layout.writing("unity-catalog")

    def exists(self, kind: Kind, name: str) -> bool:
        """Whether there is a document, a damaged one too."""
        return self._file(kind, name).exists()

    def names(self, kind: Kind, within: str = "") -> list[str]:
        """Full names of the things that have a document, sorted.

        Args:
            within: a catalog or a schema by its full name; empty for everywhere.
        """
        above = [part for part in within.split(".") if part]
        folder = self._root.joinpath(kind, *above)
        depth = _PARTS.get(kind, 3) - len(above)
        found = folder.glob("/".join(["*"] * (depth - 1) + ["*.json"]))
        parts = (file.relative_to(self._root / kind).with_suffix("").parts for file in found)
        return sorted(".".join(names) for names in parts)

    def read(self, kind: Kind, name: str) -> dict[str, Any]:
        """What a document says.

        Raises:
            FileNotFoundError: there is none. CorruptFile: it is damaged. NewerRelease: it is not for
                this release. StorageFailed: the system refused to read it.
        """
        file = self._file(kind, name)
        advice = "Delete that file: owner, comment and the like of this one thing are lost with it."
        facts = read_json(file, advice)
        made_by = facts.pop("format", FORMAT)
        if type(made_by) is int and made_by > FORMAT:
            raise made_by_newer_release(file, f"format {made_by}; this release reads {FORMAT}")
        wrong = [key for key in _TEXTS if not isinstance(facts.get(key, ""), str)]
        wrong += [key for key in _NUMBERS if not isinstance(facts.get(key, 0), int)]
        if wrong or type(made_by) is not int:
            raise CorruptFile(f"{file} is damaged: {', '.join(wrong) or 'its format'}. {advice}")
        return facts

    def write(self, kind: Kind, name: str, facts: Mapping[str, Any]) -> None:
        """Make or replace a document; the caller holds the lock.

        Raises:
            InvalidParameterValue: a text in it, such as a comment, holds half of a character.
        """
        check_texts(facts)
        write_json(self._file(kind, name), {**facts, "format": FORMAT})

    def remove(self, kind: Kind, name: str) -> None:
        """Remove a document with its tags, if there is one; the caller holds the lock."""
        remove(self._file(kind, name))
        remove(self._tags_file(kind, name))

    # ------------------------------------------------------------------ tags
    def tags(self, kind: Tagged, name: str) -> dict[str, Any]:
        """What is kept of a thing's tags and grants. Raises CorruptFile: it is damaged."""
        advice = "Delete that file: tags and grants of this one thing are lost with it."
        try:
            facts = read_json(self._tags_file(kind, name), advice)
        except FileNotFoundError:
            return {}
        if not all(isinstance(facts.get(key, {}), dict) for key in _TAG_KEYS):
            raise CorruptFile(f"{self._tags_file(kind, name)} is damaged. {advice}")
        return facts

    def write_tags(self, kind: Tagged, name: str, facts: Mapping[str, Any]) -> None:
        """Replace a thing's tags and grants, as `write`; it has a document."""
        check_texts(facts)
        write_json(self._tags_file(kind, name), facts)

    def _tags_file(self, kind: Kind, name: str) -> Path:
        return self._root / "tags" / self._file(kind, name).relative_to(self._root)

    def _file(self, kind: Kind, name: str) -> Path:
        return self._root.joinpath(kind, *name.split(".")[:-1], f"{name.split('.')[-1]}.json")
