"""Any set of vectors becomes unit vectors whose order is that of its own measure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.needs import needs

from engine.bench.ann.data import Data, prepare
from engine.bench.ann.lifting import Lift
from engine.bench.ann.sources import Sources, opened
from engine.bench.contest.truth import Truth
from engine.bench.vectors.vector_set import VectorSet
from engine.errors import InvalidParameterValue

needs("evaluation")
import h5py

ROWS, QUERIES, DIMENSION = 400, 30, 9


def right(data: Data, k: int) -> list[list[int]]:
    """Keys of the nearest by the catalogue's own vectors."""
    scores = data.catalogue.queries[: data.count] @ data.catalogue.vectors.T
    return [data.catalogue.keys[np.argsort(-one, kind="stable")[:k]].tolist() for one in scores]


def write_hdf5(file: Path, distance: str, shift: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A file in the layout of ann-benchmarks; its neighbors are wrong by `shift` rows."""
    rng = np.random.default_rng(3)
    train = (rng.gamma(1.0, 40.0, (ROWS, DIMENSION)) + 100).astype(np.float32)
    test = (rng.gamma(1.0, 40.0, (QUERIES, DIMENSION)) + 100).astype(np.float32)
    if distance == "euclidean":
        far = np.linalg.norm(test[:, None].astype(float) - train[None], axis=2)
    else:
        rows, asked = (m / np.linalg.norm(m, axis=1, keepdims=True) for m in (train, test))
        far = 1 - asked.astype(float) @ rows.T
    order = np.argsort(far, axis=1)[:, shift : shift + 20]
    with h5py.File(file, "w") as out:
        out.attrs["distance"], out.attrs["type"] = distance, "dense"
        out["train"], out["test"], out["neighbors"] = train, test, order
        out["distances"] = np.take_along_axis(far, order, axis=1)
    return train, test


@pytest.mark.parametrize("distance", ["euclidean", "angular"])
def test_a_file_of_ann_benchmarks_agrees_with_its_own_neighbors(
    tmp_path: Path, distance: str
) -> None:
    write_hdf5(tmp_path / "made.hdf5", distance)
    (found,) = opened(Sources(vectors=tmp_path / "made.hdf5"), tmp_path, 20, 0)
    data = prepare(found, tmp_path / "data", 20, 0)
    assert (data.name, data.count, data.rows) == ("made", 20, ROWS)
    assert data.dimension == DIMENSION + 2 * (distance == "euclidean")
    assert bool(data.notes) == (distance == "euclidean")
    assert data.agreement is not None
    k, recall = data.agreement
    assert k == 10 and recall.tolist() == [1.0] * 20


def test_neighbors_that_are_wrong_show_it(tmp_path: Path) -> None:
    write_hdf5(tmp_path / "made.hdf5", "euclidean", shift=3)
    (found,) = opened(Sources(vectors=tmp_path / "made.hdf5"), tmp_path, 20, 0)
    data = prepare(found, tmp_path / "data", 20, 0)
    assert data.agreement is not None
    assert data.agreement[1] == pytest.approx(0.7)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.floats(1e-3, 1e4), st.floats(-1e3, 1e3))
def test_lifted_vectors_have_length_one_and_the_order_of_distances(
    seed: int, scale: float, shift: float
) -> None:
    rng = np.random.default_rng(seed)
    rows, queries = (
        (rng.standard_normal((n, 4)) * scale + shift * scale).astype(np.float32) for n in (60, 5)
    )
    wide = rows.astype(np.float64)
    centre = wide.mean(axis=0)
    lift = Lift(centre, float(np.linalg.norm(wide - centre, axis=1).max()))
    lifted, asked = lift.rows(rows), lift.queries(queries)
    assert np.linalg.norm(lifted, axis=1) == pytest.approx(1, abs=1e-5)
    far = np.linalg.norm(queries[:, None].astype(np.float64) - wide[None], axis=2)
    best = np.argmax(asked.astype(np.float64) @ lifted.T, axis=1)
    nearest = far.min(axis=1)
    assert far[np.arange(5), best] == pytest.approx(nearest, rel=1e-3, abs=1e-3 * far.max())


def test_a_set_without_queries_gives_some_of_its_rows(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).standard_normal((100, 5)).astype(np.float32)
    vectors[7], vectors[8] = 0, np.nan
    data = prepare(VectorSet("made", vectors), tmp_path, 10, seed=4)
    assert data.rows == 100 - 2 - 13 and data.count == 10
    assert not {7, 8} & set(data.catalogue.keys.tolist())
    held = np.setdiff1d(np.arange(100), [*data.catalogue.keys, 7, 8])
    wanted = vectors[held] / np.linalg.norm(vectors[held], axis=1, keepdims=True)
    assert np.allclose(np.sort(data.catalogue.queries, axis=0), np.sort(wanted, axis=0), atol=1e-6)
    assert len(data.notes) == 2 and "2 vectors have no direction" in data.notes[0]
    truth = Truth(data.catalogue)
    assert truth.recall(10, range(10), [None] * 10, right(data, 10)).tolist() == [1.0] * 10


def test_tiny_sets_and_those_without_a_direction(tmp_path: Path) -> None:
    two = prepare(VectorSet("two", np.eye(2, 3, dtype=np.float32)), tmp_path / "a", 10, 0)
    assert (two.rows, two.count) == (1, 1)
    with pytest.raises(InvalidParameterValue, match="nothing: 4 vectors, of which 0"):
        prepare(VectorSet("nothing", np.zeros((4, 3), np.float32)), tmp_path / "b", 10, 0)
    with pytest.raises(InvalidParameterValue, match="queries of 2 numbers, vectors of 3"):
        prepare(
            VectorSet("other", np.eye(3, dtype=np.float32), np.ones((4, 2), np.float32)),
            tmp_path / "c",
            10,
            0,
        )


def test_each_number_of_rows_is_a_set_of_its_own(tmp_path: Path) -> None:
    asked = Sources(rows=(30, 60), dimension=8)
    found = list(opened(asked, tmp_path, 5, 1))
    assert [one.vectors.shape for one in found] == [(30, 8), (60, 8)]
    assert {one.name for one in found} == {"clustered"}


def test_queries_of_another_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.save(tmp_path / "v.npy", rng.standard_normal((40, 6)).astype(np.float32))
    np.save(tmp_path / "q.npy", rng.standard_normal((9, 6)).astype(np.float32))
    asked = Sources(vectors=tmp_path / "v.npy", queries=tmp_path / "q.npy")
    (found,) = opened(asked, tmp_path, 5, 0)
    data = prepare(found, tmp_path / "data", 5, 0)
    assert (data.rows, data.count, len(data.catalogue.queries)) == (40, 5, 8)


def test_vectors_of_which_any_answer_would_be_right_are_refused(tmp_path: Path) -> None:
    near = np.random.default_rng(0).standard_normal((ROWS, DIMENSION)).astype(np.float32)
    far = near.copy()
    far[0] = 1e6
    for vectors, metric in ((far, "euclidean"), (near + 1e5, "angular")):
        found = VectorSet("alike", vectors, near[:30] + vectors[1] - near[1], metric=metric)  # type: ignore[arg-type]
        with pytest.raises(InvalidParameterValue, match="alike but for rounding"):
            prepare(found, tmp_path / metric, 20, 0)
    equal = VectorSet("equal", np.ones((ROWS, DIMENSION), np.float32), near[:30])
    assert prepare(equal, tmp_path / "equal", 20, 0).rows == ROWS
