"""The harness itself: a slow contestant ranks last, who answers worse shows it, who fails is told."""

from __future__ import annotations

import os
import statistics
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.planted_contest import DIMENSION, QUERIES, SCHEMA, all_of, odd

from engine.bench.contest.catalogue import Catalogue, write_catalogue
from engine.bench.contest.contest import Contest
from engine.bench.contest.entrants import entrants
from engine.bench.contest.truth import Truth
from engine.bench.contest.tuning import answered, tuned
from engine.bench.records.line import LeftOut
from engine.errors import InvalidParameterValue


def test_the_truth_is_what_a_plain_loop_finds(catalogue: Catalogue) -> None:
    truth, keys = Truth(catalogue), catalogue.keys
    scores = catalogue.vectors.astype(np.float64) @ catalogue.queries.T.astype(np.float64)
    for name, one in (("none", None), *catalogue.filters.items()):
        rows = catalogue.table.to_pylist()
        passes = {
            "none": lambda row: True,
            "half": lambda row: row["kind"] == "a",
            "few": lambda row: row["kind"] is not None and 90 <= row["price"] < 99,
        }[name]
        kept = np.array([passes(row) for row in rows])
        right = [
            keys[np.argsort(-np.where(kept, s, -np.inf), kind="stable")[:10]].tolist()
            for s in scores.T
        ]
        right = [found[: int(kept.sum())] for found in right]
        assert truth.recall(10, range(QUERIES), [one] * QUERIES, right).tolist() == [1.0] * QUERIES
        wrong = [found[:-2] for found in right]
        expected = 1 - 2 / min(10, kept.sum())
        assert truth.recall(10, range(QUERIES), [one] * QUERIES, wrong) == pytest.approx(expected)


def test_a_row_that_the_filter_drops_is_no_answer(catalogue: Catalogue) -> None:
    truth = Truth(catalogue)
    best = catalogue.keys[np.argsort(-(catalogue.vectors @ catalogue.queries[0]))[:10]].tolist()
    assert truth.recall(10, [0], [{"kind": "nothing has it"}], [best]).tolist() == [0.0]
    assert truth.recall(10, [0], [{"kind": "nothing has it"}], [[]]).tolist() == [1.0]


def test_a_key_twice_is_no_answer(catalogue: Catalogue) -> None:
    for keys in ([7, 7], [1], [-5]):
        with pytest.raises(InvalidParameterValue):
            Truth(catalogue).places(keys)


def test_bundled_contestants_answer_right_with_and_without_filters(
    contest: Contest, catalogue: Catalogue
) -> None:
    found = contest.build(
        entrants(["vitrine_exact", "vitrine", "numpy_scan", "faiss_flat", "matvec"])
    )
    assert set(found) >= {"numpy_scan", "faiss_flat"} and all(
        one.disk > 0 for one in found.values()
    )
    contest.open([name for name in contest.names if name != "matvec"])
    for name in (None, "half", "few"):
        for with_rows in (True, False):
            answers = contest.answer(all_of(catalogue, name, with_rows=with_rows))
            assert set(answers) == {"vitrine", "vitrine_exact", "numpy_scan", "faiss_flat"}
            for one in answers.values():
                assert one.recall.tolist() == [1.0] * QUERIES


def test_a_slow_contestant_ranks_last_and_a_worse_one_shows_it(
    contest: Contest, catalogue: Catalogue, tmp_path: Path
) -> None:
    slow = "def _answer(self, *a):\n        time.sleep(0.005)\n        return super()._answer(*a)"
    worse = "def _answer(self, *a):\n        return tuple(one[:7] for one in super()._answer(*a))"
    contest.build(
        [*entrants(["numpy_scan"]), odd(tmp_path, "slow", slow), odd(tmp_path, "worse", worse)]
    )
    contest.open()
    answers = contest.answer(all_of(catalogue))
    medians = {name: statistics.median(one.ms) for name, one in answers.items()}
    assert max(medians, key=lambda name: medians[name]) == "slow" and medians["slow"] >= 5
    assert answers["worse"].recall.mean() == pytest.approx(0.7)
    assert answers["slow"].recall.mean() == answers["numpy_scan"].recall.mean() == 1.0


