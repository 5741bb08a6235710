"""A set of vectors as the data of a contest: unit vectors, queries, right answers; in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from engine.bench.ann.lifting import Lift
from engine.bench.contest.catalogue import Catalogue, write_catalogue
from engine.bench.contest.contest import WARM
from engine.bench.contest.schema import Schema
from engine.bench.contest.truth import DEPTH, Truth, make_truth
from engine.bench.statistics.recall import TIE
from engine.bench.vectors.npy import write_npy
from engine.bench.vectors.vector_set import VectorSet
from engine.core.arrays import Matrix, unit_rows
from engine.errors import InvalidParameterValue

KEY, VECTOR = "row", "vector"
CHUNK_NUMBERS = 16_777_216  # read at a time
SAME_LENGTH = 2e-6  # between the longest and the shortest vector, relative


@dataclass(frozen=True)
class Data:
    """What one curve is measured on.

    Attributes:
        count: of the queries that are measured and judged; the catalogue holds some more to warm up.
        agreement: recall of the right answers that the source itself names, by ours; None without any.
        notes: what was done to the vectors, for the report.
    """

    name: str
    catalogue: Catalogue
    count: int
    agreement: tuple[int, np.ndarray] | None
    notes: tuple[str, ...]

    @property
    def rows(self) -> int:
        return len(self.catalogue.vectors)

    @property
    def dimension(self) -> int:
        return self.catalogue.schema.dimension


def prepare(found: VectorSet, folder: Path, count: int, seed: int) -> Data:
    """Write a set to a folder as a catalogue, with the right answers to its queries.

    A set without queries gives some of its rows, which are then not searched.

    Raises InvalidParameterValue: no vector with a direction is left, or queries of another dimension.
    """
    rng = np.random.default_rng(seed)
    known = _Known.of(found)
    asked, kept, notes = _queries(found, known, count + WARM, rng)
    queries = found.vectors[asked] if found.queries is None else found.queries[asked]
    rows = np.flatnonzero(kept)
    if not len(rows) or not len(queries):
        raise InvalidParameterValue(
            f"{found.name}: {len(found.vectors):,} vectors, of which {known.usable.sum():,} have a "
            "direction: expected at least one to search and one to ask with"
        )
    if queries.shape[1] != found.vectors.shape[1]:
        raise InvalidParameterValue(
            f"{found.name}: queries of {queries.shape[1]} numbers, vectors of "
            f"{found.vectors.shape[1]}; expected the same"
        )
    to_rows, to_queries, said = _forms(found, known)
    folder.mkdir(parents=True, exist_ok=True)
    _write_vectors(found, known, rows, to_rows, folder / "vectors.npy")
    mapped = np.load(folder / "vectors.npy", mmap_mode="r")
    schema = Schema(KEY, VECTOR, mapped.shape[1], {KEY: "long"})
    catalogue = write_catalogue(
        folder, schema, pa.table({KEY: rows}), mapped, to_queries(np.asarray(queries))
    )
    measured = max(1, len(queries) - WARM) if len(queries) < count + WARM else count
    make_truth(catalogue, measured)
    _check_apart(found.name, Truth(catalogue))
    agreement = _agreement(found, catalogue, asked[:measured])
    return Data(found.name, catalogue, measured, agreement, (*notes, *said))


@dataclass(frozen=True)
class _Known:
    """What a pass over the vectors says: which are usable, how long they are, their sum."""

    usable: np.ndarray
    lengths: np.ndarray
    mean: np.ndarray

    @classmethod
    def of(cls, found: VectorSet) -> _Known:
        lengths = np.empty(len(found.vectors))
        total = np.zeros(found.vectors.shape[1])
        for start, part in _chunks(found.vectors):
            lengths[start : start + len(part)] = here = np.linalg.norm(part, axis=1)
            total += part[np.isfinite(here)].sum(axis=0, dtype=np.float64)
        finite = np.isfinite(lengths)
        usable = finite if found.metric == "euclidean" else finite & (lengths > 0)
        return cls(usable, lengths, total / max(1, finite.sum()))

    @property
    def of_one_length(self) -> bool:
        kept = self.lengths[self.usable]
        return bool(len(kept)) and kept.min() > 0 and np.ptp(kept) <= SAME_LENGTH * kept.max()

    @property
    def of_length_one(self) -> bool:
        return bool((abs(self.lengths - 1) <= SAME_LENGTH).all())


def _queries(
    found: VectorSet, known: _Known, wanted: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Places of the queries, which rows are searched, and what there is to say."""
    notes = []
    if without := int((~known.usable).sum()):
        notes.append(f"{without:,} vectors have no direction and are left out")
    if found.queries is not None:
        lengths = np.linalg.norm(np.asarray(found.queries), axis=1)
        good = np.isfinite(lengths) & ((lengths > 0) | (found.metric == "euclidean"))
        return rng.permutation(np.flatnonzero(good))[:wanted], known.usable, notes
    usable = np.flatnonzero(known.usable)
    held = np.sort(rng.permutation(usable)[: min(wanted, len(usable) // 2)])
    kept = known.usable.copy()
    kept[held] = False
    notes.append(f"{len(held):,} rows are the queries and not searched")
    return held, kept, notes


Form = Callable[[Matrix], Matrix]


def _forms(found: VectorSet, known: _Known) -> tuple[Form, Form, tuple[str, ...]]:
    """How rows and queries become unit vectors, and what there is to say of it."""
    if found.metric == "angular" or known.of_one_length:
        return unit_rows, unit_rows, ()
    centre, furthest = known.mean, 0.0
    for start, part in _chunks(found.vectors):
        usable = known.usable[start : start + len(part)]
        gaps = np.linalg.norm(part[usable].astype(np.float64) - centre, axis=1)
        furthest = max(furthest, float(gaps.max(initial=0.0)))
    lift = Lift(centre, furthest or 1.0)
    said = "euclidean: two more coordinates make distances angles, for all contestants alike"
    return lift.rows, lift.queries, (said,)


def _write_vectors(
    found: VectorSet, known: _Known, rows: np.ndarray, form: Form, file: Path
) -> None:
    """The rows as unit vectors; a mapped file that has them already is linked, not copied."""
    file.unlink(missing_ok=True)
    linked = _own_file(found.vectors)
    if linked is not None and len(rows) == len(found.vectors) and known.of_length_one:
        try:
            os.link(linked, file)
            return
        except OSError:
            pass  # another file system
    dimension = form(np.asarray(found.vectors[rows[:1]])).shape[1]
    step = max(1, CHUNK_NUMBERS // dimension)
    parts = (
        form(np.asarray(found.vectors[rows[start : start + step]]))
        for start in range(0, len(rows), step)
    )
    write_npy(file, (len(rows), dimension), parts)


def _own_file(vectors: Matrix) -> Path | None:
    """The .npy file that holds just these vectors, None where there is none."""
    name = getattr(vectors, "filename", None)
    if name is None or not str(name).endswith(".npy"):
        return None
    held = np.load(name, mmap_mode="r")
    same = held.shape == vectors.shape and held.dtype == np.float32 and held.flags.c_contiguous
    return Path(name) if same else None


def _check_apart(name: str, truth: Truth) -> None:
    """Raise InvalidParameterValue where most queries' right answers are no nearer than others are."""
    best = truth.right_scores
    best = np.where(np.isfinite(best), best, best[:, :1])
    gaps = best[:, 0] - best.min(axis=1)
    if ((gaps > 0) & (gaps <= TIE)).mean() > 0.5:
        raise InvalidParameterValue(
            f"{name}: the {best.shape[1]} nearest rows of most queries are alike but for rounding "
            f"({TIE:g}), so any answer would be right; some rows may lie far from all others, or all "
            "have one large part in common: leave those out, or subtract the mean"
        )


def _agreement(
    found: VectorSet, catalogue: Catalogue, asked: np.ndarray
) -> tuple[int, np.ndarray] | None:
    if found.neighbors is None or found.queries is None:
        return None
    k = min(10, DEPTH, found.neighbors.shape[1], len(catalogue.keys))
    named = [[int(key) for key in found.neighbors[place][:k]] for place in asked]
    if not np.isin(np.array(named), catalogue.keys).all() or any(len(set(n)) < k for n in named):
        return None  # some of them are left out
    recall = Truth(catalogue).recall(k, range(len(named)), [None] * len(named), named)
    return k, recall


def _chunks(vectors: Matrix) -> Iterator[tuple[int, np.ndarray]]:
    step = max(1, CHUNK_NUMBERS // vectors.shape[1])
    for start in range(0, len(vectors), step):
        yield start, np.asarray(vectors[start : start + step])
