"""Cells of large segments: how many a query reads, and that hardly a row is missed in the others."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine import Workspace
from engine.core.ranking.scoring import rank_exact
from engine.service.search.shortlist import CellProbe
from engine.store.layout import read_json, write_json
from engine.store.segments.ann import cells
from engine.store.segments.ann.cells import cell_widths, cells_for
from engine.store.segments.ann.compression import CellSample, Turned

INDEX = "main.a.i"
ROWS, DIMENSION, K = 40_000, 64, 20


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def few_rows_have_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "CELLS_FROM", 10_000)


def indexed(workspace: Workspace, vectors: np.ndarray) -> Any:
    """The vectors as an index of one segment; its approximate index."""
    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    rows = pa.table({"product_id": pa.array(np.arange(len(vectors))), "v": flat})
    workspace.write_table("t", rows)
    workspace.create_index(INDEX, source_table="t", vector_column="v", create_endpoint=True)
    (part,) = workspace.registry.open(INDEX)[1].current().parts
    return part.segment.ann


def recalls(workspace: Workspace, vectors: np.ndarray, queries: np.ndarray) -> list[float]:
    """The share of each query's nearest rows that is found."""
    found = []
    for query, products in zip(queries, queries @ vectors.T):
        reply = workspace.query_index(
            INDEX, columns=["product_id"], query_vector=query.tolist(), num_results=K
        )
        rows = {int(row[0]) for row in reply["result"]["data_array"]}
        found.append(len(rows & set(np.argsort(-products)[:K].tolist())) / K)
    return found


def mixed(share: float, narrow: float, wide: float) -> Iterator[np.ndarray]:
    """Rows close to some centres, a share of them far; queries near the far ones, then between."""
    rng = np.random.default_rng(3)
    centres = rng.standard_normal((60, DIMENSION))
    is_far = rng.random(ROWS) < share
    away = np.where(is_far, wide, narrow)[:, None] * rng.standard_normal((ROWS, DIMENSION))
    vectors = unit(centres[rng.integers(0, 60, ROWS)] + away)
    yield vectors
    far = vectors[rng.choice(np.flatnonzero(is_far), 60)]
    yield unit(far + 0.1 * rng.standard_normal(far.shape) / DIMENSION**0.5)
    yield unit(centres[rng.integers(0, 60, 60)] + centres[rng.integers(0, 60, 60)])


@pytest.mark.usefixtures("few_rows_have_cells")
@pytest.mark.parametrize("kinds", [(0.03, 0.3, 3.0), (0.1, 0.5, 2.0), (0.3, 0.3, 1.5)], ids=str)
def test_rows_of_rare_kinds_are_found_in_cells(
    workspace: Workspace, kinds: tuple[float, float, float]
) -> None:
    vectors, *asked = mixed(*kinds)
    assert indexed(workspace, vectors).cell_count == cells_for(ROWS) > 1
    for queries in asked:
        assert np.mean(recalls(workspace, vectors, queries)) >= 0.985


@pytest.mark.usefixtures("few_rows_have_cells")
def test_segments_of_earlier_releases_have_no_widths_and_are_searched(workspace: Workspace) -> None:
    vectors, queries, _ = mixed(0.1, 0.5, 2.0)
    indexed(workspace, vectors)
    (file,) = Path(workspace.path).glob("indexes/**/cells.npy")
    described = file.with_name("segment.json")
    facts = read_json(described)
    del facts["files"][file.name]
    file.unlink()
    write_json(described, facts)
    fresh = Workspace(workspace.path)
    sample = fresh.registry.open(INDEX)[1].current().parts[0].segment.sample
    assert set(sample.cells.widths.tolist()) == {1.0}
    assert np.mean(recalls(fresh, vectors, queries)) >= 0.985


