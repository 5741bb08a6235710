"""Filters are what they say: how much they keep, of what, and whether they were asked before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from engine import Workspace
from engine.bench.contest.contest import Answers
from engine.bench.contest.entrants import Entrant, entrants
from engine.bench.contest.filters import text
from engine.bench.contest.products import Products
from engine.bench.contest.schema import Schema
from engine.bench.contest.truth import Truth, mask
from engine.bench.filtered.data import CENTRES, FilteredData, distinct, prepare
from engine.bench.filtered.filters import CORRELATIONS, SELECTIVITIES, FilterMaker, Kind
from engine.bench.filtered.measuring import FILTERS, measure, reached, seen_before
from engine.bench.filtered.request import FilteredRequest
from engine.bench.filtered.sources import of_clusters
from engine.bench.filtered.table import kind_rows
from engine.bench.records.floors import Floors
from engine.bench.records.line import LeftOut, Line, Measured
from engine.errors import InvalidParameterValue

ROWS, DIMENSION = 2_000, 16
FLOORS = Floors(10.0, 10.0, 100.0, 5.0)
ODD = """
from engine.bench.contestants.numpy_scan import Contestant as Plain
import time

class Contestant(Plain):
    {more}
"""
GRADED = """settings = ({"take": 2}, {"take": 5}, {"take": 10}, {"take": 99})
    def tune(self, setting):
        self.take = setting["take"]
    def _answer(self, *a):
        places, scores = super()._answer(*a)
        return places[:self.take], scores[:self.take]"""
LAZY = GRADED.replace(', {"take": 10}, {"take": 99}', "")
HOPEFUL = (
    GRADED
    + """
    def search(self, *a):  # not what it answers in tuning
        return super().search(*a)[: 7 if self.take == 10 else None]"""
)
SLOW = "def _answer(self, *a):\n        time.sleep(0.003)\n        return super()._answer(*a)"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> FilteredData:
    return of_clusters(ROWS, DIMENSION, tmp_path_factory.mktemp("data"), seed=0)


def odd(folder: Path, name: str, more: str) -> Entrant:
    file = folder / f"{name}.py"
    file.write_text(ODD.replace("{more}", more))
    return Entrant(name, file)


@pytest.mark.parametrize("correlation", CORRELATIONS)
@pytest.mark.parametrize("selectivity", SELECTIVITIES)
def test_a_filter_keeps_what_it_says(
    data: FilteredData, selectivity: float, correlation: str
) -> None:
    kind = Kind(selectivity, correlation)
    questions = FilterMaker(data).questions(kind, 10)
    for one in (questions.tuning, questions.cold, questions.cached):
        kept = {int(mask(data.catalogue, filters or {}).sum()) for filters in one.filters}
        assert kept == {kind.kept(ROWS)} == {max(1, round(selectivity * ROWS / 100))}


def test_correlated_filters_keep_what_is_near_to_their_queries(data: FilteredData) -> None:
    """Planted: of a query's hundred nearest rows, how many pass beside how many of all rows do."""
    for selectivity in (1.0, 10.0, 25.0):
        lifts = {}
        for correlation in CORRELATIONS:
            asked = FilterMaker(data).questions(Kind(selectivity, correlation), 10).cold
            passing = [
                mask(data.catalogue, filters or {})[data.nearest[number]].mean()
                for number, filters in zip(asked.queries, asked.filters)
            ]
            lifts[correlation] = float(np.mean(passing)) / (selectivity / 100)
        assert lifts["correlated"] > 2 and lifts["anticorrelated"] < 0.2, lifts
        assert 0.5 < lifts["uncorrelated"] < 1.5, lifts


def test_the_nearest_rows_are_those_of_a_plain_product(data: FilteredData) -> None:
    scores = np.asarray(data.catalogue.vectors) @ data.catalogue.queries[3]
    assert set(data.nearest[3]) == set(np.argsort(-scores)[:100])


def test_cold_filters_were_never_asked_and_cached_ones_were(data: FilteredData) -> None:
    maker, seen = FilterMaker(data), set()
    for correlation in CORRELATIONS:
        for selectivity in (
            0.01,
            0.05,
            0.1,
            50.0,
        ):  # the first three keep few and equally many rows
            questions = maker.questions(Kind(selectivity, correlation), 10)
            cold = [text(one) for one in questions.cold.filters]
            tuning = [text(one) for one in questions.tuning.filters]
            assert len(set(cold + tuning)) == len(cold) + len(tuning)
            assert not seen & {*cold, *tuning}
            seen |= {*cold, *tuning}
            assert [text(one) for one in questions.cached.filters] == cold
            pairs = zip(questions.cold.queries, questions.cached.queries)
            assert all(one != other for one, other in pairs)
            assert text(questions.cold.warm) in tuning


