"""Vectors by content and model, on disk. Knows SQLite; not what the contents are.

SQLite (from the standard library) gives what this needs: one file, durable commits, readers beside a
writer, and recovery after a kill. One commit a batch, so an interrupted run loses one batch at most.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from engine.core.arrays import Matrix, Vector
from engine.errors import CorruptFile

Kind = Literal["image", "text"]
_SLICE = 500  # digests in one statement; SQLite takes 999 parameters everywhere

_SCHEMA = """
CREATE TABLE IF NOT EXISTS models (id INTEGER PRIMARY KEY, identity TEXT UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS vectors (
    model INTEGER NOT NULL, digest BLOB NOT NULL, created_at INTEGER NOT NULL, vector BLOB NOT NULL,
    UNIQUE (model, digest)
);
"""


def digest(content: bytes) -> bytes:
    """16 bytes that stand for a content."""
    return hashlib.blake2b(content, digest_size=16).digest()


@dataclass(frozen=True)
class Cached:
    """A stored vector: (d,) float32, and when it was computed (microseconds since the epoch)."""

    vector: Vector
    created_at: int


class EmbeddingCache:
    """All vectors that a workspace has computed; safe to use from many threads and processes."""

    def __init__(self, path: Path) -> None:
        """Open or make the cache.

        Raises:
            CorruptFile: the file is no SQLite database, or damaged.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=60, check_same_thread=False)
        try:
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise CorruptFile(
                f"{path} is damaged ({error}). Delete it: it only holds vectors that can be "
                "computed again."
            ) from None

    def close(self) -> None:
        self._connection.close()

    def part(self, kind: Kind, fingerprint: str, precision: str) -> CachePart:
        """The vectors of one model."""
        identity = f"{kind} {fingerprint} {precision}"
        with self._lock, self._connection as connection:
            connection.execute("INSERT OR IGNORE INTO models (identity) VALUES (?)", (identity,))
            (model,) = connection.execute(
                "SELECT id FROM models WHERE identity = ?", (identity,)
            ).fetchone()
        return CachePart(self, model)

    def _get(self, model: int, digests: Sequence[bytes]) -> dict[bytes, Cached]:
        found = {}
        for start in range(0, len(digests), _SLICE):
            some = digests[start : start + _SLICE]
            places = ",".join("?" * len(some))
            with self._lock:
                rows = self._connection.execute(
                    "SELECT digest, vector, created_at FROM vectors "
                    f"WHERE model = ? AND digest IN ({places})",
                    (model, *some),
                ).fetchall()
            for key, vector, created_at in rows:
                found[key] = Cached(np.frombuffer(vector, dtype="<f4"), created_at)
        return found

    def _put(self, model: int, digests: Sequence[bytes], vectors: Matrix) -> int:
        now = time.time_ns() // 1000
        rows = [
            (model, key, now, vector.astype("<f4").tobytes())
            for key, vector in zip(digests, vectors)
        ]
        with self._lock, self._connection as connection:
            connection.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?, ?, ?)", rows)
        return now


class CachePart:
    """The cached vectors of one model and kind of content."""

    def __init__(self, cache: EmbeddingCache, model: int) -> None:
        self._cache = cache
        self._model = model

    def get(self, digests: Sequence[bytes]) -> Mapping[bytes, Cached]:
        """Those of the digests that are known."""
        return self._cache._get(self._model, digests)

    def put(self, digests: Sequence[bytes], vectors: Matrix) -> Mapping[bytes, Cached]:
        """Store a batch durably: n digests and their (n, d) float32 vectors."""
        now = self._cache._put(self._model, digests, vectors)
        return {key: Cached(vector, now) for key, vector in zip(digests, vectors)}
