"""Near names: letter case matters least, and every argument that names columns helps alike."""

from __future__ import annotations

import pytest

from engine.core.filters.dict_form import parse_dict
from engine.core.filters.text_form import parse_text
from engine.core.query_request import check_columns, check_reranker, check_text_columns
from engine.core.ranking.facets import parse_facets
from engine.core.ranking.sorting import parse_sort
from engine.core.schema import Column, suggestion
from engine.errors import BadRequest

COLUMNS = {
    name: Column(name, kind) for name, kind in {"price": "float", "baseColor": "string"}.items()
}


@pytest.mark.parametrize(
    ("word", "known", "near"),
    [
        ("Price", ["price", "prices"], "price"),
        ("BASECOLOR", ["baseColor", "basecolors"], "baseColor"),
        ("prise", ["PRICE", "brand"], "PRICE"),
        ("STRASSE", ["straße"], "straße"),
        ("PRICE", ["Price", "price"], "Price"),
    ],
)
def test_the_nearest_name_is_suggested(word: str, known: list[str], near: str) -> None:
    assert suggestion(word, known) == f" Did you mean {near!r}?"


@pytest.mark.parametrize("word", ["", "zzz", "\ud83d"])
def test_nothing_near_suggests_nothing(word: str) -> None:
    assert suggestion(word, ["price", "brand"]) == ""


@pytest.mark.parametrize(
    "ask",
    [
        lambda: parse_dict({"Price <": 5}, COLUMNS),
        lambda: parse_dict({"price OR Price": [5, 6]}, COLUMNS),
        lambda: parse_text("Price < 5", COLUMNS),
        lambda: parse_sort(["Price DESC"], COLUMNS),
        lambda: parse_facets(["Price TOP 3"], COLUMNS),
        lambda: check_text_columns(["Price"], COLUMNS),
        lambda: check_reranker(None, ["Price"], COLUMNS),
    ],
    ids=["dict", "or", "text", "sort", "facets", "query_columns", "rerank"],
)
def test_a_slip_of_letter_case_is_told(ask: object) -> None:
    with pytest.raises(BadRequest, match="Did you mean 'price'"):
        ask()  # type: ignore[operator]


def test_requested_columns_are_refused_in_the_services_own_text() -> None:
    with pytest.raises(BadRequest) as caught:
        check_columns(["Price"], COLUMNS)
    assert caught.value.message == "Requested columns to fetch are not present in index: Price"
