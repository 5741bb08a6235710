"""Embedding a catalogue: the tables, what is encoded and what is not, failures, interruptions."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from support.catalogue import Catalogue, write_catalogue
from support.children import LONGEST, started, wait_until
from support.needs import needs

from engine import (
    InvalidInputException,
    InvalidParameterValue,
    StorageFailed,
    Workspace,
    load_encoder,
)
from engine.encode.cache import embeddings as cache
from engine.encode.cache.file import open_file
from engine.encode.models.clip import OpenClipEncoder
from engine.encode.photos import rgb
from engine.shop.embedding import photos
from engine.shop.embedding.recipes import text_content

DOUBLES, TIME = pa.list_(pa.float64()), pa.timestamp("us", tz="UTC")
MODEL = [("embedding_model", pa.string()), ("embedding_dimension", pa.int32())]


@pytest.fixture
def imported(workspace: Workspace, catalogue: Catalogue) -> Workspace:
    workspace.import_fashion(catalogue.styles, catalogue.images)
    return workspace


def matrix(table: pa.Table, column: str) -> np.ndarray:
    return np.array(table[column].to_pylist(), dtype=np.float64)


# ---------------------------------------------------------------------- tables
def test_the_four_tables_have_the_clouds_schemas(
    imported: Workspace, tiny_encoder_name: str
) -> None:
    imported.embed(encoder=tiny_encoder_name)
    products = list(imported.read_table("products").schema)
    key = products[0]
    expected = {
        "product_image_embeddings": [
            key,
            ("image_embedding", DOUBLES),
            *MODEL,
            ("created_at", TIME),
        ],
        "product_text_embeddings": [
            key,
            ("text_content", pa.string()),
            ("text_embedding", DOUBLES),
            *MODEL,
            ("created_at", TIME),
        ],
        "product_embeddings_enriched": [
            *products,
            ("image_embedding", DOUBLES),
            *MODEL,
            ("updated_at", TIME),
        ],
        "product_embeddings_multimodal": [
            *products,
            ("image_embedding", DOUBLES),
            ("text_embedding", DOUBLES),
            ("hybrid_embedding", DOUBLES),
            *MODEL,
            ("updated_at", TIME),
        ],
    }
    for name, fields in expected.items():
        assert imported.read_table(name).schema == pa.schema(fields), name
        assert len(imported.read_table(name)) == 40


def test_every_row_equals_plain_open_clip_one_by_one(
    imported: Workspace, catalogue: Catalogue, tiny_encoder_name: str
) -> None:
    imported.embed(encoder=tiny_encoder_name)
    needs("clip")
    import open_clip
    import torch

    model, _, preprocess = open_clip.create_model_and_transforms(tiny_encoder_name)
    tokenizer = open_clip.get_tokenizer(tiny_encoder_name)
    model.eval()
    for row in imported.read_table("product_embeddings_multimodal").to_pylist():
        photo = preprocess(Image.open(catalogue.images / f"{row['product_id']}.jpg"))
        with torch.inference_mode():
            image = model.encode_image(photo[None], normalize=True)[0].numpy()
            text = model.encode_text(tokenizer([text_content(row)]), normalize=True)[0].numpy()
        hybrid = (text + image) / np.linalg.norm(text + image)
        for name, vector in (("image", image), ("text", text), ("hybrid", hybrid)):
            stored = np.array(row[f"{name}_embedding"])
            assert stored @ vector > 0.99999, (row["product_id"], name)
            assert abs(np.linalg.norm(stored) - 1) < 1e-6
        assert row["embedding_dimension"] == 32
        assert row["embedding_model"] == tiny_encoder_name


def test_recipe_weight_and_model_are_stored_with_the_tables(
    imported: Workspace, tiny_encoder_name: str
) -> None:
    from engine.core.names import table_name

    imported.embed(encoder=tiny_encoder_name, recipe="short-v1")
    properties = imported.tables.get(table_name("product_text_embeddings")).properties
    assert properties["text_recipe"] == "short-v1"
    assert properties["text_weight"] == 0.5
    assert properties["encoder"] == tiny_encoder_name
    assert properties["fingerprint"] == load_encoder(tiny_encoder_name).fingerprint
    texts = imported.read_table("product_text_embeddings")["text_content"].to_pylist()
    assert texts[0] == "Brand Women Red Jeans Long Name No 1 Jeans Red Apparel Women Summer"


def test_no_zero_vectors_and_no_row_is_lost(
    imported: Workspace, catalogue: Catalogue, tiny_encoder_name: str
) -> None:
    """Broken, missing, empty and absurd images and a nameless row: left out, listed, counted."""
    (catalogue.images / "3.jpg").unlink()
    (catalogue.images / "5.jpg").write_bytes(b"no image at all")
    (catalogue.images / "6.jpg").write_bytes(b"")
    good = (catalogue.images / "7.jpg").read_bytes()
    (catalogue.images / "7.jpg").write_bytes(good[: len(good) // 2])
    products = imported.read_table("products")
    names = products["product_display_name"].to_pylist()
    names[9] = None
    at = products.column_names.index("product_display_name")
    imported.write_table("products", products.set_column(at, products.schema.field(at), [names]))

    report = imported.embed(encoder=tiny_encoder_name)

    assert report.failures == {"image_decode": 2, "image_read": 2, "text": 1}
    assert (report.products, report.images, report.texts) == (40, 36, 39)
    listed = {
        (row["product_id"], row["stage"]): row["reason"]
        for row in imported.read_table("embedding_failures").to_pylist()
    }
    assert set(listed) == {
        (3, "image_read"),
        (5, "image_decode"),
        (6, "image_read"),
        (7, "image_decode"),
        (10, "text"),
    }
    assert "no file at /Volumes/main/fashion_demo/raw_data/images/3.jpg" in listed[3, "image_read"]
    assert "no image in a format that can be read" in listed[5, "image_decode"]
    assert "damaged image" in listed[7, "image_decode"]
    assert listed[10, "text"] == "the product has no display name"
    enriched = imported.read_table("product_embeddings_enriched")["product_id"].to_pylist()
    both = imported.read_table("product_embeddings_multimodal")["product_id"].to_pylist()
    assert set(enriched) == set(range(1, 41)) - {3, 5, 6, 7}
    assert set(both) == set(enriched) - {10}
    for name in ("product_image_embeddings", "product_text_embeddings"):
        column = name.removeprefix("product_").removesuffix("s")
        lengths = np.linalg.norm(matrix(imported.read_table(name), column), axis=1)
        np.testing.assert_allclose(lengths, 1, atol=1e-6)


# ---------------------------------------------------------------------- what is encoded
def test_a_second_run_encodes_nothing_and_changes_nothing(
    imported: Workspace, tiny_encoder_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = imported.embed(encoder=tiny_encoder_name)
    assert (first.encoded_images, first.encoded_texts) == (40, 40)
    before = imported.read_table("product_embeddings_multimodal")

    def forbidden(*_: object) -> None:
        raise AssertionError("the model was asked")

    monkeypatch.setattr(OpenClipEncoder, "encode_pixels", forbidden)
    monkeypatch.setattr(OpenClipEncoder, "encode_tokens", forbidden)
    second = Workspace(imported.path).embed(encoder=tiny_encoder_name)
    assert (second.encoded_images, second.encoded_texts) == (0, 0)
    assert (second.images, second.texts) == (40, 40)
    assert imported.read_table("product_embeddings_multimodal").equals(before)


def test_only_what_changed_is_encoded(
    imported: Workspace, catalogue: Catalogue, tiny_encoder_name: str
) -> None:
    imported.embed(encoder=tiny_encoder_name)
    shutil.copy(catalogue.images / "1.jpg", catalogue.images / "2.jpg")
    Image.new("RGB", (50, 50), "red").save(catalogue.images / "4.jpg")
    report = imported.embed(encoder=tiny_encoder_name)
    assert (report.encoded_images, report.encoded_texts) == (1, 0)
    table = imported.read_table("product_image_embeddings")
    vectors = matrix(table, "image_embedding")
    np.testing.assert_array_equal(vectors[0], vectors[1])


def test_equal_contents_are_encoded_once(
    workspace: Workspace, tmp_path: Path, tiny_encoder_name: str
) -> None:
    source = write_catalogue(tmp_path / "c", 80)
    for key in range(2, 81):
        shutil.copy(source.images / "1.jpg", source.images / f"{key}.jpg")
    workspace.import_fashion(source.styles, source.images)
    products = workspace.read_table("products")
    same = pa.array(["One Name"] * 80)
    for name in ("product_display_name", "article_type", "base_color", "gender"):
        at = products.column_names.index(name)
        products = products.set_column(at, products.schema.field(at), same)
    workspace.write_table("products", products.drop_columns("price"))
    report = workspace.embed(encoder=tiny_encoder_name)
    assert (report.encoded_images, report.encoded_texts) == (1, 1)
    assert (report.images, report.texts) == (80, 80)


def test_another_model_shares_nothing(
    imported: Workspace, tiny_clip_dir: Path, tiny_encoder_name: str, tmp_path: Path
) -> None:
    imported.embed(encoder=tiny_encoder_name)
    other = tmp_path / "other"
    shutil.copytree(tiny_clip_dir, other)
    weights = other / "open_clip_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-2] ^= 1
    weights.write_bytes(data)
    report = imported.embed(encoder=f"local-dir:{other}")
    assert (report.encoded_images, report.encoded_texts) == (40, 40)


def test_a_limit_takes_the_first_products_with_a_photo(
    imported: Workspace, catalogue: Catalogue, tiny_encoder_name: str
) -> None:
    (catalogue.images / "2.jpg").unlink()
    report = imported.embed(encoder=tiny_encoder_name, limit_photos=5)
    assert (report.images, report.texts, report.skipped) == (5, 5, 34)
    assert report.failures == {"image_read": 1}
    keys = imported.read_table("product_embeddings_multimodal")["product_id"].to_pylist()
    assert keys == [1, 3, 4, 5, 6]


def test_arguments_out_of_range_are_named(imported: Workspace, tiny_encoder_name: str) -> None:
    with pytest.raises(InvalidInputException, match="limit_photos is 0; expected at least 1"):
        imported.embed(encoder=tiny_encoder_name, limit_photos=0)
    with pytest.raises(InvalidParameterValue, match="known are: full-v1, short-v1"):
        imported.embed(encoder=tiny_encoder_name, recipe="long")


# ---------------------------------------------------------------------- interruptions
# Encodes three batches and waits in the fourth, so that the signal comes in the middle of the run.
SLOW = """
import itertools, sys, time
from engine import Workspace
from engine.encode.cache import embeddings as cache
from engine.encode.photos import rgb
from engine.encode.cache.file import open_file
from engine.encode.models.clip import OpenClipEncoder
from engine.shop.embedding import photos
real = OpenClipEncoder.encode_pixels
batches = itertools.count(1)
def slow(self, pixels):
    if next(batches) > 3:
        open(sys.argv[3], "w").close()
        time.sleep(300)
    return real(self, pixels)
