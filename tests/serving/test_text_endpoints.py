"""Endpoints named after the cloud's text models: which model answers, and with 1,024 numbers."""

from __future__ import annotations

import base64
import io
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from support.encoder import CountingEncoder
from support.needs import needs
from support.sentence_model import WIDTH, write_sentence_model

from engine import (
    InvalidParameterValue,
    InvalidState,
    ModelUnavailable,
    VectorSearchClient,
    Workspace,
)
from engine.encode import model_list, text_models
from engine.encode.text_models import TEXT_MODEL
from engine.optional import install_line
from engine.service.serving import serving_endpoints
from engine.service.serving.invocations import invoke
from engine.service.serving.text_endpoints import DIMENSION, TEXT_ENDPOINTS
from engine.settings import Settings

GTE, BGE = "databricks-gte-large-en", "databricks-bge-large-en"
CLIP = "clip-multimodal-encoder"
ASK = "What is machine learning?"
DOCUMENTS = [
    "The Eiffel Tower is in Paris.",
    "Machine learning lets computers learn patterns from data without being programmed.",
    "A washing machine cleans clothes with water and detergent.",
    "She wore a red summer dress to the party.",
    "Neural networks are models trained on examples to make predictions.",
    "Learning to ride a bicycle takes balance and practice.",
    "Tomatoes grow best in warm, sunny gardens.",
    "The stock market fell on Monday.",
]


