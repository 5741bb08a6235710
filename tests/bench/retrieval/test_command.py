"""`vitrine bench retrieval`, as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command import typed
from support.needs import needs

from engine import optional
from engine.bench.records.journal import read
from engine.bench.retrieval.trec import read_qrels, read_run

needs("evaluation")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own, and no workspace that the environment names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VITRINE_WORKSPACE", raising=False)
    return tmp_path


def bench(*arguments: object, status: int = 0) -> str:
    done = typed("bench", "retrieval", *arguments)
    assert done.exit_code == status, done.output
    return done.output


def test_a_smoke_run_does_all_of_it(here: Path) -> None:
    said = bench("embedded", "hashed", "--smoke", "--runs", "runs", "--out", "raw.jsonl")
    tasks = ["text_to_image", "other_words", "name_to_image", "image_to_image", "composed"]
    tasks += [f"hybrid (text_weight {weight})" for weight in (0.0, 0.25, 0.5, 0.75, 1.0)]
    tasks += ["zero_shot (attribute articleType)", "zero_shot (attribute baseColour)"]
    for task in tasks:
        assert f"\n{task}, sample: " in said
    assert "embedded is better beyond noise" in said and "note: raw lines: raw.jsonl" in said
    assert "all tasks" in said and "datasets/retrieval/README.md" in said
    found = read([here / "raw.jsonl"])
    assert found.runs[0].versions["ir-measures"]
    lines = [line for line in found.lines if "group" not in line.settings]
    assert {line.contestant for line in lines} == {"embedded", "hashed", "embedded - hashed"}
    assert {line.settings["collection"] for line in lines} == {"sample"}
    for line in lines:
        if " - " not in line.contestant:
            assert len(line.values) == line.more["queries"]
            assert f"{line.more['mean']:.3f}" in said
    files = {file.name for file in (here / "runs").iterdir()}
    assert {
        "name_to_image.qrels",
        "name_to_image.embedded.run",
        "name_to_image.hashed.run",
    } <= files
    assert len([name for name in files if name.startswith("hybrid-text_weight-0.25.")]) == 3


def test_an_own_run_comes_back_as_another_systems(here: Path) -> None:
    common = ("--smoke", "--task", "name_to_image", "--measure", "RR@100", "--measure", "R@50")
    bench("hashed", *common, "--runs", "runs", "--out", "first.jsonl")
    own, qrels = here / "runs/name_to_image.hashed.run", here / "runs/name_to_image.qrels"
    scores, right = read_run(own).scores, read_qrels(qrels)
    worst = {
        query: sorted(found, key=lambda one: (one in right[query], found[one]))
        for query, found in scores.items()
    }
    bad = here / "bad.run"
    bad.write_text(
        "".join(
            f"{query}\tQ0\t{one}\t1\t{-place}\tx\r\n"
            for query, order in worst.items()
            for place, one in enumerate(order)
        )
    )
    said = bench("hashed", *common, "--run", f"same={own}", "--run", bad, "--out", "second.jsonl")
    means = {
        (line.contestant, line.what): line.more["mean"]
        for line in read([here / "second.jsonl"]).lines
        if "group" not in line.settings and "mean" in line.more
    }
    for what in ("RR@100", "R@50"):
        assert means["same", what] == means["hashed", what] > means["bad", what] == 0
    assert "hashed - same" in said and "no difference beyond noise" in said
    # And with judgements alone no encoder is asked.
    said = bench("--run", own, "--run", bad, "--qrels", qrels, "--out", "third.jsonl")
    assert "name_to_image, name_to_image.qrels: 20 queries" in said
    assert {line.contestant for line in read([here / "third.jsonl"]).lines} == {
        "name_to_image.hashed",
        "bad",
        "name_to_image.hashed - bad",
    }


def test_what_is_typed_wrongly_is_named(here: Path) -> None:
    (here / "a.run").write_text("q1 Q0 a 1 0.5 x\n")
    (here / "five.run").write_text("q1 Q0 a 1 0.5\n")
    (here / "a.qrels").write_text("q1 0 a 1\n")
    for arguments, says in (
        (("--measure", "F1@3"), "measure 'F1@3'; expected one of nDCG"),
        (("--task", "image_to_imagine"), "Did you mean 'image_to_image'?"),
        (("--weight", "1.5"), "1.5; expected a number from 0 (image only) to 1"),
        (("--run", "absent.run"), "absent.run: can't be read (No such file"),
        (("--run", "five.run"), "five.run, line 1: the line has 5 columns; expected 6"),
        (("--run", "a.run", "--task", "name_to_image"), "a.run, line 1: query 'q1' is not asked"),
        (("--qrels", "a.qrels"), "no run; name one: --run FILE"),
        (("embedded", "--qrels", "a.qrels", "--run", "a.run"), "judge runs alone"),
        (("--depth", "5"), "depth is 5; expected from 100"),
        (("--collection", "absent"), "absent does not exist"),
        (("--table", "goods.csv"), "a table needs a folder of photos"),
        (("hashed", "--run", "hashed=a.run"), "'hashed' is given twice"),
        (("-w", "nowhere"), "nowhere"),
    ):
        said = bench("--smoke", *arguments, status=1)
        assert says in said and "Traceback" not in said, (arguments, said)
    assert not list(here.glob("**/*.jsonl"))  # nothing was begun


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optional, "is_installed", lambda package: package != "ir_measures")
    said = bench("hashed", "--smoke", status=1)
    assert "measuring retrieval needs the package 'ir_measures'" in said and "[evaluation]" in said


def test_a_standard_set_is_asked_in_its_own_layout(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.bench.collections import opening
    from engine.bench.collections.collection import Collection, Document, Query
    from engine.bench.collections.layout import Layout

    def made(path: Path, part: object) -> Collection:
        documents = [Document("d 1", text="red dress"), Document("d2", text="blue jeans")]
        queries = [Query("q 1", "red dress", group="a"), Query("q2", "jeans", group="b")]
        return Collection("little", documents, queries, {"q 1": {"d 1": 1}, "q2": {"d2": 2}})

    layout = Layout("little", "a folder", ("text-to-text",), frozenset(), lambda path: True, made)
    monkeypatch.setattr(opening, "LAYOUTS", (layout,))
    for named in (".", "little:."):
        said = bench("hashed", "--smoke", "--collection", named, "--runs", "runs")
        assert "little, little: 2 queries over 2 documents" in said
    assert read_run(here / "runs/little.hashed.run").scores.keys() == {"q%201", "q2"}
    again = bench("hashed", "--collection", ".", "--run", "runs/little.hashed.run", "--smoke")
    assert again.count("1.000") >= 4


def test_two_whose_runs_would_be_one_file_are_refused_before_anything_is_written(
    here: Path,
) -> None:
    (here / "q.qrels").write_text("q 0 a 1\n")
    (here / "a.run").write_text("q Q0 a 1 1 x\n")
    asked = ("--qrels", "q.qrels", "--runs", "runs", "--out", "raw.jsonl")
    said = bench(*asked, "--run", "x y=a.run", "--run", "x_y=a.run", status=1)
    assert "'x y' and another would be written to one file" in said
    assert not (here / "runs").exists() and not (here / "raw.jsonl").exists()


def test_a_folder_of_runs_that_cant_be_is_said_before_anything_is_measured(here: Path) -> None:
    (here / "file").write_text("")
    bench("hashed", "--smoke", "--runs", "file/runs", "--out", "raw.jsonl", status=1)
    assert not (here / "raw.jsonl").exists()


def test_judged_queries_that_nothing_is_right_for_are_told(here: Path) -> None:
    (here / "q.qrels").write_text("q 0 a 1\nr 0 a 0\ns 0 b -1\n")
    (here / "a.run").write_text("q Q0 a 1 1 x\nr Q0 a 1 1 x\n")
    said = bench("--qrels", "q.qrels", "--run", "a.run", "--out", "raw.jsonl")
    assert "2 judged queries have nothing right and don't count" in said


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--fold", 1), "are of a collection"),
        (("--split", "val"), "are of a collection"),
        (("--collection", ".", "--limit", 5), "are of a catalogue"),
        (("--collection", ".", "--hold-out", 10), "are of a catalogue"),
        (("--qrels", ".", "--limit", 5), "are of a catalogue"),
    ],
)
def test_what_would_be_passed_over_is_refused(asked: tuple[object, ...], said: str) -> None:
    assert said in bench("hashed", *asked, status=1)


def test_a_seed_below_nothing_is_refused_at_once() -> None:
    assert "--seed" in bench("hashed", "--smoke", "--seed", -1, status=2)


def test_who_is_interrupted_is_told_where_the_raw_lines_are(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.doors.cli.bench.tables import retrieval as tables

    def interrupted(result: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tables, "print_result", interrupted)
    done = typed("bench", "retrieval", "hashed", "--smoke", "--out", "raw.jsonl")
    assert done.exit_code != 0 and "note: raw lines: raw.jsonl" in done.output
    assert read([here / "raw.jsonl"]).lines


def test_a_measure_that_is_named_twice_is_taken_once(here: Path) -> None:
    twice = ("--measure", "R@5", "--measure", "recall@5")
    bench("hashed", "--smoke", "--task", "text_to_image", *twice, "--out", "raw.jsonl")
    lines = read([here / "raw.jsonl"]).lines
    assert len({line.key for line in lines}) == len(lines)
