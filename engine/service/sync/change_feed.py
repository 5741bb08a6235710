"""The change feed of a Delta table, applied to an index. Knows commits; reads no unchanged row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Mask
from engine.service.sync.origins import NeedsFullRead
from engine.service.sync.source_rows import KEYLESS, RowCounts, SourceBatch, SourceRows
from engine.service.sync.stored_columns import unstorable
from engine.store.indexes.changes import Change

CHANGE_TYPE = "_change_type"  # column of Delta's change feed


def apply_feed(rows: SourceRows, feed: Iterator[pa.RecordBatch], change: Change) -> RowCounts:
    """Fill a change with a feed's, in the order of its commits: of each key the last one counts.

    Raises:
        NeedsFullRead: a key has two rows, or a row has a value that can't be stored: only all rows of
            the table say what becomes of these keys.
    """
    batches = list(feed)
    columns = list(rows.spec.columns)
    if any(unstorable(batch.select(columns)) for batch in batches):
        raise NeedsFullRead
    feed_changes = _FeedChanges(change)
    feed_changes.find_last(batches, rows.spec.primary_key)
    for number, batch in enumerate(batches):
        deletes = np.array([kind == "delete" for kind in _kinds(batch)], np.bool_)
        feed_changes.take(rows.batch(batch.select(columns), []), number, deletes)
    return feed_changes.counts


class _FeedChanges:
    """The last change of each key, carried out."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._last: dict[Any, tuple[int, int]] = {}  # batch and row of each key's last change
        self.counts = RowCounts()

    def find_last(self, batches: list[pa.RecordBatch], primary_key: str) -> None:
        """Find the last change of each key. Raises NeedsFullRead: a key has a second row."""
        existing: set[Any] = set()  # keys that have a row after the changes so far
        keyless = 0  # rows without a key; before there were none, or no feed would be read
        for number, batch in enumerate(batches):
            keys = batch.column(primary_key).to_pylist()
            parts, _ = self._change.find(keys)
            for row, (key, kind, part) in enumerate(zip(keys, _kinds(batch), parts.tolist())):
                if key is None:
                    keyless += -1 if kind == "delete" else 1
                    continue
                if kind == "delete":
                    existing.discard(key)
                elif key in existing or (key not in self._last and part >= 0):
                    raise NeedsFullRead
                else:
                    existing.add(key)
                self._last[key] = (number, row)
        self.counts.failures += [(str(None), KEYLESS)] * keyless

    def take(self, batch: SourceBatch, number: int, deletes: Mask) -> None:
        """Carry out those changes of a batch that are the last of their key."""
        last = np.array(
            [self._last.get(key) == (number, row) for row, key in enumerate(batch.keys)], np.bool_
        )
        written = last & ~deletes
        batch.compute_vectors(batch.usable & written)
        self.counts.failures += [
            (str(batch.keys[row]), reason)
            for row, reason in sorted(batch.failed.items())
            if written[row]
        ]
        self._replace(batch, last, batch.faulty & ~deletes, batch.usable & written)

    def _replace(self, batch: SourceBatch, last: Mask, faulty: Mask, wanted: Mask) -> None:
        """Delete the rows of the keys that changed, and append those that are wanted."""
        parts, rows = self._change.find(batch.keys)
        held = parts >= 0
        self.counts.kept += int(np.count_nonzero(last & held & faulty))
        held &= ~faulty
        for place in np.flatnonzero(last & held).tolist():
            self._change.delete(int(parts[place]), rows[place : place + 1])
        self.counts.deleted += int(np.count_nonzero(last & held & ~wanted))
        self.counts.updated += int(np.count_nonzero(held & wanted))
        self.counts.inserted += int(np.count_nonzero(~held & wanted))
        if wanted.any():
            self._change.append(*batch.take(wanted, group=0))


def _kinds(batch: pa.RecordBatch) -> list[str]:
    kinds: list[str] = batch.column(CHANGE_TYPE).to_pylist()
    return kinds
