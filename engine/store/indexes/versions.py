"""Index versions: which segments an index consists of, and a delete bitmap for each. Knows files.

versions/        manifests, see `manifests`
segments/<id>/   see `store.segments.segment`
building/<id>/   a segment that a compaction is making, while it holds the lock `compact-`

A manifest appears by an atomic rename. The version before is kept, for open pages and to be restored.
A reader that finds a file gone tries again: it was superseded meanwhile; open files stay readable.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from engine.core.arrays import Rows
from engine.core.filters.tree import Node
from engine.core.rows import RowSet
from engine.core.schema import Columns, IndexSpec
from engine.errors import CorruptFile, Locked, NotFound, StorageFailed, VitrineError, WrittenTooFast
from engine.store.indexes.group_commit import GroupCommit
from engine.store.indexes.manifests import Listed, Manifests
from engine.store.indexes.mask_cache import MaskCache
from engine.store.indexes.specs import keep_current, read_spec
from engine.store.layout import WAIT_SECONDS, Layout, remove_others, storage_failed
from engine.store.segments.device.search import SearchDevice
from engine.store.segments.opening import open_segments
from engine.store.segments.segment import Segment
from engine.threads import ThreadLock

WASTE = 0.25  # share of deleted rows from which a segment is written again
KEPT_VERSIONS = 2  # the one that queries read and its predecessor, beside later ones
_SETTLED_NS = 3_000_000_000  # more than the coarsest times of change that file systems keep
_OPEN_ATTEMPTS = 100  # of a reader to open the published version, while writers supersede it


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

    @property
    def listed(self) -> Listed:
        """The same in a new version."""
        return Listed(self.segment.id, self.delete_bitmap, self.deletion_id, self.segment.held)

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
        return masks.get(key, lambda: ~deleted)[0]

    def matching(self, condition: Node, masks: MaskCache) -> RowSet:
        """The row mask of live rows that match a filter, which is evaluated once for a segment."""

        def evaluated() -> RowSet:
            return RowSet.of_mask(self.segment.metadata.mask(condition))

        whole, _ = masks.get((self.segment.id, "", condition), evaluated)
        live = self.live(masks)
        if live is None:
            return whole
        key = (self.segment.id, self.deletion_id, condition)
        return masks.get(key, lambda: whole & live)[0]


@dataclass(frozen=True)
class Version:
    """One published state of an index, with its segments open.

    Attributes:
        number: counts up from 1.
        facts: what was true when it was made: state of the source, encoder, report.
        columns: the index's columns by name.
        device: where vectors are searched; None for the processor.
    """

    number: int
    parts: tuple[Part, ...]
    facts: Mapping[str, Any]
    columns: Columns
    masks: MaskCache
    device: SearchDevice | None = None

    @cached_property
    def by_size(self) -> tuple[int, ...]:
        """Numbers of the parts, those with the most rows first."""
        rows = [part.segment.rows for part in self.parts]
        return tuple(sorted(range(len(rows)), key=lambda number: -rows[number]))

    @property
    def rows(self) -> int:
        return sum(part.live_rows for part in self.parts)


class VersionStore:
    """The versions of one index. Safe to use from many threads; writers hold the index's lock."""

    def __init__(
        self,
        layout: Layout,
        spec: IndexSpec,
        now: Callable[[], int] | None = None,
        device: SearchDevice | None = None,
    ) -> None:
        """
        Args:
            now: the time in milliseconds, where queries read a version from the time on that its
                manifest names as `visible_at`; None where they read each as soon as it is published.
            device: where vectors are searched; None for the processor.
        """
        self.layout, self._now, self._device = layout, now, device
        self._folder = layout.index_dir(spec.name)
        self._manifests = Manifests(self._folder / "versions", spec)
        self.staged = Manifests(self._folder / "staged", spec)  # see `staging`
        self.spec = spec
        self.masks = MaskCache()
        self._settled: tuple[tuple[int, int], Version] | None = None
        self.may_be_due = True  # whether the version published last may need a compaction
        self._published_parts = 0
        self._open: dict[int, Version] = {}
        self._lock = ThreadLock()
        self.group: GroupCommit[Any] = GroupCommit()  # of what callers write row by row

    @property
    def segments_dir(self) -> Path:
        return self._folder / "segments"

    @property
    def building_dir(self) -> Path:
        return self._folder / "building"

    def numbers(self) -> list[int]:
        """Numbers of the versions that exist, ascending; the last one is published."""
        return self._manifests.numbers()

    def current_number(self) -> int:
        """Number of the published version, 0 before the first."""
        numbers = self.numbers()
        return numbers[-1] if numbers else 0

    def visible(self) -> Version | None:
        """The version that queries read: the newest whose time has come; None before the first one.

        Raises:
            as `current`.
        """
        return self._opened(self._visible_number)

    def _visible_number(self) -> int:
        if self._now is None:
            return self.current_number()
        now = self._now()
        for number in reversed(self.numbers()):
            opened = self._open.get(number)
            facts = opened.facts if opened is not None else self._manifests.read(number)
            if facts.get("visible_at", 0) <= now:
                return number
        return 0

    def _oldest_read(self) -> int:
        """Number of the oldest version that queries read, now or from some time on; 0: any."""
        with contextlib.suppress(FileNotFoundError, VitrineError):
            return self._visible_number()
        return 0

    def settled(self) -> Version | None:
        """The version that queries read, if the folder's time of change says that it is known.

        Else None.

        A folder that had not changed for some seconds when it was listed has another time of change
        after the next publishing, also where that time is coarse.
        """
        if self._settled is None:
            return None
        stamp, version = self._settled
        return version if self._manifests.stamp() == stamp else None

    def unsettle(self) -> None:
        """Make whoever has the published version open look at the index's files again."""
        with contextlib.suppress(OSError):  # no version yet
            os.utime(self._manifests.folder)

    def current(self) -> Version | None:
        """The published version, None before the first one.

        Raises:
            CorruptFile: one of its files is damaged or gone. StorageFailed: it can't be read.
            WrittenTooFast: each version was collected before it was open.
        """
        return self._opened(self.current_number)

    def _opened(self, which: Callable[[], int]) -> Version | None:
        for _ in range(_OPEN_ATTEMPTS):
            stamp = self._manifests.stamp()
            number = 0
            try:
                number = which()
                if not number:
                    return None
                version = self.get(number)
                if stamp is not None and self._is_settled(stamp, version):
                    self._settled = (stamp, version)
                return version
            except FileNotFoundError:
                pass  # collected before it was open: a newer version is published now
            except OSError as error:
                what = f"version {number} of index {self.spec.name} was not read"
                raise storage_failed(what, error) from error
        raise WrittenTooFast(
            f"Index {self.spec.name} is being written faster than it can be opened here. Try again."
        )

    def _is_settled(self, stamp: tuple[int, int], version: Version) -> bool:
        """Whether queries read a version for as long as the folder has this stamp."""
        if time.time_ns() - stamp[0] <= _SETTLED_NS:
            return False
        return self._now is None or version.number == self.current_number() == self._oldest_read()

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
                if self._now is not None:
                    newest = min(newest, self._oldest_read() + KEPT_VERSIONS - 1)
                kept = {n: v for n, v in self._open.items() if n > newest - KEPT_VERSIONS}
                self._open = {**kept, number: version}
            return self._open[number]

    def _read_whole(self, number: int) -> Version:
        """See `get`: a file that is missing or cut short may have been collected while it was read."""
        try:
            return self.read_from(self._manifests, number)
        except (FileNotFoundError, CorruptFile) as error:
            if self.is_deleted():
                raise self._not_found() from None
            if number not in self.numbers():
                raise FileNotFoundError(f"version {number}") from None
            if isinstance(error, CorruptFile):
                raise
            raise CorruptFile(
                f"version {number} of index {self.spec.name} lacks {error.filename}. "
                f"Run: vitrine index restore {self.spec.name}, or sync the index again."
            ) from None

    def read_from(self, manifests: Manifests, number: int) -> Version:
        """Open what a manifest says. Raises FileNotFoundError, CorruptFile, NotFound."""
        facts = manifests.read(number)
        if facts.get("index", self.spec.id) != self.spec.id:  # not in older manifests
            raise self._not_found()
        known = {part.segment.id: part for v in self._open.values() for part in v.parts}
        new = [entry for entry in facts["segments"] if entry["id"] not in known]
        where = str(self._manifests.folder / f"{number}.json")
        segments = open_segments(new, self.segments_dir, self.spec, where)
        parts = []
        for entry in facts["segments"]:
            part = known.get(entry["id"])
            segment = part.segment if part else segments[entry["id"]]
            if part is None or part.deletion_id != entry["deletion_id"]:
                deleted = manifests.bitmaps.read(entry, segment.rows)
                part = Part(segment, deleted, entry["deletion_id"])
            parts.append(part)
        columns = manifests.columns(facts)
        return Version(number, tuple(parts), facts, columns, self.masks, self._device)

    # ------------------------------------------------------------------ writing, under the lock
    @contextlib.contextmanager
    def writing(self, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
        """Hold the index's lock, for a change to this very index and no other of its name.

        Raises:
            NotFound: it was deleted, whether or not another was made under its name.
            CorruptFile, NewerRelease: its description can't be read any more.
            InvalidState, StorageFailed: see `Layout.writing`.
        """
        with self.layout.writing(f"index-{self.spec.name}", wait_seconds):
            keep_current(self.layout, self.check_alive())
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
        raise self._not_found()

    def is_deleted(self) -> bool:
        """Whether the index was deleted; one with a damaged description was not."""
        try:
            self.check_alive()
        except NotFound:
            return True
        except VitrineError:
            return False
        return False

    def _not_found(self) -> NotFound:
        return NotFound(f"Vector search index {self.spec.name} not found")

    def publish(
        self,
        parts: Sequence[Listed],
        facts: Mapping[str, Any],
        alone: bool = False,
    ) -> int:
        """Make a new version of finished segments the published one; the caller holds the lock.

        Args:
            parts: the segments in order, each with its deleted rows.
            alone: keep no predecessor, because it is damaged.
        """
        bitmaps = [part.deleted for part in parts if part.deleted is not None]
        wasteful = any(d.count > WASTE * d.total for d in bitmaps)
        files = sum(part.held is None for part in parts)
        self.may_be_due = wasteful or files not in (self._published_parts, 1)
        self._published_parts = files
        number = self.current_number() + 1
        entries = self._manifests.entries(number, parts)
        kept = KEPT_VERSIONS
        try:
            self._manifests.write(number, facts, entries)
            kept = 1 if alone else KEPT_VERSIONS
            shutil.rmtree(self.staged.folder, ignore_errors=True)
        finally:
            # Also after an error, when the new segment is garbage, unless the version exists. What
            # can't be removed now is removed by the next write.
            with contextlib.suppress(OSError):
                self.collect(kept)
        return number

    def collect(self, versions: int = KEPT_VERSIONS) -> None:
        """Remove everything that the last versions don't refer to; the caller holds the lock."""
        numbers = self.numbers()
        kept = set(numbers[-versions:])
        if self._now is not None:
            kept |= {number for number in numbers if number >= self._oldest_read()}
        segments = self._manifests.collect(sorted(kept)) | self.staged.segments()
        remove_others(self.segments_dir, segments)
        leftovers = list(self._folder.glob(".writing-*"))
        if leftovers:  # of a crash, or of somebody who changes the description just now
            describing = self.layout.writing(f"spec-{self.spec.name}", wait_seconds=0)
            with contextlib.suppress(Locked, StorageFailed), describing:
                for leftover in leftovers:
                    leftover.unlink(missing_ok=True)
        if self.building_dir.exists():
            compacting = self.layout.writing(f"compact-{self.spec.name}", wait_seconds=0)
            with contextlib.suppress(Locked), compacting:
                shutil.rmtree(self.building_dir, ignore_errors=True)
