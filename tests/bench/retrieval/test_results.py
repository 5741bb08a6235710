"""What is said of contestants: figures, groups, and who differs beyond noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.needs import needs

from engine.bench.collections.collection import Collection, Document, Query
from engine.bench.records.journal import begin, read
from engine.bench.records.line import LeftOut, Line, Measured
from engine.bench.retrieval.answers import Answer
from engine.bench.retrieval.measures import Measure
from engine.bench.retrieval.ranking import Ranked, by_score
from engine.bench.retrieval.results import digest_of, result_of
from engine.bench.retrieval.run import RetrievalRun, task_of_qrels
from engine.bench.retrieval.task import Task
from engine.bench.retrieval.trec import read_run, write_qrels, write_run
from engine.errors import BadSourceFile, InvalidInputException, InvalidParameterValue

needs("evaluation")

RR = Measure.parse("RR@10")
IDS = [f"d{number}" for number in range(20)]


def pairs(count: int) -> Task:
    """So many queries with one right document each, d0; every other one is in group odd."""
    queries = [Query(f"q{n:03d}", "x", group="odd" if n % 2 else "even") for n in range(count)]
    grades = {query.id: {"d0": 1} for query in queries}
    documents = [Document(one, text=one) for one in IDS]
    return Task("pairs", Collection("made", documents, queries, grades, "few", "here"))


def at_ranks(name: str, task: Task, ranks: np.ndarray) -> Answer:
    """A contestant that has the right document at these ranks, from 1."""
    run = {}
    for query, rank in zip(task.queries, ranks):
        ids = [*IDS[1:rank], "d0", *IDS[rank:]]
        run[query] = Ranked(tuple(ids), np.linspace(1, 0, len(ids)))
    return Answer(name, run)


def test_lines_keep_every_value_in_the_order_of_the_queries(tmp_path: Path) -> None:
    task = pairs(4)
    answers = [at_ranks("a", task, np.array([1, 2, 4, 20])), at_ranks("b", task, np.ones(4, int))]
    recorder = begin(tmp_path / "raw.jsonl", "typed")
    for line in result_of(task, answers, [RR], 0).lines():
        recorder.add(line)
    lines = read([tmp_path / "raw.jsonl"]).lines
    first, even, odd = lines[:3]
    assert first.values == (1.0, 0.5, 0.25, 0.0)
    assert (first.case, first.contestant, first.what) == ("retrieval", "a", "RR@10")
    assert (first.unit, first.better) == ("share", "higher")
    assert first.settings == {"task": "pairs", "collection": "made"}
    assert first.more["mean"] == 0.4375 and first.more["statistic"] == "mean"
    assert first.more["queries"] == 4 and first.more["documents"] == 20
    assert first.more["queries_digest"] == digest_of(["q000", "q001", "q002", "q003"])
    assert (even.values, even.settings["group"]) == ((1.0, 0.25), "even")
    assert (odd.values, odd.settings["group"]) == ((0.5, 0.0), "odd")
    assert lines[-1].contestant == "a - b" and lines[-1].values == (0.4375 - 1,)
    assert len({line.key for line in lines}) == len(lines) == 7


def test_equal_systems_differ_as_seldom_as_the_level_says() -> None:
    """Three systems of one quality, so three pairs: one false find in any of them in 5 % of tasks."""
    task, rng, found = pairs(40), np.random.default_rng(5), 0
    for trial in range(60):
        answers = [at_ranks(name, task, rng.integers(1, 15, 40)) for name in "abc"]
        result = result_of(task, answers, [RR], trial)
        found += any(one.is_beyond_noise for one in result.differences)
    assert found <= 9  # 3 of 60 are expected; more than 9 in one of 2,000 runs


def test_a_better_system_is_said_to_be_better_and_an_equal_one_is_not() -> None:
    task, rng = pairs(80), np.random.default_rng(6)
    ranks = rng.integers(1, 15, 80)
    good = at_ranks("good", task, np.maximum(1, ranks // 3))
    bad, same = at_ranks("bad", task, ranks), at_ranks("same", task, ranks)
    result = result_of(task, [bad, good, same], [RR], 0)
    verdicts = {(one.first, one.second): one.verdict for one in result.differences}
    assert verdicts == {
        ("bad", "good"): "good is better beyond noise",
        ("bad", "same"): "no difference beyond noise",
        ("good", "same"): "good is better beyond noise",
    }
    (pair,) = [one for one in result.differences if (one.first, one.second) == ("bad", "good")]
    assert pair.interval[0] < pair.mean < pair.interval[1] < 0


def test_p_values_of_a_task_are_adjusted_together() -> None:
    task, rng = pairs(30), np.random.default_rng(7)
    answers = [at_ranks(name, task, rng.integers(1, 9, 30)) for name in "abcd"]
    alone = result_of(task, answers[:2], [RR], 0).differences[0].p
    together = result_of(task, answers, [RR], 0).differences[0].p
    assert len(result_of(task, answers, [RR], 0).differences) == 6 and together >= alone


# ------------------------------------------------------------------ runs of others
QRELS = "q1 0 a 1\nq1 0 b 0\nq2 0 c 2\nq3 0 a 0\n"
GOOD = "q1 Q0 a 1 9 good\nq1 Q0 b 2 8 good\nq2 Q0 c 1 7 good\n"
WORSE = "q1 Q0 b 1 9 worse\nq1 Q0 a 2 8 worse\nq2 Q0 x 1 7 worse\nq2 Q0 c 2 1 worse\n"


def files(folder: Path, **contents: str) -> dict[str, Path]:
    made = {}
    for name, content in contents.items():
        made[name] = folder / f"{name}.txt"
        made[name].write_text(content)
    return made


def test_runs_are_scored_by_judgements_alone(tmp_path: Path) -> None:
    made = files(tmp_path, qrels=QRELS, good=GOOD, worse=WORSE)
    runs = {name: read_run(made[name]) for name in ("good", "worse")}
    run = RetrievalRun([task_of_qrels(made["qrels"])], (), runs, [RR])
    run.check()
    kept: list[Measured] = []
    (result,) = run.results(kept.append, lambda done: None)
    means = {one.contestant: one.values[RR].tolist() for one in result.scores}
    assert means == {"good": [1.0, 1.0], "worse": [0.5, 0.5]}  # q3 has nothing right: in no figure
    assert result.differences[0].mean == 0.5
    assert isinstance(kept[0], Line)
    assert len(run.said) == 1 and "1 judged queries have nothing right" in run.said[0]


def test_a_query_that_a_run_lacks_counts_nothing(tmp_path: Path) -> None:
    made = files(tmp_path, qrels=QRELS, some=GOOD.splitlines()[0])
    run = RetrievalRun([task_of_qrels(made["qrels"])], (), {"some": read_run(made["some"])}, [RR])
    (result,) = run.results(lambda line: None, lambda done: None)
    assert result.scores[0].values[RR].tolist() == [1.0, 0.0]
    assert result.scores[0].answer.notes == ("1 of 2 queries are not in it and count 0",)


def test_unknown_queries_are_noted_and_a_run_of_nothing_else_is_refused(tmp_path: Path) -> None:
    strange = "\nq9 Q0 a 1 1 x\n"
    made = files(tmp_path, qrels=QRELS, some=GOOD + strange, none=strange)
    task = task_of_qrels(made["qrels"])
    run = RetrievalRun([task], (), {"some": read_run(made["some"])}, [RR])
    run.check()
    assert "1 of its queries are not judged" in run.said[-1] and "line 5" in run.said[-1]
    with pytest.raises(BadSourceFile, match=r"none\.txt, line 2: query 'q9' is not asked here"):
        RetrievalRun([task], (), {"none": read_run(made["none"])}, [RR]).check()


def test_what_a_query_may_not_find_is_taken_out_of_a_run(tmp_path: Path) -> None:
    query = Query("q", "x", without=frozenset(["own photo"]))
    documents = [Document(one, text=one) for one in ("own photo", "a", "b")]
    task = Task("t", Collection("c", documents, [query], {"q": {"own photo": 2, "b": 1}}))
    made = files(tmp_path, some="q Q0 own%20photo 1 9 x\nq Q0 b 2 8 x\nq Q0 a 3 7 x\n")
    run = RetrievalRun([task], (), {"some": read_run(made["some"])}, [RR])
    (result,) = run.results(lambda line: None, lambda done: None)
    assert result.scores[0].values[RR].tolist() == [1.0]
    assert result.scores[0].answer.run["q"].ids == ("b", "a")


def test_runs_that_are_written_score_the_same_when_they_come_in(tmp_path: Path) -> None:
    """Ties included: they are written in the order in which they were put."""
    rng = np.random.default_rng(8)
    task = pairs(30)
    answers = {
        query: by_score(query, dict(zip(IDS, rng.integers(0, 4, len(IDS)).tolist())))
        for query in task.queries
    }
    write_run(tmp_path / "own.run", answers.items(), "own")
    write_qrels(tmp_path / "own.qrels", task.right)
    before = result_of(task, [Answer("own", answers)], [RR], 0).scores[0].values[RR]
    again = RetrievalRun(
        [task_of_qrels(tmp_path / "own.qrels")],
        (),
        {"own": read_run(tmp_path / "own.run")},
        [RR],
    )
    (result,) = again.results(lambda line: None, lambda done: None)
    assert result.scores[0].values[RR].tolist() == before.tolist()


def test_what_can_not_be_compared_is_refused(tmp_path: Path) -> None:
    made = files(tmp_path, qrels=QRELS, good=GOOD)
    task, run = task_of_qrels(made["qrels"]), {"good": read_run(made["good"])}
    with pytest.raises(InvalidInputException, match="nobody to score"):
        RetrievalRun([task]).check()
    with pytest.raises(InvalidParameterValue, match="depth is 5; expected from 10"):
        RetrievalRun([task], (), run, [RR], depth=5).check()
    (tmp_path / "zero.qrels").write_text("q1 0 a 0\n")
    with pytest.raises(BadSourceFile, match="no document has a grade above 0"):
        task_of_qrels(tmp_path / "zero.qrels")


def test_a_task_without_an_answerable_query_is_left_out_and_says_so() -> None:
    task = Task("empty", Collection("c", [Document("d", text="x")], [Query("q", "x")], {}))
    kept: list[Measured] = []
    assert list(RetrievalRun([task]).results(kept.append, lambda done: None)) == []
    assert kept == [
        LeftOut(
            "retrieval",
            "all",
            "nothing is right for any of its queries here",
            {"task": "empty", "collection": "c"},
        )
    ]
