"""A change to an index: rows that go, rows that come, one new version. Knows files; not sources.

New rows make a new segment. A last segment that is small is written again together with them, so that
single rows don't pile up as segments; larger ones are merged by `compaction`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Mask, Matrix, Rows
from engine.core.rows import RowSet
from engine.store.indexes.staging import stage
from engine.store.indexes.versions import Version, VersionStore
from engine.store.segments.segment import Segment, SegmentWriter

TAIL_NUMBERS = 1 << 17  # rows x dimension of a last segment that is written again: half a MB


class Change:
    """What becomes of one version; nothing is seen by readers before `publish`.

    The caller holds the index's lock from reading the version to `publish` or `discard`.
    """

    def __init__(self, versions: VersionStore, version: Version | None) -> None:
        """Start from a version, or from an empty index."""
        self._versions, self._version = versions, version
        self._writer: SegmentWriter | None = None
        self.start_again()

    def start_again(self) -> None:
        """Forget all changes."""
        self.discard()
        version = self._version
        self._parts = list(version.parts) if version else []
        self._deleted: list[Mask] = [
            part.delete_bitmap.mask()
            if part.delete_bitmap
            else np.zeros(part.segment.rows, dtype=np.bool_)
            for part in self._parts
        ]
        self._touched = [False] * len(self._parts)

    @property
    def appended(self) -> int:
        """Rows appended so far."""
        return self._writer.rows if self._writer else 0

    def segment(self, part: int) -> Segment:
        """The segment of a part of the version that this change starts from."""
        return self._parts[part].segment

    def parts(self) -> Iterator[tuple[int, Segment, Mask]]:
        """Number, segment and row mask of the rows not deleted, of each part."""
        for number, (part, deleted) in enumerate(zip(self._parts, self._deleted)):
            yield number, part.segment, ~deleted

    def find(self, keys: list[Any]) -> tuple[Rows, Rows]:
        """Part and row of each key among the rows not deleted; -1 where none has it."""
        found = np.full(len(keys), -1, dtype=np.int64)
        places = np.full(len(keys), -1, dtype=np.int64)
        for number, part in enumerate(self._parts):
            rows = part.segment.keys.find(keys)
            here = np.flatnonzero(rows >= 0)
            here = here[~self._deleted[number][rows[here]]]
            found[here], places[here] = number, rows[here]
        return found, places

    def delete(self, part: int, rows: Rows) -> int:
        """Delete rows of a part; returns how many of them were not deleted before."""
        deleted = self._deleted[part]
        new = int(np.count_nonzero(~deleted[rows]))
        if new:
            deleted[rows] = True
            self._touched[part] = True
        return new

    def append(self, rows: pa.Table, vectors: Matrix) -> None:
        """Add rows: a table without the vector column, and (len(rows), dimension) float32."""
        if not len(vectors):
            return
        if self._writer is None:
            self._writer = SegmentWriter(self._versions.segments_dir, self._versions.spec)
        self._writer.append(rows, vectors)

    @property
    def live_rows(self) -> int:
        """Rows that the new version will have."""
        return self.appended + sum(int(np.count_nonzero(~deleted)) for deleted in self._deleted)

    @property
    def zero_vectors(self) -> int:
        """Rows of length 0 that the new version will have."""
        held = sum(
            int(np.count_nonzero(part.segment.vectors.is_zero() & ~deleted))
            for part, deleted in zip(self._parts, self._deleted)
            if part.segment.vectors.shape.zeros
        )
        return held + (self._writer.zero_vectors if self._writer else 0)

    @property
    def is_empty(self) -> bool:
        return not self.appended and not any(self._touched)

    def publish(self, facts: Mapping[str, Any], alone: bool = False) -> int:
        """Write everything durably and make it the published version; returns its number.

        Args:
            alone: keep no predecessor, because it is damaged.
        """
        parts: list[tuple[str, RowSet | None]] = []
        for part, deleted, touched in zip(self._parts, self._deleted, self._touched):
            bitmap = RowSet.of_mask(deleted) if touched else part.delete_bitmap
            if bitmap is None or bitmap.count < part.segment.rows:
                parts.append((part.segment.id, bitmap))
        if self._writer is not None:
            if parts and self._take_tail(parts[-1][0], parts[-1][1]):
                parts.pop()
            self._writer.finish()
            parts.append((self._writer.id, None))
            self._writer = None  # from here on the segment may be a version's
        return self._versions.publish(parts, facts, alone)

    def stage(self, facts: Mapping[str, Any]) -> None:
        """Write everything durably for a build that goes on and only adds rows; see `staging`."""
        segments = [part.segment.id for part in self._parts]
        if self._writer is not None:
            self._writer.finish()
            segments.append(self._writer.id)
            self._writer = None
        stage(self._versions, segments, facts)

    def _take_tail(self, segment_id: str, deleted: RowSet | None) -> bool:
        """Write a small last segment's rows again behind the new ones."""
        assert self._writer is not None
        segment = next(p.segment for p in self._parts if p.segment.id == segment_id)
        limit = TAIL_NUMBERS // self._versions.spec.row_weight
        if segment.rows + self._writer.rows > limit:
            return False
        rows = np.arange(segment.rows) if deleted is None else deleted.others()
        for table, vectors in segment.batches(rows):
            self._writer.append(table, vectors)
        return True

    def discard(self) -> None:
        """Leave the index as it is and remove what was written."""
        if self._writer is not None:
            self._writer.discard()
            self._writer = None
