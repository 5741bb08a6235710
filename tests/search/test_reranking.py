"""The second ranking: which texts are ranked, by what, and what becomes of the scores."""

from __future__ import annotations

import datetime
import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import InvalidInputException, NotFound, Workspace
from engine.core.query_request import QueryRequest
from engine.core.schema import IndexSpec
from engine.encode.model_folders import own_name
from engine.errors import ModelUnavailable
from engine.service.cancellation import Cancelled
from engine.service.search.hits import Hit, Timings
from engine.service.search.reranking import (
    BuiltInReranker,
    EncoderReranker,
    RerankerChoice,
    document,
    rerank,
    scaled,
    word_scores,
)
from engine.settings import DEFAULT_ENCODER
from engine.store.indexes.versions import Version

INDEX = "main.shop.things"
NAMES = ["red dress", "blue jeans", "red red shoes", None, "a watch", "dress of red silk"]
WORDS = ("red", "dress", "blue", "silk")


class WordEncoder:
    """An encoder whose vectors count words: (n, 5) unit rows; equal texts are equal."""

    name, note, fingerprint, dimension = "counting", None, "counting-1", 5

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        rows = np.array([[1.0, *(text.split().count(word) for word in WORDS)] for text in texts])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


class Lengths:
    """Longer documents are better; remembers what it was given."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, list[str]]] = []

    def rerank(self, query_text: str, documents: Sequence[str]) -> Sequence[float]:
        self.seen.append((query_text, list(documents)))
        return [len(text) for text in documents]


class Returns:
    """Always returns, or raises, one thing."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def rerank(self, query_text: str, documents: Sequence[str]) -> Any:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


Scene = tuple[Workspace, IndexSpec, Version, list[Hit]]


@pytest.fixture
def scene(workspace: Workspace) -> Scene:
    """A workspace, an index of six things, its version, and its rows in the order of their keys."""
    workspace.create_endpoint("e")
    workspace.write_table(
        INDEX + "_source",
        pa.table(
            {
                "id": pa.array(range(6), pa.int64()),
                "name": pa.array(NAMES, pa.string()),
                "tags": pa.array([["x", None], [], None, ["y", "z"], ["x"], ["x"]]),
                "price": pa.array([1.5, None, 3.0, 4.0, 5.0, 6.0]),
                "vector": pa.array([[1.0, float(i)] for i in range(6)], pa.list_(pa.float32())),
            }
        ),
    )
    workspace.create_index(
        INDEX,
        source_table=INDEX + "_source",
        vector_column="vector",
        primary_key="id",
        endpoint="e",
    )
    spec, _, version = workspace.version_of(INDEX)
    hits = [Hit(0, row, row, 0.9 - row / 10, None) for row in range(6)]
    return workspace, spec, version, hits


def ranked(
    scene: Scene,
    model: str = "databricks_reranker",
    columns: Sequence[str] = ("name",),
    text: str = "red dress",
    kind: str = "MODEL_TYPE_BASE",
    rows: int = 6,
) -> tuple[list[Hit], Timings]:
    """The hits reranked, and what was told about it."""
    workspace, spec, version, hits = scene
    request = QueryRequest(
        spec.name,
        columns=["id"],
        query_text=text,
        query_type="FULL_TEXT",
        reranker={
            "model": model,
            "model_type": kind,
            "parameters": {"columns_to_rerank": list(columns)},
        },
    )
    query, timings = request.checked(spec, version.columns), Timings()
    choice = RerankerChoice(workspace.rerankers, workspace.serving, workspace.models)
    return rerank(choice, version, query, hits[:rows], timings), timings


# ------------------------------------------------------------------ documents
def test_a_document_is_the_values_joined_without_nulls() -> None:
    day = datetime.date(2024, 5, 6)
    assert document(["a b", None, 3, 2.5, True, day, ["x", None, "y"], []]) == (
        "a b 3 2.5 true 2024-05-06 x y"
    )


