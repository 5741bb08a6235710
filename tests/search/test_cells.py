"""Cells of large segments: how many a query reads, and that hardly a row is missed in the others."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pyarrow as pa
import pytest

from engine import Workspace
from engine.core.arrays import unit_rows
from engine.core.ranking.scoring import rank_exact
from engine.digests import sha256
from engine.service.search import nearest
from engine.store.layout import read_json, write_json
from engine.store.segments.ann import cells
from engine.store.segments.ann.cells import Cells, Centres, Widths, most_cells
from engine.store.segments.ann.compression import CellSample, Turned
from engine.store.segments.ann.grouping import centres_of
from engine.store.segments.ann.points import Points
from engine.store.segments.ann.probe import CellProbe, choose_together, normal_tail

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
    assert 10 < indexed(workspace, vectors).cell_count <= most_cells(ROWS) + 1
    for queries in asked:
        assert np.mean(recalls(workspace, vectors, queries)) >= 0.985


def as_releases_until_0_7(folder: Path, vectors: np.ndarray) -> None:
    """Put into a segment what those wrote: codes and centres in one file, and nothing of the cells."""
    cells = 200
    clustering = faiss.Kmeans(DIMENSION, cells, niter=5, seed=1)
    clustering.train(vectors)
    coarse = faiss.IndexFlatIP(DIMENSION)
    coarse.add(clustering.centroids)
    index = faiss.IndexIVFPQFastScan(
        coarse, DIMENSION, cells, DIMENSION, 4, faiss.METRIC_INNER_PRODUCT
    )
    index.by_residual = False
    index.train(vectors)
    index.add(vectors)
    facts = read_json(folder / "segment.json")
    for name in ("codes.bin", "cells.npz", "centres.npy"):
        del facts["files"][name]
        (folder / name).unlink()
    file = folder / "ann.faiss"
    faiss.write_index(index, str(file))
    facts["files"][file.name] = {"bytes": file.stat().st_size, "sha256": sha256(file)}
    write_json(folder / "segment.json", facts)


@pytest.mark.usefixtures("few_rows_have_cells")
def test_segments_of_earlier_releases_have_no_cells_described_and_are_searched(
    workspace: Workspace,
) -> None:
    vectors, queries, _ = mixed(0.1, 0.5, 2.0)
    indexed(workspace, vectors)
    (file,) = Path(workspace.path).glob("indexes/**/cells.npz")
    as_releases_until_0_7(file.parent, vectors)
    fresh = Workspace(workspace.path)
    segment = fresh.registry.open(INDEX)[1].current().parts[0].segment
    assert not segment.sample.cells.has_apart and segment.ann.cell_count == 200
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
    # After one part the cells of both others are chosen together.
    monkeypatch.setattr("engine.service.search.nearest.os.cpu_count", lambda: 1)
    chosen: list[int] = []
    alone = nearest.chosen_ahead
    monkeypatch.setattr(
        nearest, "chosen_ahead", lambda of, *more: chosen.append(len(of)) or alone(of, *more)
    )
    assert np.mean(recalls(workspace, vectors, queries)) >= 0.985
    assert chosen == [2] * len(queries)


# ------------------------------------------------------------------ the rule, said slowly
def sample_of(seed: int, has_apart: bool = True) -> tuple[CellSample, np.ndarray]:
    """Cells of made-up widths, and a query."""
    rng = np.random.default_rng(seed)
    cells, width = 40, 16
    centres = unit(rng.standard_normal((cells, width)))
    rests = 0.05 * rng.standard_normal((50, width)).astype(np.float32)
    widths = rng.uniform(0.5, 2, cells).astype(np.float32)
    sizes = rng.integers(0, 500, cells + has_apart)
    sizes[:2] = 0, 1
    return CellSample(Points(centres), sizes, rests, widths, has_apart), unit(
        rng.standard_normal((1, width))
    )[0]


def turned(query: np.ndarray) -> Turned:
    return Turned(query, query, 0.0)


def tail(away: float) -> float:
    """A little more than the share of a normal distribution beyond so many deviations."""
    root = math.sqrt(away**2 + 8 / math.pi)
    return math.sqrt(2 / math.pi) * math.exp(-(away**2) / 2) / (away + root)


def test_a_tail_is_at_least_that_of_the_normal_distribution_and_hardly_more() -> None:
    away = np.linspace(0, 8, 500, dtype=np.float32)
    exact = np.array([math.erfc(float(z) / math.sqrt(2)) / 2 for z in away])
    assert normal_tail(away)[0] == pytest.approx(0.5)
    assert (normal_tail(away) >= 0.9999 * exact).all()
    assert (normal_tail(away) <= 1.06 * exact).all()
    assert normal_tail(away) == pytest.approx([tail(float(z)) for z in away], rel=1e-4)


def slowly(cells: CellSample, query: np.ndarray, product: float) -> set[int]:
    """Cells with rows outside of which fewer than 0.02 rows may reach a product."""
    spread = float((cells.rests @ query).std())
    missed = {}
    for cell, centre in enumerate(cells.centres.matrix):
        away = (product - float(centre @ query)) / (spread * float(cells.widths[cell]))
        missed[cell] = tail(max(away, 0.0)) * int(cells.sizes[cell])
    left, wanted = 0.0, set(missed)
    for cell in sorted(missed, key=missed.__getitem__):
        left += missed[cell]
        if left >= 0.02:
            break
        wanted.remove(cell)
    apart = range(len(cells.centres.matrix), len(cells.sizes))
    return {cell for cell in wanted | set(apart) if cells.sizes[cell]}


@pytest.mark.parametrize("has_apart", [True, False])
@pytest.mark.parametrize("seed", range(8))
def test_those_cells_are_read_that_the_rule_says(seed: int, has_apart: bool) -> None:
    cells, query = sample_of(seed, has_apart)
    for kth in (-0.5, 0.2, 0.5, 0.8, 1.2, 3.0):
        probe = CellProbe(cells, turned(query), 1.0)
        first, products = probe.unread()
        points = cells.centres.matrix
        assert products == pytest.approx(
            [float(points[c] @ query) if c < len(points) else 0 for c in first], abs=1e-6
        )
        wanted = slowly(cells, query, kth)
        assert probe.is_enough(kth) == (wanted <= set(first))
        more, _ = probe.unread()
        assert set(first) | set(more) == set(first) | wanted and not set(first) & set(more)
        assert probe.is_enough(kth) and not len(probe.unread()[0])
        assert set(probe.read[0]) == set(first) | set(more)
        probe.read_again()
        assert set(probe.unread()[0]) == set(first) | set(more)
        probe.read_all()
        assert probe.is_whole
        every = set(np.flatnonzero(cells.sizes))
        assert set(probe.unread()[0]) == every - set(first) - set(more)


@pytest.mark.parametrize("seed", range(4))
def test_a_known_bound_says_at_once_which_cells_are_read(seed: int) -> None:
    cells, query = sample_of(seed)
    nearest = np.argsort(-(cells.centres.matrix @ query))[:4]
    always = {cell for cell in nearest if cells.sizes[cell]}
    for least in (-0.5, 0.2, 0.8, 3.0):
        probe = CellProbe(cells, turned(query), 1.0, least)
        assert set(probe.unread()[0]) == slowly(cells, query, least) | always
        assert probe.is_enough(-5.0) and probe.is_enough(least)


@pytest.mark.parametrize("seed", range(6))
def test_cells_chosen_together_are_those_that_each_would_choose(seed: int) -> None:
    cells, query = sample_of(seed)
    rng = np.random.default_rng(seed)
    several = [sample_of(seed + 20)[0], sample_of(seed, has_apart=False)[0]]  # other centres
    for _ in range(4):
        widths = (cells.widths * rng.uniform(0.5, 2, len(cells.widths))).astype(np.float32)
        several.append(replace(cells, sizes=rng.permutation(cells.sizes), widths=widths))
    bounds = [0.5, 0.5, -0.5, 0.3, 0.8, -math.inf]

    def probes() -> list[CellProbe]:
        return [CellProbe(one, turned(query), 1.0, least) for one, least in zip(several, bounds)]

    together = probes()
    choose_together(together)
    for one, alone in zip(together, probes()):
        assert one.unread()[0].tolist() == alone.unread()[0].tolist()
        assert one.is_enough(0.6) == alone.is_enough(0.6)
        assert one.unread()[0].tolist() == alone.unread()[0].tolist()
    choose_together([])


def test_rows_much_farther_from_a_centre_than_their_cells_others_are_found_with_a_bound() -> None:
    """A few rows of a kind beside hundreds that say how wide their cell is."""
    rng = np.random.default_rng(4)
    centres = unit(rng.standard_normal((40, 16)))
    rests = 0.02 * rng.standard_normal((50, 16)).astype(np.float32)
    sizes = np.full(41, 300)
    cells = CellSample(Points(centres), sizes, rests, np.ones(40, dtype=np.float32), has_apart=True)
    query = unit(centres[:1] + 0.2 * rng.standard_normal((1, 16)))[0]
    assert int(np.argmax(centres @ query)) == 0
    # The kind's rows are the query: no row of the cell is thought to be so near to it.
    assert 0 not in slowly(cells, query, 0.999)
    assert 0 in CellProbe(cells, turned(query), 1.0, 0.999).unread()[0]
    few = CellSample(Points(centres[:2]), sizes[:3], rests, np.ones(2, dtype=np.float32), True)
    assert set(CellProbe(few, turned(query), 1.0, 0.999).unread()[0]) == {0, 1, 2}


def test_a_bound_is_not_used_where_rows_of_any_kind_hide_in_cells() -> None:
    cells, query = sample_of(2, has_apart=False)
    first = [set(CellProbe(cells, turned(query), 1.0, b).unread()[0]) for b in (3.0, -math.inf)]
    assert first[0] == first[1]


@pytest.mark.parametrize("has_apart", [True, False])
def test_fewer_allowed_rows_mean_more_cells_at_first(has_apart: bool) -> None:
    cells, query = sample_of(1, has_apart)
    counts = [
        len(CellProbe(cells, turned(query), share).unread()[0])
        for share in (1.0, 0.3, 0.1, 0.01, 0.0001)
    ]
    assert counts == sorted(counts) and counts[0] < counts[-1]


# ------------------------------------------------------------------ how cells are made
def test_a_cell_with_few_rows_is_taken_for_one_like_others() -> None:
    rng = np.random.default_rng(1)
    cell = rng.integers(0, 4, 2_000)  # the fifth and sixth have none
    squares = 8 * np.where(cell == 3, 2.25, 0.25) * rng.uniform(0.5, 1.5, len(cell))
    gathered = Widths(6)
    for part in (slice(0, 700), slice(700, None)):
        gathered.add(cell[part], squares[part].astype(np.float32))
    gathered.add(np.full(9, 6), np.full(9, 1e9, dtype=np.float32))  # apart from all cells
    widths = gathered.measured()
    assert widths[4:].tolist() == [1.0, 1.0]
    assert widths[3] == pytest.approx(3 / math.sqrt((3 + 9) / 4), rel=0.05)
    assert (widths[:3] < 0.7).all()
    of_equal_rows = Widths(6)
    of_equal_rows.add(np.zeros(5, dtype=np.int64), np.zeros(5, dtype=np.float32))
    assert np.isfinite(of_equal_rows.measured()).all() and (of_equal_rows.measured() > 0).all()


@pytest.mark.parametrize("reach", [0.5, 2.0, np.inf])
def test_rows_go_to_the_nearest_centre_or_apart(reach: float) -> None:
    rng = np.random.default_rng(3)
    points, rows = (rng.standard_normal((count, 5)).astype(np.float32) for count in (9, 200))
    cell, away = Centres(points, reach).nearest(rows)
    squares = ((rows[:, None] - points[None]) ** 2).sum(axis=2)
    assert away == pytest.approx(squares.min(axis=1), rel=1e-4)
    nearest = np.where(squares.min(axis=1) > reach, 9, squares.argmin(axis=1))
    assert cell.tolist() == nearest.tolist()


def test_small_groups_have_centres_of_their_own() -> None:
    """K-means gives those with many rows several, and such as these none."""
    vectors, _ = tight_groups()
    made = centres_of(vectors, 1200, seed=1)
    assert len(made.points) <= 1200
    cell, away = made.nearest(vectors)
    assert np.mean(cell == len(made.points)) < 0.1 and np.median(away) < 0.6
    few = centres_of(vectors, 60, seed=1)
    assert len(few.points) <= 60 and np.mean(few.nearest(vectors)[0] == len(few.points)) < 0.12


@pytest.mark.parametrize(("groups", "dimension"), [(600, 96), (400, 64), (800, 128)])
def test_a_wide_group_takes_one_centre_so_that_others_have_theirs(
    groups: int, dimension: int
) -> None:
    """Its rows lie on all sides of its mean: if several lead a part of it, small groups get nothing."""
    rng = np.random.default_rng(6)
    shares = 1 / np.arange(1, groups + 1)
    of = rng.choice(groups, 35 * groups, p=shares / shares.sum())
    spectrum = 1 / np.sqrt(np.arange(1, dimension + 1))
    noise = rng.standard_normal((len(of), dimension)) * (0.7 * spectrum / np.linalg.norm(spectrum))
    middles = unit_rows(rng.standard_normal((groups, dimension)))
    vectors = unit_rows(middles[of] + noise)
    made = centres_of(vectors, groups, seed=1)
    assert len(made.points) <= groups
    apart = made.nearest(vectors)[0] == len(made.points)
    assert apart.mean() < 0.01
    alone = [group for group in np.unique(of) if apart[of == group].mean() > 0.5]
    assert len(alone) < 0.1 * groups


@pytest.mark.parametrize(
    "kind", ["equal", "mostly equal", "noise", "few", "zero and long", "long", "short"]
)
def test_rows_of_any_kind_get_centres_and_these_are_read_as_written(
    kind: str, tmp_path: Path
) -> None:
    rng = np.random.default_rng(4)
    vectors = rng.standard_normal((3_000, 12)).astype(np.float32)
    if kind == "equal":
        vectors[:] = vectors[0]
    elif kind == "mostly equal":
        vectors[:2_500] = vectors[0]
    elif kind == "few":
        vectors = vectors[:50]
    elif kind == "zero and long":
        vectors[:20], vectors[20:25] = 0, 1e4 * vectors[20:25]
    elif kind in ("long", "short"):
        vectors *= 1e9 if kind == "long" else 1e-9
    made = centres_of(vectors, 40, seed=2)
    assert 1 <= len(made.points) <= 40 and np.isfinite(made.points).all()
    cell, _ = made.nearest(vectors)
    assert np.mean(cell == len(made.points)) <= 0.11
    widths = np.ones(len(made.points), dtype=np.float32)
    Cells(Points(made.points), made.reach, widths, 0.5, np.zeros(3)).write(tmp_path / "ann")
    read = Cells.read(tmp_path / "ann")
    assert (read.points.matrix == made.points).all() and read.reach == made.reach
    assert read.rest == 0.5 and (read.widths == widths).all() and (read.sizes == 0).all()
