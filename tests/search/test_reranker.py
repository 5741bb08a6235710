"""Rerankers through the mirrored client: how they are named, sent, and what replies show of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
import pytest

import engine
from engine import (
    BadRequest,
    DatabricksReranker,
    InvalidInputException,
    InvalidParameterValue,
    NotFound,
    Reranker,
    VectorSearchClient,
    VectorSearchIndex,
)
from engine.doors.client.reranker import (
    ExperimentalDatabricksFinetunedReranker,
    as_sent,
    default_endpoint_name,
)
from engine.encode.model_folders import own_name
from engine.settings import DEFAULT_ENCODER

INDEX = "main.fashion_demo.vs_image_search"
INDEX_ID = "0A1b2C3d-4455-6677-8899-aabbccddeeff"
BASE = {
    "model": "databricks_reranker",
    "model_type": "MODEL_TYPE_BASE",
    "parameters": {"columns_to_rerank": ["title", "text"]},
}


class ThePackages:
    """What an object of databricks.ai_search.reranker shows: its attributes, and no common base."""

    def __init__(self, **attributes: object) -> None:
        vars(self).update(attributes)


def sent(reranker: object, columns: list[str] | None = None) -> dict[str, Any] | None:
    """The wire form, where the index's id must not be asked for."""

    def asked() -> str:
        raise AssertionError("the id was asked for")

    return as_sent(reranker, columns, INDEX, asked)


# ------------------------------------------------------------------ the wire form
@pytest.mark.parametrize(
    ("owner", "signature"),
    [
        (DatabricksReranker, "(columns_to_rerank)"),
        (ExperimentalDatabricksFinetunedReranker, "(columns_to_rerank, endpoint_name=None)"),
    ],
)
def test_the_classes_take_the_packages_arguments(owner: type, signature: str) -> None:
    parameters = inspect.signature(owner).parameters.values()
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in parameters]
    assert str(inspect.Signature(plain)) == signature
    assert issubclass(owner, Reranker)
    assert owner(["a"]).columns_to_rerank == ["a"]


def test_the_names_are_public() -> None:
    assert engine.DatabricksReranker is DatabricksReranker
    assert engine.Reranker is Reranker


@pytest.mark.parametrize(
    "reranker",
    [
        DatabricksReranker(["title", "text"]),
        DatabricksReranker(columns_to_rerank=("title", "text")),  # type: ignore[arg-type]
        ThePackages(columns_to_rerank=["title", "text"]),
    ],
)
def test_the_base_reranker_as_it_is_sent(reranker: object) -> None:
    assert sent(reranker) == BASE


def test_the_deprecated_list_is_the_base_reranker() -> None:
    assert sent(None, ["title", "text"]) == BASE
    assert sent(None) is None
    assert sent(None, []) is None


@pytest.mark.parametrize("kind", [ExperimentalDatabricksFinetunedReranker, ThePackages])
def test_a_finetuned_reranker_as_it_is_sent(kind: Callable[..., object]) -> None:
    named = kind(columns_to_rerank=["text"], endpoint_name="my-endpoint")
    assert sent(named) == {
        "model": "my-endpoint",
        "model_type": "MODEL_TYPE_FINETUNED",
        "parameters": {"columns_to_rerank": ["text"]},
    }
    unnamed = kind(columns_to_rerank=["text"], endpoint_name=None)
    got = as_sent(unnamed, None, INDEX, lambda: INDEX_ID)
    assert got is not None
    assert got["model"] == "main_fashio_vs_image_search_0a1b2c3d_finetuned_reranker"


@pytest.mark.parametrize(
    ("index", "name"),
    [
        ("main.default.docs", "main_defaul_docs_0a1b2c3d_finetuned_reranker"),
        ("Ca-Talog.Sch ema.A.b.c", "ca-tal_sch_em_a_b_c_0a1b2c3d_finetuned_reranker"),
        ("m.s.an_index_of_more_letters", "m_s_an_index_of_more_0a1b2c3d_finetuned_reranker"),
    ],
)
def test_the_default_name_of_an_indexes_own_model(index: str, name: str) -> None:
    assert default_endpoint_name(index, INDEX_ID) == name
    assert len(default_endpoint_name("c" * 99 + ".s" * 99, INDEX_ID)) <= 58


