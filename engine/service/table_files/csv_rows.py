"""A CSV file as a table of texts: its encoding, its separator, its header. Knows text; not types."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from engine.errors import BadSourceFile, InvalidInputException
from engine.service.table_files.packed import opened
from engine.service.table_files.quotes import open_quote, with_doubled_quotes

_SEPARATORS = ",;\t|"
_END = "\x03"  # ETX, which texts don't have
_ENDS = "\r\n"
_BLOCK, _MOST = 1 << 20, (1 << 31) - 1  # bytes that Arrow reads at a time, which have to hold a row
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as that of UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32"),
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
        odd: rows with more or fewer fields than the first line are refused, left out, or "fitted": what
            they lack is null, and what they have more goes to the column `rescued`.
        rescued: as JSON, by names such as `_c2`; the column is there where a row has more. Without a
            name that is lost.
        safe_names: columns without a name, or with that of another, get one as Spark gives it; else
            such a header is refused.
    """

    delimiter: str | None = None
    encoding: str | None = None
    header: bool = True
    quote: str = '"'
    escape: str | None = None
    nulls: tuple[str, ...] = ()
    odd: Literal["refused", "left out", "fitted"] = "refused"
    rescued: str = ""
    safe_names: bool = False


def read_csv(path: Path, form: CsvForm = CsvForm()) -> pa.Table:
    """The rows of a CSV file, every column as text; empty fields are null, `""` is an empty text.

    Raises:
        BadSourceFile: not in its encoding, no header, a column twice, a row with more or fewer fields
            than the header, a quote that is not closed; names the line. InvalidInputException: an
            unknown encoding.
    """
    text = decoded(path, form.encoding).lstrip("\r\n")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise BadSourceFile(
            "there is a NUL character, which no CSV has.", file=str(path), line=line
        )
    separator = form.delimiter or _separator(text)
    if form.quote == '"':
        text = with_doubled_quotes(text, separator, form.escape)
        form = replace(form, escape=None)
    names = _header(path, text, separator, form) if form.header else _numbered(text, separator)
    if not names:
        return pa.table({})
    table, wrong = _records(path, text, names, separator, form)
    if wrong and form.odd == "fitted":
        return _fitted(table, wrong, separator, form)
    if wrong and form.odd == "refused":
        more = f" {len(wrong) - 1:,} more rows are so." if len(wrong) > 1 else ""
        raise BadSourceFile(
            f"row {wrong[0].number} has {wrong[0].actual_columns} fields, the header {len(names)}. Put "
            f"quotes around a field that holds {separator!r}.{more}",
            file=str(path),
        )
    return table


def _records(
    path: Path, text: str, names: Sequence[str], separator: str, form: CsvForm
) -> tuple[pa.Table, list[pa_csv.InvalidRow]]:
    """The rows of the header's length, and the others."""
    # A last row that is known: a quote that is opened and not closed swallows it with all before it.
    whole = f"{text.rstrip(_ENDS)}\n{separator.join([_END] * len(names))}"
    wrong: list[pa_csv.InvalidRow] = []

    def keep(row: pa_csv.InvalidRow) -> str:
        wrong.append(row)
        return "skip"

    try:
        table = pa_csv.read_csv(_lines(whole), *_how(names, separator, form, keep))
    except pa.ArrowException:
        wrong.clear()
        table = _in_one_block(path, whole, _how(names, separator, form, keep, len(whole)))
    if not len(table) or table.column(0)[-1].as_py() != _END:
        raise BadSourceFile(
            "a quote is opened and not closed, and would take all that follows for one field. Close it, "
            "or double it if it belongs to the text.",
            file=str(path),
            line=open_quote(text, separator, form.quote),
        )
    first = 1 if form.header else 0
    return table.slice(first, len(table) - first - 1), wrong


def _in_one_block(path: Path, text: str, how: tuple[Any, ...]) -> pa.Table:
    """As Arrow reads a text with a row that is longer than its blocks."""
    try:
        return pa_csv.read_csv(_lines(text), *how)
    except pa.ArrowException as error:
        raise BadSourceFile(f"it can't be read as CSV: {error!s:.300}", file=str(path)) from None


