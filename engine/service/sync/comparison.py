"""Files of a source table compared with an index, by key and content hash. Knows no change feed.

Fills a `Change` with the difference. A row leaves the index when the table no longer has its key, or
says that it has no vector or text. Where the table has something faulty in its place, the row that was
good before stays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.core.arrays import Mask, Rows
from engine.service.sync.origins import FileId, NeedsFullRead, Reading
from engine.service.sync.source_rows import REPEATED, RowCounts, SourceBatch, SourceRows
from engine.store.indexes.changes import Change
from engine.store.segments.columns import number_array
from engine.store.segments.segment import GROUP_COLUMN, Segment


def compare(rows: SourceRows, reading: Reading, change: Change) -> RowCounts:
    """Fill a change with the difference between the files that are read and the index.

    Raises:
        NeedsFullRead: a row that is read has the key of a row that is not.
    """
    comparison = _Comparison(reading, change)
    for file in reading.files:
        before = len(comparison.counts.failures)
        for batch in rows.read(file):
            comparison.take(batch, file)
        if len(comparison.counts.failures) > before:
            reading.fails(file)
    comparison.delete_unseen()
    return comparison.counts


class _Comparison:
    """Rows of the source table against those of the parts of an index, batch by batch."""

    def __init__(self, reading: Reading, change: Change) -> None:
        self._reading, self._change = reading, change
        self._appended: set[Any] = set()  # keys of rows that this sync appended
        self._seen: dict[int, Mask] = {}  # rows that the source has, by part
        self._faulty: dict[int, Mask] = {}  # rows whose key the source has, in a faulty row
        self.counts = RowCounts()

    def take(self, batch: SourceBatch, file: FileId) -> None:
        """Compare the rows of a batch, and append those that are new or changed."""
        parts, rows = self._change.find(batch.keys)
        # Before a row counts as seen: one without a vector does not count, as if it had no key.
        same = self._unchanged(batch, parts, rows)
        batch.compute_vectors(batch.usable & ~same)
        self._note_faulty(parts, rows, batch.faulty, file)
        wanted = self._take_known(batch, parts, rows, same, file)
        wanted[self._take_new(batch, parts)] = True
        self.counts.failures += [*batch.left_out, *batch.failures]
        if wanted.any():
            self._change.append(*batch.take(wanted, self._reading.new_group(file)))

    def _unchanged(self, batch: SourceBatch, parts: Rows, rows: Rows) -> Mask:
        """(n,) rows that the index has with the same content."""
        same = np.zeros(len(parts), dtype=np.bool_)
        for part in np.unique(parts[parts >= 0]).tolist():
            here = parts == part
            held = self._change.segment(part).content_hashes(rows[here])
            same[here] = held == batch.hashes[here]
        return same

    def _note_faulty(self, parts: Rows, rows: Rows, faulty: Mask, file: FileId) -> None:
        """Note rows that the source has in a faulty form; they stay with the file's rows."""
        for part in np.unique(parts[faulty & (parts >= 0)]).tolist():
            segment = self._change.segment(part)
            here = rows[faulty & (parts == part)]
            groups = _groups(segment)[here]
            read = self._is_read(groups)  # the others are rows of files that are not read
            self._reading.holds(file, np.unique(groups[read]).tolist())
            mask = self._faulty.setdefault(part, np.zeros(segment.rows, dtype=np.bool_))
            mask[here[read]] = True

    def _take_known(
        self, batch: SourceBatch, parts: Rows, rows: Rows, same: Mask, file: FileId
    ) -> Mask:
        """(n,) rows with a key of the index that changed; their old ones are deleted."""
        wanted = np.zeros(len(parts), dtype=np.bool_)
        for part in np.unique(parts[batch.usable & (parts >= 0)]).tolist():
            here = np.flatnonzero(batch.usable & (parts == part))
            first = self._see(part, here, rows)
            batch.failed |= dict.fromkeys(np.setdiff1d(here, first).tolist(), REPEATED)
            self._replace(part, rows[first], same[first], file)
            wanted[first[~same[first]]] = True
        self._appended.update(batch.keys[place] for place in np.flatnonzero(wanted).tolist())
        return wanted

    def _take_new(self, batch: SourceBatch, parts: Rows) -> list[int]:
        """Positions of rows with a key that the index lacks, each key once."""
        new = []
        for place in np.flatnonzero(batch.usable & (parts < 0)).tolist():
            if batch.keys[place] in self._appended:
                batch.failed[place] = REPEATED
            else:
                self._appended.add(batch.keys[place])
                new.append(place)
        self.counts.inserted += len(new)
        return new

    def _see(self, part: int, here: Rows, rows: Rows) -> Rows:
        """Note rows of a part that the source has; returns the positions of those new to it."""
        empty = np.zeros(self._change.segment(part).rows, dtype=np.bool_)
        seen = self._seen.setdefault(part, empty)
        _, first = np.unique(rows[here], return_index=True)
        fresh = np.zeros(len(here), dtype=np.bool_)
        fresh[first] = True
        fresh &= ~seen[rows[here]]
        seen[rows[here]] = True
        return here[fresh]

    def _replace(self, part: int, rows: Rows, same: Mask, file: FileId) -> None:
        """Keep the rows of a part that are the same in the source; delete the others."""
        groups = _groups(self._change.segment(part))[rows]
        if not self._is_read(groups).all():
            raise NeedsFullRead
        self._reading.holds(file, np.unique(groups[same]).tolist())
        self.counts.updated += self._change.delete(part, rows[~same])

    def delete_unseen(self) -> None:
        """Delete the rows that the files which are read do not have any more."""
        for part, segment, unseen in self._change.parts():
            if part in self._seen:
                unseen &= ~self._seen[part]
            if part in self._faulty:
                self.counts.kept += int(np.count_nonzero(unseen & self._faulty[part]))
                unseen &= ~self._faulty[part]
            if not self._reading.every:
                unseen &= self._is_read(_groups(segment))
            self.counts.deleted += self._change.delete(part, np.flatnonzero(unseen))

    def _is_read(self, groups: Rows) -> Mask:
        """(n,) which of these groups' rows came from files that are read."""
        if self._reading.every:
            return np.ones(len(groups), dtype=np.bool_)
        return np.isin(groups, np.array(sorted(self._reading.groups), dtype=np.int64))


def _groups(segment: Segment) -> Rows:
    """(rows,) int64 the group of files that each row of a segment came from."""
    groups: Rows = number_array(segment.metadata.column(GROUP_COLUMN))
    return groups