def test_a_name_of_two_parts_has_no_default() -> None:
    with pytest.raises(ValueError, match=r"index_name must be fully qualified .*: 'a\.b'"):
        default_endpoint_name("a.b", INDEX_ID)


@pytest.mark.parametrize("thing", ["databricks_reranker", BASE, ["text"], 3])
def test_what_names_no_columns_is_refused(thing: object) -> None:
    with pytest.raises(InvalidInputException, match=r"expected a DatabricksReranker"):
        sent(thing)


# ------------------------------------------------------------------ searches
class ByNumber:
    """Ranks by the last number in a text, highest first; counts what it is given."""

    def __init__(self) -> None:
        self.given: list[int] = []

    def rerank(self, query_text: str, documents: Sequence[str]) -> Sequence[float]:
        self.given.append(len(documents))
        return [float(text.split()[-1]) for text in documents]


class Broken:
    """Always fails."""

    def rerank(self, query_text: str, documents: Sequence[str]) -> Sequence[float]:
        raise RuntimeError("out of memory")


SEARCHES: dict[str, dict[str, Any]] = {
    "FULL_TEXT": {"query_text": "product shirts", "query_type": "FULL_TEXT"},
    "HYBRID": {
        "query_text": "product shirts",
        "query_vector": [0.5] * 16,
        "query_type": "HYBRID",
    },
}
COLUMNS = ["product_id", "product_display_name"]
Create = Callable[..., VectorSearchIndex]


@pytest.fixture
def own(create_index: Create) -> VectorSearchIndex:
    """An index of its own workspace, where the test registers rerankers."""
    return create_index()


def register(index: VectorSearchIndex, name: str, model: Any) -> None:
    index._workspace.register_reranker(name, model)


