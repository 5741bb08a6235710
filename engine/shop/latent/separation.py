"""How well numbers tell groups apart: shares of variance, ranks, areas under curves. Pure functions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.core.arrays import Mask
from engine.shop.indexed.products import Codes

Floats = npt.NDArray[np.float64]


def sums_by(codes: Codes, vectors: npt.NDArray[np.floating]) -> tuple[Floats, Codes]:
    """(groups, d) sums of the rows of each group, and (groups,) their numbers; code -1 is left out."""
    groups = int(codes.max(initial=-1)) + 1
    counts = np.bincount(codes[codes >= 0], minlength=groups)
    sums = np.zeros((groups, vectors.shape[1]))
    order = np.argsort(codes, kind="stable")[int((codes < 0).sum()) :]
    there = np.flatnonzero(counts)
    if len(there):
        starts = np.concatenate([[0], np.cumsum(counts[there])[:-1]])
        sums[there] = np.add.reduceat(vectors[order], starts, axis=0, dtype=np.float64)
    return sums, counts


def shares(vectors: npt.NDArray[np.floating], codes: Codes) -> Floats:
    """(d,) the share of each dimension's variance that lies between groups (eta squared), 0 to 1."""
    known = vectors[codes >= 0].astype(np.float64)
    if not len(known):
        return np.zeros(vectors.shape[1])
    centre = known.mean(axis=0)
    sums, counts = sums_by(codes[codes >= 0], known - centre)
    between = (sums**2 / np.maximum(counts, 1)[:, None]).sum(axis=0)
    whole = ((known - centre) ** 2).sum(axis=0)
    out: Floats = np.divide(between, whole, out=np.zeros_like(whole), where=whole > 0)
    return out


def share_by_chance(codes: Codes) -> float:
    """What `shares` is to be expected of groups that mean nothing: (groups - 1) / (rows - 1)."""
    known = codes[codes >= 0]
    return 0.0 if len(known) < 2 else (len(np.unique(known)) - 1) / (len(known) - 1)


def ranks_of(values: Floats) -> Floats:
    """(n,) ranks from 0 to 1, less 1/2; equal values share the mean of their ranks."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    middle = last - (counts + 1) / 2
    out: Floats = middle[place.ravel()] / max(len(values) - 1, 1) - 0.5
    return out


def rank_correlations(vectors: npt.NDArray[np.floating], values: Floats) -> Floats:
    """(d,) Spearman's correlation of each dimension with some values, -1 to 1; 0 where undefined."""
    if len(values) < 2:
        return np.zeros(vectors.shape[1])
    wanted = ranks_of(values)
    wanted = wanted - wanted.mean()
    found = np.empty(vectors.shape[1])
    for column in range(vectors.shape[1]):
        own = ranks_of(vectors[:, column].astype(np.float64))
        own = own - own.mean()
        size = np.sqrt((own**2).sum() * (wanted**2).sum())
        found[column] = (own * wanted).sum() / size if size > 0 else 0.0
    return found


def area_under_curve(scores: Floats, holds: Mask) -> float | None:
    """How often a row where it holds scores higher than one where it doesn't; ties count half.

    None where all rows are of one kind; 0.5 tells nothing apart.
    """
    right, wrong = int(holds.sum()), int((~holds).sum())
    if not right or not wrong:
        return None
    ranks = (ranks_of(scores) + 0.5) * (len(scores) - 1) + 1
    return float((ranks[holds].sum() - right * (right + 1) / 2) / (right * wrong))
