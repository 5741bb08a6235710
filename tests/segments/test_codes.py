"""Compressed vectors of every width can be built and searched, also where rows fill the whole space."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from engine.core.rows import RowSet
from engine.store.segments.ann.building import build_codes
from engine.store.segments.ann.index import AnnFile

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
    sample = kept.sample(vectors, None)
    turned = [kept.turned(vector, sample) for vector in vectors[:40]]
    for turn in range(2):
        for number in range(40):  # more than are kept; each is gone when the next is made
            rows = np.arange(number + turn, ROWS, 7)
            found, _ = kept.search(turned[number], ROWS, RowSet.of_rows(rows, ROWS))
            assert sorted(found.tolist()) == rows.tolist()
    mask = RowSet.of_rows(np.arange(50), ROWS)
    twice = [kept.search(turned[3], 20, mask)[0].tolist() for _ in range(2)]
    fresh = AnnFile(tmp_path / "ann.faiss", ROWS, 32, False).search(turned[3], 20, mask)[0]
    assert twice == [fresh.tolist()] * 2


@pytest.mark.parametrize("is_unit", [True, False])
@pytest.mark.parametrize("is_flat", [True, False])  # codes of the main axes, or of all numbers
def test_one_query_is_looked_up_as_many_are(tmp_path: Path, is_flat: bool, is_unit: bool) -> None:
    rng = np.random.default_rng(5)
    every = rng.standard_normal((ROWS + 9, 200))
    if is_flat:
        every = every[:, :40] @ rng.standard_normal((40, 200))
    if is_unit:
        every /= np.linalg.norm(every, axis=1)[:, None]
    vectors, queries = np.split(every.astype(np.float32), [ROWS])
    lengths = None if is_unit else -np.einsum("ij,ij->i", vectors, vectors) / 2
    build_codes(tmp_path / "ann.faiss", vectors, lengths)
    kept = AnnFile(tmp_path / "ann.faiss", ROWS, 200, not is_unit)
    sample = kept.sample(vectors, lengths)
    assert sample.kept == (128 if is_flat else 0)
    spreads = kept.error_spreads(sample, queries)
    rows, products = kept.search_many(queries, ROWS)
    for place, query in enumerate(queries):
        turned = kept.turned(query, sample)
        assert turned.spread == pytest.approx(spreads[place], rel=1e-4)
        alone = dict(zip(*(found.tolist() for found in kept.search(turned, ROWS))))
        together = dict(zip(rows[place].tolist(), products[place].tolist()))
        # Both turn the query, each in an order of its own: a number of the tables of bytes may be
        # rounded to the next step.
        steps = products[place][:-1] - products[place][1:]
        step = float(steps[steps > 1e-6].min())
        assert alone == pytest.approx(together, abs=2.1 * step)


@pytest.mark.parametrize("is_unit", [True, False])
def test_all_rows_above_a_product_are_found_and_no_other(tmp_path: Path, is_unit: bool) -> None:
    rng = np.random.default_rng(6)
    vectors = rng.standard_normal((ROWS, 64)).astype(np.float32)
    if is_unit:
        vectors /= np.linalg.norm(vectors, axis=1)[:, None]
    lengths = None if is_unit else -np.einsum("ij,ij->i", vectors, vectors) / 2
    build_codes(tmp_path / "ann.faiss", vectors, lengths)
    kept = AnnFile(tmp_path / "ann.faiss", ROWS, 64, not is_unit)
    sample = kept.sample(vectors, lengths)
    masks = [None, RowSet.of_rows(np.arange(0, ROWS, 3), ROWS), RowSet.of_rows(np.arange(5), ROWS)]
    for query, allowed in itertools.product(vectors[:5], masks):
        turned = kept.turned(query, sample)
        rows, products = kept.search(turned, ROWS, allowed)
        step = np.diff(products)[np.diff(products) < 0].max()
        for place in (0, len(rows) // 2, len(rows) - 1):
            bound = float(products[place] + step / 2)
            found = kept.within(turned, bound, allowed, None)
            assert sorted(found.tolist()) == sorted(rows[products > bound].tolist())
        assert not len(kept.within(turned, float(products[0] - 2 * step), allowed, None))


@pytest.mark.parametrize("is_unit", [True, False])
def test_a_bound_that_is_far_below_all_products_leaves_no_row_out(
    tmp_path: Path, is_unit: bool
) -> None:
    """FAISS took it for a bound above all, and the list before it was thought to be the nearest."""
    vectors = np.random.default_rng(6).standard_normal((ROWS, 64)).astype(np.float32)
    squares = np.einsum("ij,ij->i", vectors, vectors)
    if is_unit:
        vectors /= np.sqrt(squares)[:, None]
    lengths = None if is_unit else -squares / 2
    build_codes(tmp_path / "ann.faiss", vectors, lengths)
    kept = AnnFile(tmp_path / "ann.faiss", ROWS, 64, not is_unit)
    turned = kept.turned(vectors[3], kept.sample(vectors, lengths))
    _, products = kept.search(turned, ROWS)
    lowest, breadth = float(products[-1]), float(products[0] - products[-1])
    some = RowSet.of_rows(np.arange(0, ROWS, 5), ROWS)
    for far in (0.01, 0.3, 0.5, 1, 2, 5, 50, 1e3, 1e6):
        bound = lowest - far * breadth
        assert sorted(kept.within(turned, bound).tolist()) == list(range(ROWS)), far
        assert sorted(kept.within(turned, bound, some).tolist()) == some.rows().tolist()
