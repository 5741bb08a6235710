"""Compressed vectors of every width can be built and searched, also where rows fill the whole space."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.store.segments.ann import build_codes

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
