"""What a text says, read strictly: numbers. Knows no columns.

Python's own `int` and `float` also read `1_0`, blanks around a number and digits of other scripts,
which no file format and no SQL means. Every door reads a number written as text by these.
"""

from __future__ import annotations

import re

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def integer_of(text: str) -> int:
    """An integer in ASCII digits with an optional sign; of any size.

    Raises:
        ValueError: anything else, also blanks around it, a fraction, or more digits than Python reads.
    """
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"{text!r:.80} is not an integer such as 42")
    return int(text)


def number_of(text: str) -> int | float:
    """A decimal number, an integer where it is written as one; an infinity where it is too large.

    Raises:
        ValueError: anything else, also blanks around it, `nan`, `inf`, or more digits than Python reads.
    """
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r:.80} is not a number such as 19.99")
    return int(text) if _INTEGER.fullmatch(text) else float(text)
