"""Rows that are kept as finished values are those that columns give, however they are asked for."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.reply import sent_values, sent_values_exactly
from engine.store.segments import finished_rows
from engine.store.segments.columns import Columns
from engine.store.segments.finished_rows import FinishedRows
from engine.store.segments.metadata import RowTable

ROWS = 400
ID = pa.array(range(ROWS), pa.int64())
WORD = pa.array([None if i % 7 == 0 else f"w{i % 5}" for i in range(ROWS)]).dictionary_encode()
PRICE = pa.array([float("nan") if i % 11 == 0 else i / 4 for i in range(ROWS)], pa.float64())
DAY = pa.array([dt.date(2020, 1, 1) + dt.timedelta(i) for i in range(ROWS)])
LISTS = pa.array([[i, i + 1] for i in range(ROWS)])
FORMS = (None, sent_values, sent_values_exactly)
ASKED = st.lists(st.lists(st.integers(0, ROWS - 1), max_size=30), max_size=8)


def slowly(columns: list[pa.Array], rows: list[int], form: Any) -> list[tuple[Any, ...]]:
    """Row by row, each value for itself."""
    out = []
    for row in rows:
        values = [Columns([column]).take(np.array([row]))[0] for column in columns]
        out.append(tuple(next(iter(form(one) if form else one)) for one in values))
    return out


def said(rows: list[tuple[Any, ...]]) -> str:
    return repr(rows)  # NaN is not equal to itself


@settings(deadline=None, derandomize=True, max_examples=60)
@given(ASKED, st.sampled_from(FORMS), st.sampled_from([16_384, 500, 32]))
def test_rows_are_what_the_columns_say(asked: list[list[int]], form: Any, most: int) -> None:
    columns = [ID, WORD, PRICE, DAY]
    before, finished_rows._MOST_ROWS = finished_rows._MOST_ROWS, most
    try:
        rows = FinishedRows(Columns(columns), form)
    finally:
        finished_rows._MOST_ROWS = before
    for some in asked:
        assert said(rows.take(some)) == said(slowly(columns, some, form))


def test_rows_that_were_asked_for_are_kept_and_are_bounded() -> None:
    rows = FinishedRows(Columns([ID, WORD]))
    first = rows.take([5, 6])
    assert all(one is other for one, other in zip(first, rows.take([5, 6])))
    assert rows._most == finished_rows._MOST_ROWS
    rows._most = 64
    for start in range(0, ROWS, 4):
        rows.take(range(start, start + 4))
        assert len(rows._kept) <= 64


def test_an_answer_of_many_rows_does_not_drive_out_the_others() -> None:
    rows = FinishedRows(Columns([ID]))
    rows._most = 1000
    (kept,) = rows.take([7])
    assert rows.take(list(range(ROWS)))[7] == kept
    assert len(rows._kept) == 1
    assert rows.take([7])[0] is kept


def test_rows_of_long_texts_are_kept_in_bounded_memory() -> None:
    texts = pa.array(["x" * 100_000 + str(i) for i in range(50)])
    assert FinishedRows(Columns([texts]))._most <= 84  # eight million bytes
    longer = FinishedRows(Columns([pa.array(["x" * 9_000_000])]))
    assert longer.take([0]) == [("x" * 9_000_000,)] and not longer._kept


def test_lists_are_fresh_each_time_so_that_a_caller_may_change_them() -> None:
    rows = FinishedRows(Columns([ID, LISTS]))
    [(_, changed)] = rows.take([3])
    changed.append("more")
    assert rows.take([3]) == [(3, [3, 4])]


def test_a_table_gives_rows_of_each_form() -> None:
    table = RowTable(pa.table({"id": ID, "price": PRICE}))
    for form, expected in ((None, 2), (sent_values, 2.0), (sent_values_exactly, 2)):
        for _ in range(2):
            [(number, price)] = table.take_rows(["id", "price"], [2], form)
            assert (type(number), number, price) == (type(expected), expected, 0.5)
    assert table.has_taken(["id", "price"])
