"""A file of text as rows of fields: what it is, its encoding, its separator. Knows CSV; not products.

Nothing is guessed: a byte order mark or valid UTF-8 decides the encoding, the header the separator. What
is neither is refused, with what it seems to be and what to do.
"""

from __future__ import annotations

import codecs
import csv
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from engine.core.values import integer_of
from engine.errors import BadSourceFile, InvalidInputException

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
# UTF-32 first: its mark begins with that of UTF-16.
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNPACK = "Unpack it, and give the CSV file in it."
_NO_TEXT = (
    (b"PAR1", "a Parquet file", "Register it as a table: vitrine table register NAME FILE"),
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", _UNPACK),
    (b"\xfd7zXZ", "an xz archive", _UNPACK),
    (
        b"PK\x03\x04",
        "a zip archive or an Excel workbook (.xlsx)",
        "Save its table as CSV in UTF-8.",
    ),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", "Save its table as CSV in UTF-8."),
    (b"%PDF", "a PDF document", "Give the table as CSV in UTF-8."),
    (b"SQLite format 3", "a SQLite database", "Export the table as CSV in UTF-8."),
    (b"ARROW1", "an Arrow file", "Write the table as Parquet and register it."),
)
_SAMPLE = 1 << 16


@dataclass(frozen=True)
class Row:
    """Fields of one record, and the first of its lines, counted from 1."""

    line: int
    fields: list[str]


@dataclass(frozen=True)
class TextFile:
    """A file of separated fields.

    Attributes:
        encoding: as Python names it; utf-8 where the file says nothing else.
        separator: one character.
        header: names of the columns, without blanks around them.
    """

    path: Path
    encoding: str
    separator: str
    header: tuple[str, ...]

    @property
    def separator_name(self) -> str:
        return SEPARATORS[self.separator]

    def rows(self) -> Iterator[Row]:
        """The rows after the header; blank lines are none.

        Raises:
            BadSourceFile: a quote that is never closed, text that is not in the encoding; with the line.
        """
        rows = self._records()
        next(rows)
        yield from (row for row in rows if row.fields)

    def _records(self) -> Iterator[Row]:
        with self.path.open(encoding=self.encoding, newline="") as stream:
            lines = _Lines(self.path, stream)
            reader = csv.reader(lines, delimiter=self.separator, strict=True)
            while True:
                first = reader.line_num + 1
                try:
                    fields = next(reader)
                except StopIteration:
                    return
                except csv.Error:
                    raise self._bad_quote(first, reader.line_num, lines.at_end) from None
                if reader.line_num > first:
                    self._check_quoted_lines(first, fields)
                yield Row(first, fields)

    def _bad_quote(self, first: int, last: int, at_end: bool) -> BadSourceFile:
        """Why the lines from first to last are no row; `at_end`: the file ended in a quoted field."""
        if first == last and not at_end:
            return BadSourceFile(
                "a quote is closed in the middle of a field. Write a quote inside a quoted field as "
                'two ("6"" heels"), or leave the quotes around the field out.',
                file=str(self.path),
                line=first,
            )
        return BadSourceFile(
            "a quote is opened in the row that starts in this line, and not closed where the field "
            f"ends (it would run to line {last} at least). Close it, or write a quote inside a name "
            "as two.",
            file=str(self.path),
            line=first,
        )

    def _check_quoted_lines(self, first: int, fields: Sequence[str]) -> None:
        """Refuse a field that has swallowed rows: lines in it start with a number and have as many
        separators as a row. Line breaks in a quoted field are fine otherwise."""
        for inner in itertools.chain.from_iterable(field.splitlines()[1:] for field in fields):
            start, *others = inner.split(self.separator)
            if len(others) >= len(self.header) - 1 and _is_integer(start):
                raise BadSourceFile(
                    f"a quote is opened in the row that starts in this line, and the row of {start} "
                    "lies inside it. Close the quote, or write a quote inside a name as two.",
                    file=str(self.path),
                    line=first,
                )