def rows(reply: dict[str, Any]) -> list[list[Any]]:
    values: list[list[Any]] = reply["result"]["data_array"]
    return values


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_the_first_50_rows_are_reranked_and_scores_are_the_rerankers(
    own: VectorSearchIndex, search: dict[str, Any]
) -> None:
    model = ByNumber()
    register(own, "by_number", model)
    first = own.similarity_search(COLUMNS, num_results=50, **search)
    reply = own.similarity_search(
        COLUMNS,
        num_results=7,
        debug_level=1,
        reranker=ExperimentalDatabricksFinetunedReranker(
            ["product_display_name"], endpoint_name="by_number"
        ),
        **search,
    )
    best = sorted(rows(first), key=lambda values: -values[0])[:7]
    assert rows(reply) == [[key, name, key] for key, name, _ in best]
    assert reply["manifest"] == first["manifest"]
    assert model.given == [50]
    info = reply["debug_info"]
    assert info["reranker_time"] > 0
    assert info["response_time"] >= info["reranker_time"]
    assert "reranked 50 rows by by_number" in info["plan"]
    assert "warnings" not in info


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_the_built_in_reranker_scores_from_0_to_1(
    own: VectorSearchIndex, search: dict[str, Any]
) -> None:
    columns = ["product_id", "article_type"]
    reranker = DatabricksReranker(["article_type"])
    reply = own.similarity_search(columns, num_results=40, reranker=reranker, **search)
    scores = [values[-1] for values in rows(reply)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    kinds = [values[1] for values in rows(reply)]
    shirts = kinds.count("Shirts")
    assert 0 < shirts < 40
    assert kinds[:shirts] == ["Shirts"] * shirts
    older = own.similarity_search(
        columns, num_results=40, columns_to_rerank=["article_type"], **search
    )
    assert older == reply


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_a_reranker_that_fails_leaves_the_first_ranking_and_a_warning(
    own: VectorSearchIndex, search: dict[str, Any]
) -> None:
    register(own, "databricks_reranker", Broken())
    reranker = DatabricksReranker(["product_display_name"])
    plain = own.similarity_search(COLUMNS, num_results=9, **search)
    reply = own.similarity_search(COLUMNS, num_results=9, reranker=reranker, **search)
    assert reply == plain
    told = own.similarity_search(COLUMNS, num_results=9, debug_level=1, reranker=reranker, **search)
    (warning,) = told["debug_info"]["warnings"]
    assert "RuntimeError: out of memory" in warning


def test_rows_found_by_an_embedded_text_are_reranked_too(client: VectorSearchClient) -> None:
    texts = ["a steel watch", "blue denim jeans", "red dress", "crimson gown"]
    client.workspace.write_table("main.shop.t", pa.table({"id": range(4), "text": texts}))
    made = client.create_delta_sync_index(
        "fashion_vector_search",
        "main.shop.i",
        "id",
        "main.shop.t",
        "TRIGGERED",
        embedding_source_column="text",
        embedding_model_endpoint_name="clip-multimodal-encoder",
    )
    reply = made.similarity_search(
        ["text"], query_text="red dress", debug_level=1, reranker=DatabricksReranker(["text"])
    )
    assert rows(reply)[0] == ["red dress", 1.0]
    assert rows(reply)[-1][-1] < 0.1
    assert f"encoder {own_name(DEFAULT_ENCODER)}," in reply["debug_info"]["plan"][-1]


def test_the_threshold_counts_before_reranking(own: VectorSearchIndex) -> None:
    register(own, "by_number", ByNumber())
    search = SEARCHES["FULL_TEXT"]
    first = own.similarity_search(COLUMNS, num_results=50, **search)
    scores = sorted({values[-1] for values in rows(first)})
    threshold = scores[-1]
    left = [values for values in rows(first) if values[-1] >= threshold]
    assert 0 < len(left) < 50
    reply = own.similarity_search(
        COLUMNS,
        num_results=50,
        score_threshold=threshold,
        reranker=ExperimentalDatabricksFinetunedReranker(["product_display_name"], "by_number"),
        **search,
    )
    assert {values[0] for values in rows(reply)} >= {values[0] for values in left}
    assert all(values[-1] == values[0] for values in rows(reply))


def test_more_rows_than_are_reranked_are_a_warning(own: VectorSearchIndex) -> None:
    reply = own.similarity_search(
        COLUMNS,
        num_results=60,
        debug_level=1,
        reranker=DatabricksReranker(["product_display_name"]),
        **SEARCHES["FULL_TEXT"],
    )
    assert reply["result"]["row_count"] == 50
    assert any("only the first 50 rows" in line for line in reply["debug_info"]["plan"])


def test_no_rows_are_no_rows(own: VectorSearchIndex) -> None:
    reply = own.similarity_search(
        COLUMNS,
        query_text="zzz",
        query_type="FULL_TEXT",
        reranker=DatabricksReranker(["product_display_name"]),
    )
    assert reply["result"] == {"row_count": 0}


# ------------------------------------------------------------------ refusals
def test_an_unknown_model_is_not_found(own: VectorSearchIndex) -> None:
    reranker = ExperimentalDatabricksFinetunedReranker(["product_display_name"])
    expected = default_endpoint_name(INDEX, own.describe()["id"])
    with pytest.raises(NotFound, match=expected):
        own.similarity_search(COLUMNS, reranker=reranker, **SEARCHES["FULL_TEXT"])


@pytest.mark.parametrize(
    ("changed", "error", "says"),
    [
        ({"reranker": DatabricksReranker(["nope"])}, BadRequest, "nope"),
        ({"reranker": DatabricksReranker([])}, InvalidParameterValue, "columns_to_rerank"),
        ({"reranker": DatabricksReranker("text")}, InvalidParameterValue, "columns_to_rerank"),  # type: ignore[arg-type]
        ({"reranker": "databricks_reranker"}, InvalidInputException, "DatabricksReranker"),
        (
            {"reranker": DatabricksReranker(["gender"]), "columns_to_rerank": ["gender"]},
            ValueError,
            "cannot both be provided",
        ),
    ],
)
def test_a_wrong_reranker_is_refused_by_name(
    index: VectorSearchIndex, changed: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        index.similarity_search(COLUMNS, **{**SEARCHES["FULL_TEXT"], **changed})


def test_a_search_without_text_can_not_be_reranked(index: VectorSearchIndex) -> None:
    with pytest.raises(InvalidParameterValue, match="query_text"):
        index.similarity_search(
            COLUMNS, query_vector=[0.5] * 16, reranker=DatabricksReranker(["gender"])
        )
