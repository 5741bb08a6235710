"""A query's arguments: defaults, limits, and which argument a refusal names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.core.query import PAGE_ROWS, Query, build_query
from engine.core.schema import Column
from engine.errors import BadRequest, InvalidParameterValue, NotSupported

KNOWN = {
    "product_id": Column("product_id", "int"),
    "price": Column("price", "float"),
    "image_embedding": Column("image_embedding", "other", is_array=True),
}


def query(**changed: Any) -> Query:
    arguments: dict[str, Any] = {
        "index": "main.shop.vs",
        "dimension": 2,
        "known": KNOWN,
        "columns": ["product_id"],
        "vector": [0.6, 0.8],
    }
    return build_query(**{**arguments, **changed})


def refusal(kind: type[Exception], **changed: Any) -> str:
    with pytest.raises(kind) as caught:
        query(**changed)
    assert type(caught.value) is kind
    return str(caught.value)


def test_a_query_needs_only_columns_and_a_vector() -> None:
    built = query()
    assert built.vector.dtype == np.float32
    assert built.columns == ("product_id",)
    assert built.num_results == 10
    assert built.condition is None
    assert built.score_threshold == 0.0
    assert built.debug_level == 0
    assert PAGE_ROWS == 1000


def test_columns_keep_their_order() -> None:
    assert query(columns=("price", "product_id")).columns == ("price", "product_id")
    assert query(columns=["image_embedding"]).columns == ("image_embedding",)


def test_missing_columns_are_listed_in_the_services_words() -> None:
    message = refusal(BadRequest, columns=["colour", "price", "brand"])
    assert message == (
        "[BAD_REQUEST] Requested columns to fetch are not present in index: colour,brand"
    )


def test_score_is_not_a_column() -> None:
    assert refusal(BadRequest, columns=["price", "score"]).endswith("not present in index: score")


@pytest.mark.parametrize(
    "columns", [None, [], (), "price", {"price"}, 5, [1], [None], ["price", 2]]
)
def test_columns_that_are_no_list_of_names_are_shown(columns: Any) -> None:
    assert f"columns is {columns!r}" in refusal(InvalidParameterValue, columns=columns)


def test_a_column_asked_for_twice_is_refused() -> None:
    message = refusal(InvalidParameterValue, columns=["price", "product_id", "price"])
    assert "price" in message


@pytest.mark.parametrize("value", [1, 5, 10_000])
def test_up_to_ten_thousand_results_are_given(value: int) -> None:
    assert query(num_results=value).num_results == value


@pytest.mark.parametrize("value", [0, -1, 10_001, 5.0, "5", None, True])
def test_another_number_of_results_is_shown(value: Any) -> None:
    message = refusal(InvalidParameterValue, num_results=value)
    assert f"num_results is {value!r}" in message
    assert "1 to 10000" in message


@pytest.mark.parametrize(("value", "kept"), [(None, 0.0), (0, 0.0), (1, 1.0), (0.25, 0.25)])
def test_a_score_threshold_is_a_number(value: Any, kept: float) -> None:
    assert query(score_threshold=value).score_threshold == kept


@pytest.mark.parametrize("value", ["0.5", float("nan"), True, []])
def test_another_score_threshold_is_shown(value: Any) -> None:
    assert "score_threshold is" in refusal(InvalidParameterValue, score_threshold=value)


@pytest.mark.parametrize("value", [None, "ANN", "ann", "Ann"])
def test_nearest_neighbours_may_be_asked_for_in_any_letter_case(value: Any) -> None:
    assert query(query_type=value).columns == ("product_id",)


@pytest.mark.parametrize("value", ["HYBRID", "hybrid", "FULL_TEXT", "full_text"])
def test_query_types_to_come_are_refused_by_name(value: str) -> None:
    message = refusal(NotSupported, query_type=value)
    assert repr(value) in message


@pytest.mark.parametrize("value", ["", "KNN", 5, ["ANN"]])
def test_an_unknown_query_type_is_shown_with_the_known_ones(value: Any) -> None:
    message = refusal(InvalidParameterValue, query_type=value)
    assert f"query_type is {value!r}" in message
    assert "ANN, HYBRID, FULL_TEXT" in message


@pytest.mark.parametrize(
    ("vector", "text", "given"),
    [
        (None, None, "neither query_vector nor query_text"),
        ([], None, "neither query_vector nor query_text"),
        ([], "", "neither query_vector nor query_text"),
        (None, "red dress", "query_text"),
        ([], "red dress", "query_text"),
    ],
)
def test_a_query_without_vector_says_what_was_given(vector: Any, text: Any, given: str) -> None:
    message = refusal(InvalidParameterValue, vector=vector, text=text)
    assert f"but {given} was given" in message
    assert "main.shop.vs" in message


def test_text_and_vector_together_are_refused() -> None:
    message = refusal(InvalidParameterValue, text="red dress")
    assert "Both query_text and query_vector" in message


def test_a_vector_of_another_length_is_refused_with_both_lengths() -> None:
    message = refusal(InvalidParameterValue, vector=[1.0])
    assert "Query vector dimension 1 does not match index dimension 2." in message


@pytest.mark.parametrize("empty", [None, {}, [], ""])
def test_an_empty_filter_is_no_filter(empty: Any) -> None:
    assert query(filters=empty).condition is None


def test_a_filter_becomes_a_condition() -> None:
    assert query(filters={"price <": 50}).condition is not None
    assert query(filters=[{"price <": 50}]).condition is not None


def test_a_text_filter_is_refused_by_kind() -> None:
    assert "SQL-string filters" in refusal(NotSupported, filters="price < 50")


@pytest.mark.parametrize("filters", [5, 5.0, True, {1, 2}, b"x"])
def test_a_filter_of_another_type_is_shown(filters: Any) -> None:
    assert f"filters is {filters!r}" in refusal(BadRequest, filters=filters)
