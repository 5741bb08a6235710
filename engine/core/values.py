"""What a value says, read strictly: numbers, times, text. Knows no columns; the rules of every door.

Python's own `int`, `float` and `fromisoformat` also read `1_0`, blanks around a number, digits of other
scripts and, by release, more and more forms of time, which no file format and no SQL means. Times are
these everywhere: `2024-01-31`, and `2024-01-31T12:00:00Z` with a blank for the T, without seconds,
with a fraction of up to nine digits (zeros beyond microseconds) and with an offset or without. A year
outside 1 to 9999 has a sign, as in replies: `+10000-01-01`.
"""

from __future__ import annotations

import functools
import re
import reprlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import orjson

from engine.errors import InvalidParameterValue

_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_TIME = re.compile(
    r"([0-9]{4}|\+[0-9]{5,6}|-[0-9]{1,6})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
    r"(?:([Zz])|([+-])([0-9]{2}):?([0-9]{2})?)?)?"
)
_DECIMALS_AT_ONCE = 1 << 15  # numbers; other threads wait while orjson runs
# Writes out the beginning of a long value only.
_SHORT = reprlib.Repr()
_SHORT.maxlist = _SHORT.maxdict = 40  # a member and its comma take at least three characters
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 200
DATE_EXAMPLE = "2024-01-31"
TIME_EXAMPLE = "2024-01-31T12:00:00Z"
TIME_TAKEN = f"a time such as '{TIME_EXAMPLE}', as text, to the microsecond"
TEXT_TAKEN = "text, in quotes, without lone surrogates"
_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400 * 10**6  # microseconds
_PICOSECONDS = {"ps": 1, "ns": 10**3, "us": 10**6, "ms": 10**9, "s": 10**12} | {
    unit: seconds * 10**12
    for unit, seconds in {"m": 60, "h": 3600, "D": 86_400, "W": 604_800}.items()
}
_CYCLE = 400, 146_097  # years after which the calendar repeats, and their days


# ------------------------------------------------------------------ numbers
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


def exact_number_of(text: str) -> int | float | Decimal:
    """The same, exactly: a Decimal where a double's shortest form would be another number.

    Raises:
        ValueError: as `number_of`.
    """
    number = number_of(text)
    if isinstance(number, int):
        return number
    exact = Decimal(text)
    return number if decimal_of(number) == exact else exact


def typed(number: float) -> str:
    """A number as people type it, with all of its digits: 1234567.5, and 5 for 5.0."""
    return repr(float(number)).removesuffix(".0")


def decimal_of(number: float) -> Decimal:
    """The number that a double's shortest form says: 19.99, not 19.989999999999998436805981327779591."""
    return Decimal(repr(number))


def single_of(number: float) -> float:
    """The nearest float32, as a double; an infinity beyond its range."""
    with np.errstate(over="ignore"):
        return float(np.float32(number))


def half_of(number: float) -> float:
    """The nearest float16 by its shortest form, as `shortest_forms` of float32; an infinity beyond."""
    with np.errstate(over="ignore"):
        return float(str(np.float16(number)))


def shortest_forms(singles: np.ndarray) -> list[float]:
    """Each float32 as the shortest decimal that reads back to it: 0.1, not 0.10000000149.

    Written and read as JSON, which takes a twentieth of the time of one text a number.
    """
    decimals: list[float] = []
    for start in range(0, len(singles), _DECIMALS_AT_ONCE):
        part = np.ascontiguousarray(singles[start : start + _DECIMALS_AT_ONCE])
        decimals += orjson.loads(orjson.dumps(part, option=orjson.OPT_SERIALIZE_NUMPY))
    for place in np.flatnonzero(~np.isfinite(singles)).tolist():  # JSON has no word for these
        decimals[place] = float(singles[place])
    return decimals


# ------------------------------------------------------------------ times
def to_timestamp(value: object) -> datetime:
    """ISO 8601 text, a datetime or a date to a UTC time without zone; a bare date is its midnight.

    Raises:
        ValueError, TypeError, OverflowError: it is no time of the years 1 to 9999, or finer than a
            microsecond.
    """
    moment = any_time(value)
    if isinstance(moment, FarTime):
        raise OverflowError
    return moment


def to_date(value: object) -> date:
    """ISO 8601 text to a date; a time that is a UTC midnight counts as its date.

    Raises:
        ValueError, TypeError, OverflowError: it is no date of the years 1 to 9999.
    """
    day = any_date(value)
    if isinstance(day, FarTime):
        raise OverflowError
    return day


