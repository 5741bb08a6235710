"""Rows that a file of vectors returns surely hold the exact nearest k, near ties included."""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import CorruptFile
from engine.core.ranking.scoring import rank_exact, squared_distances
from engine.core.schema import VectorStorage
from engine.store.segments.packing import as_stored
from engine.store.segments.vectors import BLOCK, Shape, VectorFile, VectorWriter, at_least_kth

DIMENSION = 16
STORAGES = st.sampled_from(get_args(VectorStorage))
KINDS = st.sampled_from(["spread", "crowded", "repeats", "any length"])


def write(
    file: Path, vectors: np.ndarray, pieces: int = 1, storage: VectorStorage = "float32"
) -> VectorFile:
    """Vectors in a file, appended in several pieces."""
    writer = VectorWriter(file, vectors.shape[1], storage)
    for piece in np.array_split(vectors, pieces):
        writer.append(piece)
    return VectorFile(file, writer.finish())


def make(kind: str, rows: int, seed: int) -> np.ndarray:
    """Vectors of several sorts: spread, crowded together, full of repeats, of any length."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((rows, DIMENSION))
    if kind == "crowded":
        vectors = vectors * 1e-4 + rng.standard_normal(DIMENSION)
    if kind == "repeats":
        vectors = vectors[rng.integers(0, max(1, rows // 5), rows)]
    if kind != "any length":
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    else:
        vectors *= rng.choice([1e-3, 1.0, 50.0], (rows, 1))
        vectors[0] = 0
    return vectors.astype(np.float32)


def near_one_of(vectors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A query beside a row."""
    row = vectors[rng.integers(len(vectors))]
    return np.asarray(row + 0.1 * rng.standard_normal(DIMENSION), dtype=np.float32)


@settings(max_examples=150, deadline=None)
@given(
    storage=STORAGES,
    kind=KINDS,
    rows=st.integers(1, 400),
    k=st.integers(1, 450),
    share=st.floats(0, 1),
    seed=st.integers(0, 2**31),
)
def test_the_rows_returned_hold_the_exact_nearest(
    tmp_path_factory: pytest.TempPathFactory,
    storage: VectorStorage,
    kind: str,
    rows: int,
    k: int,
    share: float,
    seed: int,
) -> None:
    vectors = as_stored(make(kind, rows, seed), storage)
    file = write(tmp_path_factory.mktemp("v") / "vectors.npy", vectors, storage=storage)
    vectors = file.take(np.arange(rows))
    rng = np.random.default_rng(seed + 1)
    query = near_one_of(vectors, rng)
    mask = rng.random(rows) < share
    some, every = np.flatnonzero(mask), np.arange(rows)

    for found, allowed in (
        (file.nearest(query, k, some), some),
        (file.nearest(query, k), every),
        (file.nearest(query, k, every), every),
    ):
        expected = allowed[rank_exact(query, vectors[allowed], allowed.tolist(), k)[0]]
        assert len(set(found.tolist())) == len(found)
        assert set(found.tolist()) <= set(allowed.tolist())
        squared = squared_distances(query, file.take(found))
        order = sorted(range(len(found)), key=lambda i: (squared[i], found[i]))
        assert found[order][:k].tolist() == expected.tolist()


@settings(max_examples=150, deadline=None)
@given(
    storage=STORAGES,
    kind=KINDS,
    rows=st.integers(1, 300),
    k=st.integers(1, 40),
    place=st.integers(0, 299),
    factor=st.sampled_from([0.0, 0.5, 1.0, 1.0 + 1e-9, 3.0]),
    share=st.floats(0, 1),
    seed=st.integers(0, 2**31),
)
def test_rows_within_a_distance_hold_the_exact_nearest_of_those_within_it(
    tmp_path_factory: pytest.TempPathFactory,
    storage: VectorStorage,
    kind: str,
    rows: int,
    k: int,
    place: int,
    factor: float,
    share: float,
    seed: int,
) -> None:
    """The distance is often just that of a row, which is within it then."""
    vectors = as_stored(make(kind, rows, seed), storage)
    file = write(tmp_path_factory.mktemp("v") / "vectors.npy", vectors, storage=storage)
    rng = np.random.default_rng(seed + 1)
    query = near_one_of(vectors, rng)
    squared = squared_distances(query, file.take(np.arange(rows)))
    farthest = float(squared[place % rows]) * factor
    some = np.flatnonzero(rng.random(rows) < share)
    for allowed in (None, some):
        found = file.nearest(query, k, allowed, farthest)
        considered = np.arange(rows) if allowed is None else allowed
        assert set(found.tolist()) <= set(considered.tolist())
        assert len(set(found.tolist())) == len(found)
        within = [row for row in considered.tolist() if squared[row] <= farthest]
        nearest = sorted(within, key=lambda row: (squared[row], row))[:k]
        ranked = sorted(found.tolist(), key=lambda row: (squared[row], row))
        assert [row for row in ranked if squared[row] <= farthest][:k] == nearest


def test_rows_that_are_too_far_to_be_of_use_are_left_out(tmp_path: Path) -> None:
    vectors = make("spread", 300, 0)
    file = write(tmp_path / "v", vectors)
    assert file.nearest(vectors[7], 20, farthest=1e-9).tolist() == [7]


