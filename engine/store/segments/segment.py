"""An immutable batch of index rows: metadata, vectors, checksums. Knows files; not versions.

<id>/rows.parquet     every column but the vector, and where a row came from
<id>/vectors.npy      the vectors, in the same order; memory-mapped
<id>/lengths.npy      -|x|²/2 of each row, only where some vector isn't unit length
<id>/factors.npy      what each row's numbers are multiplied with, only where they are packed
<id>/ann.faiss        an approximate index, only where the segment is large enough to need one; beside
                      it what else it needs, see `ann`
<id>/keywords/        a keyword index of the text columns, likewise
<id>/segment.json     counts, shape, size and SHA-256 of each file
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.core.arrays import Floats32, Matrix, Rows, Vector
from engine.core.schema import IndexSpec
from engine.digests import sha256
from engine.errors import CorruptFile, InvalidParameterValue
from engine.store.layout import make_folder, read_json, sync_file, sync_folder, write_json
from engine.store.segments.ann.building import build_codes, build_factory, can_build
from engine.store.segments.ann.compression import Sample
from engine.store.segments.ann.index import AnnFile
from engine.store.segments.ann.products import products_by_row
from engine.store.segments.columns import number_array
from engine.store.segments.finished_rows import Form, Row, finished
from engine.store.segments.hashing import HASH_KIND, content_hashes
from engine.store.segments.inverted_index import InvertedIndex
from engine.store.segments.keys import KeyIndex
from engine.store.segments.metadata import RowTable
from engine.store.segments.packing import PackedMatrix
from engine.store.segments.texts import SegmentTexts, text_columns, write_keywords
from engine.store.segments.vectors import Shape, VectorFile, VectorWriter
from engine.store.vector_columns import shortest_decimals
from engine.threads import ThreadLock

ROW_GROUP = 16_384
HASH_COLUMN = "__content_hash"  # of a row of a source table; names like this are internal
GROUP_COLUMN = "__source_group"

# Numbers in a segment (rows x dimension) from which reading codes first beats reading all vectors.
_ANN_FROM = 2_000_000
_FACTORY_FROM = 1000  # rows from which what a factory string says is built
_KEYWORDS_FROM = 2000  # rows from which making a keyword index delays a first query noticeably
_ANN_DIMENSION = 32  # shorter vectors have too few pairs of numbers to be told apart by codes
# Files up to this size are compared with their checksum when they are opened, in segments of more bytes
# than that only small ones; `verify` reads all.
_CHECKED_BYTES = 256 << 20
_CHECKED_OF_LARGE = 16 << 20


class SegmentWriter:
    """Streams rows into one new segment; `discard` leaves nothing behind."""

    def __init__(self, segments_dir: Path, spec: IndexSpec, like: Path | None = None) -> None:
        """
        Args:
            like: the folder of a segment of the same index whose cells' centres are taken if they fit.
        """
        self._like = like
        self.id = uuid.uuid4().hex
        self.rows = 0
        self._spec = spec
        self._folder = segments_dir / self.id
        make_folder(segments_dir)
        self._folder.mkdir()  # made durable by `finish`
        self._rows_file = self._folder / "rows.parquet"
        self._vectors = VectorWriter(
            self._folder / "vectors.npy", spec.dimension, spec.vector_storage
        )
        self._parquet: pq.ParquetWriter | None = None

    def append(self, rows: pa.Table, vectors: Matrix | PackedMatrix) -> None:
        """Add rows: a table without the vector column, and (len(rows), dimension) vectors.

        Vectors of dimension 0 are counted too: as many as rows.
        """
        if not len(vectors):
            return
        if self._parquet is None:
            self._parquet = pq.ParquetWriter(
                self._rows_file, rows.schema, compression="zstd", write_page_checksum=True
            )
        self._parquet.write_table(rows, row_group_size=ROW_GROUP)
        self._vectors.append(vectors)
        self.rows += len(vectors)

    def finish(self) -> int:
        """Write everything durably and return the number of rows; 0 leaves no segment."""
        if self._parquet is None:
            self.discard()
            return 0
        self._parquet.close()
        shape = self._vectors.finish()
        self._build_ann(shape)
        facts = {"rows": self.rows, "shape": shape.to_dict(), **self._build_keywords()}
        facts["hash"] = HASH_KIND
        files = {}
        for file in sorted(path for path in self._folder.rglob("*") if path.is_file()):
            sync_file(file)
            name = file.relative_to(self._folder).as_posix()
            files[name] = {"bytes": file.stat().st_size, "sha256": sha256(file)}
        facts["files"] = files
        write_json(self._folder / "segment.json", facts)
        sync_folder(self._folder.parent)
        return self.rows

    def _build_ann(self, shape: Shape) -> None:
        factory = self._spec.faiss_factory
        if not (self._is_large if factory is None else self.rows >= _FACTORY_FROM):
            return
        if not can_build(shape.longest, factory):
            return  # all rows are scanned
        written = VectorFile(self._vectors.file, shape)
        file = self._folder / "ann.faiss"
        if factory is None:
            like = None if self._like is None else self._like / file.name
            build_codes(file, written.matrix, written.lengths, like)
        else:
            # What can't be trained on so few rows is left out: they are scanned.
            with contextlib.suppress(InvalidParameterValue):
                build_factory(file, written.matrix, written.lengths, factory)

    def _build_keywords(self) -> dict[str, Any]:
        """Write a keyword index where there are enough rows; what `segment.json` says of it."""
        if self.rows < _KEYWORDS_FROM:
            return {}
        columns = text_columns(pq.read_schema(self._rows_file), self._spec)
        if not columns:
            return {}
        folder = self._folder / "keywords"
        folder.mkdir()
        lengths = write_keywords(self._rows_file, columns, folder)
        sync_folder(folder)
        return {"keywords": {"columns": columns, "tokens": lengths}}

    @property
    def _is_large(self) -> bool:
        dimension = self._spec.dimension
        return dimension >= _ANN_DIMENSION and self.rows * dimension >= _ANN_FROM

    @property
    def zero_vectors(self) -> int:
        """Vectors of length 0 so far."""
        return self._vectors.zeros

    @property
    def folder(self) -> Path:
        """Where the segment lies."""
        return self._folder

    def discard(self) -> None:
        """Remove what was written."""
        # What could not be written can't be closed either; the first error is the one to be told.
        with contextlib.suppress(OSError):
            self._vectors.close()
        with contextlib.suppress(OSError, pa.ArrowException):
            if self._parquet is not None:
                self._parquet.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class Segment:
    """An open segment; safe to use from many threads.

    Attributes:
        held: what a version's manifest holds of its rows, see `held`; None where they lie in files.
        held_bytes: how many bytes of it are held so.
    """

    held: Mapping[str, Any] | None = None
    held_bytes = 0
    ann: AnnFile | None = None

    def __init__(self, folder: Path, spec: IndexSpec) -> None:
        """Open a segment.

        Raises:
            FileNotFoundError: it was collected, because a newer version superseded it.
            CorruptFile: a file is missing, truncated or not what `segment.json` says.
        """
        self._folder, self._spec = folder, spec
        self._facts: Mapping[str, Any] = read_json(folder / "segment.json")
        held = sum(expected["bytes"] for expected in self._facts["files"].values())
        self._check_files(_CHECKED_BYTES if held <= _CHECKED_BYTES else _CHECKED_OF_LARGE)
        shape = Shape(**self._facts["shape"])
        vectors = VectorFile(folder / "vectors.npy", shape)
        self._begin(folder.name, spec, self._facts, vectors, RowTable(folder / "rows.parquet"))
        if "ann.faiss" in self._facts["files"]:
            self.ann = AnnFile(
                folder / "ann.faiss", self.rows, shape.dimension, shape.lifted, spec.faiss_factory
            )

    def _begin(
        self,
        segment_id: str,
        spec: IndexSpec,
        facts: Mapping[str, Any],
        vectors: VectorFile,
        metadata: RowTable,
    ) -> None:
        """What both kinds of segment have."""
        self.id, self._spec, self._facts = segment_id, spec, facts
        self.rows: int = facts["rows"]
        self.vectors, self.metadata = vectors, metadata
        if not self.rows == vectors.rows == metadata.rows:
            raise CorruptFile(f"Segment {self.id} has different numbers of rows in its parts.")
        self._lazily = ThreadLock()
        self._keys: KeyIndex | None = None
        self._sample: Sample | None = None
        self._texts: SegmentTexts | None = None

    def _check_files(self, up_to_bytes: float) -> None:
        for name, expected in self._facts["files"].items():
            file = self._folder / name
            size = file.stat().st_size
            if size != expected["bytes"]:
                raise CorruptFile(
                    f"{file} has {size} bytes, expected {expected['bytes']}. {self._advice}"
                )
            if size <= up_to_bytes and sha256(file) != expected["sha256"]:
                raise CorruptFile(f"{file} does not match its checksum. {self._advice}")

    @property
    def _advice(self) -> str:
        return f"Run: vitrine index restore {self._spec.name}, or sync the index again."

    @property
    def keys(self) -> KeyIndex:
        """Rows by primary key."""
        with self._lazily:
            if self._keys is None:
                self._keys = KeyIndex(self.metadata.column(self._spec.primary_key))
            return self._keys

    @property
    def sample(self) -> Sample:
        """What a sample of rows says of the approximate index's errors, for the length of shortlists."""
        assert self.ann is not None
        with self._lazily:
            if self._sample is None:
                self.vectors.check_size()
                self._sample = self.ann.sample(self.vectors.matrix, self.vectors.lengths)
            return self._sample

    @cached_property
    def odd_rows(self) -> Rows:
        """The few rows of another length than most, ascending, which a first pass may not find."""
        return np.union1d(self.vectors.long_rows, self.sample.short)

    @property
    def texts(self) -> SegmentTexts:
        """The segment's texts."""
        with self._lazily:
            if self._texts is None:
                columns = text_columns(self.metadata.schema, self._spec)
                written = self._facts.get("keywords", {})  # none where rows are few, or before 0.3
                usable = written.get("columns") == columns
                lengths = written["tokens"] if usable else ()
                self._texts = SegmentTexts(self.metadata, columns, lengths, self._open_keywords)
            return self._texts

    def _open_keywords(self) -> InvertedIndex | None:
        listed = self._facts["files"].items()
        sizes = {
            self._folder / name: expected["bytes"]
            for name, expected in listed
            if name.startswith("keywords/")
        }
        columns = self._facts["keywords"]["columns"]
        return InvertedIndex.open(self._folder / "keywords", columns, self.rows, sizes)

    def keys_of(self, rows: Rows) -> list[Any]:
        """Primary keys of some rows."""
        return self.metadata.take(self._spec.primary_key, rows)

    def products(self, query: Vector, rows: Rows) -> Floats32:
        """Exact products of a query with some rows, for re-scoring; see `VectorFile.products`."""
        matrix = self.vectors.matrix
        if isinstance(matrix, PackedMatrix):
            return self.vectors.products(query, rows)
        out: Floats32 = products_by_row(query[None, :], matrix, rows[None, :])[0]
        if self.vectors.lengths is not None:
            out += self.vectors.lengths[rows]
        return out

    def products_of(self, queries: Matrix, rows: Rows) -> Floats32:
        """The same for (m, dimension) queries, each with its own (m, n) rows, on all cores."""
        matrix = self.vectors.matrix
        if isinstance(matrix, PackedMatrix):
            return np.stack([self.vectors.products(*pair) for pair in zip(queries, rows)])
        out = products_by_row(queries, matrix, rows, os.cpu_count() or 1)
        if self.vectors.lengths is not None:
            out += self.vectors.lengths[rows]
        return out

    def fetch(self, columns: Sequence[str], rows: Rows) -> list[list[Any]]:
        """Values of the columns for the rows: a list for each column."""
        vector = self._spec.vector_column
        if vector not in columns:
            return self.metadata.take_all(columns, rows)
        out = self.metadata.take_all([name for name in columns if name != vector], rows)
        out.insert(list(columns).index(vector), shortest_decimals(self.vectors.take(rows)))
        return out

    def fetch_rows(
        self, columns: Sequence[str], rows: Sequence[int], form: Form | None = None
    ) -> list[Row]:
        """The same by row; `form`, where there is one, makes something of a column's values."""
        if self._spec.vector_column not in columns:
            return self.metadata.take_rows(columns, rows, form)
        return finished(self.fetch(columns, np.array(rows, dtype=np.int64)), form)

    def has_fetched(self, columns: Sequence[str]) -> bool:
        """Whether these columns were fetched before, so that no file needs to be read for them."""
        vector = self._spec.vector_column
        return self.metadata.has_taken([name for name in columns if name != vector])

    @property
    def row_bytes(self) -> float:
        """Bytes of one row's metadata in the file, on average."""
        size: int = self._facts["files"]["rows.parquet"]["bytes"]
        return size / max(self.rows, 1)

    def batches(
        self, rows: Rows, size: int = ROW_GROUP
    ) -> Iterator[tuple[pa.Table, Matrix | PackedMatrix]]:
        """Some rows (ascending) as they are to be appended elsewhere, at most `size` at a time."""
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            table = self.metadata.read(part)
            if HASH_COLUMN in table.column_names and not self._has_hashes:
                place = table.column_names.index(HASH_COLUMN)
                hashes = pa.array(self.content_hashes(part))
                table = table.set_column(place, table.schema.field(place), hashes)
            yield table, self.vectors.as_stored(part)

    @property
    def _has_hashes(self) -> bool:
        # Releases before 0.5 wrote DuckDB's hashes, which differ between its releases.
        return bool(self._facts.get("hash") == HASH_KIND)

    def content_hashes(self, rows: Rows) -> np.ndarray:
        """Hashes of rows of a source table, as `hashing.content_hashes` makes them: (n,) uint64.

        Where an older release wrote others, they are made of what is stored.
        """
        if self._has_hashes:
            hashes: np.ndarray = number_array(self.metadata.column(HASH_COLUMN))[rows]
            return hashes
        columns = self.metadata.read(rows).drop_columns([HASH_COLUMN, GROUP_COLUMN])
        computed = self._spec.is_managed or not self._spec.has_vectors
        return content_hashes(columns, None if computed else self.vectors.take(rows))

    def verify(self) -> None:
        """Read every byte and compare the checksums.

        Raises:
            CorruptFile: names the damaged file.
        """
        self._check_files(float("inf"))
