"""Odd values: prices, keys, years, and columns that are of numbers only where nothing is lost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.shop.catalogue.importing.money import has_currency, is_price, read_prices
from engine.shop.catalogue.importing.values import column, key_of, keys, year_of


@pytest.mark.parametrize(
    ("text", "amount", "sign"),
    [
        ("1.234,50 €", 1234.5, "€"),
        ("€ 1.234,50", 1234.5, "€"),
        ("$12", 12.0, "$"),
        ("US$ 12.00", 12.0, "$"),
        ("12 USD", 12.0, "$"),
        ("EUR 9,95", 9.95, "€"),
        ("1,234.50", 1234.5, ""),
        ("1 234,50", 1234.5, ""),
        ("1\u00a0234,50\u00a0€", 1234.5, "€"),
        ("1'234.50 CHF", 1234.5, "CHF "),
        ("CHF 20.–", 20.0, "CHF "),
        ("1,234,567", 1234567.0, ""),
        ("1.234.567", 1234567.0, ""),
        ("£10 - £20", 10.0, "£"),
        ("10–20 €", 10.0, "€"),
        ("from $5.50", 5.5, "$"),
        ("ab 19,99 €", 19.99, "€"),
        ("¥1200", 1200.0, "¥"),
        ("₹ 1,29,999.00", 129999.0, "₹"),
        (".99", 0.99, ""),
        ("0", 0.0, ""),
    ],
)
def test_prices_as_people_write_them(text: str, amount: float, sign: str) -> None:
    read = read_prices([text])
    assert (read.values, read.currency, read.unread) == ([amount], sign, {})
    assert is_price(text)
    assert has_currency(text) == bool(sign)


def test_the_column_decides_what_a_comma_means() -> None:
    assert read_prices(["1.234", "12,50"]).values == [1234.0, 12.5]
    assert read_prices(["1.234", "12.50"]).values == [1.234, 12.5]
    assert read_prices(["1,234", "12.50"]).values == [1234.0, 12.5]


@pytest.mark.parametrize(
    "given", ["free", "-5", "12 apples", "2012-05-06", "XL", True, -1, float("inf")]
)
def test_what_is_no_price_is_told(given: Any) -> None:
    read = read_prices([given, 5])
    assert read.values == [None, 5.0]
    assert list(read.unread) == [0]


def test_numbers_and_missing_prices() -> None:
    read = read_prices([Decimal("1.5"), 2, None, float("nan"), ""])
    assert read.values == [1.5, 2.0, None, None, None]
    assert read.unread == {}


@given(st.integers(0, 10**9), st.sampled_from("€$£"), st.booleans(), st.booleans())
def test_a_written_price_is_read_back(cents: int, sign: str, comma: bool, before: bool) -> None:
    text = f"{cents / 100:,.2f}"
    text = text.translate(str.maketrans(",.", ".,")) if comma else text
    text = f"{sign}{text}" if before else f"{text} {sign}"
    assert read_prices([text]).values == [cents / 100]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2", None], pa.int64()),
        (["1", "02"], pa.string()),
        (["1.5", "2"], pa.float64()),
        (["1e5", "2"], pa.string()),
        (["12345678901234567890", "1"], pa.string()),
        (["9223372036854775807", "-9223372036854775808"], pa.int64()),
        (["+1", "1"], pa.string()),
        ([None, None], pa.string()),
        (["2020-01-02"], pa.string()),
    ],
)
def test_texts_are_numbers_where_nothing_is_lost(values: list[Any], kind: pa.DataType) -> None:
    made = column(values, is_text=True)
    assert made.type == kind
    if kind == pa.int64():
        assert [None if v is None else str(v) for v in made.to_pylist()] == values


@pytest.mark.parametrize(
    ("values", "expected", "kind"),
    [
        ([1, None, 2], [1, None, 2], pa.int64()),
        ([1, 2.5], [1.0, 2.5], pa.float64()),
        ([2**70, 1], [str(2**70), "1"], pa.string()),
        ([True, None], [True, None], pa.bool_()),
        ([True, 1], ["true", "1"], pa.string()),
        (["a", 1], ["a", "1"], pa.string()),
        ([["a"], None], [["a"], None], pa.list_(pa.string())),
        ([[1], [2.5]], [[1.0], [2.5]], pa.list_(pa.float64())),
        ([["a", 1]], ['["a",1]'], pa.string()),
        ([{"a": 1}], ['{"a":1}'], pa.string()),
    ],
)
def test_mixed_values_find_a_type(
    values: list[Any], expected: list[Any], kind: pa.DataType
) -> None:
    made = column(values)
    assert (made.to_pylist(), made.type) == (expected, kind)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5),
        (5.0, 5),
        (5.5, "5.5"),
        (" 007 ", "007"),
        (2**70, str(2**70)),
        ("", None),
        (None, None),
        (True, None),
        (float("nan"), None),
        ("\ud800", None),
    ],
)
def test_keys(value: Any, expected: Any) -> None:
    assert key_of(value) == expected


def test_keys_of_one_column_have_one_type() -> None:
    assert keys([1, 2]).type == pa.int64()
    assert keys(["1", "22"]).to_pylist() == [1, 22]
    assert keys(["1", "022"]).to_pylist() == ["1", "022"]
    assert keys([1, "a"]).to_pylist() == ["1", "a"]
    assert keys(["12345678901234567890"]).type == pa.string()


@pytest.mark.parametrize(
    ("value", "year"),
    [(2012, 2012), (2012.0, 2012), ("2012", 2012), ("2012-05-06", 2012), ("12", None), ("x", None)],
)
def test_years(value: Any, year: int | None) -> None:
    assert year_of(value) == year


def test_whole_numbers_beside_others_are_doubles_where_these_hold_them() -> None:
    assert column([1, 0.5, None]).to_pylist() == [1.0, 0.5, None]
    assert column([2**53 + 1, 0.5]).to_pylist() == ["9007199254740993", "0.5"]
    assert column([2**63, 1]).to_pylist() == ["9223372036854775808", "1"]
