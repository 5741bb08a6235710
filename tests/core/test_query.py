"""A query's arguments: defaults, limits, and which argument a refusal names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.core.query import PAGE_ROWS, Query
from engine.core.query_request import QueryRequest
from engine.core.schema import Column, IndexSpec
from engine.errors import BadRequest, InvalidParameterValue

KNOWN = {
    "product_id": Column("product_id", "int"),
    "price": Column("price", "float"),
    "name": Column("name", "string"),
    "tags": Column("tags", "string", is_array=True),
    "image_embedding": Column("image_embedding", "other", is_array=True),
}


SELF_MANAGED = IndexSpec(
    name="main.shop.vs",
    id="1",
    endpoint_name="shop",
    primary_key="product_id",
    source_table="main.shop.products",
    vector_column="image_embedding",
    dimension=2,
    pipeline_type="TRIGGERED",
    creator="somebody",
    created_at=0,
    columns=tuple(KNOWN),
)
WITH_MODEL = replace(SELF_MANAGED, model_endpoint="bge")
WORDS_ONLY = replace(SELF_MANAGED, vector_column="", dimension=0, index_subtype="FULL_TEXT")


def query(spec: IndexSpec = SELF_MANAGED, **changed: Any) -> Query:
    arguments: dict[str, Any] = {"columns": ["product_id"], "query_vector": [0.6, 0.8]}
    strict = {name: changed.pop(name) for name in ("strict", "strict_inputs") if name in changed}
    return QueryRequest(spec.name, **{**arguments, **changed}).checked(spec, KNOWN, **strict)


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
def test_words_may_be_asked_for_in_any_letter_case(value: str) -> None:
    vector = [0.6, 0.8] if value.upper() == "HYBRID" else None
    built = query(query_type=value, query_text="red dress", query_vector=vector)
    assert (built.query_type, built.text) == (value.upper(), "red dress")
    assert built.text_columns == ("name",)


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
        (None, "red dress", "only query_text"),
        ([], "red dress", "only query_text"),
    ],
)
def test_a_query_without_vector_says_what_was_given(vector: Any, text: Any, given: str) -> None:
    with pytest.raises(InvalidParameterValue) as caught:
        query(query_vector=vector, query_text=text)
    assert caught.value.message == (  # the service's own words, which were seen
        "query vector must be specified for index main.shop.vs as it is a direct access index "
        "without a model serving endpoint or self-managed delta sync index."
    )
    assert f"but {given} was given" in caught.value.in_words


def test_of_text_and_vector_the_vector_counts() -> None:
    """LangChain's search for diverse rows sends both."""
    built = query(query_text="red dress", query_type="ANN")
    assert not built.needs_encoding
    assert built.vector.tolist() == query().vector.tolist()


def test_text_and_vector_are_refused_where_the_workspace_is_strict() -> None:
    both = {"query_text": "red dress", "strict_inputs": True}
    assert "cannot specify both query_vector and query_text" in refusal(
        InvalidParameterValue, **both
    )
    assert query(query_type="HYBRID", **both).text == "red dress"
    assert query(columns_to_rerank=["name"], **both).reranking is not None


@pytest.mark.parametrize("kind", ["MODEL_TYPE_UNSPECIFIED", "MODEL_TYPE_BASE", None, ""])
def test_an_unspecified_type_of_reranker_is_the_base_model(kind: Any) -> None:
    named = {"model_type": kind, "parameters": {"columns_to_rerank": ["name"]}}
    reranking = query(query_text="red", reranker=named).reranking
    assert reranking is not None
    assert (reranking.model, reranking.model_type) == ("databricks_reranker", "MODEL_TYPE_BASE")


# ------------------------------------------------------------------ what each type needs, and limits
@pytest.mark.parametrize(
    ("spec", "given", "words"),
    [
        (SELF_MANAGED, {"query_type": "HYBRID"}, "needs query_text"),
        (
            SELF_MANAGED,
            {"query_type": "HYBRID", "query_vector": None, "query_text": "a"},
            "query vector must be specified for index main.shop.vs",
        ),
        (SELF_MANAGED, {"query_type": "FULL_TEXT", "query_vector": None}, "needs query_text"),
        (SELF_MANAGED, {"query_type": "FULL_TEXT", "query_text": "a"}, "no query_vector"),
        (WITH_MODEL, {"query_vector": None}, "neither was given"),
        (WITH_MODEL, {"query_type": "HYBRID", "query_vector": None}, "needs query_text"),
        (WORDS_ONLY, {"query_vector": None, "query_text": "a"}, "without vectors"),
        (WORDS_ONLY, {"query_type": "HYBRID", "query_text": "a"}, "without vectors"),
    ],
)
def test_what_a_type_needs_on_an_index_is_named(
    spec: IndexSpec, given: dict[str, Any], words: str
) -> None:
    assert words in refusal(InvalidParameterValue, spec=spec, **given)


