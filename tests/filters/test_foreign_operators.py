"""Operators of other databases' filters: the refusal shows the same in the dialect's own form."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from engine.core.filters.dict_form import parse_dict
from engine.core.schema import Column
from engine.errors import BadRequest

COLUMNS = {"price": Column("price", "float"), "color": Column("color", "string")}

FORMS: list[tuple[Any, dict[str, Any]]] = [
    ({"price": {"$gte": 10}}, {"price >=": 10}),
    ({"price": {"$gt": 10, "$lt": 20.5}}, {"price >": 10, "price <": 20.5}),
    ({"price": {"$lte": 10}}, {"price <=": 10}),
    ({"price": {"$eq": 10}}, {"price": 10}),
    ({"price": {"$ne": 10}}, {"price NOT": 10}),
    ({"price": {"$in": [1, 2]}}, {"price": [1, 2]}),
    ({"price": {"$nin": [1, 2]}}, {"price NOT": [1, 2]}),
    ({"price": {">=": 10}}, {"price >=": 10}),
    ({"price": {"gte": 10}}, {"price >=": 10}),
    ({"color": {"$like": "re%"}}, {"color LIKE": "re%"}),
    ({"color": {"$eq": "Rötlich"}}, {"color": "Rötlich"}),
    ({"color": [{"$eq": "red"}]}, {"color": "red"}),
]


@pytest.mark.parametrize(("given_", "form"), FORMS, ids=str)
def test_the_form_that_is_shown_is_taken_and_says_the_same(given_: Any, form: Any) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_dict(given_, COLUMNS)
    shown = re.search(r"write (\{.*\})\.$", caught.value.message)
    assert shown is not None, caught.value.message
    assert json.loads(shown[1]) == form
    assert parse_dict(json.loads(shown[1]), COLUMNS) is not None


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        ({"$and": [{"price": 1}]}, ["'$and'", "joined by AND"]),
        (
            {"$or": [{"price": 1}, {"color": "red"}]},
            ["'$or'", '{"color OR brand": ["red", "Acme"]}'],
        ),
        ({"$not": {"price": 1}}, ["'$not'", '{"color NOT": "red"}']),
        ({"$gte": 1}, ["'$gte'", '{"price >=": 10}']),
        ({"price": {"$near": 1}}, ["$near", '{"price >=": 10}']),
        ({"price": {}}, ["{}", '{"price >=": 10}']),
        ({"price >=": {"$gt": 1}}, ['{"price >": 1}']),
    ],
    ids=str,
)
def test_other_words_show_a_form_that_is_taken(given_: Any, words: list[str]) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_dict(given_, COLUMNS)
    assert all(word in caught.value.message for word in words), caught.value.message


def test_a_column_may_be_called_like_an_operator() -> None:
    assert parse_dict({"$and": 1}, {"$and": Column("$and", "int")}) is not None