@pytest.fixture
def without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the extra [text] is not installed."""
    monkeypatch.setattr(text_models, "has_text_model", lambda: False)


@pytest.fixture
def hashed(tmp_path: Path) -> Workspace:
    return Workspace(settings=Settings(tmp_path / "hashed", encoder="hashed"))


def create_texts(workspace: Workspace, texts: list[str], name: str = "main.a.texts") -> str:
    """An index that encodes its texts by `GTE`; its name."""
    workspace.write_table(f"{name}_source", pa.table({"id": range(len(texts)), "text": texts}))
    workspace.create_index(
        name,
        source_table=f"{name}_source",
        source_column="text",
        model_endpoint=GTE,
        primary_key="id",
        create_endpoint=True,
    )
    return name


def found(workspace: Workspace, index: str, **asked: Any) -> list[int]:
    reply = workspace.query_index(index, columns=["id"], **asked)
    return [int(row[0]) for row in reply["result"].get("data_array", [])]


# ------------------------------------------------------------------ which model
def test_without_the_extra_the_embedded_model_stands_in(
    workspace: Workspace, without_extra: None
) -> None:
    for name in TEXT_ENDPOINTS:
        shown = workspace.get_serving_endpoint(name)
        assert shown["config"]["served_entities"][0]["entity_name"] == "embedded"
        for words in (
            "A stand-in. ", "which knows shop words only", "1,024 numbers",
            "changes no inner product", install_line("text"),
        ):  # fmt: skip
            assert words in shown["description"]
        (vector,) = workspace.serving.encoder(name).encode_texts(["red dress"])
        assert vector.shape == (DIMENSION,)
        np.testing.assert_array_equal(
            vector[:512], workspace.encoder().encode_texts(["red dress"])[0]
        )
    assert "stand-in" not in workspace.get_serving_endpoint(CLIP)["description"]


def test_that_a_stand_in_answers_is_logged_once(
    workspace: Workspace, without_extra: None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "engine.serving"):
        workspace.list_serving_endpoints()
        workspace.serving.encode_text(CLIP, "red")
        assert not caplog.records
        for text in ("red", "blue"):
            for name in TEXT_ENDPOINTS:
                workspace.serving.encode_text(name, text)
    (record,) = caplog.records
    assert "knows shop words only" in record.getMessage() and GTE in record.getMessage()


def test_with_the_extra_it_is_a_text_model(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    needs("text")
    for name in TEXT_ENDPOINTS:
        shown = workspace.get_serving_endpoint(name)
        assert shown["config"]["served_entities"][0]["entity_name"] == TEXT_MODEL
        assert f"encoder {TEXT_MODEL}, a model for texts. Zeros make" in shown["description"]
        assert "stand-in" not in shown["description"]
        assert workspace.serving.encoder(name).name == TEXT_MODEL
    assert workspace.serving.encode_text(GTE, "red").shape == (DIMENSION,)
    assert workspace.serving.encoder(CLIP) is workspace.encoder()
    assert not caplog.records


def test_a_question_finds_its_answer_in_an_index(workspace: Workspace) -> None:
    needs("text")
    index = create_texts(workspace, DOCUMENTS)
    assert found(workspace, index, query_text=ASK, num_results=2) == [1, 4]
    rerank = {"columns_to_rerank": ["text"]}
    reply = workspace.query_index(
        index, columns=["id", "text"], query_text=ASK, num_results=8,
        reranker={"model": "databricks_reranker", "parameters": rerank}, debug_level=1,
    )  # fmt: skip
    assert f"encoder {TEXT_MODEL}" in str(reply["debug_info"])
    assert reply["result"]["data_array"][0][0] == 1


@pytest.mark.parametrize("default", ["hashed", "ViT-B-32/untrained", "directory"])
def test_a_default_for_tests_or_for_texts_is_taken(tmp_path: Path, default: str) -> None:
    if default == "directory":
        default = str(write_sentence_model(tmp_path / "model"))
    workspace = Workspace(settings=Settings(tmp_path / "w", encoder=default))
    shown = workspace.get_serving_endpoint(GTE)
    assert shown["config"]["served_entities"][0]["entity_name"] == default
    assert "stand-in" not in shown["description"]
    assert ("for tests" in shown["description"]) == (default != str(tmp_path / "model"))


def test_another_clip_stands_in_too(tmp_path: Path, without_extra: None) -> None:
    workspace = Workspace(settings=Settings(tmp_path, encoder="ViT-B-32-quickgelu/openai"))
    described = workspace.get_serving_endpoint(GTE)["description"]
    assert "A stand-in." in described and "knows the words of captions only" in described


def test_a_model_for_texts_can_be_chosen(tmp_path: Path) -> None:
    needs("text")
    folder = str(write_sentence_model(tmp_path / "model"))
    environ = {"VITRINE_WORKSPACE": str(tmp_path / "w"), "VITRINE_TEXT_ENCODER": folder}
    workspace = Workspace(settings=Settings.from_environment(environ))
    assert workspace.serving.encoder(GTE).name == folder
    vector = workspace.serving.encode_text(BGE, "red dress")
    assert vector.shape == (DIMENSION,) and not vector[WIDTH:].any()
    assert workspace.serving.encoder(CLIP).name != folder
    assert Settings.from_environment({}).text_encoder is None


def test_longer_vectors_than_the_clouds_are_refused(tmp_path: Path) -> None:
    config = {"hidden_size": 1200}
    folder = str(write_sentence_model(tmp_path / "model", config=config))
    needs("text")
    workspace = Workspace(settings=Settings(tmp_path / "w", text_encoder=folder))
    with pytest.raises(ModelUnavailable, match=r"1200 numbers.*Name another model"):
        workspace.serving.encoder(GTE)
    with pytest.raises(InvalidParameterValue, match="1200 numbers"):
        workspace.serving.encode_text(GTE, "red")
    assert GTE in [each["name"] for each in workspace.list_serving_endpoints()]


def test_the_list_of_models_has_it_or_how_to_get_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_list, "has_text_model", lambda: False)
    (missing,) = (each for each in workspace.list_models() if each.name == TEXT_MODEL)
    assert (missing.kind, missing.bytes, missing.where) == (
        "text model",
        None,
        install_line("text"),
    )
    monkeypatch.undo()
    needs("text")
    (here,) = (each for each in workspace.list_models() if each.name == TEXT_MODEL)
    assert (here.kind, here.dimension) == ("text model", 384)
    assert here.bytes is not None and here.bytes > 80e6


def test_its_speed_is_measured_without_photos(workspace: Workspace, tmp_path: Path) -> None:
    needs("text")
    speed = workspace.measure_model(str(write_sentence_model(tmp_path / "model")))
    assert speed.texts > 0 and speed.images is None


# ------------------------------------------------------------------ what it answers
def test_photos_are_refused(hashed: Workspace) -> None:
    photo = io.BytesIO()
    Image.new("RGB", (8, 8)).save(photo, "PNG")
    record = {"image": base64.b64encode(photo.getvalue()).decode()}
    with pytest.raises(
        InvalidParameterValue, match="record 0: this endpoint's model takes no imag"
    ):
        invoke(hashed.serving, GTE, {"dataframe_records": [record]})


def test_a_model_for_texts_embeds_no_products(workspace: Workspace, tmp_path: Path) -> None:
    needs("text")
    folder = str(write_sentence_model(tmp_path / "model"))
    workspace.write_table(
        "products",
        pa.table({"product_id": [1], "product_display_name": ["a"], "image_path": ["x"]}),
    )
    with pytest.raises(InvalidParameterValue, match="encodes texts only"):
        workspace.embed(encoder=folder)


def test_many_padded_rows_are_found_as_exactly_as_by_a_scan(hashed: Workspace) -> None:
    """The zeros leave the shortlist's codes as they should be."""
    rng = np.random.default_rng(3)
    words = [f"w{n}" for n in range(400)]
    texts = [" ".join(rng.choice(words, 6)) for _ in range(12_000)]
    index = create_texts(hashed, texts)
    vectors = hashed.serving.encoder(GTE).encode_texts(texts)
    hits = 0
    for text, vector in zip(texts[:40], vectors):
        near = {"columns": ["id"], "query_text": text, "num_results": 10, "debug_level": 1}
        reply = hashed.query_index(index, **near)
        assert "rows re-scored" in str(reply["debug_info"])
        exact = np.argsort(-(vectors @ vector), kind="stable")[:10].tolist()
        hits += len({row[0] for row in reply["result"]["data_array"]} & set(exact))
    assert hits >= 0.98 * 400  # some of the last have an equal


