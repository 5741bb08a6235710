"""Centres that the segments of one index have in common, where their rows are alike."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import Workspace
from engine.errors import CorruptFile
from engine.store.segments.ann import cells, points
from engine.store.segments.ann.building import build_codes
from engine.store.segments.ann.index import AnnFile
from engine.store.segments.ann.points import Points, read_points, write_points

INDEX = "main.a.i"
ROWS, DIMENSION, K = 60_000, 64, 20
PARTS = 3


@pytest.fixture(autouse=True)
def several_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build makes a segment of each file of its table, and each has cells."""
    monkeypatch.setattr(cells, "CELLS_FROM", 10_000)
    monkeypatch.setattr("engine.store.segments.segment._ANN_FROM", 500_000)
    monkeypatch.setattr("engine.service.sync.difference.STAGE_NUMBERS", ROWS * DIMENSION // PARTS)
    monkeypatch.setattr("engine.service.sync.run.due", lambda *_: [])


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def rows_around(centres: np.ndarray, rng: np.random.Generator, rows: int = ROWS) -> np.ndarray:
    away = 0.7 * rng.standard_normal((rows, centres.shape[1])) / centres.shape[1] ** 0.5
    return unit(centres[rng.integers(0, len(centres), rows)] + away)


def alike(width: int = DIMENSION) -> np.ndarray:
    """Rows of some hundred groups, in any order."""
    rng = np.random.default_rng(3)
    return rows_around(unit(rng.standard_normal((300, width))), rng)


def in_order() -> np.ndarray:
    """Each third of the rows is of groups of its own."""
    rng = np.random.default_rng(4)
    kinds = [unit(rng.standard_normal((100, DIMENSION))) for _ in range(PARTS)]
    return np.vstack([rows_around(kind, rng, ROWS // PARTS) for kind in kinds])


def in_a_subspace() -> np.ndarray:
    """As embeddings lie: codes are made of fewer axes."""
    rng = np.random.default_rng(5)
    return unit(alike(64) @ np.linalg.qr(rng.standard_normal((256, 64)))[0].T)


def of_any_length() -> np.ndarray:
    rng = np.random.default_rng(6)
    return alike() * rng.uniform(0.5, 2, (ROWS, 1)).astype(np.float32)


def index(workspace: Workspace, vectors: np.ndarray) -> list[Any]:
    """The vectors as an index of several segments; these."""
    folder = workspace.path.with_name("files of t")
    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    rows = pa.table({"product_id": pa.array(np.arange(len(vectors))), "v": flat})
    step = len(rows) // PARTS
    folder.mkdir(parents=True)
    for number in range(PARTS):
        part = rows.slice(number * step, step)
        pq.write_table(part, folder / f"part-{number}.parquet")
    workspace.register_table("t", folder)
    workspace.create_index(INDEX, source_table="t", vector_column="v", create_endpoint=True)
    return opened(workspace)


def opened(workspace: Workspace) -> list[Any]:
    version = workspace.registry.open(INDEX)[1].current()
    assert version is not None and len(version.parts) == PARTS
    segments = [part.segment for part in version.parts]
    assert all(segment.sample.cells.has_apart for segment in segments)
    return segments


def files_of(workspace: Workspace) -> set[int]:
    """The files that centres lie in, as numbers of the disk."""
    found = list(Path(workspace.path).glob("indexes/**/centres.npy"))
    assert len(found) == PARTS
    return {file.stat().st_ino for file in found}


def recall(workspace: Workspace, vectors: np.ndarray) -> float:
    rng, found = np.random.default_rng(7), []
    near = vectors[rng.integers(0, len(vectors), 60)]
    for query in near + 0.3 * rng.standard_normal(near.shape).astype(np.float32) / 8:
        best = np.argsort(np.square(vectors - query).sum(axis=1))[:K]
        reply = workspace.query_index(
            INDEX, columns=["product_id"], query_vector=query.tolist(), num_results=K
        )
        rows = {int(row[0]) for row in reply["result"]["data_array"]}
        found.append(len(rows & set(best.tolist())) / K)
    return float(np.mean(found))


@pytest.mark.parametrize("kind", [alike, in_a_subspace, of_any_length])
def test_segments_of_rows_that_are_alike_have_one_file_of_centres(
    workspace: Workspace, kind: Any
) -> None:
    vectors = kind()
    segments = index(workspace, vectors)
    assert len(files_of(workspace)) == 1
    assert len({id(segment.sample.cells.centres) for segment in segments}) == 1
    assert recall(workspace, vectors) >= 0.985
    turned = [segment.ann.turned(vectors[0], segment.sample).codes for segment in segments]
    assert all((codes == turned[0]).all() for codes in turned[1:])
    again = opened(Workspace(workspace.path))
    assert len({id(segment.sample.cells.centres) for segment in again}) == 1


def test_rows_of_another_kind_have_centres_of_their_own(workspace: Workspace) -> None:
    vectors = in_order()
    index(workspace, vectors)
    assert len(files_of(workspace)) == PARTS
    assert recall(workspace, vectors) >= 0.985


def test_where_a_file_can_not_have_two_names_there_are_several(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError("not on this disk")

    monkeypatch.setattr(os, "link", refused)
    vectors = alike()
    segments = index(workspace, vectors)
    assert len(files_of(workspace)) == PARTS
    assert len({id(segment.sample.cells.centres) for segment in segments}) == 1
    assert recall(workspace, vectors) >= 0.985


def test_a_product_with_centres_is_worked_out_once_for_all_segments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(1)
    shared = Points(rng.standard_normal((40, 16)).astype(np.float32))
    queries = rng.standard_normal((3, 16)).astype(np.float32)
    computed: list[int] = []
    real = points.products_of_all
    monkeypatch.setattr(
        points, "products_of_all", lambda *given: (computed.append(1), real(*given))[1]
    )
    for query in queries:
        for _ in range(4):
            again = query.copy()
            assert shared.products(again) == pytest.approx(shared.matrix @ query, abs=1e-5)
            again[:] = 0  # what a caller does with its own changes nothing
    assert len(computed) == len(queries)


@pytest.mark.parametrize("damage", ["gone", "cut short", "no numbers"])
def test_centres_that_can_not_be_read_are_told(tmp_path: Path, damage: str) -> None:
    ann = tmp_path / "ann.faiss"
    write_points(np.ones((4, 3), dtype=np.float32), ann, None)
    file = tmp_path / "centres.npy"
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-5] if damage == "cut short" else b"x")
    with pytest.raises(CorruptFile, match=r"centres\.npy can't be read .* Sync the index again"):
        read_points(ann)


@pytest.mark.parametrize("damaged", ["ann.faiss", "cells.npz", "centres.npy"])
def test_centres_of_a_damaged_segment_are_not_taken(tmp_path: Path, damaged: str) -> None:
    """The next one is built all the same, with its own; whoever reads the damaged one is told."""
    vectors = alike()
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    build_codes(first / "ann.faiss", vectors[:20_000], None)
    (first / damaged).write_bytes(b"x")
    build_codes(second / "ann.faiss", vectors[20_000:40_000], None, first / "ann.faiss")
    assert (second / "centres.npy").stat().st_nlink == 1
    assert AnnFile(second / "ann.faiss", 20_000, DIMENSION, lifted=False).cell_count > 1
