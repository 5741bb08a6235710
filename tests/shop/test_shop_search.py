"""Searches in the shop's terms, from Python: words, photos, both, likeness; and what they give back."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from support.needs import needs

from engine import (
    BadImage,
    InvalidInputException,
    InvalidParameterValue,
    InvalidState,
    NotFound,
    Workspace,
    load_encoder,
)
from engine.core.names import table_name


def vectors(workspace: Workspace, column: str) -> tuple[list[int], np.ndarray]:
    table = workspace.read_table("product_embeddings_multimodal")
    return table["product_id"].to_pylist(), np.array(table[column].to_pylist())


def ranked(workspace: Workspace, column: str, query: np.ndarray, k: int) -> list[int]:
    keys, matrix = vectors(workspace, column)
    cosines = matrix @ query.astype(np.float64)
    return [keys[i] for i in np.lexsort((keys, -cosines))[:k]]


def keys(found: object) -> list[int]:
    return [row["product_id"] for row in found]


@pytest.fixture(scope="module")
def photo(built: Workspace) -> Path:
    return built.volumes.resolve("/Volumes/main/fashion_demo/raw_data/images/9.jpg")


def test_words_search_the_image_index(built: Workspace, tiny_encoder_name: str) -> None:
    found = built.search("red dress", k=5)
    query = load_encoder(tiny_encoder_name).encode_texts(["red dress"])[0]
    assert found.index == "main.fashion_demo.vs_image_search"
    assert keys(found) == ranked(built, "image_embedding", query, 5)


def test_words_can_search_another_index(built: Workspace, tiny_encoder_name: str) -> None:
    query = load_encoder(tiny_encoder_name).encode_texts(["red dress"])[0]
    found = built.search("red dress", index="vs_text_search", k=5)
    assert keys(found) == ranked(built, "text_embedding", query, 5)


def test_a_photo_finds_itself_first(built: Workspace, photo: Path) -> None:
    for image in (str(photo), photo, photo.read_bytes()):
        found = built.search(image=image, k=3)
        assert keys(found)[0] == 9
        assert found[0]["score"] == pytest.approx(1, abs=1e-5)
        assert found[0]["cosine"] == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("weight", [None, 0.0, 0.3, 1.0])
def test_words_and_a_photo_are_blended(
    built: Workspace, photo: Path, tiny_encoder_name: str, weight: float | None
) -> None:
    encoder = load_encoder(tiny_encoder_name)
    w = 0.5 if weight is None else weight
    text, image = encoder.encode_texts(["in blue"])[0], encoder.encode_images([photo])[0]
    found = built.search("in blue", image=photo, text_weight=weight, k=6)
    assert found.index == "main.fashion_demo.vs_hybrid_search"
    assert keys(found) == ranked(built, "hybrid_embedding", w * text + (1 - w) * image, 6)


def test_like_a_product_leaves_that_product_out(built: Workspace) -> None:
    order, matrix = vectors(built, "hybrid_embedding")
    query = matrix[order.index(9)]
    expected = [key for key in ranked(built, "hybrid_embedding", query, 6) if key != 9][:5]
    assert keys(built.search(like=9, k=5)) == expected
    for written in ("9", 9.0, np.int32(9), np.float64(9)):
        assert keys(built.search(like=written, k=5)) == expected


def test_filters_columns_and_k(built: Workspace) -> None:
    found = built.search("x", filters={"gender": "Women", "price <": 80}, columns=["price"], k=40)
    table = built.read_table("products").to_pylist()
    expected = [r for r in table if r["gender"] == "Women" and r["price"] < 80]
    assert 0 < len(found) == len(expected)
    assert found.columns == ("price", "score", "cosine")
    assert sorted(row["price"] for row in found) == sorted(r["price"] for r in expected)


def test_a_result_becomes_arrow_pandas_and_dicts(built: Workspace) -> None:
    needs("pandas")
    found = built.search("x", k=4)
    dicts = found.to_dicts()
    assert found.to_arrow().to_pylist() == dicts
    assert found.to_pandas().to_dict("records")[0]["product_id"] == dicts[0]["product_id"]
    assert [row["score"] for row in dicts] == sorted((r["score"] for r in dicts), reverse=True)
    dicts[0]["product_id"] = -1
    assert found[0]["product_id"] != -1
    nothing = built.search("x", filters={"price >": 10_000})
    assert (len(nothing), nothing.to_dicts()) == (0, [])
    assert nothing.to_arrow().column_names == list(nothing.columns)
    assert list(nothing.to_pandas().columns) == list(nothing.columns)
    assert "No product matches" in nothing.to_html()


def test_a_result_shows_itself_as_a_contact_sheet(built: Workspace, tmp_path: Path) -> None:
    found = built.search("<script>alert(1)</script>", k=4)
    page = found._repr_html_()
    assert page.count("data:image/jpeg;base64,") == 4
    assert "<script>" not in page
    assert all(row["product_display_name"] in page for row in found)
    assert f"{found[0]['price']:.2f}" in page
    saved = found.save(tmp_path / "r.html", server="http://shop:1").read_text(encoding="utf-8")
    assert saved == found.to_html(server="http://shop:1") and saved.startswith("<!doctype html>")
    assert "<html" not in page and "http" not in page


def test_a_missing_photo_does_not_spoil_the_sheet(tmp_path: Path, built: Workspace) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(built.path, copy)
    (tmp_path / "empty").mkdir()
    moved = Workspace(copy)
    moved.register_volume("/Volumes/main/fashion_demo/raw_data/images", tmp_path / "empty")
    assert moved.search(like=3, k=2).to_html().count("no photo") == 2


def test_timings_and_plan_are_told(built: Workspace) -> None:
    found = built.search("x", filters={"product_id": 3})
    parts = {"encode_ms", "filter_ms", "search_ms", "words_ms", "fetch_ms"}
    assert set(found.timings) == parts
    assert found.plan == (
        "exact gather: 1 of 40 rows match (2.5%); too few rows for an approximate index",
    )


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        ({}, InvalidInputException, "nothing was given"),
        ({"text": ""}, InvalidInputException, "nothing was given"),
        ({"text": "a", "like": 1}, InvalidInputException, "text and like was given"),
        (
            {"text": "a", "text_weight": 0.5},
            InvalidInputException,
            "needs both a text and an image",
        ),
        ({"like": 4711}, NotFound, r"Product 4711 is not in index .*embedding_failures"),
        ({"text": "a", "index": "nowhere"}, NotFound, "main.fashion_demo.nowhere not found"),
        ({"image": "/no/such.jpg"}, BadImage, "no file at /no/such.jpg"),
        ({"text": "a", "k": 0}, InvalidParameterValue, "k is 0; expected how many"),
        ({"vector": [1.0]}, InvalidParameterValue, "dimension 1 does not match index dimension 32"),
    ],
    ids=str,
)
def test_a_search_that_makes_no_sense_is_explained(
    built: Workspace, call: dict, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        built.search(**call)


def test_text_weight_out_of_range_is_named(built: Workspace, photo: Path) -> None:
    with pytest.raises(InvalidParameterValue, match=r"text_weight is 1\.5; expected a number"):
        built.search("a", image=photo, text_weight=1.5)


def test_a_query_by_another_model_is_refused(
    tmp_path: Path, tiny_clip_dir: Path, built: Workspace
) -> None:
    """The index remembers its model's fingerprint; other weights under the same name don't pass."""
    weights_dir = tmp_path / "clip"
    shutil.copytree(tiny_clip_dir, weights_dir)
    source = built.volumes.registered()["/Volumes/main/fashion_demo/raw_data/images"]
    made = Workspace(tmp_path / "w")
    made.build(Path(source).parent / "styles.csv", source, encoder=f"local-dir:{weights_dir}")
    assert len(made.search("x")) == 10
    weights = weights_dir / "open_clip_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(InvalidState, match=r"was made with encoder .* of fingerprint"):
        Workspace(made.path).search("x")


def test_an_image_can_be_a_pil_image(built: Workspace, photo: Path) -> None:
    from PIL import Image

    assert keys(built.search(image=Image.open(photo), k=1)) == [9]


def test_an_index_over_an_exported_table_asks_for_its_model(
    built: Workspace, tmp_path: Path, tiny_encoder_name: str
) -> None:
    """Words encoded by the wrong model would find nonsense without a sign of it."""
    (exported,) = built.tables.get(table_name("product_embeddings_multimodal")).files
    made = Workspace(tmp_path / "w")
    made.register_table("exported", exported)
    made.create_index(
        "main.a.i", source_table="exported", vector_column="image_embedding", create_endpoint=True
    )
    with pytest.raises(InvalidState, match="does not know which model made its vectors"):
        made.search("red", index="main.a.i")
    with pytest.raises(
        InvalidState, match="holds vectors of length 32; encoder vitrine-clip-1 makes 512"
    ):
        made.search("red", index="main.a.i", encoder="vitrine-clip-1")
    found = made.search("red", index="main.a.i", encoder=tiny_encoder_name, k=5)
    assert keys(found) == keys(built.search("red", k=5))
    assert len(made.search(like=3, index="main.a.i", k=5)) == 5