@settings(max_examples=150, deadline=None)
@given(
    count=st.integers(1, 20 * BLOCK),
    k=st.integers(1, 30),
    values=st.sampled_from([2, 5, 10**6]),
    margin=st.sampled_from([0.0, 0.01, 0.6]),
    seed=st.integers(0, 2**31),
)
def test_products_near_the_kth_are_those_of_a_full_sort(
    count: int, k: int, values: int, margin: float, seed: int
) -> None:
    """Few distinct values make many ties; long inputs go through the blocks' maxima."""
    k = min(k, count)
    rng = np.random.default_rng(seed)
    products = (rng.integers(0, values, count) / values).astype(np.float32)
    kth = np.sort(products)[-k]
    found = at_least_kth(products, k, margin)
    must = np.flatnonzero(products >= kth - np.float32(margin))
    assert set(must.tolist()) <= set(found.tolist())
    assert len(set(found.tolist())) == len(found)
    # More than these come back only where the cheap bound leaves at most 2k.
    assert set(found.tolist()) == set(must.tolist()) or len(found) <= 2 * k


def test_stored_vectors_come_back_exactly_and_are_copies(tmp_path: Path) -> None:
    vectors = make("any length", 20, 0)
    file = write(tmp_path / "v", vectors, pieces=3)
    taken = file.take(np.arange(20))
    np.testing.assert_array_equal(taken, vectors)
    taken[:] = 0
    np.testing.assert_array_equal(file.take(np.arange(20)), vectors)


def test_the_file_is_numpys_own_and_aligned_for_fast_products(tmp_path: Path) -> None:
    vectors = make("spread", 100, 0)
    file = write(tmp_path / "vectors.npy", vectors, pieces=7)
    np.testing.assert_array_equal(np.load(tmp_path / "vectors.npy"), vectors)
    assert file.matrix.ctypes.data % 64 == 0


def test_a_file_without_vectors_can_be_opened(tmp_path: Path) -> None:
    file = write(tmp_path / "v", np.empty((0, 4), dtype=np.float32))
    assert (file.rows, file.shape.zeros, file.shape.lifted) == (0, 0, False)
    assert file.nearest(np.ones(4, dtype=np.float32), 3).tolist() == []


def test_only_vectors_that_are_not_unit_get_a_file_of_lengths(tmp_path: Path) -> None:
    unit = make("spread", 10, 0)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert not write(tmp_path / "a" / "v", unit).shape.lifted
    assert not (tmp_path / "a" / "lengths.npy").exists()
    assert write(tmp_path / "b" / "v", unit * np.float32(0.83)).shape.lifted
    assert (tmp_path / "b" / "lengths.npy").exists()


def test_vectors_of_length_zero_are_counted_and_found(tmp_path: Path) -> None:
    vectors = make("spread", 10, 0)
    vectors[[2, 7]] = 0
    file = write(tmp_path / "v", vectors, pieces=3)
    assert file.shape.zeros == 2
    assert file.zero_rows.tolist() == [2, 7]
    assert not len(write(tmp_path / "w", make("spread", 10, 0)).zero_rows)


def test_vectors_too_short_for_a_square_in_float32_do_not_count_as_zero(tmp_path: Path) -> None:
    vectors = make("spread", 10, 0)
    vectors[[2, 7]] = 0
    vectors[[3, 4]] *= np.float32(1e-30)
    file = write(tmp_path / "v", vectors)
    assert file.shape.zeros == 2
    assert file.zero_rows.tolist() == [2, 7]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(b"nonsense" * 10)
    with pytest.raises(CorruptFile, match=r"v is damaged .* Sync the index again"):
        VectorFile(tmp_path / "v", Shape(4, False, 1.0, 0))
    write(tmp_path / "w", make("spread", 3, 0))
    with pytest.raises(CorruptFile, match="expected vectors of length 4"):
        VectorFile(tmp_path / "w", Shape(4, False, 1.0, 0))


@pytest.mark.parametrize(
    ("kind", "rows"), [("spread", 0), ("spread", 1), ("spread", 300), ("any length", 7)]
)
def test_a_small_matrix_multiplied_by_one_thread_gives_numpys_products(
    tmp_path: Path, kind: str, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "v", make(kind, rows, 0))
    query = make(kind, 1, 1)[0]
    alone = file.products(query)
    monkeypatch.setattr("engine.store.segments.vectors._ALONE", -1)
    with_all = file.products(query)
    assert alone.dtype == with_all.dtype == np.float32
    np.testing.assert_allclose(alone, with_all, rtol=0, atol=file.margin(query))


@pytest.mark.parametrize("storage", get_args(VectorStorage))
def test_rows_of_a_file_that_was_cut_short_are_told_and_end_no_process(
    tmp_path: Path, storage: VectorStorage
) -> None:
    """A search like a product, and recommendations, ended the process by a signal of the system."""
    vectors = write(tmp_path / "vectors.npy", make("spread", 5_000, 1), storage=storage)
    rows = np.array([4_999])
    assert vectors.take(rows).shape == (1, DIMENSION)
    os.truncate(tmp_path / "vectors.npy", 0)
    for ask in (vectors.take, vectors.as_stored):
        with pytest.raises(CorruptFile, match=r"vectors\.npy has 0 bytes"):
            ask(rows)
