"""Vectors by content and model, on disk. Knows SQLite; not what the contents are.

SQLite (from the standard library) gives what this needs: one file, durable commits, readers beside a
writer, and recovery after a kill. One commit a batch, so an interrupted run loses one batch at most.
It does not notice a flipped bit: each entry has a checksum of its own, over model, digest, time and
vector. An entry that does not match is as good as none, and is replaced.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from engine.core.arrays import Matrix, Vector
from engine.encode.cache.file import (
    INSERT,
    checksum,
    every_entry_has_checksum,
    file_identity,
    has_foreign_header,
    is_damage,
    is_whole,
    make,
    open_file,
    refused,
)
from engine.errors import CorruptFile

Kind = Literal["image", "text"]
_T = TypeVar("_T")
_SLICE = 500  # digests in one statement; SQLite takes 999 parameters everywhere
_UNIT = 1e-4  # how far the length of a unit vector in float32 may be from 1


def digest(content: bytes, conversion: str = "") -> bytes:
    """16 bytes that stand for a content, and for how it is read where that is not the plain way."""
    return hashlib.blake2b(content, digest_size=16, person=conversion.encode()).digest()


@dataclass(frozen=True)
class Cached:
    """A stored vector: (d,) float32, and when it was computed (microseconds since the epoch)."""

    vector: Vector
    created_at: int


class EmbeddingCache:
    """All vectors that a workspace has computed; safe to use from many threads and processes.

    A file that is damaged beyond single entries is set aside under another name, and what can be read
    of it is taken over.
    """

    def __init__(self, path: Path) -> None:
        """Open or make the cache.

        Raises:
            StorageFailed: locked, full, read-only, not to be opened; says which, and what to do.
            CorruptFile: damaged, and it can't be set aside.
        """
        self.path = Path(os.path.realpath(path))  # SQLite's own files lie beside the real one
        self._lock = threading.RLock()
        self._rescued: list[str] = []
        self._damaged: set[bytes] = set()
        self._connection: sqlite3.Connection | None = None
        self._seen: tuple[int, int] | None = None  # the file that is open
        self.run(lambda connection: None)

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def part(
        self,
        kind: Kind,
        fingerprint: str,
        precision: str,
        dimension: int | None = None,
        is_unit: bool = False,
    ) -> CachePart:
        """The vectors of one model.

        Args:
            dimension: of its vectors, where it is known; entries of another count as damaged.
            is_unit: whether they have length 1; so are entries of older releases, which have no
                checksum, distinguished from damaged ones.
        """
        return CachePart(self, f"{kind} {fingerprint} {precision}", dimension, is_unit)

    @property
    def note(self) -> str | None:
        """What was found damaged since it was opened, and what became of it; None for nothing."""
        notes = list(self._rescued)
        if self._damaged:
            notes.append(
                f"{len(self._damaged):,} of the vectors in {self.path} were damaged, and are computed "
                "again; see to the disk that holds it."
            )
        return " ".join(notes) or None

    def found_damaged(self, keys: Sequence[bytes]) -> None:
        """Remember entries that don't match their checksums: they are replaced when they are put."""
        self._damaged.update(keys)

    def is_damaged(self, key: bytes) -> bool:
        return key in self._damaged

    def run(self, action: Callable[[sqlite3.Connection], _T]) -> _T:
        """What an action in one transaction gives; a damaged file is rescued first, then tried again.

        Raises:
            StorageFailed, CorruptFile: as on opening.
        """
        with self._lock:
            for last in (False, True):
                try:
                    connection = self._connected()
                    with connection:
                        return action(connection)
                except (sqlite3.Error, UnicodeDecodeError, OSError, MemoryError) as error:
                    if not (is_damage(error) or has_foreign_header(self.path)):
                        raise refused(self.path, error) from error
                    self.close()
                    if last:
                        raise CorruptFile(
                            f"{self.path} is damaged ({error}) and could not be mended. Move it away: "
                            "the vectors in it are computed again."
                        ) from error
                    self._rescue(error)
            raise AssertionError("unreachable")

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None and file_identity(self.path) != self._seen:
            self.close()  # it was deleted, or another file has its place: what it is given is lost
        if self._connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._not_being_rescued():
                self._seen = file_identity(self.path)
                connection = open_file(self.path)
                try:
                    make(connection)
                except BaseException:
                    connection.close()
                    raise
                self._seen = file_identity(self.path)
            self._connection = connection
        return self._connection

    @contextlib.contextmanager
    def _not_being_rescued(self) -> Iterator[None]:
        """Open the file in here, so that it is not one that is just being replaced."""
        if not Path(f"{self.path}.lock").exists():  # it exists from the first rescue on
            yield
            return
        from engine.encode.cache.salvage import rescue_lock

        with rescue_lock(self.path):
            yield

    def _rescue(self, error: BaseException) -> None:
        from engine.encode.cache.salvage import rescue  # a damaged file is rare

        try:
            note = rescue(self.path, str(error), self._seen)
        except (sqlite3.Error, OSError) as failure:  # it is still where it was
            raise refused(self.path, failure) from error
        if note is not None:
            self._rescued.append(note)


