"""Made-up prices: always the same, in range, and different by article type."""

from __future__ import annotations

from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.shop.products.prices import MAX_PRICE, made_up_price

STEADY = settings(derandomize=True, deadline=None)


@STEADY
@given(st.integers(-(2**31), 2**31 - 1), st.none() | st.text())
def test_a_price_is_in_range_in_cents_and_always_the_same(key: int, kind: str | None) -> None:
    price = made_up_price(key, kind)
    assert 0.95 <= price <= MAX_PRICE == 299.95
    assert price == round(price, 2)
    assert price == made_up_price(key, kind)


@pytest.mark.parametrize(
    ("key", "kind", "price"),
    [
        (15970, "Shirts", 36.95),
        (39386, "Jeans", 19.62),
        (59263, "Watches", 26.5),
        (1, None, 153.42),
    ],
)
def test_prices_do_not_change_between_versions(key: int, kind: str | None, price: float) -> None:
    assert made_up_price(key, kind) == price


def test_letter_case_and_blanks_of_the_type_do_not_matter() -> None:
    assert made_up_price(1, " Shirts ") == made_up_price(1, "shirts")
    assert made_up_price(1, None) == made_up_price(1, "")


def test_article_types_differ_in_level() -> None:
    kinds = ("Shirts", "Jeans", "Watches", "Socks", "Handbags", "Lipstick", "Heels", "Belts")
    levels = [median(made_up_price(key, kind) for key in range(400)) for kind in kinds]
    assert max(levels) > 1.5 * min(levels)
    assert all(10 < level < 130 for level in levels)


def test_products_of_one_type_differ() -> None:
    prices = [made_up_price(key, "Shirts") for key in range(200)]
    assert len(set(prices)) > 150
    assert max(prices) > 2 * min(prices)