def open_text(path: Path, expected: Sequence[str], encoding: str | None = None) -> TextFile:
    """Find a file's encoding, and the separator under which its header has most of the columns.

    Args:
        expected: names of columns that the header may have.
        encoding: the caller's word for it; None to take it from the file.

    Raises:
        BadSourceFile: no text, not in its encoding, no such file, a name twice in the header.
        InvalidInputException: an encoding that Python doesn't know.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_SAMPLE)
    except FileNotFoundError:
        raise BadSourceFile("there is no such file", file=str(path)) from None
    except IsADirectoryError:
        raise BadSourceFile(
            "this is a folder; expected a CSV file. Give the file in it.", file=str(path)
        ) from None
    except OSError as error:
        raise BadSourceFile(f"it can't be read ({error.strerror})", file=str(path)) from None
    _refuse_other_kinds(path, start)
    known = _encoding(start) if encoding is None else _checked_encoding(encoding)
    if known == "utf-8" and b"\0" in start:
        raise _nul(path, start.partition(b"\0")[0].count(b"\n") + 1)
    headers = {separator: _header(path, known, separator) for separator in SEPARATORS}
    separator = max(headers, key=lambda one: len(set(expected) & set(headers[one])))
    header = headers[separator]
    twice = [name for place, name in enumerate(header) if name and name in header[:place]]
    if twice:
        raise BadSourceFile(
            f"the header names column {twice[0]!r} twice. Give each column a name of its own.",
            file=str(path),
            line=1,
            value=twice[0],
        )
    return TextFile(path, known, separator, header)


def _header(path: Path, encoding: str, separator: str) -> tuple[str, ...]:
    with path.open(encoding=encoding, newline="") as stream:
        try:
            first = next(csv.reader(_Lines(path, stream), delimiter=separator), [])
        except csv.Error:  # a quote that is not closed under this separator
            return ()
    return tuple(name.strip() for name in first)


def _refuse_other_kinds(path: Path, start: bytes) -> None:
    if not start.strip():
        raise BadSourceFile(
            "the file is empty: expected CSV with a header, found an empty line",
            file=str(path),
            line=1,
        )
    for magic, what, advice in _NO_TEXT:
        if start.startswith(magic):
            raise BadSourceFile(f"this is {what}; expected CSV. {advice}", file=str(path))


def _encoding(start: bytes) -> str:
    return next((name for mark, name in MARKS if start.startswith(mark)), "utf-8")


def _checked_encoding(name: str) -> str:
    try:
        codecs.lookup(name)
        "".encode(name)  # codecs from bytes to bytes, such as "zlib", are none of text
    except (LookupError, TypeError):
        raise InvalidInputException(
            f"encoding is {name!r}, which Python doesn't know. Examples: utf-8, cp1252 (Windows, "
            "Western Europe), cp1250, latin-1, utf-16, gb18030, shift_jis."
        ) from None
    return "utf-8-sig" if codecs.lookup(name).name == "utf-8" else name


class _Lines(Iterator[str]):
    """Lines as text, each checked; `at_end` once there are no more."""

    def __init__(self, path: Path, stream: TextIO) -> None:
        self._path, self._stream = path, stream
        self._number = 0
        self.at_end = False

    def __next__(self) -> str:
        try:
            line = next(self._stream)
        except UnicodeError:
            raise _undecodable(self._path, self._stream.encoding) from None
        except StopIteration:
            self.at_end = True
            raise
        self._number += 1
        if "\0" in line:
            raise _nul(self._path, self._number)
        return line


def _nul(path: Path, line: int) -> BadSourceFile:
    return BadSourceFile(
        "there is a NUL character here, which no CSV has. The file may be binary, or in UTF-16 without "
        "a byte order mark: then name it, with --encoding utf-16-le.",
        file=str(path),
        line=line,
    )


def _undecodable(path: Path, encoding: str) -> BadSourceFile:
    """Where a file is not in its encoding, and what it would be in the usual other one."""
    if encoding not in ("utf-8", "utf-8-sig"):
        return BadSourceFile(
            f"not in {encoding}, which was named or which its byte order mark tells. Save the file as "
            "UTF-8, or name its encoding: --encoding NAME, or encoding= in Python.",
            file=str(path),
        )
    number, line, at = _first_bad_byte(path)
    shown = line[max(0, at - 20) : at + 20].decode("cp1252", errors="replace").strip()
    return BadSourceFile(
        f"not readable as CSV in UTF-8: there is the byte 0x{line[at]:02x}, which in cp1252 (Windows, "
        f"Western Europe) would read {shown!r}. Save the file as UTF-8, or name its encoding: "
        '--encoding cp1252, or encoding="cp1252" in Python.',
        file=str(path),
        line=number,
    )


def _first_bad_byte(path: Path) -> tuple[int, bytes, int]:
    """Number and bytes of the first line that is not UTF-8, and the place of the byte in it."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                return number, line, error.start
    raise BadSourceFile("the file changed while it was read; try again", file=str(path))


def _is_integer(text: str) -> bool:
    try:
        integer_of(text.strip())
    except ValueError:
        return False
    return True
