"""What is seen and pressed on cards of the search, in a browser: hearts, numbers of other languages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.browser import NARROW, WIDE, seen

from engine.shop.page.rendering import counted


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_no_part_of_a_card_lies_on_another_that_can_be_pressed(
    browser: Any, address: str, size: Any
) -> None:
    with seen(browser, address, size) as window:
        page = window.open("/?q=jeans")
        card = page.locator("#found .card").first
        card.hover()
        for name in (".heart", ".steer >> nth=0", ".steer >> nth=1"):
            card.locator(name).click(trial=True, timeout=5000)  # fails where another is in the way


def test_counts_and_scores_are_written_in_the_language_of_the_browser(
    browser: Any, address: str
) -> None:
    with seen(browser, address, locale="de-DE") as window:
        page = window.open("/?q=jeans")
        assert re.fullmatch(r"-?[01],\d{3}", page.locator(".score").first.inner_text())
    with seen(browser, address, locale="ar-EG") as window:
        page = window.open("/")
        page.locator("h2.count", has_text="\u0664\u0660 products").wait_for()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("41,665 products, the nearest to “1,000 suns” first", "41665"),
        ("1 product for “2 products”", "1"),
        ("These are the nearest 10,000; a search by meaning ranks no more.", "10000"),
        ("Red · 12 products on the map", "12"),
        ("nothing <b>", None),
    ],
)
def test_the_number_of_a_count_is_one_for_scripts(text: str, value: str | None) -> None:
    found = re.findall(r'<data class="number" value="(\d+)">', counted(text))
    assert found == ([] if value is None else [value])
    assert counted(text).striptags() == text
