"""The whole curve: planted recalls are measured, exact ones are exact, who is too slow is told."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from engine.bench.ann import measuring
from engine.bench.ann.data import prepare
from engine.bench.ann.measuring import measure
from engine.bench.ann.request import AnnRequest
from engine.bench.ann.table import curve_rows, store_rows
from engine.bench.contest.entrants import Entrant, entrants
from engine.bench.records.floors import Floors
from engine.bench.records.line import LeftOut, Line, Measured
from engine.bench.records.machine import cores
from engine.bench.vectors.vector_set import VectorSet
from engine.core.arrays import unit_rows

FLOORS = Floors(10.0, 8.0, 50.0, 5.0)
COUNT = 20
PLANTED = """
from engine.bench.contestants.numpy_scan import Contestant as Plain
import time

class Contestant(Plain):
    about = "planted"
    {more}
"""
SEVEN = """def nearest(self, query, k, filters):
        return super().nearest(query, k, filters)[: round(0.7 * k)]
    def search_batch(self, queries, k):
        return [rows[: round(0.7 * k)] for rows in super().search_batch(queries, k)]"""
SLOW = """settings = ({"n": 1}, {"n": 2}, {"n": 3})
    batches = False
    def _answer(self, query, k, filters):
        time.sleep(0.5)
        places, scores = super()._answer(query, k, filters)
        return places[:-1], scores[:-1]"""
NEVER_BUILT = "def build_index(self, *a): time.sleep(600)"


def planted(folder: Path, name: str, more: str) -> Entrant:
    file = folder / f"{name}.py"
    file.write_text(PLANTED.format(more=more))
    return Entrant(name, file)


def measured(
    folder: Path,
    vectors: np.ndarray,
    chosen: Sequence[Entrant],
    ks: tuple[int, ...],
    budget_s: float,
) -> list[Measured]:
    data = prepare(VectorSet("made", vectors), folder / "data", COUNT, seed=0)
    kept: list[Measured] = []
    request = AnnRequest(data, folder / "stores", tuple(chosen), ks, budget_s, rounds=2)
    measure(request, FLOORS, kept.append)
    assert not (folder / "stores").exists()
    return kept


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> list[Measured]:
    folder = tmp_path_factory.mktemp("curves")
    vectors = np.random.default_rng(1).standard_normal((2_000, 48)).astype(np.float32)
    chosen = [
        *entrants(["vitrine", "vitrine_exact", "faiss_hnsw", "faiss_pq"]),
        planted(folder, "seven", SEVEN),
    ]
    return measured(folder, vectors, chosen, (1, 10, 100), 120.0)


def recalls(kept: list[Measured], name: str, k: int, batch: bool) -> list[float]:
    """Mean recalls of a contestant's settings, the cheapest first."""
    return [
        float(np.mean(line.values))
        for line in kept
        if isinstance(line, Line)
        and (line.contestant, line.what) == (name, "recall")
        and (line.settings["k"], line.settings["batch"]) == (k, batch)
    ]


def test_exact_search_finds_everything(kept: list[Measured]) -> None:
    for k in (1, 10, 100):
        for batch in (False, True):
            assert recalls(kept, "vitrine_exact", k, batch) == [1.0]
            assert recalls(kept, "vitrine", k, batch)[0] > 0.95


def test_a_graphs_recall_rises_with_its_settings(kept: list[Measured]) -> None:
    for name in ("faiss_hnsw", "faiss_pq"):
        for batch in (False, True):
            found = recalls(kept, name, 10, batch)
            assert found[0] < 0.95 < found[-1]
            assert all(low <= high + 0.02 for low, high in itertools.pairwise(found))


def test_a_planted_recall_is_measured_as_it_is(kept: list[Measured]) -> None:
    for k, planted_recall in ((10, 0.7), (100, 0.7), (1, 1.0)):
        for batch in (False, True):
            assert recalls(kept, "seven", k, batch) == [pytest.approx(planted_recall)]


def test_who_does_not_fit_together_is_measured_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "TOGETHER", 0)
    vectors = np.random.default_rng(1).standard_normal((100, 8)).astype(np.float32)
    kept = measured(tmp_path, vectors, entrants(["numpy_scan", "faiss_flat"]), (10,), 60.0)
    order = [one.contestant for one in kept]
    assert order == sorted(order, reverse=True)  # numpy_scan is done before faiss_flat begins
    assert recalls(kept, "faiss_flat", 10, False) == [1.0]


