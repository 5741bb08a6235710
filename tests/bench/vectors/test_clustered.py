"""Drawn vectors: by a seed, in bounded memory, unit, clustered; and those of a workspace's index."""

from __future__ import annotations

import resource
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from support.mapped import is_mapped

from engine import Workspace
from engine.bench.vectors import clustered as module
from engine.bench.vectors.clustered import clustered
from engine.bench.vectors.opening import open_vectors
from engine.bench.vectors.workspace import workspace_vectors
from engine.errors import InvalidParameterValue, NotFound, StorageFailed


def test_the_same_seed_draws_the_same_and_another_another(tmp_path: Path) -> None:
    first = clustered(500, 16, 10, 7, 30, tmp_path / "a")
    again = clustered(500, 16, 10, 7, 30, tmp_path / "b")
    other = clustered(500, 16, 10, 8, 30, tmp_path / "a")
    assert first.queries is not None and again.queries is not None
    assert (first.vectors == again.vectors).all() and (first.queries == again.queries).all()
    assert not (first.vectors == other.vectors).any(axis=1).any()
    assert is_mapped(first.vectors) and first.queries.shape == (30, 16)
    assert first.source == again.source and str(tmp_path) not in first.source
    (file,) = (tmp_path / "b").glob("*/vectors.npy")
    written = open_vectors(file)
    assert written.queries is not None and (written.queries == first.queries).all()


def test_what_was_drawn_is_not_drawn_again_and_what_was_interrupted_is(tmp_path: Path) -> None:
    clustered(50, 4, 2, 0, 5, tmp_path)
    (folder,) = (one for one in tmp_path.iterdir() if one.is_dir())
    before = (folder / "vectors.npy").stat().st_mtime_ns
    clustered(50, 4, 2, 0, 5, tmp_path)
    assert (folder / "vectors.npy").stat().st_mtime_ns == before
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    folder.rename(unfinished)
    (unfinished / "vectors.npy").write_bytes(b"cut off")
    assert clustered(50, 4, 2, 0, 5, tmp_path).vectors.shape == (50, 4)
    assert [one for one in tmp_path.iterdir() if one.is_dir()] == [folder]


def test_on_a_full_disk_nothing_half_drawn_is_left(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(StorageFailed, match=r"was not written.* Make room on the disk"):
            clustered(1_000, 16, 2, 0, 5, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not [one for one in tmp_path.iterdir() if one.is_dir()]
    assert clustered(1_000, 16, 2, 0, 5, tmp_path).vectors.shape == (1_000, 16)


def test_two_that_draw_the_same_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        drawn = [pool.submit(clustered, 2_000, 16, 4, 3, 10, tmp_path) for _ in range(4)]
        first, *others = (one.result() for one in drawn)
    assert all((other.vectors == first.vectors).all() for other in others)


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="can't be drawn into"):
        clustered(10, 4, 2, 0, 3, tmp_path / "file")


def test_a_larger_set_begins_with_the_smaller_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK_NUMBERS", 16 * 64)
    small = clustered(100, 16, 5, 0, 3, tmp_path)
    large = clustered(300, 16, 5, 0, 3, tmp_path)
    assert np.allclose(small.vectors, large.vectors[:100], atol=1e-6)
    assert len(np.unique(np.round(large.vectors, 5), axis=0)) == 300


def test_vectors_are_unit_and_clustered(tmp_path: Path) -> None:
    found = clustered(2_000, 64, 8, 1, 200, tmp_path)
    assert found.queries is not None
    for one in (found.vectors, found.queries):
        assert np.linalg.norm(one, axis=1) == pytest.approx(np.ones(len(one)), abs=1e-5)
    # A query's nearest is far nearer than a random row: within a cluster cosines are about 2/3.
    cosines = found.queries @ found.vectors.T
    assert np.median(cosines.max(axis=1)) > 0.75 and abs(np.median(cosines)) < 0.3
    # The first cluster of eight has a share of 1 / (1 + 1/2 + ... + 1/8) = 0.37 of the rows.
    same = (found.vectors @ found.vectors.T > 0.35).mean(axis=1)
    assert 0.3 < np.median(same[same > 0.25]) < 0.45
    deviations = np.linalg.svd(found.vectors - found.vectors.mean(axis=0), compute_uv=False)
    assert deviations[0] > 4 * deviations[32] > 4 * deviations[-1] > 0


def test_memory_is_bounded_by_a_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_NUMBERS", 64 * 1_000)
    tracemalloc.start()
    clustered(40_000, 64, 10, 0, 10, tmp_path)  # 10 MB
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000


@pytest.mark.parametrize("field", range(4))
def test_nothing_of_a_kind_is_refused(tmp_path: Path, field: int) -> None:
    numbers = [10, 4, 2, 3]
    numbers[field] = 0
    rows, dimension, clusters, queries = numbers
    with pytest.raises(InvalidParameterValue, match="0; expected at least 1"):
        clustered(rows, dimension, clusters, 0, queries, tmp_path)


# ------------------------------------------------------------------ a workspace's own

INDEX = "main.shop.notes"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path / "workspace")
    made.create_direct_access_index(
        INDEX,
        dimension=2,
        vector_column="vector",
        schema={"id": "int", "vector": "array<float>"},
        primary_key="id",
        create_endpoint=True,
    )
    return made


def rows(*keys: int) -> list[dict[str, object]]:
    return [{"id": key, "vector": [float(key), 1.0]} for key in keys]


def test_an_indexs_vectors_are_mapped_where_it_is_one_segment(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.store.indexes.changes.HELD_NUMBERS", 0)  # few rows have a file too
    workspace.upsert(INDEX, rows(1, 2, 3))
    found = workspace_vectors(workspace, INDEX)
    assert found.vectors.tolist() == [[1, 1], [2, 1], [3, 1]] and is_mapped(found.vectors)
    assert found.name == INDEX and found.queries is None
    assert str(workspace.path) not in found.source


def test_deleted_rows_and_older_ones_are_not_among_them(workspace: Workspace) -> None:
    workspace.upsert(INDEX, rows(1, 2, 3))
    workspace.upsert(INDEX, [*rows(4), {"id": 2, "vector": [9.0, 9.0]}])
    workspace.delete_rows(INDEX, [3])
    found = {tuple(vector) for vector in workspace_vectors(workspace, INDEX).vectors.tolist()}
    assert found == {(1, 1), (4, 1), (9, 9)}


def test_an_index_that_is_empty_or_not_there(workspace: Workspace) -> None:
    with pytest.raises(InvalidParameterValue, match=f"index {INDEX} has no row"):
        workspace_vectors(workspace, INDEX)
    with pytest.raises(NotFound):
        workspace_vectors(workspace, "main.shop.other")