# ------------------------------------------------------------------ through the doors
def test_an_index_is_described_and_asked_with_1024_numbers(hashed: Workspace) -> None:
    index = create_texts(hashed, DOCUMENTS)
    client = VectorSearchClient(workspace=hashed)
    made = client.get_index(index_name=index)
    reply = made.similarity_search(columns=["id"], query_text=DOCUMENTS[3], num_results=1)
    assert reply["result"]["data_array"][0][0] == 3
    vector = hashed.serving.encode_text(GTE, DOCUMENTS[3])
    assert vector.shape == (1024,)
    by_vector = made.similarity_search(columns=["id"], query_vector=vector.tolist(), num_results=8)
    by_text = made.similarity_search(columns=["id"], query_text=DOCUMENTS[3], num_results=8)
    assert by_vector["result"] == by_text["result"]


def test_a_direct_access_index_of_1024_numbers_is_asked_by_text(hashed: Workspace) -> None:
    client = VectorSearchClient(workspace=hashed)
    client.create_endpoint("e")
    made = client.create_direct_access_index(
        endpoint_name="e", index_name="main.a.direct", primary_key="id", embedding_dimension=1024,
        embedding_vector_column="v", schema={"id": "int", "v": "array<float>"},
        embedding_model_endpoint_name=GTE,
    )  # fmt: skip
    vectors = hashed.serving.encoder(GTE).encode_texts(DOCUMENTS)
    made.upsert([{"id": n, "v": row.tolist()} for n, row in enumerate(vectors)])
    reply = made.similarity_search(columns=["id"], query_text=DOCUMENTS[5], num_results=1)
    assert reply["result"]["data_array"][0][0] == 5
    with pytest.raises(
        InvalidParameterValue, match="makes vectors of length 1024; embedding_dimens"
    ):
        client.create_direct_access_index(
            endpoint_name="e", index_name="main.a.short", primary_key="id", embedding_dimension=512,
            embedding_vector_column="v", schema={"id": "int", "v": "array<float>"},
            embedding_model_endpoint_name=GTE,
        )  # fmt: skip


# ------------------------------------------------------------------ indexes of before
def test_an_index_of_before_with_512_numbers_says_what_to_do(
    hashed: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:  # as releases before this one answered
        before.setattr(serving_endpoints, "TEXT_ENDPOINTS", ())
        index = create_texts(hashed, DOCUMENTS)
    with pytest.raises(InvalidState) as caught:
        hashed.query_index(index, columns=["id"], query_text=ASK)
    for words in (
        f"Index {index} holds vectors of length 512",
        "makes 1024",
        "create the index again",
    ):
        assert words in caught.value.message
    hashed.write_table(f"{index}_source", pa.table({"id": [1], "text": ["new"]}))
    with pytest.raises(InvalidState, match="create the index again"):
        hashed.sync(index)
    assert found(hashed, index, query_vector=[1.0] + [0.0] * 511), "its rows are still served"
    hashed.delete_index(index)
    create_texts(hashed, DOCUMENTS)
    assert found(hashed, index, query_text=DOCUMENTS[2])[0] == 2


def test_another_text_model_asks_for_a_sync(tmp_path: Path) -> None:
    needs("text")
    folder = str(write_sentence_model(tmp_path / "model"))
    first = Workspace(settings=Settings(tmp_path / "w", encoder="hashed"))
    index = create_texts(first, DOCUMENTS)
    later = Workspace(settings=Settings(tmp_path / "w", text_encoder=folder))
    with pytest.raises(InvalidState, match=r"were encoded by hashed.*vitrine index sync"):
        later.query_index(index, columns=["id"], query_text=ASK)
    later.sync(index)
    assert len(found(later, index, query_text=ASK)) == 8


def test_an_object_goes_before_them(hashed: Workspace) -> None:
    mine = CountingEncoder("mine")
    hashed.serving.use(GTE, mine)
    assert hashed.serving.encoder(GTE) is mine
    assert hashed.serving.encoder(BGE).dimension == DIMENSION