def any_time(value: object) -> datetime | FarTime:
    """`to_timestamp` of any year that microseconds of 64 bits reach.

    Raises:
        ValueError, TypeError, OverflowError: it is no time, or finer than a microsecond.
    """
    if isinstance(value, FarTime):
        return _moment(value.count * (_DAY if value.is_date else 1))
    if isinstance(value, np.datetime64):
        return _moment(_count_of_numpy(value))
    if isinstance(value, datetime):
        # pandas' times are datetimes: its NaT equals nothing, and others may have nanoseconds.
        if value != value or getattr(value, "nanosecond", False):
            raise ValueError
        hour, minute, second = value.hour, value.minute, value.second
        day = value.year, value.month, value.day
        moment = datetime(*day, hour, minute, second, value.microsecond)
        offset = value.utcoffset()
        return _moment((moment - _EPOCH - offset) // _MICROSECOND) if offset else moment
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if isinstance(value, str):
        return _moment(_count_of_text(value))
    raise TypeError


def any_date(value: object) -> date | FarTime:
    """`to_date` of any year that microseconds of 64 bits reach.

    Raises:
        ValueError, TypeError, OverflowError: it is no date.
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, FarTime) and value.is_date:
        return value
    moment = any_time(value)
    if isinstance(moment, FarTime):
        days, rest = divmod(moment.count, _DAY)
    else:
        days, rest = divmod((moment - _EPOCH) // _MICROSECOND, _DAY)
    if rest:
        raise ValueError
    return FarTime(days, "D") if isinstance(moment, FarTime) else moment.date()


def _moment(count: int) -> datetime | FarTime:
    """Microseconds since 1970 as a time."""
    try:
        return _EPOCH + timedelta(microseconds=count)
    except OverflowError:
        if abs(count) >= 2**63:
            raise
        return FarTime(count, "us")


def _count_of_numpy(value: np.datetime64) -> int:
    """Microseconds since 1970, by Python's integers: numpy's conversions overflow without a word."""
    unit, step = np.datetime_data(value.dtype)
    if unit in ("Y", "M") and abs(int(value.astype(np.int64))) < 10**7:
        value, unit, step = value.astype("datetime64[D]"), "D", 1
    if value != value or unit not in _PICOSECONDS:  # NaT, or no time at all
        raise ValueError
    micros, rest = divmod(int(value.astype(np.int64)) * step * _PICOSECONDS[unit], 10**6)
    if rest:
        raise ValueError
    return micros


def _count_of_text(text: str) -> int:
    """Microseconds since 1970 of a time as text."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError
    year, month, day, hour, minute, second, fraction, _, sign, hours, minutes = found.groups()
    digits = (fraction or "").ljust(9, "0")
    if digits[6:] != "000":
        raise ValueError
    cycles, rest = divmod(int(year), _CYCLE[0])
    # A year that Python knows, of the same calendar.
    moment = datetime(
        _CYCLE[0] + rest,
        int(month),
        int(day),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        int(digits[:6]),
    )
    if sign is not None:
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        if offset >= timedelta(days=1):
            raise ValueError
        moment += offset if sign == "-" else -offset
    return (moment - _EPOCH) // _MICROSECOND + (cycles - 1) * _CYCLE[1] * _DAY


@functools.total_ordering
class FarTime:
    """A time or a date outside the years 1 to 9999, which Python's own can't say; see `isoformat`.

    Stands among datetimes, or among dates, in the right order.
    """

    def __init__(self, count: int, unit: Literal["us", "D"]) -> None:
        """Take microseconds ("us") or days ("D") since 1970."""
        self._count, self._unit = count, unit

    @property
    def count(self) -> int:
        """Microseconds since 1970, or days of a date."""
        return self._count

    @property
    def is_date(self) -> bool:
        """Whether it is a day, without a time."""
        return self._unit == "D"

    def isoformat(self, least: Literal["seconds", "milliseconds"] = "seconds") -> str:
        """ISO 8601's expanded form: `+10000-01-01T04:59:59`.

        Args:
            least: digits that a time has at least; it has microseconds where it needs them.
        """
        text = str(np.array(self._count).astype(f"datetime64[{self._unit}]"))
        if text.endswith(".000000"):
            text = text[: -len(".000000")]
            text += ".000" if least == "milliseconds" else ""
        elif least == "milliseconds" and text.endswith("000") and not self.is_date:
            text = text[:-3]
        return text if text.startswith("-") else f"+{text}" if self._count > 0 else text

    __str__ = isoformat

    def __repr__(self) -> str:
        return f"FarTime({self.isoformat()!r})"

    def __hash__(self) -> int:
        return hash((self._count, self._unit))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FarTime) and vars(other) == vars(self)

    def __lt__(self, other: object) -> bool:
        if isinstance(other, FarTime):
            return self._count < other._count
        return self._count < 0 if isinstance(other, date) else NotImplemented


def plain(value: object) -> object:
    """A numpy scalar as Python's own; anything else as it is. Times stay for `to_timestamp`."""
    if isinstance(value, np.generic) and not isinstance(value, np.datetime64):
        return value.item()
    return value


def listed(value: Any) -> Any:
    """Arrays and scalars of numpy, columns of pandas, as lists and values; anything else as it is."""
    return value.tolist() if hasattr(value, "tolist") else value


# ------------------------------------------------------------------ text
def is_text(value: object) -> bool:
    """Whether it is text that can be stored: half an emoji, a lone surrogate, can't be."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_texts(value: object) -> None:
    """Refuse half a character, which no file holds and no reply, among texts in lists and mappings.

    Raises:
        InvalidParameterValue: shows the text.
    """
    if isinstance(value, str):
        if not is_text(value):
            raise InvalidParameterValue(
                f"{shown(value)} holds a lone surrogate, half of a character; cut texts between "
                "characters."
            )
    elif isinstance(value, Mapping):
        check_texts([*value, *value.values()])
    elif isinstance(value, (list, tuple)):
        for one in value:
            check_texts(one)


def shown(value: object) -> str:
    """A value for a message: short, and never a reason to fail."""
    try:
        return f"{_SHORT.repr(value):.80}"
    except ValueError:  # an integer with more digits than Python writes
        return "a number"
    except RecursionError:
        return "a value"


def check_flag(value: object, name: str) -> bool:
    """A flag as it is. Raises InvalidParameterValue: anything but True and False, also "false"."""
    if not isinstance(value, bool):
        raise InvalidParameterValue(f"{name} is {shown(value)}; expected True or False.")
    return value
