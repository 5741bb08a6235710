"""A cluster of two workers, started once: it embeds as one process does, and leaves nothing about."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support import cluster
from support.needs import needs

needs("spark")

import engine
from engine.spark import ArrowEmbedder

IMAGES = sorted((Path(__file__).parents[2] / "datasets/sample/images").glob("*.jpg"))[:20]
MASTER = "local-cluster[2,1,1024]"


@dataclass
class Ran:
    """What the cluster left: its folder, and what lies where nothing may."""

    folder: Path
    told: subprocess.CompletedProcess[str]
    stray: list[str]

    def table(self, way: str) -> pa.Table:
        return pq.read_table(self.folder / way).sort_by("product_id")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("cluster")
    here, home, kept, data = (folder / name for name in ("here", "home", "temporary", "data"))
    for one in (here, home, kept, data / "good", data / "broken", data / "loads"):
        one.mkdir(parents=True)
    for path in IMAGES:
        shutil.copy(path, data / "good")
    for bad in (data / "bad.jpg", data / "broken" / "bad.jpg"):
        bad.write_bytes(IMAGES[0].read_bytes()[:400])
    tests = str(Path(cluster.__file__).parents[1])
    environment = {**os.environ, "HOME": str(home), "TMPDIR": str(kept), "PYTHONPATH": tests}
    told = subprocess.run(
        [sys.executable, cluster.__file__, str(folder / "ws"), MASTER, str(data)],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr[-3000:]
    stray = [*here.iterdir(), *home.iterdir(), *kept.glob("vitrine-spark-*")]
    return Ran(data, told, [str(path) for path in stray])


def bits(vectors: Any) -> list[bytes | None]:
    return [None if one is None else np.array(one, np.float32).tobytes() for one in vectors]


def same(found: pa.Table, expected: pa.Table) -> None:
    """Equal row for row: vectors of photos bit for bit, of texts as `near` says."""
    assert found.column_names == expected.column_names
    for name in found.column_names:
        values, wanted = found[name].to_pylist(), expected[name].to_pylist()
        if name == "text_embedding":
            near(values, wanted)
            continue
        if name == "image_embedding":
            values, wanted = bits(values), bits(wanted)
        assert values == wanted, name


def near(vectors: Any, wanted: Any) -> None:
    """Equal but for a last digit, which the texts decide that are computed together."""
    for one, other in zip(vectors, wanted, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_allclose(np.array(one), np.array(other), rtol=0, atol=3e-7)


def test_it_answers_and_leaves_nothing_about(ran: Ran) -> None:
    assert ran.told.stdout.split() == ["127.0.0.1"]
    assert ran.stray == []


def test_photos_by_path_and_texts_are_those_of_one_process(ran: Ran) -> None:
    rows = cluster.rows_of(ran.folder)
    given = pa.Table.from_pylist(
        [{"product_id": key, "photo": path, "words": words} for key, path, words in rows]
    )
    embedder = ArrowEmbedder("product_id", image="photo", text="words", encoder=cluster.ENCODER)
    found = ran.table("path")
    same(found, embedder(given).sort_by("product_id"))
    model = engine.load_encoder(cluster.ENCODER)
    good = found.slice(0, len(IMAGES))
    assert bits(good["image_embedding"].to_pylist()) == bits(model.encode_images(IMAGES))
    texts = model.encode_texts([words for key, _, words in rows if key < 100 and words])
    near(good["text_embedding"].to_pylist(), texts)


def test_what_fails_is_a_row_between_good_ones(ran: Ran) -> None:
    rows = {row["product_id"]: row for row in ran.table("path").to_pylist()}
    assert len(rows) == len(IMAGES) + 3
    assert [key for key, row in rows.items() if row["reason"] is not None] == [100, 101, 102]
    assert rows[100]["reason"] == f"image: no file at {ran.folder / 'none.jpg'}"
    assert rows[100]["image_embedding"] is None and rows[100]["text_embedding"] is not None
    assert "image: " in rows[101]["reason"] and "text: the text is empty" in rows[101]["reason"]
    assert rows[102]["image_embedding"] is None and rows[102]["text_embedding"] is None


@pytest.mark.parametrize("way", ["bytes", "binaryFile"])
def test_bytes_and_files_of_spark_are_those_of_one_process_bit_for_bit(ran: Ran, way: str) -> None:
    files = sorted((ran.folder).glob("*/*.jpg"))
    given = pa.table(
        {
            "product_id": [f"file:{path}" for path in files],
            "photo": [path.read_bytes() for path in files],
        }
    )
    embedder = ArrowEmbedder("product_id", image="photo", encoder=cluster.ENCODER)
    found = ran.table(way)
    same(found, embedder(given).sort_by("product_id"))
    assert found["reason"].null_count == len(IMAGES) == found.num_rows - 1


def test_each_process_of_a_worker_loads_the_encoder_once_and_a_killed_one_is_replaced(
    ran: Ran,
) -> None:
    loads = {file.name: file.read_text().split() for file in (ran.folder / "loads").iterdir()}
    assert set(map(tuple, loads.values())) == {(cluster.ENCODER,)}  # of 18 tasks in 3 jobs
    assert len({name.split("-")[0] for name in loads}) == 2  # a daemon in each worker
    assert len(loads) == 3  # a process in each, and the one after the kill
    assert not (ran.folder / "kill").exists()
