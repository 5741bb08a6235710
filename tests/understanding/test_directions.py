"""Directions of values: planted ones are found, and they move a query."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.planted import PLANTED, index_goods

from engine import BadRequest, InvalidParameterValue, InvalidState, NotFound, Settings, Workspace
from engine.core.names import table_name
from engine.shop.latent.directions import (
    directions_of,
    moved,
    price_direction,
    value_directions,
)


def test_a_direction_is_the_difference_within_kinds() -> None:
    rng = np.random.default_rng(0)
    codes, kinds = rng.integers(-1, 3, 400), rng.integers(0, 4, 400)
    vectors = rng.normal(size=(400, 5)) + np.eye(5)[np.maximum(codes, 0)] + kinds[:, None]
    found, within = value_directions(vectors.astype(np.float32), codes, kinds)
    assert within.all()
    for value in range(3):
        total = np.zeros(5)
        for kind in range(4):
            same = (kinds == kind) & (codes >= 0)
            mean = vectors[same].mean(axis=0)
            total += (vectors[same & (codes == value)] - mean).sum(axis=0)
        assert found[value] == pytest.approx(total / np.linalg.norm(total), abs=1e-5)


def test_directions_are_those_of_a_slow_twin() -> None:
    """Sums of groups alone are made: of a large catalogue, copies of all vectors took seconds."""
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(9000, 12)).astype(np.float32)
    codes, kinds = rng.integers(-1, 4, 9000), rng.integers(-1, 3, 9000)
    prices = np.where(rng.random(9000) < 0.1, np.nan, rng.random(9000))
    wide = vectors.astype(np.float64)

    def less_kinds(rows: np.ndarray) -> np.ndarray:
        out = wide[rows].copy()
        for kind in range(-1, 3):
            out[kinds[rows] == kind] -= wide[rows][kinds[rows] == kind].mean(axis=0)
        return out

    known = np.flatnonzero(codes >= 0)
    found, within = value_directions(vectors, codes, kinds)
    for value in range(4):
        wanted = less_kinds(known)[codes[known] == value].sum(axis=0)
        assert found[value] == pytest.approx(wanted / np.linalg.norm(wanted), abs=1e-6)
    assert within.all()
    plain, _ = value_directions(vectors, codes, None)
    wanted = (wide[codes == 2] - wide[known].mean(axis=0)).sum(axis=0)
    assert plain[2] == pytest.approx(wanted / np.linalg.norm(wanted), abs=1e-6)
    priced = np.flatnonzero(~np.isnan(prices))
    ranks = np.argsort(np.argsort(prices[priced])) / (len(priced) - 1)
    for kind in range(-1, 3):
        ranks[kinds[priced] == kind] -= ranks[kinds[priced] == kind].mean()
    wanted = less_kinds(priced).T @ ranks
    assert price_direction(vectors, prices, kinds) == pytest.approx(
        wanted / np.linalg.norm(wanted), abs=1e-6
    )


def test_where_the_kind_decides_the_value_all_are_compared() -> None:
    rng = np.random.default_rng(1)
    kinds = rng.integers(0, 2, 100)
    vectors = rng.normal(size=(100, 3)) * 0.1 + kinds[:, None] * [1.0, 0, 0]
    found, within = value_directions(vectors.astype(np.float32), kinds, kinds)
    assert not within.any()
    assert found[1] == pytest.approx([1, 0, 0], abs=0.1)
    assert found[0] == pytest.approx(-found[1], abs=0.1)


def test_a_price_s_direction_is_that_of_its_ranks() -> None:
    rng = np.random.default_rng(2)
    prices, kinds = rng.random(300) * 100, rng.integers(0, 3, 300)
    vectors = rng.normal(size=(300, 4)) * 0.1
    vectors[:, 2] += prices / 50
    prices[:20] = np.nan
    found = price_direction(vectors.astype(np.float32), prices, kinds)
    assert found == pytest.approx([0, 0, 1, 0], abs=0.1)


@pytest.mark.parametrize(
    ("name", "dimension", "sign"),
    [
        ("farbe=Red", 0, 1),
        ("color=blue", 0, -1),
        ("red", 0, 1),
        ("sort=Bags", 1, 1),
        ("FORMAL", 2, 1),
        ("usage = casual", 2, -1),
        ("price", 3, 1),
        ("cost", 3, 1),
    ],
)
def test_planted_directions_are_found(
    planted: Workspace, name: str, dimension: int, sign: int
) -> None:
    directions = directions_of(planted.indexes, planted.tables, PLANTED)
    vector = directions.vector(name)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert abs(vector).argmax() == dimension
    assert sign * vector[dimension] > 0.8


def test_formal_does_not_turn_shoes_into_bags(planted: Workspace) -> None:
    """Bags are never formal: a plain difference would lead away from them."""
    vector = directions_of(planted.indexes, planted.tables, PLANTED).vector("formal")
    assert abs(vector[1]) < 0.1


def test_names_are_those_that_can_be_told(planted: Workspace) -> None:
    directions = directions_of(planted.indexes, planted.tables, PLANTED)
    names = directions.names()
    assert names[0] == "cost"
    assert set(names[1:]) == {
        "sort=Bags",
        "sort=Shoes",
        "farbe=Red",
        "farbe=Blue",
        "stil=Formal",
        "stil=Casual",
    }
    for name in names:
        assert directions.vector(name).shape == (16,)


@pytest.mark.parametrize("name", ["nope", "farbe=Green", "nosuch=Red", "", "=", "farbe="])
def test_an_unknown_direction_is_refused(planted: Workspace, name: str) -> None:
    with pytest.raises(NotFound):
        directions_of(planted.indexes, planted.tables, PLANTED).vector(name)


def test_a_value_that_two_attributes_have_must_be_named_whole(
    tmp_path: Path, goods: pa.Table
) -> None:
    place = goods.column_names.index("stil")
    same = ["Red" if one == "Formal" else one for one in goods["stil"].to_pylist()]
    workspace = Workspace(settings=Settings(tmp_path, encoder="hashed"))
    index_goods(workspace, goods.set_column(place, "stil", pa.array(same)))
    directions = directions_of(workspace.indexes, workspace.tables, PLANTED)
    with pytest.raises(BadRequest, match="may be farbe=Red or stil=Red"):
        directions.vector("red")
    assert abs(directions.vector("stil=red")).argmax() == 2


def test_another_version_has_directions_of_its_own(tmp_path: Path, goods: pa.Table) -> None:
    workspace = Workspace(settings=Settings(tmp_path, encoder="hashed"))
    index_goods(workspace, goods)
    before = directions_of(workspace.indexes, workspace.tables, PLANTED)
    assert directions_of(workspace.indexes, workspace.tables, PLANTED) is before
    table = workspace.tables.get(table_name("planted"))
    workspace.tables.write(table.name, goods.slice(0, 300), table.properties)
    workspace.sync(PLANTED)
    after = directions_of(workspace.indexes, workspace.tables, PLANTED)
    assert not np.array_equal(after.vector("red"), before.vector("red"))


def test_values_that_only_letter_case_tells_apart_are_named_exactly(
    tmp_path: Path, goods: pa.Table
) -> None:
    workspace = Workspace(settings=Settings(tmp_path, encoder="hashed"))
    colors = [c if n % 2 else c and c.lower() for n, c in enumerate(goods["farbe"].to_pylist())]
    place = goods.column_names.index("farbe")
    index_goods(workspace, goods.set_column(place, "farbe", pa.array(colors)))
    directions = directions_of(workspace.indexes, workspace.tables, PLANTED)
    assert not np.array_equal(directions.vector("color=Red"), directions.vector("color=red"))
    with pytest.raises(BadRequest, match="farbe=Red or farbe=red; name one"):
        directions.vector("color=RED")


def test_a_copy_of_a_workspace_has_directions_of_its_own(tmp_path: Path, goods: pa.Table) -> None:
    first = Workspace(settings=Settings(tmp_path / "one", encoder="hashed"))
    index_goods(first, goods)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    found = []
    for name, rows in (("one", 300), ("two", 200)):
        workspace = Workspace(settings=Settings(tmp_path / name, encoder="hashed"))
        table = workspace.tables.get(table_name("planted"))
        workspace.tables.write(table.name, goods.slice(0, rows), table.properties)
        workspace.sync(PLANTED)
        found.append(directions_of(workspace.indexes, workspace.tables, PLANTED).vector("red"))
    assert not np.array_equal(*found)


def test_what_too_few_products_have_is_not_told(sample: Workspace) -> None:
    groups = sample.read_table("products", ["base_color"])["base_color"].value_counts().to_pylist()
    rare = next(row["values"] for row in groups if row["counts"] < 10)
    with pytest.raises(InvalidState, match="needs 10"):
        directions_of(sample.indexes, sample.tables).vector(f"color={rare}")


def test_moving_is_a_weighted_sum_of_unit_length() -> None:
    query, red = np.array([1.0, 0, 0]), np.array([0, 1.0, 0])
    found = moved(query, [(red, 0.5), (red, -0.25)])
    assert found == pytest.approx(np.array([1, 0.25, 0]) / np.hypot(1, 0.25))


# ---------------------------------------------------------------------- in searches
def test_a_search_asks_for_more_of_a_value(planted: Workspace, goods: pa.Table) -> None:
    query = [0.0] * 16
    query[1] = -1.0  # shoes
    terms = [{"direction": "formal", "weight": 1}, {"direction": "red", "weight": -1}]
    directions = directions_of(planted.indexes, planted.tables, PLANTED)
    found = planted.search(compose=terms, index=PLANTED, k=20, columns=["sku", "stil", "farbe"])
    assert {row["stil"] for row in found} == {"Formal"}
    assert {row["farbe"] for row in found} <= {"Blue", None}
    wanted = directions.vector("formal") - directions.vector("red")
    vectors = np.array(goods["vector"].to_pylist())
    best = goods["sku"].to_pylist()[int((vectors @ wanted).argmax())]
    assert found[0]["sku"] == best


def test_shoes_get_more_formal_and_stay_shoes(sample: Workspace) -> None:
    def share(terms: list[object], column: str, value: str) -> float:
        found = sample.search(compose=terms, k=20, columns=[column])
        return float(np.mean([row[column] == value for row in found]))

    plain, more = ["dress"], ["dress", {"direction": "color=black"}]
    assert share(more, "base_color", "Black") > share(plain, "base_color", "Black")
    assert share(more, "article_type", "Dresses") >= 0.8
    less = ["dress", {"direction": "color=black", "weight": -0.3}]
    assert share(less, "base_color", "Black") <= share(plain, "base_color", "Black")


def test_words_and_a_direction_search_the_photos(sample: Workspace) -> None:
    found = sample.search(compose=["dress", {"direction": "color=black"}], k=1)
    assert found.index == "main.fashion_demo.vs_image_search"


@pytest.mark.parametrize("value", ["", " ", 3, None])
def test_a_direction_is_named_by_a_text(sample: Workspace, value: object) -> None:
    with pytest.raises(InvalidParameterValue):
        sample.search(compose=["dress", {"direction": value}])


def test_an_unknown_direction_of_a_search_is_refused(sample: Workspace) -> None:
    with pytest.raises(NotFound, match="nope"):
        sample.search(compose=["dress", {"direction": "color=nope"}])