def test_a_document_is_cut_at_2000_characters() -> None:
    text = document(["a" * 1999, "bcd"])
    assert text == "a" * 1999 + " "
    assert len(document(["ü" * 5000])) == 2000


def test_the_reranker_gets_the_query_and_a_document_for_each_row_in_order(scene: Scene) -> None:
    model = Lengths()
    scene[0].register_reranker("lengths", model)
    ranked(scene, "lengths", ["name", "tags", "price"])
    assert model.seen == [
        (
            "red dress",
            [
                "red dress x 1.5", "blue jeans", "red red shoes 3.0", "y z 4.0", "a watch x 5.0",
                "dress of red silk x 6.0",
            ],
        )
    ]  # fmt: skip


# ------------------------------------------------------------------ order and scores
def test_scores_are_replaced_and_ties_keep_the_first_order(scene: Scene) -> None:
    scene[0].register_reranker("two", Returns([1, 2, 2, 1, 2, -7.5]))
    hits, timings = ranked(scene, "two")
    assert [(hit.key, hit.score) for hit in hits] == [
        (1, 2.0), (2, 2.0), (4, 2.0), (0, 1.0), (3, 1.0), (5, -7.5),
    ]  # fmt: skip
    assert [(hit.part, hit.row) for hit in hits] == [(0, hit.key) for hit in hits]
    assert timings.plans == ("reranked 6 rows by two",)
    assert timings.warnings == []


def test_numbers_may_come_as_an_array(scene: Scene) -> None:
    scene[0].register_reranker("array", Returns(np.arange(6, dtype=np.float16)))
    assert [hit.key for hit in ranked(scene, "array")[0]] == [5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ([1.0] * 5, "expected 6 numbers"),
        ([], "expected 6 numbers"),
        (None, "expected 6 numbers"),
        ([[1.0]] * 6, "expected 6 numbers"),
        (["1"] * 6, "expected 6 numbers"),
        ([True] * 6, "expected 6 numbers"),
        ([1.0, 2.0, math.nan, 1.0, 1.0, 1.0], "nan for document 2"),
        ([1.0, 2.0, 1.0, 1.0, 1.0, -math.inf], "-inf for document 5"),
        (RuntimeError("no memory"), "RuntimeError: no memory"),
        (ImportError("no package"), "ImportError: no package"),
    ],
    ids=repr,
)
def test_a_reranker_that_fails_loses_no_answer(scene: Scene, answer: object, says: str) -> None:
    scene[0].register_reranker("broken", Returns(answer))
    hits, timings = ranked(scene, "broken")
    assert hits == scene[3]
    (warning,) = timings.warnings
    assert "reranker broken failed" in warning
    assert says in warning
    assert timings.plans == ()


def test_a_caller_who_goes_is_no_failure_of_the_reranker(scene: Scene) -> None:
    scene[0].register_reranker("slow", Returns(Cancelled()))
    with pytest.raises(Cancelled):
        ranked(scene, "slow")


def test_no_hits_are_no_hits(scene: Scene) -> None:
    model = Lengths()
    scene[0].register_reranker("lengths", model)
    assert ranked(scene, "lengths", rows=0)[0] == []
    assert model.seen == []


# ------------------------------------------------------------------ which one
@pytest.mark.parametrize("kind", ["MODEL_TYPE_BASE", "MODEL_TYPE_FINETUNED"])
def test_an_unknown_name_is_not_found_and_names_what_is_there(scene: Scene, kind: str) -> None:
    scene[0].register_reranker("mine", Lengths())
    for rows in (6, 0):
        with pytest.raises(NotFound, match=r"other does not exist.*databricks_reranker, mine"):
            ranked(scene, "other", kind=kind, rows=rows)


