"""Texts and values as they are written in a shell, in SQL, in JSON and in Python. Knows no queries."""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from engine.core.names import quoted_name
from engine.core.reply import json_value
from engine.shop.as_code.snippets import CantSay

_WIDTH = 100
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
_UNSEEN = re.compile(r"[\x01-\x08\x0b-\x1f\x7f-\x9f]+")  # which a terminal obeys, or drops

# Words that mean something else where a column's name stands.
_RESERVED = """
    all alter and anti any array as authorization between both by case cast check collate
    column commit constraint create cross cube current current_date current_time
    current_timestamp current_user date default delete describe distinct drop else end
    escape except exists external extract false fetch filter for foreign from full function
    glob grant group grouping having ilike in inner insert intersect interval into is join
    lateral leading left like limit local map match_recognize minus natural no not notnull
    null of on only or order out outer overlaps partition partitioned_by position primary
    qualify range references regexp returning revoke right rlike rollback rollup row rows
    select semi serdeproperties session_user set some start struct table tablesample then
    time timestamp to trailing true truncate uncache union unique unknown update user using
    values when where window with xor
"""


def shell_word(text: str) -> str:
    """A text as one word of a shell.

    Raises:
        CantSay: it holds a NUL, which no argument of a program can.
    """
    if "\0" in text:
        raise CantSay("A text with a NUL character can't be an argument of a program.")
    return shlex.quote(text)


def shell_option(name: str, value: object) -> str:
    """An option with its value, as one or two words; a value that begins with `-` stands behind `=`."""
    text = str(value)
    if name.startswith("--") and text.startswith("-"):
        return f"{name}={shell_word(text)}"
    return f"{name} {shell_word(text)}"


def sql_text(text: str) -> str:
    """A text as SQL's literal, in which a backslash takes the meaning from what follows."""
    escaped = "".join(_ESCAPES.get(letter, letter) for letter in text)
    return "'" + _UNSEEN.sub(_as_units, escaped) + "'"


def _as_units(unseen: re.Match[str]) -> str:
    return "".join(f"\\u{ord(letter):04x}" for letter in unseen.group())


def sql_name(name: str) -> str:
    """A column's name in SQL; in backticks where it is no plain word."""
    is_word = name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit()
    plain = is_word and name.lower() not in _RESERVED.split()
    return name if plain else quoted_name(name)


def sql_names(names: Sequence[str]) -> str:
    """Columns' names behind a word such as SELECT; a longer list in lines of its own."""
    lines = list_lines([sql_name(name) for name in names], 4)
    return f" {lines[0]}" if len(lines) == 1 else "\n    " + "\n    ".join(lines)


def sql_value(value: object) -> str:
    """A key in SQL: a number or a text."""
    return sql_text(value) if isinstance(value, str) else str(value)


def json_text(value: object) -> str:
    """A value as JSON in one line."""
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False)


def plain(value: object) -> Any:
    """A value as JSON has it: dates as texts, numpy's numbers as numbers."""
    item = getattr(value, "item", None)
    if item is not None and not isinstance(value, (str, bytes, Mapping, Sequence)):
        value = item()
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return json_value(value, integers_as_floats=False)


def python_value(value: object, indent: int = 0) -> str:
    """A value of JSON's kinds in Python; a list is broken at a hundred characters.

    Args:
        indent: of the line that it begins in.
    """
    value = plain(value)
    text = _python(value)
    if not isinstance(value, list) or len(text) + indent < _WIDTH:
        return text
    inner = " " * (indent + 4)
    lines = [inner + line for line in list_lines(list(map(_python, value)), indent + 4)]
    return "\n".join(["[", *lines[:-1], lines[-1] + ",", " " * indent + "]"])


def list_lines(parts: Sequence[str], indent: int) -> list[str]:
    """Parts with commas between, in lines of a hundred characters with an indent."""
    lines, line = [], ""
    for part in parts:
        if line and indent + len(line) + len(part) + 3 > _WIDTH:
            lines.append(line + ",")
            line = ""
        line += (", " if line else "") + part
    return [*lines, line]


def _python(value: Any) -> str:
    if isinstance(value, str):
        return python_text(value)
    if isinstance(value, dict):
        pairs = (f"{python_text(name)}: {_python(each)}" for name, each in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_python, value)) + "]"
    return repr(value)


def python_text(text: str) -> str:
    """A text in Python, in double quotes where every character can be seen."""
    return json.dumps(text, ensure_ascii=False) if text.isprintable() else repr(text)


def python_lines(text: str) -> str:
    """A text of several lines in Python: in three quotes where it can stand there as it is."""
    plain_lines = all(letter.isprintable() or letter == "\n" for letter in text)
    if not plain_lines or "\\" in text or '"""' in text or text.endswith('"'):
        return repr(text)
    return f'"""{text}"""'


def weight_text(weight: float) -> str:
    """A weight in the fewest digits that say it."""
    return repr(float(weight)).removesuffix(".0")


def numbers(vector: Sequence[float], indent: int = 4) -> str:
    """Numbers in wrapped lines, without brackets."""
    text = ", ".join(repr(float(each)) for each in vector)
    lead = " " * indent
    return textwrap.fill(text, _WIDTH, initial_indent=lead, subsequent_indent=lead)
