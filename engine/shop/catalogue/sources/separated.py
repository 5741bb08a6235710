"""Files of separated fields as a source: one bad row is that row's trouble. Knows CSV; not products."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from engine.core.values import is_text
from engine.errors import BadSourceFile
from engine.service.table_files.packed import opened
from engine.shop.catalogue.sources.sniffing import TextForm, sniffed
from engine.shop.catalogue.sources.source import Source, SourceRow, unique_names

_LONGEST_SHOWN = 80
_ESCAPED = re.compile(r'(?<!\\)((?:\\\\)*)\\"')


def open_separated(path: Path, encoding: str | None = None, separator: str | None = None) -> Source:
    """A CSV file by its header.

    Raises:
        BadSourceFile: it can't be read, is no text, or has no header.
    """
    form = sniffed(path, encoding, separator)
    file = _File(path, form)
    header = file.header()
    names = unique_names(header)
    how = [f"CSV{''.join(f', {part}' for part in form.how)}"]
    odd = [(given, name) for given, name in zip(header, names) if given.strip() != name]
    if odd:
        how.append("columns renamed: " + ", ".join(f"{g.strip()!r} to {n!r}" for g, n in odd))
    return Source(path, path.parent, names, lambda: file.rows(names), how=tuple(how), is_text=True)


@dataclass(frozen=True)
class _File:
    path: Path
    form: TextForm

    def header(self) -> list[str]:
        """The fields of the first line that has any."""
        with self._text() as stream:
            first = next(_Records(stream, self.form, 0), None)
        if first is None or not first[1]:
            raise BadSourceFile("it has no header", file=str(self.path), line=1)
        return first[1]

    def rows(self, names: tuple[str, ...]) -> Iterator[SourceRow]:
        """The rows after the header; blank lines are none."""
        with self._text() as stream:
            records = _Records(stream, self.form, len(names))
            next(records)
            for line, fields, trouble in records:
                trouble = trouble or _trouble(fields, len(names), self.form.separator)
                if trouble:
                    yield SourceRow(line, {}, trouble)
                else:
                    yield SourceRow(line, dict(zip(names, fields)))

    @contextlib.contextmanager
    def _text(self) -> Iterator[TextIO]:  # what is no text is seen row by row
        try:
            with (
                opened(self.path) as file,
                io.TextIOWrapper(
                    file, self.form.encoding, errors="surrogateescape", newline=""
                ) as stream,
            ):
                yield stream
        except UnicodeError as error:  # of encodings with two bytes and more a character
            raise BadSourceFile(
                f"it is not text in {self.form.encoding} ({error}). Name its encoding: --encoding NAME, "
                "or encoding=.",
                file=str(self.path),
            ) from None


def _trouble(fields: list[str], expected: int, separator: str) -> str | None:
    whole = separator.join(fields)
    if not is_text(whole):
        return f"it is not text in the file's encoding: {ascii(whole)[:_LONGEST_SHOWN]}"
    if len(fields) != expected:
        return f"it has {len(fields)} fields, expected {expected}: {whole[:_LONGEST_SHOWN]!r}"
    return None


class _Records(Iterator["tuple[int, list[str], str | None]"]):
    """First line, fields, and trouble of each record.

    A quote that is opened and not closed swallows the rows below it. Where lines inside a field look
    like rows, the record is taken back, its first line is the trouble, and reading goes on below it.
    """

    def __init__(self, stream: TextIO, form: TextForm, width: int) -> None:
        self._stream, self._separator, self._width = stream, form.separator, width
        self._has_backslashes = form.has_backslashes
        self._back: deque[str] = deque()
        self._taken: list[str] = []
        self._number = 0  # of the last line taken

    def _lines(self) -> Iterator[str]:
        while True:
            line = self._back.popleft() if self._back else self._stream.readline()
            if not line:
                return
            self._number += 1
            self._taken.append(line)
            yield _ESCAPED.sub(r'\1""', line) if self._has_backslashes else line

    def __next__(self) -> tuple[int, list[str], str | None]:
        while True:
            self._taken = []
            first = self._number + 1
            lines = self._lines()
            try:
                fields = next(csv.reader(lines, delimiter=self._separator))
            except StopIteration:
                raise
            except csv.Error as error:  # a field of more characters than csv takes, a NUL
                self._take_back()
                return first, [], f"it can't be read as CSV ({error})"
            if len(self._taken) > 1 and self._has_swallowed(fields):
                self._take_back()
                return first, [], "a quote is opened in it and not closed"
            if any(field.strip() for field in fields):
                return first, fields, None

    def _is_at_end(self) -> bool:
        if not self._back:
            line = self._stream.readline()
            if not line:
                return True
            self._back.append(line)
        return False

    def _take_back(self) -> None:
        """All lines of this record but the first are read again."""
        again = self._taken[1:]
        self._back.extendleft(reversed(again))
        self._number -= len(again)

    def _has_swallowed(self, fields: list[str]) -> bool:
        if len(fields) == self._width and not self._taken[-1].strip():
            return False
        if self._is_at_end() and "".join(self._taken).count('"') % 2:
            return True
        inner = [line for line in self._taken[1:-1] if line.count(self._separator)]
        like_rows = [n for n in inner if n.count(self._separator) >= self._width - 1]
        return self._width > 1 and (len(fields) != self._width or bool(like_rows))
