"""Rows as an aligned table of text. Knows how wide characters are; not whose rows these are.

Widths are those of terminals, counted by wcwidth: two for an ideograph, none for an accent. What would
bend a table is taken from values: line breaks, control characters, marks that turn text around.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

WIDTH = 80  # of a terminal of which nothing is known
_GAP = "  "  # between columns
_LAST_LEAST = 8  # where there is still no room
_CUT = "…"
_LEAST = 14  # characters that a column of texts keeps, unless it says otherwise
_FEW = 8  # entries of a list that are shown
_JOINERS = "\u200c\u200d"  # which emoji and Indic scripts need
_ISOLATED = (
    "\u2068",
    "\u2069",
)  # around text from right to left, so that its neighbours stay in place


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: what rows call it. header: above it, its name if None.
        form: of its numbers, as `format` takes it; or what makes text of any value.
        least: to how many characters its texts may be shortened. Numbers never are.
        is_kept: it goes last of all where not all fit; otherwise the last column goes first.
        is_left: whether it stands at the left also where it holds numbers, as names do.
    """

    name: str
    header: str | None = None
    form: str | Callable[[Any], str] | None = None
    least: int = _LEAST
    is_kept: bool = False
    is_left: bool = False


@dataclass(frozen=True)
class TextTable:
    """The lines of a table: header, rule, and one for each row. `left_out`: headers without room."""

    lines: tuple[str, ...]
    left_out: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.lines)


def text_table(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[Column | str],
    width: int | None = WIDTH,
) -> TextTable:
    """Rows as a table at most `width` characters wide: columns are shortened first, then left out.

    None: as wide as its values are, all of them whole but long lists of numbers.
    """
    made = [_Made(one if isinstance(one, Column) else Column(one), rows, width) for one in columns]
    if width is None:
        widths = {place: column.natural for place, column in enumerate(made)}
    else:
        widths = _fitted(made, width)
    shown = [(made[place], room) for place, room in sorted(widths.items())]
    lines = [_line([c.aligned(c.header, room) for c, room in shown])]
    lines.append(_line(["-" * room for _, room in shown]))
    lines += [
        _line([c.aligned(c.cells[place], room) for c, room in shown]) for place in range(len(rows))
    ]
    left_out = [one.header for place, one in enumerate(made) if place not in widths]
    return TextTable(tuple(lines), tuple(left_out))


def one_line(value: object, width: int | None = None) -> str:
    """A value as one line without what bends it, shortened to a width."""
    text = _straight(str(value))
    return text if width is None else _isolated(_clipped(text, width))


class _Made:
    """A column with its texts and widths."""

    def __init__(
        self, column: Column, rows: Sequence[Mapping[str, Any]], width: int | None
    ) -> None:
        values = [row.get(column.name) for row in rows]
        self.column, self._fits = column, width is not None
        self.cells = [_cell(value, column.form, width is None) for value in values]
        self.header = one_line(column.name if column.header is None else column.header)
        known = [value for value in values if value is not None]
        self._is_number = bool(known) and all(_is_number(value) for value in known)
        widest = max(map(_width, self.cells), default=0)
        self.natural = max(widest, _width(self.header))
        least = widest if self._is_number else min(widest, column.least)
        self.least = max(least, min(_width(self.header), _LEAST))

    def give_in(self) -> None:
        """Let its texts be shortened further."""
        if not self._is_number:
            self.least = min(self.least, _LAST_LEAST)

    def aligned(self, text: str, room: int) -> str:
        from wcwidth import width

        shown = _clipped(text, room) if self._fits else text
        blank = " " * max(0, room - width(shown))
        shown = _isolated(shown) if self._fits else shown
        return blank + shown if self._is_number and not self.column.is_left else shown + blank


def _fitted(made: Sequence[_Made], width: int) -> dict[int, int]:
    """Place -> width of the columns that fit: the widest are shortened, then the last left out."""
    places = list(range(len(made)))

    def rest(widths: Sequence[int]) -> int:
        return width - sum(widths) - len(_GAP) * (len(widths) - 1)

    while len(places) > 1 and rest([made[place].least for place in places]) < 0:
        spare = [place for place in places if not made[place].column.is_kept]
        places.remove((spare or places)[-1])
        if not spare[1:]:  # those that are kept give in before they go
            for place in places:
                made[place].give_in()
    widths = {place: min(made[place].natural, width) for place in places}
    over = -rest(list(widths.values()))
    while over > 0:
        able = [place for place in places if widths[place] > made[place].least]
        if not able:
            return {place: min(room, width) for place, room in widths.items()}
        widths[max(able, key=lambda place: widths[place])] -= 1
        over -= 1
    return widths


def _line(cells: Sequence[str]) -> str:
    return _GAP.join(cells).rstrip()


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _cell(value: object, form: str | Callable[[Any], str] | None, whole: bool) -> str:
    """A value as a line of text."""
    if value is None:
        return ""
    if callable(form):
        return _straight(form(value))
    if _is_number(value):
        return _number(value, form, whole)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"<{len(value):,} bytes>"
    if isinstance(value, (list, tuple)) and len(value) > _FEW and all(map(_is_number, value)):
        first = ", ".join(_number(one, None, False) for one in value[:2])
        return f"[{first}, {_CUT} {len(value):,} numbers]"
    return _straight(_entries(value) if isinstance(value, (list, tuple, Mapping)) else str(value))


def _entries(value: Any) -> str:
    """A list or a structure, with times and decimals in it as they are shown by themselves."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{name!r}: {_entries(one)}" for name, one in value.items())
        return f"{{{inner}}}"
    if isinstance(value, (list, tuple)):
        inner = ", ".join(map(_entries, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    return repr(value) if isinstance(value, (str, bytes)) else str(value)


def _number(value: Any, form: str | None, whole: bool) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    if form is not None:
        return format(value, form)
    if whole or not isinstance(value, float) or value == int(value) or abs(value) >= 10:
        return str(value)
    return f"{value:.4g}"


def harmless(text: str) -> str:
    """Lines that steer no terminal: escapes for control characters, no marks of direction."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if one in "\n\t" else _harmless(one) for one in text)


def _straight(text: str) -> str:
    """One line: blanks for white space, escapes for control characters, no marks of direction."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_harmless, " ".join(text.split())))


def _harmless(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in ("Cc", "Cs"):
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return "" if kind == "Cf" and character not in _JOINERS else character


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    from wcwidth import width

    found: int = width(text)
    return found


def _clipped(text: str, room: int) -> str:
    """The text within so many columns, with a mark where it was cut."""
    if _width(text) <= room:
        return text
    from wcwidth import clip

    return f"{clip(text, 0, max(room - 1, 0))}{_CUT}" if room > 0 else ""


def _isolated(text: str) -> str:
    if text.isascii() or not any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in text):
        return text
    return f"{_ISOLATED[0]}{text}{_ISOLATED[1]}"
