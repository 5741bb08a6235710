"""Tables of text stay straight, and within their width, whatever is in them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import width

from engine.core.values import FarTime
from engine.text_table import Column, one_line, text_table

ODD = [
    None,
    float("nan"),
    float("inf"),
    -12345.678,
    True,
    10**30,
    Decimal("12.50"),
    "",
    "x" * 5_000,
    "日本語のとても長い商品名がここにあります、もっと長く",
    "קצר",
    "قميص أحمر للرجال بأكمام قصيرة",
    "\u202egnp.exe\u202c",
    "\x1b[31mred\x1b[0m\x07\x00",
    "one\ntwo\r\nthree\ttabbed\x0bfour\u2028five",
    "e\u0301tude \U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f",
    "\ud800 half",
    "\u0301",
    "\u200b\ufeff\u00ad",
    b"\xff" * 9,
    [0.125] * 512,
    ["a", "b"],
    {"a": 1},
    dt.date(2026, 1, 2),
]


def widths(lines: tuple[str, ...]) -> list[int]:
    return [width(line) for line in lines]


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_a_table_is_straight_and_fits_whatever_is_in_it(value: object, columns: int) -> None:
    rows = [{"id": 1, "name": value, "end": "|"}, {"id": 22, "name": "plain", "end": "|"}]
    kept = [Column("id"), Column("name", least=8), Column("end", is_kept=True)]
    made = text_table(rows, kept, columns)
    assert len(made.lines) == 4 and max(widths(made.lines)) <= columns
    if "end" not in made.left_out:
        ends = {width(line[: line.rindex("|")]) for line in made.lines[2:]}
        assert len(ends) == 1
    for line in made.lines:
        assert not set("\n\r\t\x1b\x07\x00\u202e") & set(line)
        line.encode()


@given(st.lists(st.lists(st.text(), min_size=3, max_size=3), max_size=5), st.integers(3, 120))
def test_any_text_fits(texts: list[list[str]], columns: int) -> None:
    rows = [dict(zip("abc", row)) for row in texts]
    made = text_table(rows, ["a", "b", "c"], columns)
    assert max(widths(made.lines)) <= columns
    assert len(made.lines) == 2 + len(rows)


def test_without_a_width_values_are_whole_but_for_vectors() -> None:
    rows = [{"a": "x" * 300, "b": 0.123456789, "v": [0.25] * 512}]
    line = text_table(rows, ["a", "b", "v"], None).lines[2]
    assert line.split("  ") == ["x" * 300, "0.123456789", "[0.25, 0.25, … 512 numbers]"]


def test_numbers_stand_at_the_right_and_are_never_cut() -> None:
    rows = [{"n": 5, "t": "abc"}, {"n": 12_345, "t": None}]
    assert text_table(rows, [Column("n", form=","), "t"]).lines == (
        "     n  t",
        "------  ---",
        "     5  abc",
        "12,345",
    )
    narrow = text_table([{"n": 123_456_789_012, "t": "word " * 20}], ["n", "t"], 30).lines[2]
    assert narrow.startswith("123456789012  word word")


def test_long_texts_are_shortened_before_a_column_goes_and_the_last_goes_first() -> None:
    row = {"a": "a" * 40, "b": "b" * 40, "c": "c" * 40, "price": 12.5}
    columns = [*map(Column, "abc"), Column("price", is_kept=True)]
    assert text_table([row], columns, 60).left_out == ()
    made = text_table([row], columns, 45)
    assert made.left_out == ("c",) and made.lines[2].endswith("12.5")
    assert text_table([row], columns, 30).left_out == ("b", "c")


def test_the_rows_of_a_table_need_not_have_every_column() -> None:
    made = text_table([{"a": 1}, {"b": 2}], ["a"])
    assert made.lines[2:] == ("1", "")  # of what is in no column nothing is shown
    assert text_table([], ["a"]).lines == ("a", "-")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("a\n b", "a b"),
        ("\x1b[0m", "\\x1b[0m"),
        ("\u202eab", "ab"),
        (7, "7"),
    ],
)
def test_one_line(value: Any, said: str) -> None:
    assert one_line(value) == said
    assert width(one_line("日本語" * 40, 21)) <= 21


def test_times_and_decimals_in_lists_are_shown_as_by_themselves() -> None:
    at, price = dt.datetime(2024, 1, 31, 12), Decimal("19.90")
    rows = [{"a": [at, None], "b": {"price": price, "at": FarTime(2932897, "D")}, "c": [("k", at)]}]
    line = str(text_table(rows, ["a", "b", "c"], None)).splitlines()[-1]
    assert line.split("  ") == [
        "[2024-01-31 12:00:00, None]",
        "{'price': 19.90, 'at': +10000-01-01}",
        "[('k', 2024-01-31 12:00:00)]",
    ]
