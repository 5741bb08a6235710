"""`facets`: the three forms, what is refused, and counting against a plain count."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.ranking.facets import Facet, count_facet, parse_facets
from engine.core.schema import Column
from engine.errors import BadRequest, InvalidParameterValue

STEADY = settings(derandomize=True, deadline=None)
KNOWN = {
    "brand": Column("brand", "string"),
    "price": Column("price", "float"),
    "year": Column("year", "int"),
    "in_stock": Column("in_stock", "boolean"),
    "tags": Column("tags", "string", is_array=True),
    "sizes": Column("sizes", "int", is_array=True),
    "the TOP shelf": Column("the TOP shelf", "string"),
    "price TOP 3": Column("price TOP 3", "float"),
    "n BUCKETS x ": Column("n BUCKETS x ", "int"),
    "vector": Column("vector", "other", is_array=True),
}


def refusal(facets: Any, kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught:
        parse_facets(facets, KNOWN)
    assert type(caught.value) is kind
    return str(caught.value)


# ------------------------------------------------------------------ the forms
@pytest.mark.parametrize(
    ("text", "facet"),
    [
        ("brand", Facet("brand", 10)),
        ("brand TOP 3", Facet("brand", 3)),
        ("brand top 1", Facet("brand", 1)),
        ("brand  Top  12", Facet("brand", 12)),
        ("tags TOP 2", Facet("tags", 2)),
        ("price BUCKETS [[0,50],[50,100]]", Facet("price", 10, ((0, 50), (50, 100)))),
        ("year buckets [[2010, 2010]]", Facet("year", 10, ((2010, 2010),))),
        ("price BUCKETS\n[[-1.5,\n1e3]]", Facet("price", 10, ((-1.5, 1000.0),))),
        ("the TOP shelf", Facet("the TOP shelf", 10)),
        ("the TOP shelf TOP 4", Facet("the TOP shelf", 4)),
        ("price TOP 2", Facet("price", 2)),
        ("price TOP 3", Facet("price TOP 3", 10)),
        ("price TOP 3 TOP 2", Facet("price TOP 3", 2)),
        ("n BUCKETS x  TOP 2", Facet("n BUCKETS x ", 2)),
        ("n BUCKETS x  BUCKETS [[0,1]]", Facet("n BUCKETS x ", buckets=((0, 1),))),
    ],
)
def test_each_form_is_read(text: str, facet: Facet) -> None:
    assert parse_facets([text], KNOWN) == (facet,)


@pytest.mark.parametrize("nothing", [None, [], ()])
def test_no_facets_are_none(nothing: Any) -> None:
    assert parse_facets(nothing, KNOWN) == ()


def test_facets_keep_their_order() -> None:
    parsed = parse_facets(("year", "brand TOP 2", "price BUCKETS [[0,1]]"), KNOWN)
    assert [facet.column for facet in parsed] == ["year", "brand", "price"]


@pytest.mark.parametrize("facets", ["brand", {"brand": 3}, 5, [1], [None], [["brand"]]])
def test_what_is_no_list_of_texts_is_shown(facets: Any) -> None:
    assert repr(facets) in refusal(facets, InvalidParameterValue)


@pytest.mark.parametrize("again", ["brand", "brand TOP 2"])
def test_a_column_may_appear_once(again: str) -> None:
    assert "twice: brand" in refusal(["brand", again], InvalidParameterValue)


@pytest.mark.parametrize(
    "text", ["brand TOP 0", "brand TOP -1", "brand TOP x", "brand TOP 1.5", "brand TOP 3 4"]
)
def test_a_top_that_is_no_number_above_zero_is_shown(text: str) -> None:
    assert repr(text) in refusal([text], InvalidParameterValue)


@pytest.mark.parametrize(
    "ranges",
    [
        "x", "5", "[]", "[5]", "[[1]]", "[[1,2,3]]", "[[2,1]]", '[["1","2"]]', "[[true,false]]",
        "[[null,1]]", "[[NaN,1]]", "[[0,Infinity]]", "[[0,1" + "0" * 400 + "]]", "[[0,1]", '{"ab":1}',
        "[" * 100_000,
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_ranges_that_are_none_are_refused(ranges: str) -> None:
    assert "BUCKETS" in refusal([f"price BUCKETS {ranges}"], InvalidParameterValue)


def test_an_unknown_column_is_named_with_the_one_that_was_meant() -> None:
    for text in ("brnd", "brnd TOP 3", "brnd BUCKETS [[0,1]]", "", " brand", "brand ", "brand TOP"):
        assert "which the index does not have" in refusal([text], BadRequest)
    assert "'brnd'" in refusal(["brnd TOP 3"], BadRequest)
    assert "Did you mean 'brand'?" in refusal(["brnd"], BadRequest)


def test_a_column_that_can_not_be_counted_so_is_named() -> None:
    assert "'vector'" in refusal(["vector"], BadRequest)
    for column in ("brand", "in_stock", "tags", "sizes"):
        assert repr(column) in refusal([f"{column} BUCKETS [[0,1]]"], BadRequest)


# ------------------------------------------------------------------ counting
def counts(values: list[Any], top: int = 10) -> list[tuple[Any, int]]:
    return [(value, count) for _, value, count in count_facet(Facet("c", top), values)]


def test_the_most_frequent_come_first_and_ties_go_by_value() -> None:
    values = ["b", "c", "a", "b", None, "c", "a", "Z", "Ä"]
    assert counts(values) == [("a", 2), ("b", 2), ("c", 2), ("Z", 1), ("Ä", 1)]
    assert counts(values, top=2) == [("a", 2), ("b", 2)]


def test_booleans_numbers_and_days_have_their_own_order() -> None:
    assert counts([True, False]) == [(False, 1), (True, 1)]
    assert counts([True, True, False]) == [(True, 2), (False, 1)]
    assert counts([10, 9, 2.5]) == [(2.5, 1), (9, 1), (10, 1)]
    days = [date(2024, 2, 1), date(2024, 1, 31), date(2024, 2, 1)]
    assert counts(days) == [(date(2024, 2, 1), 2), (date(2024, 1, 31), 1)]
    moments = [datetime(2024, 1, 1, 12), datetime(2024, 1, 1)]
    assert counts(moments) == [(datetime(2024, 1, 1), 1), (datetime(2024, 1, 1, 12), 1)]


def test_values_of_several_kinds_are_told_apart_and_ordered() -> None:
    mixed = [1, True, "1", 1.0, False, date(2024, 1, 1), 0, True]
    found = counts(mixed)
    assert found == [
        (True, 2), (1, 2), (False, 1), (0, 1), (date(2024, 1, 1), 1), ("1", 1),
    ]  # fmt: skip
    assert [type(value) for value, _ in found] == [bool, int, bool, int, date, str]


def test_nothing_and_no_number_count_for_nothing() -> None:
    assert counts([None, float("nan"), [None, "x"], []]) == [("x", 1)]
    assert counts([]) == []


def test_each_element_of_an_array_counts_for_itself() -> None:
    assert counts([["new", "t1"], ["sale", "t1"], None]) == [("t1", 2), ("new", 1), ("sale", 1)]


def test_both_ends_of_a_bucket_are_inside_and_buckets_may_overlap() -> None:
    facet = Facet("price", buckets=((0, 50), (50, 100), (60, 60), (200, 300.5)))
    assert count_facet(facet, [0, 50, 50.0, 100, None, float("nan"), 100.1, -0.1]) == [
        ["price", "[0, 50]", 3],
        ["price", "[50, 100]", 3],
        ["price", "[60, 60]", 0],
        ["price", "[200, 300.5]", 0],
    ]


KINDS: list[Callable[[], st.SearchStrategy[Any]]] = [
    lambda: st.integers(-5, 5),
    lambda: st.sampled_from([-1.0, -0.0, 0.0, 0.5, float("nan")]),
    lambda: st.text("abÄ", max_size=2),
    st.booleans,
    lambda: st.dates(date(2024, 1, 1), date(2024, 1, 4)),
]


@STEADY
@given(st.data(), st.integers(1, 6))
def test_counts_are_those_of_a_plain_count(data: st.DataObject, top: int) -> None:
    kind = data.draw(st.sampled_from(KINDS))()
    values = data.draw(st.lists(st.none() | kind, max_size=30))
    known = [value for value in values if value is not None and value == value]
    plain = sorted({(-known.count(value), value) for value in known})
    assert counts(values, top) == [(value, -less) for less, value in plain[:top]]


@STEADY
@given(
    st.lists(st.none() | st.floats() | st.integers(-9, 9), max_size=30),
    st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)).map(sorted), min_size=1, max_size=4),
)
def test_buckets_count_what_lies_between(values: list[Any], ranges: list[list[int]]) -> None:
    [facet] = parse_facets([f"price BUCKETS {json.dumps(ranges)}"], KNOWN)
    for [low, high], [column, label, count] in zip(ranges, count_facet(facet, values)):
        assert (column, label) == ("price", f"[{low}, {high}]")
        assert count == len([v for v in values if v is not None and v >= low and v <= high])
