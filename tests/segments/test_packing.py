"""Vectors in fewer bytes: near what they were, of the same length, and stable once they are stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from engine import CorruptFile
from engine.core.schema import VectorStorage
from engine.store.segments.packing import PackedMatrix, as_stored, packed
from engine.store.segments.vectors import Shape, VectorFile, VectorWriter

STORAGES: tuple[VectorStorage, ...] = ("float16", "int8")
NUMBERS = st.floats(-(2.0**60), 2.0**60, width=32, allow_subnormal=False)


def unit(rows: int, dimension: int, seed: int = 1) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((rows, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("storage", STORAGES)
@settings(max_examples=200, deadline=None)
@given(
    vectors=arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=NUMBERS)
)
def test_a_stored_row_keeps_its_length_and_is_off_by_half_a_step(
    storage: VectorStorage, vectors: np.ndarray
) -> None:
    read = as_stored(vectors, storage)
    wide, back = vectors.astype(np.float64), read.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1)
    # float32 has no finer factors than its least number, for vectors as short as that.
    least = 127 * float(np.finfo(np.float32).smallest_subnormal) * np.sqrt(vectors.shape[1])
    assert np.allclose(np.linalg.norm(back, axis=1), lengths, rtol=3e-7, atol=least)
    step = 2.0**-11 if storage == "float16" else 0.5 / 127
    most = np.abs(wide).max(axis=1, keepdims=True)
    # Half a step where it was rounded, and once more where the length was given back.
    near = most * step * (1.01 + np.sqrt(vectors.shape[1])) + least
    assert (np.abs(back - wide) <= near).all()
    assert ((read == 0).all(axis=1) == (vectors == 0).all(axis=1)).all()


@settings(max_examples=100, deadline=None)
@given(
    vectors=arrays(
        np.float16,
        array_shapes(min_dims=2, max_dims=2, max_side=20),
        elements=st.floats(-60_000, 60_000, width=16),
    )
)
def test_what_came_as_float16_comes_back_bit_for_bit(vectors: np.ndarray) -> None:
    usual = vectors[np.abs(vectors).max(axis=1) >= 2.0**-6].astype(np.float32)
    assert np.array_equal(as_stored(usual, "float16"), usual)


@pytest.mark.parametrize("storage", STORAGES)
def test_the_greatest_numbers_of_float32_stay_finite(storage: VectorStorage) -> None:
    most = float(np.finfo(np.float32).max)
    vectors = np.array([[most, 0.0016 * most], [most, 0.0], [-most, most], [0.7 * most, -most]])
    vectors = np.concatenate([vectors, np.nextafter(vectors, 0)]).astype(np.float32)
    read = as_stored(vectors, storage)
    assert np.isfinite(read).all()
    assert np.allclose(read, vectors, rtol=0, atol=0.005 * most)


@pytest.mark.parametrize("storage", STORAGES)
def test_the_smallest_numbers_of_float32_are_off_by_half_a_step(storage: VectorStorage) -> None:
    least = 2.0**-149
    greatest = np.array([1, 2, 50, 127, 128, 190, 254, 255, 300, 1000, 40_000, 5_000_000])
    for share in (0.0, 0.3, 1.0):
        vectors = (least * np.stack([greatest, np.rint(share * greatest)], axis=1)).astype("<f4")
        read = as_stored(vectors, storage).astype(np.float64) / least
        assert (np.abs(read - vectors / least).max(axis=1) <= greatest / 100 + 0.5).all()
        assert (read[:, 0] > 0).all()


@pytest.mark.parametrize("storage", STORAGES)
def test_every_way_to_read_rows_says_the_same(storage: VectorStorage) -> None:
    vectors = unit(700, 48)
    matrix = packed(vectors, storage)
    whole = matrix.codes.astype(np.float32) * matrix.factors[:, None]  # the obvious way
    rows = np.array([699, 0, 5, 5, 312])
    assert np.array_equal(matrix[:], whole)
    assert np.array_equal(np.asarray(matrix), whole)
    assert np.array_equal(matrix[20:30], whole[20:30])
    assert np.array_equal(matrix[rows], whole[rows])
    assert np.array_equal(matrix.some(rows)[:], whole[rows])
    query = unit(1, 48, 2)[0]
    assert np.allclose(matrix @ query, whole @ query, atol=1e-6)
    assert np.allclose(matrix.products(query, rows), whole[rows] @ query, atol=1e-6)


def test_float16_is_read_by_its_bits_as_numpy_reads_it() -> None:
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)][:, None]
    read = PackedMatrix(finite, np.ones(len(finite), dtype=np.float32))[:]
    assert np.array_equal(read.view(np.int32), finite.astype(np.float32).view(np.int32))


def written(file: Path, storage: VectorStorage, *pieces: np.ndarray | PackedMatrix) -> VectorFile:
    writer = VectorWriter(file, pieces[0].shape[1], storage)
    for piece in pieces:
        writer.append(piece)
    return VectorFile(file, writer.finish())


@pytest.mark.parametrize("storage", STORAGES)
def test_rows_that_are_copied_to_another_file_stay_the_same_bytes(
    storage: VectorStorage, tmp_path: Path
) -> None:
    vectors = np.vstack([3 * unit(50, 3), np.zeros((1, 3), dtype=np.float32)])
    first = written(tmp_path / "vectors.npy", storage, vectors[:20], vectors[20:])
    (tmp_path / "b").mkdir()
    every = np.arange(len(vectors))
    again = written(tmp_path / "b" / "vectors.npy", storage, first.as_stored(every))
    for name in ("vectors.npy", "factors.npy", "lengths.npy"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert again.shape == first.shape
    assert first.shape.zeros == 1
    assert np.array_equal(again.take(every), as_stored(vectors, storage))


@pytest.mark.parametrize("storage", STORAGES)
def test_unit_vectors_stay_unit_and_take_a_part_of_the_bytes(
    storage: VectorStorage, tmp_path: Path
) -> None:
    file = written(tmp_path / "vectors.npy", storage, unit(1000, 128))
    assert file.lengths is None
    share = {"float16": 0.5, "int8": 0.25}[storage]
    assert (tmp_path / "vectors.npy").stat().st_size < 1.01 * share * 1000 * 128 * 4


def test_a_file_of_other_numbers_than_the_segment_says_is_damaged(tmp_path: Path) -> None:
    written(tmp_path / "vectors.npy", "int8", unit(10, 8))
    with pytest.raises(CorruptFile, match="holds int8, expected float32"):
        VectorFile(tmp_path / "vectors.npy", Shape(8, False, 1.0, 0))
