"""Search on a device gives the processor's results to the last bit, whatever the vectors and masks.

The slow twin is the oracle of ranking, which computes every distance in float64. torch's CPU stands in
for a device; where a machine has a GPU, the same bodies run on it.
"""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.needs import needs

needs("clip")

import torch
from support.devices import devices

from engine.core.arrays import Rows
from engine.core.ranking.scoring import api_scores, best_first, rank_exact, squared_distances
from engine.core.rows import RowSet
from engine.errors import DeviceUnavailable
from engine.store.segments.device.bounds import (
    PRECISIONS,
    Precision,
    Scales,
    product_bounds,
    query_scales,
    row_scale,
)
from engine.store.segments.device.search import SearchDevice
from engine.store.segments.device.torch_device import BLOCK, TorchDevice
from engine.store.segments.vectors import VectorFile, VectorWriter

DIMENSION = 16
KINDS = ("spread", "crowded", "repeats", "any length", "tiny", "huge")
HERE = devices()
SMALL = 400_000  # bytes of a device, of which a tile takes a part: tables below have several


def make(kind: str, rows: int, seed: int) -> np.ndarray:
    """Vectors of several sorts: spread, crowded together, full of repeats, of any length."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((rows, DIMENSION))
    if kind == "crowded":
        vectors = vectors * 1e-3 + rng.standard_normal(DIMENSION)
    if kind == "repeats":
        vectors = vectors[rng.integers(0, max(1, rows // 3), rows)]
    if kind in ("spread", "crowded", "repeats"):
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    if kind == "any length" and rows:
        vectors *= rng.choice([1e-3, 1.0, 50.0], (rows, 1))
        vectors[0] = 0
    scale = {"tiny": 1e-9, "huge": 1e9}.get(kind, 1.0)
    return (vectors * scale).astype(np.float32)


def file_of(folder: Path, vectors: np.ndarray) -> VectorFile:
    writer = VectorWriter(folder / "vectors.npy", vectors.shape[1])
    writer.append(vectors)
    return VectorFile(writer.file, writer.finish())


def queries_of(vectors: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Half of them rows, half far from all."""
    rng = np.random.default_rng(seed)
    length = float(np.linalg.norm(vectors, axis=1).max(initial=1e-6))
    queries = rng.standard_normal((count, vectors.shape[1])) * length / 4
    if len(vectors):
        queries[::2] = vectors[rng.integers(0, len(vectors), len(queries[::2]))]
    return queries.astype(np.float32)


def ranked(query: np.ndarray, vectors: np.ndarray, rows: Rows, k: int) -> tuple[Rows, np.ndarray]:
    """The nearest k of some rows, as every way re-scores them; the row's number is its key."""
    rows = np.sort(rows)
    squared = squared_distances(query, vectors[rows])
    best = best_first(squared, rows.tolist(), k)
    return rows[best], api_scores(squared[best])


def check(
    device: SearchDevice, file: VectorFile, queries: np.ndarray, k: int, allowed: RowSet | None
) -> int:
    """Compare with the oracle, to the last bit; how many queries the device could tell."""
    vectors = np.array(file.matrix)
    considered = np.arange(file.rows) if allowed is None else allowed.rows()
    told = 0
    for query, rows in zip(queries, device.nearest(file, queries, k, allowed), strict=True):
        if rows is None:
            continue
        told += 1
        assert len(np.unique(rows)) == len(rows)
        assert np.isin(rows, considered).all()
        places, scores = rank_exact(query, vectors[considered], considered.tolist(), k)
        found, found_scores = ranked(query, vectors, rows, k)
        np.testing.assert_array_equal(found, considered[places])
        np.testing.assert_array_equal(found_scores, scores)
    return told


masks = st.sampled_from([None, 0.0, 0.001, 0.05, 0.4, 0.9, 1.0])