def test_the_queries_that_tune_are_not_measured_and_lie_near_their_centre(
    data: FilteredData,
) -> None:
    measured = {number for group in data.groups["measured"] for number in group}
    tuning = {number for group in data.groups["tuning"] for number in group}
    assert not measured & tuning and len(data.groups["measured"]) == CENTRES
    assert measured | tuning == set(range(len(data.catalogue.queries)))
    queries = data.catalogue.queries
    assert len(np.unique(queries, axis=0)) == len(queries)
    within = np.mean([(queries[g] @ queries[g].T).mean() for g in data.groups["measured"]])
    assert within > (queries @ queries.T).mean() + 0.1


def test_the_queries_that_tune_are_as_near_to_their_centre_as_the_measured(
    data: FilteredData,
) -> None:
    kinds = [Kind(5.0, name) for name in ("correlated", "anticorrelated")]
    for kind in kinds:
        questions = FilterMaker(data).questions(kind, 10)
        means = [
            np.mean(
                [
                    mask(data.catalogue, filters or {}) @ data.catalogue.vectors @ query
                    for filters, query in zip(one.filters, data.catalogue.queries[one.queries])
                ]
            )
            / kind.kept(ROWS)
            for one in (questions.tuning, questions.cold)
        ]
        assert means[0] == pytest.approx(means[1], abs=0.03), kind


def test_the_same_seed_makes_the_same_filters(data: FilteredData) -> None:
    kind = Kind(5.0, "uncorrelated")
    first, again, other = (FilterMaker(data, seed).questions(kind, 10) for seed in (1, 1, 2))
    assert first == again and first != other


def test_too_few_rows_or_queries_are_refused(data: FilteredData, tmp_path: Path) -> None:
    with pytest.raises(InvalidParameterValue, match="no more different filters"):
        FilterMaker(data).questions(Kind(100.0, "correlated"), 10)
    queries = np.repeat(np.eye(4, dtype=np.float32), 50, axis=0)
    assert len(distinct(queries)) == 4
    columns = pa.table({"id": np.arange(200)})
    few = (Products(columns, queries, queries), Schema("id", "v", 4, {"id": "long"}))
    with pytest.raises(InvalidParameterValue, match="4 different queries"):
        prepare(lambda _: few, tmp_path / "few", count=5, tuning=5, seed=0)
    for wrong in ((0.0, "correlated"), (101.0, "correlated"), (1.0, "sideways")):
        with pytest.raises(InvalidParameterValue):
            Kind(*wrong)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    first = of_clusters(300, 8, tmp_path, seed=0)
    changed = (first.catalogue.folder / "groups.json").stat().st_mtime_ns
    again = of_clusters(300, 8, tmp_path, seed=0)
    assert again.groups == first.groups
    assert (first.catalogue.folder / "groups.json").stat().st_mtime_ns == changed


# ------------------------------------------------------------------ a whole run
@pytest.fixture(scope="module")
def kept(data: FilteredData, tmp_path_factory: pytest.TempPathFactory) -> list[Measured]:
    folder, out = tmp_path_factory.mktemp("run"), []
    who = [
        odd(folder, "lazy", LAZY),
        odd(folder, "graded", GRADED),
        odd(folder, "slow", SLOW),
        odd(folder, "hopeful", HOPEFUL),
        *entrants(["numpy_scan", "faiss_pq", "vitrine", "matvec"]),
    ]
    kinds = [Kind(0.1, "correlated"), Kind(50.0, "anticorrelated")]
    request = FilteredRequest(data, folder / "stores", who, kinds, budget_s=30.0)
    measure(request, FLOORS, out.append)
    return out