def test_who_fails_is_told_and_the_others_go_on(
    contest: Contest, catalogue: Catalogue, out: list[LeftOut], tmp_path: Path
) -> None:
    lying = (
        "def rows(self, *a):\n        return [{**row, 'price': 1.0} for row in super().rows(*a)]"
    )
    fails = "def _answer(self, *a):\n        raise RuntimeError('no such luck')"
    ends = "def _answer(self, *a):\n        import os; os._exit(3)"
    missing = "import a_library_that_nobody_has"
    odd_ones = {"lying": lying, "fails": fails, "ends": ends, "missing": missing}
    contest.build([*entrants(["numpy_scan"]), *(odd(tmp_path, *one) for one in odd_ones.items())])
    contest.open()
    answers = contest.answer(all_of(catalogue))
    assert set(answers) == {"numpy_scan"}
    reasons = {one.contestant: one.reason for one in out}
    assert set(reasons) == set(odd_ones)
    assert "was given back" in reasons["lying"] and "no such luck" in reasons["fails"]
    assert "process ended" in reasons["ends"] and "a_library_that_nobody_has" in reasons["missing"]


def test_everyone_is_measured_at_the_cheapest_setting_that_reaches_the_recall(
    contest: Contest, catalogue: Catalogue, tmp_path: Path
) -> None:
    graded = """settings = ({"take": 5}, {"take": 9}, {"take": 10})
    def tune(self, setting):
        self.take = setting["take"]
    def _answer(self, *a):
        places, s = super()._answer(*a)
        return places[:self.take], s[:self.take]"""
    never = graded.replace('{"take": 9}, {"take": 10}', '{"take": 6}')
    contest.build(
        [odd(tmp_path, "graded", graded), odd(tmp_path, "never", never), *entrants(["numpy_scan"])]
    )
    contest.open()
    found = tuned(contest, all_of(catalogue, with_rows=False), recall=0.9)
    assert found["graded"].setting == {"take": 9} and found["graded"].reached
    assert found["never"].setting == {"take": 6} and not found["never"].reached
    assert found["numpy_scan"].setting == {} and found["numpy_scan"].reached
    assert contest.answer(all_of(catalogue))["graded"].recall.mean() == pytest.approx(0.9)


def test_the_first_answer_of_a_fresh_process_is_timed(contest: Contest) -> None:
    contest.build(entrants(["numpy_scan"]))
    assert 0.05 < contest.start(1)["numpy_scan"][0] < 60


def test_names_files_and_folders_are_entrants(tmp_path: Path) -> None:
    odd(tmp_path, "mine", "pass")
    (tmp_path / "__init__.py").touch()
    assert [one.name for one in entrants(["faiss_flat", str(tmp_path), "faiss_flat"])] == [
        "faiss_flat",
        "mine",
    ]
    with pytest.raises(InvalidParameterValue, match="nobody"):
        entrants(["nobody"])


def test_data_that_does_not_fit_together_is_refused(tmp_path: Path) -> None:
    vectors = np.eye(4, DIMENSION, dtype=np.float32)
    columns = pa.table({"id": [1, 2, 3, 3], "kind": ["a"] * 4, "price": [1.0] * 4})
    with pytest.raises(InvalidParameterValue, match="twice"):
        write_catalogue(tmp_path / "a", SCHEMA, columns, vectors, vectors)
    with pytest.raises(InvalidParameterValue, match="as many vectors"):
        write_catalogue(tmp_path / "b", SCHEMA, columns[:3], vectors, vectors)


