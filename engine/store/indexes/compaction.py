"""Compaction: segments merged into one, without deleted rows. Knows versions; not when it is wanted.

The merged segment is built without the index's lock, so that writers go on; it is published under it,
with the rows that were deleted meanwhile deleted in it too.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from engine.core.arrays import Rows
from engine.core.rows import RowSet
from engine.errors import Locked
from engine.progress import bar
from engine.store.indexes.versions import WASTE, Part, Version, VersionStore
from engine.store.segments.segment import SegmentWriter

FANOUT = 4  # so many segments of about one size are merged
# Larger segments are not merged by their number: copying them costs more than what queries save.
_LARGE_NUMBERS = 1 << 28
_SMALL_NUMBERS = 1 << 17  # rows x dimension that count as the smallest size


def due(version: Version, row_weight: int) -> list[Part]:
    """The parts that should be merged now; empty when all is well. See `IndexSpec.row_weight`.

    Sizes grow by a factor of four from class to class, and four of a class are merged: each row is
    written again a few times in its life, and a query meets few segments.
    """
    smallest = max(1, _SMALL_NUMBERS // row_weight)
    classes: dict[int, list[Part]] = defaultdict(list)
    for part in version.parts:
        if part.live_rows * row_weight >= _LARGE_NUMBERS:
            continue
        size = max(part.live_rows, smallest) / smallest
        classes[int(np.log(size) / np.log(FANOUT))].append(part)
    full = [level for level, parts in classes.items() if len(parts) >= FANOUT]
    wasteful = [p for p in version.parts if p.segment.rows - p.live_rows > WASTE * p.segment.rows]
    if full:
        return [part for level in range(max(full) + 1) for part in classes[level]]
    return wasteful


def compact(versions: VersionStore, parts: Sequence[Part]) -> int | None:
    """Merge parts of the published version into one segment and publish that.

    Returns:
        the new version's number; None where another compaction is under way, or a part was replaced
        meanwhile, so that nothing was done.

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
        versions.tidy_up_deleted()


def _publish(
    versions: VersionStore, taken: list[tuple[Part, Rows]], writer: SegmentWriter, merged: int
) -> int | None:
    now = versions.current()
    here = {part.segment.id: part for part in now.parts} if now else {}
    if now is None or not all(part.segment.id in here for part, _ in taken):
        writer.discard()
        return None
    deleted, offset = [], 0
    for part, rows in taken:
        bitmap = here[part.segment.id].delete_bitmap
        if bitmap is not None:
            deleted.append(offset + np.flatnonzero(bitmap.mask()[rows]))
        offset += len(rows)
    ids = {part.segment.id for part, _ in taken}
    out: list[tuple[str, RowSet | None]] = [
        (p.segment.id, p.delete_bitmap) for p in now.parts if p.segment.id not in ids
    ]
    if merged:
        rows = np.concatenate(deleted) if deleted else np.empty(0, dtype=np.int64)
        versions.adopt(writer.folder)
        # First, because the last segment is the one that small writes are added to.
        out.insert(0, (writer.id, RowSet.of_rows(rows, merged) if len(rows) else None))
    return versions.publish(out, {**now.facts})
