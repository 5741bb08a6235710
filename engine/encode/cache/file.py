"""The form of the cache's file, and what is wrong with one that can't be used. Knows SQLite.

    models    a number for each kind, model and precision
    vectors   model, digest of the content, time, vector, checksum of all these

Files of older releases have no checksums until their entries are read; their `user_version` is 0.
"""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import numpy as np

from engine.errors import StorageFailed

WAIT_SECONDS = 60  # for another process that writes
_CHECKED = 1  # the file's `user_version` where no entry is without a checksum

_SCHEMA = (
    "CREATE TABLE models (id INTEGER PRIMARY KEY, identity TEXT UNIQUE NOT NULL)",
    "CREATE TABLE vectors (model INTEGER NOT NULL, digest BLOB NOT NULL, created_at INTEGER NOT NULL, "
    "vector BLOB NOT NULL, checksum BLOB, UNIQUE (model, digest))",
)
_OLDER_TABLES = [
    ("id", "INTEGER", 1),
    ("identity", "TEXT", 0),
    ("model", "INTEGER", 0),
    ("digest", "BLOB", 0),
    ("created_at", "INTEGER", 0),
    ("vector", "BLOB", 0),
]
_TABLES = [*_OLDER_TABLES, ("checksum", "BLOB", 0)]
INSERT = "INTO vectors (model, digest, created_at, vector, checksum) VALUES (?, ?, ?, ?, ?)"

# What SQLite says of a file that is not damaged, and what to do about it.
_WITH_LOG = 2  # the highest format of a header: a file with a log of writes ahead
_TROUBLES = (
    (
        ("locked", "busy"),
        f"another process has held it for more than {WAIT_SECONDS} s. Wait for it to finish, or end it",
    ),
    (("full",), "make room on the disk"),
    (
        ("readonly", "read-only", "permission", "authorized"),
        "give this user access to it and its folder",
    ),
    (
        ("unable to open",),
        "see that it is a file in a folder where this user may write, and no folder itself",
    ),
    (("i/o error",), "the disk refuses it: see to the disk, and to limits on the size of files"),
    (
        ("locking protocol",),
        "its file system can't lock files, as some network drives: use a workspace on a local disk",
    ),
    (
        ("newer release",),
        "use that release, or another workspace",
    ),
    (("out of memory",), "free some memory"),
    (("interrupted",), "it was interrupted"),
)


def checksum(identity: str, key: bytes, created_at: int, vector: bytes) -> bytes:
    """8 bytes over all that an entry says."""
    hashed = hashlib.blake2b(f"{identity}\n{created_at}\n".encode(), digest_size=8)
    hashed.update(key)
    hashed.update(vector)
    return hashed.digest()


def is_damage(error: BaseException) -> bool:
    """Whether an error of SQLite means that the file's content is wrong."""
    if isinstance(error, UnicodeDecodeError):  # of a message about damage that quotes it
        return True
    misused = (sqlite3.ProgrammingError, sqlite3.NotSupportedError)
    is_content = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, misused)
    return is_content and _advice(error) is None


def has_foreign_header(path: Path) -> bool:
    """Whether the header names a format that no SQLite writes: it calls such a file read-only."""
    try:
        with path.open("rb") as file:
            versions = file.read(20)[18:]
    except OSError:
        return False
    return any(version > _WITH_LOG for version in versions)


def refused(path: Path, error: BaseException) -> StorageFailed:
    """The error where a sound cache can't be used now: what is wrong, and what to do."""
    advice = _advice(error) or "see to the disk and the access to it"
    return StorageFailed(
        f"The cache {path} can't be used ({error or type(error).__name__}): {advice}. Then run again: "
        "what it holds is kept, and the work goes on where it stopped."
    )


def _advice(error: BaseException) -> str | None:
    if isinstance(error, MemoryError):
        return "free some memory"
    text = str(error).lower()
    return next((advice for words, advice in _TROUBLES if any(w in text for w in words)), None)


def file_identity(path: Path) -> tuple[int, int] | None:
    """Identity of the file at a path, another one for a file that took its place; None for no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def every_entry_has_checksum(connection: sqlite3.Connection) -> bool:
    """Whether an entry without one must be damaged."""
    return _form(connection) == _CHECKED


def _form(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def is_whole(identity: str, key: object, created_at: object, vector: object, own: object) -> bool:
    """Whether an entry is what was written; without a checksum, whether it can be a vector."""
    if not (isinstance(key, bytes) and isinstance(created_at, int) and isinstance(vector, bytes)):
        return False
    if own is not None:
        return own == checksum(identity, key, created_at, vector)
    numbers = np.frombuffer(vector[: len(vector) // 4 * 4], dtype="<f4")
    return len(vector) % 4 == 0 and len(numbers) > 0 and bool(np.isfinite(numbers).all())


def open_file(path: Path) -> sqlite3.Connection:
    """Open a file, or make an empty one. Raises sqlite3.Error as it comes."""
    connection = sqlite3.connect(path, timeout=WAIT_SECONDS, check_same_thread=False)
    try:
        connection.execute("PRAGMA cell_size_check=ON")
        # Where the file system can't share memory between processes, SQLite keeps its own way.
        connection.execute("PRAGMA journal_mode=WAL")
    except BaseException:
        connection.close()
        raise
    return connection


def make(connection: sqlite3.Connection) -> None:
    """Make the tables, or add to those of an older release what this one needs.

    Raises:
        sqlite3.DatabaseError: they are other tables: of a newer release, or their list is damaged.
    """
    tables = _tables(connection)
    if tables != _TABLES:
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            tables = _tables(connection)
            if tables == _OLDER_TABLES:
                connection.execute("ALTER TABLE vectors ADD COLUMN checksum BLOB")
            elif not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                for statement in _SCHEMA:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={_CHECKED}")
            elif tables != _TABLES and _form(connection) > _CHECKED:
                raise sqlite3.DatabaseError("a newer release made it")
            elif tables != _TABLES:
                raise sqlite3.DatabaseError("its tables are not those of a cache")


def _tables(connection: sqlite3.Connection) -> list[tuple[str, str, int]]:
    """Name, type and place in the primary key of each column of both tables."""
    return [
        (row[1], row[2], row[5])
        for table in ("models", "vectors")
        for row in connection.execute(f"PRAGMA table_info({table})")
    ]


def allow_missing_checksums(connection: sqlite3.Connection) -> None:
    """Mark a file that has entries of an older release."""
    connection.execute("PRAGMA user_version=0")
