"""What changed beyond noise: planted changes are found, equal runs raise no alarm."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from engine.bench.comparing.comparison import Comparison, compare, worse_than
from engine.bench.comparing.ratio import ratio, student
from engine.bench.comparing.sides import Side, drift, of, side
from engine.bench.records import journal
from engine.bench.records.floors import Floors
from engine.bench.records.journal import Journal, Run
from engine.bench.records.line import Floor, Line
from engine.bench.records.machine import Machine
from engine.doors.cli.command import main
from engine.errors import InvalidParameterValue, NotFound

HERE = Machine("Quick 3000", 2, 24.0, "Linux", "3.11.7")
FLOORS = Floors(10.0, 8.0, 50.0, 5.0)
RUN = Run(
    "a", "vitrine bench ann", HERE, FLOORS, {"numpy": "2.0"}, "abc123", 0, "2026-11-26T10:00:00"
)


def times(seed: int, scale: float = 1.0, count: int = 60) -> tuple[float, ...]:
    """Latencies as they are: a long tail to the right."""
    drawn = np.random.default_rng(seed).lognormal(0, 0.2, count)
    return tuple(float(value) for value in scale * drawn)


def line(what: str, values: tuple[float, ...], unit: str = "ms", better: str = "lower") -> Line:
    return Line("ann", "vitrine", what, unit, values, {"k": 10}, better)  # type: ignore[arg-type]


def a_side(*lines: Line, run: Run = RUN) -> Side:
    return of(run.id, Journal((run,), lines, (), tuple(run.id for _ in lines)))


def verdicts(found: Comparison) -> dict[str, str]:
    return {one.line.what: one.verdict for one in found.changes}


def test_planted_changes_are_found_with_their_direction() -> None:
    before = a_side(
        line("slower", times(1)),
        line("faster", times(2)),
        line("equal", times(3)),
        line("rate", times(4, 1000), "queries/s", "higher"),
        line("size", times(5), "MB", "neither"),
        line("recall", (1.0,) * 90 + (0.9,) * 10, "share", "higher"),
    )
    after = a_side(
        line("slower", times(11, 1.3)),
        line("faster", times(12, 0.7)),
        line("equal", times(13)),
        line("rate", times(14, 700), "queries/s", "higher"),
        line("size", times(15, 2), "MB", "neither"),
        line("recall", (1.0,) * 50 + (0.5,) * 50, "share", "higher"),
    )
    found = compare(before, after)
    assert verdicts(found) == {
        "slower": "worse",
        "rate": "worse",
        "recall": "worse",
        "faster": "better",
        "size": "changed",
        "equal": "same",
    }
    slower = next(one for one in found.changes if one.line.what == "slower")
    assert slower.ratio == pytest.approx(1.3, abs=0.15) and slower.interval is not None
    assert slower.interval[0] < 1.3 < slower.interval[1]
    assert {one.line.what for one in worse_than(found, 0.15)} == {"slower", "rate", "recall"}
    assert worse_than(found, 0.6) == []


def test_equal_runs_raise_an_alarm_in_at_most_one_of_twenty() -> None:
    """With twenty lines each: without Holm's correction most runs would raise one."""
    alarms = 0
    for round_ in range(40):
        sides = [
            a_side(
                *(
                    line(f"w{place}", times(1000 * round_ + 20 * which + place, count=25))
                    for place in range(20)
                )
            )
            for which in (0, 1)
        ]
        alarms += any(one.verdict != "same" for one in compare(*sides).changes)
    assert alarms <= 5  # 2 expected; more than 5 come in 1 of 70 such tests


def test_a_change_within_the_machines_own_drift_is_none() -> None:
    """The floors took 20 % longer in the second run, and so did everything else."""
    slow = replace(RUN, id="b", floors=Floors(10 / 1.2, 8.0, 50.0, 5.0))
    before, after = line("latency", times(1, count=400)), line("latency", times(2, 1.15, 400))
    assert drift(RUN, slow) == pytest.approx(1.2)
    assert verdicts(compare(a_side(before), a_side(after)))["latency"] == "worse"
    assert verdicts(compare(a_side(before), a_side(after, run=slow)))["latency"] == "same"
    shares = (
        line("recall", (1.0,) * 99 + (0.9,), "share", "higher"),
        line("recall", (0.9,) * 100, "share", "higher"),
    )
    assert verdicts(compare(a_side(shares[0]), a_side(shares[1], run=slow)))["recall"] == "worse"