OpenClipEncoder.encode_pixels = slow
OpenClipEncoder.image_batch = 4
Workspace(sys.argv[1]).embed(encoder=sys.argv[2])
"""


def cached_images(workspace: Workspace) -> int:
    import sqlite3

    file = workspace.path / "cache" / "embeddings.sqlite"
    if not file.exists():
        return 0
    connection = sqlite3.connect(file, timeout=30)
    try:
        (count,) = connection.execute("SELECT count(*) FROM vectors").fetchone()
    except sqlite3.OperationalError:
        count = 0
    connection.close()
    return count


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["kill -9", "Ctrl-C"])
def test_an_interrupted_run_goes_on_where_it_stopped(
    imported: Workspace, tiny_encoder_name: str, how: signal.Signals
) -> None:
    asleep = imported.path.with_name("asleep")  # a signal in the middle of an import may be lost
    command = [sys.executable, "-c", SLOW, str(imported.path), tiny_encoder_name, str(asleep)]
    with started(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        wait_until(lambda: asleep.exists() and cached_images(imported) >= 12, run)
        run.send_signal(how)
        assert run.wait(LONGEST) != 0
    kept = cached_images(imported)
    assert 12 <= kept < 40
    assert not imported.tables.exists(_multimodal()), "a table of half a run was published"

    report = imported.embed(encoder=tiny_encoder_name)

    assert report.encoded_images == 40 - kept
    assert report.images == 40
    leftovers = list((imported.path / "tables").rglob("*.parquet"))
    assert len(leftovers) == 6


def _multimodal() -> object:
    from engine.core.names import table_name

    return table_name("product_embeddings_multimodal")


# ---------------------------------------------------------------------- odd photos, odd places
def in_the_place_of(photo: Path) -> dict[str, object]:
    """What may lie where a photo should: a way to put it there, the stage and reason it is listed by."""
    outside = photo.parent.parent / "outside"

    def thin() -> None:
        Image.new("RGB", (1, 300), "grey").save(photo, "PNG")

    def sparse() -> None:
        with photo.open("wb") as file:
            file.truncate(5 << 30)

    def circle() -> None:
        photo.symlink_to(outside)
        outside.symlink_to(photo)

    return {
        "thin": (thin, None, ""),
        "folder": (photo.mkdir, "image_read", "is a folder"),
        "pipe": (lambda: os.mkfifo(photo), "image_read", "is a pipe"),
        "circle": (circle, "image_read", "symbolic links"),
        "sparse": (sparse, "image_read", "5,368,709,120 bytes"),
        "cut": (
            lambda: photo.write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF"),
            "image_decode",
            "damaged",
        ),
        "text": (lambda: photo.write_text("<!doctype html>404"), "image_decode", "a web page"),
    }


@pytest.mark.parametrize("place", [1, 2, 5, 39, 40])
def test_one_odd_photo_anywhere_is_its_own_trouble(
    imported: Workspace, catalogue: Catalogue, tiny_encoder_name: str, place: int
) -> None:
    photo = catalogue.images / f"{place}.jpg"
    for name, (put, stage, words) in in_the_place_of(photo).items():  # type: ignore[misc]
        photo.unlink() if photo.is_symlink() or not photo.is_dir() else photo.rmdir()
        put()
        report = imported.embed(encoder=tiny_encoder_name)
        assert report.failures == ({} if stage is None else {stage: 1}), name
        assert report.images == 40 - (stage is not None), name
        listed = imported.read_table("embedding_failures").to_pylist()
        assert [row["product_id"] for row in listed] == [place] * (stage is not None), name
        assert all(words in row["reason"] for row in listed), (name, listed)


def test_odd_image_paths_are_failures_by_key(imported: Workspace, tiny_encoder_name: str) -> None:
    paths = [
        "~nobody-of-that-name/x.jpg",
        "x" * 5000,
        "/Volumes/../etc/passwd",
        "",
        "nul\0",
        "/dev/zero",
    ]
    products = imported.read_table("products")
    at = products.column_names.index("image_path")
    changed = paths + products["image_path"].to_pylist()[len(paths) :]
    field = products.schema.field(at)
    imported.write_table("products", products.set_column(at, field, pa.array(changed, field.type)))
    for limit in (None, 10):
        report = imported.embed(encoder=tiny_encoder_name, limit_photos=limit)
        assert report.failures == {"image_read": len(paths)}
        keys = [row["product_id"] for row in imported.read_table("embedding_failures").to_pylist()]
        assert keys == list(range(1, len(paths) + 1))


def test_a_decoder_that_breaks_fails_that_photo_alone(
    imported: Workspace,
    catalogue: Catalogue,
    tiny_encoder_name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, bad = OpenClipEncoder.prepare_image, (catalogue.images / "7.jpg").read_bytes()

    def prepare(self: OpenClipEncoder, image: object) -> object:
        if image == bad:
            raise ZeroDivisionError("deep inside")
        return real(self, image)  # type: ignore[arg-type]

    monkeypatch.setattr(OpenClipEncoder, "prepare_image", prepare)
    report = imported.embed(encoder=tiny_encoder_name)
    assert (report.images, report.failures) == (39, {"image_decode": 1})
    (row,) = imported.read_table("embedding_failures").to_pylist()
    assert row["product_id"] == 7
    assert "ZeroDivisionError: deep inside" in row["reason"]


def test_a_vector_without_a_length_fails_its_row_alone(
    imported: Workspace, tiny_encoder_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = OpenClipEncoder.encode_tokens
    sought = text_content(imported.read_table("products").to_pylist()[4])
    tokens = [int(t) for t in load_encoder(tiny_encoder_name).tokenize([sought])[0]]

    def encode(self: OpenClipEncoder, given: list) -> np.ndarray:
        if any([int(t) for t in one] == tokens for one in given):
            raise InvalidParameterValue("row 0 has length 0.0; it can't be scaled to 1")
        return real(self, given)

    monkeypatch.setattr(OpenClipEncoder, "encode_tokens", encode)
    report = imported.embed(encoder=tiny_encoder_name)
    assert (report.images, report.texts, report.failures) == (40, 39, {"text": 1})
    (row,) = imported.read_table("embedding_failures").to_pylist()
    assert (row["product_id"], row["stage"]) == (5, "text")


def test_large_files_go_through_in_small_batches(
    imported: Workspace, tiny_encoder_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photos, "_BATCH_BYTES", 1)
    sizes = []
    real = OpenClipEncoder.encode_pixels

    def encode(self: OpenClipEncoder, pixels: np.ndarray) -> np.ndarray:
        sizes.append(len(pixels))
        return real(self, pixels)

    monkeypatch.setattr(OpenClipEncoder, "encode_pixels", encode)
    report = imported.embed(encoder=tiny_encoder_name)
    assert (report.images, sizes) == (40, [1] * 40)


# ---------------------------------------------------------------------- the cache
def test_a_better_conversion_makes_new_vectors_of_the_photos_it_changes_only(
    imported: Workspace,
    catalogue: Catalogue,
    tiny_encoder_name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Hours of work stay valid: fingerprints, and with them indexes, are the same."""
    cut_out = Image.new("RGBA", (50, 60), (0, 0, 0, 0))
    cut_out.paste((200, 30, 30, 255), (10, 10, 40, 50))
    cut_out.save(catalogue.images / "3.jpg", "PNG")
    with monkeypatch.context() as before:  # an older release: on black, under the plain digest
        before.setattr(photos, "conversion", lambda data: "")
        before.setattr(rgb, "_on_white", lambda picture: picture.convert("RGB"))
        imported.embed(encoder=tiny_encoder_name)
    old = matrix(imported.read_table("product_image_embeddings"), "image_embedding")
    report = imported.embed(encoder=tiny_encoder_name)
    assert (report.encoded_images, report.encoded_texts) == (1, 0)
    new = matrix(imported.read_table("product_image_embeddings"), "image_embedding")
    assert np.flatnonzero((old != new).any(axis=1)).tolist() == [2]
    white = Image.new("RGB", (50, 60), "white")
    white.paste((200, 30, 30), (10, 10, 40, 50))
    expected = load_encoder(tiny_encoder_name).encode_images([white])[0]
    np.testing.assert_allclose(new[2], expected, atol=1e-5)