@pytest.mark.usefixtures("few_rows_have_cells")
@pytest.mark.parametrize("cells", [True, False])
def test_few_rows_that_are_much_longer_than_most_are_found_from_far_away(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, cells: bool
) -> None:
    """Their codes are off by more than any sample says: a tenth of the nearest was missed."""
    if not cells:
        monkeypatch.setattr("engine.store.segments.ann.cells.CELLS_FROM", ROWS + 1)
    rng = np.random.default_rng(8)
    centres = rng.standard_normal((300, DIMENSION))
    vectors = centres[rng.integers(0, 300, ROWS)] + 0.4 * rng.standard_normal((ROWS, DIMENSION))
    vectors = (vectors * np.exp(rng.standard_normal((ROWS, 1)))).astype(np.float32)
    assert (indexed(workspace, vectors).cell_count > 1) == cells
    for far in (1, 30, 300):
        queries = (far * rng.standard_normal((20, DIMENSION))).astype(np.float32)
        batch = workspace.similarity_search_batch(
            INDEX, query_vectors=queries, columns=["product_id"], num_results=K
        )
        missed = 0
        for query, together in zip(queries, batch):
            reply = workspace.query_index(
                INDEX, columns=["product_id"], query_vector=query.tolist(), num_results=K
            )
            rows = [int(row[0]) for row in reply["result"]["data_array"]]
            expected = rank_exact(query, vectors, range(ROWS), K)[0]
            missed += len(set(expected) - set(rows))
            assert [row["product_id"] for row in together] == rows
        assert missed <= 2, far


@pytest.mark.usefixtures("few_rows_have_cells")
@pytest.mark.parametrize("cells", [True, False])
@pytest.mark.parametrize("spread", [0.0, 0.1])
def test_a_few_zero_vectors_among_unit_vectors_are_found(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, cells: bool, spread: float
) -> None:
    """No code said how short they are: nine of the nearest ten were others."""
    if not cells:
        monkeypatch.setattr("engine.store.segments.ann.cells.CELLS_FROM", ROWS + 1)
    rng = np.random.default_rng(8)
    vectors = rng.standard_normal((ROWS, DIMENSION))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors *= 1 + spread * rng.standard_normal((ROWS, 1))
    vectors[rng.choice(ROWS, 12, replace=False)] = 0
    vectors = vectors.astype(np.float32)
    assert (indexed(workspace, vectors).cell_count > 1) == cells
    queries = vectors[rng.choice(ROWS, 20, replace=False)]
    batch = workspace.similarity_search_batch(
        INDEX, query_vectors=queries, columns=["product_id"], num_results=K
    )
    missed = 0
    for query, together in zip(queries, batch):
        reply = workspace.query_index(
            INDEX, columns=["product_id"], query_vector=query.tolist(), num_results=K
        )
        rows = [int(row[0]) for row in reply["result"]["data_array"]]
        missed += len(set(rank_exact(query, vectors, range(ROWS), K)[0]) - set(rows))
        assert [row["product_id"] for row in together] == rows
    assert missed <= 2


# ------------------------------------------------------------------ several segments
def tight_groups() -> tuple[np.ndarray, np.ndarray]:
    """Rows of many small groups, and queries among the smallest."""
    rng = np.random.default_rng(9)
    centres = unit(rng.standard_normal((1500, DIMENSION)))
    shares = 1 / np.arange(1, 1501)
    group = rng.choice(1500, ROWS, p=shares / shares.sum())
    vectors = unit(centres[group] + 0.7 * rng.standard_normal((ROWS, DIMENSION)) / DIMENSION**0.5)
    rare = rng.choice(np.flatnonzero(group > 700), 60)
    return vectors, unit(
        vectors[rare] + 0.5 * rng.standard_normal((60, DIMENSION)) / DIMENSION**0.5
    )


