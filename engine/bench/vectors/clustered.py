"""Clustered unit vectors, drawn by a seed in chunks: as many as fit on disk, in bounded memory."""

from __future__ import annotations

from pathlib import Path

from engine.bench.vectors.vector_set import VectorSet


def clustered(
    rows: int, dimension: int, clusters: int, seed: int, queries: int, folder: Path
) -> VectorSet:
    """Unit vectors around random centres with noise of a decaying spectrum, and queries among them.

    Args:
        folder: where `vectors.npy` and `queries.npy` are written, or read if the same were drawn there.

    Returns:
        `vectors` mapped from its file; the same seed gives the same everywhere.
    """
    raise NotImplementedError