@pytest.mark.parametrize("name", HERE)
@given(
    kind=st.sampled_from(KINDS),
    rows=st.one_of(st.integers(0, 300), st.integers(4000, 9000)),
    k=st.sampled_from([1, 2, 10, 100, 10_000]),
    share=masks,
    precision=st.sampled_from(PRECISIONS),
    memory=st.sampled_from([None, SMALL]),
    count=st.sampled_from([1, 2, 40]),
    seed=st.integers(0, 999),
)
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_results_are_the_oracles(
    name: str,
    tmp_path: Path,
    kind: str,
    rows: int,
    k: int,
    share: float | None,
    precision: Precision,
    memory: int | None,
    count: int,
    seed: int,
) -> None:
    vectors = make(kind, rows, seed)
    file = file_of(tmp_path, vectors)
    rng = np.random.default_rng(seed)
    allowed = None if share is None else RowSet.of_mask(rng.random(rows) < share)
    device = SearchDevice(name, precision, memory)
    queries = queries_of(vectors, count, seed)
    told = check(device, file, queries, k, allowed)
    if kind == "spread" and precision != "bfloat16":
        assert told == count  # it does not say that it can't tell where it should


@pytest.mark.parametrize("name", HERE)
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_no_product_is_off_by_more_than_its_bound(
    name: str, precision: Precision, kind: str, tmp_path: Path
) -> None:
    vectors = make(kind, 3000, 1)
    file = file_of(tmp_path, vectors)
    queries = queries_of(vectors, 20, 2)
    longest = file.shape.longest
    own, usable = query_scales(queries, longest)
    assert usable.all()
    scales = Scales(row_scale(longest), own)
    device = TorchDevice(name, precision)
    tile = device.upload(file, 0, file.rows, scales.rows)
    scaled = (queries * own[:, None]).astype(np.float32)
    held, moved = device.queries(scaled)
    rows, added = device.allowed(tile, None, few=False)
    found = device.greatest(tile, held, own, rows, added, file.rows, 1 << 20)
    wide, wide_queries = vectors.astype(np.float64), queries.astype(np.float64)
    true = wide_queries @ wide.T - (np.square(wide).sum(axis=1) / 2 - 0.5 * (not file.shape.lifted))
    true *= (scales.rows * own)[:, None]
    lengths = np.linalg.norm(scaled, axis=1).astype(np.float64)
    bounds = product_bounds(file.shape, precision, scales, lengths, moved, tile.residual)
    off = np.abs(found.products - np.take_along_axis(true, found.rows, axis=1))
    assert (off <= bounds[:, None]).all()
    assert off.max() > bounds.max() / 1e6  # it is no bound that nothing could reach


@pytest.mark.parametrize("name", HERE)
def test_a_table_of_many_blocks_in_many_tiles(name: str, tmp_path: Path) -> None:
    vectors = make("spread", 40_000, 3)
    vectors[7:9] = vectors[39_990]
    file = file_of(tmp_path, vectors)
    device = SearchDevice(name, memory=SMALL)
    queries = queries_of(vectors, 40, 4)
    queries[0] = vectors[7]
    for share in (None, 0.5, 0.02):
        rng = np.random.default_rng(5)
        allowed = None if share is None else RowSet.of_mask(rng.random(len(vectors)) < share)
        assert check(device, file, queries, 20, allowed) == len(queries)
    assert 1 <= len(device.tiles) < len(vectors) * 36 / device.tiles.budget + 2
    assert 0 < device.tiles.used <= device.tiles.budget


@pytest.mark.parametrize("name", HERE)
def test_lists_as_long_as_the_api_allows(name: str, tmp_path: Path) -> None:
    vectors = make("spread", 12_345, 6)
    file = file_of(tmp_path, vectors)
    assert check(SearchDevice(name), file, queries_of(vectors, 3, 7), 10_000, None) == 3


@pytest.mark.parametrize("name", HERE)
def test_equal_rows_beyond_every_list_are_left_to_the_processor(name: str, tmp_path: Path) -> None:
    one = make("spread", 1, 8)
    file = file_of(tmp_path, np.repeat(one, 20_000, axis=0))
    assert SearchDevice(name).nearest(file, one, 10, None) == [None]
    few = RowSet.of_rows(np.arange(12), 20_000)
    assert check(SearchDevice(name), file, one, 10, few) == 1


@pytest.mark.parametrize("count", [1, 50])  # few and many queries are laid out in two ways
def test_rows_that_stand_in_the_last_and_part_filled_block_are_found(
    tmp_path: Path, count: int
) -> None:
    vectors = make("spread", 100 * BLOCK + 3, 9)
    file = file_of(tmp_path, vectors)
    queries = np.repeat(vectors[-1:], count, axis=0)
    for rows in SearchDevice("cpu").nearest(file, queries, 1, None):
        assert rows is not None
        assert len(vectors) - 1 in rows


