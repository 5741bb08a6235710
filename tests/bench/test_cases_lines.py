"""What a case's lines say of targets, and the tables that are made of raw lines."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path[:0] = [str(BENCHMARKS), str(BENCHMARKS / "cases")]

from case import Options, Question, at_least, at_most
from report import page
from tables import markdown, text

from engine.bench.records import floors, journal

del sys.path[:2]

ASK = Question("a_case")
LITTLE = floors.Floors(10.0, 8.0, 50.0, 5.0)
SLOW = ASK.line("latency", "ms", [1.0, 9.0, 2.0], target=at_most(1.5), k=10)
RIGHT = ASK.line("right", "share", [0, 0, 1, 1], better="higher", target=at_least(0.5, of="mean"))


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (at_most(2), True),
        (at_most(1.9), False),
        (at_most(9, of="maximum"), True),
        (at_most(8.9, of="maximum"), False),
        (at_least(1, of="minimum"), True),
        (at_least(1.1, of="minimum"), False),
        (at_least(4, of="mean"), True),
        (at_least(4.1, of="mean"), False),
        (at_most(8.8, of="99th percentile"), False),
        (at_most(8.9, of="99th percentile"), True),
    ],
)
def test_a_target_is_judged_by_the_values(target: object, met: bool) -> None:
    line = ASK.line("latency", "ms", [1.0, 9.0, 2.0], target=target)
    assert line.more["target"]["met"] is met
    assert line.more["target"]["bound"] == target.bound and line.values == (1.0, 9.0, 2.0)


def test_a_line_keeps_what_it_is_told() -> None:
    assert SLOW.key == ("a_case", "vitrine", "latency", ("k", 10)) and SLOW.median == 2.0
    assert ASK.line("x", "ms", 3).values == (3.0,) and ASK.line("x", "ms", 3).more == {}


def test_a_smoke_run_takes_the_smaller_size() -> None:
    assert Options().few(9, 1) == 9 and Options(smoke=True).few(9, 1) == 1


def test_the_tables_show_losing_figures_and_what_was_left_out() -> None:
    kept = [SLOW, RIGHT, ASK.left_out("no device | here")]
    shown = markdown(kept).splitlines()
    assert shown[2] == "| a_case | vitrine | latency | k=10 | 2 | ms | 3 | at most 1.5 | **no** |"
    assert shown[3] == "| a_case | vitrine | right |  | 0.5 | share | 4 | at least 0.5 | yes |"
    assert shown[-1] == "- a_case: left out: vitrine: no device | here"
    assert "NO" in text(kept) and "left out: vitrine" in text(kept)


def test_a_page_has_what_ran_where_and_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "raw.jsonl"
    for line in (SLOW, RIGHT):
        journal.begin(file, f"python benchmarks/run.py {line.what}", floors=LITTLE).add(line)
    first, second = page(journal.read([file])).split("`python benchmarks/run.py ")[1:]
    assert first.startswith("latency`\n(20") and "| latency |" in first and "right" not in first
    assert second.startswith("right`\n(20") and "| right |" in second
