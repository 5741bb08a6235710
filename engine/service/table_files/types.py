"""Columns of text in the types that their values have, or in those that were asked for.

Guesses are careful: a column becomes numbers only where its texts are written as numbers are, so that
`007`, `1_000` and `12:30` stay texts. Knows columns; not files.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from engine.core.arrow.objects import object_of
from engine.core.schema import suggestion
from engine.core.values import DATE_EXAMPLE, TIME_EXAMPLE, shown
from engine.errors import BadSourceFile, InvalidInputException
from engine.service.table_files.conversions import converted

# No leading zeros, no plus, at most 18 digits: every text is the one way to write its number.
_INTEGER = r"^(0|-?[1-9][0-9]{0,17})$"
_NUMBER = r"^-?(0|[1-9][0-9]{0,17})(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?$"
_NOT_ZERO = r"^-?[0.]*[1-9]"
_MANY_DIGITS = r"^-?[0-9]{16}"
_BOOLEAN = r"^(true|false)$"
_DATE = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
_NUMBERS = r"^\s*\[[-+0-9.eE,\s]*\]\s*$"


def guessed(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column of texts as integers, floats, booleans, dates or lists of floats, else as it is."""
    texts, given = _without_blanks(texts), texts
    if texts.null_count == len(texts):
        return given
    found = _guessed(texts)
    return given if found is texts else found


def _without_blanks(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """An empty text in quotes is no number, but a null among numbers."""
    return pc.if_else(pc.equal(texts, ""), None, texts)


def _guessed(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    for pattern, kind in ((_INTEGER, pa.int64()), (_NUMBER, pa.float64()), (_DATE, pa.date32())):
        if _all_match(texts, pattern):
            found = converted(texts, kind)
            return texts if found is None or _has_lost_digits(texts, found) else found
    if _all_match(texts, _BOOLEAN, ignore_case=True):
        return pc.equal(pc.utf8_lower(texts), "true")
    if _all_match(texts, _NUMBERS):
        found = converted(texts, pa.list_(pa.float64()))
        return texts if found is None else found
    return texts


def _all_match(texts: pa.ChunkedArray, pattern: str, ignore_case: bool = False) -> bool:
    matching = pc.match_substring_regex(texts, pattern, ignore_case=ignore_case)
    return pc.all(matching).as_py() is True


def _has_lost_digits(texts: pa.ChunkedArray, found: pa.ChunkedArray) -> bool:
    """Whether a number with more digits before its point than a double has, or nearer to zero than any,
    became one."""
    if not pa.types.is_floating(found.type):
        return False
    written = pc.match_substring_regex(texts, _NOT_ZERO)
    if pc.any(pc.and_(written, pc.equal(found, 0))).as_py():  # 1e-400
        return True
    long = pc.match_substring_regex(texts, _MANY_DIGITS)
    return pc.any(pc.and_(long, pc.greater_equal(pc.abs(found), 2.0**53))).as_py() is True


def with_types(table: pa.Table, types: Mapping[str, pa.DataType], source: str) -> pa.Table:
    """A table whose named columns are of the types that were asked for.

    Args:
        source: the file, or what else the rows come from, for messages.

    Raises:
        InvalidInputException: a type is asked for a column that is not there.
        BadSourceFile: a value that has no form in the type; names row and value.
    """
    for name, kind in types.items():
        if name not in table.column_names:
            raise InvalidInputException(
                f"columns names {name!r:.80}, which {source} does not have."
                f"{suggestion(name, table.column_names)} Columns: {', '.join(table.column_names)}."
            )
        place = table.column_names.index(name)
        column = typed(table.column(name), kind, name, source)
        table = table.set_column(place, pa.field(name, kind), column)
    return table


def typed(
    values: pa.ChunkedArray, kind: pa.DataType, name: str, source: str = "rows"
) -> pa.ChunkedArray:
    """A column in a type that was asked for. Raises BadSourceFile; see `with_types`."""
    if values.type == kind:
        return values
    if values.null_count == len(values):
        return pa.chunked_array([pa.nulls(len(values), kind)])
    found = converted(values, kind)
    if found is not None:
        return found
    for row in range(len(values)):  # only to name the one that does not fit
        one = values.slice(row, 1)
        if one.null_count == 0 and converted(one, kind) is None:
            value = object_of(one[0])
            raise BadSourceFile(
                f"row {row + 1}, column {name!r:.80}: {shown(value)} is no {kind}{_example(kind)}. "
                "Change the value, or give the column another type.",
                file=source,
                value=str(value),
            )
    raise BadSourceFile(f"column {name!r:.80} can't be turned into {kind}.", file=source)


def _example(kind: pa.DataType) -> str:
    """What a time looks like: a number that stands for one has no unit."""
    if pa.types.is_timestamp(kind):
        return f", such as {TIME_EXAMPLE}"
    return f", such as {DATE_EXAMPLE}" if pa.types.is_date(kind) else ""