def test_single_values_have_no_interval_and_it_is_said() -> None:
    found = compare(a_side(line("build", (1.0,))), a_side(line("build", (9.0,))))
    (one,) = found.changes
    assert (one.verdict, one.why, one.ratio) == ("not judged", "one value, no interval", 9.0)
    assert worse_than(found, 0.1) == []
    (few,) = compare(a_side(line("b", (1.0, 2.0))), a_side(line("b", times(1)))).changes
    assert few.why == "2 values, no interval"
    (equal,) = compare(a_side(line("b", (1.0,))), a_side(line("b", (1.0,)))).changes
    assert equal.verdict == "same"


def test_single_values_with_intervals_are_judged_by_whether_these_meet() -> None:
    def slope(value: float, better: str = "lower") -> Side:
        own = line("slope", (value,), "log cost / log rows", better)
        return a_side(replace(own, more={"interval": [value - 0.1, value + 0.1]}))

    assert verdicts(compare(slope(0.5), slope(0.6))) == {"slope": "same"}
    assert verdicts(compare(slope(0.5), slope(0.8))) == {"slope": "worse"}
    assert verdicts(compare(slope(0.8), slope(0.5))) == {"slope": "better"}
    assert verdicts(compare(slope(0.8, "neither"), slope(0.5, "neither"))) == {"slope": "changed"}
    (one,) = compare(slope(0.5), slope(0.8)).changes
    assert (one.before, one.after, one.why) == (0.5, 0.8, "")


def test_other_machines_are_compared_by_their_floors() -> None:
    there = replace(RUN, id="b", machine=replace(HERE, processor="Slow 100"))
    floors = [Floor("reading", 0.5), Floor("reading", 1.0)]
    fast, slow = (
        replace(line("latency", times(which, 2.0 * floor.value)), floor=floor)
        for which, floor in enumerate(floors)
    )
    bare = line("http", times(3)), line("http", times(4, 2))
    found = compare(a_side(fast, bare[0]), a_side(slow, bare[1], run=there))
    assert verdicts(found) == {"latency": "same", "http": "not judged"}
    floored = next(one for one in found.changes if one.line.what == "latency")
    assert floored.in_floors and floored.ratio == pytest.approx(1, abs=0.2)
    assert any("Quick 3000" in said and "Slow 100" in said for said in found.warnings)


def test_what_appeared_and_disappeared_is_named_and_versions_that_differ() -> None:
    newer = replace(RUN, id="b", versions={"numpy": "2.1", "duckdb": "2"}, seed=1)
    found = compare(a_side(line("old", (1.0,))), a_side(line("new", (1.0,)), run=newer))
    assert [one.what for one in found.appeared] == ["new"]
    assert [one.what for one in found.disappeared] == ["old"]
    assert found.warnings == (
        "seed differs: 0 / 1",
        "version of duckdb differs: none / 2",
        "version of numpy differs: 2.0 / 2.1",
    )


def test_units_that_differ_are_not_compared() -> None:
    (one,) = compare(a_side(line("t", times(1))), a_side(line("t", times(1), "s"))).changes
    assert (one.verdict, one.why) == ("not judged", "the unit was ms and is s")


def test_what_was_nothing_is_judged_by_the_difference() -> None:
    nothing, something = (0.0,) * 50, (0.5,) * 50
    before, after = (a_side(line("recall", v, "share", "higher")) for v in (nothing, something))
    (one,) = compare(before, after).changes
    assert (one.verdict, one.ratio) == ("better", None)
    (back,) = compare(after, before).changes
    assert back.verdict == "worse" and back.worsening == float("inf")
    assert compare(before, before).changes[0].verdict == "same"


def test_a_ratio_and_its_inverse_are_judged_alike() -> None:
    there, back = ratio(times(1), times(2, 1.1)), ratio(times(2, 1.1), times(1))
    assert there.value is not None and back.value is not None
    assert there.value * back.value == pytest.approx(1)
    assert there.p == pytest.approx(back.p, rel=0.3)


def test_one_commits_runs_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "raw.jsonl"
    for commit, value in (("abc1", 1.0), ("def2", 2.0)):
        run = replace(RUN, id=commit, commit=commit)
        journal.Recorder(file, run).add(line("latency", (value,)))
    assert [one.values for one in side(f"{file}@abc").lines.values()] == [(1.0,)]
    assert [one.values for one in side(str(file)).lines.values()] == [(2.0,)]
    with pytest.raises(InvalidParameterValue, match="abc1, def2"):
        side(f"{file}@999")
    with pytest.raises(NotFound, match="no such file"):
        side(str(tmp_path / "none.jsonl"))


