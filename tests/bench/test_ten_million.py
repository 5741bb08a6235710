"""The one command that builds and asks a large index runs on a few rows, and again on what it left."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from engine.bench.records import journal

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "ten_million.py"


def lines(folder: Path) -> dict[tuple[str, str], list[float]]:
    small = ["--rows", "3000", "--queries", "3", "--storage", "int8", "--memory-limit", "4"]
    small += ["--out", str(folder / "raw.jsonl")]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *small, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    read = [json.loads(line) for line in done.stdout.splitlines()]
    kept = journal.read([folder / "raw.jsonl"])
    assert [line.document() for line in kept.lines][-len(read) :] == read
    return {
        (line["what"], line["settings"].get("cell", line["unit"])): line["values"] for line in read
    }


def test_a_large_build_in_small_is_made_asked_and_not_made_again(tmp_path: Path) -> None:
    found = lines(tmp_path)
    for cell in ("none", "F1", "F2", "F3"):
        shares = found["recall@20", cell]
        assert sum(shares) / len(shares) > 0.9
    assert found["disk", "x float32 vectors"][0] < 0.6
    index = tmp_path / "ws" / "indexes" / "main.fashion_demo.bench_large" / "versions"
    before = sorted(index.iterdir())
    assert lines(tmp_path)["recall@20", "none"] == found["recall@20", "none"]
    assert sorted(index.iterdir()) == before
