"""The products of an index's version: after rows came and went, and of indexes of any kind."""

from __future__ import annotations

import datetime
import shutil
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.planted import PLANTED, index_goods

from engine import InvalidInputException, InvalidState, NotFound, Settings, Workspace
from engine.core.names import table_name
from engine.shop.indexed.products import IndexedProducts, groups_of, numbers_of


@pytest.fixture
def changed(tmp_path: Path, goods: pa.Table) -> tuple[Workspace, pa.Table]:
    """An index of several segments with deleted rows, and the table that it follows."""
    workspace = Workspace(settings=Settings(tmp_path, encoder="hashed"))
    many = pa.concat_tables([goods] * 20)  # a smaller segment would be written anew, whole
    goods = many.set_column(0, "sku", pa.array([f"k-{i}" for i in range(len(many))]))
    index_goods(workspace, goods)
    table = workspace.tables.get(table_name("planted"))
    some = goods.slice(0, 20)
    some = some.set_column(0, "sku", pa.array([f"new-{i}" for i in range(20)]))
    now = pa.concat_tables([goods.slice(50, 11_900), some])
    workspace.tables.write(table.name, now, table.properties)
    workspace.sync(PLANTED)
    return workspace, now


def test_rows_that_came_and_went(changed: tuple[Workspace, pa.Table]) -> None:
    workspace, now = changed
    products = IndexedProducts.open(workspace.indexes, workspace.tables, PLANTED)
    assert len(products.version.parts) > 1
    keys = products.product_keys()
    by_key = {row["sku"]: row for row in now.to_pylist()}
    assert sorted(keys) == sorted(by_key)
    assert products.count == len(keys)
    wanted = np.array([by_key[key]["vector"] for key in keys], dtype=np.float32)
    assert np.array_equal(products.vectors(), wanted)
    blocks = list(products.blocks(7))
    assert max(len(some) for some, _ in blocks) == 7
    assert [key for some, _ in blocks for key in some] == keys
    places = np.array([len(keys) - 1, 0, 5])
    assert [row["sku"] for row in products.rows(places)] == [keys[i] for i in places]
    groups = products.groups("farbe")
    named = [None if code < 0 else groups.names[code] for code in groups.codes]
    assert named == [by_key[key]["farbe"] for key in keys]
    assert groups.counts().tolist() == [named.count(name) for name in groups.names]


def test_the_ends_of_a_dimension_are_found_among_all_of_its_segments(
    changed: tuple[Workspace, pa.Table],
) -> None:
    workspace, now = changed
    found = workspace.latent_dimension(0, k=1000, index=PLANTED)
    values = {row["sku"]: row["vector"][0] for row in now.to_pylist()}
    best = sorted(values.values(), reverse=True)[:1000]
    assert [row["value"] for row in found.highest.products] == pytest.approx(best)
    for row in found.highest.products:
        assert row["value"] == pytest.approx(values[row["sku"]])


def test_an_index_that_lost_its_table_goes_on(changed: tuple[Workspace, pa.Table]) -> None:
    workspace, _ = changed
    workspace.drop_table("planted")
    products = IndexedProducts.open(workspace.indexes, workspace.tables, PLANTED)
    assert products.catalogue.key == products.catalogue.title == "sku"
    assert products.catalogue.attributes == ()
    assert workspace.latent_dimension(0, index=PLANTED).tells == {}


def test_an_index_without_rows_is_said_to_have_none(tmp_path: Path, goods: pa.Table) -> None:
    workspace = Workspace(settings=Settings(tmp_path, encoder="hashed"))
    index_goods(workspace, goods.slice(0, 0))
    for ask in (
        lambda: workspace.latent_dimension(0, index=PLANTED),
        lambda: workspace.latent_features(index=PLANTED),
        lambda: workspace.tag_products(["a"], index=PLANTED),
        lambda: workspace.validate(["red"], index=PLANTED),
    ):
        with pytest.raises(InvalidState, match="no products"):
            ask()


