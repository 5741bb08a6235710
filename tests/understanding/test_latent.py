"""Latent features: both ends of a dimension, and what a line can read; kept by version."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.needs import needs
from support.planted import PLANTED, index_goods

from engine import (
    InvalidInputException,
    InvalidParameterValue,
    NotFound,
    Settings,
    Workspace,
)
from engine.shop.indexed.products import IndexedProducts
from engine.shop.latent.result import LatentReport
from engine.shop.latent.run import LatentFeatures
from engine.store.layout import Layout


def test_both_ends_are_those_of_numpy(planted: Workspace, goods: pa.Table) -> None:
    found = planted.latent_dimension(1, k=7, index=PLANTED)
    values = np.array(goods["vector"].to_pylist(), dtype=np.float32)[:, 1].astype(np.float64)
    keys = goods["sku"].to_pylist()
    order = np.argsort(values)
    assert [row["sku"] for row in found.lowest.products] == [keys[i] for i in order[:7]]
    assert [row["sku"] for row in found.highest.products] == [keys[i] for i in order[::-1][:7]]
    assert found.highest.products[0]["value"] == pytest.approx(values.max())
    assert (found.least, found.mean, found.most) == pytest.approx(
        (values.min(), values.mean(), values.max())
    )
    assert found.deviation == pytest.approx(values.std())
    assert found.highest.common["sort"].value == "Bags"
    assert found.highest.common["sort"].products == 7
    prices = [row["cost"] for row in found.highest.products if row["cost"] is not None]
    assert found.highest.mean_price == pytest.approx(sum(prices) / len(prices))
    assert found.highest.priced == len(prices)
    assert found.tells["sort"]["share"] > 0.8 > 0.1 > found.tells["sort"]["by_chance"]
    assert json.dumps(found.to_dict(), allow_nan=False)


def test_a_product_s_columns_are_the_catalogue_s(planted: Workspace) -> None:
    row = planted.latent_dimension(0, k=1, index=PLANTED).highest.products[0]
    assert list(row) == ["sku", "naming", "sort", "farbe", "stil", "cost", "value"]


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"dimension": 16}, InvalidParameterValue),
        ({"dimension": -1}, InvalidParameterValue),
        ({"dimension": True}, InvalidParameterValue),
        ({"dimension": 1.5}, InvalidParameterValue),
        ({"dimension": 0, "k": 0}, InvalidParameterValue),
        ({"dimension": 0, "k": 1001}, InvalidParameterValue),
        ({"dimension": 0, "index": "nowhere"}, NotFound),
    ],
)
def test_a_dimension_that_can_not_be_is_refused(
    planted: Workspace, given: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        planted.latent_dimension(**{"index": PLANTED, **given})


def test_more_products_than_there_are_are_all_of_them(planted: Workspace) -> None:
    assert len(planted.latent_dimension(0, k=1000, index=PLANTED).lowest.products) == 600


# ---------------------------------------------------------------------- what a line can read
def test_planted_attributes_are_read_and_beat_their_baselines(planted: Workspace) -> None:
    needs("latent")
    report = planted.latent_features(index=PLANTED)
    assert list(report.attributes) == ["sort", "farbe", "stil", "cost"]
    for column, dimension in (("sort", 1), ("farbe", 0), ("stil", 2), ("cost", 3)):
        found = report.attributes[column]
        assert found.dimensions[0].dimension == dimension
        assert found.dimensions[0].share > 10 * found.dimensions[0].by_chance
        assert found.probe is not None
        assert found.probe.low <= found.probe.score <= found.probe.high
        assert found.probe.score > 0.8 > max(found.probe.baseline, found.probe.shuffled)
    for column in ("sort", "farbe", "stil"):
        assert report.attributes[column].probe.baseline == 0.5
    for one in report.attributes["farbe"].directions:
        assert one.area is not None
        assert one.area > 0.9
    assert report.attributes["cost"].directions[0].area > 0.8
    assert report.attributes["farbe"].products == 588  # one in fifty has none
    assert json.dumps(report.to_dict(), allow_nan=False)


def test_noise_is_not_read(tmp_path: Path, goods: pa.Table) -> None:
    needs("latent")
    rng = np.random.default_rng(9)
    place = goods.column_names.index("stil")
    mixed = goods.set_column(
        place, "stil", pa.array(rng.choice(["Formal", "Casual"], len(goods)).tolist())
    )
    workspace = Workspace(settings=Settings(tmp_path, encoder="hashed"))
    index_goods(workspace, mixed)
    probe = workspace.latent_features(["usage"], index=PLANTED).attributes["stil"].probe
    assert probe.low < 0.5 < probe.high + 0.05
    assert abs(probe.score - 0.5) < 0.12


def test_what_was_found_is_kept_for_the_version(tmp_path: Path, goods: pa.Table) -> None:
    needs("latent")
    workspace = Workspace(settings=Settings(tmp_path, encoder="hashed"))
    index_goods(workspace, goods)
    first = workspace.latent_features(["color"], index=PLANTED)
    file = Layout(tmp_path).latent_file(PLANTED)
    written = file.stat().st_mtime_ns
    assert Workspace(tmp_path).latent_features(["farbe"], index=PLANTED) == first
    assert file.stat().st_mtime_ns == written
    both = workspace.latent_features(["usage", "color"], index=PLANTED)
    assert list(both.attributes) == ["stil", "farbe"]
    assert both.attributes["farbe"] == first.attributes["farbe"]
    fewer = goods.slice(0, 500)
    workspace.tables.write(
        workspace.tables.get(_name()).name, fewer, workspace.tables.get(_name()).properties
    )
    workspace.sync(PLANTED)
    assert workspace.latent_features(["color"], index=PLANTED).products == 500
    assert workspace.latent_features(["color"], index=PLANTED).version > first.version


@pytest.mark.parametrize("content", ["{", "[]", '{"of": 1}', '{"of": {}, "report": {}}'])
def test_a_damaged_file_is_found_again(tmp_path: Path, goods: pa.Table, content: str) -> None:
    needs("latent")
    workspace = Workspace(settings=Settings(tmp_path, encoder="hashed"))
    index_goods(workspace, goods)
    first = workspace.latent_features(["usage"], index=PLANTED)
    Layout(tmp_path).latent_file(PLANTED).write_text(content)
    assert workspace.latent_features(["usage"], index=PLANTED) == first
    assert json.loads(Layout(tmp_path).latent_file(PLANTED).read_text())["report"]


def test_too_few_products_are_said_to_be_too_few(tmp_path: Path, goods: pa.Table) -> None:
    needs("latent")
    workspace = Workspace(settings=Settings(tmp_path, encoder="hashed"))
    index_goods(workspace, goods.slice(0, 30))
    report = workspace.latent_features(index=PLANTED)
    for found in report.attributes.values():
        assert found.probe is None
        assert found.why is not None
        assert found.dimensions == found.directions == ()
    assert "too few" in report.attributes["cost"].why


def test_one_value_alone_tells_nothing(tmp_path: Path, goods: pa.Table) -> None:
    needs("latent")
    place = goods.column_names.index("stil")
    same = goods.set_column(place, "stil", pa.array(["Casual"] * len(goods)))
    workspace = Workspace(settings=Settings(tmp_path, encoder="hashed"))
    index_goods(workspace, same)
    found = workspace.latent_features(["usage"], index=PLANTED).attributes["stil"]
    assert found.probe is None
    assert "two values" in found.why


@pytest.mark.parametrize(
    ("attributes", "error"),
    [(["nope"], NotFound), ("color", InvalidInputException), ([], InvalidInputException)],
)
def test_attributes_that_can_not_be_are_refused(
    planted: Workspace, attributes: object, error: type[Exception]
) -> None:
    with pytest.raises(error):
        planted.latent_features(attributes, index=PLANTED)


def test_the_bundled_catalogue_s_photos_encode_kind_and_colour(sample: Workspace) -> None:
    needs("latent")
    report = sample.latent_features(["kind", "color"])
    for found in report.attributes.values():
        assert found.probe is not None
        assert found.probe.low > found.probe.baseline
        assert found.probe.score > 2 * abs(found.probe.shuffled)


def _name() -> object:
    from engine.core.names import table_name

    return table_name("planted")


def test_who_asks_while_features_are_found_waits_for_them(
    tmp_path: Path, goods: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes a minute of a large catalogue: not one for each page that asks."""
    needs("latent")
    workspace = Workspace(settings=Settings(tmp_path, encoder="hashed"))
    index_goods(workspace, goods)
    found: list[list[str]] = []
    find = LatentFeatures._found

    def counted(self: LatentFeatures, products: IndexedProducts, names: list[str]) -> LatentReport:
        found.append(names)
        time.sleep(0.2)
        return find(self, products, names)

    monkeypatch.setattr(LatentFeatures, "_found", counted)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(workspace.latent_features, index=PLANTED) for _ in range(4)]
        reports = [each.result() for each in asked]
    assert len(found) == 1 and all(report == reports[0] for report in reports)
