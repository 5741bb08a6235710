"""What a source table has that a version has not, and the other way round. Knows keys and hashes.

Fills a `Change` with it. Rows that can't be used are failures, with key and reason; the rest goes on.
A row leaves the index when the table no longer has its key, or says that it has no vector or text. Where
the table has something faulty in its place, the row that was good before stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Mask, Matrix, Rows
from engine.core.schema import IndexSpec
from engine.errors import BadSourceFile
from engine.service.cancellation import check
from engine.service.columns import stored, unstorable
from engine.service.sync.origins import FileId, Origins, Reading
from engine.service.sync.row_vectors import BatchVectors, RowVectors
from engine.store.indexes.changes import Change
from engine.store.indexes.versions import Version
from engine.store.segments.columns import number_array
from engine.store.segments.hashing import content_hashes
from engine.store.segments.segment import GROUP_COLUMN, HASH_COLUMN
from engine.store.tables.table import Table, read_batches

if TYPE_CHECKING:
    from engine.store.tables.delta import DeltaSource

BATCH_ROWS = 8192
CHANGE_TYPE = "_change_type"  # of Delta's change feed
REPEATED = "the primary key appears a second time"
KEYLESS = "the primary key is null"
_WHOLE: FileId = ("", 0, 0)  # stands for a table that is not read file by file


class _FoundElsewhere(Exception):
    """A row that is read has the key of another row of the source that is not read."""


def take_difference(
    source: Table,
    version: Version | None,
    spec: IndexSpec,
    fields: list[pa.Field],
    vectors: RowVectors,
    change: Change,
) -> tuple[Difference, dict[str, Any]]:
    """Fill a change with what brings a version to the state of a table.

    Args:
        vectors: where the rows' vectors come from; asked for those of new and changed rows only.

    Returns:
        the difference, with its counts and failures, and the state of the table for the version's
        facts.
    """
    difference = Difference(spec, fields, vectors, change)
    state = version.facts["source"] if version is not None else None
    if source.delta is not None:
        changes = _feed(source.delta, version, spec)
        try:
            if changes is None:
                raise _FoundElsewhere
            difference.take_changes(changes)
        except _FoundElsewhere:
            change.start_again()
            difference = Difference(spec, fields, vectors, change)
            reading = Origins().to_read([_WHOLE])
            difference.take_rows(source.batches(spec.columns, BATCH_ROWS), reading, _WHOLE)
            difference.delete_unmet(None)
        return difference, {"delta": delta_state(source.delta), "origins": Origins().to_dict()}
    by_file = state is not None and state["delta"] is None
    origins = Origins.from_dict(state["origins"]) if state is not None and by_file else Origins()
    files = source.identity()
    reading = origins.to_read(files)
    try:
        difference.read(source, reading, reading.groups if by_file else None)
    except _FoundElsewhere:
        # Which of the two rows comes first can only be said by reading all files in order.
        change.start_again()
        difference = Difference(spec, fields, vectors, change)
        reading = origins.to_read(files, every=True)
        difference.read(source, reading, None)
    return difference, {"delta": None, "origins": reading.result().to_dict()}


def delta_state(source: DeltaSource) -> dict[str, Any]:
    """What tells one state of a Delta table from another."""
    return {"table_id": source.table_id, "version": source.version}


def _feed(
    source: DeltaSource, version: Version | None, spec: IndexSpec
) -> Iterator[pa.RecordBatch] | None:
    """The changes since a version; None where all rows must be read."""
    before = version.facts["source"]["delta"] if version is not None else None
    if version is None or before is None or before["table_id"] != source.table_id:
        return None
    if version.facts["report"]["failed"]:
        return None  # a row that could not be used may be usable now, without having changed
    return source.changes(before["version"], spec.columns)


class Difference:
    """Rows inserted, updated and deleted, as they are found.

    Attributes:
        inserted, updated, deleted: counts of rows.
        kept: rows that stay because the table holds something faulty in their place.
        failures: (primary key, reason) of rows that can't be used.
    """

    def __init__(
        self, spec: IndexSpec, fields: list[pa.Field], vectors: RowVectors, change: Change
    ) -> None:
        self._change, self._spec = change, spec
        self._vectors = vectors
        self._others = [field for field in fields if field.name != spec.vector_column]
        self._schema = pa.schema(
            [*self._others, pa.field(HASH_COLUMN, pa.uint64()), pa.field(GROUP_COLUMN, pa.int64())]
        )
        self._taken: set[Any] = set()  # keys that this sync appended
        self._met: dict[int, Mask] = {}  # rows that the source has, by part
        self._faulty: dict[int, Mask] = {}  # rows whose key the source has, in a faulty row
        self.inserted = self.updated = self.deleted = self.kept = 0
        self.failures: list[tuple[str, str]] = []

    # ------------------------------------------------------------------ rows of files
    def read(self, source: Table, reading: Reading, groups: set[int] | None) -> None:
        """Read files; rows of `groups` (None: of all) that none of them has are deleted."""
        for file in reading.files:
            before = len(self.failures)
            batches = read_batches(source, Path(file[0]), self._spec.columns, BATCH_ROWS)
            self.take_rows(batches, reading, file, groups)
            if len(self.failures) > before:
                reading.fails(file)
        self.delete_unmet(groups)

    def take_rows(
        self,
        batches: Iterator[pa.RecordBatch],
        reading: Reading,
        file: FileId,
        groups: set[int] | None = None,
    ) -> None:
        """Take the rows of one file."""
        for batch in map(self._storable, batches):
            check()
            _check_columns(batch, file, self._spec)
            keys, vectors, good, failed = self._usable(batch)
            hashes = self._hashes(batch, vectors)
            parts, rows = self._change.find(keys)
            # Before anything is noted: a row without vector does not count, as if it had no key.
            lost = vectors.compute(good & ~self._unchanged(parts, rows, hashes))
            good[list(lost)] = False
            failed |= lost
            self._note_faulty(parts, rows, _faulty(vectors, lost), reading, file, groups)
            wanted = good.copy()
            for part in np.unique(parts[good & (parts >= 0)]).tolist():
                here = np.flatnonzero(good & (parts == part))
                fresh = self._meet(part, here, rows)
                failed |= dict.fromkeys(np.setdiff1d(here, fresh).tolist(), REPEATED)
                same = self._compare(part, rows[fresh], hashes[fresh], reading, file, groups)
                wanted[fresh[same]] = False
                self._taken.update(keys[place] for place in fresh[~same].tolist())
            for place in np.flatnonzero(good & (parts < 0)).tolist():
                if keys[place] in self._taken:
                    failed[place] = REPEATED
                else:
                    self._taken.add(keys[place])
                    self.inserted += 1
            wanted[list(failed)] = False
            self.failures += [(str(keys[place]), failed[place]) for place in sorted(failed)]
            if wanted.any():
                group = reading.new_group(file)
                self._append(batch, wanted, vectors.take(wanted), hashes, group)

    def _unchanged(self, parts: Rows, rows: Rows, hashes: np.ndarray) -> Mask:
        """Which rows the index has with the same content."""
        same = np.zeros(len(parts), dtype=np.bool_)
        for part in np.unique(parts[parts >= 0]).tolist():
            here = parts == part
            held = self._change.segment(part).content_hashes(rows[here])
            same[here] = held == hashes[here]
        return same

    def _note_faulty(
        self,
        parts: Rows,
        rows: Rows,
        faulty: Mask,
        reading: Reading,
        file: FileId,
        groups: set[int] | None,
    ) -> None:
        """Note rows that the source has in a faulty form; they stay with the file's rows."""
        for part in np.unique(parts[faulty & (parts >= 0)]).tolist():
            segment = self._change.segment(part)
            here = rows[faulty & (parts == part)]
            held = number_array(segment.metadata.column(GROUP_COLUMN))[here]
            if groups is not None:  # the others are rows of files that are not read
                ours = np.isin(held, np.array(sorted(groups), dtype=np.int64))
                here, held = here[ours], held[ours]
            reading.holds(file, np.unique(held).tolist())
            mask = self._faulty.setdefault(part, np.zeros(segment.rows, dtype=np.bool_))
            mask[here] = True

    def _meet(self, part: int, here: Rows, rows: Rows) -> Rows:
        """Note rows of a part that the source has; returns those met for the first time."""
        met = self._met.setdefault(part, np.zeros(self._change.segment(part).rows, dtype=np.bool_))
        _, first = np.unique(rows[here], return_index=True)
        fresh = np.zeros(len(here), dtype=np.bool_)
        fresh[first] = True
        fresh &= ~met[rows[here]]
        met[rows[here]] = True
        return here[fresh]

    def _compare(
        self,
        part: int,
        rows: Rows,
        hashes: np.ndarray,
        reading: Reading,
        file: FileId,
        groups: set[int] | None,
    ) -> Mask:
        """Which rows of a part are as the source has them; the others are deleted."""
        segment = self._change.segment(part)
        held = number_array(segment.metadata.column(GROUP_COLUMN))[rows]
        if groups is not None and not set(np.unique(held).tolist()) <= groups:
            raise _FoundElsewhere
        same: Mask = segment.content_hashes(rows) == hashes
        reading.holds(file, np.unique(held[same]).tolist())
        self.updated += self._change.delete(part, rows[~same])
        return same

    def delete_unmet(self, groups: set[int] | None) -> None:
        """Delete the rows of these groups (None: of all) that the source does not have."""
        for part, segment, there in self._change.parts():
            if part in self._met:
                there &= ~self._met[part]
            if part in self._faulty:
                self.kept += int(np.count_nonzero(there & self._faulty[part]))
                there &= ~self._faulty[part]
            if groups is not None:
                held = number_array(segment.metadata.column(GROUP_COLUMN))
                there &= np.isin(held, np.array(sorted(groups), dtype=np.int64))
            self.deleted += self._change.delete(part, np.flatnonzero(there))

    # ------------------------------------------------------------------ changes told by the source
    def take_changes(self, changes: Iterator[pa.RecordBatch]) -> None:
        """Take a change feed, in the order of its commits: of each key the last change counts."""
        batches = list(changes)
        if any(unstorable(batch.select(list(self._spec.columns))) for batch in batches):
            raise _FoundElsewhere  # what becomes of these keys is told by all rows
        last: dict[Any, tuple[int, int]] = {}
        there: set[Any] = set()  # of the keys in `last`, those that have a row then
        keyless = 0  # rows without a key; there were none before, or no feed would be read
        for number, batch in enumerate(batches):
            keys = batch.column(self._spec.primary_key).to_pylist()
            _, places = self._change.find(keys)
            kinds = batch.column(CHANGE_TYPE).to_pylist()
            for row, (key, kind, place) in enumerate(zip(keys, kinds, places.tolist())):
                if key is None:
                    keyless += -1 if kind == "delete" else 1
                    continue
                if kind == "delete":
                    there.discard(key)
                elif key in there or (key not in last and place >= 0):
                    raise _FoundElsewhere  # a second row of this key
                else:
                    there.add(key)
                last[key] = (number, row)
        self.failures += [(str(None), KEYLESS)] * keyless
        for number, batch in enumerate(batches):
            rows = batch.select(list(self._spec.columns))
            keys = rows.column(self._spec.primary_key).to_pylist()
            final = np.array(
                [last.get(key) == (number, row) for row, key in enumerate(keys)], np.bool_
            )
            gone = np.array(
                [c == "delete" for c in batch.column(CHANGE_TYPE).to_pylist()], np.bool_
            )
            _, vectors, good, failed = self._usable(rows)
            wanted = good & final & ~gone
            lost = vectors.compute(wanted)
            wanted[list(lost)] = False
            failed |= lost
            self.failures += [
                (str(keys[row]), reason)
                for row, reason in sorted(failed.items())
                if final[row] and not gone[row]
            ]
            faulty = _faulty(vectors, lost) & ~gone
            self._replace(rows, keys, final, faulty, wanted, vectors)

    def _replace(
        self,
        batch: pa.RecordBatch,
        keys: list[Any],
        final: Mask,
        faulty: Mask,
        wanted: Mask,
        vectors: BatchVectors,
    ) -> None:
        """Delete the rows of the keys that changed, and append those that are wanted."""
        parts, rows = self._change.find(keys)
        there = parts >= 0
        self.kept += int(np.count_nonzero(final & there & faulty))
        there &= ~faulty
        for place in np.flatnonzero(final & there).tolist():
            self._change.delete(int(parts[place]), rows[place : place + 1])
        self.deleted += int(np.count_nonzero(final & there & ~wanted))
        self.updated += int(np.count_nonzero(there & wanted))
        self.inserted += int(np.count_nonzero(~there & wanted))
        if wanted.any():
            self._append(batch, wanted, vectors.take(wanted), self._hashes(batch, vectors), 0)

    # ------------------------------------------------------------------ both
    def _storable(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The rows whose values an index can hold; notes why the others are left out."""
        reasons = unstorable(batch)
        if not reasons:
            return batch
        keys = batch.column(self._spec.primary_key)
        self.failures += [(_key_text(keys[row]), why) for row, why in sorted(reasons.items())]
        kept = np.ones(batch.num_rows, dtype=np.bool_)
        kept[list(reasons)] = False
        return batch.filter(pa.array(kept))

    def _usable(
        self, batch: pa.RecordBatch
    ) -> tuple[list[Any], BatchVectors, Mask, dict[int, str]]:
        """Keys, where vectors come from, which rows are usable, and why the others are not."""
        keys = batch.column(self._spec.primary_key).to_pylist()
        vectors = self._vectors.of(batch)
        without = [row for row, key in enumerate(keys) if key is None]
        usable = vectors.good.copy()
        usable[without] = False
        return keys, vectors, usable, vectors.reasons | dict.fromkeys(without, KEYLESS)

    def _hashes(self, batch: pa.RecordBatch, vectors: BatchVectors) -> np.ndarray:
        """Content hashes of the rows as they are stored: equal for equal rows of any two files.

        Those of rows without a usable vector mean nothing.
        """
        table = self._as_stored(batch)
        if vectors.given is None:
            return content_hashes(table)
        hashes = np.zeros(batch.num_rows, dtype=np.uint64)
        good = table if vectors.good.all() else table.filter(pa.array(vectors.good))
        hashes[vectors.good] = content_hashes(good, vectors.given)
        return hashes

    def _as_stored(self, batch: pa.RecordBatch) -> pa.Table:
        """Every column but the vector, as the index stores it."""
        named = self._others
        columns = [stored(batch.column(field.name), field.type, field.name) for field in named]
        return pa.table(columns, schema=pa.schema(named))

    def _append(
        self, batch: pa.RecordBatch, wanted: Mask, matrix: Matrix, hashes: np.ndarray, group: int
    ) -> None:
        columns = self._as_stored(batch).columns
        groups = pa.array(np.full(len(hashes), group, dtype=np.int64))
        table = pa.table([*columns, pa.array(hashes), groups], schema=self._schema)
        self._change.append(table.filter(pa.array(wanted)), matrix)


def _check_columns(batch: pa.RecordBatch, file: FileId, spec: IndexSpec) -> None:
    lost = [name for name in spec.columns if name not in batch.schema.names]
    if lost:
        raise BadSourceFile(
            f"it has no column {', '.join(lost)}, which index {spec.name} holds; its columns are "
            f"{', '.join(batch.schema.names)}. Put the column back, or delete the index and create it "
            "again",
            file=file[0],
        )


def _faulty(vectors: BatchVectors, lost: dict[int, str]) -> Mask:
    """Rows that should have a vector and have none that can be used."""
    faulty = ~vectors.good & ~vectors.absent
    faulty[list(lost)] = True
    return faulty


def _key_text(key: pa.Scalar) -> str:
    """A key in a report, also one whose text is no UTF-8."""
    try:
        return str(key)
    except UnicodeDecodeError:
        data: bytes = key.as_buffer().to_pybytes()
        return data.decode(errors="replace")