def _fitted(
    table: pa.Table, odd: Sequence[pa_csv.InvalidRow], separator: str, form: CsvForm
) -> pa.Table:
    """A table with the rows of another length in their places."""
    parts, names = [table], table.column_names
    for count in sorted({row.actual_columns for row in odd}):
        parts.append(_of_length(count, odd, names, separator, form))
    whole = pa.concat_tables(parts, promote_options="default")
    places = [row.number - (2 if form.header else 1) for row in odd]
    is_plain = np.ones(len(whole), np.bool_)
    is_plain[places] = False
    by_length = [at for _, at in sorted(zip([row.actual_columns for row in odd], places))]
    order = np.argsort(np.concatenate([np.flatnonzero(is_plain), by_length]))
    return whole.take(pa.array(order))


def _of_length(
    count: int,
    odd: Sequence[pa_csv.InvalidRow],
    names: Sequence[str],
    separator: str,
    form: CsvForm,
) -> pa.Table:
    """The rows that have so many fields, with the columns of the others."""
    text = "\n".join(row.text for row in odd if row.actual_columns == count)
    own = [f"_c{place}" for place in range(count)]
    how = _how(own, separator, replace(form, header=False), lambda row: "skip")
    read = pa_csv.read_csv(_lines(text), *how)
    columns = {
        name: read.column(place) if place < count else pa.nulls(len(read), pa.string())
        for place, name in enumerate(names)
    }
    if count > len(names) and form.rescued and form.rescued not in names:
        more = read.select(own[len(names) :]).to_pylist()
        columns[form.rescued] = pa.array([json.dumps(one, ensure_ascii=False) for one in more])
    return pa.table(columns)


def _lines(text: str) -> io.BytesIO:
    """A text whose last line ends: else Arrow takes an empty field at its end, behind a quoted one, for
    a text."""
    return io.BytesIO((text if text.endswith("\n") else f"{text}\n").encode())


def _how(
    names: Sequence[str],
    separator: str,
    form: CsvForm,
    wrong: Callable[[pa_csv.InvalidRow], str],
    length: int = 0,
) -> tuple[Any, ...]:
    """How Arrow is to read: every column as text, and what is called for a row of another length.

    `length` of the text is the greatest that a row may have; 0 for one of usual length. A header is
    read as a row.
    """
    return (
        # Rows have numbers where one thread reads them.
        pa_csv.ReadOptions(
            use_threads=False,
            column_names=list(names),
            block_size=min(4 * length + _BLOCK, _MOST),
        ),
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
    """The text of a file, also of a packed one.

    Raises:
        BadSourceFile: it can't be read, or is not in its encoding. InvalidInputException: no encoding.
    """
    with opened(path) as file:
        data: bytes = file.read()
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
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), [])
    except csv.Error:
        return []


def _header(path: Path, text: str, separator: str, form: CsvForm) -> list[str]:
    names = _first_record(text, separator)
    if not any(names):
        raise BadSourceFile("there is no header; expected the names of columns.", file=str(path))
    if form.safe_names:
        return _safe_names(names)
    for place, name in enumerate(names):
        if not name.strip():
            raise BadSourceFile(f"column {place + 1} has no name.", file=str(path), line=1)
        if name in names[:place]:
            raise BadSourceFile(
                f"the header names column {name!r:.80} twice.", file=str(path), line=1, value=name
            )
    return names


def _safe_names(names: Sequence[str]) -> list[str]:
    """A name of its own for each column: Spark puts its place behind one that is there twice."""
    counts = Counter(name.lower() for name in names)
    made: list[str] = []
    for place, name in enumerate(names):
        own = name or f"_c{place}"
        own = f"{name}{place}" if name and counts[name.lower()] > 1 else own
        while own in made:
            own += "_"
        made.append(own)
    return made
