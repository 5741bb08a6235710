"""The encoding and the separator of a text file. Knows bytes and texts; not products.

A byte order mark, valid UTF-8 and a header that all rows agree with decide where they can. The rest is
sniffed by libraries made for it. chardet finds encodings, among those that the web has: it was right on
short files of prices and names in cp1250 to cp1253, cp932 and gb18030, where charset-normalizer was not.
clevercsv finds separators: it weighs whole patterns of rows where the standard library's sniffer counts
characters, and it brings chardet. Both are small, and are loaded when a file is sniffed only.
"""

from __future__ import annotations

import codecs
import csv
from dataclasses import dataclass
from pathlib import Path

from engine.errors import BadSourceFile
from engine.service.table_files.packed import opened
from engine.service.table_files.quotes import with_doubled_quotes
from engine.shop.products.text_files import MARKS, SEPARATORS

_SAMPLE = 1 << 20  # bytes that are looked at
_LINES = 100  # of the sample, for its separator


@dataclass(frozen=True)
class TextForm:
    """How a text file is read.

    Attributes:
        encoding: as Python names it. separator: one character.
        has_backslashes: quotes within quoted fields have one before them, and are not doubled.
        how: both in words, where they are not UTF-8 and a comma.
    """

    encoding: str
    separator: str
    how: tuple[str, ...]
    has_backslashes: bool = False


def sniffed(path: Path, encoding: str | None, separator: str | None) -> TextForm:
    """How to read a file; what is given is taken as given.

    Raises:
        BadSourceFile: it can't be read, or is no text.
    """
    chosen = encoding or find_encoding(path)
    with opened(path) as file:
        sample = file.read(_SAMPLE)
    text = codecs.getincrementaldecoder(chosen)("replace").decode(sample)
    if not text.strip():
        raise BadSourceFile("the file is empty: expected a header and rows", file=str(path), line=1)
    found = separator or find_separator(text)
    how = []
    if chosen not in ("utf-8", "utf-8-sig"):
        how.append(f"encoding {chosen}" + ("" if encoding else " (sniffed)"))
    if found != ",":
        how.append(f"separator {SEPARATORS.get(found, repr(found))}")
    lines = text[: text.rfind("\n") + 1] or text  # the last may have been cut
    escaped = with_doubled_quotes(lines, found) != lines
    return TextForm(chosen, found, tuple(how), escaped)


def find_encoding(path: Path) -> str:
    """UTF-8 where a mark or all bytes say so, else the likeliest.

    Raises:
        BadSourceFile: it can't be read, or no encoding fits.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    telling = b""  # lines with bytes that are not ASCII: the others say nothing
    with opened(path) as file:
        block = file.read(_SAMPLE)
        for mark, name in MARKS:
            if block.startswith(mark):
                return name
        if _has_nuls(block):
            return _likeliest(path, block)
        is_utf8 = True
        while block:
            if is_utf8:
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    is_utf8 = False
            if len(telling) < _SAMPLE:
                telling += b"\n".join(line for line in block.split(b"\n") if not line.isascii())
            block = file.read(_SAMPLE)
    if is_utf8 or _is_mostly_utf8(telling):
        return "utf-8"
    return _likeliest(path, telling)


def _is_mostly_utf8(telling: bytes) -> bool:
    """Whether the lines that are not ASCII are UTF-8, but for a few damaged ones."""
    lines = telling.split(b"\n")
    good = sum(_is_utf8(line) for line in lines)
    return good >= 0.9 * len(lines)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _has_nuls(block: bytes) -> bool:
    return b"\0" in block[:4096]


def _likeliest(path: Path, sample: bytes) -> str:
    import chardet

    found = chardet.detect(sample, encoding_era=chardet.EncodingEra.MODERN_WEB)["encoding"]
    try:
        name = codecs.lookup(found or "").name
        if name == "ascii" or "\0" in sample[:4096].decode(name, "replace"):
            raise LookupError(name)
    except LookupError:
        raise BadSourceFile(
            "this is no text: expected CSV, JSON lines, Parquet, a Delta table, a zip archive or a "
            "folder of pictures. Name its encoding if it is text: --encoding NAME, or encoding=.",
            file=str(path),
        ) from None
    return name


def find_separator(text: str) -> str:
    """The character between the fields: comma, semicolon, tab or vertical bar.

    The one under which every row has as many fields as the header, where there is one.
    """
    lines = text.splitlines()[:_LINES]
    widths = {one: _widths(lines, one) for one in SEPARATORS}
    possible = [one for one, found in widths.items() if found and found[0] > 1]
    even = [one for one in possible if len(set(widths[one])) == 1]
    candidates = even or possible
    if len(candidates) < 2:
        return candidates[0] if candidates else ","
    import clevercsv

    try:
        dialect = clevercsv.Sniffer().sniff("\n".join(lines), delimiters="".join(candidates))
    except clevercsv.Error:
        dialect = None
    found = dialect.delimiter if dialect is not None else ""
    return found if found in candidates else max(candidates, key=lambda one: widths[one][0])


def _widths(lines: list[str], separator: str) -> list[int]:
    """Fields of each row that is whole; the last may have been cut."""
    try:
        rows = [len(row) for row in csv.reader(lines, delimiter=separator) if row]
    except csv.Error:
        return []
    return rows[:-1] if len(rows) > 2 else rows