def test_a_full_text_index_has_no_vectors(tmp_path: Path, goods: pa.Table) -> None:
    workspace = Workspace(settings=Settings(tmp_path, encoder="hashed"))
    workspace.tables.write(table_name("words"), goods.drop_columns(["vector"]))
    workspace.create_endpoint("large", "STORAGE_OPTIMIZED")
    workspace.create_index(
        "main.fashion_demo.words_index",
        source_table="main.fashion_demo.words",
        primary_key="sku",
        index_subtype="FULL_TEXT",
        endpoint="large",
    )
    workspace.sync("main.fashion_demo.words_index")
    with pytest.raises(InvalidInputException, match="no vectors"):
        workspace.latent_dimension(0, index="words_index")


def test_attributes_go_by_column_or_role(planted: Workspace) -> None:
    products = IndexedProducts.open(planted.indexes, planted.tables, PLANTED)
    assert [products.attribute(name) for name in ("color", "farbe", "kind", "usage", "price")] == [
        "farbe",
        "farbe",
        "sort",
        "stil",
        "cost",
    ]
    assert [products.role_of(name) for name in ("farbe", "sort", "cost", "sku")] == [
        "color",
        "kind",
        "price",
        None,
    ]
    assert products.attribute("category") == "sort"
    for name in ("season", "gendr", "", "columns"):
        with pytest.raises(NotFound, match="Its attributes: sort, farbe, stil"):
            products.attribute(name)


def test_odd_values_are_groups_by_their_text() -> None:
    found = groups_of(
        [None, "", "NA", " a ", "a", 3, 3.0, float("nan"), True, datetime.date(2024, 1, 2)]
    )
    assert found.names == ("2024-01-02", "3", "3.0", "True", "a")
    assert found.codes.tolist() == [-1, -1, -1, 4, 4, 1, 2, -1, 3, 0]


def test_odd_values_are_numbers_where_they_are_some() -> None:
    found = numbers_of([1, "2.5", None, "cheap", float("inf"), True, Decimal("3.5"), b"x", [1]])
    assert [None if np.isnan(v) else v for v in found] == [
        1,
        2.5,
        None,
        None,
        None,
        None,
        3.5,
        None,
        None,
    ]


def test_the_finest_category_is_the_kind_and_the_others_are_categories(sample: Workspace) -> None:
    products = IndexedProducts.open(sample.indexes, sample.tables, None)
    names = ("master_category", "sub_category", "article_type")
    assert [products.role_of(name) for name in names] == ["category", "category", "kind"]
    assert products.attribute("category") == "master_category"
    assert products.attribute("kind") == "article_type"


def test_an_attribute_is_read_once_for_each_version(
    tmp_path: Path, goods: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every page of a dimension and every classification asks for the same values again."""
    workspace = Workspace(settings=Settings(tmp_path / "one", encoder="hashed"))
    index_goods(workspace, goods)
    read: list[str] = []
    values = IndexedProducts.values

    def counted(self: IndexedProducts, column: str) -> list[object]:
        read.append(column)
        return values(self, column)

    monkeypatch.setattr(IndexedProducts, "values", counted)

    def opened(of: Workspace) -> IndexedProducts:
        return IndexedProducts.open(of.indexes, of.tables, PLANTED)

    before = opened(workspace).groups("farbe")
    assert opened(workspace).groups("farbe") is before and opened(workspace).prices() is not None
    assert opened(workspace).prices() is opened(workspace).prices()
    assert read == ["farbe", "cost"]
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    copied = Workspace(settings=Settings(tmp_path / "two", encoder="hashed"))
    for of, rows in ((workspace, 300), (copied, 200)):  # both at the same number of a version
        table = of.tables.get(table_name("planted"))
        of.tables.write(table.name, goods.slice(0, rows), table.properties)
        of.sync(PLANTED)
        assert len(opened(of).groups("farbe").codes) == rows
    assert len(opened(workspace).groups("farbe").codes) == 300
