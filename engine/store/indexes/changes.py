"""A change to an index: rows that go, rows that come, one new version. Knows files; not sources.

New rows make a new segment. A few lie in the manifest itself, so that a write of one row makes one file;
the next write takes them along, and when they become many they get files. A last segment that is small
is written again then, so that segments don't pile up; larger ones are merged by `compaction`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Mask, Matrix, Rows, squared_lengths
from engine.core.rows import GrowingRows
from engine.store.indexes.manifests import Listed
from engine.store.indexes.staging import stage
from engine.store.indexes.versions import Part, Version, VersionStore
from engine.store.segments.held import held_rows
from engine.store.segments.packing import PackedMatrix
from engine.store.segments.segment import Segment, SegmentWriter
from engine.store.segments.vectors import shape_of

TAIL_NUMBERS = 1 << 17  # rows x dimension of a last segment that is written again: half a MB
HELD_NUMBERS = 1 << 15  # of rows that lie in the manifest, and are written again with each change
HELD_BYTES = 1 << 18  # of those rows' other columns


def is_written_again(segment: Segment, row_weight: int) -> bool:
    """Whether a last segment is so small that the next rows are written with its own, as one."""
    return segment.rows < TAIL_NUMBERS // row_weight


@dataclass(frozen=True)
class _Kept:
    """A part that the new version has too, and its deleted rows there."""

    part: Part
    deleted: GrowingRows

    @property
    def listed(self) -> Listed:
        """As the new version lists it; what was deleted of it before is not looked at again."""
        if not self.deleted.added_count:
            return self.part.listed
        return replace(self.part.listed, deleted=self.deleted.built(), added=self.deleted.added)


class Change:
    """What becomes of one version; nothing is seen by readers before `publish`.

    The caller holds the index's lock from reading the version to `publish` or `discard`.
    """

    def __init__(self, versions: VersionStore, version: Version | None) -> None:
        """Start from a version, or from an empty index."""
        self._versions, self._version = versions, version
        self._writer: SegmentWriter | None = None
        self._staged: Path | None = None  # the segment that was written last
        self._few: list[tuple[pa.Table, Matrix]] = []  # new rows, as long as they are few
        self.start_again()

    def start_again(self) -> None:
        """Forget all changes."""
        self.discard()
        version = self._version
        self._parts = list(version.parts) if version else []
        self._deleted = [GrowingRows(p.segment.rows, p.delete_bitmap) for p in self._parts]

    @property
    def appended(self) -> int:
        """Rows appended so far."""
        few = sum(len(vectors) for _, vectors in self._few)
        return self._writer.rows if self._writer else few

    def segment(self, part: int) -> Segment:
        """The segment of a part of the version that this change starts from."""
        return self._parts[part].segment

    def parts(self) -> Iterator[tuple[int, Segment, Mask]]:
        """Number, segment and row mask of the rows not deleted, of each part."""
        for number, (part, deleted) in enumerate(zip(self._parts, self._deleted)):
            yield number, part.segment, ~deleted.mask()

    def find(self, keys: list[Any]) -> tuple[Rows, Rows]:
        """Part and row of each key among the rows not deleted; -1 where none has it."""
        found = np.full(len(keys), -1, dtype=np.int64)
        places = np.full(len(keys), -1, dtype=np.int64)
        for number, part in enumerate(self._parts):
            rows = part.segment.keys.find(keys)
            here = np.flatnonzero(rows >= 0)
            here = here[~self._deleted[number].holds(rows[here])]
            found[here], places[here] = number, rows[here]
        return found, places

    def delete(self, part: int, rows: Rows) -> int:
        """Delete rows of a part; returns how many of them were not deleted before."""
        return self._deleted[part].add(rows)

    def append(self, rows: pa.Table, vectors: Matrix | PackedMatrix) -> None:
        """Add rows: a table without the vector column, and (len(rows), dimension) float32."""
        if not len(vectors):
            return
        few = self._writer is None and self._are_few(self.appended + len(vectors))
        if few and isinstance(vectors, np.ndarray):
            self._few.append((rows, vectors))
        else:
            self._in_files().append(rows, vectors)

    def _are_few(self, rows: int) -> bool:
        """Whether the manifest may hold so many new rows itself; it holds float32 only."""
        spec = self._versions.spec
        if not spec.is_direct_access or spec.vector_storage != "float32":
            return False
        return rows * spec.row_weight <= min(HELD_NUMBERS, TAIL_NUMBERS)

    def _in_files(self) -> SegmentWriter:
        """The segment on disk for the new rows, with those that were few until now."""
        if self._writer is None:
            versions = self._versions
            self._writer = SegmentWriter(versions.segments_dir, versions.spec, self._like())
            few, self._few = self._few, []
            for rows, vectors in few:
                self._writer.append(rows, vectors)
        return self._writer

    def _like(self) -> Path | None:
        """The folder of a segment that the new rows' may be like: the last one, or the largest."""
        on_disk = [part.segment for part in self._parts if part.segment.ann is not None]
        largest = max(on_disk, key=lambda segment: segment.rows, default=None)
        return self._staged or (self._versions.segments_dir / largest.id if largest else None)

    @property
    def live_rows(self) -> int:
        """Rows that the new version will have."""
        gone = sum(deleted.added_count for deleted in self._deleted)
        return self.appended + sum(part.live_rows for part in self._parts) - gone

    @property
    def zero_vectors(self) -> int:
        """Rows of length 0 that the new version will have."""
        held = 0
        for part, deleted in zip(self._parts, self._deleted):
            zeros = part.segment.vectors.zero_rows
            held += len(zeros) - int(np.count_nonzero(deleted.holds(zeros)))
        few = sum(shape_of(squared_lengths(v), v.shape[1]).zeros for _, v in self._few)
        return held + (self._writer.zero_vectors if self._writer else few)

    @property
    def is_empty(self) -> bool:
        return not self.appended and not any(deleted.added_count for deleted in self._deleted)

    def publish(self, facts: Mapping[str, Any], alone: bool = False) -> int:
        """Write everything durably and make it the published version; returns its number.

        Args:
            alone: keep no predecessor, because it is damaged.
        """
        kept = [
            _Kept(part, deleted)
            for part, deleted in zip(self._parts, self._deleted)
            if part.live_rows > deleted.added_count
        ]
        new = self._finish(kept) if self.appended else []
        self._writer = None  # from here on the segment may be a version's
        return self._versions.publish([*(one.listed for one in kept), *new], facts, alone)

    def stage(self, facts: Mapping[str, Any]) -> None:
        """Write everything durably for a build that goes on and only adds rows; see `staging`."""
        segments = [part.segment.id for part in self._parts]
        if self._writer is not None:
            self._writer.finish()
            segments.append(self._writer.id)
            self._staged, self._writer = self._writer.folder, None
        stage(self._versions, segments, facts)

    def _finish(self, kept: list[_Kept]) -> list[Listed]:
        """Make the new rows a segment; takes small last segments, whose rows it has too, off `kept`."""
        if kept and kept[-1].part.segment.held is not None:
            self._take(kept.pop())
        limit = TAIL_NUMBERS // self._versions.spec.row_weight
        if self._writer is None:
            segment, held = held_rows(self._few)
            if len(held["columns"]) <= HELD_BYTES:
                return [Listed(segment, held=held)]
        writer = self._in_files()
        if kept and kept[-1].part.segment.rows + writer.rows <= limit:
            self._take(kept.pop())
        writer.finish()
        return [Listed(writer.id)]

    def _take(self, kept: _Kept) -> None:
        """Write the rows of a part again, behind the new ones."""
        rows = np.flatnonzero(~kept.deleted.mask())
        for table, vectors in kept.part.segment.batches(rows):
            self.append(table, vectors)

    def discard(self) -> None:
        """Leave the index as it is and remove what was written."""
        self._few = []
        if self._writer is not None:
            self._writer.discard()
            self._writer = None
