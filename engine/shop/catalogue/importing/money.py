"""Prices as people write them, in any country, as numbers. Knows texts; not columns' names.

What a comma or a point means is decided for a column as a whole: `1.234` among `12,50` is a thousand and
more, among `12.50` it is not. A range (`10 - 20 €`) counts with its lower end, the price to start from.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_SIGNS = "€$£¥￥₹₽₩₺₴₫₪฿"
# Codes and words, and the sign that is shown for them.
_CODES = {
    "eur": "€", "euro": "€", "euros": "€", "usd": "$", "us$": "$", "gbp": "£", "jpy": "¥", "cny": "¥",
    "rmb": "¥", "inr": "₹", "rs": "₹", "rub": "₽", "krw": "₩", "try": "₺", "tl": "₺", "chf": "CHF ",
    "fr": "CHF ", "sek": "SEK ", "nok": "NOK ", "dkk": "DKK ", "kr": "kr ", "pln": "zł ", "zł": "zł ",
    "zl": "zł ", "czk": "Kč ", "kč": "Kč ", "huf": "Ft ", "ft": "Ft ", "brl": "R$", "r$": "R$",
    "cad": "C$", "c$": "C$", "ca$": "C$", "aud": "A$", "a$": "A$", "au$": "A$", "mxn": "MX$",
    "元": "¥", "円": "¥", "원": "₩", "руб": "₽", "р": "₽", "ron": "lei ", "lei": "lei ", "nt$": "NT$",
    "s$": "S$", "hk$": "HK$", "nz$": "NZ$", "nzd": "NZ$", "rm": "RM ", "rp": "Rp ", "thb": "฿",
    "zar": "R ", "r": "R ", "aed": "AED ", "sgd": "S$", "hkd": "HK$",
}  # fmt: skip
_NUMBER = r"\d(?:[\d.,'’\s\u00a0\u202f]*\d)?|[.,]\d+"
_UNIT = rf"(?:[{_SIGNS}]|[^\W\d_]{{1,5}}\.?\$?|[^\W\d_]{{0,2}}\$)?"
_ONE = rf"\s*({_UNIT})\s*({_NUMBER})\s*({_UNIT})\s*"
_WHOLE = r"[.,]?[-–—]+\s*"  # instead of cents: 20.–
_MONEY = re.compile(f"{_ONE}(?:{_WHOLE})?")
_RANGE = re.compile(rf"{_ONE}(?:-|–|—|\.\.+|to|bis|à|/)\s*{_ONE}", re.IGNORECASE)
_FROM = re.compile(r"\s*(?:from|ab|dès|desde|da|od|från|vanaf|ca\.?)\s+", re.IGNORECASE)
_LONGEST = 60  # characters of a price
_TAIL = re.compile(r"([.,])(\d+)$")


@dataclass(frozen=True)
class Prices:
    """A column of prices.

    Attributes:
        values: numbers; None where there is none, or none that can be read.
        unread: place -> what stands there, for those that can't be read.
        currency: the sign that most of them have, "" for none.
    """

    values: list[float | None]
    unread: dict[int, str]
    currency: str


def read_prices(given: Sequence[Any], nulls: Iterable[str] = ("",)) -> Prices:
    """Numbers of texts or of numbers; below zero and not finite can't be read."""
    empty = set(nulls)
    split = [_split(one) if isinstance(one, str) else None for one in given]
    decimal = _decimal_sign([number for part in split if part for number in part[0]])
    values: list[float | None] = []
    unread: dict[int, str] = {}
    for place, (one, parts) in enumerate(zip(given, split)):
        number = _number(one) if not isinstance(one, str) else parts and _amount(parts[0], decimal)
        is_null = one is None or one != one or (isinstance(one, str) and one.strip() in empty)
        if number is None and not is_null:
            unread[place] = str(one)[:80]
        values.append(number if not is_null else None)
    signs = Counter(part[1] for part in split if part and part[1])
    return Prices(values, unread, signs.most_common(1)[0][0] if signs else "")


def is_price(text: str) -> bool:
    """Whether a text is an amount, with a currency or without."""
    return _split(text) is not None


def has_currency(text: str) -> bool:
    """Whether a text is an amount with a currency."""
    parts = _split(text)
    return parts is not None and bool(parts[1])


def _number(value: Any) -> float | None:
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            return None
        return number if 0 <= number < float("inf") else None
    return None


def _split(text: str) -> tuple[list[str], str] | None:
    """The numbers of a price or a range, and the sign of its currency; None for other texts."""
    if len(text) > _LONGEST:
        return None
    plain = _FROM.sub("", text, count=1) if text[:1].isalpha() or text[:1].isspace() else text
    found = _MONEY.fullmatch(plain) or _RANGE.fullmatch(plain)
    if found is None:
        return None
    parts = found.groups()
    numbers = [parts[place] for place in range(1, len(parts), 3)]
    units = [parts[place] for place in range(len(parts)) if place % 3 != 1 and parts[place]]
    signs = [_sign(unit) for unit in units]
    return None if None in signs else (numbers, signs[0] if signs else "")  # type: ignore[return-value]


def _sign(unit: str) -> str | None:
    """What is shown for a currency; None for a word that is none."""
    if unit in _SIGNS:
        return "¥" if unit == "￥" else unit
    return _CODES.get(unit.rstrip(".").casefold())


def _decimal_sign(numbers: Sequence[str]) -> str:
    """What stands before the decimals in these numbers: a comma or a point."""
    counts: Counter[str] = Counter()
    for number in numbers:
        tail = _TAIL.search(number)
        if tail and (len(tail[2]) != 3 or any(sign in number[: tail.start()] for sign in ".,")):
            is_last = number.count(tail[1]) == 1
            counts[tail[1] if is_last else "," if tail[1] == "." else "."] += 1
    return "," if counts[","] > counts["."] else "."


def _amount(numbers: Sequence[str], decimal: str) -> float | None:
    amounts = [_plain(number, decimal) for number in numbers]
    return min(amounts) if amounts else None


def _plain(number: str, decimal: str) -> float:
    """A number as a float, its decimals after the column's sign unless it shows another one."""
    text = re.sub(r"[\s\u00a0\u202f'’]", "", number)
    if "," in text and "." in text:
        decimal = max(",.", key=text.rfind)
    elif text.count(",") + text.count(".") == 1:
        tail = _TAIL.search(text)
        if tail and len(tail[2]) != 3:
            decimal = tail[1]
    elif text.count(",") > 1:
        decimal = "."
    elif text.count(".") > 1:
        decimal = ","
    thousands = "." if decimal == "," else ","
    return float(text.replace(thousands, "").replace(decimal, "."))
