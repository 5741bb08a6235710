"""`conv`, and numbers in formats of digits: `to_char`, `to_number`. Truth: Spark's values."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa

from engine.errors import BadStatement

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BASES = range(2, 37)
_WORD = 1 << 64  # what a number of `conv` is within
_OF_NUMBERS = re.compile("[DGS$.,MIPR]*[09][09DGS$.,MIPR]*")
_SIGNS = ("+", "-", "<")
_FORMAT = re.compile(
    r"(?P<first>S|MI)?(?P<money>\$)?(?P<whole>[09]+(?:[,G][09]+)*)?"
    r"(?P<point>[.D](?P<part>[09]*))?(?P<last>S|MI|PR)?",
)


# ------------------------------------------------------------------ conv
def conv(number: pa.ChunkedArray, base: pa.ChunkedArray, to: pa.ChunkedArray) -> pa.Array:
    """Whole numbers given as texts, from one base to another; a base below 0 keeps signs."""
    rows = zip(*(one.to_pylist() for one in (number, base, to)))
    return pa.array([_converted(*row) for row in rows], pa.string())


def _converted(text: str, base: int, to: int) -> str | None:
    text = text.strip(" ")
    if base not in _BASES or abs(to) not in _BASES or not text:
        return None
    negative, value = text.startswith("-"), 0
    for sign in text[negative:].upper():
        digit = _DIGITS.find(sign)
        if not 0 <= digit < base:
            break
        value = value * base + digit
        if value >= _WORD:
            raise BadStatement(f"[ARITHMETIC_OVERFLOW] conv: {text!r:.60} is beyond 64 bits.")
    if negative:
        value = (-value) % _WORD
    signed = value - _WORD if value >= _WORD >> 1 else value
    if to < 0:
        return ("-" if signed < 0 else "") + _in_base(abs(signed), -to)
    return _in_base(value, to)


def _in_base(value: int, base: int) -> str:
    out = ""
    while value or not out:
        value, digit = divmod(value, base)
        out = _DIGITS[digit] + out
    return out


# ------------------------------------------------------------------ formats
@dataclass(frozen=True)
class NumberFormat:
    """A format such as `S$99,990.00`.

    Attributes:
        groups: runs of digits before the point, which commas part. part: those behind it.
        point: whether there is one. money: whether a dollar sign is said.
        first, last: the sign, and where it stands: `S`, `MI` or `PR`; empty for none.
    """

    text: str
    groups: tuple[str, ...]
    part: str
    point: bool
    money: bool
    first: str
    last: str

    @property
    def digits(self) -> int:
        """How many there are."""
        return sum(map(len, self.groups)) + len(self.part)


@functools.lru_cache(maxsize=256)
def number_format(text: str) -> NumberFormat:
    """A format read. Raises BadStatement: it is none."""
    found = _FORMAT.fullmatch(text.upper())
    if found is None or not (found["whole"] or found["part"]) or (found["first"] and found["last"]):
        raise BadStatement(
            f"[INVALID_FORMAT] {text!r:.60} is no format of a number: expected digits 0 and 9, with "
            "commas (G), one point (D), $, and S, MI or PR."
        )
    groups = tuple((found["whole"] or "").replace("G", ",").split(","))
    first, last = found["first"] or "", found["last"] or ""
    point, money = found["point"] is not None, found["money"] is not None
    return NumberFormat(text.upper(), groups, found["part"] or "", point, money, first, last)


def is_number_format(text: str) -> bool:
    """Whether a text is a format of numbers, not of times."""
    return _OF_NUMBERS.fullmatch(text.upper()) is not None


def to_char(number: pa.ChunkedArray, said: pa.ChunkedArray) -> pa.Array:
    """Decimals given as texts, as a format says them; what has more digits is said by #."""
    rows = zip(number.to_pylist(), said.to_pylist())
    return pa.array(
        [_in_format(Decimal(one), number_format(form)) for one, form in rows], pa.string()
    )