class CachePart:
    """The cached vectors of one model and kind of content."""

    def __init__(
        self, cache: EmbeddingCache, identity: str, dimension: int | None, is_unit: bool
    ) -> None:
        self._cache = cache
        self._identity = identity
        self._dimension, self._is_unit = dimension, is_unit

    def get(self, digests: Sequence[bytes]) -> Mapping[bytes, Cached]:
        """Those of the digests that are known; an entry that was changed on disk is not."""
        found: dict[bytes, Cached] = {}
        for start in range(0, len(digests), _SLICE):
            some = digests[start : start + _SLICE]
            found.update(self._cache.run(partial(self._some, some)))
        return found

    def put(self, digests: Sequence[bytes], vectors: Matrix) -> Mapping[bytes, Cached]:
        """Store a batch durably: n digests and their (n, d) float32 vectors.

        Raises:
            StorageFailed: a full disk, a lock; what was put before is kept.
        """
        now = time.time_ns() // 1000
        packed = [vector.astype("<f4").tobytes() for vector in vectors]

        def store(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR IGNORE INTO models (identity) VALUES (?)", (self._identity,)
            )
            model = self._model(connection)
            for key, vector in zip(digests, packed):
                # What somebody else has put meanwhile stays.
                how = "REPLACE" if self._cache.is_damaged(key) else "IGNORE"
                row = (model, key, now, vector, checksum(self._identity, key, now, vector))
                connection.execute(f"INSERT OR {how} {INSERT}", row)

        self._cache.run(store)
        return {key: Cached(vector, now) for key, vector in zip(digests, vectors)}

    def _model(self, connection: sqlite3.Connection) -> int | None:
        """The number of this model in the file, which is another once the file was mended."""
        find = "SELECT id FROM models WHERE identity = ?"
        row = connection.execute(find, (self._identity,)).fetchone()
        return None if row is None else row[0]

    def _some(
        self, digests: Sequence[bytes], connection: sqlite3.Connection
    ) -> Mapping[bytes, Cached]:
        model = self._model(connection)
        if model is None:
            return {}
        places = ",".join("?" * len(digests))
        rows = connection.execute(
            "SELECT digest, created_at, vector, checksum, rowid FROM vectors "
            f"WHERE model = ? AND digest IN ({places})",
            (model, *digests),
        ).fetchall()
        found, damaged, taken_over = {}, [], []
        for key, created_at, vector, stored, row in rows:
            entry = (key, created_at, vector, stored)
            if self._is_whole(entry) and (
                stored is not None or self._is_old(connection, model, row, entry)
            ):
                found[key] = Cached(np.frombuffer(vector, dtype="<f4"), created_at)
                if stored is None:
                    taken_over.append((checksum(self._identity, key, created_at, vector), row))
            else:
                damaged.append(key)
        self._cache.found_damaged(damaged)
        if taken_over:
            connection.executemany("UPDATE vectors SET checksum = ? WHERE rowid = ?", taken_over)
        return found

    def _is_whole(self, entry: tuple[Any, ...]) -> bool:
        length = self._dimension and 4 * self._dimension
        return is_whole(self._identity, *entry) and length in (None, len(entry[2]))

    def _is_old(
        self, connection: sqlite3.Connection, model: int, row: int, entry: tuple[Any, ...]
    ) -> bool:
        """Whether an entry without a checksum is one of an older release, as far as can be known."""
        numbers = np.frombuffer(entry[2], dtype="<f4").astype(np.float64)
        is_unit = not self._is_unit or abs(float(np.sqrt(numbers @ numbers)) - 1) < _UNIT
        # The first question may have been answered by the list of digests beside the table.
        by_row = connection.execute(
            "SELECT model, digest, created_at, vector FROM vectors NOT INDEXED WHERE rowid = ?",
            (row,),
        ).fetchone()
        is_same = by_row == (model, *entry[:3])
        return is_same and is_unit and not every_entry_has_checksum(connection)
