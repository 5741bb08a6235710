"""A value of any column as it is shown: its form, its text, where it leads. Knows types; not columns."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import urlsplit

Form = Literal["none", "text", "long", "number", "date", "moment", "link", "code"]
LONG, LONG_LINES = 280, 6  # characters and lines of a text that is folded
_MOST_TEXT = 20_000  # characters of a text that are shown at all
_LINK = re.compile(r"https?://[^\s<>\"\\^`{|}]{1,2000}", re.IGNORECASE)


@dataclass(frozen=True)
class Shown:
    """One value.

    Attributes:
        form: "none" for a value that is missing; a "date" has no time, a "moment" has; "code" is what
            only its writer may want to read, such as bytes and structures.
        text: of a number its digits, of a date ISO 8601: scripts write them in the browser's language.
        href: where it leads; None for nowhere.
        is_foreign: it leads away from this server.
    """

    form: Form
    text: str
    href: str | None = None
    is_foreign: bool = False


def shown_value(value: Any) -> Shown:
    """A value of any type. One that can't be read is said to be so, never left out."""
    if value is None:
        return Shown("none", "not given")
    if isinstance(value, bool):
        return Shown("text", "yes" if value else "no")
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return Shown("text", str(value))  # years, sizes and numbers of articles have no separators
    if isinstance(value, float):
        is_number = value - value == 0
        return Shown("number", repr(value)) if is_number else Shown("text", "not a number")
    if isinstance(value, Decimal):
        return Shown("number", f"{value:f}") if value.is_finite() else Shown("text", "not a number")
    if isinstance(value, datetime):
        return Shown("moment", value.isoformat())
    if isinstance(value, date):
        return Shown("date", value.isoformat())
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Shown("code", f"{len(value):,} bytes")
    if isinstance(value, (list, tuple, Mapping)):
        return Shown("code", json.dumps(value, ensure_ascii=False, default=str)[:_MOST_TEXT])
    return Shown("text", str(value)[:_MOST_TEXT])


def _text(value: str) -> Shown:
    if not value.strip():
        return Shown("none", "empty")
    if is_safe_link(value):
        return Shown("link", value, value, is_foreign=True)
    is_long = len(value) > LONG or value.count("\n") >= LONG_LINES
    text = value if len(value) <= _MOST_TEXT else f"{value[:_MOST_TEXT]}…"
    return Shown("long" if is_long else "text", text)


def is_safe_link(text: str) -> bool:
    """Whether a text is a web address that anybody may be led to: of the web, and of no other user."""
    if not _LINK.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and parts.username is None and (parts.port or 1) > 0
    except ValueError:
        return False
