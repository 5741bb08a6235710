"""Compressed vectors of every width can be built and searched, also where rows fill the whole space."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.core.rows import RowSet
from engine.store.segments.ann import AnnFile, build_codes

ROWS = 700


@pytest.mark.parametrize(
    "dimension", [2, 127, 128, 129, 130, 191, 192, 253, 254, 255, 256, 257, 514]
)
@pytest.mark.parametrize("is_unit", [True, False], ids=["unit", "any length"])
def test_rows_that_fill_the_space_are_compressed(
    tmp_path: Path, dimension: int, is_unit: bool
) -> None:
    vectors = np.random.default_rng(3).standard_normal((ROWS, dimension)).astype(np.float32)
    squares = np.einsum("ij,ij->i", vectors, vectors)
    if is_unit:
        vectors /= np.sqrt(squares)[:, None]
    build_codes(tmp_path / "ann.faiss", vectors, None if is_unit else -squares / 2)
    assert (tmp_path / "ann.faiss").stat().st_size > 0


def test_what_is_kept_of_one_row_mask_answers_for_no_other(tmp_path: Path) -> None:
    vectors = np.random.default_rng(4).standard_normal((ROWS, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1)[:, None]
    build_codes(tmp_path / "ann.faiss", vectors, None)
    kept = AnnFile(tmp_path / "ann.faiss", ROWS, 32, False)
    for turn in range(2):
        for number in range(40):  # more than are kept; each is gone when the next is made
            rows = np.arange(number + turn, ROWS, 7)
            found, _ = kept.search(vectors[number], ROWS, RowSet.of_rows(rows, ROWS))
            assert sorted(found.tolist()) == rows.tolist()
    mask = RowSet.of_rows(np.arange(50), ROWS)
    twice = [kept.search(vectors[3], 20, mask)[0].tolist() for _ in range(2)]
    fresh = AnnFile(tmp_path / "ann.faiss", ROWS, 32, False).search(vectors[3], 20, mask)[0]
    assert twice == [fresh.tolist()] * 2
