"""Candidates of the FAISS wall always hold the exact nearest k, ties and near ties included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import CorruptFile
from engine.core.scoring import rank_exact, squared_distances
from engine.store.vectors import Shape, VectorFile, write_vectors

DIMENSION = 16


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


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(["spread", "crowded", "repeats", "any length"]),
    rows=st.integers(1, 400),
    k=st.integers(1, 450),
    share=st.floats(0, 1),
    seed=st.integers(0, 2**31),
)
def test_candidates_hold_the_exact_nearest(
    tmp_path_factory: pytest.TempPathFactory, kind: str, rows: int, k: int, share: float, seed: int
) -> None:
    vectors = make(kind, rows, seed)
    path = tmp_path_factory.mktemp("v") / "vectors.faiss"
    file = VectorFile(path, write_vectors(path, vectors))
    rng = np.random.default_rng(seed + 1)
    query = (vectors[rng.integers(rows)] + 0.1 * rng.standard_normal(DIMENSION)).astype(np.float32)
    mask = rng.random(rows) < share
    passing = np.flatnonzero(mask)
    expected = passing[rank_exact(query, vectors[mask], passing.tolist(), k)[0]]

    for found in (file.scan(query, k, mask), file.gather(query, k, passing)):
        assert len(set(found.tolist())) == len(found)
        assert mask[found].all()
        squared = squared_distances(query, file.take(found))
        order = sorted(range(len(found)), key=lambda i: (squared[i], found[i]))
        assert found[order][:k].tolist() == expected.tolist()
    assert len(file.scan(query, k)) >= min(k, rows)


def test_stored_vectors_come_back_exactly_and_are_copies(tmp_path: Path) -> None:
    vectors = make("any length", 20, 0)
    file = VectorFile(tmp_path / "v", write_vectors(tmp_path / "v", vectors))
    taken = file.take(np.arange(20))
    np.testing.assert_array_equal(taken, vectors)
    taken[:] = 0
    np.testing.assert_array_equal(file.take(np.arange(20)), vectors)


def test_only_vectors_that_are_not_unit_get_the_extra_coordinate(tmp_path: Path) -> None:
    unit = make("spread", 10, 0)
    assert not write_vectors(tmp_path / "a", unit).lifted
    assert write_vectors(tmp_path / "b", unit * np.float32(0.83)).lifted


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "v").write_bytes(b"nonsense" * 10)
    with pytest.raises(CorruptFile, match=r"v is damaged .* Sync the index again"):
        VectorFile(tmp_path / "v", Shape(4, False, 1.0))
    write_vectors(tmp_path / "w", make("spread", 3, 0))
    with pytest.raises(CorruptFile, match="vectors of length 16, expected 4"):
        VectorFile(tmp_path / "w", Shape(4, False, 1.0))
