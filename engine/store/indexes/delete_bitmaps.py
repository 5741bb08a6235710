"""Delete bitmaps on disk: which rows of a segment a version has deleted. Knows a manifest's entries.

A manifest lists few deleted rows itself. Many lie in a file beside it, `versions/<id>.npy`, which later
versions go on using without reading it: they list only the rows that were deleted since.
"""

from __future__ import annotations

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
from engine.store.numpy_files import read_array

_LISTED_ROWS = 4096  # deleted rows of a segment that are listed in the manifest itself

_KEPT_SETS = 3  # beside the newest, of those that were made here


class DeleteBitmaps:
    """The delete bitmaps of one index's versions."""

    def __init__(self, folder: Path, index: str) -> None:
        """Take the folder of manifests, and the index's name for messages."""
        self._folder, self._index = folder, index
        self._made: dict[str, RowSet] = {}  # of the entries made last, so that they need no reading

    def read(self, entry: Mapping[str, Any], rows: int) -> RowSet | None:
        """The deleted rows that a manifest's entry of a segment says; None for none.

        Args:
            rows: how many the segment has.

        Raises:
            FileNotFoundError: its file was collected. CorruptFile: it is damaged.
        """
        made = self._made.get(entry["deletion_id"])
        if made is not None and made.total == rows:
            return made
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
        rows: Rows = read_array(file).astype(np.int64)
        return rows

    def entry(self, segment: str, deleted: RowSet | None) -> dict[str, Any]:
        """What a manifest says of a segment; writes a file where deleted rows are many."""
        entry = _entry(segment)
        if deleted is None or not deleted.count:
            return entry
        entry["deletion_id"] = uuid.uuid4().hex
        self._made = {**_newest(self._made), entry["deletion_id"]: deleted}
        rows = deleted.rows()
        if len(rows) <= _LISTED_ROWS:
            return {**entry, "deleted": rows.tolist()}
        path = self._folder / f"{entry['deletion_id']}.npy"
        np.save(path, rows.astype(np.int32))
        sync_file(path)
        return {**entry, "deleted_file": path.name, "deleted_sha256": sha256(path)}

    def longer(self, before: Mapping[str, Any], deleted: RowSet, added: Rows) -> dict[str, Any]:
        """The entry of a segment of which more rows are deleted than an entry says.

        Those that lie in a file go on lying there, and are not read; when too many others are listed,
        all get a file. So a deletion costs what it deletes, and a four-thousandth of a file.

        Args:
            deleted: all of them. added: those that the entry lacks.
        """
        listed = [*before["deleted"], *added.tolist()]
        if len(listed) > _LISTED_ROWS or not self._is_there(before["deleted_file"]):
            return self.entry(before["id"], deleted)
        entry = {**before, "deletion_id": uuid.uuid4().hex, "deleted": sorted(listed)}
        self._made = {**_newest(self._made), entry["deletion_id"]: deleted}
        return entry

    def _is_there(self, file: str | None) -> bool:
        return file is None or (self._folder / file).is_file()


def _entry(segment: str) -> dict[str, Any]:
    """What a manifest says of a segment without deleted rows."""
    return {
        "id": segment,
        "deletion_id": "",
        "deleted": [],
        "deleted_file": None,
        "deleted_sha256": None,
    }


def _newest(made: Mapping[str, RowSet]) -> dict[str, RowSet]:
    """The sets to keep beside a new one: those made last, as many as a version seldom has more of."""
    return dict(list(made.items())[-_KEPT_SETS:])
