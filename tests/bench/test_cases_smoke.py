"""Every case of `benchmarks/` runs on a few rows and leaves raw lines; a failing one is told by name."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.needs import needs

from engine.bench.records import journal

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
HELPERS = {"case", "served", "shop", "vectors"}
# Those that ask the built catalogue run together, so that it is built once.
SHOP = ("shop_queries", "recommendations", "shop_http", "page")
NEEDS = {"exactness": ("clip",), "gpu": ("clip",), "spark": ("spark",)}
CASES = sorted(path.stem for path in (BENCHMARKS / "cases").glob("*.py"))
ALONE = [case for case in CASES if case not in {*HELPERS, *SHOP}]


def script(
    name: str, *arguments: object, where: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """One script of the benchmarks, on one thread, as CI shares its cores."""
    env = {**os.environ, "OMP_NUM_THREADS": "1", "VITRINE_BENCH_SHOP": ""}
    command = [sys.executable, str(BENCHMARKS / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=env, cwd=where, check=False)


def smoked(folder: Path, *cases: str) -> journal.Journal:
    file, where = folder / "raw.jsonl", folder / "where"
    where.mkdir()
    done = script("run.py", "--smoke", "--out", file, *cases, where=where)
    assert done.returncode == 0, done.stderr[-3000:]
    assert not list(where.iterdir())  # nothing is left where it was typed
    found = journal.read([file])
    assert len(found.runs) == 1 and "--smoke" in found.runs[0].command
    for case in cases:
        assert f"\n{case} " in done.stdout, done.stdout  # its rows of the table
    return found


def check(found: journal.Journal, case: str) -> None:
    lines = [line for line in found.lines if line.case == case]
    assert lines, [one.reason for one in found.left_out]
    for line in lines:
        assert line.unit and all(math.isfinite(value) for value in line.values), line
    keys = [line.key for line in lines]
    assert len(set(keys)) == len(keys), [key for key in keys if keys.count(key) > 1]
    failed = [one for one in found.left_out if one.case == case and "failed" in one.reason]
    assert not failed


@pytest.mark.parametrize("case", ALONE)
def test_a_case_runs_on_a_few_rows(case: str, tmp_path: Path) -> None:
    needs(*NEEDS.get(case, ()))
    check(smoked(tmp_path, case), case)


def test_the_cases_of_the_shop_share_it(tmp_path: Path) -> None:
    needs("browser")
    found = smoked(tmp_path, *SHOP)
    for case in SHOP:
        check(found, case)


def test_every_case_is_known_to_the_command_and_the_page() -> None:
    told = script("run.py", "--help").stdout
    page = (BENCHMARKS / "README.md").read_text()
    for case in {*ALONE, *SHOP}:
        assert case in told and f"`{case}`" in page


def test_a_case_that_fails_is_told_and_the_others_run(tmp_path: Path) -> None:
    file = tmp_path / "raw.jsonl"
    (tmp_path / "styles.csv").write_text("nothing of a catalogue\n1\n")
    (tmp_path / "images").mkdir()
    done = script("run.py", "--smoke", "--data", tmp_path, "--out", file, "search", "start")
    assert done.returncode == 1
    assert "search: failed after" in done.stderr and "failed: search" in done.stderr
    found = journal.read([file])
    assert {line.case for line in found.lines} == {"start"}
    (left,) = found.left_out
    assert (
        left.case == "search" and "BadSourceFile: " in left.reason and "styles.csv" in left.reason
    )
    assert "search: left out: vitrine: failed: BadSourceFile" in done.stdout


def test_an_unknown_case_is_named() -> None:
    done = script("run.py", "serch")
    assert done.returncode == 2 and "unknown case serch" in done.stderr and "search" in done.stderr


def test_the_table_is_printed_as_markdown(tmp_path: Path) -> None:
    done = script("run.py", "--smoke", "--markdown", "--out", tmp_path / "raw.jsonl", "start")
    head, rule, first, *_ = done.stdout.splitlines()
    assert head.startswith("| case | contestant | what |") and rule.startswith("| --- |")
    assert first.startswith("| start | python | python -c pass |")


def test_a_checkout_is_compared_with_itself(tmp_path: Path) -> None:
    file = tmp_path / "raw.jsonl"
    done = script("side_by_side.py", ROOT, "--smoke", "--out", file)
    assert done.returncode == 0, done.stderr[-3000:]
    found = journal.read([file])
    ratios = [line for line in found.lines if line.contestant == "here / other"]
    assert len(found.lines) == 3 * len(ratios) == 27
    by = {(line.contestant, line.what): line for line in found.lines}
    for line in ratios:
        here, other = by["here", line.what], by["other", line.what]
        assert line.values == (here.values[0] / other.values[0],)
    bad = script("side_by_side.py", tmp_path, "--out", file)
    assert bad.returncode == 2 and "is no checkout of this project" in bad.stderr


def test_the_page_of_the_gpu_says_what_its_raw_lines_say() -> None:
    results = BENCHMARKS / "results"
    sys.path.insert(0, str(BENCHMARKS))
    try:
        from gpu.page import RAW, page
    finally:
        sys.path.remove(str(BENCHMARKS))
    assert page(RAW) == (results / "gpu.md").read_text()