def test_the_command_fails_on_what_is_worse_than_asked(tmp_path: Path) -> None:
    files = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for file, scale in zip(files, (1.0, 1.3)):
        kept = journal.Recorder(file, replace(RUN, id=file.stem))
        kept.add(line("latency", times(7, scale)))
        kept.add(line("build", (3.0,)))
    names = [str(file) for file in files]
    invoke = CliRunner().invoke
    done = invoke(main, ["bench", "compare", *names, "--fail-above", "10%"])
    assert done.exit_code == 1 and "1 worse, 1 same" in done.stdout
    assert "worse by more than 0.1" in done.stderr
    assert invoke(main, ["bench", "compare", *names, "--fail-above", "0.5"]).exit_code == 0
    assert invoke(main, ["bench", "compare", *names]).exit_code == 0
    told = json.loads(invoke(main, ["bench", "compare", *names, "--json"]).stdout)
    assert [one["verdict"] for one in told["lines"]] == ["worse", "same"]
    assert invoke(main, ["bench", "compare", *names, "--fail-above", "much"]).exit_code == 2
    shutil.copy(files[0], files[1])
    done = invoke(main, ["bench", "compare", *names, "--fail-above", "0"])
    assert done.exit_code == 0 and "2 same" in done.stdout


@pytest.mark.parametrize("count", [5, 10])
def test_few_values_raise_no_more_alarms_than_many(count: int) -> None:
    """A hundred lines a run: by the normal distribution one run in five raised one."""
    alarms = 0
    for round_ in range(25):
        sides = [
            a_side(
                *(
                    line(f"w{n}", times(10_000 * round_ + 100 * which + n, count=count))
                    for n in range(100)
                )
            )
            for which in (0, 1)
        ]
        alarms += any(one.verdict != "same" for one in compare(*sides).changes)
    assert alarms <= 3  # 1.25 expected at most; more than 3 come in 1 of 30 such tests


def test_five_values_still_show_what_is_plain() -> None:
    lines = [[line(f"w{n}", times(n, scale, 5)) for n in range(20)] for scale in (1.0, 20.0)]
    found = compare(a_side(*lines[0]), a_side(*lines[1]))
    assert len(found.of("worse")) >= 15


@pytest.mark.parametrize(
    ("t", "freedom", "p"),
    [
        (12.7062, 1, 0.05),
        (4.30265, 2, 0.05),
        (2.77645, 4, 0.05),
        (4.60409, 4, 0.01),
        (1.96, 999, 0.05),
    ],
)
def test_students_distribution_is_the_tables(t: float, freedom: int, p: float) -> None:
    assert student(t, freedom) == pytest.approx(p, rel=1e-3)
    assert student(0.0, freedom) == pytest.approx(1)


def scored(values: np.ndarray, digest: str = "q", documents: int = 320) -> Line:
    more = {"statistic": "mean", "queries_digest": digest, "documents": documents}
    drawn = tuple(map(float, values))
    return Line("retrieval", "m", "nDCG@10", "share", drawn, {"task": "t"}, "higher", None, more)


def test_two_runs_of_the_same_queries_are_compared_query_by_query() -> None:
    """A gain of a hundredth on every query: among unlike queries' values it would be lost."""
    before = np.random.default_rng(0).uniform(0.1, 0.9, 200)
    after = before + 0.01 + np.random.default_rng(1).normal(0, 0.01, 200)
    assert verdicts(compare(a_side(scored(before)), a_side(scored(after)))) == {"nDCG@10": "better"}


@pytest.mark.parametrize(
    ("other", "why"), [({"digest": "r"}, "other queries"), ({"documents": 9}, "other documents")]
)
def test_scores_of_another_task_are_not_judged(other: dict[str, object], why: str) -> None:
    values = np.random.default_rng(0).uniform(0.1, 0.9, 200)
    found = compare(a_side(scored(values)), a_side(scored(values / 2, **other)))  # type: ignore[arg-type]
    assert found.changes[0].verdict == "not judged" and why in found.changes[0].why


def test_floors_that_nobody_took_or_that_are_nothing_say_nothing_of_drift() -> None:
    for value in (float("nan"), 0.0):
        other = replace(RUN, floors=Floors(value, 8.0, 50.0, 10.0))
        assert drift(RUN, other) == pytest.approx(2)
