"""Numbers and times: what is read, and what only Python, or only some of its releases, would read."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.values import (
    FarTime,
    any_date,
    any_time,
    exact_number_of,
    integer_of,
    is_text,
    number_of,
    shortest_forms,
    shown,
    to_date,
    to_timestamp,
)

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


# ------------------------------------------------------------------ exact numbers
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("19.99", 19.99),
        ("12345678901234567.89", Decimal("12345678901234567.89")),
        ("9007199254740993.0", Decimal("9007199254740993.0")),
        ("1e999", Decimal("1e999")),
        ("18446744073709551617", 2**64 + 1),
    ],
)
def test_an_exact_number_is_a_decimal_where_a_double_would_be_another(
    text: str, value: object
) -> None:
    assert exact_number_of(text) == value
    assert type(exact_number_of(text)) is type(value)


SINGLES = st.floats(width=32) | st.sampled_from(
    [float(np.float32(2.0**n)) for n in range(-149, 128)]
)


@settings(deadline=None)
@given(st.lists(SINGLES, max_size=20), st.sampled_from([1, 10]))
def test_the_shortest_form_of_a_float32_is_the_one_numpy_writes(
    numbers: list[float], times: int
) -> None:
    """Few are written one by one, many together."""
    singles = np.array(numbers * times, dtype=np.float32)
    shortest = shortest_forms(singles)
    expected = [float(str(single)) for single in singles]
    assert list(map(repr, shortest)) == list(map(repr, expected))


def test_a_price_as_float32_is_shown_as_written() -> None:
    cents = np.arange(0, 100_000) / 100
    assert shortest_forms(cents.astype(np.float32)) == cents.tolist()


# ------------------------------------------------------------------ times
TIMES = [
    ("2024-01-31", datetime(2024, 1, 31)),
    ("2024-01-31T12:00", datetime(2024, 1, 31, 12)),
    ("2024-01-31 12:00:01", datetime(2024, 1, 31, 12, 0, 1)),
    ("2024-01-31t12:00:01z", datetime(2024, 1, 31, 12, 0, 1)),
    ("2024-01-31T12:00:01.5Z", datetime(2024, 1, 31, 12, 0, 1, 500_000)),
    ("2024-01-31T12:00:01.123456000", datetime(2024, 1, 31, 12, 0, 1, 123_456)),
    ("2024-01-31T12:00:00+05:30", datetime(2024, 1, 31, 6, 30)),
    ("2024-01-31T12:00:00-0500", datetime(2024, 1, 31, 17)),
    ("2024-01-31T12:00:00+01", datetime(2024, 1, 31, 11)),
    ("9999-12-31T23:59:59.999999Z", datetime.max),
    ("0001-01-01", datetime.min),
]
NO_TIMES = [
    "",
    "soon",
    "20240131",
    "2024-W05-3",
    "2024-031",
    "2024-1-31",
    "2024-01-31T12",
    "2024-01-31T12:00:00,5Z",
    "2024-01-31T12:00:00.Z",
    "2024-01-31T12:00:00.1234567",
    "2024-01-31T24:00:00",
    "2024-01-31T12:00:60",
    "2024-02-30",
    "0000-01-01",
    "10000-01-01",
    "+10000-01-01T00:00:00",
    "９９９９-01-01",
    " 2024-01-31",
    "2024-01-31\n",
    "2024-01-31T12:00:00 Z",
    "2024-01-31Z",
    "2024-01-31T12:00:00+24:00",
    "9999-12-31T23:59:59-05:00",
    "0001-01-01T00:00:00+05:00",
    "1704067200",
]


@pytest.mark.parametrize(("text", "moment"), TIMES)
def test_time(text: str, moment: datetime) -> None:
    assert to_timestamp(text) == moment
    assert to_timestamp(text).tzinfo is None


@pytest.mark.parametrize(
    "given_",
    [
        *NO_TIMES,
        1704067200,
        1.5,
        True,
        None,
        np.datetime64("NaT"),
        np.datetime64(10**18, "us"),
        np.datetime64("2024-01-31T12:00:00.000000001"),
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))),
    ],
    ids=str,
)
def test_what_is_no_time(given_: object) -> None:
    with pytest.raises((ValueError, TypeError, OverflowError)):
        to_timestamp(given_)


@pytest.mark.parametrize(("given_", "day"), [("2024-01-31T00:00Z", date(2024, 1, 31))])
def test_a_midnight_is_its_date(given_: object, day: date) -> None:
    assert to_date(given_) == day
    with pytest.raises(ValueError):
        to_date("2024-01-31T00:01Z")


def test_a_subclass_of_datetime_comes_out_plain() -> None:
    pandas = pytest.importorskip("pandas")
    moment = to_timestamp(pandas.Timestamp("2024-01-31T12:00:00+01:00"))
    assert (type(moment), moment) == (datetime, datetime(2024, 1, 31, 11))
    for bad in (pandas.NaT, pandas.Timestamp("2024-01-31T12:00:00.000000001")):
        with pytest.raises(ValueError):
            to_timestamp(bad)


def test_times_that_python_cannot_say_are_shown_and_stand_in_order() -> None:
    late, later = FarTime(253402318799 * 10**6, "us"), FarTime(2**62, "us")
    early, day = FarTime(-(10**17), "us"), FarTime(2932897, "D")
    assert late.isoformat() == "+10000-01-01T04:59:59"
    assert early.isoformat() == "-1199-02-15T14:13:20"
    assert day.isoformat() == "+10000-01-01"
    times = [later, datetime.max, late, datetime.min, early]
    assert sorted(times) == [early, datetime.min, datetime.max, late, later]
    assert day > date.max
    assert late == FarTime(253402318799 * 10**6, "us") != later
    assert len({late, FarTime(253402318799 * 10**6, "us")}) == 1


MICROS = st.integers(-(2**63) + 10**11, 2**63 - 1) | st.sampled_from(
    [count + step for count in (-62135596800 * 10**6, 253402300800 * 10**6) for step in (-1, 0, 1)]
)


@settings(deadline=None)
@given(MICROS)
def test_a_time_of_any_year_reads_back_from_what_is_shown(count: int) -> None:
    moment = any_time(np.datetime64(count, "us"))
    assert any_time(moment.isoformat()) == any_time(moment) == moment
    known = np.array(moment.count if isinstance(moment, FarTime) else moment, "datetime64[us]")
    assert int(known.astype(np.int64)) == count
    day = any_date(np.datetime64(count // 86_400_000_000, "D"))
    assert any_date(day.isoformat()) == any_date(f"{day.isoformat()}T00:00:00Z") == day


@pytest.mark.parametrize(
    ("given_", "shown_"),
    [
        ("9999-12-31T23:59:59-05:00", "+10000-01-01T04:59:59"),
        ("0001-01-01T00:00:00+05:00", "0000-12-31T19:00:00"),
        (
            datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))),
            "+10000-01-01T04:59:59.999999",
        ),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=1))), "0000-12-31T23:00:00"),
        (FarTime(2932897, "D"), "+10000-01-01T00:00:00"),
        (np.datetime64(2**62, "s"), None),
        ("+9999999-01-01", None),
        ("+300000-01-01", None),
        ("10000-01-01", None),
        ("+2024-01-01", None),
    ],
    ids=str,
)
def test_a_far_time_is_taken_in_any_zone(given_: object, shown_: str | None) -> None:
    if shown_ is not None:
        assert str(any_time(given_)) == shown_
        return
    with pytest.raises((ValueError, OverflowError)):
        any_time(given_)


# ------------------------------------------------------------------ text
def test_half_a_character_is_no_text() -> None:
    assert is_text("dress 👗")
    assert not is_text("dress \ud83d")
    assert not is_text(5)


def test_whatever_is_shown_is_short() -> None:
    nested: list[object] = []
    nested.append(nested)
    for value in ("x" * 999, 10**5000, nested, object()):
        assert len(shown(value)) <= 80
