"""Codes of an index with cells lie mapped in a file of their own, and answer as in memory."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from engine.core.rows import RowSet
from engine.errors import CorruptFile
from engine.store.segments.ann import building, cells
from engine.store.segments.ann.building import build_codes
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


# The last fills half a block of codes, and its rows lie in a subspace.
@pytest.mark.parametrize("dimension", [DIMENSION, 66, 200])
def test_mapped_codes_answer_as_those_of_older_indexes_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dimension: int
) -> None:
    vectors = some_vectors(dimension)
    if dimension == 200:
        vectors[:, 60:] = 0
    new = built(tmp_path / "new", vectors)
    monkeypatch.setattr(building, "write_lists", lambda *_: None)  # as releases until 0.7 wrote
    old = built(tmp_path / "old", vectors)
    assert (tmp_path / "new" / "codes.bin").exists()
    assert not (tmp_path / "old" / "codes.bin").exists()
    assert new.stat().st_size < old.stat().st_size - ROWS * 8
    mapped, held = (AnnFile(file, ROWS, dimension, False) for file in (new, old))
    assert mapped.cell_count == held.cell_count > 1
    sample = held.sample(vectors, None)
    assert (mapped.sample(vectors, None).cells.sizes == sample.cells.sizes).all()  # type: ignore
    half = RowSet.of_rows(np.arange(0, ROWS, 2), ROWS)
    for query in vectors[:20]:
        turned = held.turned(query, sample)
        for allowed in (None, half):
            for count in (1, 7, None):
                pairs = [f.search(turned, 30, allowed, count) for f in (mapped, held)]
                assert (pairs[0][0] == pairs[1][0]).all() and (pairs[0][1] == pairs[1][1]).all()
                within = [set(f.within(turned, 0.5, allowed, count)) for f in (mapped, held)]
                assert within[0] == within[1]
    many = [f.search_many(vectors[:50], 10, None, 5)[0] for f in (mapped, held)]
    assert (many[0] == many[1]).all()


def test_mapped_codes_are_searched_after_their_file_was_removed(tmp_path: Path) -> None:
    """As when a newer version supersedes the one that is being read."""
    vectors = some_vectors()
    file = built(tmp_path / "a", vectors)
    index = AnnFile(file, ROWS, DIMENSION, False)
    sample = index.sample(vectors, None)
    (tmp_path / "a" / "codes.bin").unlink()
    rows, _ = index.search(index.turned(vectors[3], sample), 5)
    assert rows[0] == 3


def test_codes_that_are_cut_short_are_told_and_do_not_end_the_process(tmp_path: Path) -> None:
    vectors = some_vectors()
    file = built(tmp_path / "a", vectors)
    index = AnnFile(file, ROWS, DIMENSION, False)
    turned = index.turned(vectors[3], index.sample(vectors, None))
    codes = tmp_path / "a" / "codes.bin"
    os.truncate(codes, codes.stat().st_size // 2)
    for ask in (
        lambda: index.search(turned, 5),
        lambda: index.within(turned, 0.5, None, None),
        lambda: index.search_many(vectors[:3], 5, None, None),
        lambda: AnnFile(file, ROWS, DIMENSION, False),
    ):
        with pytest.raises(CorruptFile, match=r"codes\.bin has \d+ bytes, expected"):
            ask()


def test_codes_of_other_cells_are_refused(tmp_path: Path) -> None:
    file = built(tmp_path / "a", some_vectors())
    np.save(tmp_path / "a" / "cells_rows.npy", np.full(3, 5))
    with pytest.raises(CorruptFile, match="other cells"):
        AnnFile(file, ROWS, DIMENSION, False)
