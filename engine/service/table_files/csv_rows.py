"""A CSV file as a table of texts: its encoding, its separator, its header. Knows text; not types."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from engine.errors import BadSourceFile, InvalidInputException

_SEPARATORS = ",;\t|"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class CsvForm:
    """How a CSV file is written.

    Attributes:
        delimiter: None for the one of `,`, `;`, tab and `|` that the first line has most of.
        encoding: as Python names it; None for UTF-8, or as the byte order mark says.
        header: the first line names the columns; else they are `_c0`, `_c1` and so on.
        quote, escape: around a field, and before a quote within one; without escape it is doubled.
        nulls: texts beside the empty one that mean null.
        lenient: rows with more or fewer fields than the first line are left out.
    """

    delimiter: str | None = None
    encoding: str | None = None
    header: bool = True
    quote: str = '"'
    escape: str | None = None
    nulls: tuple[str, ...] = ()
    lenient: bool = False


def read_csv(path: Path, form: CsvForm = CsvForm()) -> pa.Table:
    """The rows of a CSV file, every column as text; empty fields are null, `""` is an empty text.

    Raises:
        BadSourceFile: not in its encoding, no header, a column twice, a row with more or fewer fields
            than the header; names the line. InvalidInputException: an unknown encoding.
    """
    text = decoded(path, form.encoding).lstrip("\r\n")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise BadSourceFile(
            "there is a NUL character, which no CSV has.", file=str(path), line=line
        )
    separator = form.delimiter or _separator(text)
    names = _header(path, text, separator) if form.header else _numbered(text, separator)
    if not names:
        return pa.table({})
    wrong: list[pa_csv.InvalidRow] = []

    def keep(row: pa_csv.InvalidRow) -> str:
        wrong.append(row)
        return "skip"

    try:
        table = pa_csv.read_csv(io.BytesIO(text.encode()), *_how(names, separator, form, keep))
    except pa.ArrowException as error:
        raise BadSourceFile(f"it can't be read as CSV: {error!s:.300}", file=str(path)) from None
    if wrong and not form.lenient:
        more = f" {len(wrong) - 1:,} more rows are so." if len(wrong) > 1 else ""
        raise BadSourceFile(
            f"row {wrong[0].number} has {wrong[0].actual_columns} fields, the header {len(names)}. Put "
            f"quotes around a field that holds {separator!r}.{more}",
            file=str(path),
        )
    return table


def _how(
    names: Sequence[str],
    separator: str,
    form: CsvForm,
    wrong: Callable[[pa_csv.InvalidRow], str],
) -> tuple[Any, ...]:
    """How Arrow is to read: every column as text, and what is called for a row of another length."""
    own_names = None if form.header else list(names)
    return (
        # Rows have numbers where one thread reads them.
        pa_csv.ReadOptions(use_threads=False, column_names=own_names),
        pa_csv.ParseOptions(
            delimiter=separator,
            quote_char=form.quote,
            escape_char=form.escape or False,
            newlines_in_values=True,
            invalid_row_handler=wrong,
        ),
        pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=["", *form.nulls],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _numbered(text: str, separator: str) -> list[str]:
    return [f"_c{place}" for place in range(len(_first_record(text, separator)))]


def decoded(path: Path, encoding: str | None = None) -> str:
    """The text of a file.

    Raises:
        BadSourceFile: it can't be read, or is not in its encoding. InvalidInputException: no encoding.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadSourceFile(f"it can't be read ({error.strerror})", file=str(path)) from None
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    chosen = encoding or marked or "utf-8"
    try:
        return data.decode("utf-8-sig" if chosen.lower() in ("utf-8", "utf8") else chosen)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadSourceFile(
            f"the byte 0x{data[error.start]:02x} is not in {chosen}. Save the file in UTF-8, or name "
            "its encoding, such as cp1252.",
            file=str(path),
            line=line,
        ) from None
    except (LookupError, TypeError, ValueError):
        raise InvalidInputException(
            f"encoding is {chosen!r:.40}, which Python doesn't know as one of text. Examples: utf-8, "
            "cp1252, latin-1, utf-16."
        ) from None


def _separator(text: str) -> str:
    """The separator under which the first record has most fields; a comma where none has several."""
    return max(_SEPARATORS, key=lambda one: len(_first_record(text, one)))


def _first_record(text: str, separator: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text), delimiter=separator, strict=True), [])
    except csv.Error:
        return []


def _header(path: Path, text: str, separator: str) -> list[str]:
    names = _first_record(text, separator)
    if not any(names):
        raise BadSourceFile("there is no header; expected the names of columns.", file=str(path))
    for place, name in enumerate(names):
        if not name.strip():
            raise BadSourceFile(f"column {place + 1} has no name.", file=str(path), line=1)
        if name in names[:place]:
            raise BadSourceFile(
                f"the header names column {name!r:.80} twice.", file=str(path), line=1, value=name
            )
    return names