@pytest.mark.parametrize(
    ("spec", "given", "encodes"),
    [
        (SELF_MANAGED, {}, False),
        (SELF_MANAGED, {"query_type": "HYBRID", "query_text": "a"}, False),
        (SELF_MANAGED, {"query_type": "FULL_TEXT", "query_text": "a", "query_vector": None}, False),
        (WITH_MODEL, {"query_text": "a", "query_vector": None}, True),
        (WITH_MODEL, {"query_text": "a", "query_vector": [], "query_type": "HYBRID"}, True),
        (WITH_MODEL, {"query_text": "a", "query_type": "HYBRID"}, False),
        (WORDS_ONLY, {"query_type": "FULL_TEXT", "query_text": "a", "query_vector": None}, False),
    ],
)
def test_a_text_is_encoded_where_a_vector_is_missing(
    spec: IndexSpec, given: dict[str, Any], encodes: bool
) -> None:
    assert query(spec, **given).needs_encoding is encodes


@pytest.mark.parametrize("kind", ["HYBRID", "FULL_TEXT"])
def test_ranked_queries_give_up_to_two_hundred_results(kind: str) -> None:
    given = {
        "query_type": kind,
        "query_text": "a",
        "query_vector": [0.6, 0.8] if kind == "HYBRID" else None,
    }
    assert query(**given, num_results=200).num_results == 200
    for value in (0, -1, 201, 10_000, True):
        message = refusal(InvalidParameterValue, **given, num_results=value)
        assert f"num_results is {value!r}; expected an integer from 1 to 200" in message


@pytest.mark.parametrize("value", [-(10**30), 10**30, float("inf"), [5]])
def test_numbers_of_results_beyond_all_limits_are_shown(value: Any) -> None:
    assert f"num_results is {value!r}" in refusal(InvalidParameterValue, num_results=value)


def test_a_query_text_has_at_most_32764_characters() -> None:
    most = {"spec": WITH_MODEL, "query_vector": None}
    assert query(**most, query_text="ä" * 32_764).text == "ä" * 32_764
    message = refusal(InvalidParameterValue, **most, query_text="a" * 32_765)
    assert "32765 characters; expected at most 32764" in message


def test_a_hybrid_query_has_at_most_1024_words() -> None:
    assert query(query_type="HYBRID", query_text="a " * 1024).query_type == "HYBRID"
    message = refusal(InvalidParameterValue, query_type="HYBRID", query_text="a " * 1025)
    assert "1025 words; expected at most 1024" in message
    long = query(query_type="FULL_TEXT", query_text="a " * 1025, query_vector=None)
    assert long.text == "a " * 1025


@pytest.mark.parametrize("text", [5, ["red"], b"red", {"a": 1}])
def test_a_query_text_of_another_type_is_shown(text: Any) -> None:
    assert f"query_text is {text!r}" in refusal(InvalidParameterValue, query_text=text)


@pytest.mark.parametrize("value", [True, "1", 1.0, None])
def test_another_debug_level_is_shown(value: Any) -> None:
    assert f"debug_level is {value!r}" in refusal(InvalidParameterValue, debug_level=value)


@pytest.mark.parametrize("value", ["false", 1, 0, None, [], 1.0])
def test_another_word_for_exact_is_shown(value: Any) -> None:
    """`exact="false"` was taken for true."""
    message = refusal(InvalidParameterValue, exact=value)
    assert message.endswith(f"exact is {value!r}; expected True or False.")


def test_sorting_and_facets_are_read_with_the_query() -> None:
    built = query(sort_columns=["price DESC"], facets=["name TOP 2"])
    assert [clause.column for clause in built.sort] == ["price"]
    assert [(facet.column, facet.top) for facet in built.facets] == [("name", 2)]
    assert "'colour'" in refusal(BadRequest, sort_columns=["colour ASC"])
    assert "'colour'" in refusal(BadRequest, facets=["colour"])


@pytest.mark.parametrize("columns", ["name", 5, [1], {"name"}])
def test_query_columns_that_are_no_list_of_names_are_shown(columns: Any) -> None:
    given = {"query_type": "HYBRID", "query_text": "a", "query_columns": columns}
    assert "query_columns is" in refusal(InvalidParameterValue, **given)


def test_query_columns_hold_text() -> None:
    given = {"query_type": "HYBRID", "query_text": "a"}
    assert query(**given, query_columns=["name", "name"]).text_columns == ("name",)
    assert query(**given, query_columns=[]).text_columns == ("name",)
    assert "'nome'" in refusal(BadRequest, **given, query_columns=["nome"])
    for column in ("price", "tags"):
        assert repr(column) in refusal(InvalidParameterValue, **given, query_columns=[column])


def test_a_vector_of_another_length_is_refused_with_both_lengths() -> None:
    message = refusal(InvalidParameterValue, query_vector=[1.0])
    assert "Query vector dimension 1 does not match index dimension 2." in message


@pytest.mark.parametrize("empty", [None, {}, [], ""])
def test_an_empty_filter_is_no_filter(empty: Any) -> None:
    assert query(filters=empty).condition is None


def test_a_filter_becomes_a_condition() -> None:
    assert query(filters={"price <": 50}).condition is not None
    assert query(filters=[{"price <": 50}]).condition is not None


@pytest.mark.parametrize("filters", [5, 5.0, True, {1, 2}, b"x"])
def test_a_filter_of_another_type_is_shown(filters: Any) -> None:
    assert f"filters is {filters!r}" in refusal(BadRequest, filters=filters)
