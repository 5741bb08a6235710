"""Which Parquet files a user means, and what the names of their folders say. Knows paths; not rows.

Folders named `key=value`, as Spark's `partitionBy` makes them, are a column whose value is written
nowhere else. What Spark skips in a folder is skipped here too.
"""

from __future__ import annotations

import datetime as dt
import glob
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from engine.core.values import integer_of, number_of
from engine.errors import BadSourceFile

Partitions = Mapping[str, str | None]  # column -> its text in the path; None for null
_MISREAD = re.compile(r"[\[\]\\\x00-\x1f]|%[0-9A-Fa-f]{2}")  # of a path, by deltalake 1.6
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_TEXTS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson")
_ENDINGS, _MARK = (".parquet", ".parq", ".pq"), b"PAR1"
_NULL = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class FoundFile:
    """A file as it was found: `partitions` are the columns that its folders name."""

    path: Path
    partitions: Partitions


def find_files(pattern: str | Path) -> tuple[Path, list[FoundFile]]:
    """The Parquet files that a path or a pattern means, in order, and the folder they lie in.

    A folder stands for the files in it and below, without hidden ones: names that start with `_` or `.`
    as Spark skips them (`_SUCCESS`, `_temporary`, `._x.parquet`). A file given by name is taken
    whatever its name is.

    Raises:
        BadSourceFile: no Parquet file is found, or folders' names say two things of a column.
    """
    path = Path(pattern).expanduser().absolute()
    if _is(path.is_file):
        _refuse_text(path)
        return path.parent, [_found(path, path.parent)]
    if _is(path.is_dir):
        found = [_found(file, path) for file in _files_below(path)]
        root = path
    else:
        matches = [Path(match) for match in sorted(glob.glob(str(path)))]
        shown = [match for match in matches if not _is_hidden(match.name) or match == path]
        found = []
        for match in shown:
            is_folder = _is(match.is_dir)
            files = _files_below(match) if is_folder else [match]
            root = match if is_folder else match.parent
            found += [_found(file, root) for file in files]
        root = common_folder([file.path.parent for file in found])
    if not found:
        for file in _others(path):
            _refuse_text(file)
        raise BadSourceFile("no Parquet file is here", file=str(pattern))
    return root, found


def folder_columns(file: Path, root: Path, above: bool = True) -> Partitions:
    """The columns that the folders of a file below `root` name; with `above`, also `root` and those
    right above.

    Raises:
        BadSourceFile: they say two things of a column.
    """
    named: dict[str, str | None] = {}
    parts = list(file.parent.relative_to(root).parts)
    for part in [*(_partitions_above(root) if above else ()), *parts]:
        key, sign, text = part.partition("=")
        if not (sign and key):
            continue
        column, value = _unquoted(key), None if text == _NULL else _unquoted(text)
        if named.setdefault(column, value) != value:
            raise BadSourceFile(
                f"its folders name {column!r} twice: {named[column]!r} and {value!r}",
                file=str(file),
            )
    return named


def local_path(given: str | Path) -> str | Path:
    """A path or pattern of this machine; of `file:///data/a%20b` the path in it.

    Raises:
        BadSourceFile: an address of another place.
    """
    scheme = _SCHEME.match(given) if isinstance(given, str) else None
    if scheme is None:
        return given
    if scheme[1].lower() != "file":
        raise BadSourceFile(
            "this is an address, and files are registered where they lie on this machine. Copy them "
            "here and give the folder.",
            file=str(given),
        )
    return unquote(urlsplit(str(given)).path)


