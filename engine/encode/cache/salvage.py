"""Saves what can be read of a damaged cache: hours of work lie in it. Knows SQLite's files.

Rows are read by their numbers, around the pages that can't be read, and only those that match their
checksums are taken over. The damaged file is kept under another name.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from engine.encode.cache.file import (
    INSERT,
    WAIT_SECONDS,
    allow_missing_checksums,
    file_identity,
    is_damage,
    is_whole,
    make,
    open_file,
)
from engine.locks import held

_RANGE = 512  # rows read at a time
_BY_INDEX = "SELECT rowid FROM vectors ORDER BY model, digest"
_LEAST_ROW = 512  # bytes of an entry with its parts elsewhere; bounds the search for rows
_HEADER = 100  # bytes at the start of a file
_PAGES_AT = slice(28, 32)  # where the header counts the pages
_ASIDE = ("", "-wal", "-shm")  # a database and what belongs to it

Row = tuple[Any, ...]


def rescue_lock(path: Path) -> contextlib.AbstractContextManager[None]:
    """Held while a sound file is put in the place of a damaged one."""
    return held(path.with_name(f"{path.name}.lock"), WAIT_SECONDS)


def rescue(path: Path, reason: str, seen: tuple[int, int] | None) -> str | None:
    """Put a sound file in the place of a damaged one.

    Args:
        reason: how the damage showed. seen: which file it showed in.

    Returns:
        What was done, for the user; None where another process had done it already.

    Raises:
        OSError, sqlite3.Error: it could not be done; the damaged file is where it was.
    """
    with rescue_lock(path):
        if file_identity(path) != seen:
            return None
        mended = path.with_name(f"{path.name}.mended")
        patched = path.with_name(f"{path.name}.patched")
        try:
            _remove(mended)
            part, taken = "entries", _copy(path, mended)
            if not taken:  # its first page, or its list of models
                _remove(mended)
                _patch(path, patched)
                part, taken = "header", _copy(patched, mended)
            aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
            for ending in _ASIDE:
                with contextlib.suppress(FileNotFoundError):
                    Path(f"{path}{ending}").rename(f"{aside}{ending}")
            mended.replace(path)
        finally:
            _remove(mended)
            _remove(patched)
    return (
        f"The cache {path} was damaged ({reason}; in its {part}): {taken:,} whole vectors "
        "were taken over, the others are computed again. The damaged file is kept as "
        f"{aside.name}; see to the disk that holds it."
    )


def _remove(path: Path) -> None:
    for ending in _ASIDE:
        Path(f"{path}{ending}").unlink(missing_ok=True)


def _patch(path: Path, patched: Path) -> None:
    """A copy whose first page, the header and the list of tables, is that of a new file."""
    _remove(patched)
    connection = open_file(patched)
    make(connection)
    connection.execute("PRAGMA journal_mode=DELETE")  # all of it into the one file
    connection.close()
    first = bytearray(patched.read_bytes())
    with patched.open("rb") as file:
        size = int.from_bytes(file.read(_HEADER)[16:18], "big")
    del first[size:]
    shutil.copyfile(path, patched)
    log = Path(f"{path}-wal")
    if log.exists():
        shutil.copyfile(log, f"{patched}-wal")
    first[_PAGES_AT] = (path.stat().st_size // size).to_bytes(4, "big")
    first[18:20] = b"\2\2"  # it has a log of writes ahead
    with patched.open("r+b") as file:
        file.write(first)


def _copy(path: Path, mended: Path) -> int:
    """Make a new file of the readable rows of another; how many they are."""
    source = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=WAIT_SECONDS)
    target = open_file(mended)
    try:
        make(target)
        models = _models(source)
        taken = 0
        with target:
            target.executemany("INSERT OR IGNORE INTO models VALUES (?, ?)", models.items())
            for row in _rows(source, models, path.stat().st_size):
                taken += target.execute(f"INSERT OR IGNORE {INSERT}", row).rowcount
                if row[-1] is None:
                    allow_missing_checksums(target)
        target.execute("PRAGMA journal_mode=DELETE")  # so that one file can be moved
        return taken
    finally:
        source.close()
        target.close()


def _models(source: sqlite3.Connection) -> dict[int, str]:
    """The list of models, from its table and from the index beside it."""
    models: dict[int, str] = {}
    for order in ("NOT INDEXED", "ORDER BY identity"):
        with _around_damage():
            for number, identity in source.execute(f"SELECT id, identity FROM models {order}"):
                if isinstance(number, int) and isinstance(identity, str):
                    models.setdefault(number, identity)
    return models


def _rows(source: sqlite3.Connection, models: Mapping[int, str], size: int) -> Iterator[Row]:
    """The whole entries; where a range of rows can't be read, its halves are tried."""
    names = ["checksum"]
    with _around_damage():
        names = [row[1] for row in source.execute("PRAGMA table_info(vectors)")]
    own = "checksum" if "checksum" in names else "NULL"
    query = (
        f"SELECT model, digest, created_at, vector, {own} FROM vectors NOT INDEXED "
        "WHERE rowid BETWEEN ? AND ?"
    )
    last = _last(source, size)
    todo = [
        (start, min(start + _RANGE - 1, last))
        for start in range(last // _RANGE * _RANGE, -1, -_RANGE)
    ]
    while todo:
        low, high = todo.pop()
        rows = None
        with _around_damage():
            rows = source.execute(query, (low, high)).fetchall()
        if rows is None and low < high:
            middle = (low + high) // 2
            todo += [(middle + 1, high), (low, middle)]
        for row in rows or ():
            if row[0] in models and is_whole(models[row[0]], *row[1:]):
                yield row


def _last(source: sqlite3.Connection, size: int) -> int:
    """The greatest number of a row: by the table, or by the index beside it, or by the file's size."""
    most = max(1, size // _LEAST_ROW)
    last = None
    with _around_damage():
        (last,) = source.execute("SELECT max(rowid) FROM vectors NOT INDEXED").fetchone()
    if not isinstance(last, int):
        listed = [0]
        with _around_damage():
            for (row,) in source.execute(_BY_INDEX):
                listed.append(row)
        last = max(listed) or most
    return min(last, 100 * most)  # a number may be damaged, too


@contextlib.contextmanager
def _around_damage() -> Iterator[None]:
    """Go on where a page is damaged; a lock or a failing disk must not be taken for that."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        if not is_damage(error):
            raise
