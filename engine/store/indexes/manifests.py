"""The manifests of an index's versions: their folder and their form. Knows files; opens no segment.

versions/<number>.json   a manifest; the highest number is the published version
versions/<id>.npy        deleted rows of a segment, see `delete_bitmaps`
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.core.rows import RowSet
from engine.core.schema import Column, IndexSpec
from engine.errors import CorruptFile
from engine.store.indexes.delete_bitmaps import DeleteBitmaps
from engine.store.layout import make_folder, read_json, remove_others, write_json


class Manifests:
    """All manifests of one index. Safe to use from many threads; writers hold the index's lock."""

    def __init__(self, folder: Path, spec: IndexSpec) -> None:
        self.folder, self._spec = folder, spec
        self.bitmaps = DeleteBitmaps(folder, spec.name)
        self._path = str(folder)  # made once: it is listed by each query
        self._listed: tuple[list[str], list[int]] = ([], [])

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

    def entries(
        self, number: int, parts: Sequence[tuple[str, RowSet | None]]
    ) -> list[dict[str, Any]]:
        """What the manifest of a new version says of its segments, each with its deleted rows."""
        make_folder(self.folder)
        before = self._entries(number - 1) if any(deleted for _, deleted in parts) else {}
        return [
            self.bitmaps.entry(segment, deleted, before.get(segment)) for segment, deleted in parts
        ]

    def write(
        self, number: int, facts: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]
    ) -> None:
        """Publish a version of finished segments."""
        state = {**facts, "index": self._spec.id, "segments": list(entries)}
        write_json(self.folder / f"{number}.json", state)

    def _entries(self, number: int) -> dict[str, dict[str, Any]]:
        """A version's segments by id; none where it can't be read."""
        with contextlib.suppress(FileNotFoundError, CorruptFile):
            return {entry["id"]: entry for entry in self.read(number)["segments"]}
        return {}

    def segments(self) -> set[str]:
        """Ids of the segments of the last version."""
        return {name for number in self.numbers()[-1:] for name in self._entries(number)}

    def collect(self, kept: Iterable[int]) -> set[str]:
        """Remove all but some versions and their files; returns the ids of their segments."""
        segments: set[str] = set()
        files = {f"{number}.json" for number in kept}
        for number in kept:
            for entry in self._entries(number).values():
                segments.add(entry["id"])
                files.add(str(entry["deleted_file"]))
        # Manifests first: a version that lacks something is never seen.
        remove_others(self.folder, files, "*.json")
        remove_others(self.folder, files)
        return segments
