"""`vitrine bench ann` as it is typed: tables, raw lines, and errors that say what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.command import typed as run

from engine.bench.contest.entrants import BUNDLED
from engine.bench.records import journal
from engine.bench.records.line import Line


def test_smoke_runs_everything(tmp_path: Path) -> None:
    out = tmp_path / "raw.jsonl"
    done = run("bench", "ann", "--smoke", "--out", out, "--stores", tmp_path / "stores")
    assert done.exit_code == 0, done.output
    found = journal.read([out])
    assert not found.left_out
    lines = [one for one in found.lines if isinstance(one, Line)]
    assert {one.contestant for one in lines} == set(BUNDLED)
    assert {one.what for one in lines} == {
        "latency",
        "recall",
        "queries/s",
        "build",
        "memory",
        "disk",
    }
    assert {one.settings.get("k") for one in lines} == {None, 1, 10}
    assert all(name in done.output for name in (*BUNDLED, "k = 10", "x floor", "disk MB"))
    kept = [path.name for path in (tmp_path / "stores").iterdir() if path.is_dir()]
    assert len(kept) == 1 and kept[0].startswith("clustered-500x16")  # what was drawn stays


def test_a_file_of_vectors_and_a_contestant_of_ones_own(tmp_path: Path) -> None:
    np.save(tmp_path / "mine.npy", np.random.default_rng(0).standard_normal((60, 5)))
    (tmp_path / "half.py").write_text(
        "from engine.bench.contestants.numpy_scan import Contestant as Plain\n"
        "class Contestant(Plain):\n"
        "    about = 'half'\n"
        "    def nearest(self, query, k, filters):\n"
        "        return super().nearest(query, k, filters)[: k // 2]\n"
    )
    out = tmp_path / "raw.jsonl"
    done = run(
        "bench", "ann", "--smoke", "--vectors", tmp_path / "mine.npy",
        "--contestant", tmp_path / "half.py", "--out", out,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    recall = [
        one.median
        for one in journal.read([out]).lines
        if one.what == "recall" and one.settings["k"] == 10 and not one.settings["batch"]
    ]
    assert recall == [0.5]
    assert "rows are the queries and not searched" in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--k", "0"), "expected whole numbers from 1 on and at most 100"),
        (("--k", "1,1000"), "at most 100"),
        (("--rows", "ten"), "expected whole numbers from 1 on"),
        (("--queries", "q.npy"), "belong to --vectors FILE"),
        (("--vectors", "nowhere.npy"), "nowhere.npy does not exist"),
        (("--rows", "100", "--contestant", "nobody"), "expected one of vitrine, vitrine_exact"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = run("bench", "ann", *words, "--out", tmp_path / "raw.jsonl", "-w", tmp_path)
    assert done.exit_code != 0
    assert said in " ".join(done.output.split())


def test_a_workspace_without_products_is_told_what_else_there_is(tmp_path: Path) -> None:
    done = run("bench", "ann", "--out", tmp_path / "raw.jsonl", "-w", tmp_path / "nothing")
    assert done.exit_code != 0 and "nothing" in done.output
