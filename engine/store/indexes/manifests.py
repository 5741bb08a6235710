"""The manifests of an index's versions: their folder and their form. Knows files; opens no segment.

versions/<number>.json   a manifest, with a few rows of its own, see `segments.held`; the highest number
                         is the published version
versions/<id>.npy        deleted rows of a segment, see `delete_bitmaps`
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.core.arrays import Rows
from engine.core.rows import RowSet
from engine.core.schema import Column, IndexSpec
from engine.errors import CorruptFile
from engine.store.indexes.delete_bitmaps import DeleteBitmaps
from engine.store.layout import make_folder, read_json, remove_others, write_json

Entries = dict[str, dict[str, Any]]  # what a manifest says of its segments, by id


@dataclass(frozen=True)
class Listed:
    """A segment as a new version lists it.

    Attributes:
        deleted: which of its rows the version has deleted; None for none.
        deletion_id: of the deleted rows in the version before, where these are the same or more;
            else empty.
        added: those of them that the version before has not deleted; None for none.
        held: its rows themselves, where they are few, see `segments.held`; None where it has files.
    """

    id: str
    deleted: RowSet | None = None
    deletion_id: str = ""
    held: Mapping[str, Any] | None = None
    added: Rows | None = None


class Manifests:
    """All manifests of one index. Safe to use from many threads; writers hold the index's lock."""

    def __init__(self, folder: Path, spec: IndexSpec) -> None:
        self.folder, self._spec = folder, spec
        self.bitmaps = DeleteBitmaps(folder, spec.name)
        self._path = str(folder)  # made once: it is listed by each query
        self._listed: tuple[list[str], list[int]] = ([], [])
        self._known: dict[int, tuple[os.stat_result, Entries]] = {}  # by version, with its file

    def numbers(self) -> list[int]:
        """Numbers of the versions that exist, ascending; the last one is published."""
        try:
            names = os.listdir(self._path)
        except FileNotFoundError:
            return []
        if names == self._listed[0]:
            return self._listed[1]
        numbers = sorted(int(n[:-5]) for n in names if n.endswith(".json") and n[:-5].isdecimal())
        self._listed = (names, numbers)
        return numbers

    def stamp(self) -> tuple[int, int] | None:
        """Time of change (ns) and identity of the folder; None before the first version."""
        try:
            found = os.stat(self._path)  # noqa: PTH116  (a third of what Path.stat takes)
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_ino

    def read(self, number: int) -> dict[str, Any]:
        """What a version's file says. Raises FileNotFoundError, CorruptFile."""
        file = self.folder / f"{number}.json"
        facts = read_json(file)
        listed = facts.get("segments")
        # Releases before 0.2 listed bare names.
        if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
            raise CorruptFile(
                f"{file} is not the manifest of a version that this release can read. Sync the "
                "index again."
            )
        return facts

    def columns(self, facts: Mapping[str, Any]) -> dict[str, Column]:
        """The columns that a manifest describes, by name."""
        return {entry["name"]: self._column(entry, facts) for entry in facts["columns"]}

    def _column(self, entry: Mapping[str, Any], facts: Mapping[str, Any]) -> Column:
        """One of them; before 0.5 a manifest did not say which floats are float32."""
        column = Column(**entry)
        if "single" in entry or column.kind != "float":
            return column
        types = self._spec.schema or facts.get("types", {})
        word = str(types.get(column.name, "")).lower()
        return replace(column, single=re.search(r"\bfloat\b", word) is not None)

    def entries(self, number: int, parts: Sequence[Listed]) -> list[dict[str, Any]]:
        """What the manifest of a new version says of its segments, each with its deleted rows."""
        make_folder(self.folder)
        before = self._entries(number - 1) if any(part.deleted for part in parts) else {}
        entries = []
        for part in parts:
            entry = before.get(part.id)
            if entry is None or entry["deletion_id"] != part.deletion_id:
                entry = self.bitmaps.entry(part.id, part.deleted)
            elif part.added is not None and part.deleted is not None:
                entry = self.bitmaps.longer(entry, part.deleted, part.added)
            entries.append(entry if part.held is None else {**entry, "held": part.held})
        return entries

    def write(
        self, number: int, facts: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]
    ) -> None:
        """Publish a version of finished segments."""
        state = {**facts, "index": self._spec.id, "segments": list(entries)}
        write_json(self.folder / f"{number}.json", state)
        with contextlib.suppress(OSError):
            self._known[number] = (self._file_of(number), _without_rows(entries))

    def _entries(self, number: int) -> Entries:
        """A version's segments by id, without rows that are held; none where it can't be read."""
        with contextlib.suppress(FileNotFoundError, CorruptFile):
            file, known = self._file_of(number), self._known.get(number)
            if known is None or not _is_same(known[0], file):
                known = (file, _without_rows(self.read(number)["segments"]))
                self._known[number] = known
            return known[1]
        return {}

    def _file_of(self, number: int) -> os.stat_result:
        return (self.folder / f"{number}.json").stat()

    def segments(self) -> set[str]:
        """Ids of the segments of the last version."""
        return {name for number in self.numbers()[-1:] for name in self._entries(number)}

    def collect(self, kept: Iterable[int]) -> set[str]:
        """Remove all but some versions and their files; returns the ids of their segments."""
        segments: set[str] = set()
        kept = list(kept)
        self._known = {number: found for number, found in self._known.items() if number in kept}
        files = {f"{number}.json" for number in kept}
        for number in kept:
            for entry in self._entries(number).values():
                segments.add(entry["id"])
                files.add(str(entry["deleted_file"]))
        # Manifests first: a version that lacks something is never seen.
        remove_others(self.folder, files, "*.json")
        remove_others(self.folder, files)
        return segments


def _is_same(one: os.stat_result, other: os.stat_result) -> bool:
    """Whether a file is the one that it was: it is never changed, only replaced."""
    facts = ((each.st_ino, each.st_mtime_ns, each.st_size) for each in (one, other))
    return len(set(facts)) == 1


def _without_rows(entries: Iterable[Mapping[str, Any]]) -> Entries:
    return {
        entry["id"]: {key: value for key, value in entry.items() if key != "held"}
        for entry in entries
    }
