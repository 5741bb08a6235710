"""Quotes within the quoted fields of a CSV text: doubled, or behind a backslash. Knows text alone."""

from __future__ import annotations

import csv
import io
import re


def with_doubled_quotes(text: str, separator: str, escape: str | None = None) -> str:
    """A text whose quotes within quoted fields are doubled.

    Args:
        escape: what stands before them here. None finds a backslash: it is one where the text is no
            CSV without that, and is with it; `"C:\\\\",5` is a path that ends in one.
    """
    sign = escape or "\\"
    if sign == '"' or f'{sign}"' not in text:
        return text
    if escape is None and is_strict(text, separator):
        return text
    made = _doubled(text, separator, sign)
    return made if escape is not None or is_strict(made, separator) else text


def _doubled(text: str, separator: str, sign: str) -> str:
    mark, part = re.escape(sign), re.escape(separator)
    field = re.compile(
        rf'(?:(?<=[\r\n{part}])|\A)"((?:[^"{mark}]|{mark}(?:.|\Z)|"")*)"(?=[\r\n{part}]|\Z)', re.S
    )
    escaped = re.compile(rf'{mark}(["{mark}])')

    def plain(found: re.Match[str]) -> str:
        inner = escaped.sub(lambda one: '""' if one[1] == '"' else one[1], found[1])
        return f'"{inner}"'

    return field.sub(plain, text)


def is_strict(text: str, separator: str) -> bool:
    """Whether every quoted field ends where its quote is closed."""
    try:
        for _ in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True):
            pass
    except csv.Error:
        return False
    return True


def open_quote(text: str, separator: str, quote: str) -> int | None:
    """The line in which the record begins that the end of a text cuts off; None for an unknown one."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, quotechar=quote)
    first = 1
    try:
        for _ in lines:
            last, first = first, lines.line_num + 1
    except csv.Error:
        return first
    return last if first > 1 else None
