"""Numbers written as text: what is read, and what only Python would read."""

from __future__ import annotations

import pytest

from engine.core.values import integer_of, number_of

NO_NUMBERS = [
    "",
    " ",
    "1_0",
    " 1",
    "1 ",
    "1_000.5",
    "１２",
    "٣",
    "0x10",
    "nan",
    "inf",
    "-",
    ".",
    "1e",
    "1,5",
]


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("-7", -7), ("+12", 12), ("0042", 42)])
def test_integer(text: str, value: int) -> None:
    assert integer_of(text) == value


@pytest.mark.parametrize("text", [*NO_NUMBERS, "1.0", "1e3"])
def test_text_that_is_no_integer(text: str) -> None:
    with pytest.raises(ValueError, match="is not an integer such as 42"):
        integer_of(text)


@pytest.mark.parametrize(
    ("text", "value"), [("19.99", 19.99), ("-.5", -0.5), ("1.", 1.0), ("1e3", 1000.0), ("7", 7)]
)
def test_number(text: str, value: float) -> None:
    assert number_of(text) == value
    assert type(number_of(text)) is type(value)


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_text_that_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a number such as 19\.99"):
        number_of(text)
