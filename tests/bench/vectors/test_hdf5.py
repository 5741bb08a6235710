"""HDF5 as ann-benchmarks writes it: mapped where it lies in one piece, read where it doesn't."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.mapped import is_mapped
from support.needs import needs

needs("evaluation")

import h5py

from engine.bench.vectors.opening import open_vectors
from engine.errors import BadSourceFile, InvalidParameterValue

VECTORS = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32)
NEIGHBORS = np.tile(np.arange(4, dtype=np.int32), (5, 1))


def ann_benchmarks(file: Path, distance: str | bytes | None = "angular", **searched: Any) -> Path:
    """train, test, neighbors, distances; `searched` says how train is stored."""
    with h5py.File(file, "w") as out:
        if distance is not None:
            out.attrs["distance"] = distance
        out.attrs["point_type"] = "float"
        out.create_dataset("train", data=VECTORS, **searched)
        out.create_dataset("test", data=VECTORS[:5])
        out.create_dataset("neighbors", data=NEIGHBORS)
        out.create_dataset("distances", data=np.zeros((5, 4), np.float32))
    return file


def test_what_is_in_one_piece_is_mapped(tmp_path: Path) -> None:
    found = open_vectors(ann_benchmarks(tmp_path / "glove-3-angular.hdf5"))
    assert is_mapped(found.vectors) and (found.vectors == VECTORS).all()
    assert found.queries is not None and (found.queries == VECTORS[:5]).all()
    assert found.neighbors is not None and (found.neighbors == NEIGHBORS).all()
    assert (found.name, found.metric) == ("glove-3-angular", "angular")


@pytest.mark.parametrize("searched", [{"chunks": (7, 3)}, {"compression": "gzip"}, {"dtype": "f8"}])
def test_what_is_not_is_read(tmp_path: Path, searched: dict[str, Any]) -> None:
    found = open_vectors(ann_benchmarks(tmp_path / "x.h5", **searched)).vectors
    assert found.dtype == np.float32 and not is_mapped(found)
    assert found == pytest.approx(VECTORS)


@pytest.mark.parametrize(
    ("name", "distance", "metric"),
    [
        ("x", "euclidean", "euclidean"),
        ("x", b"angular", "angular"),
        ("x", "Cosine", "angular"),
        ("sift-128-euclidean", None, "euclidean"),
        ("x", None, "angular"),
    ],
)
def test_the_distance_is_the_files_or_its_names(
    tmp_path: Path, name: str, distance: str | bytes | None, metric: str
) -> None:
    assert open_vectors(ann_benchmarks(tmp_path / f"{name}.hdf5", distance)).metric == metric


def test_another_distance_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidParameterValue, match=r"distance 'hamming'; .*\['angular', 'euclidean'\]"
    ):
        open_vectors(ann_benchmarks(tmp_path / "x.hdf5", "hamming"))


def test_a_matrix_is_named_or_the_only_one(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.hdf5", "w") as out:
        out["emb"], out["ids"] = VECTORS, np.arange(20)
    assert (open_vectors(tmp_path / "x.hdf5").vectors == VECTORS).all()
    with h5py.File(tmp_path / "x.hdf5", "a") as out:
        out["other"] = VECTORS * 2
    assert (open_vectors(tmp_path / "x.hdf5", "other").vectors == VECTORS * 2).all()
    with pytest.raises(
        InvalidParameterValue, match=r"no matrix 'train'; name one of \['emb', 'other'\]"
    ):
        open_vectors(tmp_path / "x.hdf5")
    with pytest.raises(InvalidParameterValue, match="no matrix 'ids'"):
        open_vectors(tmp_path / "x.hdf5", "ids")


def test_a_file_that_is_no_hdf5_or_names_rows_beyond(tmp_path: Path) -> None:
    (tmp_path / "x.hdf5").write_bytes(b"version https://git-lfs.github.com/spec/v1")
    with pytest.raises(BadSourceFile, match=r"x\.hdf5: no HDF5 that can be read"):
        open_vectors(tmp_path / "x.hdf5")
    with h5py.File(ann_benchmarks(tmp_path / "y.hdf5"), "a") as out:
        out["neighbors"][0, 0] = 20
    with pytest.raises(BadSourceFile, match="rows from 0 to 20; there are 20 vectors"):
        open_vectors(tmp_path / "y.hdf5")


def test_neighbors_of_fewer_queries_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "short.hdf5"
    with h5py.File(file, "w") as made:
        made["train"] = made["test"] = np.ones((6, 2), np.float32)
        made["neighbors"] = np.zeros((2, 3), np.int32)
    with pytest.raises(BadSourceFile, match="neighbors of 2 queries; test has 6"):
        open_vectors(file)
