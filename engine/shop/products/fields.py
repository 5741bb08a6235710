"""Fields of a text file as values: integers and prices, checked. Knows their forms; not columns."""

from __future__ import annotations

from pathlib import Path

from engine.core.values import integer_of, number_of
from engine.errors import BadSourceFile

NULLS = ("", "NA")  # fields without a value


def integer_field(
    file: Path, line: int, column: str, text: str, required: bool = False
) -> int | None:
    """A 32-bit integer, also written as `2012.0`; None for a null where that is allowed."""
    text = text.strip()
    if text in NULLS and not required:
        return None
    whole, _, fraction = text.partition(".")
    try:
        number = integer_of(whole)
        if -(2**31) <= number < 2**31 and not fraction.strip("0"):
            return number
    except ValueError:
        pass
    raise BadSourceFile(
        f"{column} is {text!r}; expected an integer of 32 bits in plain digits, such as 2012.",
        file=str(file),
        line=line,
        value=text,
    )


def price_field(file: Path, line: int, text: str | None) -> float | None:
    """A price as given; None for an empty field."""
    if text is None or text.strip() in NULLS:
        return None
    try:
        price = float(number_of(text.strip()))
        if 0 <= price < float("inf") and "e" not in text.lower():  # nobody writes a price as 1e5
            return price
    except (ValueError, OverflowError):
        pass
    raise BadSourceFile(
        f"price is {text!r}; expected a number of at least 0 such as 1234.50, with a point for its "
        "decimals and without a currency sign or marks between thousands.",
        file=str(file),
        line=line,
        value=text,
    )
