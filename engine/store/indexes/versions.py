"""Index versions: which segments an index consists of, and which of their rows are deleted.

versions/<number>.json   a manifest; the highest number is the published version
versions/<id>.npy        deleted rows of a segment, where a manifest would grow long by listing them
segments/<id>/           see `segments`
building/<id>/           a segment that a compaction is making, while it holds the lock `compact-`

A manifest appears by an atomic rename. The version before is kept: for pages under way, and to be
restored. A reader that finds a file gone looks again: what it read was superseded meanwhile; files
that it has open stay readable.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.core.arrays import Rows
from engine.core.filters.tree import Node
from engine.core.rows import RowSet
from engine.core.schema import Column, Columns, IndexSpec
from engine.digests import sha256
from engine.errors import CorruptFile, Locked, NotFound, VitrineError, WrittenTooFast
from engine.store.indexes.mask_cache import MaskCache
from engine.store.indexes.specs import keep_copy, read_spec, spec_file
from engine.store.layout import (
    Layout,
    make_folder,
    read_json,
    storage_failed,
    sync_file,
    sync_folder,
    write_json,
)
from engine.store.segments.segment import Segment

WASTE = 0.25  # share of deleted rows from which a segment is written again
KEPT_VERSIONS = 2  # the published one and its predecessor
_LISTED_ROWS = 4096  # deleted rows of a segment that are listed in the manifest itself
_SETTLED_NS = 3_000_000_000  # more than the coarsest times of change that file systems keep
_LOOKS = 100  # times that a reader looks for a version before it calls files missing


@dataclass(frozen=True)
class Part:
    """One segment as a version sees it.

    Attributes:
        delete_bitmap: rows of the segment that the version has deleted; None for none.
        deletion_id: names this set of deleted rows; empty for none.
    """

    segment: Segment
    delete_bitmap: RowSet | None
    deletion_id: str

    @property
    def live_rows(self) -> int:
        return self.segment.rows - (self.delete_bitmap.count if self.delete_bitmap else 0)

    def live_row_numbers(self) -> Rows:
        """The rows that are not deleted, ascending."""
        if self.delete_bitmap is None:
            return np.arange(self.segment.rows)
        return self.delete_bitmap.others()

    def live(self, masks: MaskCache) -> RowSet | None:
        """The row mask of the rows that are not deleted; None for all."""
        deleted = self.delete_bitmap
        if deleted is None:
            return None
        key = (self.segment.id, self.deletion_id, None)
        return masks.get(key, lambda: RowSet.of_mask(~deleted.mask()))[0]

    def matching(self, condition: Node, masks: MaskCache) -> tuple[RowSet, bool]:
        """The row mask of live rows that match a filter; and whether the filter was evaluated before."""

        def evaluated() -> RowSet:
            return RowSet.of_mask(self.segment.metadata.mask(condition))

        whole, seen = masks.get((self.segment.id, "", condition), evaluated)
        live = self.live(masks)
        if live is None:
            return whole, seen
        key = (self.segment.id, self.deletion_id, condition)
        return masks.get(key, lambda: whole & live)[0], seen


@dataclass(frozen=True)
class Version:
    """One published state of an index, with its segments open.

    Attributes:
        number: counts up from 1.
        facts: what was true when it was made: state of the source, encoder, report.
        columns: the index's columns by name.
    """

    number: int
    parts: tuple[Part, ...]
    facts: Mapping[str, Any]
    columns: Columns
    masks: MaskCache

    @property
    def rows(self) -> int:
        return sum(part.live_rows for part in self.parts)


class VersionStore:
    """The versions of one index. Safe to use from many threads; writers hold the index's lock."""

    def __init__(self, layout: Layout, spec: IndexSpec) -> None:
        self.layout = layout
        self._folder = layout.index_dir(spec.name)
        self._versions_path = str(self._versions_dir)  # made once: it is listed by each query
        self.spec = spec
        self.masks = MaskCache()
        self._listed: tuple[list[str], list[int]] = ([], [])
        self._settled: tuple[tuple[int, int], Version] | None = None
        self.may_be_due = True  # whether the version published last may need a compaction
        self._published_parts = 0
        self._open: dict[int, Version] = {}
        self._lock = threading.Lock()

    @property
    def segments_dir(self) -> Path:
        return self._folder / "segments"

    @property
    def building_dir(self) -> Path:
        return self._folder / "building"

    @property
    def _versions_dir(self) -> Path:
        return self._folder / "versions"

    def numbers(self) -> list[int]:
        """Numbers of the versions that are there, ascending; the last one is published."""
        try:
            names = os.listdir(self._versions_path)
        except FileNotFoundError:
            return []
        if names == self._listed[0]:
            return self._listed[1]
        numbers = sorted(int(n[:-5]) for n in names if n.endswith(".json") and n[:-5].isdecimal())
        self._listed = (names, numbers)
        return numbers

    def current_number(self) -> int:
        """Number of the published version, 0 before the first."""
        numbers = self.numbers()
        return numbers[-1] if numbers else 0

    def settled(self) -> Version | None:
        """The published version, if that is known by one look at the folder; else None.

        A folder that had not changed for some seconds when it was listed has another time of change
        after the next publishing, also where that time is coarse.
        """
        if self._settled is None:
            return None
        stamp, version = self._settled
        return version if self._stamp() == stamp else None

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._versions_path)  # noqa: PTH116  (a third of what Path.stat takes)
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_ino

    def current(self) -> Version | None:
        """The published version, None before the first one.

        Raises:
            CorruptFile: one of its files is damaged or gone. StorageFailed: it can't be read.
            WrittenTooFast: each version was collected before it was open.
        """
        for _ in range(_LOOKS):
            stamp = self._stamp()
            number = self.current_number()
            if not number:
                return None
            try:
                version = self.get(number)
                if stamp is not None and time.time_ns() - stamp[0] > _SETTLED_NS:
                    self._settled = (stamp, version)
                return version
            except FileNotFoundError:
                pass  # collected between looking and opening: there is a newer version now
            except OSError as error:
                what = f"version {number} of index {self.spec.name} was not read"
                raise storage_failed(what, error) from error
        raise WrittenTooFast(
            f"Index {self.spec.name} is being written faster than it can be opened here. Try again."
        )

    def get(self, number: int) -> Version:
        """A version by its number.

        Raises:
            FileNotFoundError: it was collected, or never was. CorruptFile: one of its files is
            damaged or gone. NotFound: the index was deleted meanwhile.
        """
        version = self._open.get(number)
        if version is not None:
            return version
        with self._lock:
            if number not in self._open:
                version = self._read_whole(number)
                newest = max([number, *self._open])
                kept = {n: v for n, v in self._open.items() if n > newest - KEPT_VERSIONS}
                self._open = {**kept, number: version}
            return self._open[number]

    def _column(self, entry: Mapping[str, Any], facts: Mapping[str, Any]) -> Column:
        """A column as a manifest tells it; before 0.5 it did not say which floats are float32."""
        column = Column(**entry)
        if "single" in entry or column.kind != "float":
            return column
        types = self.spec.schema or facts.get("types", {})
        word = str(types.get(column.name, "")).lower()
        return replace(column, single=re.search(r"\bfloat\b", word) is not None)

    def _read_whole(self, number: int) -> Version:
        """See `get`: a file that is missing or cut short may have been collected while it was read."""
        try:
            return self._read(number)
        except (FileNotFoundError, CorruptFile) as error:
            if self.is_deleted():
                raise self._gone() from None
            if number not in self.numbers():
                raise FileNotFoundError(f"version {number}") from None
            if isinstance(error, CorruptFile):
                raise
            raise CorruptFile(
                f"version {number} of index {self.spec.name} lacks {error.filename}. "
                f"Run: vitrine index restore {self.spec.name}, or sync the index again."
            ) from None

    def _read(self, number: int) -> Version:
        facts = self.manifest(number)
        if facts.get("index", self.spec.id) != self.spec.id:  # not in older manifests
            raise self._gone()
        known = {part.segment.id: part for v in self._open.values() for part in v.parts}
        parts = []
        for entry in facts["segments"]:
            part = known.get(entry["id"])
            segment = part.segment if part else Segment(self.segments_dir / entry["id"], self.spec)
            if part is None or part.deletion_id != entry["deletion_id"]:
                part = Part(segment, self._deleted(entry, segment.rows), entry["deletion_id"])
            parts.append(part)
        columns = {entry["name"]: self._column(entry, facts) for entry in facts["columns"]}
        return Version(number, tuple(parts), facts, columns, self.masks)

    def manifest(self, number: int) -> dict[str, Any]:
        """What a version's file says. Raises FileNotFoundError, CorruptFile."""
        file = self._versions_dir / f"{number}.json"
        facts = read_json(file)
        listed = facts.get("segments")
        # Releases before 0.2 listed bare names.
        if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
            raise CorruptFile(
                f"{file} is not the manifest of a version that this release can read. Sync the "
                "index again."
            )
        return facts

    def _deleted(self, entry: Mapping[str, Any], rows: int) -> RowSet | None:
        listed = np.array(entry["deleted"], dtype=np.int64)
        if entry["deleted_file"]:
            listed = np.concatenate([listed, self._filed(entry)])
        if listed.size and (listed.min() < 0 or listed.max() >= rows):
            raise CorruptFile(
                f"a version of index {self.spec.name} deletes rows that aren't there."
            )
        return RowSet.of_rows(listed, rows) if listed.size else None

    def _filed(self, entry: Mapping[str, Any]) -> Rows:
        """Deleted rows that lie in a file."""
        file = self._versions_dir / entry["deleted_file"]
        if sha256(file) != entry["deleted_sha256"]:
            raise CorruptFile(
                f"{file} does not match its checksum. Run: vitrine index restore {self.spec.name}, "
                "or sync the index again."
            )
        rows: Rows = np.load(file).astype(np.int64)
        return rows

    # ------------------------------------------------------------------ writing, under the lock
    @contextlib.contextmanager
    def writing(self, wait_seconds: float = 600) -> Iterator[None]:
        """Hold the index's lock, for a change to this very index and no other of its name.

        Raises:
            NotFound: it was deleted, whether or not another was made under its name.
            CorruptFile, NewerRelease: its description can't be read any more.
            InvalidState, StorageFailed: see `Layout.writing`.
        """
        with self.layout.writing(f"index-{self.spec.name}", wait_seconds):
            keep_copy(self.layout, self.check_alive())
            yield

    def check_alive(self) -> IndexSpec:
        """The specification as it is now.

        Raises:
            NotFound: the index was deleted, whether or not another has its name now.
        """
        with contextlib.suppress(FileNotFoundError):
            spec = read_spec(self.layout, self.spec.name)
            if spec.id == self.spec.id:
                return spec
        raise self._gone()

    def is_deleted(self) -> bool:
        """Whether the index was deleted; one with a damaged description was not."""
        try:
            self.check_alive()
        except NotFound:
            return True
        except VitrineError:
            return False
        return False

    def tidy_up_deleted(self) -> None:
        """Remove what a compaction made again of the folder of an index that was deleted meanwhile."""
        lock = self.layout.writing(f"index-{self.spec.name}", wait_seconds=0)
        with contextlib.suppress(VitrineError), lock:
            if not spec_file(self.layout, self.spec.name).exists():
                self.building_dir.rmdir()
                self._folder.rmdir()

    def _gone(self) -> NotFound:
        return NotFound(f"Vector search index {self.spec.name} not found")

    def publish(
        self,
        parts: Sequence[tuple[str, RowSet | None]],
        facts: Mapping[str, Any],
        alone: bool = False,
    ) -> int:
        """Make a new version of finished segments the published one; the caller holds the lock.

        Args:
            parts: ids of segments in order, each with its deleted rows.
            alone: keep no predecessor, because it is damaged.
        """
        make_folder(self._versions_dir)
        wasteful = any(d.count > WASTE * d.total for _, d in parts if d is not None)
        self.may_be_due = wasteful or len(parts) not in (self._published_parts, 1)
        self._published_parts = len(parts)
        number = self.current_number() + 1
        before = self._entries() if any(deleted for _, deleted in parts) else {}
        entries = [self._entry(segment, deleted, before) for segment, deleted in parts]
        kept = KEPT_VERSIONS
        try:
            state = {**facts, "index": self.spec.id, "segments": entries}
            write_json(self._versions_dir / f"{number}.json", state)
            kept = 1 if alone else KEPT_VERSIONS
        finally:
            # Also after an error, when the new segment is garbage, unless the version is there. What
            # can't be removed now is removed by the next write.
            with contextlib.suppress(OSError):
                self.collect(kept)
        return number

    def _entry(
        self, segment: str, deleted: RowSet | None, entries: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, Any]:
        """A segment in a manifest; `entries` are those of the version before."""
        rows = deleted.rows() if deleted else np.empty(0, dtype=np.int64)
        entry: dict[str, Any] = {
            "id": segment,
            "deletion_id": "",
            "deleted": [],
            "deleted_file": None,
            "deleted_sha256": None,
        }
        if not len(rows):
            return entry
        entry["deletion_id"] = uuid.uuid4().hex
        before = entries.get(segment)
        if before and before["deleted_file"]:
            # Most of them lie in a file already; only the others are listed.
            with contextlib.suppress(CorruptFile, FileNotFoundError):
                filed = self._filed(before)
                others = np.setdiff1d(rows, filed)
                if len(others) <= _LISTED_ROWS and len(filed) + len(others) == len(rows):
                    file = {key: before[key] for key in ("deleted_file", "deleted_sha256")}
                    return {**entry, "deleted": others.tolist(), **file}
        if len(rows) <= _LISTED_ROWS:
            return {**entry, "deleted": rows.tolist()}
        path = self._versions_dir / f"{entry['deletion_id']}.npy"
        np.save(path, rows.astype(np.int32))
        sync_file(path)
        return {**entry, "deleted_file": path.name, "deleted_sha256": sha256(path)}

    def _entries(self) -> dict[str, dict[str, Any]]:
        number = self.current_number()
        with contextlib.suppress(FileNotFoundError, CorruptFile):
            return {entry["id"]: entry for entry in self.manifest(number)["segments"]}
        return {}

    def collect(self, versions: int = KEPT_VERSIONS) -> None:
        """Remove everything that the last versions don't refer to; the caller holds the lock."""
        kept = self.numbers()[-versions:]
        segments: set[str] = set()
        files = {f"{number}.json" for number in kept}
        for number in kept:
            with contextlib.suppress(CorruptFile, FileNotFoundError):
                for entry in self.manifest(number)["segments"]:
                    segments.add(entry["id"])
                    files.add(str(entry["deleted_file"]))
        # Manifests first: a version that lacks something is never seen.
        _remove_others(self._versions_dir, files, "*.json")
        _remove_others(self._versions_dir, files)
        _remove_others(self.segments_dir, segments)
        for leftover in self._folder.glob(".writing-*"):
            leftover.unlink(missing_ok=True)
        if self.building_dir.exists():
            compacting = self.layout.writing(f"compact-{self.spec.name}", wait_seconds=0)
            with contextlib.suppress(Locked), compacting:
                shutil.rmtree(self.building_dir, ignore_errors=True)

    def adopt(self, folder: Path) -> None:
        """Move a finished segment of a compaction to the others; the caller holds the lock."""
        make_folder(self.segments_dir)
        os.rename(folder, self.segments_dir / folder.name)
        sync_folder(self.segments_dir)


def _remove_others(folder: Path, kept: set[str], pattern: str = "*") -> None:
    for entry in folder.glob(pattern):
        if entry.name in kept:
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