def test_who_is_too_slow_is_stopped_and_told(tmp_path: Path) -> None:
    vectors = np.random.default_rng(1).standard_normal((100, 8)).astype(np.float32)
    chosen = [planted(tmp_path, "slow", SLOW), planted(tmp_path, "never_built", NEVER_BUILT)]
    kept = measured(tmp_path, vectors, chosen, (10,), 6.0)
    reasons = {one.contestant: one.reason for one in kept if isinstance(one, LeftOut)}
    assert set(reasons) == {"slow", "never_built"}
    assert "not measured from n=3 on" in reasons["slow"]
    assert reasons["never_built"] == "build was stopped after 6 s"
    lines = [one for one in kept if isinstance(one, Line) and one.what == "latency"]
    assert [line.settings["setting"] for line in lines] == ["n=1", "n=2"]
    assert all(1 <= len(line.values) < COUNT for line in lines)  # what it did is kept
    assert all(line.more["asked"] == COUNT for line in lines)


def test_a_line_says_all_that_tells_it_apart(kept: list[Measured]) -> None:
    lines = [one for one in kept if isinstance(one, Line)]
    assert len({line.key for line in lines}) == len(lines)
    latency = next(line for line in lines if line.what == "latency")
    assert latency.settings == {
        "data": "made",
        "rows": 2_000 - COUNT - 3,
        "dimension": 48,
        "k": 1,
        "threads": 1,
        "batch": False,
        "setting": "",
    }
    assert len(latency.values) == COUNT
    assert latency.floor is not None and latency.floor.value == pytest.approx(
        1_977 * 48 * 4 / 10e9 * 1e3
    )
    at_once = [line for line in lines if line.settings.get("batch") and line.what == "queries/s"]
    assert {line.settings["threads"] for line in at_once} == {cores()}
    assert {len(line.values) for line in at_once} == {2}


def test_stores_have_a_cost(kept: list[Measured]) -> None:
    ((data, rows),) = store_rows(kept).items()
    assert data == ("made", 1_977, 48)
    found = {row["contestant"]: row for row in rows}
    assert "build" not in found["vitrine_exact"] and found["vitrine_exact"]["files"] >= 0
    for name in ("vitrine", "faiss_hnsw", "faiss_pq", "seven"):
        assert found[name]["build"] > 0 and found[name]["disk"] > 0.3


def test_more_results_than_rows(tmp_path: Path) -> None:
    vectors = np.random.default_rng(2).standard_normal((50 + COUNT + 3, 7)).astype(np.float32)
    kept = measured(tmp_path, vectors, entrants(["vitrine", "faiss_pq", "faiss_ivf"]), (100,), 60.0)
    assert not [one for one in kept if isinstance(one, LeftOut)]
    for name in ("vitrine", "faiss_pq", "faiss_ivf"):
        for batch in (False, True):
            assert recalls(kept, name, 100, batch)[-1] == 1.0


def line(name: str, setting: str, what: str, values: tuple[float, ...], **more: object) -> Line:
    settings = {"data": "x", "rows": 9, "dimension": 2, "k": 1, "threads": 1, "batch": False}
    return Line("ann", name, what, "-", values, settings | {"setting": setting} | more)  # type: ignore[arg-type]


def test_the_table_marks_what_none_beats() -> None:
    kept: list[Measured] = []
    for name, setting, recall, ms in (
        ("a", "n=1", 0.5, 1.0),
        ("b", "", 0.9, 3.0),
        ("a", "n=2", 0.9, 2.0),
    ):
        kept += [
            line(name, setting, "latency", (ms, ms, 9.0)),
            line(name, setting, "recall", (recall - 0.1, recall + 0.1)),
            line(name, setting, "queries/s", (700.0,), threads=2, batch=True),
        ]
    ((data, rows),) = curve_rows(kept).items()
    assert data == ("x", 9, 2, 1)
    assert [(row["contestant"], row["setting"], row.get("front")) for row in rows] == [
        ("a", "n=1", "*"),
        ("a", "n=2", "*"),
        ("b", "", None),
    ]
    assert rows[0]["recall"] == pytest.approx(0.5) and rows[0]["rate_batch"] == 700
    assert rows[1]["p50"] == 2.0 and rows[1]["p95"] == pytest.approx(8.3)


def test_unit_vectors_are_searched_as_they_are(tmp_path: Path) -> None:
    drawn = unit_rows(np.random.default_rng(0).standard_normal((40, 6)))
    np.save(tmp_path / "drawn.npy", drawn)
    mapped = np.load(tmp_path / "drawn.npy", mmap_mode="r")
    data = prepare(VectorSet("made", mapped, drawn[:5]), tmp_path / "data", 5, 0)
    assert (tmp_path / "data" / "vectors.npy").samefile(tmp_path / "drawn.npy")
    assert np.array_equal(data.catalogue.vectors, drawn)
