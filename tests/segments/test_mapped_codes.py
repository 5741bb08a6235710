"""Codes of an index with cells lie mapped in a file of their own, and chosen cells are searched."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import faiss
import numpy as np
import pytest

from engine.core.rows import RowSet
from engine.errors import CorruptFile
from engine.store.segments.ann import cells
from engine.store.segments.ann.building import build_codes
from engine.store.segments.ann.cells import Cells
from engine.store.segments.ann.index import AnnFile

ROWS, DIMENSION = 5000, 64


@pytest.fixture(autouse=True)
def few_rows_have_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "CELLS_FROM", 1000)


def some_vectors(dimension: int = DIMENSION) -> np.ndarray:
    rng = np.random.default_rng(6)
    vectors = rng.standard_normal((90, dimension))[rng.integers(0, 90, ROWS)]
    vectors += 0.6 * rng.standard_normal(vectors.shape)
    unit: np.ndarray = (vectors / np.linalg.norm(vectors, axis=1)[:, None]).astype(np.float32)
    return unit


def built(folder: Path, vectors: np.ndarray) -> Path:
    folder.mkdir()
    build_codes(folder / "ann.faiss", vectors, None)
    return folder / "ann.faiss"


def decoded(file: Path, vectors: np.ndarray) -> np.ndarray:
    """What the codes of vectors say, on the axes of the codes."""
    index = faiss.read_index(str(file))
    if isinstance(index, faiss.IndexPreTransform):
        vectors = index.chain.at(0).apply(vectors)
        index = faiss.downcast_index(index.index)
    said: np.ndarray = index.pq.decode(index.pq.compute_codes(np.ascontiguousarray(vectors)))
    return said


def every_cell(index: AnnFile) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(index.cell_count), np.zeros(index.cell_count, dtype=np.float32)


# The last fills half a block of codes, and its rows lie in a subspace.
@pytest.mark.parametrize("dimension", [DIMENSION, 66, 200])
def test_chosen_cells_are_searched_as_their_rows_are_one_by_one(
    tmp_path: Path, dimension: int
) -> None:
    vectors = some_vectors(dimension)
    if dimension == 200:
        vectors[:, 60:] = 0
    file = built(tmp_path / "new", vectors)
    index = AnnFile(file, ROWS, dimension, False)
    sample = index.sample(vectors, None)
    assert sample.cells is not None and sample.cells.sizes.sum() == ROWS
    said, described = decoded(file, vectors), Cells.read(file)
    axes = sample.lens[: sample.kept] if sample.kept else np.eye(dimension, dtype=np.float32)
    cell, _ = described.centres.nearest(vectors @ axes.T)
    assert (np.bincount(cell, minlength=index.cell_count) == sample.cells.sizes).all()
    assert index.cell_count == len(described.centres.points) + 1 > 2
    half, rng = RowSet.of_rows(np.arange(0, ROWS, 2), ROWS), np.random.default_rng(2)
    for query in vectors[:20]:
        turned = index.turned(query, sample)
        for allowed, count in itertools.product((None, half), (1, 7, index.cell_count)):
            probed = rng.permutation(index.cell_count)[:count]
            cells = probed, np.zeros(count, dtype=np.float32)
            of_these = np.isin(cell, probed)
            if allowed is not None:
                of_these[1::2] = False
            expected = np.flatnonzero(of_these)
            rows, products = index.search(turned, ROWS, allowed, cells)
            assert sorted(rows.tolist()) == expected.tolist()
            assert products == pytest.approx(said[rows] @ turned.codes, abs=0.02)
            best = index.search(turned, 30, allowed, cells)[1]
            assert best.tolist() == products[:30].tolist()
            bound = float(np.median(products)) if len(products) else 0.0
            within = index.within(turned, bound, allowed, cells)
            assert set(within.tolist()) == set(rows[products > bound].tolist())


def test_a_long_list_grows_until_all_above_a_product_are_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.store.segments.ann.index._LONG_LIST", 8)
    vectors = some_vectors()
    index = AnnFile(built(tmp_path / "a", vectors), ROWS, DIMENSION, False)
    turned = index.turned(vectors[3], index.sample(vectors, None))
    cells = every_cell(index)
    rows, products = index.search(turned, ROWS, None, cells)
    for bound in (float(products[100]), float(products[-1]), -9.0, 9.0):
        within = index.within(turned, bound, None, cells)
        assert set(within.tolist()) == set(rows[products > bound].tolist())


def test_mapped_codes_are_searched_after_their_file_was_removed(tmp_path: Path) -> None:
    """As when a newer version supersedes the one that is being read."""
    vectors = some_vectors()
    file = built(tmp_path / "a", vectors)
    index = AnnFile(file, ROWS, DIMENSION, False)
    sample = index.sample(vectors, None)
    (tmp_path / "a" / "codes.bin").unlink()
    rows, _ = index.search(index.turned(vectors[3], sample), 5, None, every_cell(index))
    assert rows[0] == 3


def test_codes_that_are_cut_short_are_told_and_do_not_end_the_process(tmp_path: Path) -> None:
    vectors = some_vectors()
    file = built(tmp_path / "a", vectors)
    index = AnnFile(file, ROWS, DIMENSION, False)
    turned = index.turned(vectors[3], index.sample(vectors, None))
    codes = tmp_path / "a" / "codes.bin"
    os.truncate(codes, codes.stat().st_size // 2)
    for ask in (
        lambda: index.search(turned, 5, None, every_cell(index)),
        lambda: index.within(turned, 0.5, None, every_cell(index)),
        lambda: AnnFile(file, ROWS, DIMENSION, False),
    ):
        with pytest.raises(CorruptFile, match=r"codes\.bin has \d+ bytes, expected"):
            ask()


def test_codes_of_other_cells_are_refused(tmp_path: Path) -> None:
    file = built(tmp_path / "a", some_vectors())
    described = Cells.read(file)
    described._replace(sizes=np.full(3, 5)).write(file)
    with pytest.raises(CorruptFile, match="other cells"):
        AnnFile(file, ROWS, DIMENSION, False)


def test_cells_that_can_not_be_read_are_told(tmp_path: Path) -> None:
    file = built(tmp_path / "a", some_vectors())
    (tmp_path / "a" / "cells.npz").write_bytes(b"damaged")
    with pytest.raises(CorruptFile, match=r"cells\.npz can't be read .* Sync the index again"):
        AnnFile(file, ROWS, DIMENSION, False)
