"""The text of a product that is embedded."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import InvalidParameterValue
from engine.shop.embedding.recipes import (
    DEFAULT_RECIPE,
    RECIPES,
    check_recipe,
    fields_of,
    price_words,
    text_content,
)

PRODUCT: dict[str, Any] = {
    "product_id": 15970,
    "product_display_name": "Turtle Check Men Navy Blue Shirt",
    "article_type": "Shirts",
    "base_color": "Navy Blue",
    "master_category": "Apparel",
    "sub_category": "Topwear",
    "gender": "Men",
    "season": "Fall",
    "usage": "Casual",
    "price": 49.5,
    "year": 2011,
    "image_path": "/Volumes/main/fashion_demo/raw_data/images/15970.jpg",
}


def test_the_full_text_has_all_fields_in_the_shops_order() -> None:
    assert DEFAULT_RECIPE == "full-v1"
    assert text_content(PRODUCT) == (
        "Turtle Check Men Navy Blue Shirt Shirts Navy Blue Apparel Topwear Men Fall Casual "
        "mid-range value"
    )


def test_the_short_text_has_six_fields_and_no_price() -> None:
    assert text_content(PRODUCT, "short-v1") == (
        "Turtle Check Men Navy Blue Shirt Shirts Navy Blue Apparel Men Fall"
    )


@pytest.mark.parametrize("missing", [None, ""])
def test_an_empty_field_leaves_no_second_blank(missing: str | None) -> None:
    product = {**PRODUCT, "base_color": missing, "season": missing, "price": None}
    assert text_content(product) == (
        "Turtle Check Men Navy Blue Shirt Shirts Apparel Topwear Men Casual"
    )


def test_absent_columns_are_left_out() -> None:
    assert text_content({"product_display_name": "Shirt"}) == "Shirt"
    assert text_content({"product_display_name": "Shirt"}, "short-v1") == "Shirt"


@pytest.mark.parametrize("name", [None, "", "   "])
@pytest.mark.parametrize("recipe", sorted(RECIPES))
def test_a_product_without_a_name_has_no_text(name: str | None, recipe: str) -> None:
    assert text_content({**PRODUCT, "product_display_name": name}, recipe) is None


@pytest.mark.parametrize(
    ("price", "words"),
    [
        (0, "affordable budget friendly"),
        (29.99, "affordable budget friendly"),
        (30, "mid-range value"),
        (69.99, "mid-range value"),
        (70, "premium quality"),
        (119.99, "premium quality"),
        (120, "luxury high-end designer"),
        (299.95, "luxury high-end designer"),
    ],
)
def test_price_words_change_at_30_70_and_120(price: float, words: str) -> None:
    assert price_words(price) == words
    assert str(text_content({**PRODUCT, "price": price})).endswith(f"Casual {words}")


def test_a_price_that_is_not_a_number_adds_no_words() -> None:
    assert str(text_content({**PRODUCT, "price": float("nan")})).endswith("Casual")


def test_every_recipe_lists_the_columns_that_it_reads() -> None:
    assert set(RECIPES) == {"full-v1", "short-v1"}
    for recipe in RECIPES:
        fields = fields_of(recipe)
        needed = {name: PRODUCT[name] for name in fields}
        assert text_content(needed, recipe) == text_content(PRODUCT, recipe)
        for name in fields:
            assert text_content({**PRODUCT, name: None}, recipe) != text_content(PRODUCT, recipe)


def test_an_unknown_recipe_is_refused_with_the_known_ones() -> None:
    for call in (check_recipe, lambda recipe: text_content(PRODUCT, recipe)):
        with pytest.raises(InvalidParameterValue, match=r"'full-v2'.*full-v1, short-v1"):
            call("full-v2")
    assert check_recipe("short-v1") == "short-v1"
