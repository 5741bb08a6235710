"""How costs grow: planted growths are found; each size and cost has its lines, and is measured once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from support.needs import needs
from support.storefront import built_shop

from engine.bench.records.journal import read
from engine.bench.records.line import Line
from engine.bench.scale.growth import FORMS, fit, slope
from engine.bench.scale.measuring import slopes
from engine.bench.scale.operations import OPERATIONS
from engine.bench.scale.table import reasons, table
from engine.doors.cli.command import main

SIZES = [10_000, 40_000, 160_000, 640_000]


def test_a_planted_exponent_is_found() -> None:
    rows = [10_000, 100_000, 1_000_000]
    assert slope(rows, [3 * n**0.5 for n in rows]) == pytest.approx(0.5)
    assert slope(rows, [7.0, 7.0, 7.0]) == pytest.approx(0)


@pytest.mark.parametrize("form", FORMS)
def test_a_planted_form_is_found_behind_a_fixed_cost(form: str) -> None:
    grown = FORMS[form](np.array(SIZES, float))
    costs = 2 + 40 * grown / max(grown.max(), 1)
    noise = np.random.default_rng(0).normal(1, 0.02, (len(SIZES), 30))
    found = fit(SIZES, (costs[:, None] * noise).tolist())
    assert found.form == form
    assert found.is_slow == (form in ("constant", "logarithm"))
    assert found.is_surely_fast == (form in ("root", "linear", "faster"))


def test_noise_widens_what_it_may_be() -> None:
    costs = np.array([1.0, 1.05, 1.1, 1.15])
    noise = np.random.default_rng(1).normal(1, 0.5, (4, 9)).clip(0.1)
    found = fit(SIZES, (costs[:, None] * noise).tolist())
    assert found.interval is not None and found.interval[0] < 0 < found.interval[1]
    assert not found.is_surely_fast and "logarithm" in found.said


def test_two_sizes_tell_no_form() -> None:
    found = fit([100, 1_000], [[1.0], [10.0]])
    assert (found.exponent, found.interval, found.form) == (pytest.approx(1), None, None)
    assert found.said == "not known" and not found.is_surely_fast


@given(b=st.floats(0, 1.5), factor=st.floats(1e-3, 1e3), spread=st.floats(0, 0.1))
def test_the_interval_holds_the_exponent_and_no_unit_changes_it(
    b: float, factor: float, spread: float
) -> None:
    noise = np.random.default_rng(2).normal(1, spread, (4, 20)).clip(0.5)
    costs = np.array(SIZES, float)[:, None] ** b * noise
    found, scaled = fit(SIZES, costs.tolist()), fit(SIZES, (factor * costs).tolist())
    assert found.interval is not None
    assert found.interval[0] - 1e-6 <= found.exponent <= found.interval[1] + 1e-6
    assert scaled.exponent == pytest.approx(found.exponent, abs=1e-6)
    assert (scaled.form, scaled.also) == (found.form, found.also)


def line(what: str, rows: int, value: float, unit: str = "ms", **more: str) -> Line:
    return Line("scale", "vitrine", what, unit, (value,), {"rows": rows, "k": 20, **more})


def test_slopes_are_of_costs_that_were_measured_twice() -> None:
    found = slopes([
        line("latency", 100, 1, cell="none"), line("latency", 10_000, 100, cell="none"),
        line("latency", 100, 1, cell="F1"), line("recall@20", 100, 1, "share"),
        line("recall@20", 10_000, 1, "share"),
    ])  # fmt: skip
    assert [(one.settings["of"], one.settings["cell"], one.median) for one in found] == [
        ("latency", "none", pytest.approx(1.0))
    ]


def test_what_grows_without_a_reason_is_told() -> None:
    costs = [line("upsert", n, n / 100) for n in SIZES] + [
        line("latency, exact", n, n / 100) for n in SIZES
    ]
    found = slopes(costs)
    assert [one.more["is_too_fast"] for one in found] == [True, False]
    told = reasons(found)
    assert told[0] == "upsert: faster than the logarithm, and nothing says why"
    assert told[1].startswith("latency, exact: every vector is read")
    names, rows = table([*costs, *found])
    assert names == ["operation", "unit", *(f"{n:,}" for n in SIZES), "slope", "95 %", "grows as"]
    assert [(row["operation"], row["10,000"], row["slope"]) for row in rows] == [
        ("latency, exact", "100", "1.00"), ("upsert", "100", "1.00"),
    ]  # fmt: skip
    assert all(row["grows as"].startswith("linear") for row in rows)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_shop(tmp_path_factory.mktemp("scaled")).path


def test_each_size_is_measured_whole_and_once(shop: Path, tmp_path: Path) -> None:
    needs("delta")  # for the sync by change feed, which is left out else
    out = tmp_path / "raw.jsonl"
    asked = ["bench", "scale", "-w", str(shop), "--smoke", "--out", str(out)]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0, done.output
    lines = read([out]).lines
    sizes = {line.settings["rows"] for line in lines if "rows" in line.settings}
    assert sizes == {300, 600, 1_200} and len({line.key for line in lines}) == len(lines)
    for rows in sizes:
        whats = {line.what for line in lines if line.settings.get("rows") == rows}
        lacking = {one.what for one in OPERATIONS} - whats
        assert (
            lacking <= ({"page 2 of a query"} if rows != 1_200 else set()) and "recall@20" in whats
        )
    assert all(line.median == 1 for line in lines if line.what == "recall@20")
    assert json.loads(out.read_text().splitlines()[0])["command"].startswith("vitrine")
    again = CliRunner().invoke(main, asked)
    assert again.exit_code == 0 and "1,200" in again.output and "grows as" in again.output
    known = {line.key for line in lines}
    assert {line.key for line in read([out]).lines} == known
    assert sum("rows" in line.settings for line in read([out]).lines) == sum(
        "rows" in line.settings for line in lines
    )


def test_rows_that_are_no_number_are_named(shop: Path) -> None:
    done = CliRunner().invoke(main, ["bench", "scale", "-w", str(shop), "--rows", "10,many"])
    assert done.exit_code != 0 and "'many' is no number of rows" in done.output
