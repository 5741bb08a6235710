"""How costs grow: a slope is the exponent of rows; every size and every cost has its lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.storefront import built_shop

from engine.bench.records.journal import read
from engine.bench.records.line import Line
from engine.bench.scale.measuring import slopes
from engine.bench.scale.steps import slope
from engine.doors.cli.command import main


def test_a_planted_exponent_is_found() -> None:
    rows = [10_000, 100_000, 1_000_000]
    assert slope(rows, [3 * n**0.5 for n in rows]) == pytest.approx(0.5)
    assert slope(rows, [7.0, 7.0, 7.0]) == pytest.approx(0)


def test_slopes_are_of_costs_that_were_measured_twice() -> None:
    def line(what: str, rows: int, value: float, unit: str = "ms", **more: str) -> Line:
        return Line("scale", "vitrine", what, unit, (value,), {"rows": rows, "k": 20, **more})

    found = slopes([
        line("latency", 100, 1, cell="none"), line("latency", 10_000, 100, cell="none"),
        line("latency", 100, 1, cell="F1"), line("recall@20", 100, 1, "share"),
        line("recall@20", 10_000, 1, "share"),
    ])  # fmt: skip
    assert [(one.settings["of"], one.settings["cell"], one.median) for one in found] == [
        ("latency", "none", pytest.approx(1.0))
    ]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_shop(tmp_path_factory.mktemp("scaled")).path


def test_each_size_is_measured_whole(shop: Path, tmp_path: Path) -> None:
    out = tmp_path / "raw.jsonl"
    asked = ["bench", "scale", "-w", str(shop), "--smoke", "--out", str(out)]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0, done.output
    lines = read([out]).lines
    sizes = {line.settings["rows"] for line in lines if "rows" in line.settings}
    assert sizes == {300, 600} and len({line.key for line in lines}) == len(lines)
    for rows in sizes:
        whats = {line.what for line in lines if line.settings.get("rows") == rows}
        assert whats >= {
            "build",
            "disk",
            "first answer",
            "latency",
            "recall@20",
            "memory",
            "upsert",
            "delete",
        }
        assert {"latency, exact", "latency, filter never seen, more", "sync of 100 rows"} <= whats
    assert all(line.median == 1 for line in lines if line.what == "recall@20")
    assert json.loads(out.read_text().splitlines()[0])["command"].startswith("vitrine")


def test_rows_that_are_no_number_are_named(shop: Path) -> None:
    done = CliRunner().invoke(main, ["bench", "scale", "-w", str(shop), "--rows", "10,many"])
    assert done.exit_code != 0 and "'many' is no number of rows" in done.output
