"""Index versions: which segments an index consists of. Publishes, reads, collects.

A version is a small JSON file; `CURRENT` names the published one and is replaced atomically. The
version before it is kept, so that a reader that has just looked at CURRENT still finds its files.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.core.schema import IndexSpec
from engine.errors import CorruptFile
from engine.store.layout import read_json, write_atomically, write_json
from engine.store.segments import Segment

KEPT_VERSIONS = 2  # the published one and its predecessor


@dataclass(frozen=True)
class Version:
    """One published state of an index, with its segments open.

    Attributes:
        number: counts up from 1.
        facts: what was true when it was made: source identity, encoder, report.
    """

    number: int
    segments: tuple[Segment, ...]
    facts: Mapping[str, Any]

    @property
    def rows(self) -> int:
        return sum(segment.rows for segment in self.segments)


class VersionStore:
    """The versions of one index."""

    def __init__(self, folder: Path, spec: IndexSpec) -> None:
        self._folder = folder
        self._spec = spec
        self._open: dict[int, Version] = {}

    @property
    def segments_dir(self) -> Path:
        return self._folder / "segments"

    def current_number(self) -> int:
        """Number of the published version, 0 before the first.

        Raises:
            CorruptFile: CURRENT is damaged.
        """
        try:
            text = (self._folder / "CURRENT").read_text()
        except FileNotFoundError:
            return 0
        if not text.strip().isdecimal():
            raise CorruptFile(f"{self._folder / 'CURRENT'} is damaged. Sync the index again.")
        return int(text)

    def current(self) -> Version | None:
        """The published version, None before the first one."""
        for attempt in range(3):
            number = self.current_number()
            try:
                return self.get(number) if number else None
            except FileNotFoundError as error:
                # Collected between reading CURRENT and opening it: look again.
                if attempt == 2:
                    raise CorruptFile(
                        f"version {number} of index {self._spec.name} lacks {error.filename}. "
                        "Sync the index again."
                    ) from None
        raise AssertionError("unreachable")

    def get(self, number: int) -> Version:
        """A version by its number.

        Raises:
            FileNotFoundError: it was collected, or never was.
        """
        if number not in self._open:
            facts = read_json(self._folder / "versions" / f"{number}.json")
            segments = tuple(
                Segment(self.segments_dir / name, self._spec) for name in facts["segments"]
            )
            newest = max([number, *self._open])
            kept = {n: v for n, v in self._open.items() if n > newest - KEPT_VERSIONS}
            self._open = {**kept, number: Version(number, segments, facts)}
        return self._open[number]

    def publish(self, segments: Sequence[str], facts: Mapping[str, Any]) -> int:
        """Make a new version of finished segments the current one; the caller holds the lock."""
        taken = [int(file.stem) for file in (self._folder / "versions").glob("*.json")]
        number = max(taken, default=0) + 1
        write_json(
            self._folder / "versions" / f"{number}.json", {**facts, "segments": list(segments)}
        )
        write_atomically(self._folder / "CURRENT", str(number).encode())
        self._collect(number)
        return number

    def _collect(self, current: int) -> None:
        """Remove versions and segments that no reader looks for any more."""
        used: set[str] = set()
        for file in (self._folder / "versions").glob("*.json"):
            if current - KEPT_VERSIONS < int(file.stem) <= current:
                with contextlib.suppress(CorruptFile):
                    used.update(read_json(file)["segments"])
            else:
                file.unlink(missing_ok=True)
        for folder in self.segments_dir.glob("*"):
            if folder.name not in used:
                shutil.rmtree(folder, ignore_errors=True)
