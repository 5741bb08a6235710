"""Segments opened together: from their files, or from the manifest that holds their rows."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.core.schema import IndexSpec
from engine.store.segments.held import HeldSegment
from engine.store.segments.segment import Segment
from engine.threads import side_by_side

# Of vectors, from which the checksums of what lies beside them take longer than waking a thread.
_LARGE_BYTES = 1 << 28


def open_segments(
    entries: Sequence[Mapping[str, Any]], folder: Path, spec: IndexSpec, manifest: str
) -> dict[str, Segment]:
    """Segments of a version by id.

    Args:
        entries: what the manifest says of each. folder: of all segments. manifest: for messages.

    Raises:
        FileNotFoundError, CorruptFile: see `Segment`.
    """

    def opened(entry: Mapping[str, Any]) -> Segment:
        if "held" in entry:
            return HeldSegment(entry["id"], entry["held"], spec, manifest)
        return Segment(folder / entry["id"], spec)

    if len(entries) > 1 and _bytes(entries, folder) >= _LARGE_BYTES:
        segments = side_by_side(opened, entries)
    else:
        segments = [opened(entry) for entry in entries]
    return {segment.id: segment for segment in segments}


def _bytes(entries: Sequence[Mapping[str, Any]], folder: Path) -> int:
    """Bytes of their vectors in files; 0 where one can't be looked at, which opening tells."""
    files = [folder / entry["id"] / "vectors.npy" for entry in entries if "held" not in entry]
    with contextlib.suppress(OSError):
        return sum(file.stat().st_size for file in files)
    return 0
