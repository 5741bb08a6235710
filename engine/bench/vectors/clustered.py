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
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.bench.vectors.npy import write_npy
from engine.bench.vectors.vector_set import VectorSet
from engine.core.arrays import Matrix, Rows, unit_rows
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
                space = ClusteredSpace(dimension, clusters, seed)
                _whole(place, lambda unfinished: _write(space, unfinished, rows, queries))
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


def _write(space: ClusteredSpace, folder: Path, rows: int, queries: int) -> None:
    """Both files."""
    file = folder / "vectors.npy"
    starts = range(0, rows, space.chunk_rows)
    parts = (space.chunk(number)[: rows - start] for number, start in enumerate(starts))
    write_npy(file, (rows, space.dimension), parts)
    drawn = np.load(file, mmap_mode="r")
    np.save(folder / "queries.npy", space.queries(rows, queries, lambda asked: drawn[asked]))


class ClusteredSpace:
    """Centres, their shares, and the shape of the noise around them: any part can be drawn alone.

    Attributes:
        chunk_rows: rows of a chunk.
    """

    def __init__(self, dimension: int, clusters: int, seed: int) -> None:
        self._seed, self.dimension = seed, dimension
        self.chunk_rows = max(1, CHUNK_NUMBERS // dimension)
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
        return rng.standard_normal((count, self.dimension), dtype=np.float32) @ self._basis

    def chunk(self, number: int) -> Matrix:
        """(chunk_rows, dimension) float32 unit vectors: the rows from `number * chunk_rows` on."""
        rng = self._generator(ROWS, number)
        cluster = np.searchsorted(self._bounds, rng.random(self.chunk_rows))
        centres = self._centres[np.minimum(cluster, len(self._centres) - 1)]
        return unit_rows(centres + self._noise(self.chunk_rows, rng))

    def queries(self, rows: int, count: int, take: Callable[[Rows], Matrix]) -> Matrix:
        """(count, dimension) float32 unit vectors: some of the first rows, each with fresh noise.

        Args:
            take: the vectors of rows by their numbers, which ascend and may repeat.
        """
        rng = self._generator(QUERIES)
        asked = take(np.sort(rng.integers(0, rows, count)))
        fresh = unit_rows(asked + QUERY_NOISE / NOISE * self._noise(count, rng))
        return fresh[rng.permutation(count)]
