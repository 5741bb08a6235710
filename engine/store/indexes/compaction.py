"""Compaction: segments merged into one, without deleted rows. Knows versions; not when it is wanted.

The merged segment is built without the index's lock, so that writers go on; it is published under it,
with the rows that were deleted meanwhile, or written again elsewhere, deleted in it too.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.core.arrays import Mask, Rows
from engine.core.rows import RowSet
from engine.errors import Locked, VitrineError
from engine.progress import bar
from engine.store.indexes.changes import is_written_again
from engine.store.indexes.manifests import Listed
from engine.store.indexes.specs import spec_file
from engine.store.indexes.versions import WASTE, Part, Version, VersionStore
from engine.store.layout import make_folder, sync_folder
from engine.store.segments.segment import SegmentWriter

RATIO = 16  # of a part's rows to those of all smaller ones, below which they are merged
SMALL_NUMBERS = 1 << 17  # rows x dimension that are left alone: new rows are soon added to them
# Larger segments are not merged by their number: copying them costs more than what queries save.
LARGE_NUMBERS = 1 << 28
LARGE_ROWS = 1 << 20  # likewise: the time to find the cells of rows grows by their square


def due(
    version: Version, row_weight: int, most: float = math.inf, large: float = LARGE_NUMBERS
) -> list[Part]:
    """The parts that should be merged now; empty when all is well. See `IndexSpec.row_weight`.

    A part is merged with all smaller ones as soon as those have a sixteenth of its rows together. So a
    query meets one large part and few small ones, which cost it little, and each row is written again
    some times only: sixteen for each time that an index has grown sixteenfold, at most. The small
    segment that the next write takes along is left to it: writers would take it away meanwhile.

    Args:
        most: numbers (rows x dimension) that may be merged at once; what is larger is left as it is.
        large: numbers from which a segment is not merged for others' sake.
    """
    filed = [part for part in version.parts if part.segment.held is None]
    if filed and is_written_again(filed[-1].segment, row_weight):
        filed.pop()
    large_rows = min(large / row_weight, LARGE_ROWS)
    parts = [part for part in filed if part.live_rows < large_rows]
    parts.sort(key=lambda part: part.live_rows, reverse=True)
    for place, part in enumerate(parts):
        smaller = sum(other.live_rows for other in parts[place + 1 :])
        is_due = part.live_rows < RATIO * smaller and smaller * row_weight >= SMALL_NUMBERS
        if is_due and (part.live_rows + smaller) * row_weight <= most:
            return parts[place:]
    wasteful = [p for p in filed if p.segment.rows - p.live_rows > WASTE * p.segment.rows]
    return wasteful if sum(p.live_rows for p in wasteful) * row_weight <= most else []


def compact(versions: VersionStore, parts: Sequence[Part]) -> int | None:
    """Merge parts of the published version into one segment and publish that.

    Returns:
        the new version's number; None where another compaction is under way, or so much was replaced
        meanwhile that the merged segment is of no use, so that nothing was done.

    Raises:
        NotFound: the index was deleted, also meanwhile.
    """
    lock = f"compact-{versions.spec.name}"
    try:
        with versions.layout.writing(lock, wait_seconds=0):
            return _compact(versions, parts)
    except Locked as error:
        if error.lock == lock:
            return None
        raise


def _compact(versions: VersionStore, parts: Sequence[Part]) -> int | None:
    versions.check_alive()
    # This process holds the lock, so whoever left something here is dead.
    shutil.rmtree(versions.building_dir, ignore_errors=True)
    writer = None
    try:
        writer = SegmentWriter(versions.building_dir, versions.spec)
        taken = [(part, part.live_row_numbers()) for part in parts]
        total = sum(len(rows) for _, rows in taken)
        with bar(total=total, unit="row", desc="compact") as shown:
            for part, rows in taken:
                for table, vectors in part.segment.batches(rows):
                    writer.append(table, vectors)
                    shown.update(len(vectors))
        merged = writer.finish()
        with versions.writing():
            return _publish(versions, taken, writer, merged)
    except BaseException as error:
        if writer is not None:
            writer.discard()
        if isinstance(error, OSError):
            versions.check_alive()  # files of a deleted index went away under this
        raise
    finally:
        _tidy_up_deleted(versions)


def _tidy_up_deleted(versions: VersionStore) -> None:
    """Remove what a compaction made again of the folder of an index that was deleted meanwhile."""
    name = versions.spec.name
    with contextlib.suppress(VitrineError), versions.layout.writing(f"index-{name}", 0):
        if not spec_file(versions.layout, name).exists():
            versions.building_dir.rmdir()
            versions.building_dir.parent.rmdir()


def _publish(
    versions: VersionStore, taken: list[tuple[Part, Rows]], writer: SegmentWriter, merged: int
) -> int | None:
    now = versions.current()
    here = {part.segment.id: part for part in now.parts} if now else {}
    deleted, offset, revived = [np.empty(0, dtype=np.int64)], 0, 0
    for part, rows in taken:
        current = here.get(part.segment.id)
        gone = _deleted_of(current, rows)
        if current is not None:  # an older version may have been restored
            revived += current.live_rows - (len(rows) - int(np.count_nonzero(gone)))
        deleted.append(offset + np.flatnonzero(gone))
        offset += len(rows)
    dead = np.concatenate(deleted)
    if now is None or revived or len(dead) > WASTE * merged:
        writer.discard()
        return None
    ids = {part.segment.id for part, _ in taken}
    out = [part.listed for part in now.parts if part.segment.id not in ids]
    if merged:
        _adopt(versions, writer.folder)
        # First, because the last segment is the one that small writes are added to.
        deletions = RowSet.of_rows(dead, merged) if len(dead) else None
        out.insert(0, Listed(writer.id, deletions))
    return versions.publish(out, {**now.facts})


def _deleted_of(part: Part | None, rows: Rows) -> Mask:
    """(n,) which rows of a part were deleted since they were taken; all, where others have them now."""
    if part is None:
        return np.ones(len(rows), dtype=np.bool_)
    if part.delete_bitmap is None:
        return np.zeros(len(rows), dtype=np.bool_)
    return part.delete_bitmap.holds(rows)


def _adopt(versions: VersionStore, folder: Path) -> None:
    """Move the finished segment to the others; the caller holds the index's lock."""
    make_folder(versions.segments_dir)
    os.rename(folder, versions.segments_dir / folder.name)
    sync_folder(versions.segments_dir)
