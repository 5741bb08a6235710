"""`vitrine bench filtered` as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.command import typed

from engine.bench.records.journal import read


def test_a_smoke_run_measures_and_keeps_raw_lines(tmp_path: Path) -> None:
    out, stores = tmp_path / "raw.jsonl", tmp_path / "stores"
    asked = (
        "bench",
        "filtered",
        "--smoke",
        "--contestant",
        "numpy_scan",
        "--budget",
        30,
        "--stores",
    )
    done = typed(*asked, stores, "--out", out)
    assert done.exit_code == 0, done.output
    assert "correlated with the query, 1 %: 6 rows pass" in done.output
    assert "numpy_scan" in done.output and "reaches" in done.output
    journal = read([out])
    assert {one.what for one in journal.lines} == {
        "latency", "recall", "reaches", "nearest 100 that pass",
    }  # fmt: skip
    assert {one.settings.get("cache") for one in journal.lines} == {"cold", "cached", None}
    made = {path: path.stat().st_mtime_ns for path in stores.rglob("*.npy")}
    again = typed(*asked, stores, "--out", out, "--selectivity", "5", "--correlation", "correlated")
    assert again.exit_code == 0, again.output
    assert made and made == {path: path.stat().st_mtime_ns for path in stores.rglob("*.npy")}
    assert len(read([out]).runs) == 2
    assert {one.settings["selectivity"] for one in read([out]).lines[-3:]} == {5.0}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--selectivity", "some"), "expected percents"),
        (("--selectivity", "0"), "above 0 and at most 100"),
        (("--correlation", "sideways"), "expected one of uncorrelated"),
        (("--contestant", "nobody"), "nobody"),
        (("--rows", "20"), "no more different filters"),
        (("--k", "101"), "1<=x<=100"),
    ],
)
def test_what_cannot_be_asked_is_told(asked: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = typed(
        "bench", "filtered", "--smoke", "--out", tmp_path / "raw.jsonl", "--contestant", "numpy_scan",
        "--dimension", "8", *asked,
    )  # fmt: skip
    assert done.exit_code != 0 and said in done.output
