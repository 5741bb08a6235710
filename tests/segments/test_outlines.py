"""Outlines bound every product from above, and closely where rows lie on the axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.arrays import squared_lengths
from engine.core.schema import VectorStorage
from engine.store.segments.ann.building import build_codes
from engine.store.segments.ann.compression import principal_axes
from engine.store.segments.ann.index import AnnFile
from engine.store.segments.ann.outlines import OUTLINE_AXES, outlined_query
from engine.store.segments.vectors import VectorFile, VectorWriter, squared_length

ROWS = 300


def a_file(folder: Path, vectors: np.ndarray, storage: VectorStorage) -> VectorFile:
    writer = VectorWriter(folder / "vectors.npy", vectors.shape[1], storage)
    writer.append(vectors)
    return VectorFile(folder / "vectors.npy", writer.finish())


@settings(max_examples=60, deadline=None)
@given(
    dimension=st.sampled_from([129, 200, 512]),
    scale=st.sampled_from([0.0, 1e-20, 1e-3, 1.0, 1e6, 1e15]),
    is_unit=st.booleans(),
    on_axes=st.sampled_from([0.0, 1e-7, 1e-3, 1.0]),
    near=st.booleans(),
    storage=st.sampled_from(["float32", "float16", "int8"]),
    seed=st.integers(0, 2**31),
)
def test_no_product_is_more_than_its_outline_says(
    tmp_path_factory: object,
    dimension: int,
    scale: float,
    is_unit: bool,
    on_axes: float,
    near: bool,
    storage: VectorStorage,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    base = rng.standard_normal((20, dimension))
    every = rng.standard_normal((ROWS + 1, 20)) @ base
    every += on_axes * rng.standard_normal(every.shape)
    if is_unit:
        every /= np.linalg.norm(every, axis=1)[:, None]
    else:
        every *= scale
    vectors, query = every[:-1].astype(np.float32), every[-1].astype(np.float32)
    if near:
        query = vectors[7] * np.float32(1 + 1e-6)
    principal = principal_axes(np.vstack([vectors, base.astype(np.float32)]))
    assert principal is not None
    axes = principal.leading(OUTLINE_AXES)
    folder = tmp_path_factory.mktemp("v")  # type: ignore[attr-defined]
    file = a_file(folder, vectors, storage)
    squared = squared_length(query)
    outline = outlined_query(query, squared, axes)
    assert outline is not None
    upper = file.upper_products(axes, outline).astype(np.float64)
    stored = file.take(np.arange(ROWS)).astype(np.float64)
    products = stored @ query.astype(np.float64)
    if file.lengths is not None:
        products -= squared_lengths(stored) / 2
    assert (products <= upper + 2 * file.margin_of(squared)).all()
    if on_axes <= 1e-7 and storage == "float32":  # nothing is left beside the axes
        lengths = np.sqrt(squared_lengths(stored) * squared)
        close = 1e-4 * lengths + 4 * file.margin_of(squared) + 1e-38
        assert (upper - products <= close).all()


def test_a_query_that_float32_can_not_outline_has_none() -> None:
    axes = np.eye(OUTLINE_AXES, 130, dtype=np.float32)
    query = np.full(130, 3e37, dtype=np.float32)
    assert outlined_query(query, squared_length(query), axes) is None


def test_axes_are_of_vectors_as_they_are(tmp_path: Path) -> None:
    """Those of codes are of vectors with their lengths behind them."""
    rng = np.random.default_rng(1)
    vectors = (rng.standard_normal((700, 30)) @ rng.standard_normal((30, 151))).astype(np.float32)
    lengths = (-squared_lengths(vectors) / 2).astype(np.float32)
    build_codes(tmp_path / "ann.faiss", vectors, lengths)
    axes = AnnFile(tmp_path / "ann.faiss", 700, 151, True).outline_axes
    assert axes is not None and axes.shape == (OUTLINE_AXES, 151)
    assert np.abs(axes @ axes.T - np.eye(OUTLINE_AXES)).max() < 1e-5
    left = vectors - vectors @ axes.T @ axes
    assert np.abs(left).max() < 1e-3 * np.abs(vectors).max()
