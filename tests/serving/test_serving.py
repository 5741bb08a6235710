"""Serving endpoints: their life, the API's shape, and texts that are encoded once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from support.encoder import CountingEncoder
from support.needs import needs

from engine import (
    InvalidInputException,
    InvalidParameterValue,
    ModelUnavailable,
    NotFound,
    ResourceConflict,
    Workspace,
)
from engine.errors import InvalidState
from engine.service.serving import text_vectors

BUILT_IN = [
    "clip-image-encoder",
    "clip-multimodal-encoder",
    "databricks-bge-large-en",
    "databricks-gte-large-en",
]


def names(workspace: Workspace) -> list[str]:
    return [endpoint["name"] for endpoint in workspace.list_serving_endpoints()]


@pytest.fixture
def encoder(workspace: Workspace) -> CountingEncoder:
    """Behind the name `mine`."""
    made = CountingEncoder()
    workspace.serving.use("mine", made)
    return made


# ------------------------------------------------------------------ life
def test_a_new_workspace_has_the_endpoints_that_code_expects(workspace: Workspace) -> None:
    assert names(workspace) == BUILT_IN
    for name in BUILT_IN:
        is_named_after_the_clouds = name.startswith("databricks-")
        shown = workspace.get_serving_endpoint(name)
        assert (shown["creator"], shown["creation_timestamp"]) == ("vitrine", 0)
        is_other = (
            "The name is that of a cloud endpoint, the vectors are not." in shown["description"]
        )
        assert is_other == is_named_after_the_clouds
        encoder = workspace.serving.encoder(name)
        assert encoder.dimension == (1024 if is_named_after_the_clouds else 512)
        assert (encoder is workspace.encoder()) != is_named_after_the_clouds
    assert not workspace.path.exists()


def test_an_endpoint_has_the_shape_that_clients_read(workspace: Workspace) -> None:
    made = workspace.create_serving_endpoint("shop", "embedded")
    assert made == workspace.get_serving_endpoint("shop")
    assert made["state"] == {"ready": "READY", "config_update": "NOT_UPDATING"}
    assert (made["task"], made["route_optimized"]) == ("llm/v1/embeddings", False)
    assert made["permission_level"] == "CAN_MANAGE"
    assert made["config"]["served_entities"][0]["entity_name"] == "embedded"
    assert made["creation_timestamp"] > 1_600_000_000_000
    assert set(made) == set(workspace.get_serving_endpoint("clip-image-encoder"))


def test_an_endpoint_outlives_the_process_and_its_deletion_too(workspace: Workspace) -> None:
    made = workspace.create_serving_endpoint("shop")
    again = Workspace(workspace.path)
    assert again.get_serving_endpoint("shop") == made
    assert again.serving.encoder("shop") is again.encoder()
    assert names(again) == [*BUILT_IN, "shop"]
    again.delete_serving_endpoint("shop")
    assert names(workspace) == BUILT_IN
    with pytest.raises(NotFound):
        workspace.delete_serving_endpoint("shop")


@pytest.mark.parametrize("name", ["", "a b", "../up", ".x", "a/b", "a" * 64, None])
def test_bad_names_are_refused(workspace: Workspace, name: Any) -> None:
    with pytest.raises(InvalidParameterValue, match="Serving endpoint name is"):
        workspace.create_serving_endpoint(name)
    with pytest.raises(InvalidParameterValue, match="Serving endpoint name is"):
        workspace.serving.use(name, CountingEncoder())
    with pytest.raises(NotFound):
        workspace.get_serving_endpoint(name)


@pytest.mark.parametrize("name", ["shop", "databricks-gte-large-en"])
def test_a_taken_name_is_refused(workspace: Workspace, name: str) -> None:
    workspace.create_serving_endpoint(name)  # under a built-in name, once
    with pytest.raises(ResourceConflict, match=f"{name} already exists"):
        workspace.create_serving_endpoint(name)


def test_an_encoder_that_is_not_there_is_refused_at_once(workspace: Workspace) -> None:
    needs("clip")
    with pytest.raises(ModelUnavailable):
        workspace.create_serving_endpoint("shop", "no-such-architecture/openai")
    assert names(workspace) == BUILT_IN


def test_built_in_endpoints_stay(workspace: Workspace) -> None:
    with pytest.raises(InvalidState, match="built in"):
        workspace.delete_serving_endpoint("clip-image-encoder")


def test_an_unknown_endpoint_is_named_with_what_to_do(workspace: Workspace) -> None:
    with pytest.raises(NotFound) as caught:
        workspace.serving.encoder("databricks-gte-large")
    assert caught.value.message.startswith(
        "The given endpoint does not exist, please retry after checking the specified model and "
        "version deployment exists. "
    )
    assert "Did you mean 'databricks-gte-large-en'?" in caught.value.message
    assert "workspace.create_serving_endpoint('databricks-gte-large', " in caught.value.message


# ------------------------------------------------------------------ objects behind names
def test_an_object_serves_in_its_process_only(
    workspace: Workspace, encoder: CountingEncoder
) -> None:
    assert workspace.serving.encoder("mine") is encoder
    shown = workspace.get_serving_endpoint("mine")
    assert shown["config"]["served_entities"][0]["entity_name"] == "counting-one"
    assert "mine" in names(workspace)
    assert "mine" not in names(Workspace(workspace.path))
    workspace.delete_serving_endpoint("mine")
    assert names(workspace) == BUILT_IN


def test_an_object_goes_before_an_endpoint_of_its_name(workspace: Workspace) -> None:
    stand_in = CountingEncoder("gte")
    workspace.serving.use("databricks-gte-large-en", stand_in)
    assert workspace.serving.encoder("databricks-gte-large-en") is stand_in
    assert names(workspace) == BUILT_IN
    workspace.delete_serving_endpoint("databricks-gte-large-en")
    assert workspace.serving.encoder("databricks-gte-large-en").dimension == 1024


def test_an_object_that_is_no_encoder_is_refused(workspace: Workspace) -> None:
    with pytest.raises(InvalidInputException, match="has no name, dimension, fingerprint, encode"):
        workspace.serving.use("mine", 5)  # type: ignore[arg-type]
    with pytest.raises(InvalidParameterValue, match="embedding_dimension is 5000"):
        workspace.serving.use("mine", CountingEncoder(dimension=5000))


# ------------------------------------------------------------------ encoding
def test_texts_are_encoded_once_for_a_model(workspace: Workspace, encoder: CountingEncoder) -> None:
    texts = [f"text {i % 700}" for i in range(1000)]
    first = workspace.serving.embed_texts("mine", texts)
    assert sorted(encoder.encoded) == sorted(set(texts))
    again = Workspace(workspace.path)
    other = CountingEncoder("one")
    again.serving.use("other", other)
    second = again.serving.embed_texts("other", [*texts, "new"])
    assert other.encoded == ["new"]
    expected = np.stack([encoder.vector(text) for text in texts])
    assert np.array_equal(np.stack(first), expected)
    assert np.array_equal(np.stack(second[:-1]), expected)


def test_another_model_behind_a_name_encodes_anew(
    workspace: Workspace, encoder: CountingEncoder
) -> None:
    workspace.serving.embed_texts("mine", ["a"])
    other = CountingEncoder("two")
    workspace.serving.use("mine", other)
    [vector] = workspace.serving.embed_texts("mine", ["a"])
    assert other.encoded == ["a"]
    assert np.array_equal(vector, other.vector("a"))


def test_only_the_bad_texts_of_a_batch_fail(workspace: Workspace, encoder: CountingEncoder) -> None:
    texts = [f"text {i}" for i in range(600)]
    encoder.refused = {"text 3", "text 300", "text 301"}
    outcomes = workspace.serving.embed_texts("mine", texts)
    for text, outcome in zip(texts, outcomes):
        if text in encoder.refused:
            assert outcome == (
                f"Failed to call Model Serving endpoint: mine. RuntimeError: can't read {text!r}"
            )
        else:
            assert np.array_equal(outcome, encoder.vector(text))
    encoder.refused = set()  # failures are not remembered
    assert np.array_equal(
        workspace.serving.embed_texts("mine", ["text 3"])[0], encoder.vector("text 3")
    )


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (np.zeros((1, 3)), r"float64 of shape \(1, 3\); expected numbers of shape \(1, 4\)"),
        (np.zeros(4), r"of shape \(4,\)"),
        (np.array([["a"] * 4]), "expected numbers"),
        (np.array([[1, 2, 3, np.nan]]), "NaN, infinite"),
        (np.array([[1, 2, 3, 1e300]]), "beyond float32"),
    ],
    ids=str,
)
def test_an_answer_that_is_no_vector_is_a_failure(
    workspace: Workspace,
    encoder: CountingEncoder,
    monkeypatch: pytest.MonkeyPatch,
    answer: object,
    words: str,
) -> None:
    monkeypatch.setattr(encoder, "encode_texts", lambda texts: answer)
    [outcome] = workspace.serving.embed_texts("mine", ["a"])
    assert isinstance(outcome, str)
    with pytest.raises(InvalidParameterValue, match=words) as caught:
        workspace.serving.encode_text("mine", "a")
    assert caught.value.message == outcome


def test_a_model_that_can_not_be_loaded_fails_the_whole_call(
    workspace: Workspace, encoder: CountingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def fail(texts: Sequence[str]) -> None:
        calls.append(texts)
        raise ModelUnavailable("no weights here")

    monkeypatch.setattr(encoder, "encode_texts", fail)
    with pytest.raises(ModelUnavailable, match="no weights here"):
        workspace.serving.embed_texts("mine", ["a", "b"])
    assert len(calls) == 1


def test_progress_counts_what_was_encoded(
    workspace: Workspace, encoder: CountingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_vectors, "BATCH_TEXTS", 4)
    counts: list[int] = []
    workspace.serving.embed_texts("mine", ["a", "b", "a", "c", "d", "e"], counts.append)
    workspace.serving.embed_texts("mine", ["a", "f"], counts.append)
    assert counts == [4, 1, 1]


def test_the_embedded_model_answers_as_it_does_alone(workspace: Workspace) -> None:
    texts = ["red summer dress", "blue jeans", "white sneakers"]
    vectors = workspace.serving.embed_texts("clip-multimodal-encoder", texts)
    alone = workspace.encoder().encode_texts(texts)
    assert np.array_equal(np.stack(vectors), alone)
    assert np.allclose(
        workspace.serving.encode_text("clip-image-encoder", texts[1]), alone[1], atol=1e-6
    )
