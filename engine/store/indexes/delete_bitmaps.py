"""Delete bitmaps on disk: which rows of a segment a version has deleted. Knows a manifest's entries.

A manifest lists few deleted rows itself. Many lie in a file beside it, `versions/<id>.npy`, which later
versions go on using: they list only the rows that were deleted since.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.core.arrays import Rows
from engine.core.rows import RowSet
from engine.digests import sha256
from engine.errors import CorruptFile
from engine.store.layout import sync_file

_LISTED_ROWS = 4096  # deleted rows of a segment that are listed in the manifest itself


class DeleteBitmaps:
    """The delete bitmaps of one index's versions."""

    def __init__(self, folder: Path, index: str) -> None:
        """Take the folder of manifests, and the index's name for messages."""
        self._folder, self._index = folder, index

    def read(self, entry: Mapping[str, Any], rows: int) -> RowSet | None:
        """The deleted rows that a manifest's entry of a segment says; None for none.

        Args:
            rows: how many the segment has.

        Raises:
            FileNotFoundError: its file was collected. CorruptFile: it is damaged.
        """
        listed = np.array(entry["deleted"], dtype=np.int64)
        if entry["deleted_file"]:
            listed = np.concatenate([listed, self._filed(entry)])
        if listed.size and (listed.min() < 0 or listed.max() >= rows):
            raise CorruptFile(f"a version of index {self._index} deletes rows that aren't there.")
        return RowSet.of_rows(listed, rows) if listed.size else None

    def _filed(self, entry: Mapping[str, Any]) -> Rows:
        """Deleted rows that lie in a file."""
        file = self._folder / entry["deleted_file"]
        if sha256(file) != entry["deleted_sha256"]:
            raise CorruptFile(
                f"{file} does not match its checksum. Run: vitrine index restore {self._index}, "
                "or sync the index again."
            )
        rows: Rows = np.load(file).astype(np.int64)
        return rows

    def entry(
        self, segment: str, deleted: RowSet | None, before: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        """What a new manifest says of a segment; writes a file where deleted rows are many.

        Args:
            segment: its id. before: the entry of the version before, if that has the segment.
        """
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
        path = self._folder / f"{entry['deletion_id']}.npy"
        np.save(path, rows.astype(np.int32))
        sync_file(path)
        return {**entry, "deleted_file": path.name, "deleted_sha256": sha256(path)}