@pytest.mark.usefixtures("few_rows_have_cells")
def test_rows_of_small_groups_are_found_in_each_of_several_segments(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first segment has says nothing of how far a group's rows lie from cells of others."""
    monkeypatch.setattr("engine.service.sync.run.due", lambda *_: [])
    monkeypatch.setattr("engine.store.segments.segment._ANN_FROM", 500_000)
    vectors, queries = tight_groups()
    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION)
    rows = pa.table({"product_id": pa.array(np.arange(ROWS)), "v": flat})
    step = ROWS // 3
    workspace.write_table("t", rows.slice(0, step))
    workspace.create_index(INDEX, source_table="t", vector_column="v", create_endpoint=True)
    for end in (2 * step, ROWS):
        workspace.write_table("t", rows.slice(0, end))
        workspace.sync(INDEX)
    version = workspace.registry.open(INDEX)[1].current()
    assert version is not None and len(version.parts) == 3
    assert all(part.segment.ann.cell_count > 1 for part in version.parts)
    found = recalls(workspace, vectors, queries)
    assert np.mean(found) >= 0.985
    monkeypatch.setattr("engine.service.search.nearest._LARGE_NUMBERS", 0)  # side by side
    assert recalls(workspace, vectors, queries) == found


# ------------------------------------------------------------------ the rule, said slowly
def sample_of(seed: int) -> tuple[CellSample, np.ndarray]:
    """Cells of made-up widths, and a query."""
    rng = np.random.default_rng(seed)
    cells, width = 40, 16
    centres = unit(rng.standard_normal((cells, width)))
    rests = 0.05 * rng.standard_normal((50, width)).astype(np.float32)
    widths = rng.uniform(0.5, 2, cells).astype(np.float32)
    sizes = rng.integers(0, 500, cells)
    return CellSample(centres, sizes, rests, widths), unit(rng.standard_normal((1, width)))[0]


def turned(query: np.ndarray) -> Turned:
    return Turned(query, query, 0.0)


def slowly(cells: CellSample, query: np.ndarray, kth: float) -> int:
    """How many cells leave fewer than 0.02 rows outside that may reach `kth`."""
    spread = float((cells.rests @ query).std())
    best_first = sorted(
        range(len(cells.sizes)), key=lambda cell: -float(cells.centres[cell] @ query)
    )
    for count in range(1, len(best_first)):
        missed = 0.0
        for cell in best_first[count:]:
            away = (kth - float(cells.centres[cell] @ query)) / (spread * float(cells.widths[cell]))
            missed += 0.5 * math.exp(-(max(away, 0.0) ** 2) / 2) * int(cells.sizes[cell])
        if missed < 0.02:
            return count
    return len(best_first)


@pytest.mark.parametrize("seed", range(8))
def test_as_many_cells_are_read_as_the_rule_says(seed: int) -> None:
    cells, query = sample_of(seed)
    for kth in (-0.5, 0.2, 0.5, 0.8, 1.2, 3.0):
        probe = CellProbe(cells, turned(query), 1.0)
        guessed, wanted = probe.count, slowly(cells, query, kth)
        assert probe.is_enough(kth) == (wanted <= guessed)
        assert probe.count == max(guessed, wanted)
        assert probe.is_enough(kth)


def test_fewer_allowed_rows_mean_more_cells_at_first() -> None:
    cells, query = sample_of(1)
    counts = [CellProbe(cells, turned(query), share).count for share in (1.0, 0.1, 0.01, 0.0001)]
    assert counts == sorted(counts) and counts[0] < counts[-1]


def test_a_cell_with_few_rows_in_the_sample_is_taken_for_one_like_others() -> None:
    rng = np.random.default_rng(1)
    centres = 10 * np.eye(6, 8, dtype=np.float32)
    cell = rng.integers(0, 4, 2_000)  # the fifth and sixth have none
    away = (
        rng.standard_normal((len(cell), 8)).astype(np.float32)
        * np.where(cell == 3, 1.5, 0.5)[:, None]
    )
    widths = cell_widths(centres[cell] + away, None, centres)
    assert widths[4:].tolist() == [1.0, 1.0]
    assert widths[3] == pytest.approx(3 / math.sqrt((3 + 9) / 4), rel=0.05)
    assert (widths[:3] < 0.7).all()
    of_equal_rows = cell_widths(centres[[0] * 5], None, centres)
    assert np.isfinite(of_equal_rows).all() and (of_equal_rows > 0).all()
