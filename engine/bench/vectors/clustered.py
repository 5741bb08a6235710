"""Clustered unit vectors, drawn by a seed in chunks: as many as fit on disk, in bounded memory.

A vector is its cluster's centre, a random direction, and noise whose deviations decay as those of
CLIP's principal components do, by the square root of the rank; all scaled to length 1. Clusters have
the sizes of categories in a shop: the n-th has a share of 1 / n (Zipf). A query is a drawn vector with
fresh noise. Each chunk has a generator of its own, so that the first rows of a larger set are those of a
smaller one. `benchmarks/peers/data.py` draws a shop's products in the same way.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from engine.bench.vectors.npy import write_npy
from engine.bench.vectors.vector_set import VectorSet
from engine.core.arrays import Matrix, unit_rows
from engine.errors import InvalidParameterValue
from engine.locks import held
from engine.store.layout import storage_failed

NOISE, QUERY_NOISE = 0.7, 0.5  # lengths, of a centre of length 1
CHUNK_NUMBERS = 16_777_216  # drawn at a time: 64 MB, and twice that while they are scaled
WAIT = 3_600  # seconds, for somebody who draws the same
CENTRES, QUERIES, ROWS = 0, 1, 2  # streams of random numbers of one seed


def clustered(
    rows: int, dimension: int, clusters: int, seed: int, queries: int, folder: Path
) -> VectorSet:
    """Unit vectors around random centres with noise of a decaying spectrum, and queries among them.

    Args:
        folder: where `vectors.npy` and `queries.npy` are written below, in a folder that is named after
            what was asked for; read if the same were drawn there.

    Returns:
        `vectors` mapped from its file. The same seed gives the same, up to rounding between machines.

    Raises:
        InvalidParameterValue: a number below 1. StorageFailed: a full disk, or a folder that is none.
    """
    asked = {"rows": rows, "dimension": dimension, "clusters": clusters, "queries": queries}
    for name, value in asked.items():
        if value < 1:
            raise InvalidParameterValue(f"{name} {value}; expected at least 1")
    name = f"clustered-{rows}x{dimension}-{clusters}-seed{seed}-{queries}"
    place = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with held(folder / f"{name}.lock", WAIT):
            if not place.is_dir():
                space = _Space(dimension, clusters, seed)
                _whole(place, lambda unfinished: space.write(unfinished, rows, queries))
    except OSError as error:
        raise storage_failed(f"vectors can't be drawn into {folder}", error) from error
    return VectorSet(
        name,
        np.load(place / "vectors.npy", mmap_mode="r"),
        np.load(place / "queries.npy"),
        source=json.dumps({"drawn": "clustered", **asked, "seed": seed}),
    )


def _whole(place: Path, write: Callable[[Path], None]) -> None:
    """A folder that is there with all that is written into it, or not at all."""
    unfinished = place.with_name(f"{place.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        write(unfinished)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    unfinished.rename(place)


class _Space:
    """Centres, their shares, and the shape of the noise around them."""

    def __init__(self, dimension: int, clusters: int, seed: int) -> None:
        self._seed, self._dimension = seed, dimension
        rng = self._generator(CENTRES)
        self._centres = unit_rows(rng.standard_normal((clusters, dimension), dtype=np.float32))
        rotation, _ = np.linalg.qr(rng.standard_normal((dimension, dimension)))
        spectrum = 1 / np.sqrt(np.arange(1, dimension + 1))
        spectrum *= NOISE / np.linalg.norm(spectrum)
        self._basis: Matrix = (spectrum[:, None] * rotation).astype(np.float32)
        shares = 1 / np.arange(1, clusters + 1)
        self._bounds = np.cumsum(shares / shares.sum())

    def _generator(self, *stream: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, *stream])

    def _noise(self, count: int, rng: np.random.Generator) -> Matrix:
        return rng.standard_normal((count, self._dimension), dtype=np.float32) @ self._basis

    def write(self, folder: Path, rows: int, queries: int) -> None:
        """Both files."""
        file = folder / "vectors.npy"
        write_npy(file, (rows, self._dimension), self._chunks(rows))
        rng = self._generator(QUERIES)
        asked = np.load(file, mmap_mode="r")[np.sort(rng.integers(0, rows, queries))]
        fresh = unit_rows(asked + QUERY_NOISE / NOISE * self._noise(queries, rng))
        np.save(folder / "queries.npy", fresh[rng.permutation(queries)])

    def _chunks(self, rows: int) -> Iterator[Matrix]:
        step = max(1, CHUNK_NUMBERS // self._dimension)
        for chunk, start in enumerate(range(0, rows, step)):
            rng = self._generator(ROWS, chunk)
            count = min(step, rows - start)
            # Drawn for a whole chunk, so that the last one of a small set begins as in a larger one.
            cluster = np.searchsorted(self._bounds, rng.random(step))[:count]
            centres = self._centres[np.minimum(cluster, len(self._centres) - 1)]
            yield unit_rows(centres + self._noise(count, rng))