def test_everyone_is_measured_cold_and_cached_and_who_has_no_filters_is_told(
    kept: list[Measured],
) -> None:
    left = [one for one in kept if isinstance(one, LeftOut)]
    assert [(one.contestant, one.reason) for one in left] == [("matvec", "it has no filters")]
    lines = [one for one in kept if isinstance(one, Line)]
    assert len({one.key for one in lines}) == len(lines)
    who = {"lazy", "graded", "slow", "hopeful", "numpy_scan", "faiss_pq", "vitrine"}
    for cache in ("cold", "cached"):
        for share, rows in ((0.1, 2), (50.0, 1_000)):
            found = {
                one.contestant: one
                for one in lines
                if one.what == "latency"
                and (one.settings["cache"], one.settings["selectivity"]) == (cache, share)
            }
            assert set(found) == who
            assert {len(one.values) for one in found.values()} == {25}
            assert {one.settings["kept"] for one in found.values()} == {rows}
            floor = found["numpy_scan"].floor
            assert floor is not None and floor.value == FLOORS.reading(rows, DIMENSION).value
    near, far = (one.values for one in lines if one.contestant == FILTERS)
    assert np.mean(near) > 0.002 > 0.001 and np.mean(far) < 0.1


def test_the_cheapest_setting_that_reaches_the_recall_is_taken(kept: list[Measured]) -> None:
    lines = {
        (one.contestant, one.settings["selectivity"]): one
        for one in kept
        if isinstance(one, Line) and one.what == "reaches"
    }
    assert lines["graded", 0.1].more["setting"] == "take=2"  # two rows pass
    assert lines["graded", 50.0].more["setting"] == "take=10"
    assert lines["lazy", 50.0].more["setting"] == "take=5"
    assert lines["lazy", 0.1].values == (1.0,) and lines["lazy", 50.0].values == (0.0,)
    assert lines["lazy", 50.0].more["recall"] == pytest.approx(0.5)
    assert lines["hopeful", 50.0].more["setting"] == "take=99"  # it fell short with take=10
    assert lines["hopeful", 50.0].values == (1.0,)
    assert lines["numpy_scan", 50.0].more["setting"] == ""


def test_who_answers_worse_is_not_ranked_before_who_answers_right(kept: list[Measured]) -> None:
    tables = kind_rows(kept)
    assert list(tables) == [("correlated", 0.1, 2), ("anticorrelated", 50.0, 1_000)]
    near, far = tables.values()
    assert [row["reaches"] for row in near] == ["yes"] * 7
    assert near[-1]["contestant"] == "slow"  # of those who answer right
    assert far[-1]["contestant"] == "lazy" and far[-1]["reaches"] == "NO"
    slow = next(row for row in far if row["contestant"] == "slow")
    assert far[-1]["cached"] < slow["cached"] and far.index(slow) == 5


def test_a_mean_reaches_the_recall_or_does_not() -> None:
    assert reached(np.ones(50), 1.0) and reached(np.array([1.0] * 9 + [0.9]), 0.99)
    assert not reached(np.array([1.0] * 8 + [0.9] * 2), 0.99)


def test_filters_that_time_left_out_are_not_taken_for_cached() -> None:
    a, b, c = ({"x <": n} for n in range(3))
    cold = Answers([1.0, 2.0], [0, 1], [a, b], [[1], [2]], np.array([1.0, 1.0]))
    again = Answers([3.0, 4.0, 5.0], [1, 2, 0], [a, b, c], [[1], [2], [3]], np.array([1, 0.5, 0]))
    found = seen_before(cold, again)
    assert (found.ms, found.keys) == ([3.0, 4.0], [[1], [2]])
    assert (found.asked, found.filters) == ([1, 2], [a, b])
    assert found.recall.tolist() == [1.0, 0.5]


def test_right_answers_under_a_filter_of_one_query_are_remembered_right(
    data: FilteredData,
) -> None:
    truth = Truth(data.catalogue)
    asked = FilterMaker(data).questions(Kind(5.0, "correlated"), 10).cold
    vectors, keys = np.asarray(data.catalogue.vectors), data.catalogue.keys
    for _ in range(2):
        for number, one in zip(asked.queries, asked.filters):
            passes = np.flatnonzero(mask(data.catalogue, one or {}))
            scores = vectors[passes] @ data.catalogue.queries[number]
            right = keys[passes[np.argsort(-scores)[:10]]].tolist()
            assert truth.recall(10, [number], [one], [right]).tolist() == [1.0]
            worst = keys[passes[np.argsort(scores)[:10]]].tolist()
            assert truth.recall(10, [number], [one], [worst]).tolist() == [0.0]


def test_a_workspace_without_products_says_what_to_do(tmp_path: Path) -> None:
    from engine.bench.filtered.sources import of_workspace
    from engine.errors import VitrineError

    with pytest.raises(VitrineError):
        of_workspace(Workspace(tmp_path), tmp_path / "data", 0)
