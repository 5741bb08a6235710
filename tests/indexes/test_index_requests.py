"""A request for an index checks itself: what needs no workspace is refused before anything is read."""

from __future__ import annotations

from typing import Any

import pytest

from engine import InvalidParameterValue, NotFound, Workspace
from engine.core.index_request import DirectAccessRequest, IndexRequest

TABLE: dict[str, Any] = {"source_table": "main.a.t"}
VECTORS: dict[str, Any] = {**TABLE, "vector_column": "v"}
TEXTS: dict[str, Any] = {**TABLE, "source_column": "name", "model_endpoint": "m"}
WORDS: dict[str, Any] = {**TABLE, "index_subtype": "FULL_TEXT"}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no name of an index": ({**VECTORS, "name": "i"}, "Invalid index name"),
    "no pipeline": ({**VECTORS, "pipeline_type": "HOURLY"}, "pipeline_type is 'HOURLY'"),
    "no subtype": ({**VECTORS, "index_subtype": "VECTOR"}, "index_subtype is 'VECTOR'"),
    "neither vectors nor texts": (TABLE, "At least one valid embedding_source_column"),
    "both": ({**VECTORS, **TEXTS}, "Both embedding_vector_column and embedding_source_column"),
    "texts without a model": ({**TEXTS, "model_endpoint": None}, "needs embedding_model_endpoint"),
    "a model without texts": ({**VECTORS, "model_endpoint": "m"}, "needs embedding_source_column"),
    "no length": ({**VECTORS, "dimension": 0}, "embedding_dimension is 0"),
    "words with vectors": ({**WORDS, "vector_column": "v"}, "FULL_TEXT has no embeddings"),
    "words with a length": ({**WORDS, "dimension": 4}, "FULL_TEXT has none"),
}


@pytest.mark.parametrize(("given", "text"), REFUSED.values(), ids=REFUSED)
def test_what_can_never_be_an_index_is_refused_when_it_is_asked_for(
    given: dict[str, Any], text: str
) -> None:
    with pytest.raises(InvalidParameterValue, match=text):
        IndexRequest(**{"name": "main.a.i", **given})


@pytest.mark.parametrize("odd", [5, 1.5, [], ["id"], {"a": 1}, b"id", True], ids=repr)
@pytest.mark.parametrize(
    "name", ["source_table", "primary_key", "endpoint", "vector_column", "columns_to_sync"]
)
def test_what_is_no_name_is_refused_by_its_argument(name: str, odd: Any) -> None:
    if name == "columns_to_sync" and isinstance(odd, list):
        odd = ["id", 5]
    with pytest.raises(InvalidParameterValue, match=f"{name}.* is .*; expected"):
        IndexRequest(**{"name": "main.a.i", **VECTORS, name: odd})
    if name in ("primary_key", "vector_column"):
        own = {"dimension": 2, "vector_column": "v", "schema": {"v": "array<float>"}, name: odd}
        with pytest.raises(InvalidParameterValue, match=f"{name} is .*; expected text"):
            DirectAccessRequest("main.a.i", **own)


def test_names_of_columns_in_a_schema_are_texts() -> None:
    schema: Any = {1: "int", "v": "array<float>"}
    with pytest.raises(InvalidParameterValue, match=r"schema is .*; expected the names of"):
        DirectAccessRequest("main.a.i", dimension=2, vector_column="v", schema=schema)


@pytest.mark.parametrize("dimension", [0, 4097, "4", True])
def test_a_direct_access_index_needs_a_name_and_a_length(dimension: Any) -> None:
    own: dict[str, Any] = {"vector_column": "v", "schema": {"v": "array<float>"}}
    with pytest.raises(InvalidParameterValue, match="embedding_dimension is"):
        DirectAccessRequest("main.a.i", dimension=dimension, **own)
    with pytest.raises(InvalidParameterValue, match="Invalid index name"):
        DirectAccessRequest("i", dimension=4, **own)


def test_words_are_taken_in_any_letter_case() -> None:
    request = IndexRequest(
        "main.a.i", **VECTORS, pipeline_type="Continuous", index_subtype="hybrid"
    )
    assert (request.pipeline, request.subtype, request.has_vectors) == (
        "CONTINUOUS",
        "HYBRID",
        True,
    )
    request = IndexRequest("main.a.i", **{**WORDS, "index_subtype": "full_text"})
    assert (request.pipeline, request.subtype, request.has_vectors) == (
        "TRIGGERED",
        "FULL_TEXT",
        False,
    )


def test_a_refused_request_makes_no_endpoint(workspace: Workspace) -> None:
    with pytest.raises(InvalidParameterValue, match="index_subtype"):
        workspace.create_index(
            "main.a.i", **VECTORS, index_subtype="x", endpoint="shop", create_endpoint=True
        )
    with pytest.raises(NotFound):
        workspace.create_index("main.a.i", **VECTORS, endpoint="shop", create_endpoint=True)
    assert workspace.list_endpoints() == []
