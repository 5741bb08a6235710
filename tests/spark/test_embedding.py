"""Embedding on Spark's workers: as one process does it, and what fails is a row that says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.needs import needs

needs("spark")

import engine
from engine.errors import InvalidInputException
from engine.spark import ArrowEmbedder, embed

IMAGES = sorted((Path(__file__).parents[2] / "datasets/sample/images").glob("*.jpg"))[:24]


def bits(vectors: Any) -> list[bytes | None]:
    return [None if one is None else np.array(one, np.float32).tobytes() for one in vectors]


@pytest.mark.parametrize("encoder", ["hashed", "embedded"])
def test_workers_find_the_vectors_of_one_process(spark: Any, encoder: str, tmp_path: Path) -> None:
    rows = [(place, str(path), f"a {path.stem} dress") for place, path in enumerate(IMAGES)]
    frame = spark.createDataFrame(rows, "product_id INT, path STRING, words STRING").repartition(3)
    found = embed(frame, encoder=encoder, image="path", text="words")
    found.write.parquet(str(tmp_path / "vectors"))
    table = pq.read_table(tmp_path / "vectors").sort_by("product_id")
    model = engine.load_encoder(encoder)
    assert table["reason"].null_count == len(rows) == table.num_rows
    assert set(table["embedding_model"].to_pylist()) == {model.label}
    assert table.schema.field("image_embedding").type.value_type == pa.float32()
    photos = model.encode_images([path.read_bytes() for path in IMAGES])
    texts = model.encode_texts([row[2] for row in rows])
    assert bits(table["image_embedding"].to_pylist()) == bits(photos)
    # Which texts are computed together decides their last digit.
    found_texts = np.array(table["text_embedding"].to_pylist())
    np.testing.assert_allclose(found_texts, texts, rtol=0, atol=3e-7)
    name = f"main.fashion_demo.{encoder}_vectors"
    assert spark.workspace.register_table(name, tmp_path / "vectors") == len(rows)


def test_photos_are_paths_bytes_or_files_of_spark(spark: Any) -> None:
    files = spark.read.format("binaryFile").load([str(path) for path in IMAGES[:4]])
    structures = files.selectExpr("path AS product_id", "struct(*) AS photo")
    plain = files.selectExpr("path AS product_id", "content")
    paths = files.selectExpr("path AS product_id", "path")
    given = [(structures, "photo"), (plain, "content"), (paths, "path")]
    vectors = [
        embed(frame, encoder="hashed", image=column).orderBy("product_id").toArrow()
        for frame, column in given
    ]
    assert vectors[0].num_rows == 4 and vectors[0]["reason"].null_count == 4
    assert vectors[0] == vectors[1] == vectors[2]


def test_what_fails_is_a_row_with_its_key_and_why(spark: Any, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(b"no picture")
    rows = [
        (1, str(IMAGES[0]), "red"),
        (2, "/none.jpg", "red"),
        (3, str(damaged), ""),
        (4, None, None),
    ]
    frame = spark.createDataFrame(rows, "id INT, path STRING, words STRING")
    found = (
        embed(frame, key="id", encoder="hashed", image="path", text="words").orderBy("id").collect()
    )
    assert [row.image_embedding is None for row in found] == [False, True, True, True]
    assert [row.text_embedding is None for row in found] == [False, False, True, True]
    assert found[0].reason is None
    assert found[1].reason == "image: no file at /none.jpg"
    assert "image: " in found[2].reason and "text: the text is empty" in found[2].reason
    assert found[3].reason == "image: the image is empty; text: the text is empty"


def test_photos_of_a_volume_are_read(spark: Any) -> None:
    spark.workspace.register_volume("/Volumes/main/fashion_demo/raw", IMAGES[0].parent)
    rows = [(1, f"/Volumes/main/fashion_demo/raw/{IMAGES[0].name}"), (2, "/Volumes/main/x/y/z.jpg")]
    frame = spark.createDataFrame(rows, "product_id INT, image_path STRING")
    found = embed(frame, encoder="hashed", image="image_path").orderBy("product_id").collect()
    expected = engine.load_encoder("hashed").encode_images([IMAGES[0]])
    assert bits([found[0].image_embedding]) == bits(expected)
    assert found[1].image_embedding is None and "/Volumes/main/x/y" in found[1].reason


def test_a_table_of_any_engine_is_embedded_and_keeps_its_kind() -> None:
    embedder = ArrowEmbedder("id", text="words", encoder="hashed")
    table = pa.table({"id": [1, 2], "words": ["red dress", None], "more": [0, 0]})
    out = embedder(table)
    assert isinstance(out, pa.Table) and out["id"].to_pylist() == [1, 2]
    assert isinstance(embedder(table.to_batches()[0]), pa.RecordBatch)
    empty = embedder(pa.RecordBatch.from_pylist([], schema=table.schema))
    assert empty.num_rows == 0 and empty.schema == out.schema


def test_bad_input_is_named(spark: Any) -> None:
    frame = spark.table("products")
    with pytest.raises(InvalidInputException, match="no column 'photo'"):
        embed(frame, image="photo")
    with pytest.raises(InvalidInputException, match="neither image nor text"):
        embed(frame)
    with pytest.raises(InvalidInputException, match="DataFrame of Spark"):
        embed([1], text="a")  # type: ignore[arg-type]