def test_a_process_gets_as_many_cores_as_it_is_given(
    contest: Contest, tmp_path: Path, out: list[LeftOut]
) -> None:
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("this system doesn't say which cores a process may use")
    counts = """def open_index(self, folder):
        super().open_index(folder)
        assert (len(os.sched_getaffinity(0)), os.environ.get("OMP_NUM_THREADS")) == (1, "1")"""
    file = odd(tmp_path, "counts", counts)
    contest.build([file])
    before = (os.sched_getaffinity(0), os.environ.get("OMP_NUM_THREADS"))
    contest.open(threads=1)
    assert set(contest.workers) == {"counts"} and not out
    assert (os.sched_getaffinity(0), os.environ.get("OMP_NUM_THREADS")) == before


def test_a_store_that_takes_too_long_is_given_up(
    catalogue: Catalogue, tmp_path: Path, out: list[LeftOut]
) -> None:
    slow = "def build_index(self, *a):\n        time.sleep(600)"
    contest = Contest("test", catalogue, tmp_path / "stores", out.append, build_s=0.5)
    contest.build([odd(tmp_path, "slow", slow)])
    assert [one.reason for one in out] == ["build was stopped after 0.5 s"]
    assert not contest.workers and not contest.names


def test_batches_are_answered_and_judged(contest: Contest) -> None:
    contest.build(entrants(["numpy_scan", "faiss_flat"]))
    contest.open()
    found = contest.batch({"numpy_scan": range(QUERIES), "faiss_flat": range(5)}, 10, rounds=2)
    assert {name: (len(one.ms), len(one.recall)) for name, one in found.items()} == {
        "numpy_scan": (2, QUERIES),
        "faiss_flat": (2, 5),
    }
    assert all((one.recall == 1).all() for one in found.values())
    assert set(contest.workers) == {"numpy_scan", "faiss_flat"}


def test_recall_is_known_to_a_depth(catalogue: Catalogue) -> None:
    with pytest.raises(InvalidParameterValue, match="k=101"):
        Truth(catalogue).recall(101, [0], [None], [[]])


def test_a_process_is_kept_within_its_memory(
    catalogue: Catalogue, tmp_path: Path, out: list[LeftOut]
) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux bounds what a process takes")
    greedy = "def build_index(self, *a):\n        import numpy; numpy.empty(2**45, 'u1')"
    contest = Contest("test", catalogue, tmp_path / "stores", out.append, memory=0.9)
    contest.build([odd(tmp_path, "greedy", greedy)])
    assert [one.contestant for one in out] == ["greedy"] and "allocate" in out[0].reason


def test_who_falls_short_when_it_counts_is_measured_again_at_a_dearer_setting(
    contest: Contest, catalogue: Catalogue, tmp_path: Path
) -> None:
    # In tuning, with keys alone, the cheapest setting finds all; measured, with rows, the second does.
    two_faced = """settings = ({"take": 5}, {"take": 9}, {"take": 10})
    def tune(self, setting):
        self.take = setting["take"]
    def nearest(self, *a):
        return super().nearest(*a)
    def rows(self, places, s):
        return super().rows(places[:self.take], s[:self.take])"""
    contest.build([odd(tmp_path, "two_faced", two_faced), *entrants(["numpy_scan"])])
    contest.open()
    chosen = tuned(contest, all_of(catalogue, with_rows=False), recall=0.9)
    assert chosen["two_faced"].setting == {"take": 5}
    answers = answered(contest, all_of(catalogue), chosen, recall=0.9)
    assert chosen["two_faced"].setting == {"take": 9} and chosen["two_faced"].reached
    assert answers["two_faced"].recall.mean() == pytest.approx(0.9)
    assert answers["numpy_scan"].recall.mean() == 1.0 and chosen["numpy_scan"].reached
    short = dict(chosen)
    answered(contest, all_of(catalogue), short, recall=1.0)
    assert short["two_faced"].setting == {"take": 10} and short["two_faced"].reached