def test_a_query_unlike_the_rows_in_length_is_left_to_the_processor(tmp_path: Path) -> None:
    vectors = make("spread", 500, 10)
    file = file_of(tmp_path, vectors)
    queries = np.stack([vectors[0], vectors[0] * np.float32(1e-9), vectors[0] * np.float32(1e9)])
    queries = np.concatenate([queries, np.zeros((1, DIMENSION), dtype=np.float32)])
    found = SearchDevice("cpu").nearest(file, queries, 5, None)
    assert [rows is None for rows in found] == [False, True, True, True]


def test_products_that_an_application_made_less_exact_are_not_trusted(tmp_path: Path) -> None:
    file = file_of(tmp_path, make("spread", 500, 11))
    queries = np.array(file.matrix[:2])
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        assert SearchDevice("cpu", "float32").nearest(file, queries, 5, None) == [None, None]
    finally:
        torch.set_float32_matmul_precision(before)
    assert check(SearchDevice("cpu", "float32"), file, queries, 5, None) == 2


# ---------------------------------------------------------------------- memory
def test_files_share_one_budget_and_leave_it_when_they_are_gone(tmp_path: Path) -> None:
    device = SearchDevice("cpu", memory=SMALL)
    files = []
    for number in range(4):
        folder = tmp_path / str(number)
        folder.mkdir()
        vectors = make("spread", 5000, number)
        files.append(file_of(folder, vectors))
        check(device, files[-1], vectors[:2], 3, None)
        assert 0 < device.tiles.used <= device.tiles.budget
    check(device, files[0], np.array(files[0].matrix[:2]), 3, None)  # its tiles had made room
    last = files.pop(0)
    files.clear()
    gc.collect()
    check(device, last, np.array(last.matrix[:2]), 3, None)
    assert device.tiles.used <= 5000 * 36 + 512


def test_a_device_that_others_have_filled_is_asked_again_then_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = make("spread", 3000, 12)
    file = file_of(tmp_path, vectors)
    real, failures = TorchDevice.upload, [1]

    def upload(self: TorchDevice, *given: object) -> object:
        if failures[0]:
            failures[0] -= 1
            raise torch.cuda.OutOfMemoryError("of a test")
        return real(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(TorchDevice, "upload", upload)
    assert check(SearchDevice("cpu"), file, vectors[:2], 3, None) == 2
    failures[0] = 100
    device = SearchDevice("cpu")
    assert device.nearest(file, vectors[:2], 3, None) == [None, None]
    assert device.tiles.used == 0


@pytest.mark.parametrize("name", HERE)
def test_threads_share_a_device(name: str, tmp_path: Path) -> None:
    vectors = make("spread", 20_000, 13)
    file = file_of(tmp_path, vectors)
    device = SearchDevice(name, memory=SMALL)
    queries = queries_of(vectors, 16, 14)
    with ThreadPoolExecutor(8) as pool:
        told = pool.map(lambda i: check(device, file, queries[i : i + 1], 10, None), range(16))
        assert list(told) == [1] * 16


# ---------------------------------------------------------------------- devices that are not here
@pytest.mark.skipif("cuda" in HERE, reason="there is a GPU")
def test_a_gpu_that_is_not_here_is_named(tmp_path: Path) -> None:
    file = file_of(tmp_path, make("spread", 50, 15))
    with pytest.raises(
        DeviceUnavailable, match=r"'cuda' was asked for, but torch .* finds no CUDA"
    ):
        SearchDevice("cuda").nearest(file, np.array(file.matrix[:1]), 3, None)


def test_a_gpu_of_another_number_is_named(tmp_path: Path) -> None:
    if "cuda" not in HERE:
        return  # where there is none, nothing can be said of it
    file = file_of(tmp_path, make("spread", 50, 15))
    with pytest.raises(DeviceUnavailable, match=r"'cuda:99' was asked for; expected cuda or"):
        SearchDevice("cuda:99").nearest(file, np.array(file.matrix[:1]), 3, None)
