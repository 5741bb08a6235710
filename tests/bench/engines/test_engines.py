"""Engines side by side: everyone answers right, filters are those of products, writes are seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from support.planted_contest import odd
from support.storefront import built_shop

from engine import Workspace
from engine.bench.contest.catalogue import Catalogue
from engine.bench.contest.entrants import entrants
from engine.bench.contest.products import prepared
from engine.bench.contest.truth import Truth, mask
from engine.bench.engines.measuring import measure
from engine.bench.engines.request import EnginesRequest, unseen_filters
from engine.bench.engines.writes import changes
from engine.bench.records.floors import Floors
from engine.bench.records.journal import Journal, read
from engine.bench.records.line import LeftOut, Line, Measured
from engine.doors.cli.command import main
from engine.errors import InvalidParameterValue


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return built_shop(tmp_path_factory.mktemp("compared"))


@pytest.fixture(scope="module")
def catalogue(shop: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return prepared(shop, tmp_path_factory.mktemp("data"), rows=200, queries=20)


@pytest.fixture(scope="module")
def journal(shop: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Journal:
    out = tmp_path_factory.mktemp("run") / "raw.jsonl"
    asked = ["bench", "engines", "-w", str(shop.path), "--smoke", "--out", str(out)]
    for name in ("vitrine", "numpy_scan"):
        asked += ["--contestant", name]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0, done.output
    return read([out])


def test_everything_is_measured_of_everyone(journal: Journal) -> None:
    whats = {(line.contestant, line.what, line.settings.get("cell")) for line in journal.lines}
    for name in ("vitrine", "numpy_scan"):
        for what in ("build", "disk", "memory", "first answer", "batch"):
            assert (name, what, None) in whats
        for cell in ("none", "F1", "F2", "F3", "F4"):
            assert (name, "latency", cell) in whats
        assert (name, "latency, filter never seen", "new") in whats
    for what in ("upsert, new", "upsert, existing", "delete", "latency after writes"):
        assert ("vitrine", what, None) in whats and ("numpy_scan", what, None) not in whats
    assert ("matvec", "latency", "none") in whats and ("matvec", "latency", "F1") not in whats
    assert len({line.key for line in journal.lines}) == len(journal.lines)


def test_everyone_answers_right_and_writes_are_seen(journal: Journal) -> None:
    judged = [line for line in journal.lines if line.unit == "share"]
    assert judged and all(min(line.values) == 1.0 for line in judged)
    assert not journal.left_out


def test_drawn_products_have_the_shops_attributes_and_vectors_of_their_own(
    shop: Workspace, catalogue: Catalogue
) -> None:
    vectors = np.asarray(catalogue.vectors)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert len(np.unique(vectors, axis=0)) == 200 == len(set(catalogue.keys.tolist()))
    names = set(shop.read_table("products")["product_display_name"].to_pylist())
    assert set(catalogue.table["product_display_name"].to_pylist()) <= names


def test_every_new_filter_keeps_the_product_that_it_was_made_of(catalogue: Catalogue) -> None:
    filters = unseen_filters(catalogue, 24)
    assert all(mask(catalogue, one).any() for one in filters)
    assert len({str(one) for one in filters}) == 24


def test_cells_are_tuned_with_queries_that_are_not_measured(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    request = EnginesRequest(catalogue, tmp_path, (), queries=8, tuning=8)
    for name, asked in request.cells().items():
        assert max(asked.queries) < 8
        if name != "new":
            tuning = request.tuning_of(asked)
            assert min(tuning.queries) >= 12 and tuning.filters[0] == asked.filters[0]


def test_queries_that_tune_have_right_answers_too(catalogue: Catalogue, tmp_path: Path) -> None:
    request = EnginesRequest(catalogue, tmp_path, (), queries=8, tuning=8)
    asked = request.tuning_of(request.cells()["none"])
    assert Truth(catalogue).judged > max(asked.queries)


def test_who_has_no_filters_is_told(catalogue: Catalogue, tmp_path: Path) -> None:
    plain = odd(tmp_path, "without", "takes_filters = False")
    request = EnginesRequest(
        catalogue,
        tmp_path / "stores",
        [plain, *entrants(["numpy_scan", "matvec"])],
        parts=("queries",),
    ).smoke()
    kept: list[Measured] = []
    measure(request, Floors(10.0, 8.0, 50.0, 5.0), kept.append)
    cells = {
        (one.contestant, one.settings.get("cell"))
        for one in kept
        if isinstance(one, Line) and one.what == "latency"
    }
    assert {("without", "none"), ("numpy_scan", "F1"), ("matvec", "none")} <= cells
    assert not {("without", "F1"), ("matvec", "F1")} & cells
    told = [(one.contestant, one.reason) for one in kept if isinstance(one, LeftOut)]
    assert told == [("without", "it has no filters")]


def test_changes_are_of_different_rows(catalogue: Catalogue) -> None:
    new, old, gone = changes(catalogue, 5)
    known = set(catalogue.keys.tolist())
    assert not known & set(new.keys) and {*old.keys, *gone.keys} <= known
    assert not set(old.keys) & set(gone.keys)


def test_a_workspace_without_products_says_what_to_type(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "empty")
    workspace.sql("CREATE SCHEMA main.other")
    done = CliRunner().invoke(main, ["bench", "engines", "-w", str(workspace.path), "--smoke"])
    assert done.exit_code != 0


def test_an_unknown_part_is_named(shop: Workspace) -> None:
    done = CliRunner().invoke(main, ["bench", "engines", "-w", str(shop.path), "--parts", "speed"])
    assert isinstance(done.exception, InvalidParameterValue) or "speed" in done.output