def test_a_finetuned_name_may_be_a_serving_endpoint(scene: Scene) -> None:
    scene[0].serving.use("served", WordEncoder())
    hits, timings = ranked(scene, "served", kind="MODEL_TYPE_FINETUNED")
    vectors = WordEncoder().encode_texts([name or "" for name in NAMES]).astype(float)
    cosines = vectors @ WordEncoder().encode_texts(["red dress"])[0].astype(float)
    assert {hit.key: pytest.approx(hit.score) for hit in hits} == dict(enumerate(cosines))
    assert [hit.key for hit in hits] == sorted(range(6), key=lambda i: (-cosines[i], i))
    assert timings.plans == ("reranked 6 rows by served",)


def test_a_serving_endpoint_whose_model_is_not_here_is_a_reranker_that_fails(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(name: str) -> WordEncoder:
        raise ModelUnavailable(f"no weights for {name}")

    scene[0].serving.use("gone", WordEncoder())
    monkeypatch.setattr(scene[0].serving, "encoder", unavailable)
    hits, timings = ranked(scene, "gone", kind="MODEL_TYPE_FINETUNED")
    assert hits == scene[3]
    assert "reranker gone failed" in timings.warnings[0]
    assert "no weights for gone" in timings.warnings[0]


def test_a_base_model_is_no_serving_endpoint(scene: Scene) -> None:
    scene[0].serving.use("served", WordEncoder())
    with pytest.raises(NotFound, match="served does not exist"):
        ranked(scene, "served", kind="MODEL_TYPE_BASE")


def test_a_registered_object_comes_before_a_serving_endpoint(scene: Scene) -> None:
    scene[0].register_reranker("both", Returns([0, 0, 0, 0, 0, 1]))
    assert ranked(scene, "both", kind="MODEL_TYPE_FINETUNED")[0][0].key == 5


def test_the_built_in_one_can_be_replaced(scene: Scene) -> None:
    scene[0].register_reranker("databricks_reranker", Returns([0, 0, 0, 0, 0, 1]))
    hits, timings = ranked(scene)
    assert (hits[0].key, hits[0].score) == (5, 1.0)
    assert timings.plans == ("reranked 6 rows by databricks_reranker",)


@pytest.mark.parametrize(("name", "thing"), [("", Lengths()), (None, Lengths()), ("x", "y")])
def test_what_can_not_rerank_is_not_registered(workspace: Workspace, name: Any, thing: Any) -> None:
    with pytest.raises(InvalidInputException):
        workspace.register_reranker(name, thing)
    assert workspace.rerankers == {}


# ------------------------------------------------------------------ the built-in one
def test_the_built_in_one_is_half_words_and_half_meaning() -> None:
    documents = [name or "" for name in NAMES]
    model = BuiltInReranker(WordEncoder)  # type: ignore[arg-type]
    scores = model.rerank("red dress", documents)
    meaning = EncoderReranker(WordEncoder).rerank("red dress", documents)  # type: ignore[arg-type]

    def by_hand(values: Sequence[float]) -> list[float]:
        return [(value - min(values)) / (max(values) - min(values)) for value in values]

    words = by_hand([bm25("red dress", documents, place) for place in range(6)])
    expected = [(word + other) / 2 for word, other in zip(words, by_hand(meaning))]
    assert list(scores) == pytest.approx(expected)
    assert scores[0] == pytest.approx(1.0)
    assert model.warnings == ()
    assert "counting" in model.how
    assert "BM25" in model.how
    assert "77 tokens" in model.how


def test_the_built_in_one_uses_the_embedded_model_and_says_so(scene: Scene) -> None:
    hits, timings = ranked(scene)
    assert hits[0].key == 0
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(0 <= hit.score <= 1 for hit in hits)
    (plan,) = timings.plans
    assert plan.startswith(
        f"reranked 6 rows by databricks_reranker (encoder {own_name(DEFAULT_ENCODER)}, "
    )
    assert timings.warnings == []


@pytest.mark.parametrize(
    ("facts", "used"),
    [
        ({"encoder": "own", "fingerprint": "own-1"}, "own"),
        ({"encoder": "own", "fingerprint": None}, "own"),
        ({"encoder": "own", "fingerprint": "own-2"}, "default"),
        ({"encoder": "gone", "fingerprint": None}, "default"),
        ({"encoder": None, "fingerprint": None}, "default"),
        ({}, "default"),
    ],
)
def test_the_encoder_is_the_indexes_own_where_it_is_the_same_today(
    scene: Scene, facts: dict[str, Any], used: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def encoder(name: str | None = None) -> WordEncoder:
        if name == "gone":
            raise ModelUnavailable("gone")
        made = WordEncoder()
        made.name = name or "default"
        made.fingerprint = f"{made.name}-1"
        return made

    monkeypatch.setattr(scene[0].models, "encoder", encoder)
    monkeypatch.setitem(scene[2].facts, "encoder", facts)  # type: ignore[arg-type]
    assert f"encoder {used}," in ranked(scene)[1].plans[0]


def test_without_an_encoder_words_alone_rank_with_a_warning(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, "engine.encode.models.onnx", raising=False)
    hits, timings = ranked(scene, text="silk watch")
    assert [hit.key for hit in hits[:2]] == [4, 5]
    assert [hit.key for hit in hits[2:]] == [0, 1, 2, 3]
    assert timings.plans == ("reranked 6 rows by databricks_reranker (BM25)",)
    (warning,) = timings.warnings
    assert "by words alone" in warning
    assert "onnxruntime" in warning


def test_what_must_be_known_of_an_encoder_is_a_warning() -> None:
    untrained = WordEncoder()
    untrained.note = "random weights"  # type: ignore[assignment]
    model = BuiltInReranker(lambda: untrained)  # type: ignore[arg-type,return-value]
    model.rerank("a", ["a"])
    assert model.warnings == ("random weights",)


# ------------------------------------------------------------------ words
def bm25(text: str, documents: Sequence[str], place: int) -> float:
    """BM25 of one document by the formula, word by word (k1 1.2, b 0.75)."""
    split = [document.lower().split() for document in documents]
    mean = sum(map(len, split)) / len(split) or 1.0
    total = 0.0
    for word in sorted(set(text.lower().split())):
        times = split[place].count(word)
        holders = sum(word in words for words in split)
        weight = math.log(1 + (len(split) - holders + 0.5) / (holders + 0.5))
        total += weight * times * 2.2 / (times + 1.2 * (0.25 + 0.75 * len(split[place]) / mean))
    return total


texts = st.lists(st.sampled_from("abcdeF"), max_size=8).map(" ".join)


@given(texts, st.lists(texts, min_size=1, max_size=7))
def test_word_scores_are_bm25(text: str, documents: list[str]) -> None:
    expected = [bm25(text, documents, place) for place in range(len(documents))]
    assert word_scores(text, documents).tolist() == pytest.approx(expected)


def test_words_are_what_stands_between_punctuation_in_any_case() -> None:
    scores = word_scores("T-SHIRT t", ["t shirt", "(t)... Shirt!", "tshirt"])
    assert scores[0] == scores[1] > 0
    assert scores[2] == 0


numbers = st.floats(-1e300, 1e300, allow_subnormal=True)


@given(st.lists(numbers, min_size=1, max_size=8))
def test_scaled_numbers_are_from_0_to_1_in_the_same_order(values: list[float]) -> None:
    out = scaled(np.array(values)).tolist()
    assert all(0 <= value <= 1 for value in out)
    if max(values) > min(values):
        assert out[values.index(max(values))] == 1
        assert out[values.index(min(values))] == 0
    else:
        assert out == [0.5] * len(values)
    for a, b in zip(sorted(values), sorted(values)[1:]):
        assert out[values.index(a)] <= out[values.index(b)]
