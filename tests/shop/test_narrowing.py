"""How many products are left by what one may choose: held against lists that are really filtered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support.storefront import NO_PHOTO, built_shop

from engine import Workspace
from engine.errors import BadRequest
from engine.shop.browsing.narrowing import NarrowingRequest
from engine.shop.names import IMAGE_INDEX

COLUMNS = {"article_type": (), "base_color": (), "gender": ()}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return built_shop(tmp_path_factory.mktemp("narrowing"))


def counted(shop: Workspace, chosen: dict[str, list[str]], **more: Any) -> Any:
    filters = {name: {name: values} for name, values in chosen.items()}
    asked = NarrowingRequest(filters=filters, columns=COLUMNS, **more)
    return shop.shop.narrowing.of(asked)


def left(shop: Workspace, chosen: dict[str, list[str]], words: str | None) -> int:
    if words is None:
        return shop.list_products(filters=chosen or None, limit=1).total
    found = shop.search(words, keyword=True, filters=chosen or None, k=1).total
    assert found is not None
    return found


@pytest.mark.parametrize("words", [None, "long", "red long", "women"])
@pytest.mark.parametrize("seed", range(6))
def test_a_number_is_that_of_the_products_left_by_a_click(
    shop: Workspace, seed: int, words: str | None
) -> None:
    rng = np.random.default_rng(seed)
    every = shop.list_products(facets=list(COLUMNS)).facets
    chosen: dict[str, list[str]] = {}
    for column, values in every.items():
        names = [value for value, _ in values]
        some = [str(name) for name in rng.permutation(names)[: rng.integers(0, 3)]]
        if some:
            chosen[column] = some
    found = counted(shop, chosen, words=words)
    assert found.total == left(shop, chosen, words)
    for column, values in every.items():
        others = {name: some for name, some in chosen.items() if name != column}
        numbers = dict(found.counts[column])
        for value, _ in values:
            assert numbers.get(value, 0) == left(shop, {**others, column: [value]}, words)
    for column in chosen:
        others = {name: some for name, some in chosen.items() if name != column}
        assert found.freed[column] == left(shop, others, words)


def test_of_a_search_by_meaning_the_products_of_its_index_are_counted(shop: Workspace) -> None:
    found = counted(shop, {"gender": ["Men"]}, index=IMAGE_INDEX, without=["4", "5", "none"])
    men = shop.list_products(filters={"gender": "Men"}, limit=200).keys
    assert NO_PHOTO in men
    assert found.total == len(set(men) - {NO_PHOTO, 4, 5})
    reached = shop.search("red", filters={"gender": "Men"}, k=200)
    assert len(reached) == len(set(men) - {NO_PHOTO})


def test_a_coarser_category_is_counted_without_the_choice_of_a_finer_one(shop: Workspace) -> None:
    filters = {"article_type": {"article_type": ["Jeans"]}}
    alone = NarrowingRequest(filters=filters, columns={"master_category": ()})
    above = NarrowingRequest(filters=filters, columns={"master_category": ("article_type",)})
    assert shop.shop.narrowing.of(alone).counts["master_category"] == [("Apparel", 10)]
    assert shop.shop.narrowing.of(above).counts["master_category"] == [("Apparel", 40)]


def test_words_are_left_out_in_turn(shop: Workspace) -> None:
    found = counted(shop, {"gender": ["Women"]}, words="red xyzzy")
    assert found.total == 0
    women_in_red = left(shop, {"gender": ["Women"]}, "red")
    assert found.words == {"red": 0, "xyzzy": women_in_red} and women_in_red > 0


def test_the_bars_hold_every_product_that_has_a_price(tmp_path: Path) -> None:
    shop = Workspace(tmp_path)
    prices = [1.0, 2.0, None, float("nan"), 3.0, 1e9, 4.5] * 30
    columns = {"product_id": list(range(210)), "price": pa.array(prices, pa.float64())}
    shop.write_table("main.fashion_demo.products", pa.table(columns))
    asked = NarrowingRequest(filters={"price": {"price <": 4}}, price="price")
    found = shop.shop.narrowing.of(asked)
    assert found.prices is not None and sum(found.prices.counts) == 150  # without its own choice
    assert found.prices.low == 1 and found.total == 90
    for same in ([7.0] * 5, [None] * 5, []):
        own = {"product_id": list(range(len(same))), "price": pa.array(same, pa.float64())}
        shop.write_table("main.fashion_demo.products", pa.table(own))
        assert shop.shop.narrowing.of(NarrowingRequest(price="price")).prices is None


def test_the_table_and_the_index_may_change(tmp_path: Path) -> None:
    shop = built_shop(tmp_path)
    assert counted(shop, {}, index=IMAGE_INDEX).total == 39
    table = shop.read_table("main.fashion_demo.products")
    shop.write_table("main.fashion_demo.products", table.slice(0, 10))
    assert counted(shop, {}, index=IMAGE_INDEX).total == 10
    assert counted(shop, {}).total == 10


def test_a_filter_that_can_t_be_is_said(shop: Workspace) -> None:
    with pytest.raises(BadRequest):
        shop.shop.narrowing.of(NarrowingRequest(filters={"x": {"shade": ["red"]}}))
