"""Vectors or scores to ranked lists, ties broken so that they favour nobody.

Documents of one score come in an order that is drawn for the query by a hash of both ids: the same for
every contestant, machine and run, and independent of which documents are right, of their order in the
collection and of their names. (trec_eval takes the greater id first, which helps whoever has ties where
ids say something.) Cosines are counted in steps of a millionth, so that what only the order of adding
made differ, as for a photo that a catalogue has twice, is a tie.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.core.arrays import Matrix, Rows

STEPS = 2**20  # of a cosine from 0 to 1: whole numbers that float32 holds exactly
_BLOCK = 16_000_000  # scores at a time: 64 MB
Hashes = npt.NDArray[np.uint64]
Scores = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Ranked:
    """Documents that a query found: ids, best first, and their scores, (k,), never rising."""

    ids: tuple[str, ...]
    scores: Scores


@dataclass(frozen=True)
class Restriction:
    """Rows of the documents that a query may find: `among` (None for all), but `without` these."""

    without: Rows | None = None
    among: Rows | None = None


def ranked(
    queries: Matrix,
    query_ids: Sequence[str],
    documents: Matrix,
    document_ids: Sequence[str],
    depth: int,
    restrictions: Mapping[str, Restriction],
) -> Iterator[tuple[str, Ranked]]:
    """Each query's nearest documents by inner product, in float32 and in blocks.

    Args:
        queries: (m, d) unit rows. documents: (n, d) unit rows.
        depth: how many are kept at most.
    """
    ids = np.array(document_ids, dtype=object)
    drawn = hashes(document_ids)
    own = hashes(query_ids)
    step = max(1, _BLOCK // max(1, len(documents)))
    for start in range(0, len(queries), step):
        scores = np.rint(queries[start : start + step] @ documents.T * np.float32(STEPS))
        for place, row in enumerate(scores, start):
            query = query_ids[place]
            there = allowed(row, restrictions.get(query, Restriction()))
            best = first(row[there], depth, drawn[there], own[place])
            rows = there[best]
            yield query, Ranked(tuple(ids[rows]), row[rows] / np.float32(STEPS))


def allowed(scores: Scores, restriction: Restriction) -> Rows:
    """The rows that may be found, ascending."""
    if restriction.among is not None:
        mask = np.zeros(len(scores), dtype=np.bool_)
        mask[restriction.among] = True
    else:
        mask = np.ones(len(scores), dtype=np.bool_)
    if restriction.without is not None:
        mask[restriction.without] = False
    return np.flatnonzero(mask)


def first(scores: Scores, depth: int, drawn: Hashes, own: np.uint64) -> Rows:
    """Places of the best scores, best first; of ties at the end only those that are drawn first.

    Args:
        scores: (n,). drawn: (n,) hashes of the documents' ids. own: that of the query's.
    """
    count = min(depth, len(scores))
    if count == 0:
        return np.empty(0, dtype=np.int64)
    least = np.partition(scores, len(scores) - count)[len(scores) - count]
    there = np.flatnonzero(scores >= least)
    order = np.lexsort((mixed(drawn[there], own), -scores[there]))
    return there[order[:count]]


def by_score(query: str, scores: Mapping[str, float]) -> Ranked:
    """The list of a run that gives each document a score; ties as everywhere."""
    ids = np.array(list(scores), dtype=object)
    values = np.fromiter(scores.values(), dtype=np.float64, count=len(ids))
    is_tied = len(np.unique(values)) < len(values)
    drawn = hashes(ids) if is_tied else np.zeros(len(ids), dtype=np.uint64)
    best = first(values, len(ids), drawn, hashes([query])[0])
    return Ranked(tuple(ids[best]), values[best])


def hashes(ids: Sequence[str] | npt.NDArray[np.object_]) -> Hashes:
    """64 bits of each id (BLAKE2b)."""
    as_bytes = (one.encode(errors="surrogatepass") for one in ids)  # file names may be any
    whole = b"".join(hashlib.blake2b(one, digest_size=8).digest() for one in as_bytes)
    return np.frombuffer(whole, dtype="<u8").astype(np.uint64)


def mixed(drawn: Hashes, own: np.uint64) -> Hashes:
    """Hashes of pairs: the finalizer of SplitMix64 over both.

    Source: Steele, Lea, Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014.
    """
    z = drawn ^ own
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    out: Hashes = z ^ (z >> np.uint64(31))
    return out