def _others(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if _is(folder.is_dir) else []


def _refuse_text(file: Path) -> None:
    """Raises BadSourceFile: a file of CSV or JSON, also a packed one."""
    if any(ending.lower() in _TEXTS for ending in file.suffixes[-2:]):
        raise BadSourceFile(
            "this is CSV or JSON by its name, and what is registered where it lies is Parquet or Delta. "
            "Make a table of its rows: vitrine table create NAME --from FILE; in SQL by read_files or "
            "COPY INTO.",
            file=str(file),
        )


def is_delta(folder: Path) -> bool:
    """Whether a folder holds a Delta table."""
    return _is((folder / "_delta_log").is_dir)


def _is(test: Callable[[], bool]) -> bool:
    """What a path's test says; no for one that is too long, or in a folder that is closed to us."""
    try:
        return test()
    except (OSError, ValueError):
        return False


def misread_part(folder: Path) -> str | None:
    """What in a folder's path deltalake takes for something else, or falls over; None for nothing."""
    found = _MISREAD.search(folder.absolute().as_posix())
    return None if found is None else found[0]


def common_folder(folders: Iterable[Path]) -> Path:
    """The deepest folder that holds all these."""
    known = [str(folder) for folder in folders]
    return Path(os.path.commonpath(known)) if known else Path()


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


def _files_below(folder: Path) -> list[Path]:
    """Also those behind links to folders, but for a link to a folder that it lies in."""
    files = []
    for here, folders, names in os.walk(folder, followlinks=True):
        inside = Path(os.path.realpath(here))  # of Path.resolve, a link to itself is an error
        folders[:] = [
            name
            for name in folders
            if not _is_hidden(name)
            and not inside.is_relative_to(os.path.realpath(Path(here, name)))
        ]
        shown = (name for name in names if not _is_hidden(name))
        files += [file for file in (Path(here, name) for name in shown) if _is_parquet(file)]
    return sorted(files)


def _is_parquet(file: Path) -> bool:
    """By the ending; of files without one, such as `part-00000`, by how they begin."""
    if file.suffix:
        return file.suffix.lower() in _ENDINGS
    if not file.is_file():  # a pipe would have its reader wait
        return False
    with file.open("rb") as opened:
        return opened.read(len(_MARK)) == _MARK


def _found(file: Path, root: Path) -> FoundFile:
    """A file with the partitions of the folders under `root`, and of `root` and those right above."""
    return FoundFile(file, folder_columns(file, root))


def _unquoted(text: str) -> str:
    """A name without its signs for other characters; as it is where they stand for none."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text


def _partitions_above(folder: Path) -> Iterator[str]:
    chain = []
    while "=" in folder.name:
        chain.append(folder.name)
        folder = folder.parent
    return reversed(chain)


# ------------------------------------------------------------------ texts to values
def partition_values(texts: Iterable[str | None]) -> tuple[pa.DataType, dict[str | None, Any]]:
    """The type of a partition column, as Spark infers it, and the value of each text.

    Integers (32 bits, else 64), then decimal numbers as doubles, then dates (2024-01-31), else strings.
    Texts that would become one value though they differ (`1` and `01`) stay strings, and so does what
    a number does not hold exactly.
    """
    known = sorted({text for text in texts if text is not None})
    for kind, read in _READERS:
        try:
            values: dict[str | None, Any] = {text: read(text) for text in known}
        except (ValueError, OverflowError):
            continue
        if known and len(set(values.values())) == len(known):
            return kind, {**values, None: None}
    return pa.string(), {**{text: text for text in known}, None: None}


def _integer_below(limit: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = integer_of(text)
        if not -limit <= number < limit:
            raise ValueError
        return number

    return read


_BEYOND = 2.0**63  # an integer of such a size is an identifier rather than a measure


def _double(text: str) -> float:
    number = number_of(text)
    if float(number) != number or abs(number) >= _BEYOND:
        raise ValueError
    return float(number)


def _date(text: str) -> dt.date:
    date = dt.date.fromisoformat(text)
    if date.isoformat() != text:  # newer Pythons also read 20240131
        raise ValueError
    return date


_READERS: tuple[tuple[pa.DataType, Callable[[str], Any]], ...] = (
    (pa.int32(), _integer_below(2**31)),
    (pa.int64(), _integer_below(2**63)),
    (pa.float64(), _double),
    (pa.date32(), _date),
)
