"""`sort_columns`: the clauses, what is refused, and the order against repeated plain insertion."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.ranking.sorting import SortColumn, parse_sort, sorted_places
from engine.core.schema import Column
from engine.errors import BadRequest, InvalidParameterValue

STEADY = settings(derandomize=True, deadline=None)
KNOWN = {
    "price": Column("price", "float"),
    "name": Column("name", "string"),
    "unit price": Column("unit price", "float"),
    "size DESC": Column("size DESC", "string"),
    "tags": Column("tags", "string", is_array=True),
    "vector": Column("vector", "other", is_array=True),
    "blob": Column("blob", "other"),
}


def refusal(clauses: Any, kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught:
        parse_sort(clauses, KNOWN)
    assert type(caught.value) is kind
    return str(caught.value)


# ------------------------------------------------------------------ the clauses
@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("price ASC", SortColumn("price", False)),
        ("price DESC", SortColumn("price", True)),
        ("price desc", SortColumn("price", True)),
        ("price", SortColumn("price", False)),
        ("unit price", SortColumn("unit price", False)),
        ("unit price DESC", SortColumn("unit price", True)),
        ("size DESC", SortColumn("size DESC", False)),
        ("size DESC DESC", SortColumn("size DESC", True)),
    ],
)
def test_each_clause_is_read(text: str, clause: SortColumn) -> None:
    assert parse_sort([text], KNOWN) == (clause,)


@pytest.mark.parametrize("nothing", [None, [], ()])
def test_no_clauses_are_none(nothing: Any) -> None:
    assert parse_sort(nothing, KNOWN) == ()


@pytest.mark.parametrize("clauses", ["price ASC", {"price": "ASC"}, 5, [1], [None], [["price"]]])
def test_what_is_no_list_of_texts_is_shown(clauses: Any) -> None:
    assert repr(clauses) in refusal(clauses, InvalidParameterValue)


@pytest.mark.parametrize("text", ["price UP", "price ASC NULLS FIRST", "price,name", "price  x"])
def test_another_direction_or_form_is_shown(text: str) -> None:
    kind = InvalidParameterValue if " " in text else BadRequest
    assert repr(text) in refusal([text], kind)


def test_a_column_may_be_named_once() -> None:
    assert "twice" in refusal(["price ASC", "price DESC"], InvalidParameterValue)


@pytest.mark.parametrize("text", ["prize", "prize ASC", "prize DESC"])
def test_an_unknown_column_is_named_with_the_one_that_was_meant(text: str) -> None:
    message = refusal([text], BadRequest)
    assert "'prize'" in message
    assert "Did you mean 'price'?" in message


@pytest.mark.parametrize("name", ["tags", "vector", "blob"])
def test_values_without_order_are_refused(name: str) -> None:
    assert repr(name) in refusal([f"{name} ASC"], BadRequest)


# ------------------------------------------------------------------ the order
def test_no_values_have_no_order() -> None:
    assert sorted_places([], []) == []
    assert sorted_places([SortColumn("price", True)], [[]]) == []


def test_nulls_come_last_in_both_directions() -> None:
    values = [[None, 2.0, float("nan"), 1.0]]
    assert sorted_places([SortColumn("price", False)], values) == [3, 1, 0, 2]
    assert sorted_places([SortColumn("price", True)], values) == [1, 3, 0, 2]


def test_text_goes_by_code_point_and_false_before_true() -> None:
    names = ["b", "Ä", "a", "Z", "", "10", "9"]
    places = sorted_places([SortColumn("name", False)], [names])
    assert [names[place] for place in places] == ["", "10", "9", "Z", "a", "b", "Ä"]
    assert sorted_places([SortColumn("b", False)], [[True, False]]) == [1, 0]
    days = [date(2024, 2, 1), date(2023, 1, 1)]
    assert sorted_places([SortColumn("d", False)], [days]) == [1, 0]


VALUES = st.none() | st.integers(-2, 2) | st.just(float("nan"))


def goes_before(a: int, b: int, clauses: list[SortColumn], columns: list[list[Any]]) -> bool:
    """Whether row a must stand before row b, clause by clause; equal rows keep their order."""
    for clause, column in zip(clauses, columns):
        x, y = column[a], column[b]
        lacks_x, lacks_y = x is None or x != x, y is None or y != y
        if lacks_x != lacks_y:
            return lacks_y
        if not lacks_x and x != y:
            return bool(x > y if clause.descending else x < y)
    return a < b


@STEADY
@given(st.data(), st.integers(0, 12), st.integers(1, 3))
def test_the_order_is_that_of_every_pair(data: st.DataObject, rows: int, many: int) -> None:
    clauses = [SortColumn(f"c{i}", data.draw(st.booleans())) for i in range(many)]
    columns = [data.draw(st.lists(VALUES, min_size=rows, max_size=rows)) for _ in range(many)]
    places = sorted_places(clauses, columns)
    assert sorted(places) == list(range(rows))
    for i, a in enumerate(places):
        for b in places[i + 1 :]:
            assert goes_before(a, b, clauses, columns)
