"""The embedding cache: by content and model, durable batch by batch, damage named."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from engine import CorruptFile
from engine.encode.cache import EmbeddingCache, digest


def vectors(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 8)).astype(np.float32)


def test_what_was_put_is_there_after_reopening(tmp_path: Path) -> None:
    names, stored = [digest(str(i).encode()) for i in range(1200)], vectors(1200)
    cache = EmbeddingCache(tmp_path / "c" / "e.sqlite")
    put = cache.part("image", "f", "float32").put(names, stored)
    cache.close()
    cache = EmbeddingCache(tmp_path / "c" / "e.sqlite")
    got = cache.part("image", "f", "float32").get([*names, digest(b"unknown")])
    assert set(got) == set(names)
    for name, row in zip(names, stored, strict=True):
        np.testing.assert_array_equal(got[name].vector, row)
        assert got[name].created_at == put[name].created_at
    cache.close()


@pytest.mark.parametrize(
    "other", [("text", "f", "float32"), ("image", "g", "float32"), ("image", "f", "bfloat16")]
)
def test_another_kind_model_or_precision_knows_nothing(tmp_path: Path, other: tuple) -> None:
    cache = EmbeddingCache(tmp_path / "e.sqlite")
    cache.part("image", "f", "float32").put([digest(b"a")], vectors(1))
    assert not cache.part(*other).get([digest(b"a")])
    cache.close()


def test_the_first_vector_of_a_content_stays(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path / "e.sqlite")
    part = cache.part("image", "f", "float32")
    part.put([digest(b"a")], vectors(1, 1))
    part.put([digest(b"a")], vectors(1, 2))
    np.testing.assert_array_equal(part.get([digest(b"a")])[digest(b"a")].vector, vectors(1, 1)[0])
    cache.close()


def test_many_threads_write_at_once(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path / "e.sqlite")
    part = cache.part("image", "f", "float32")

    def write(number: int) -> None:
        part.put([digest(f"{number}/{i}".encode()) for i in range(50)], vectors(50, number))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [digest(f"{n}/{i}".encode()) for n in range(8) for i in range(50)]
    assert len(part.get(everything)) == 400
    cache.close()


def test_a_damaged_cache_is_named_and_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "e.sqlite"
    file.write_bytes(b"this is no database" * 100)
    with pytest.raises(CorruptFile, match="Delete it: it only holds vectors"):
        EmbeddingCache(file)