def _in_format(value: Decimal, form: NumberFormat) -> str:
    whole, _, part = format(abs(value), "f").partition(".")
    whole, part = whole.lstrip("0"), part.rstrip("0")
    slots = sum(map(len, form.groups))
    if len(whole) > slots or len(part) > len(form.part):
        return _too_long(value, form)
    out = _sign_before(value, form) + ("$" if form.money else "")
    digits = whole.rjust(slots)
    for place, group in enumerate(form.groups):
        if place:
            out = f"{out}," if out[-1:].isdigit() else _with_blank(out)
        for digit in digits[: len(group)]:
            blank = digit == " " and group[0] == "9" and not out[-1:].isdigit()
            out = _with_blank(out) if blank else out + digit.replace(" ", "0")
        digits = digits[len(group) :]
    if form.point:
        out = f"{out[:-1]}0" if out.endswith(" ") else out
        out += "." if form.part else " "
    return out + part.ljust(len(form.part), "0") + _sign_behind(value, form)


def _too_long(value: Decimal, form: NumberFormat) -> str:
    """A format with # for its digits, and a blank for its commas."""
    digits = " ".join("#" * len(group) for group in form.groups)
    point = "." if form.part else " " if form.point else ""
    before = _sign_before(value, form) + ("$" if form.money else "")
    return before + digits + point + "#" * len(form.part) + _sign_behind(value, form)


def _with_blank(out: str) -> str:
    """A blank more, before a sign that stands there."""
    return f"{out[:-1]} {out[-1]}" if out[-1:] in _SIGNS else f"{out} "


def _sign_before(value: Decimal, form: NumberFormat) -> str:
    if form.last == "PR":
        return "<" if value < 0 else ""
    if form.first == "S":
        return "-" if value < 0 else "+"
    return ("-" if value < 0 else " ") if form.first else ""


def _sign_behind(value: Decimal, form: NumberFormat) -> str:
    if form.last == "PR":
        return ">" if value < 0 else "  "
    if form.last == "S":
        return "-" if value < 0 else "+"
    return ("-" if value < 0 else " ") if form.last else ""


def to_number(text: pa.ChunkedArray, said: pa.ChunkedArray, lenient: pa.ChunkedArray) -> pa.Array:
    """Numbers in a format, as texts of decimals.

    Raises:
        BadStatement: a text that doesn't fit it, unless `lenient`, which gives null.
    """
    rows = zip(*(one.to_pylist() for one in (text, said, lenient)))
    return pa.array([_out_of_format(*row) for row in rows], pa.string())


def _out_of_format(text: str, said: str, lenient: bool) -> str | None:
    found = _pattern(said).fullmatch(text.replace(" ", ""))
    digits = found and (found["whole"] or "").replace(",", "") + (found["part"] or "")
    if not found or not digits:
        if lenient:
            return None
        raise BadStatement(
            f'[INVALID_FORMAT.MISMATCH_INPUT] The format is invalid: {said}. The input "STRING" '
            f"{text:.60} does not match the format. Use try_to_number to have null instead."
        )
    sign = "-" if {found["before"], found["behind"]} & {"-", "<"} else ""
    return f"{sign}{(found['whole'] or '0').replace(',', '')}.{found['part'] or '0'}"


@functools.lru_cache(maxsize=256)
def _pattern(said: str) -> re.Pattern[str]:
    """What matches the texts of a format."""
    form = number_format(said)
    whole = ""
    for place, group in enumerate(form.groups):
        digits = f"[0-9]{{{len(group)}}}" if group.startswith("0") else f"[0-9]{{0,{len(group)}}}"
        whole += digits if not place else f",?{digits}"
    signs = {"S": "[+-]?", "MI": "-?", "PR": "<?", "": ""}
    ends = {"S": "[+-]?", "MI": "-?", "PR": ">?", "": ""}
    first = form.first or ("PR" if form.last == "PR" else "")
    money = re.escape("$") if form.money else ""
    part = f"(?:[.](?P<part>[0-9]{{0,{len(form.part)}}}))?" if form.point else "(?P<part>)"
    return re.compile(
        f"(?P<before>{signs[first]}){money}(?P<whole>{whole}){part}(?P<behind>{ends[form.last]})"
    )