def test_a_damaged_entry_is_computed_again_and_told(
    imported: Workspace, tiny_encoder_name: str
) -> None:
    imported.embed(encoder=tiny_encoder_name)
    before = imported.read_table("product_embeddings_multimodal")
    file = imported.path / "cache" / "embeddings.sqlite"
    data = bytearray(file.read_bytes())
    vector = np.array(before["image_embedding"][8].as_py(), dtype="<f4").tobytes()
    data[data.index(vector) + 10] ^= 1
    file.write_bytes(data)
    report = imported.embed(encoder=tiny_encoder_name)
    assert (report.encoded_images, report.encoded_texts) == (1, 0)
    assert "1 of the vectors in" in str(report.note)
    assert imported.embed(encoder=tiny_encoder_name).encoded_images == 0
    after = imported.read_table("product_embeddings_multimodal")
    for column in ("image_embedding", "text_embedding", "hybrid_embedding"):
        np.testing.assert_allclose(matrix(after, column), matrix(before, column), atol=1e-6)


def test_a_disk_that_fills_in_the_middle_of_a_run_loses_no_batch_before(
    imported: Workspace, tiny_encoder_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database may not grow beyond five pages of 4 KB, which hold its tables and some vectors."""
    monkeypatch.setattr(OpenClipEncoder, "image_batch", 4)

    def limited(path: Path) -> sqlite3.Connection:
        connection = open_file(path)
        connection.execute("PRAGMA max_page_count=5")
        return connection

    with monkeypatch.context() as full:
        full.setattr(cache, "open_file", limited)
        with pytest.raises(StorageFailed, match="make room on the disk"):
            imported.embed(encoder=tiny_encoder_name)
    kept = cached_images(imported)
    assert 4 <= kept < 40
    assert not imported.tables.exists(_multimodal())
    report = imported.embed(encoder=tiny_encoder_name)
    assert (report.images, report.encoded_images) == (40, 40 - kept)
